//! Sums of all elements up to each: windows that begin before the axis does.

use super::prelude::*;
use tract_onnx::tract_core::ops::array::CumSum;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<CumSum>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = node.op_as::<CumSum>().ok_or("no cumulative sum")?;
    let x = q.exact(node.input(0)?)?;
    let value = cumulated(q, &x, op.axis, op.exclusive, op.reverse)?;
    Ok(vec![value.into()])
}

/// For each element of an axis the sum of those before it, and of itself unless `exclusive`; of those
/// after it with `reverse`.
pub fn cumulated(
    q: &mut Quantiser<'_>,
    x: &Value,
    axis: usize,
    exclusive: bool,
    reverse: bool,
) -> Result<Value, Refusal> {
    let size = x.shape[axis].known();
    let size = size.ok_or("a cumulative sum along an axis of symbolic size; fix its size")?;
    let mut steps = Vec::new();
    if reverse {
        steps.push(Step::Reverse(axis));
    }
    steps.push(Step::Pad {
        axis,
        before: Dim::from(if exclusive { size } else { size - 1 }),
        after: Dim::Known(0),
    });
    steps.push(Step::Slice {
        axis,
        start: Dim::Known(0),
        len: Dim::from(2 * size - 1),
        step: 1,
    });
    steps.push(Step::Window {
        axis,
        count: Dim::from(size),
        size,
        stride: 1,
        dilation: 1,
    });
    steps.push(Step::Sum(axis + 1));
    if reverse {
        steps.push(Step::Reverse(axis));
    }
    q.builder.view(x, steps, x.shape.clone())
}
