//! Operators that change nothing, or the type alone.

use super::prelude::*;
use crate::quantise::holds_integers;
use tract_onnx::prelude::Datum;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::identity::Identity;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<Cast>() || node.op.is::<Identity>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let input = node.input(0)?.clone();
    let Some(cast) = node.op_as::<Cast>() else {
        return Ok(vec![input]);
    };
    let from = node.input_types.first().copied();
    let is_float = from.is_some_and(|from| from.is_float());
    if cast.to == bool::datum_type() && from != Some(bool::datum_type()) {
        let x = q.exact(node.input(0)?)?;
        if x.is_truth() {
            return Ok(vec![x.into()]);
        }
        let zero = super::compare::is_zero(q, &x)?;
        return Ok(vec![super::compare::negation(q, &zero)?.into()]);
    }
    let Lazy::Pointwise(pointwise) = input else {
        return Err("a cast of a constant that cannot be computed".into());
    };
    if from == Some(bool::datum_type())
        && holds_integers(cast.to)
        && pointwise.expr.line().is_none()
    {
        // What integers are computed from is exact; a table of a comparison of reals could round their argument.
        let exact = q.exact(&Lazy::Pointwise(pointwise))?;
        return Ok(vec![exact.into()]);
    }
    let is_integer = pointwise.expr == Expr::Variable && pointwise.base.bits == 0;
    let expr = if is_float && !cast.to.is_float() && !is_integer {
        pointwise.expr.apply(Function::Truncate)
    } else {
        pointwise.expr
    };
    Ok(vec![Lazy::Pointwise(Pointwise { expr, ..pointwise })])
}
