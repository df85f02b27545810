//! Images of another size whose coordinates tract takes from other places than ONNX Runtime.

use super::Patch;
use super::computed::computed;
use crate::expand::unsupported;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::Slice;
use tract_onnx::tract_core::ops::nn::resize::CoordTransformer;
use tract_onnx_opl::resize::{AspectRatio, CoordTransform, Resize};

/// A resizing by the factors that its sizes have. The last index of the result is that of the image, as in ONNX Runtime
/// and in torch: tract, and two tests of the standard, take it from the size times the factor, which may be no integer, or
/// lie beside one in the last bit.
pub fn aligned(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Resize) -> Patch {
    if op.coord_transformer != CoordTransform::Plain(CoordTransformer::AlignCorners) {
        return Ok(None);
    }
    let before = model.outlet_fact(node.inputs[0])?.shape.clone();
    let after = &model.outlet_fact(node.id.into())?.shape;
    let mut factors = Vec::new();
    for axis in op.resized_axes(before.rank())? {
        let sizes = (before[axis].to_usize(), after[axis].to_usize());
        factors.push(match sizes {
            (Ok(before), Ok(after)) => factor(before, after),
            _ if before[axis] == after[axis] => 1.0,
            _ => return Ok(None),
        });
    }
    let own = scales(model, node, op)?;
    if own.as_ref() == Some(&factors) {
        return Ok(None);
    }
    // The weights would follow the factors that are given, the indices the sizes.
    if op.antialias && own.is_some() {
        return refuse(
            name,
            "align_corners with antialias and a factor that gives no whole size; give the sizes",
        );
    }
    let mut patch = TypedModelPatch::default();
    let x = patch.tap_model(model, node.inputs[0])?;
    let output = by_factors(&mut patch, name, op, x, &factors)?;
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}

/// An image that keeps its size is that image, whatever the factors are, as in ONNX Runtime.
pub fn kept(_: &(), model: &TypedModel, node: &TypedNode, _: &str, op: &Resize) -> Patch {
    let same = model.outlet_fact(node.inputs[0])?.shape == model.outlet_fact(node.id.into())?.shape;
    if !same || !matches!(op.coord_transformer, CoordTransform::Plain(_)) {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let x = patch.tap_model(model, node.inputs[0])?;
    patch.shunt_outside(model, node.id.into(), x)?;
    Ok(Some(patch))
}

/// A resizing to sizes some of which are open, by the factors that the others have: tract asks for numbers.
pub fn open(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Resize) -> Patch {
    let sizes = op.optional_sizes_input.and_then(|at| node.inputs.get(at));
    let Some(sizes) = sizes.and_then(|sizes| computed(model, *sizes)) else {
        return Ok(None);
    };
    // The same factor for all axes would have to be that of an open one.
    let is_simple = op.keep_aspect_ratio_policy == AspectRatio::Stretch;
    if !is_simple || op.optional_roi_input.is_some() || sizes.cast_to::<i64>().is_ok() {
        return Ok(None);
    }
    let before = model.outlet_fact(node.inputs[0])?.shape.clone();
    let sizes = sizes.cast_to::<TDim>()?;
    let sizes = sizes.try_as_plain_ram()?.as_slice::<TDim>()?;
    let mut factors = Vec::new();
    for (axis, size) in op.resized_axes(before.rank())?.into_iter().zip(sizes) {
        factors.push(match (before[axis].to_usize(), size.to_usize()) {
            (Ok(before), Ok(after)) => factor(before, after),
            _ if before[axis] == *size => 1.0,
            _ => return Ok(None),
        });
    }
    let mut patch = TypedModelPatch::default();
    let x = patch.tap_model(model, node.inputs[0])?;
    let output = by_factors(&mut patch, name, op, x, &factors)?;
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}

/// A resizing of the first index alone along axes of which one index is left. tract takes it from half an index before
/// the image.
pub fn single(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Resize) -> Patch {
    if op.coord_transformer != CoordTransform::Plain(CoordTransformer::PytorchHalfPixel) {
        return Ok(None);
    }
    let before = model.outlet_fact(node.inputs[0])?.shape.clone();
    let after = model.outlet_fact(node.id.into())?.shape.clone();
    let axes = op.resized_axes(before.rank())?;
    let scales = scales(model, node, op)?.unwrap_or_default();
    let mut patch = TypedModelPatch::default();
    let mut x = patch.tap_model(model, node.inputs[0])?;
    let (mut factors, mut is_other) = (Vec::new(), false);
    for (at, &axis) in axes.iter().enumerate() {
        let sizes = (before[axis].to_usize(), after[axis].to_usize());
        factors.push(match (sizes, scales.get(at)) {
            ((Ok(before), Ok(1)), _) if before > 1 => {
                let first = Slice::new(axis, 0, 1);
                x = patch.wire_node(format!("{name}.first.{axis}"), first, &[x])?[0];
                is_other = true;
                1.0
            }
            (_, Some(&scale)) => scale,
            ((Ok(before), Ok(after)), None) => factor(before, after),
            _ if before[axis] == after[axis] => 1.0,
            _ => return Ok(None),
        });
    }
    if !is_other {
        return Ok(None);
    }
    let output = by_factors(&mut patch, name, op, x, &factors)?;
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}

/// That ONNX Runtime smooths along the axes that tract smooths along.
pub fn smoothed(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Resize) -> Patch {
    let Some(scales) = scales(model, node, op)?.filter(|_| op.antialias) else {
        return Ok(None);
    };
    let before = &model.outlet_fact(node.inputs[0])?.shape;
    let after = &model.outlet_fact(node.id.into())?.shape;
    for (axis, scale) in op.resized_axes(before.rank())?.into_iter().zip(scales) {
        if scale != 1.0 && before[axis] == after[axis] {
            return refuse(
                name,
                "antialias along an axis that keeps its size, by a factor other than 1",
            );
        }
    }
    Ok(None)
}

fn refuse(name: &str, reason: &str) -> Patch {
    Err(unsupported(name, "Resize", reason))
}

/// The factors that are given, axis by axis.
fn scales(model: &TypedModel, node: &TypedNode, op: &Resize) -> TractResult<Option<Vec<f32>>> {
    let Some(given) = op.optional_scales_input.and_then(|at| node.inputs.get(at)) else {
        return Ok(None);
    };
    let Some(given) = &model.outlet_fact(*given)?.konst else {
        return Ok(None);
    };
    let given = given.cast_to::<f32>()?;
    let given = given.try_as_plain_ram()?.as_slice::<f32>()?.to_vec();
    // Without elements there are sizes instead.
    Ok((!given.is_empty()).then_some(given))
}

/// A resizing by factors.
fn by_factors(
    patch: &mut TypedModelPatch,
    name: &str,
    op: &Resize,
    x: OutletId,
    factors: &[f32],
) -> TractResult<OutletId> {
    let factors = patch.add_const(format!("{name}.factors"), tensor1(factors))?;
    let resize = Resize {
        keep_aspect_ratio_policy: AspectRatio::Stretch,
        optional_roi_input: None,
        optional_scales_input: Some(1),
        optional_sizes_input: None,
        ..op.clone()
    };
    Ok(patch.wire_node(format!("{name}.resized"), resize, &[x, factors])?[0])
}

/// A factor whose product with a size is the other one, in single precision.
#[expect(clippy::cast_precision_loss, reason = "sizes of images")]
fn factor(before: usize, after: usize) -> f32 {
    let (before, after) = (before as f32, after as f32);
    let nearest = after / before;
    let near = [nearest, nearest.next_up(), nearest.next_down()];
    let is_exact = |factor: &f32| factor * before == after;
    // The product with the next factor up is not below the size.
    { near.into_iter().find(is_exact) }.unwrap_or_else(|| nearest.next_up())
}
