//! Programs around one operator, and their witnesses.

use crate::encoding::Encoding;
use crate::execute::assign;
use crate::fact::Fact;
use crate::lower::Lowered;
use crate::operator::Operator;
use crate::program::{Input, Node, Output, Program, ValueId, Visibility};
use relation::interval::MODULUS;
use relation::{Assignment, Interval, Role, Tensor};

/// Inputs, and operators applied to them.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// A name for messages.
    pub name: String,
    /// Shape and interval of each input; node `i` is input `i`.
    pub inputs: Vec<(Vec<usize>, Interval)>,
    /// The operators; the outputs are the results of the last one.
    pub nodes: Vec<(Operator<usize>, Vec<ValueId>)>,
}

/// A program with its system, the values of everything, and the results.
pub(crate) struct Run {
    pub lowered: Lowered,
    pub assignment: Assignment,
    pub outputs: Vec<Tensor>,
    /// What was inferred about the outputs.
    pub facts: Vec<Fact>,
}

impl Case {
    /// One operator on inputs.
    pub(crate) fn new(
        name: &str,
        operator: impl Into<Operator<usize>>,
        inputs: &[(&[usize], i64, i64)],
    ) -> Self {
        let input =
            |&(shape, lo, hi): &(&[usize], i64, i64)| (shape.to_vec(), Interval::new(lo, hi));
        let from = (0..inputs.len()).map(|node| ValueId { node, output: 0 });
        Self {
            name: name.to_owned(),
            inputs: inputs.iter().map(input).collect(),
            nodes: vec![(operator.into(), from.collect())],
        }
    }

    /// One more operator, on results `(node, output)` of those before.
    pub(crate) fn then(
        mut self,
        operator: impl Into<Operator<usize>>,
        from: &[(usize, usize)],
    ) -> Self {
        let from = { from.iter() }.map(|&(node, output)| ValueId { node, output });
        self.nodes.push((operator.into(), from.collect()));
        self
    }

    /// The program, with these visibilities of inputs and outputs.
    pub(crate) fn program(&self, inputs: Visibility, outputs: Visibility) -> Program<usize> {
        let input = |(at, (shape, interval)): (usize, &(Vec<usize>, Interval))| Input {
            name: format!("input {at}"),
            shape: shape.clone(),
            interval: *interval,
            encoding: Encoding::Fixed(0),
            visibility: inputs,
        };
        let source = |at: usize| Node {
            name: format!("input {at}"),
            operator: Operator::Input(at),
            inputs: Vec::new(),
        };
        let node = |(at, (operator, from)): (usize, &(Operator<usize>, Vec<ValueId>))| Node {
            name: format!("{}{at}", operator.name()),
            operator: operator.clone(),
            inputs: from.clone(),
        };
        let mut program = Program {
            symbols: Vec::new(),
            inputs: self.inputs.iter().enumerate().map(input).collect(),
            parameters: Vec::new(),
            nodes: { (0..self.inputs.len()).map(source) }
                .chain(self.nodes.iter().enumerate().map(node))
                .collect(),
            outputs: Vec::new(),
        };
        let facts = program.infer();
        let facts = facts.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let last = facts.len() - 1;
        let output = |output| Output {
            name: format!("output {output}"),
            value: ValueId { node: last, output },
            encoding: Encoding::Fixed(0),
            visibility: outputs,
        };
        program.outputs = (0..facts[last].len()).map(output).collect();
        program
    }

    /// The program, lowered.
    pub(crate) fn lower(&self, program: &Program<usize>) -> Lowered {
        Lowered::new(program).unwrap_or_else(|error| panic!("{}: {error}", self.name))
    }

    /// Everything, for one value of each input.
    pub(crate) fn run(&self, inputs: Visibility, outputs: Visibility, values: &[Tensor]) -> Run {
        let program = self.program(inputs, outputs);
        let lowered = self.lower(&program);
        self.fill(&program, lowered, values)
    }

    /// As [`Case::run`], for a program that was lowered before.
    pub(crate) fn fill(
        &self,
        program: &Program<usize>,
        lowered: Lowered,
        values: &[Tensor],
    ) -> Run {
        let (outputs, assignment) = assign(program, &lowered, values, &[])
            .unwrap_or_else(|error| panic!("{}: {error}", self.name));
        Run {
            facts: lowered.facts.last().cloned().unwrap_or_default(),
            lowered,
            assignment,
            outputs,
        }
    }

    /// Values of the inputs: element `index` of input `at`, in `interval`, by `value`.
    pub(crate) fn values(
        &self,
        mut value: impl FnMut(usize, usize, Interval) -> i64,
    ) -> Vec<Tensor> {
        let tensor = |(at, (shape, interval)): (usize, &(Vec<usize>, Interval))| {
            let len = shape.iter().product();
            let values = (0..len).map(|index| value(at, index, *interval)).collect();
            Tensor::from_i64s(shape.clone(), values).expect("a tensor")
        };
        self.inputs.iter().enumerate().map(tensor).collect()
    }
}

impl Run {
    /// Whether the system accepts the values, with honest counts of lookups.
    pub(crate) fn accepted(&mut self) -> bool {
        self.lowered
            .system
            .multiplicities(&mut self.assignment)
            .is_ok()
            && self.lowered.system.check(&self.assignment).is_ok()
    }

    /// The columns that a prover is free to choose, by number.
    pub(crate) fn witness(&self) -> Vec<usize> {
        let columns = self.lowered.system.columns().iter().enumerate();
        let own = columns.filter(|(_, column)| column.role == Role::Witness);
        own.map(|(at, _)| at).collect()
    }

    /// The column whose name ends like this.
    pub(crate) fn column(&self, name: &str) -> usize {
        let found = self.find(name);
        found.unwrap_or_else(|| panic!("no column {name}"))
    }

    /// The column whose name ends like this, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        let columns = self.lowered.system.columns();
        { columns.iter() }.position(|column| column.name.ends_with(name))
    }

    /// Where a column lies.
    pub(crate) fn interval(&self, column: usize) -> Interval {
        self.lowered.system.columns()[column].interval
    }

    /// The first value of a column.
    pub(crate) fn get(&self, column: usize) -> i64 {
        self.assignment.columns[column].get(0)
    }

    /// Replaces one value of a column.
    pub(crate) fn set(&mut self, column: usize, index: usize, value: i64) {
        let tensor = &mut self.assignment.columns[column];
        let mut values = tensor.to_i64s();
        values[index] = value;
        *tensor = Tensor::from_i64s(tensor.shape.clone(), values).expect("a tensor");
    }
}

/// A fixed sequence of numbers.
pub(crate) struct Random(pub u64);

impl Random {
    /// The next number of an interval.
    pub(crate) fn within(&mut self, interval: Interval) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let mixed = (self.0 ^ (self.0 >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let width = i128::from(interval.hi) - i128::from(interval.lo) + 1;
        let offset = i128::from(mixed >> 1) % width;
        i64::try_from(i128::from(interval.lo) + offset).expect("in the interval")
    }
}

/// `numerator / denominator` in the field, as the integer of least magnitude.
pub(crate) fn quotient_in_the_field(numerator: i64, denominator: i64) -> i64 {
    let residue = |value: i128| value.rem_euclid(MODULUS);
    let multiply = |a: i128, b: i128| {
        let product =
            u128::try_from(a).expect("not negative") * u128::try_from(b).expect("not negative");
        i128::try_from(product % MODULUS.unsigned_abs()).expect("below the modulus")
    };
    // The inverse by Fermat's little theorem.
    let (mut inverse, mut power, mut exponent) = (1, residue(denominator.into()), MODULUS - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            inverse = multiply(inverse, power);
        }
        power = multiply(power, power);
        exponent >>= 1;
    }
    let value = multiply(residue(numerator.into()), inverse);
    let least = if value > MODULUS / 2 {
        value - MODULUS
    } else {
        value
    };
    i64::try_from(least).expect("half the modulus fits")
}

#[test]
fn quotients_in_the_field_are_quotients() {
    assert_eq!(quotient_in_the_field(-12, 4), -3);
    let third = quotient_in_the_field(1, 3);
    assert_eq!((i128::from(third) * 3 - 1) % MODULUS, 0);
}
