//! Programs: inputs, parameters, nodes, outputs.

use crate::dim::Dim;
use crate::encoding::Encoding;
use crate::error::{OperatorError, ProgramError};
use crate::fact::Fact;
use crate::operator::Operator;
use relation::{Interval, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Who sees a tensor that crosses the boundary of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Visibility {
    /// The verifier sees the value.
    Public,
    /// Nobody but the prover sees the value.
    Private,
    /// The verifier sees a hiding commitment that outlives the proof.
    Sealed,
}

/// One result of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ValueId {
    /// The node: its position in [`Program::nodes`].
    pub node: usize,
    /// Which of its results.
    pub output: usize,
}

/// An operator applied to values that come before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node<D> {
    /// A name for messages.
    pub name: String,
    /// What is computed.
    pub operator: Operator<D>,
    /// From what.
    pub inputs: Vec<ValueId>,
}

/// A tensor that each proof is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input<D> {
    /// The name of the graph's input.
    pub name: String,
    /// Size of each axis.
    pub shape: Vec<D>,
    /// Where its integers lie; a key says it.
    pub interval: Interval,
    /// What the integers stand for.
    pub encoding: Encoding,
    /// Who sees it.
    pub visibility: Visibility,
}

/// A tensor that is fixed with the key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// A name for messages.
    pub name: String,
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// Where its integers lie; its width is a power of two, so that it says little about them.
    pub interval: Interval,
    /// Who sees it.
    pub visibility: Visibility,
    /// The value, if it is public.
    pub value: Option<Tensor>,
}

/// A result of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The name of the graph's output.
    pub name: String,
    /// The value.
    pub value: ValueId,
    /// What the integers stand for.
    pub encoding: Encoding,
    /// Who sees it.
    pub visibility: Visibility,
}

/// An integer program; `D` is [`Dim`] while its symbols are open and `usize` when they are bound.
///
/// Nodes come in the order of their execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program<D> {
    /// Names of the symbols that sizes depend on.
    pub symbols: Vec<String>,
    /// What each proof is about.
    pub inputs: Vec<Input<D>>,
    /// What is fixed with the key.
    pub parameters: Vec<Parameter>,
    /// The operators.
    pub nodes: Vec<Node<D>>,
    /// The results.
    pub outputs: Vec<Output>,
}

impl Program<Dim> {
    /// The program for some values of its symbols.
    ///
    /// Errors: [`ProgramError::Symbols`], [`ProgramError::Dim`].
    pub fn bind(&self, symbols: &[usize]) -> Result<Program<usize>, ProgramError> {
        if symbols.len() != self.symbols.len() {
            return Err(ProgramError::Symbols {
                expected: self.symbols.clone(),
                found: symbols.len(),
            });
        }
        let place = |place: &str| {
            let place = place.to_owned();
            move |reason| ProgramError::Dim { place, reason }
        };
        let input = |input: &Input<Dim>| {
            let shape: Result<Vec<usize>, _> = { input.shape.iter() }
                .map(|dim| dim.bind(symbols))
                .collect();
            Ok(Input {
                name: input.name.clone(),
                shape: shape.map_err(place(&input.name))?,
                interval: input.interval,
                encoding: input.encoding,
                visibility: input.visibility,
            })
        };
        let node = |node: &Node<Dim>| {
            Ok(Node {
                name: node.name.clone(),
                operator: node.operator.bind(symbols).map_err(place(&node.name))?,
                inputs: node.inputs.clone(),
            })
        };
        let inputs: Result<Vec<_>, ProgramError> = self.inputs.iter().map(input).collect();
        let nodes: Result<Vec<_>, ProgramError> = self.nodes.iter().map(node).collect();
        Ok(Program {
            symbols: self.symbols.clone(),
            inputs: inputs?,
            parameters: self.parameters.clone(),
            nodes: nodes?,
            outputs: self.outputs.clone(),
        })
    }
}

impl Program<usize> {
    /// Shape and interval of every result of every node.
    ///
    /// Errors: [`ProgramError`]; a program for which this succeeds is well formed.
    pub fn infer(&self) -> Result<Vec<Vec<Fact>>, ProgramError> {
        self.check_unique()?;
        let mut facts: Vec<Vec<Fact>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let found = self.infer_node(node, &facts)?;
            facts.push(found);
        }
        for output in &self.outputs {
            lookup(&facts, output.value, &output.name)?;
        }
        Ok(facts)
    }

    /// That inputs and outputs can be told apart by name, and that no input and no parameter has two nodes.
    ///
    /// Each node of an input gets a tensor of its own, which nothing ties to another's: with two of them a proof
    /// could use two values for one input.
    fn check_unique(&self) -> Result<(), ProgramError> {
        let twice = |what, name: &String| ProgramError::Twice {
            what,
            name: name.clone(),
        };
        let mut inputs = BTreeSet::new();
        if let Some(input) = { self.inputs.iter() }.find(|input| !inputs.insert(&input.name)) {
            return Err(twice("input", &input.name));
        }
        let mut outputs = BTreeSet::new();
        if let Some(output) = { self.outputs.iter() }.find(|output| !outputs.insert(&output.name)) {
            return Err(twice("output", &output.name));
        }
        let mut sources = BTreeSet::new();
        for node in &self.nodes {
            let (what, source) = match node.operator {
                Operator::Input(at) => ("node of an input", (true, at)),
                Operator::Parameter(at) => ("node of a parameter", (false, at)),
                _ => continue,
            };
            if !sources.insert(source) {
                return Err(twice(what, &node.name));
            }
        }
        Ok(())
    }

    /// Shape and interval of the results of one node, from those of the nodes before it.
    ///
    /// Errors: [`ProgramError`].
    pub fn infer_node(
        &self,
        node: &Node<usize>,
        facts: &[Vec<Fact>],
    ) -> Result<Vec<Fact>, ProgramError> {
        let refused = |reason: OperatorError| ProgramError::Operator {
            node: node.name.clone(),
            reason,
        };
        let unknown = |what, found, count| ProgramError::Unknown {
            place: node.name.clone(),
            what,
            found,
            count,
        };
        let source = |shape: &[usize], interval: Interval| {
            Fact::new(shape.to_vec(), Some(interval.into())).map(|fact| vec![fact])
        };
        match &node.operator {
            Operator::Input(at) => {
                let count = self.inputs.len();
                let input = { self.inputs.get(*at) }.ok_or_else(|| unknown("input", *at, count))?;
                source(&input.shape, input.interval).map_err(refused)
            }
            Operator::Parameter(at) => {
                let count = self.parameters.len();
                let parameter = self.parameters.get(*at);
                let parameter = parameter.ok_or_else(|| unknown("parameter", *at, count))?;
                source(&parameter.shape, parameter.interval).map_err(refused)
            }
            operator => {
                let inputs: Result<Vec<&Fact>, _> = { node.inputs.iter() }
                    .map(|&value| lookup(facts, value, &node.name))
                    .collect();
                operator.infer(&inputs?).map_err(refused)
            }
        }
    }
}

/// What is known about a value that is used at `place`.
pub(crate) fn lookup<'a, T>(
    results: &'a [Vec<T>],
    value: ValueId,
    place: &str,
) -> Result<&'a T, ProgramError> {
    let unknown = |what, found, count| ProgramError::Unknown {
        place: place.to_owned(),
        what,
        found,
        count,
    };
    let node = results.get(value.node);
    let node = node.ok_or_else(|| unknown("node", value.node, results.len()))?;
    { node.get(value.output) }.ok_or_else(|| unknown("result", value.output, node.len()))
}
