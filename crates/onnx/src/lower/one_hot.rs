//! Positions as rows of truth values.

use super::index::{one_hot, whole};
use super::prelude::*;
use tract_onnx::tract_core::ops::array::OneHot;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<OneHot>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = node.op_as::<OneHot>().ok_or("no positions")?;
    let number = |tensor: &tract_onnx::prelude::Tensor| {
        let array = crate::array::Array::from_tensor(tensor)?;
        array.data.first().copied().ok_or("no number".to_owned())
    };
    let (off, on) = (number(&op.off)?, number(&op.on)?);
    let index = whole(q, node.input(0)?)?;
    let value = one_hot(q, &index, op.dim)?;
    let rank = node.shape().len();
    let mut order: Vec<usize> = (0..rank - 1).collect();
    order.insert(op.axis, rank - 1);
    let value = if op.axis + 1 == rank {
        value
    } else {
        let shape = node.shape().to_vec();
        q.builder.view(&value, vec![Step::Permute(order)], shape)?
    };
    Ok(vec![q.line(&value, on - off, off)?.into()])
}
