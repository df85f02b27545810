//! The logarithm of a sum of exponentials.

use super::Patch;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};

/// `max + ln sum exp(x - max)` for `ln sum exp x`.
pub fn log_sum_exp(
    _: &(),
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    op: &ElementWiseOp,
) -> Patch {
    if !op.0.is::<math::Ln>() {
        return Ok(None);
    }
    let before = |node: &TypedNode| node.inputs.first().map(|outlet| model.node(outlet.node));
    let (mut sum, mut removed) = (before(node), Vec::new());
    while let Some((node, axis)) = sum.and_then(|node| Some((node, node.op_as::<AxisOp>()?))) {
        if !matches!(axis, AxisOp::Rm(_)) {
            return Ok(None);
        }
        removed.push(axis.clone());
        sum = before(node);
    }
    let reduced = sum.and_then(|sum| Some((sum, sum.op_as::<Reduce>()?)));
    let Some((sum, reduce)) = reduced.filter(|(_, op)| op.reducer == Reducer::Sum) else {
        return Ok(None);
    };
    let is_exp = |node: &&TypedNode| {
        let op = node.op_as::<ElementWiseOp>();
        op.is_some_and(|op| op.0.is::<math::Exp>())
    };
    let Some(exp) = before(sum).filter(is_exp) else {
        return Ok(None);
    };
    // What is written so already stays as it is.
    let is_shifted = before(exp).is_some_and(|node| {
        let is_difference = |op: &TypedBinOp| op.0.is::<math::Sub>();
        node.op_as::<TypedBinOp>().is_some_and(is_difference)
    });
    if is_shifted {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let x = patch.taps(model, &exp.inputs)?[0];
    let mut wire =
        |what: &str, op: Box<dyn TypedOp>, inputs: &[OutletId]| -> TractResult<OutletId> {
            Ok(patch.wire_node(format!("{name}.{what}"), op, inputs)?[0])
        };
    let axes = &reduce.axes;
    let most = Reduce::new(axes.clone(), Reducer::Max);
    let most = wire("most", Box::new(most), &[x])?;
    let below = wire("below", Box::new(math::sub()), &[x, most])?;
    let exp = wire("exp", Box::new(math::exp()), &[below])?;
    let sum = Reduce::new(axes.clone(), Reducer::Sum);
    let sum = wire("sum", Box::new(sum), &[exp])?;
    let log = wire("log", Box::new(math::ln()), &[sum])?;
    let mut output = wire("whole", Box::new(math::add()), &[log, most])?;
    for (at, axis) in removed.into_iter().rev().enumerate() {
        output = wire(&format!("axis.{at}"), Box::new(axis), &[output])?;
    }
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}
