//! Images of another size.

use super::{SINGLE, Surroundings, attribute, constant, set_word, word};
use tract_onnx::pb::{NodeProto, TensorProto};

/// Restates a node. Version 10 of the standard has one transformation of coordinates, and takes the next index up if the image becomes smaller, else the
/// next one down.
pub fn restate(
    node: &mut NodeProto,
    surroundings: &Surroundings,
) -> Result<Option<NodeProto>, String> {
    if surroundings.version > 10 {
        let sizes = { node.input.get(3) }.and_then(|name| surroundings.integers.get(name));
        // Sizes are no factors, but as large as these at the most.
        #[expect(clippy::cast_precision_loss, reason = "a bound")]
        let sizes: Option<Vec<f32>> =
            sizes.map(|sizes| sizes.iter().map(|&size| size as f32 / 64.0).collect());
        bounded(factors(node, 2, surroundings).unwrap_or_default())?;
        bounded(&sizes.unwrap_or_default())?;
        return check(node, surroundings).map(|()| None);
    }
    set_word(node, "coordinate_transformation_mode", "asymmetric");
    let scales = factors(node, 1, surroundings);
    bounded(scales.unwrap_or_default())?;
    if word(node, "mode").is_some_and(|mode| mode != "nearest") {
        return Ok(None);
    }
    let scales = scales.ok_or("scales that are not constant")?;
    let is_smaller = scales.iter().any(|&scale| scale < 1.0);
    if is_smaller && scales.iter().any(|&scale| scale > 1.0) {
        return Err("smaller along one axis and larger along another; resize in two steps".into());
    }
    let next = if is_smaller { "ceil" } else { "floor" };
    set_word(node, "nearest_mode", next);
    Ok(None)
}

/// The numbers that an input holds, if they are few.
fn factors<'a>(node: &NodeProto, at: usize, surroundings: &'a Surroundings) -> Option<&'a [f32]> {
    let found = surroundings.reals.get(node.input.get(at)?);
    found.map(Vec::as_slice)
}

/// That an image does not become larger than there is room for: a few bytes would ask for it.
fn bounded(factors: &[f32]) -> Result<(), String> {
    const MOST: f32 = 16_777_216.0;
    let all: f32 = factors.iter().map(|factor| factor.max(1.0)).product();
    let is_number = factors
        .iter()
        .all(|factor| factor.is_finite() && *factor >= 0.0);
    if is_number && all <= MOST {
        return Ok(());
    }
    Err(format!(
        "resizing by {factors:?}, for which there is no room"
    ))
}

/// Versions before 10 have an operator that enlarges alone, whose factors were an attribute at first.
pub fn upsample(
    node: &mut NodeProto,
    surroundings: &Surroundings,
) -> Result<Option<NodeProto>, String> {
    set_word(node, "coordinate_transformation_mode", "asymmetric");
    set_word(node, "nearest_mode", "floor");
    let Some(scales) = attribute(node, "scales").map(|scales| scales.floats.clone()) else {
        bounded(factors(node, 1, surroundings).unwrap_or_default())?;
        return Ok(None);
    };
    bounded(&scales)?;
    let name = format!("{} scales", node.output.first().unwrap_or(&node.name));
    node.input.truncate(1);
    node.input.push(name.clone());
    let scales = TensorProto {
        data_type: SINGLE,
        dims: vec![i64::try_from(scales.len()).map_err(|error| error.to_string())?],
        float_data: scales,
        ..Default::default()
    };
    Ok(Some(constant(name, scales)))
}

/// That ONNX Runtime has the same coordinates, and the same weights.
fn check(node: &NodeProto, surroundings: &Surroundings) -> Result<(), String> {
    let values = |at: usize| factors(node, at, surroundings).unwrap_or_default();
    let scales = values(2);
    if word(node, "coordinate_transformation_mode") == Some("tf_crop_and_resize") {
        let region = values(1);
        let (start, end) = region.split_at(region.len() / 2);
        let mut axes = scales.iter().zip(start.iter().zip(end));
        let is_part = |ends: (&f32, &f32)| ends != (&0.0, &1.0);
        if axes.any(|(&scale, ends)| scale == 1.0 && is_part(ends)) {
            return Err("a region along an axis that keeps its size, which ONNX Runtime passes over; cut it out with Slice".into());
        }
    }
    Ok(())
}
