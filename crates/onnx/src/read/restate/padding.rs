//! Padding.

use super::{Surroundings, attribute, word};
use crate::expand::{pad, pool::places};
use tract_onnx::pb::{AttributeProto, NodeProto};

/// Padding that follows from the sizes has none beside it: tract would take what is given.
pub fn automatic(node: &mut NodeProto, _: &Surroundings) -> Result<Option<NodeProto>, String> {
    match word(node, "auto_pad") {
        None | Some("" | "NOTSET") => return Ok(None),
        Some("VALID") => {
            // A pool without padding rounds its size up or down like any other.
            let kernel = attribute(node, "kernel_shape").map(|kernel| kernel.ints.len());
            let ceil = attribute(node, "ceil_mode").is_some_and(|mode| mode.i == 1);
            if let Some(axes) = kernel.filter(|_| ceil) {
                let not = |attribute: &AttributeProto| !is_padding(attribute);
                node.attribute.retain(not);
                node.attribute.push(AttributeProto {
                    name: "pads".into(),
                    r#type: tract_onnx::pb::attribute_proto::AttributeType::Ints.into(),
                    ints: vec![0; 2 * axes],
                    ..Default::default()
                });
                return Ok(None);
            }
        }
        Some(_) => {
            // ONNX Runtime pads a pool for its kernel without the gaps, and a convolution not at all.
            let other_than = |name: &str, usual: i64| {
                attribute(node, name).is_some_and(|all| all.ints.iter().any(|&one| one != usual))
            };
            if other_than("output_padding", 0) {
                return Err("automatic padding beside that of the result; give the padding".into());
            }
            if other_than("dilations", 1) && node.op_type.ends_with("Pool") {
                return Err("automatic padding of a kernel with gaps, which runtimes do in different ways; give the padding".into());
            }
        }
    }
    node.attribute.retain(|attribute| attribute.name != "pads");
    Ok(None)
}

/// tract has an operator of its own for the places of maxima, which no program has.
pub fn maximum(
    node: &mut NodeProto,
    surroundings: &Surroundings,
) -> Result<Option<NodeProto>, String> {
    let behind = automatic(node, surroundings)?;
    if node.output.get(1).is_some_and(|name| !name.is_empty()) {
        node.op_type = places::NAME.into();
    }
    Ok(behind)
}

fn is_padding(attribute: &AttributeProto) -> bool {
    attribute.name == "pads" || attribute.name == "auto_pad"
}

/// A number that is not padded with is left out: tract would take it, whatever the mode. It has no padding by the other
/// end of an axis.
///
/// tract cuts nothing off.
pub fn without_value(
    node: &mut NodeProto,
    surroundings: &Surroundings,
) -> Result<Option<NodeProto>, String> {
    let is_constant = matches!(word(node, "mode"), None | Some("" | "constant"));
    if let Some(value) = node.input.get_mut(2).filter(|_| !is_constant) {
        value.clear();
    }
    if word(node, "mode") == Some("wrap") {
        node.op_type = pad::WRAP.into();
    }
    let pads = { node.input.get(1) }.and_then(|name| surroundings.integers.get(name));
    if is_constant && pads.is_some_and(|pads| pads.iter().any(|&pad| pad < 0)) {
        node.op_type = pad::CROP.into();
    }
    Ok(None)
}
