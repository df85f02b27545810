//! Numbers that mask.

use super::Patch;
use crate::array::UNBOUNDED;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{
    FiniteReshape, MultiBroadcastTo, Slice, Tile, TypedConcat,
};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::logic::Iff;
use tract_onnx::tract_core::ops::math::{Add, Max, Min, Mul, Sub};
use tract_onnx::tract_core::ops::nn::{Softmax, SoftmaxKind};

/// Magnitudes from here on leave no room for the scores beside them.
const LARGE: f32 = 1e11;

/// The most nodes between a number and what it masks.
const MOST: usize = 64;

/// Large numbers that reach nothing but softmaxes become the largest, if the model has no others: no program has to hold
/// them, as a share far below the others is zero however far that is.
pub fn numbers(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Const) -> Patch {
    let held = op.val();
    let values = reals(held);
    let is_large = |value: f32| value.abs() >= LARGE && f64::from(value.abs()) < UNBOUNDED;
    let Some(first) = values.iter().copied().find(|&value| is_large(value)) else {
        return Ok(None);
    };
    // Of two numbers one masks the other, or makes up for it.
    let other = |&value: &f32| is_large(value) && (value - first).abs() > 0.0;
    let others = |node: &TypedNode| {
        let held = node.op_as::<Const>().map(Const::val);
        held.is_some_and(|held| reals(held).iter().any(other))
    };
    let is_single = values.len() == 1;
    if model.nodes.iter().any(others) || !only_masks(model, node.id.into(), is_single) {
        return Ok(None);
    }
    let all = values.iter().map(|&value| match is_large(value) {
        true => f32::MAX.copysign(value),
        false => value,
    });
    let all: Vec<f32> = all.collect();
    let mut patch = TypedModelPatch::default();
    let tensor = Tensor::from_shape(held.shape(), &all)?;
    let number = patch.add_const(name, tensor)?;
    patch.shunt_outside(model, node.id.into(), number)?;
    Ok(Some(patch))
}

/// Whether all that takes a value, which is a single number or several, hands it on to softmaxes.
fn only_masks(model: &TypedModel, outlet: OutletId, is_single: bool) -> bool {
    let (mut open, mut seen) = (vec![outlet], 0);
    while let Some(outlet) = open.pop() {
        let takers = model.outlet_successors(outlet);
        if takers.is_empty() || model.outputs.contains(&outlet) {
            return false;
        }
        for taker in takers {
            let node = model.node(taker.node);
            seen += 1;
            if seen > MOST {
                return false;
            }
            let is_softmax = |op: &Softmax| op.kind == SoftmaxKind::Softmax;
            if node.op_as::<Softmax>().is_some_and(is_softmax) {
                continue;
            }
            // Multiples by a single number are of truth values, or refused; by several, they would keep signs only.
            let is_scaled = { node.op_as::<TypedBinOp>() }.is_some_and(|op| op.0.is::<Mul>());
            let is_kept = is_single && node.inputs.iter().all(|&input| !is_small(model, input));
            if is_scaled && !is_kept || !hands_on(node, taker.slot) {
                return false;
            }
            open.push(node.id.into());
        }
    }
    true
}

/// Whether a value is held, and would make of a large number one that leaves room for scores.
fn is_small(model: &TypedModel, outlet: OutletId) -> bool {
    const LEAST: f32 = 1e-3;
    let held = model.outlet_fact(outlet).map(|fact| &fact.konst);
    let Ok(Some(held)) = held else {
        return false;
    };
    let held = held.cast_to::<f32>();
    held.is_ok_and(|held| reals(&held).iter().any(|value| value.abs() < LEAST))
}

/// The numbers of a tensor of single precision; none of another.
fn reals(held: &Tensor) -> &[f32] {
    if held.datum_type() != f32::datum_type() {
        return &[];
    }
    let plain = held.try_as_plain_ram();
    plain
        .and_then(|plain| plain.as_slice::<f32>())
        .unwrap_or_default()
}

/// Whether a node leaves large numbers large, and far beyond all others.
fn hands_on(node: &TypedNode, slot: usize) -> bool {
    let op = &node.op;
    let binary = node.op_as::<TypedBinOp>().is_some_and(|op| {
        let op = op.0.as_ref();
        op.is::<Add>() || op.is::<Sub>() || op.is::<Mul>() || op.is::<Max>() || op.is::<Min>()
    });
    binary
        || op.is::<Iff>() && slot > 0
        || op.is::<AxisOp>()
        || op.is::<Cast>()
        || op.is::<FiniteReshape>()
        || op.is::<MultiBroadcastTo>()
        || op.is::<Slice>()
        || op.is::<Tile>()
        || op.is::<TypedConcat>()
}
