//! Nodes that tract reads in another way than the standard: stated so that it reads them right, or refused.
//!
//! The float model is tract's, so a program would agree with it and be wrong all the same.

mod einsum;
mod half;
mod padding;
mod resize;
mod surroundings;

use crate::error::{ModelError, Unsupported};
use crate::read::name;
use surroundings::Surroundings;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

/// The number of single precision among the types.
const SINGLE: i32 = 1;

/// Changes a node; what it returns comes right behind it.
type Restate = fn(&mut NodeProto, &Surroundings) -> Result<Option<NodeProto>, String>;

/// How nodes are restated: a line for each operator.
const OPERATORS: &[(&str, Restate)] = &[
    ("AveragePool", padding::automatic),
    ("BatchNormalization", batch_normalization),
    ("ConstantOfShape", constant_of_shape),
    ("Conv", padding::automatic),
    ("ConvInteger", padding::automatic),
    ("ConvTranspose", padding::automatic),
    ("Einsum", einsum::restate),
    ("MaxPool", padding::maximum),
    ("MultiHeadAttention", multi_head_attention),
    ("Pad", padding::without_value),
    ("QLinearConv", padding::automatic),
    ("QuantizeLinear", quantize_linear),
    ("Resize", resize::restate),
    ("Selu", selu),
    ("SkipSimplifiedLayerNormalization", without_bias),
    ("SpaceToDepth", space_to_depth),
    ("Upsample", resize::upsample),
];

/// Restates the nodes of a model, in subgraphs too.
///
/// Errors: [`ModelError::Unsupported`], with the nodes that cannot be, and why.
pub fn restate(model: &mut ModelProto) -> Result<(), ModelError> {
    half::widen(model);
    let imports = model.opset_import.iter();
    let version = { imports.filter(|import| is_standard(&import.domain)) }
        .map(|import| import.version)
        .next();
    let mut refused = Vec::new();
    if let Some(graph) = &mut model.graph {
        restate_graph(graph, version.unwrap_or(0), &mut refused);
    }
    if refused.is_empty() {
        return Ok(());
    }
    Err(ModelError::Unsupported(refused))
}

fn is_standard(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn restate_graph(graph: &mut GraphProto, version: i64, refused: &mut Vec<Unsupported>) {
    let surroundings = Surroundings::new(graph, version);
    let mut nodes = Vec::with_capacity(graph.node.len());
    for mut node in std::mem::take(&mut graph.node) {
        for attribute in &mut node.attribute {
            for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                restate_graph(graph, version, refused);
            }
        }
        match restate_node(&mut node, &surroundings) {
            Ok(behind) => {
                nodes.push(node);
                nodes.extend(behind);
            }
            Err(reason) => refused.push(Unsupported {
                node: name(&node).to_owned(),
                operator: node.op_type.clone(),
                reason,
            }),
        }
    }
    graph.node = nodes;
}

fn restate_node(
    node: &mut NodeProto,
    surroundings: &Surroundings,
) -> Result<Option<NodeProto>, String> {
    domain(node)?;
    older_broadcast(node, surroundings)?;
    let found = OPERATORS.iter().find(|(name, _)| *name == node.op_type);
    found.map_or(Ok(None), |(_, restate)| restate(node, surroundings))
}

/// That the operator is the one of its name: tract does not look at domains.
fn domain(node: &NodeProto) -> Result<(), String> {
    let domain = node.domain.as_str();
    // Attention of that domain takes one tensor, and the weights of queries, keys and values.
    let differs = domain == "com.microsoft" && node.op_type == "Attention";
    let is_known = is_standard(domain) || ["ai.onnx.ml", "com.microsoft"].contains(&domain);
    if is_known && !differs {
        return Ok(());
    }
    Err(format!(
        "an operator of the domain {domain:?}; write it out in operators of the standard"
    ))
}

/// That axes are matched from the last on, as since version 7: tract knows no other way.
fn older_broadcast(node: &NodeProto, surroundings: &Surroundings) -> Result<(), String> {
    let has_axis = attribute(node, "axis").is_some();
    if surroundings.version < 7
        && has_axis
        && attribute(node, "broadcast").is_some_and(|found| found.i == 1)
    {
        return Err("broadcast from an axis; export a later version of the standard".into());
    }
    Ok(())
}

/// An attribute.
fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    let mut all = node.attribute.iter();
    all.find(|attribute| attribute.name == name)
}

/// An attribute that is a word.
fn word<'a>(node: &'a NodeProto, name: &str) -> Option<&'a str> {
    let found = attribute(node, name)?;
    std::str::from_utf8(&found.s).ok()
}

/// An attribute that is a tensor.
fn tensor(name: &str, value: TensorProto) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::Tensor.into(),
        t: Some(value),
        ..Default::default()
    }
}

/// A node that holds a tensor.
fn constant(output: String, value: TensorProto) -> NodeProto {
    NodeProto {
        op_type: "Constant".into(),
        output: vec![output],
        attribute: vec![tensor("value", value)],
        ..Default::default()
    }
}

/// Gives a node an attribute that is a word, in place of the one of that name.
fn set_word(node: &mut NodeProto, name: &str, value: &str) {
    node.attribute.retain(|attribute| attribute.name != name);
    node.attribute.push(AttributeProto {
        name: name.to_owned(),
        r#type: AttributeType::String.into(),
        s: value.as_bytes().to_vec(),
        ..Default::default()
    });
}

/// A program normalises by the mean and the variance that the model holds.
fn batch_normalization(
    node: &mut NodeProto,
    surroundings: &Surroundings,
) -> Result<Option<NodeProto>, String> {
    let is_one = |name: &str| attribute(node, name).is_some_and(|found| found.i == 1);
    let is_older = surroundings.version < 7 && surroundings.version > 0;
    if is_one("training_mode") || is_older && !is_one("is_test") {
        return Err("normalisation by the batch, as in training; export for inference".into());
    }
    Ok(None)
}

/// What fills a tensor is zero in single precision by default; tract has one of double precision.
fn constant_of_shape(node: &mut NodeProto, _: &Surroundings) -> Result<Option<NodeProto>, String> {
    if attribute(node, "value").is_none() {
        let zero = TensorProto {
            data_type: SINGLE,
            dims: vec![1],
            float_data: vec![0.0],
            ..Default::default()
        };
        node.attribute.push(tensor("value", zero));
    }
    Ok(None)
}

/// The constants of the standard, of which tract has six digits.
fn selu(node: &mut NodeProto, _: &Surroundings) -> Result<Option<NodeProto>, String> {
    let defaults = [("alpha", 1.673_263_2), ("gamma", 1.050_701)];
    for (name, value) in defaults {
        if attribute(node, name).is_none() {
            node.attribute.push(AttributeProto {
                name: name.to_owned(),
                r#type: AttributeType::Float.into(),
                f: value,
                ..Default::default()
            });
        }
    }
    Ok(None)
}

/// tract takes every query for one that sees all keys.
fn multi_head_attention(
    node: &mut NodeProto,
    _: &Surroundings,
) -> Result<Option<NodeProto>, String> {
    if attribute(node, "unidirectional").is_some_and(|found| found.i != 0) {
        return Err("attention to earlier keys alone; write it out, with a mask".into());
    }
    Ok(None)
}

/// tract leaves a bias out.
fn without_bias(node: &mut NodeProto, _: &Surroundings) -> Result<Option<NodeProto>, String> {
    if node.input.get(3).is_some_and(|name| !name.is_empty()) {
        return Err("a bias; add it to what is skipped".into());
    }
    Ok(None)
}

/// tract has one order of the channels.
fn space_to_depth(node: &mut NodeProto, _: &Surroundings) -> Result<Option<NodeProto>, String> {
    match word(node, "mode") {
        None | Some("DCR") => Ok(None),
        Some(mode) => Err(format!("mode {mode:?}; write it out, or use DCR")),
    }
}

/// A type of levels that is stated is that of a zero beside the scale.
fn quantize_linear(node: &mut NodeProto, _: &Surroundings) -> Result<Option<NodeProto>, String> {
    let kind = attribute(node, "output_dtype").map_or(0, |kind| kind.i);
    let has_zero = node.input.get(2).is_some_and(|name| !name.is_empty());
    if kind == 0 || has_zero {
        return Ok(None);
    }
    let name = format!("{} zero", node.output.first().unwrap_or(&node.name));
    node.input.resize(3, String::new());
    if let Some(zero) = node.input.get_mut(2) {
        zero.clone_from(&name);
    }
    let zero = TensorProto {
        data_type: i32::try_from(kind).map_err(|error| error.to_string())?,
        int32_data: vec![0],
        ..Default::default()
    };
    Ok(Some(constant(name, zero)))
}
