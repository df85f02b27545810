//! Checks of a decoded message before tract interprets it.

use super::limits::Limits;
use crate::error::ModelError;
use std::collections::{BTreeMap, BTreeSet};
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};
use tract_onnx::pb::{tensor_shape_proto::dimension::Value, type_proto};

/// Marks tensors whose data are in another file.
const EXTERNAL: i32 = 1;

/// Checks every tensor and every size that a model states, in subgraphs too.
///
/// Errors: [`ModelError::Tensor`], [`ModelError::External`].
pub fn check(model: &ModelProto, limits: &Limits) -> Result<(), ModelError> {
    model
        .graph
        .as_ref()
        .map_or(Ok(()), |graph| check_graph(graph, limits))
}

fn check_graph(graph: &GraphProto, limits: &Limits) -> Result<(), ModelError> {
    let mut numbers: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for tensor in &graph.initializer {
        check_tensor(tensor, limits)?;
        numbers.insert(&tensor.name, integers(tensor));
    }
    for info in graph.input.iter().chain(&graph.output) {
        let value = info.r#type.as_ref().and_then(|found| found.value.as_ref());
        if let Some(type_proto::Value::TensorType(tensor)) = value
            && let Some(shape) = &tensor.shape
        {
            let known = |dim: &tract_onnx::pb::tensor_shape_proto::Dimension| match dim.value {
                Some(Value::DimValue(size)) => size,
                _ => 1,
            };
            let shape: Vec<i64> = shape.dim.iter().map(known).collect();
            check_shape(&info.name, &shape, limits)?;
        }
    }
    for node in &graph.node {
        for attribute in &node.attribute {
            for tensor in attribute.t.iter().chain(&attribute.tensors) {
                check_tensor(tensor, limits)?;
                if node.op_type == "Constant"
                    && let Some(output) = node.output.first()
                {
                    numbers.insert(output, integers(tensor));
                }
            }
            for graph in attribute.g.iter().chain(&attribute.graphs) {
                check_graph(graph, limits)?;
            }
        }
        check_made(node, &numbers, limits)?;
    }
    Ok(())
}

/// Checks the shapes that operators take as data: a few bytes could ask for any amount of memory.
fn check_made(
    node: &NodeProto,
    numbers: &BTreeMap<&str, Vec<i64>>,
    limits: &Limits,
) -> Result<(), ModelError> {
    let at = match node.op_type.as_str() {
        "ConstantOfShape" => 0,
        "Expand" | "Tile" | "Pad" | "OneHot" | "Reshape" | "EyeLike" => 1,
        "Upsample" | "Resize" | "Range" => {
            for input in &node.input {
                if let Some(values) = numbers.get(input.as_str()) {
                    let sizes: Vec<i64> = values.iter().map(|value| value.abs().max(1)).collect();
                    check_shape(&node.name, &sizes, limits)?;
                }
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    let values = node
        .input
        .get(at)
        .and_then(|input| numbers.get(input.as_str()));
    values.map_or(Ok(()), |values| {
        let sizes: Vec<i64> = values
            .iter()
            .map(|value| value.saturating_abs().max(1))
            .collect();
        check_shape(&node.name, &sizes, limits)
    })
}

/// The values of a tensor of 64-bit integers, if there are few.
fn integers(tensor: &TensorProto) -> Vec<i64> {
    const MOST: usize = 64;
    if tensor.data_type != 7 || tensor.raw_data.len() > 8 * MOST || tensor.int64_data.len() > MOST {
        return Vec::new();
    }
    let raw = tensor.raw_data.chunks_exact(8);
    let raw = raw.map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap_or_default()));
    tensor.int64_data.iter().copied().chain(raw).collect()
}

fn check_tensor(tensor: &TensorProto, limits: &Limits) -> Result<(), ModelError> {
    if tensor.data_location == Some(EXTERNAL) && !limits.external_data {
        return Err(ModelError::External {
            name: tensor.name.clone(),
        });
    }
    check_shape(&tensor.name, &tensor.dims, limits)
}

fn check_shape(name: &str, shape: &[i64], limits: &Limits) -> Result<(), ModelError> {
    let len = shape.iter().try_fold(1u64, |len, &size| {
        let len = len.checked_mul(u64::try_from(size).ok()?.max(1))?;
        (len <= limits.elements).then_some(len)
    });
    if len.is_some() {
        return Ok(());
    }
    Err(ModelError::Tensor {
        name: name.to_owned(),
        shape: shape.to_vec(),
        limit: limits.elements,
    })
}

/// The name of a node; one without goes by that of its result.
pub fn name(node: &NodeProto) -> &str {
    let mut names = [&node.name].into_iter().chain(&node.output);
    names.find(|name| !name.is_empty()).map_or("", |name| name)
}

/// Names of the initialisers that have axes and one element: parameters that happen to be single.
pub fn single(model: &ModelProto) -> BTreeSet<String> {
    let graph = model.graph.iter();
    let initialisers = graph.flat_map(|graph| &graph.initializer);
    initialisers
        .filter(|tensor| !tensor.dims.is_empty() && tensor.dims.iter().all(|&size| size == 1))
        .map(|tensor| tensor.name.clone())
        .collect()
}

/// What the inputs' symbolic sizes are called in the file.
pub fn sizes(model: &ModelProto) -> BTreeSet<String> {
    let inputs = model.graph.iter().flat_map(|graph| &graph.input);
    let types = inputs.filter_map(|info| info.r#type.as_ref()?.value.as_ref());
    let shapes = types.filter_map(|value| {
        let type_proto::Value::TensorType(tensor) = value;
        tensor.shape.as_ref()
    });
    let names = shapes.flat_map(|shape| &shape.dim);
    let names = names.filter_map(|dim| match &dim.value {
        Some(Value::DimParam(name)) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}
