//! Runs a program.

use super::{Array, Recorder};
use crate::error::ProgramError;
use crate::fact::Fact;
use crate::lower::{Lowered, Place, Request};
use crate::operator::{Operator, input};
use crate::program::{Node, Program, lookup};
use relation::{Assignment, Interval, Tensor};
use std::sync::Arc;

/// The outputs of a program, without a witness.
///
/// `parameters` has one tensor for each of [`Program::parameters`], `inputs` one for each input.
/// Errors: [`ProgramError`] if a tensor has another shape or leaves its interval.
pub fn outputs(
    program: &Program<usize>,
    inputs: &[Tensor],
    parameters: &[Arc<Tensor>],
) -> Result<Vec<Tensor>, ProgramError> {
    let facts = program.infer()?;
    let mut run = Run::new(program, &facts, inputs, parameters)?;
    run.all(&[], &mut [])?;
    run.outputs()
}

/// The outputs of a program, and values for every column and public tensor of its system.
///
/// Errors: as [`outputs`].
pub fn assign(
    program: &Program<usize>,
    lowered: &Lowered,
    inputs: &[Tensor],
    parameters: &[Arc<Tensor>],
) -> Result<(Vec<Tensor>, Assignment), ProgramError> {
    let mut columns: Vec<Tensor> = { lowered.system.columns().iter() }
        .map(|column| Tensor {
            shape: column.shape.clone(),
            data: relation::Data::I8(Vec::new()),
        })
        .collect();
    let mut run = Run::new(program, &lowered.facts, inputs, parameters)?;
    run.all(&lowered.requests, &mut columns)?;
    let outputs = run.outputs()?;
    let value = |place: Place| match place {
        Place::Input(at) => inputs[at].clone(),
        Place::Parameter(at) => Tensor::clone(&parameters[at]),
        Place::Output(at) => outputs[at].clone(),
    };
    for &(place, column) in &lowered.columns {
        columns[column.0] = value(place);
    }
    let statement = lowered
        .statement
        .iter()
        .map(|&place| value(place))
        .collect();
    let mut assignment = Assignment { columns, statement };
    // Counts of lookups are filled in by the prover.
    for (column, tensor) in lowered.system.columns().iter().zip(&mut assignment.columns) {
        if column.role == relation::Role::Multiplicity {
            *tensor = Tensor::scalar(0);
        }
    }
    Ok((outputs, assignment))
}

struct Run<'a> {
    program: &'a Program<usize>,
    facts: &'a [Vec<Fact>],
    inputs: &'a [Tensor],
    parameters: &'a [Arc<Tensor>],
    /// The last node that uses the results of each node.
    last_use: Vec<usize>,
    values: Vec<Vec<Array>>,
}

impl<'a> Run<'a> {
    fn new(
        program: &'a Program<usize>,
        facts: &'a [Vec<Fact>],
        inputs: &'a [Tensor],
        parameters: &'a [Arc<Tensor>],
    ) -> Result<Self, ProgramError> {
        let count = |what, expected, found| {
            if expected == found {
                return Ok(());
            }
            Err(ProgramError::Count {
                what,
                expected,
                found,
            })
        };
        count("inputs", program.inputs.len(), inputs.len())?;
        count("parameters", program.parameters.len(), parameters.len())?;
        for (input, tensor) in program.inputs.iter().zip(inputs) {
            check(&input.name, &input.shape, input.interval, tensor)?;
        }
        for (parameter, tensor) in program.parameters.iter().zip(parameters) {
            check(
                &parameter.name,
                &parameter.shape,
                parameter.interval,
                tensor,
            )?;
        }
        let mut last_use = vec![0; program.nodes.len()];
        for (at, node) in program.nodes.iter().enumerate() {
            for input in &node.inputs {
                last_use[input.node] = at;
            }
        }
        for output in &program.outputs {
            last_use[output.value.node] = usize::MAX;
        }
        Ok(Self {
            program,
            facts,
            inputs,
            parameters,
            last_use,
            values: Vec::with_capacity(program.nodes.len()),
        })
    }

    fn all(
        &mut self,
        requests: &[Vec<Request>],
        columns: &mut [Tensor],
    ) -> Result<(), ProgramError> {
        for (at, node) in self.program.nodes.iter().enumerate() {
            let requests = requests.get(at).map_or(&[][..], Vec::as_slice);
            let results = self.node(at, node, Recorder::new(requests, columns))?;
            self.values.push(results);
            for input in &node.inputs {
                if self.last_use[input.node] <= at {
                    self.values[input.node] = Vec::new();
                }
            }
        }
        Ok(())
    }

    fn node(
        &self,
        at: usize,
        node: &Node<usize>,
        mut recorder: Recorder<'_>,
    ) -> Result<Vec<Array>, ProgramError> {
        let refused = |reason| ProgramError::Operator {
            node: node.name.clone(),
            reason,
        };
        match &node.operator {
            Operator::Input(at) => {
                let array = Array::from(self.inputs[*at].clone());
                let own = &self.program.inputs[*at];
                input::record(&array, own.interval, own.visibility, &mut recorder)
                    .map_err(refused)?;
                Ok(vec![array])
            }
            Operator::Parameter(parameter) => Ok(vec![self.parameters[*parameter].clone().into()]),
            operator => {
                let inputs: Result<Vec<&Array>, _> = { node.inputs.iter() }
                    .map(|&value| lookup(&self.values, value, &node.name))
                    .collect();
                let Some(operator) = operator.operate() else {
                    return Ok(Vec::new());
                };
                operator
                    .execute(&inputs?, &self.facts[at], &mut recorder)
                    .map_err(refused)
            }
        }
    }

    fn outputs(&self) -> Result<Vec<Tensor>, ProgramError> {
        let tensor = |output: &crate::Output| {
            lookup(&self.values, output.value, &output.name).map(Array::to_tensor)
        };
        self.program.outputs.iter().map(tensor).collect()
    }
}

/// That a tensor has its shape and lies in its interval.
///
/// Errors: [`ProgramError::Shape`], [`ProgramError::Value`].
pub(crate) fn check(
    name: &str,
    shape: &[usize],
    interval: Interval,
    tensor: &Tensor,
) -> Result<(), ProgramError> {
    if tensor.shape != shape {
        return Err(ProgramError::Shape {
            name: name.to_owned(),
            expected: shape.to_vec(),
            found: tensor.shape.clone(),
        });
    }
    let found = tensor.interval();
    let outside = [found.lo, found.hi]
        .into_iter()
        .find(|&value| !interval.contains(value));
    outside.map_or(Ok(()), |found| {
        Err(ProgramError::Value {
            name: name.to_owned(),
            expected: interval,
            found,
        })
    })
}
