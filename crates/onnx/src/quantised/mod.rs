//! Quantised models: integers with a scale and a zero, proven as ONNX Runtime computes them.
//!
//! A graph is rewritten before tract reads it: tract has types and kernels of its own for quantised
//! tensors, which round differently. Integers become elements of single precision, which holds all of them;
//! `QLinear` operators, and real operators between `DequantizeLinear` and `QuantizeLinear`, become
//! sums of products without rounding, and one of the operators of [`ops`] that rounds. These have a
//! family in `lower`, like any other.
//!
//! What a rounded accumulator or a sum of two tensors becomes is computed here, in
//! [`arithmetic`], for every integer that can occur: thresholds and tables are parameters of the integer
//! program, so nothing in a key or a proof depends on floating point.

pub mod arithmetic;
mod constants;
mod dynamic;
mod fuse;
mod graph;
mod kernels;
mod nodes;
pub mod ops;
mod register;

use crate::error::Unsupported;
pub use constants::Quantisation;
use graph::{Operand, Rewriter, Target};
use kernels::{Elementwise, Made};
pub use register::register;
use std::collections::HashMap;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, ModelProto, NodeProto, type_proto};

/// Operators whose rounding depends on data, or is not that of one rounded accumulator.
const REFUSED: &[(&str, &str)] = &[
    (
        "DynamicQuantizeMatMul",
        "the scale depends on the data of each run; quantise statically",
    ),
    (
        "QLinearAveragePool",
        "it adds reals of single precision, in an order of its own; use the QDQ form",
    ),
    (
        "QLinearReduceMean",
        "it adds reals of single precision, in an order of its own; use the QDQ form",
    ),
    (
        "QLinearSigmoid",
        "its table is made by an approximation of its own; use the QDQ form",
    ),
    (
        "QLinearSoftmax",
        "its table is made by an approximation of its own; use the QDQ form",
    ),
];

/// Rewrites a model with quantised operators; others stay as they are.
///
/// Errors: the nodes that are not supported.
pub fn rewrite(model: &mut ModelProto, folder: Option<&str>) -> Result<(), Vec<Unsupported>> {
    let Some(graph) = &mut model.graph else {
        return Ok(());
    };
    if !graph.node.iter().any(|node| is_quantised(&node.op_type)) {
        return Ok(());
    }
    name_integers(graph);
    let mut rewriter = Rewriter::new(graph, folder);
    let mut refused = Vec::new();
    for node in &graph.node {
        if let Err(reason) = rewriter.node(node) {
            refused.push(Unsupported {
                node: crate::read::name(node).to_owned(),
                operator: node.op_type.clone(),
                reason,
            });
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let (nodes, tensors) = rewriter.finish();
    graph.node = nodes;
    graph.initializer.extend(tensors);
    Ok(())
}

fn is_quantised(operator: &str) -> bool {
    let rounds = [
        "QuantizeLinear",
        "DequantizeLinear",
        "ConvInteger",
        "MatMulInteger",
        "QGemm",
        dynamic::OPERATOR,
    ];
    rounds.contains(&operator)
        || operator.starts_with("QLinear")
        || REFUSED.iter().any(|(name, _)| *name == operator)
}

/// Puts a cast to single precision behind each input of bytes, which all nodes take instead.
fn name_integers(graph: &mut GraphProto) {
    const BYTES: [DataType; 4] = [
        DataType::Uint8,
        DataType::Int8,
        DataType::Uint16,
        DataType::Int16,
    ];
    let mut names: HashMap<String, String> = HashMap::new();
    for input in &graph.input {
        let value = input.r#type.as_ref().and_then(|found| found.value.as_ref());
        if let Some(type_proto::Value::TensorType(tensor)) = value
            && BYTES.iter().any(|&kind| kind as i32 == tensor.elem_type)
            && !graph.initializer.iter().any(|held| held.name == input.name)
        {
            names.insert(input.name.clone(), format!("{}/integers", input.name));
        }
    }
    for node in &mut graph.node {
        for input in &mut node.input {
            if let Some(name) = names.get(input) {
                input.clone_from(name);
            }
        }
    }
    let casts = names.into_iter().map(|(from, to)| {
        let single = nodes::int("to", DataType::Float as i64);
        nodes::node("Cast", &[&from], &to, vec![single])
    });
    graph.node.splice(0..0, casts);
}

impl Rewriter<'_> {
    /// Adds what takes the place of a node.
    ///
    /// Errors: the reason why it is not supported.
    fn node(&mut self, node: &NodeProto) -> Made {
        let input = |at: usize| node.input.get(at).map_or("", String::as_str);
        let axis = kernels::attribute(node, "axis").unwrap_or(1);
        if let Some((_, reason)) = REFUSED.iter().find(|(name, _)| *name == node.op_type) {
            return Err((*reason).to_owned());
        }
        match &*node.op_type {
            "QuantizeLinear" | "DequantizeLinear" => {
                if kernels::attribute(node, "block_size").is_some_and(|size| size != 0) {
                    return Err("a scale for each block of elements".into());
                }
                if node.op_type == "DequantizeLinear"
                    && let Some(made) = self.dynamic_reals(node)
                {
                    return made;
                }
                let levels = self
                    .constants
                    .quantisation(input(1), node.input.get(2).map(|s| &**s))?;
                let output = &node.output[0];
                let attributes = Self::attributes(&levels, axis);
                if node.op_type == "DequantizeLinear" {
                    self.push(ops::DEQUANTISE, &[input(0)], output, attributes);
                    return Ok(());
                }
                if let Ok(levels) = levels.whole() {
                    let name = output.clone();
                    if let Some(made) = self.fuse(input(0), &Target { name, levels }) {
                        return made;
                    }
                }
                self.push(ops::QUANTISE, &[input(0)], output, attributes);
                Ok(())
            }
            "ConvInteger" | "MatMulInteger" => {
                let mut bare = |at: usize| match self.less_its_zero(node, at, at + 2) {
                    Some(operand) => Ok(operand),
                    None => self.bare(node, at, at + 2),
                };
                let both = [bare(0)?, bare(1)?];
                let both = [&both[0], &both[1]];
                if node.op_type == "ConvInteger" {
                    self.convolution_sum(&node.attribute, both, &node.output[0])
                } else {
                    self.matrix_sum(both, &node.output[0])
                }
            }
            dynamic::OPERATOR => self.dynamic(node),
            operator if operator == "QGemm" || operator.starts_with("QLinear") => {
                self.kernel_node(node)
            }
            _ => {
                self.nodes.push(node.clone());
                Ok(())
            }
        }
    }

    /// A node that is a kernel.
    fn kernel_node(&mut self, node: &NodeProto) -> Made {
        let own = &node.attribute;
        let target = |rewriter: &Self, at: usize| {
            let levels = rewriter.operand(node, at - 1)?.levels.whole()?;
            let name = node.output[0].clone();
            Ok::<_, String>(Target { name, levels })
        };
        let bias = |at: usize| node.input.get(at).map(String::as_str);
        match &*node.op_type {
            "QLinearConv" => {
                let (x, w) = (self.operand(node, 0)?, self.operand(node, 3)?);
                let target = target(self, 6)?;
                self.convolution(own, [&x, &w], bias(8), &target)
            }
            "QLinearMatMul" => {
                let (a, b) = (self.operand(node, 0)?, self.operand(node, 3)?);
                let target = target(self, 6)?;
                self.matrix_product([&a, &b], &target)
            }
            "QGemm" => {
                let (a, b) = (self.operand(node, 0)?, self.operand(node, 3)?);
                if node.input.len() < 8 {
                    return Err("a result without levels; give a scale and a zero".into());
                }
                let target = target(self, 7)?;
                self.general_product(own, [&a, &b], bias(6), &target)
            }
            "QLinearAdd" | "QLinearMul" => {
                let (a, b) = (self.operand(node, 0)?, self.operand(node, 3)?);
                let target = target(self, 6)?;
                let how = if node.op_type == "QLinearAdd" {
                    Elementwise::Add
                } else {
                    Elementwise::Multiply
                };
                self.elementwise(how, [&a, &b], &target)
            }
            "QLinearGlobalAveragePool" => {
                if kernels::attribute(node, "channels_last").is_some_and(|last| last != 0) {
                    return Err("channels in the last axis".into());
                }
                let x = self.operand(node, 0)?;
                let target = target(self, 3)?;
                self.global_average(&x, &target)
            }
            "QLinearConcat" => {
                let parts = (2..node.input.len()).step_by(3);
                let parts: Result<Vec<Operand>, String> =
                    parts.map(|at| self.operand(node, at)).collect();
                let target = Target {
                    name: node.output[0].clone(),
                    levels: (self.constants)
                        .quantisation(&node.input[0], bias(1))?
                        .whole()?,
                };
                self.concatenate(own, &parts?, &target)
            }
            _ => Err("there is no integer program for the operator; use the QDQ form".into()),
        }
    }

    /// An input with its scale and zero behind it.
    fn operand(&self, node: &NodeProto, at: usize) -> Result<Operand, String> {
        let input = |at: usize| node.input.get(at).map_or("", String::as_str);
        let zero = Some(input(at + 2));
        let levels = self.constants.quantisation(input(at + 1), zero)?;
        if !levels.is_bytes() {
            return Err("a kernel for integers of more than 8 bits; use the QDQ form".into());
        }
        let name = input(at).to_owned();
        Ok(Operand { name, levels })
    }

    /// An input with a zero and no scale.
    fn bare(&self, node: &NodeProto, at: usize, zero: usize) -> Result<Operand, String> {
        let name = node.input.get(at).cloned().unwrap_or_default();
        let zeros = match node.input.get(zero).filter(|name| !name.is_empty()) {
            None => vec![0],
            Some(zero) => self.constants.integers(zero)?.1,
        };
        Ok(without_scale(name, zeros))
    }
}

/// Integers with zeros and no scale.
fn without_scale(name: String, zeros: Vec<i64>) -> Operand {
    let levels = Quantisation {
        scales: vec![1.0; zeros.len()],
        zeros,
        ends: [0, 0],
        signed_bytes: false,
    };
    Operand { name, levels }
}
