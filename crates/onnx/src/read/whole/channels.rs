//! Normalisation across channels.

use super::Patch;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{Pad, PadMode, Slice};
use tract_onnx::tract_core::ops::math;
use tract_onnx_opl::lrn::Lrn;

/// The most neighbouring channels that are written out.
const MOST_CHANNELS: usize = 256;

/// `x (bias + alpha / size * sum of x^2 over size neighbouring channels)^-beta`.
pub fn across_channels(
    _: &(),
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    op: &Lrn,
) -> Patch {
    if !(1..=MOST_CHANNELS).contains(&op.size) {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let x = patch.taps(model, &node.inputs)?[0];
    let fact = patch.outlet_fact(x)?.clone();
    let (rank, channels) = (fact.rank(), fact.shape[1].clone());
    let before = (op.size - 1) / 2;
    let square = patch.wire_node(format!("{name}.square"), math::square(), &[x])?[0];
    let mut pads = vec![(0, 0); rank];
    pads[1] = (before, op.size - 1 - before);
    let mode = PadMode::Constant(Arc::new(
        tensor0(0f32).cast_to_dt(fact.datum_type)?.into_owned(),
    ));
    let padded = patch.wire_node(format!("{name}.padded"), Pad { pads, mode }, &[square])?[0];
    let mut sum = None;
    for at in 0..op.size {
        let slice = Slice::new(1, at, channels.clone() + at);
        let part = patch.wire_node(format!("{name}.part.{at}"), slice, &[padded])?[0];
        sum = Some(match sum {
            Some(sum) => patch.wire_node(format!("{name}.sum.{at}"), math::add(), &[sum, part])?[0],
            None => part,
        });
    }
    let Some(sum) = sum else { return Ok(None) };
    let number = |patch: &mut TypedModelPatch, which: &str, value: f32| {
        let value = tensor0(value).cast_to_dt(fact.datum_type)?.into_owned();
        patch.add_const(format!("{name}.{which}"), value.broadcast_into_rank(rank)?)
    };
    #[expect(clippy::cast_precision_loss, reason = "a few channels")]
    let alpha = number(&mut patch, "alpha", op.alpha / op.size as f32)?;
    let bias = number(&mut patch, "bias", op.bias)?;
    let beta = number(&mut patch, "beta", -op.beta)?;
    let scaled = patch.wire_node(format!("{name}.scaled"), math::mul(), &[sum, alpha])?[0];
    let shifted = patch.wire_node(format!("{name}.shifted"), math::add(), &[scaled, bias])?[0];
    let factor = patch.wire_node(format!("{name}.factor"), math::pow(), &[shifted, beta])?[0];
    let output = patch.wire_node(format!("{name}.scaled_x"), math::mul(), &[x, factor])?[0];
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}
