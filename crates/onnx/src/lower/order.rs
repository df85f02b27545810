//! The largest or smallest values along an axis, in order, and where they are.

use super::prelude::*;
use program::ValueId;
use program::operator::Sort;
use tract_onnx::tract_core::ops::array::Topk;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<Topk>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = node.op_as::<Topk>().ok_or("no order")?;
    let (axis, count) = (op.axis, node.constant(1)?.array.data.first().copied());
    let count = count.and_then(|count| usize::try_from(nearest(count)).ok());
    let count = count.ok_or("a number of values that depends on data")?;
    if node.input_shape(0)[axis].known().is_none() {
        return Err("an order along an axis of symbolic size; fix its size".into());
    }
    let x = q.exact(node.input(0)?)?;
    let sign = if op.largest { 1 } else { -1 };
    let signed = q.builder.sum(&[(sign, &x)], 0, x.bits)?;
    let operator = Sort { axis };
    let sorted = q.builder.push(operator.into(), vec![signed.id])?;
    let id = |output| ValueId {
        node: sorted,
        output,
    };
    let mut values = q.builder.value(id(0), x.shape.clone(), x.bits, true);
    values.known = signed.known;
    values.fixed = signed.fixed;
    let places = q.builder.value(id(1), x.shape.clone(), 0, true);
    let mut first = |value: &Value| {
        let mut shape = x.shape.clone();
        shape[axis] = Dim::from(count);
        let step = Step::Slice {
            axis,
            start: Dim::Known(0),
            len: Dim::from(count),
            step: 1,
        };
        q.builder.view(value, vec![step], shape)
    };
    let (values, places) = (first(&values)?, first(&places)?);
    let values = q.builder.sum(&[(sign, &values)], 0, x.bits)?;
    Ok(vec![values.into(), places.into()])
}
