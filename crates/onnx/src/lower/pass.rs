//! Operators that change nothing, or the type alone.

use super::compare::at_least;
use super::prelude::*;
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
        if is_float {
            return Err("a cast of reals to truth values; compare with zero instead".into());
        }
        return truth(q, &input).map(|value| vec![value.into()]);
    }
    let Lazy::Pointwise(pointwise) = input else {
        return Err("a cast of a constant that cannot be computed".into());
    };
    let expr = if is_float && !cast.to.is_float() {
        pointwise.expr.apply(Function::Truncate)
    } else {
        pointwise.expr
    };
    Ok(vec![Lazy::Pointwise(Pointwise { expr, ..pointwise })])
}

/// Whether an integer is other than zero.
fn truth(q: &mut Quantiser<'_>, input: &Lazy) -> Result<Value, Refusal> {
    let x = q.exact(input)?;
    if x.is_truth() {
        return Ok(x);
    }
    let one = q.number(&x, 1.0)?;
    let aligned = q.aligned(&[x, one])?;
    let [x, one] = &aligned[..] else {
        return Err("two values are expected".into());
    };
    let above = at_least(q, x, one)?;
    if x.known.lo >= 0 {
        return Ok(above);
    }
    let minus = q.builder.sum(&[(-1, x)], 0, x.bits)?;
    let below = at_least(q, &minus, one)?;
    let mut either = q.builder.sum(&[(1, &above), (1, &below)], 0, 0)?;
    either.known = relation::interval::Wide { lo: 0, hi: 1 };
    q.builder.rescale(&either, 0)
}
