//! A graph that is rewritten: what it was, and the nodes that take the place of its own.

use super::arithmetic::{Grid, Scaled};
use super::constants::{Constants, Quantisation};
use super::nodes::{floats, int, ints, levels, node, tensor};
use super::ops::{self, element};
use std::collections::{HashMap, HashSet};
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};

/// A quantised tensor by name.
#[derive(Clone, Debug)]
pub struct Operand {
    /// Its name.
    pub name: String,
    /// What its integers stand for.
    pub levels: Quantisation,
}

/// What is to become of an accumulator or a table: the levels of the result, and its name.
#[derive(Clone, Debug)]
pub struct Target {
    /// The name of the result.
    pub name: String,
    /// The levels, without those that an activation cuts off.
    pub levels: Scaled,
}

/// A graph that is rewritten.
pub struct Rewriter<'a> {
    /// What the graph holds.
    pub constants: Constants<'a>,
    graph: &'a GraphProto,
    producers: HashMap<&'a str, &'a NodeProto>,
    uses: HashMap<&'a str, usize>,
    /// The nodes so far.
    pub nodes: Vec<NodeProto>,
    /// The tensors that they take beside those of the graph.
    pub tensors: Vec<TensorProto>,
}

impl<'a> Rewriter<'a> {
    /// A graph without nodes; `folder` is where external data are.
    pub fn new(graph: &'a GraphProto, folder: Option<&'a str>) -> Self {
        let mut uses: HashMap<&str, usize> = HashMap::new();
        let inputs = graph.node.iter().flat_map(|node| &node.input);
        for name in inputs.chain(graph.output.iter().map(|output| &output.name)) {
            *uses.entry(name).or_default() += 1;
        }
        let outputs = graph.node.iter();
        let outputs = outputs.flat_map(|node| node.output.iter().map(move |name| (&**name, node)));
        Self {
            constants: Constants::of(graph, folder),
            graph,
            producers: outputs.collect(),
            uses,
            nodes: Vec::new(),
            tensors: Vec::new(),
        }
    }

    /// The node that computes a tensor.
    pub fn producer(&self, name: &str) -> Option<&'a NodeProto> {
        self.producers.get(name).copied()
    }

    /// Whether one node or output alone takes a tensor.
    pub fn is_used_once(&self, name: &str) -> bool {
        self.uses.get(name) == Some(&1)
    }

    /// Adds a node with one result.
    pub fn push(
        &mut self,
        operator: &str,
        inputs: &[&str],
        output: &str,
        attributes: Vec<AttributeProto>,
    ) {
        self.nodes.push(node(operator, inputs, output, attributes));
    }

    /// The integers of an operand less its zero, which is one for all; the name of the difference.
    ///
    /// Errors: the reason why there is none.
    pub fn centred(&mut self, operand: &Operand, to: &str) -> Result<String, String> {
        let zero = operand.levels.whole()?.grid.zero;
        let (name, zero_name) = (format!("{to}/{}", operand.name), format!("{to}/zero"));
        let of = if self.constants.holds(&operand.name) {
            let (shape, values) = self.constants.integers(&operand.name)?;
            let values = values.into_iter().map(element).collect();
            let of = format!("{name}/values");
            self.tensors.push(tensor(&of, &shape, values));
            of
        } else {
            operand.name.clone()
        };
        if zero == 0 {
            return Ok(of);
        }
        // Both operands of a product may be one tensor.
        let last = self.nodes.last().and_then(|node| node.output.first());
        if last == Some(&name) {
            return Ok(name);
        }
        let zero_name = format!("{zero_name} of {}", operand.name);
        self.tensors
            .push(tensor(&zero_name, &[], vec![element(zero)]));
        self.push("Sub", &[&of, &zero_name], &name, Vec::new());
        Ok(name)
    }

    /// Constant integers less their zeros, which belong to the indices of an axis; the name of the
    /// difference.
    ///
    /// Errors: the reason why there is none.
    pub fn weights(&mut self, operand: &Operand, axis: i64, to: &str) -> Result<String, String> {
        let (shape, values) = self.constants.integers(&operand.name)?;
        let zeros = &operand.levels.zeros;
        let channels = zeros.len();
        let after = if channels == 1 {
            1
        } else {
            let axis = ops::place(axis, shape.len()).map_err(|error| error.to_string())?;
            if shape[axis] != channels {
                let found = shape[axis];
                return Err(format!("{channels} scales for {found} channels"));
            }
            shape[axis + 1..].iter().product::<usize>()
        };
        let centred = { values.iter().enumerate() }
            .map(|(at, value)| element(value - zeros[at / after.max(1) % channels]));
        let name = format!("{to}/weights");
        self.tensors.push(tensor(&name, &shape, centred.collect()));
        Ok(name)
    }

    /// An accumulator as integers of the target.
    pub fn requantise(
        &mut self,
        sum: &str,
        multipliers: Vec<f32>,
        biases: Vec<i64>,
        axis: i64,
        target: &Target,
    ) -> Result<(), String> {
        let lens = [multipliers.len(), biases.len()];
        if !lens.contains(&1) && lens[0] != lens[1] {
            return Err(format!("{} scales for {} biases", lens[0], lens[1]));
        }
        if multipliers
            .iter()
            .any(|&factor| !(factor.is_finite() && factor > 0.0))
        {
            return Err("scales whose quotient is no positive number of single precision".into());
        }
        let Grid { zero, lo, hi } = target.levels.grid;
        let attributes = vec![
            ints("zeros", vec![zero; multipliers.len()]),
            floats("scales", multipliers),
            ints("ends", vec![lo, hi]),
            ints("biases", biases),
            int("axis", axis),
        ];
        self.push(ops::REQUANTISE, &[sum], &target.name, attributes);
        Ok(())
    }

    /// A function of one or two operands of bytes as a table.
    ///
    /// Errors: the reason why there is none.
    pub fn table(
        &mut self,
        operands: &[(&str, Grid)],
        function: impl Fn(&[i64]) -> i64,
        target: &Target,
    ) -> Result<(), String> {
        let mut arguments: Vec<Vec<i64>> = vec![Vec::new()];
        let (mut names, mut ends) = (Vec::new(), Vec::new());
        for (name, grid) in operands {
            if grid.hi - grid.lo > 255 {
                return Err("a function of integers of more than 8 bits".into());
            }
            let longer = |found: &Vec<i64>| {
                let found = found.clone();
                grid.all().map(move |value| [&found[..], &[value]].concat())
            };
            arguments = arguments.iter().flat_map(longer).collect();
            ends.extend([grid.lo, grid.hi]);
            names.push(self.levels_of(name, &target.name)?);
        }
        let Grid { lo, hi, .. } = target.levels.grid;
        let values = arguments.iter().map(|found| function(found).clamp(lo, hi));
        let attributes = vec![ints("arguments", ends), ints("values", values.collect())];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.push(ops::LOOKUP, &names, &target.name, attributes);
        Ok(())
    }

    /// The name of integers in single precision, whether computed or held by the graph.
    fn levels_of(&mut self, name: &str, to: &str) -> Result<String, String> {
        if !self.constants.holds(name) {
            return Ok(name.to_owned());
        }
        let (shape, values) = self.constants.integers(name)?;
        let of = format!("{to}/{name}");
        let values = values.into_iter().map(element).collect();
        self.tensors.push(tensor(&of, &shape, values));
        Ok(of)
    }

    /// Levels and an axis as attributes.
    pub fn attributes(of: &Quantisation, axis: i64) -> Vec<AttributeProto> {
        let mut attributes = levels("", of);
        attributes.push(int("axis", axis));
        attributes
    }

    /// The nodes that an output needs, and the tensors.
    pub fn finish(self) -> (Vec<NodeProto>, Vec<TensorProto>) {
        let mut needed: HashSet<String> = { self.graph.output.iter() }
            .map(|output| output.name.clone())
            .collect();
        let mut nodes = Vec::new();
        // Every node comes after those that it needs.
        for node in self.nodes.into_iter().rev() {
            if node.output.iter().any(|output| needed.contains(output)) {
                needed.extend(node.input.iter().cloned());
                for attribute in &node.attribute {
                    let graphs = attribute.g.iter().chain(&attribute.graphs);
                    let inner = graphs.flat_map(|graph| &graph.node);
                    needed.extend(inner.flat_map(|node| node.input.iter().cloned()));
                }
                nodes.push(node);
            }
        }
        nodes.reverse();
        (nodes, self.tensors)
    }
}
