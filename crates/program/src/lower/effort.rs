//! What lowering costs in time and memory, bounded before it is spent.
//!
//! A program is small in a file and may be large in what it asks for: forty sums of a value and a view of it have
//! 2^40 terms, and a thousand tables take less room than one line of text each. The bounds are far above what a model
//! needs, and far below what hurts whoever reads a key.

use super::Expression;
use crate::error::OperatorError;
use crate::formula::Table;
use crate::operator::Operator;

/// The most terms of expressions that are rearranged, over all nodes and outputs.
const MAX_TERMS: u64 = 1 << 21;

/// The most numbers in the constants that lowering makes.
const MAX_NUMBERS: u64 = 1 << 26;

/// The most instructions that are evaluated to make tables.
const MAX_INSTRUCTIONS: u64 = 1 << 28;

/// Terms that are compared with one another in the time that it takes to rearrange one.
const COMPARED: u64 = 64;

/// What was spent so far.
#[derive(Debug, Default)]
pub(super) struct Effort {
    terms: u64,
    numbers: u64,
    instructions: u64,
}

impl Effort {
    /// A node on expressions: each term goes through every step of a view, and terms of sums are compared.
    ///
    /// Errors: [`OperatorError::Effort`], as for all of these.
    pub fn node(
        &mut self,
        operator: &Operator<usize>,
        inputs: &[&Expression],
    ) -> Result<(), OperatorError> {
        let terms = { inputs.iter() }.fold(0u64, |sum, input| sum.saturating_add(terms(input)));
        let steps = match operator {
            Operator::View(view) => wide(view.steps.len()),
            _ => 0,
        };
        self.rearrange(terms, steps)
    }

    /// An output that is stated to be an expression: its terms are copied and compared once more.
    pub fn output(&mut self, value: &Expression) -> Result<(), OperatorError> {
        self.rearrange(terms(value), 0)
    }

    fn rearrange(&mut self, terms: u64, steps: u64) -> Result<(), OperatorError> {
        let rearranged = terms.saturating_mul(steps.saturating_add(1));
        let compared = terms.saturating_mul(terms) / COMPARED;
        let cost = rearranged.saturating_add(compared);
        spend(&mut self.terms, cost, MAX_TERMS, "terms of expressions")
    }

    /// A constant of some numbers.
    pub fn numbers(&mut self, count: usize) -> Result<(), OperatorError> {
        let what = "numbers in constants";
        spend(&mut self.numbers, wide(count), MAX_NUMBERS, what)
    }

    /// A table, which must be well formed.
    pub fn table(&mut self, table: &Table) -> Result<(), OperatorError> {
        let entries = table.arguments.hi.abs_diff(table.arguments.lo);
        let instructions = wide(table.formula.instructions.len());
        let cost = entries.saturating_add(1).saturating_mul(instructions);
        let what = "instructions to make tables";
        spend(&mut self.instructions, cost, MAX_INSTRUCTIONS, what)
    }
}

/// The terms of an expression, those of its einsums' operands included.
fn terms(expression: &Expression) -> u64 {
    let products = expression.products.iter().fold(0usize, |sum, einsum| {
        let operands = einsum.a.terms().len() + einsum.b.terms().len();
        sum.saturating_add(operands).saturating_add(1)
    });
    wide(expression.linear.terms().len().saturating_add(products))
}

fn spend(spent: &mut u64, cost: u64, most: u64, what: &'static str) -> Result<(), OperatorError> {
    *spent = spent.saturating_add(cost);
    if *spent > most {
        let found = *spent;
        return Err(OperatorError::Effort { what, most, found });
    }
    Ok(())
}

fn wide(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;
    use crate::error::ProgramError;
    use crate::formula::{self, Formula};
    use crate::lower::Lowered;
    use crate::operator::{Concatenate, Contract, Function, Iota, Step, Sum, View};
    use crate::program::{Input, Node, Output, Program, ValueId, Visibility};
    use relation::Interval;

    const SIZE: usize = 100;

    /// A program whose nodes all read values before them, by number.
    fn program(nodes: Vec<(Operator<usize>, Vec<usize>)>) -> Program<usize> {
        let id = |node| ValueId { node, output: 0 };
        let last = nodes.len() - 1;
        let node = |(at, (operator, inputs)): (usize, (Operator<usize>, Vec<usize>))| Node {
            name: format!("node {at}"),
            operator,
            inputs: inputs.into_iter().map(id).collect(),
        };
        Program {
            symbols: Vec::new(),
            inputs: vec![Input {
                name: "x".into(),
                shape: vec![SIZE],
                interval: Interval::new(0, 0),
                encoding: Encoding::Fixed(0),
                visibility: Visibility::Private,
            }],
            parameters: Vec::new(),
            nodes: nodes.into_iter().enumerate().map(node).collect(),
            outputs: vec![Output {
                name: "y".into(),
                value: id(last),
                encoding: Encoding::Fixed(0),
                visibility: Visibility::Private,
            }],
        }
    }

    /// What there is too much of.
    fn refused(program: &Program<usize>) -> Option<&'static str> {
        match Lowered::new(program) {
            Ok(_) => None,
            Err(ProgramError::Operator {
                reason: OperatorError::Effort { what, most, found },
                ..
            }) => {
                assert!(found > most);
                Some(what)
            }
            Err(error) => panic!("expected too much effort, found {error}"),
        }
    }

    fn sum() -> Operator<usize> {
        let coefficients = vec![1, 1];
        Operator::Sum(Sum {
            coefficients,
            constant: 0,
        })
    }

    fn elementwise() -> Operator<usize> {
        let (a_labels, b_labels) = (vec![0], vec![0]);
        Operator::Contract(Contract {
            rank: 1,
            a_labels,
            b_labels,
        })
    }

    fn view(steps: Vec<Step<usize>>) -> Operator<usize> {
        Operator::View(View { steps })
    }

    /// Sums of a value and that value turned by some places: twice the terms in every round.
    fn turned(rounds: usize) -> Program<usize> {
        let slice = |start, len| Step::Slice {
            axis: 0,
            start,
            len,
            step: 1,
        };
        let mut nodes = vec![(Operator::Input(0), Vec::new())];
        for places in 1..=rounds {
            let x = nodes.len() - 1;
            nodes.push((view(vec![slice(0, places)]), vec![x]));
            nodes.push((view(vec![slice(places, SIZE - places)]), vec![x]));
            nodes.push((Concatenate { axis: 0 }.into(), vec![x + 2, x + 1]));
            nodes.push((sum(), vec![x, x + 3]));
        }
        program(nodes)
    }

    /// Sums of a product and itself: twice the einsums in every round.
    fn squared(rounds: usize) -> Program<usize> {
        let mut nodes = vec![
            (Operator::Input(0), Vec::new()),
            (elementwise(), vec![0, 0]),
        ];
        for _ in 0..rounds {
            nodes.push((sum(), vec![nodes.len() - 1; 2]));
        }
        program(nodes)
    }

    /// Numbers that no file holds.
    fn counted(constants: usize) -> Program<usize> {
        let iota = || Operator::Iota(Iota { len: 1 << 24 });
        let mut nodes = vec![(Operator::Input(0), Vec::new())];
        nodes.extend((0..constants).map(|_| (iota(), Vec::new())));
        program(nodes)
    }

    /// Tables that differ, of long formulas.
    fn tabulated(tables: i32) -> Program<usize> {
        let mut nodes = vec![(Operator::Input(0), Vec::new())];
        for value_bits in 0..tables {
            let apply = formula::Instruction::Apply(formula::Function::Negate);
            let mut instructions = vec![formula::Instruction::Variable];
            instructions.extend([apply; 255]);
            let table = Table {
                formula: Formula { instructions },
                argument_bits: 0,
                value_bits,
                arguments: Interval::new(0, (1 << 16) - 1),
                values: Interval::new(-8, 7),
            };
            let function = Function {
                shift: 0,
                table,
                below: 0,
                above: 0,
            };
            nodes.push((function.into(), vec![0]));
        }
        program(nodes)
    }

    /// A product of long sums that comes out many times.
    fn repeated(outputs: usize, visibility: Visibility) -> Program<usize> {
        let nodes = vec![
            (Operator::Input(0), Vec::new()),
            (Concatenate { axis: 0 }.into(), vec![0; 1000]),
            (elementwise(), vec![1, 1]),
        ];
        let mut program = program(nodes);
        let output = program.outputs.remove(0);
        let names = (0..outputs).map(|at| at.to_string());
        program.outputs = names
            .map(|name| Output {
                name,
                visibility,
                ..output.clone()
            })
            .collect();
        program
    }

    #[test]
    fn programs_that_cost_too_much_to_lower_are_refused_by_what_they_ask_for() {
        for (small, large, what) in [
            (turned(3), turned(60), "terms of expressions"),
            (squared(3), squared(60), "terms of expressions"),
            (counted(1), counted(1000), "numbers in constants"),
            (tabulated(1), tabulated(20), "instructions to make tables"),
        ] {
            assert_eq!(refused(&small), None, "{what}");
            assert_eq!(refused(&large), Some(what));
        }
    }

    #[test]
    fn outputs_are_charged_like_nodes_unless_nothing_is_stated_about_them() {
        let many = |visibility| refused(&repeated(100, visibility));
        for visibility in [Visibility::Public, Visibility::Sealed] {
            assert_eq!(refused(&repeated(1, visibility)), None);
            assert_eq!(many(visibility), Some("terms of expressions"));
        }
        assert_eq!(many(Visibility::Private), None);
    }
}
