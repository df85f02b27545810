//! Attention, and softmax with a mask.

use super::Patch;
use crate::error::ModelError;
use tract_onnx::pb::ModelProto;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::logic::Iff;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Softmax, SoftmaxKind};
use tract_transformers::ops::scaled_masked_softmax::ScaledMaskedSoftmax;
use tract_transformers::ops::sdpa::Sdpa;

/// Attention with what tract passes over or computes in another way.
///
/// Errors: the nodes, and why not.
pub fn check(model: &ModelProto) -> Result<(), ModelError> {
    let nodes = model.graph.iter().flat_map(|graph| &graph.node);
    let reasons: Vec<String> = nodes
        .filter(|node| node.op_type == "Attention")
        .filter_map(|node| {
            let attribute = |name: &str| {
                let found = node
                    .attribute
                    .iter()
                    .find(|attribute| attribute.name == name);
                found.map(|attribute| attribute.i)
            };
            let windows = ["left_window_size", "right_window_size"];
            let has_past = node.input.get(4).is_some_and(|name| !name.is_empty());
            let reason = if windows
                .iter()
                .any(|name| attribute(name).is_some_and(|size| size >= 0))
            {
                "attention within a window; write it out, with a mask"
            } else if attribute("is_causal") == Some(1) && has_past {
                "causal attention with keys of the past; give a mask instead"
            } else {
                return None;
            };
            let name = node.output.first().unwrap_or(&node.name);
            Some(format!("node {name:?} (Attention): {reason}"))
        })
        .collect();
    if reasons.is_empty() {
        return Ok(());
    }
    Err(ModelError::Graph(reasons.join("; ")))
}

/// Attention, as tract writes it out; a mask of truth values becomes one that is added, which it takes for granted.
pub fn attention(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Sdpa) -> Patch {
    let is_truth = |outlet: &OutletId| -> TractResult<bool> {
        Ok(model.outlet_fact(*outlet)?.datum_type == bool::datum_type())
    };
    let mask = node.inputs.get(3).copied();
    if !mask.as_ref().map(is_truth).transpose()?.unwrap_or(false) {
        return op.patch_sdpa(model, node);
    }
    let mut patch = TypedModelPatch::default();
    let mut inputs = patch.taps(model, &node.inputs)?;
    let rank = patch.outlet_fact(inputs[3])?.rank();
    let mut number = |which: &str, value: f32| {
        let value = tensor0(value).broadcast_into_rank(rank)?;
        patch.add_const(format!("{name}.{which}"), value)
    };
    let (seen, hidden) = (number("seen", 0.0)?, number("hidden", f32::NEG_INFINITY)?);
    let added = [inputs[3], seen, hidden];
    inputs[3] = patch.wire_node(format!("{name}.mask"), Iff, &added)?[0];
    let output = patch.wire_node(name, op.clone(), &inputs)?[0];
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}

pub fn masked_softmax(
    _: &(),
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    op: &ScaledMaskedSoftmax,
) -> Patch {
    let mut patch = TypedModelPatch::default();
    let inputs = patch.taps(model, &node.inputs)?;
    let (scores, mask) = (inputs[0], inputs[1]);
    let fact = patch.outlet_fact(scores)?.clone();
    let (rank, dt) = (fact.rank(), fact.datum_type);
    let number = |patch: &mut TypedModelPatch, which: &str, value: &Tensor| {
        let value = value.cast_to_dt(dt)?.into_owned();
        let value = value.broadcast_into_rank(rank)?;
        patch.add_const(format!("{name}.{which}"), value)
    };
    let scale = number(&mut patch, "scale", &op.scale)?;
    let scaled = patch.wire_node(format!("{name}.scaled"), math::mul(), &[scores, scale])?[0];
    let is_truth = patch.outlet_fact(mask)?.datum_type == bool::datum_type();
    let masked = if is_truth {
        let hidden = number(&mut patch, "hidden", &tensor0(f32::NEG_INFINITY))?;
        patch.wire_node(format!("{name}.masked"), Iff, &[mask, scaled, hidden])?[0]
    } else {
        patch.wire_node(format!("{name}.masked"), math::add(), &[scaled, mask])?[0]
    };
    let softmax = Softmax::new(tvec![rank - 1], None, SoftmaxKind::Softmax);
    let mut output = patch.wire_node(format!("{name}.softmax"), softmax, &[masked])?[0];
    if op.post_softmax_mask && is_truth {
        let zero = number(&mut patch, "zero", &tensor0(0f32))?;
        output = patch.wire_node(format!("{name}.seen"), Iff, &[mask, output, zero])?[0];
    }
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}
