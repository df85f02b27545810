//! Elements of an open axis moved along it, as by a slice that is padded.

use super::Patch;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{Pad, PadMode, Slice};

/// The slice behind the padding: an axis of one element less that one would be none at all, which no program has.
pub fn padded_first(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Pad) -> Patch {
    let &[part] = &node.inputs[..] else {
        return Ok(None);
    };
    let before = model.node(part.node);
    let (Some(slice), PadMode::Constant(_)) = (before.op_as::<Slice>(), &op.mode) else {
        return Ok(None);
    };
    let whole = before.inputs[0];
    let size = model.outlet_fact(whole)?.shape[slice.axis].clone();
    let axis = slice.axis;
    let mut others = op.pads.iter().enumerate().filter(|(at, _)| *at != axis);
    let is_other = others.any(|(_, pad)| *pad != (0, 0));
    let len = slice.end.clone() - &slice.start;
    // Where less than nothing would be left, the standard leaves nothing, and pads that.
    let smallest = len.symbols().into_iter();
    let smallest = smallest.fold(SymbolValues::default(), |all, symbol| all.with(&symbol, 1));
    let is_short = len.eval(&smallest).to_i64().is_ok_and(|len| len >= 0);
    let is_open = len.to_usize().is_err() && is_short;
    let (left, right) = op.pads[axis];
    // What the slice leaves out must not be on a side that is padded.
    let keeps_start = left == 0 || slice.start == 0.to_dim();
    let keeps_end = right == 0 || slice.end == size;
    if is_other || !is_open || !keeps_start || !keeps_end {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let whole = patch.tap_model(model, whole)?;
    let padded = patch.wire_node(format!("{name}.all"), op.clone(), &[whole])?[0];
    // Zeros before the first element move none that is left out, and those after the last follow it.
    let end = slice.end.clone() + left + right;
    let moved = Slice::new(axis, slice.start.clone(), end);
    let moved = patch.wire_node(format!("{name}.moved"), moved, &[padded])?[0];
    patch.shunt_outside(model, node.id.into(), moved)?;
    Ok(Some(patch))
}
