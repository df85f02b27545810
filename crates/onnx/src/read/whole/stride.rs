//! Every so many elements of an axis that a reshaping made.

use super::Patch;
use crate::expand::Wires;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::StridedSlice;
use tract_onnx::tract_core::ops::downsample::Downsample;

/// A slice whose ends are known as what tract makes of it when it simplifies the graph, which is later.
pub fn with_steps(
    _: &(),
    model: &TypedModel,
    node: &TypedNode,
    _: &str,
    op: &StridedSlice,
) -> Patch {
    let ends = node.inputs.iter().skip(1);
    let mut facts = ends.map(|end| model.outlet_fact(*end));
    if !facts.all(|fact| fact.is_ok_and(|fact| fact.konst.is_some())) {
        return Ok(None);
    }
    op.declutter(model, node)
}

/// The most nodes between a reshaping and the elements that are taken.
const MOST: usize = 64;

/// The elements as the first ones of groups: tract moves the operator before what comes before it, which it cannot
/// where that is a reshaping.
pub fn grouped(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Downsample) -> Patch {
    let &[x] = &node.inputs[..] else {
        return Ok(None);
    };
    let fact = model.outlet_fact(x)?;
    let Ok(size) = fact.shape[op.axis].to_usize() else {
        return Ok(None);
    };
    let stride = op.stride.unsigned_abs();
    if op.stride < 2
        || !fact.datum_type.is_number()
        || op.modulo >= size
        || !is_reshaped(model, x, op.axis)
    {
        return Ok(None);
    }
    let (axis, count) = (op.axis, (size - op.modulo).div_ceil(stride));
    let mut patch = TypedModelPatch::default();
    let x = patch.tap_model(model, x)?;
    let mut wires = Wires::new(&mut patch, name.to_owned());
    let mut taken = wires.slice("rest", x, axis, op.modulo..size)?;
    let missing = count * stride - (size - op.modulo);
    taken = wires.zeros("whole groups", taken, axis, (0, missing))?;
    let (from, to) = (
        tvec![(count * stride).to_dim()],
        tvec![count.to_dim(), stride.to_dim()],
    );
    taken = wires.axis("groups", AxisOp::Reshape(axis, from, to), taken)?;
    taken = wires.select("first", taken, axis + 1, 0)?;
    patch.shunt_outside(model, node.id.into(), taken)?;
    Ok(Some(patch))
}

/// Whether an axis comes from a reshaping, as far as tract would move an operator on it.
fn is_reshaped(model: &TypedModel, outlet: OutletId, axis: usize) -> bool {
    let mut open = vec![(outlet, axis)];
    let mut seen = 0;
    while let Some((outlet, axis)) = open.pop() {
        let node = model.node(outlet.node);
        seen += 1;
        if seen > MOST {
            return true;
        }
        if let Some(op) = node.op_as::<AxisOp>() {
            let Some(axis) = op.recip().transform_axis(axis) else {
                return true;
            };
            open.extend(node.inputs.iter().map(|&input| (input, axis)));
            continue;
        }
        let rank = |outlet: OutletId| model.outlet_fact(outlet).map(|fact| fact.rank());
        let own = rank(outlet).ok();
        let alike = node.inputs.iter().filter(|&&input| rank(input).ok() == own);
        open.extend(alike.map(|&input| (input, axis)));
    }
    false
}
