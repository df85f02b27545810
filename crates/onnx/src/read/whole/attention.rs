//! Attention, and softmax with a mask.

use super::Patch;
use super::triangle::Place;
use crate::error::{ModelError, Unsupported};
use tract_onnx::pb::ModelProto;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_onnx::tract_core::ops::logic::Iff;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Softmax, SoftmaxKind};
use tract_transformers::ops::scaled_masked_softmax::ScaledMaskedSoftmax;
use tract_transformers::ops::sdpa::Sdpa;

/// Attention with what tract passes over or computes in another way.
///
/// Errors: [`ModelError::Unsupported`], with the nodes, and why not.
pub fn check(model: &ModelProto) -> Result<(), ModelError> {
    let nodes = model.graph.iter().flat_map(|graph| &graph.node);
    let refused: Vec<Unsupported> = nodes
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
            Some(Unsupported {
                node: node.output.first().unwrap_or(&node.name).clone(),
                operator: node.op_type.clone(),
                reason: reason.to_owned(),
            })
        })
        .collect();
    if refused.is_empty() {
        return Ok(());
    }
    Err(ModelError::Unsupported(refused))
}

/// `softmax(scale q k^T + mask) v`, each head of keys and values for a group of heads of queries.
pub fn attention(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Sdpa) -> Patch {
    let mut patch = TypedModelPatch::default();
    let mut inputs = patch.taps(model, &node.inputs)?;
    let rank = patch.outlet_fact(inputs[0])?.rank();
    if rank == 3 {
        for (at, input) in inputs.iter_mut().enumerate() {
            *input = patch.wire_node(format!("{name}.heads.{at}"), AxisOp::Add(1), &[*input])?[0];
        }
    }
    let shape = |patch: &TypedModelPatch, input: OutletId| -> TractResult<Vec<TDim>> {
        Ok(patch.outlet_fact(input)?.shape.to_vec())
    };
    let (queries, keys) = (shape(&patch, inputs[0])?, shape(&patch, inputs[1])?);
    let (Ok(heads), Ok(own), Ok(size)) = (
        queries[1].to_usize(),
        keys[1].to_usize(),
        keys[3].to_usize(),
    ) else {
        return Ok(None);
    };
    let groups = tvec![own.to_dim(), heads.checked_div(own).unwrap_or(0).to_dim()];
    let split = AxisOp::Reshape(1, tvec![heads.to_dim()], groups.clone());
    let join = AxisOp::Reshape(1, groups, tvec![heads.to_dim()]);
    for (at, input) in inputs.iter_mut().enumerate() {
        let is_split = shape(&patch, *input)?[1] == heads.to_dim() && (at == 0 || at == 3);
        let op = if is_split {
            split.clone()
        } else {
            AxisOp::Add(2)
        };
        *input = patch.wire_node(format!("{name}.groups.{at}"), op, &[*input])?[0];
    }
    let kind = op.acc_datum_type;
    let products = EinSum::new("bhgmk,bhgnk->bhgmn".parse()?, kind);
    let scores = patch.wire_node(format!("{name}.scores"), products, &inputs[..2])?[0];
    #[expect(clippy::cast_precision_loss, reason = "the size of a head")]
    let usual = || tensor0((size as f32).sqrt().recip());
    let masked = Masked {
        name,
        scale: &op.scale.clone().unwrap_or_else(usual),
        mask: inputs.get(3).copied(),
        causal: op.is_causal.then(|| (queries[2].clone(), keys[2].clone())),
        zero_after: false,
    };
    let weights = masked.softmax(&mut patch, scores)?;
    let mixed = EinSum::new("bhgmn,bhgnv->bhgmv".parse()?, kind);
    let mixed = patch.wire_node(format!("{name}.mixed"), mixed, &[weights, inputs[2]])?[0];
    let mut output = patch.wire_node(format!("{name}.joined"), join, &[mixed])?[0];
    if rank == 3 {
        output = patch.wire_node(format!("{name}.whole"), AxisOp::Rm(1), &[output])?[0];
    }
    let expected = model.outlet_fact(node.id.into())?.datum_type;
    if patch.outlet_fact(output)?.datum_type != expected {
        output = patch.wire_node(format!("{name}.cast"), Cast::new(expected), &[output])?[0];
    }
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}

/// Softmax of scores with a mask.
pub fn masked_softmax(
    _: &(),
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    op: &ScaledMaskedSoftmax,
) -> Patch {
    let mut patch = TypedModelPatch::default();
    let inputs = patch.taps(model, &node.inputs)?;
    let masked = Masked {
        name,
        scale: &op.scale,
        mask: Some(inputs[1]),
        causal: None,
        zero_after: op.post_softmax_mask,
    };
    let output = masked.softmax(&mut patch, inputs[0])?;
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}

/// What is done to scores before they become weights.
struct Masked<'a> {
    name: &'a str,
    scale: &'a Tensor,
    /// Truth values, for what is seen, or numbers to add.
    mask: Option<OutletId>,
    /// How many queries and keys there are, if a query sees no later keys.
    causal: Option<(TDim, TDim)>,
    /// Whether what a mask of truth values hides has no weight at all.
    zero_after: bool,
}

impl Masked<'_> {
    fn softmax(&self, patch: &mut TypedModelPatch, scores: OutletId) -> TractResult<OutletId> {
        let name = self.name;
        let fact = patch.outlet_fact(scores)?.clone();
        let (rank, kind) = (fact.rank(), fact.datum_type);
        let number = |patch: &mut TypedModelPatch, which: &str, value: &Tensor| {
            let value = value.cast_to_dt(kind)?.into_owned();
            patch.add_const(format!("{name}.{which}"), value.broadcast_into_rank(rank)?)
        };
        let scale = number(patch, "scale", self.scale)?;
        let mut seen = patch.wire_node(format!("{name}.scaled"), math::mul(), &[scores, scale])?[0];
        let hidden = number(patch, "hidden", &tensor0(f32::NEG_INFINITY))?;
        if let Some((queries, keys)) = &self.causal {
            let place = Place {
                rows: queries,
                columns: keys,
                diagonal: keys.clone() - queries,
                rank,
            };
            let later = place.beyond(patch, &format!("{name}.later"), false)?;
            seen = patch.wire_node(format!("{name}.causal"), Iff, &[later, hidden, seen])?[0];
        }
        let mut shown = None;
        if let Some(mut mask) = self.mask {
            let found = patch.outlet_fact(mask)?.datum_type;
            if found == bool::datum_type() {
                shown = Some(mask);
                seen = patch.wire_node(format!("{name}.masked"), Iff, &[mask, seen, hidden])?[0];
            } else {
                if found != kind {
                    mask = patch.wire_node(format!("{name}.mask"), Cast::new(kind), &[mask])?[0];
                }
                seen = patch.wire_node(format!("{name}.masked"), math::add(), &[seen, mask])?[0];
            }
        }
        let softmax = Softmax::new(tvec![rank - 1], None, SoftmaxKind::Softmax);
        let mut weights = patch.wire_node(format!("{name}.softmax"), softmax, &[seen])?[0];
        if let Some(shown) = shown.filter(|_| self.zero_after) {
            let zero = number(patch, "zero", &tensor0(0f32))?;
            weights = patch.wire_node(format!("{name}.shown"), Iff, &[shown, weights, zero])?[0];
        }
        Ok(weights)
    }
}
