//! Fixed indices of elements.

use super::Patch;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::GatherNd;

/// Indices that count from the start, which alone tract takes, and along all axes where there is one: tract leaves the
/// axis of a batch out.
pub fn fixed(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &GatherNd) -> Patch {
    let table = model.outlet_fact(node.inputs[0])?.shape.clone();
    let Some(indices) = model.outlet_fact(node.inputs[1])?.konst.clone() else {
        return Ok(None);
    };
    let (kind, shape) = (indices.datum_type(), indices.shape().to_vec());
    let own = indices.cast_to::<i64>()?;
    let own = own.try_as_plain_ram()?.as_slice::<i64>()?;
    let axes = shape.last().copied().unwrap_or(0);
    let mut from_start = Vec::with_capacity(own.len());
    for (at, &index) in own.iter().enumerate() {
        let size = table.get(op.batch_dims + at % axes).map(TDim::to_i64);
        from_start.push(match size {
            Some(Ok(size)) if index < 0 => index + size,
            _ => index,
        });
    }
    let mut is_other = from_start != own;
    let mut indices = tensor1(&from_start).into_shape(&shape)?;
    let mut op = op.clone();
    if op.batch_dims == 1 && indices.rank() == 2 && indices.shape()[0] == 1 {
        let first = Tensor::zero::<i64>(&[1, 1])?;
        indices = Tensor::stack_tensors(1, &[first, indices])?;
        op.batch_dims = 0;
        is_other = true;
    }
    if !is_other {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let table = patch.tap_model(model, node.inputs[0])?;
    let indices = indices.cast_to_dt(kind)?.into_owned();
    let indices = patch.add_const(format!("{name}.from start"), indices)?;
    let output = patch.wire_node(format!("{name}.gathered"), op, &[table, indices])?[0];
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}
