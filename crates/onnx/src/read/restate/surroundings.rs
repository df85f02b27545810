//! What nodes see of the graph around them.

use super::{SINGLE, attribute};
use std::collections::HashMap;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

/// The number of integers of 64 bits among the types.
const LONG: i32 = 7;

/// What is known about the graph of a node.
pub struct Surroundings {
    /// The version of the standard's operators.
    pub version: i64,
    /// Reals that the graph holds, by name.
    pub reals: HashMap<String, Vec<f32>>,
    /// Integers that the graph holds, by name.
    pub integers: HashMap<String, Vec<i64>>,
}

impl Surroundings {
    /// What a graph holds, by some version of the standard.
    pub fn new(graph: &GraphProto, version: i64) -> Self {
        Self {
            version,
            reals: held(graph, reals, |node| {
                Some(attribute(node, "value_floats")?.floats.clone())
            }),
            integers: held(graph, integers, |node| {
                Some(attribute(node, "value_ints")?.ints.clone())
            }),
        }
    }
}

/// What nodes of a graph can look at: the numbers of tensors that it holds, and those that its constants state.
fn held<T>(
    graph: &GraphProto,
    values: fn(&TensorProto) -> Option<Vec<T>>,
    stated: fn(&NodeProto) -> Option<Vec<T>>,
) -> HashMap<String, Vec<T>> {
    let held = graph.initializer.iter();
    let held = held.filter_map(|tensor| Some((tensor.name.clone(), values(tensor)?)));
    let constants = graph.node.iter().filter(|node| node.op_type == "Constant");
    let made = constants.filter_map(|node| {
        let tensor = attribute(node, "value").and_then(|value| value.t.as_ref());
        let found = tensor.and_then(values).or_else(|| stated(node))?;
        Some((node.output.first()?.clone(), found))
    });
    held.chain(made).collect()
}

/// The values of a small tensor of single precision.
fn reals(tensor: &TensorProto) -> Option<Vec<f32>> {
    small(tensor, SINGLE, &tensor.float_data, f32::from_le_bytes)
}

/// The values of a small tensor of integers.
fn integers(tensor: &TensorProto) -> Option<Vec<i64>> {
    small(tensor, LONG, &tensor.int64_data, i64::from_le_bytes)
}

/// The values of a small tensor of a type of numbers of `N` bytes.
fn small<T: Copy, const N: usize>(
    tensor: &TensorProto,
    kind: i32,
    own: &[T],
    read: fn([u8; N]) -> T,
) -> Option<Vec<T>> {
    const MOST: usize = 64;
    let is_small = own.len() <= MOST && tensor.raw_data.len() <= N * MOST;
    if tensor.data_type != kind || !is_small {
        return None;
    }
    let (raw, _) = tensor.raw_data.as_chunks();
    let raw = raw.iter().map(|&bytes| read(bytes));
    let values: Vec<T> = own.iter().copied().chain(raw).collect();
    // Data in another file are not looked at.
    (!values.is_empty()).then_some(values)
}
