//! Operators that change nothing, or the type alone.

use super::prelude::*;
use tract_onnx::prelude::Datum;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::identity::Identity;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<Cast>() || node.op.is::<Identity>()
}

fn lower(_: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let input = node.input(0)?.clone();
    let Some(cast) = node.op_as::<Cast>() else {
        return Ok(vec![input]);
    };
    let from = node.input_types.first().copied();
    let is_float = from.is_some_and(|from| from.is_float());
    if cast.to == bool::datum_type() && from != Some(bool::datum_type()) {
        return Err("a cast of numbers to truth values; compare with zero instead".into());
    }
    let Lazy::Pointwise(pointwise) = input else {
        return Err("a cast of a constant that cannot be computed".into());
    };
    let is_integer = pointwise.expr == Expr::Variable && pointwise.base.bits == 0;
    let expr = if is_float && !cast.to.is_float() && !is_integer {
        pointwise.expr.apply(Function::Truncate)
    } else {
        pointwise.expr
    };
    Ok(vec![Lazy::Pointwise(Pointwise { expr, ..pointwise })])
}
