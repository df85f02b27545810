//! Tensors one after the other.

use super::prelude::*;
use tract_onnx::tract_core::ops::array::TypedConcat;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<TypedConcat>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = node.op_as::<TypedConcat>().ok_or("no concatenation")?;
    let mut parts = Vec::new();
    for input in &node.inputs {
        parts.push(q.rounded(input)?);
    }
    let parts = q.aligned(&parts)?;
    let value = q
        .builder
        .concatenate(op.axis, &parts, node.shape().to_vec())?;
    if op.axis + 1 == value.shape.len() {
        q.concatenations.insert(value.id, parts);
    }
    Ok(vec![value.into()])
}
