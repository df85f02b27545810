//! The system of a bound program, and what of the program its columns and public tensors are.

use super::limbs::{best_limb_bits, sizes};
use super::{Cost, Expression, Lowering, Request};
use crate::error::{OperatorError, ProgramError};
use crate::fact::{Fact, standard, width};
use crate::operator::{Operator, input};
use crate::program::{Node, Program, Visibility, lookup};
use relation::{ColumnId, Role, System, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What of the program a public tensor of a statement, or a column of a sealed group, is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An input, by number.
    Input(usize),
    /// A parameter, by number.
    Parameter(usize),
    /// An output, by number.
    Output(usize),
}

/// A bound program as a system.
#[derive(Clone, Debug)]
pub struct Lowered {
    /// The relations.
    pub system: Arc<System>,
    /// What is known about the results of each node.
    pub facts: Vec<Vec<Fact>>,
    /// The columns that each node's witness goes to.
    pub requests: Vec<Vec<Request>>,
    /// What each node costs.
    pub costs: Vec<Cost>,
    /// The public tensors of a statement, in order.
    pub statement: Vec<Place>,
    /// The column of each private parameter and of each sealed tensor.
    pub columns: Vec<(Place, ColumnId)>,
    /// The sealed groups, in order: one for each sealed tensor.
    pub sealed: Vec<Place>,
}

impl Lowered {
    /// Lowers a program.
    ///
    /// Depends on the program alone: prover and verifier arrive at the same system.
    /// Errors: [`ProgramError`].
    pub fn new(program: &Program<usize>) -> Result<Self, ProgramError> {
        let facts = program.infer()?;
        let guess = guess_limb_bits(&facts);
        // How many values need how many bits does not depend on how they are cut.
        let draft = Walk::new(program, &facts, guess).run()?;
        let demand = &draft.lowering.demand;
        let best = best_limb_bits(demand);
        let cut = |most| move |&bits: &u32| sizes(bits, most);
        let walk = if { demand.keys().map(cut(best)) }.eq(demand.keys().map(cut(guess))) {
            draft
        } else {
            let mut walk = Walk::new(program, &facts, best);
            walk.lowering.computed = draft.lowering.computed;
            walk.run()?
        };
        Ok(Self {
            system: Arc::new(walk.lowering.builder.build()?),
            requests: walk.requests,
            costs: walk.costs,
            statement: walk.statement,
            columns: walk.columns,
            sealed: walk.sealed,
            facts,
        })
    }
}

/// What the most bits of a limb may be: those that are best if each value takes as many bits as its interval, and
/// operators three times as many in passing. A guess that is wrong costs a second walk.
fn guess_limb_bits(facts: &[Vec<Fact>]) -> u32 {
    let mut demand = BTreeMap::new();
    for fact in facts.iter().flatten() {
        let Ok(standard) = standard(fact.interval) else {
            continue;
        };
        let values: usize = fact.shape.iter().product();
        let values = u64::try_from(values).unwrap_or(u64::MAX);
        let entry: &mut u64 = demand.entry(width(standard)).or_default();
        *entry = entry.saturating_add(values.saturating_mul(4));
    }
    best_limb_bits(&demand)
}

/// Visits the nodes of a program in order.
struct Walk<'a> {
    program: &'a Program<usize>,
    facts: &'a [Vec<Fact>],
    lowering: Lowering,
    requests: Vec<Vec<Request>>,
    costs: Vec<Cost>,
    statement: Vec<Place>,
    columns: Vec<(Place, ColumnId)>,
    sealed: Vec<Place>,
}

impl<'a> Walk<'a> {
    fn new(program: &'a Program<usize>, facts: &'a [Vec<Fact>], limb_bits: u32) -> Self {
        Self {
            program,
            facts,
            lowering: Lowering::new(limb_bits),
            requests: Vec::new(),
            costs: Vec::new(),
            statement: Vec::new(),
            columns: Vec::new(),
            sealed: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Self, ProgramError> {
        let mut values: Vec<Vec<Expression>> = Vec::with_capacity(self.program.nodes.len());
        for (node, facts) in self.program.nodes.iter().zip(self.facts) {
            self.lowering.node.clone_from(&node.name);
            let inputs: Result<Vec<&Expression>, _> = { node.inputs.iter() }
                .map(|&value| lookup(&values, value, &node.name))
                .collect();
            let results = self.node(node, &inputs?, facts);
            values.push(results.map_err(|reason| ProgramError::Operator {
                node: node.name.clone(),
                reason,
            })?);
            self.requests
                .push(std::mem::take(&mut self.lowering.requests));
            self.costs.push(std::mem::take(&mut self.lowering.cost));
        }
        for (at, output) in self.program.outputs.iter().enumerate() {
            self.lowering.node.clone_from(&output.name);
            let value = lookup(&values, output.value, &output.name)?;
            { self.output(at, value) }.map_err(|reason| ProgramError::Operator {
                node: output.name.clone(),
                reason,
            })?;
        }
        Ok(self)
    }

    fn node(
        &mut self,
        node: &Node<usize>,
        inputs: &[&Expression],
        facts: &[Fact],
    ) -> Result<Vec<Expression>, OperatorError> {
        self.lowering.effort.node(&node.operator, inputs)?;
        let linear = |fact: &Fact, linear| vec![Expression::linear(fact.clone(), linear)];
        match (&node.operator, facts) {
            (Operator::Input(at), [fact]) => Ok(linear(fact, self.input(*at, fact)?)),
            (Operator::Parameter(at), [fact]) => Ok(linear(fact, self.parameter(*at, fact)?)),
            (operator, facts) => match operator.operate() {
                Some(operator) => operator.relate(inputs, facts, &mut self.lowering),
                None => Ok(Vec::new()),
            },
        }
    }

    fn input(&mut self, at: usize, fact: &Fact) -> Result<relation::Combination, OperatorError> {
        let input = &self.program.inputs[at];
        match input.visibility {
            Visibility::Public => {
                self.statement.push(Place::Input(at));
                Ok({
                    self.lowering
                        .public(&input.name, &fact.shape, fact.interval)?
                }
                .into())
            }
            Visibility::Private => {
                let shown = standard(fact.interval)?;
                let value = self.lowering.witness("input", &fact.shape, shown)?;
                input::relate(&value, fact.interval, &mut self.lowering)?;
                Ok(value)
            }
            Visibility::Sealed => {
                let value = self.seal(Place::Input(at), &input.name, fact)?;
                input::relate(&value, fact.interval, &mut self.lowering)?;
                Ok(value)
            }
        }
    }

    fn parameter(
        &mut self,
        at: usize,
        fact: &Fact,
    ) -> Result<relation::Combination, OperatorError> {
        let parameter = &self.program.parameters[at];
        let builder = &mut self.lowering.builder;
        match (parameter.visibility, &parameter.value) {
            (Visibility::Public, Some(value)) => {
                let value = Value::Constant(value.clone());
                let id = builder.public(&parameter.name, &fact.shape, fact.interval, value);
                Ok(builder.public_view(id)?.into())
            }
            (Visibility::Public, None) => Err(OperatorError::Attribute {
                name: "value",
                expected: "the value of a public parameter",
                found: "none".into(),
            }),
            (Visibility::Private, _) => {
                let role = Role::Parameter;
                let column = builder.column(&parameter.name, &fact.shape, role, fact.interval);
                self.columns.push((Place::Parameter(at), column));
                Ok(builder.view(column)?.into())
            }
            (Visibility::Sealed, _) => self.seal(Place::Parameter(at), &parameter.name, fact),
        }
    }

    fn seal(
        &mut self,
        place: Place,
        name: &str,
        fact: &Fact,
    ) -> Result<relation::Combination, OperatorError> {
        let role = Role::Sealed(self.sealed.len());
        let builder = &mut self.lowering.builder;
        // A certificate shows standard intervals, which say little about the values.
        let column = builder.column(name, &fact.shape, role, standard(fact.interval)?);
        self.columns.push((place, column));
        self.sealed.push(place);
        Ok(builder.view(column)?.into())
    }

    fn output(&mut self, at: usize, value: &Expression) -> Result<(), OperatorError> {
        let output = &self.program.outputs[at];
        let fact = &value.fact;
        if output.visibility != Visibility::Private {
            self.lowering.effort.output(value)?;
        }
        match output.visibility {
            Visibility::Private => Ok(()),
            Visibility::Public => {
                self.statement.push(Place::Output(at));
                let public = self
                    .lowering
                    .public(&output.name, &fact.shape, fact.interval)?;
                self.lowering.equal("output", public.into(), value)
            }
            Visibility::Sealed => {
                let sealed = self.seal(Place::Output(at), &output.name, fact)?;
                self.lowering.equal("output", sealed, value)
            }
        }
    }
}
