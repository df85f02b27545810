//! Programs that are lowered, executed, proven in zero knowledge, and verified.

use std::sync::Arc;

use argument::description::Description;
use argument::opening::{Commitment, Committed};
use argument::parameters::Parameters;
use argument::profile::Goldilocks2;
use argument::proof::Proof;
use argument::prove::{Reused, commit, prove};
use argument::reject::Reject;
use argument::stack::GroupKind;
use argument::verify::{Statement, verify};
use program::execute::assign;
use program::formula::{self, Formula, Table};
use program::operator::{
    AtLeastZero, Constant, Contract, Function, Rescale, Select, Split, Step, Sum, View,
};
use program::{
    Dim, Encoding, Input, Interval, Lowered, Node, Operator, Output, Parameter, Program, Tensor,
    ValueId, Visibility,
};
use relation::Assignment;

type Description2 = Description<Goldilocks2>;

/// A program under construction.
struct Graph<D> {
    program: Program<D>,
}

impl<D: Clone> Graph<D> {
    fn new(symbols: &[&str]) -> Self {
        let symbols = symbols.iter().map(|&name| name.to_owned()).collect();
        Self {
            program: Program {
                symbols,
                inputs: Vec::new(),
                parameters: Vec::new(),
                nodes: Vec::new(),
                outputs: Vec::new(),
            },
        }
    }

    /// Adds a node; its first result is returned.
    fn node(&mut self, name: &str, operator: impl Into<Operator<D>>, from: &[ValueId]) -> ValueId {
        self.program.nodes.push(Node {
            name: name.to_owned(),
            operator: operator.into(),
            inputs: from.to_vec(),
        });
        ValueId {
            node: self.program.nodes.len() - 1,
            output: 0,
        }
    }

    fn private_input(&mut self, shape: &[D], interval: Interval) -> ValueId {
        let at = self.program.inputs.len();
        self.program.inputs.push(Input {
            name: format!("input {at}"),
            shape: shape.to_vec(),
            interval,
            encoding: Encoding::Fixed(0),
            visibility: Visibility::Private,
        });
        self.node("input", Operator::Input(at), &[])
    }

    fn private_parameter(&mut self, name: &str, shape: &[usize]) -> ValueId {
        let at = self.program.parameters.len();
        self.program.parameters.push(Parameter {
            name: name.to_owned(),
            shape: shape.to_vec(),
            interval: Interval::new(-128, 127),
            visibility: Visibility::Private,
            value: None,
        });
        self.node(name, Operator::Parameter(at), &[])
    }

    fn public_output(&mut self, value: ValueId) {
        self.program.outputs.push(Output {
            name: format!("output {}", self.program.outputs.len()),
            value,
            encoding: Encoding::Fixed(0),
            visibility: Visibility::Public,
        });
    }
}

/// `a b^T`, both two-dimensional.
fn product() -> Contract {
    Contract {
        rank: 2,
        a_labels: vec![0, 2],
        b_labels: vec![1, 2],
    }
}

fn plus() -> Sum {
    Sum {
        coefficients: vec![1, 1],
        constant: 0,
    }
}

/// A sigmoid from 4 to 8 fraction bits.
fn sigmoid(shift: u32) -> Function {
    Function {
        shift,
        table: Table {
            formula: Formula::of(formula::Function::Sigmoid),
            argument_bits: 4,
            value_bits: 8,
            arguments: Interval::new(-96, 95),
            values: Interval::new(0, 255),
        },
        below: 0,
        above: 0,
    }
}

/// `sigmoid(w2 relu(w1 x + b1))` for a batch of any size.
fn perceptron() -> Program<Dim> {
    let mut graph = Graph::new(&["batch"]);
    let batch = || Dim::Symbol(0);
    let x = graph.private_input(&[batch(), 6.into()], Interval::new(-128, 127));
    let w1 = graph.private_parameter("w1", &[8, 6]);
    let b1 = graph.private_parameter("b1", &[8]);
    let w2 = graph.private_parameter("w2", &[3, 8]);
    let steps = vec![
        Step::InsertAxis(0),
        Step::Broadcast {
            axis: 0,
            size: batch(),
        },
    ];
    let bias = graph.node("bias", Operator::View(View { steps }), &[b1]);
    let first = graph.node("first", product(), &[x, w1]);
    let sum = graph.node("sum", plus(), &[first, bias]);
    let split = Split {
        shift: 6,
        interval: Some(Interval::new(-2047, 2047)),
    };
    let relu = graph.node("relu", split, &[sum]);
    let second = graph.node("second", product(), &[relu, w2]);
    let result = graph.node("sigmoid", sigmoid(9), &[second]);
    graph.public_output(result);
    graph.program
}

/// Fixed numbers between -128 and 127.
fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let len: usize = shape.iter().product();
    let number =
        |at: usize| i64::try_from((at * 73 + seed * 41 + at * at * 7) % 256).unwrap_or(0) - 128;
    Tensor::from_i64s(shape.to_vec(), (0..len).map(number).collect()).expect("a tensor")
}

fn parameters<D>(program: &Program<D>) -> Vec<Arc<Tensor>> {
    let tensor = |(at, parameter): (usize, &Parameter)| Arc::new(numbers(&parameter.shape, at));
    program.parameters.iter().enumerate().map(tensor).collect()
}

fn describe(lowered: &Lowered, log_len: Option<usize>) -> Description2 {
    let model_proofs = usize::from(!lowered.columns.is_empty()) * 3;
    let parameters = Parameters {
        model_proofs,
        log_len,
        ..Parameters::default()
    };
    Description::new(lowered.system.clone(), parameters).expect("a description")
}

/// Proves with a commitment to the model, if there is one; the proof, as bytes.
fn prove_with(
    description: &Description2,
    assignment: &mut Assignment,
    model: Option<&mut (Commitment<Goldilocks2>, Committed<Goldilocks2>)>,
) -> Vec<u8> {
    let (mut commitments, mut reused) = (Vec::new(), Vec::new());
    if let Some((commitment, committed)) = model {
        commitments.push(commitment.clone());
        let permit = committed.permit().expect("the budget is not spent");
        reused.push(Reused { committed, permit });
    }
    { prove(description, assignment, &commitments, reused) }
        .expect("a proof")
        .encode()
}

fn verify_with(
    description: &Description2,
    publics: &[Tensor],
    commitments: &[Commitment<Goldilocks2>],
    proof: &[u8],
) -> Result<(), Reject> {
    let statement = Statement {
        publics,
        commitments,
    };
    verify(description, &statement, &Proof::decode(proof, description)?)
}

/// Each public tensor with its last value increased or decreased.
fn changed(statement: &[Tensor]) -> impl Iterator<Item = Vec<Tensor>> {
    (0..statement.len()).flat_map(move |at| {
        [-1, 1].map(|change| {
            let mut changed = statement.to_vec();
            let mut values = changed[at].to_i64s();
            if let Some(last) = values.last_mut() {
                *last += change;
            }
            changed[at] = Tensor::from_i64s(changed[at].shape.clone(), values).expect("a tensor");
            changed
        })
    })
}

#[test]
fn one_commitment_to_a_model_serves_batches_of_any_size() {
    let program = perceptron();
    let values = parameters(&program);
    let bound = |batch: usize| {
        let program = program.bind(&[batch]).expect("a bound program");
        let lowered = Lowered::new(&program).expect("a system");
        (program, lowered)
    };
    // The larger batch needs the longer polynomials; the model's are as long in every proof.
    let log_len = describe(&bound(5).1, None).stack().log_len;
    let mut model = None;
    for batch in [1, 5] {
        let (program, lowered) = bound(batch);
        let description = describe(&lowered, Some(log_len));
        let input = numbers(&[batch, 6], 9);
        let (outputs, mut assignment) =
            assign(&program, &lowered, &[input], &values).expect("a witness");
        assert_eq!(outputs, assignment.statement);
        let found = outputs[0].interval();
        assert!(found.lo < found.hi, "the outputs differ: {outputs:?}");
        if model.is_none() {
            let committed = commit(&description, GroupKind::Model, &assignment.columns);
            model = Some(committed.expect("a commitment"));
        }
        let proof = prove_with(&description, &mut assignment, model.as_mut());
        let commitments = [model.as_ref().expect("a commitment").0.clone()];
        let check = |publics: &[Tensor]| verify_with(&description, publics, &commitments, &proof);
        assert_eq!(check(&outputs), Ok(()), "batch {batch}");
        for changed in changed(&outputs) {
            assert!(check(&changed).is_err(), "batch {batch}: {changed:?}");
        }
    }
}

/// All kinds of relations that operators declare, with values whose products leave the field's range.
fn every_operator() -> Program<usize> {
    let mut graph = Graph::new(&[]);
    let wide = (1i64 << 40) - 1;
    let x = graph.private_input(&[4], Interval::new(-wide - 1, wide));
    let offset = Constant {
        value: Tensor::from_i64s(vec![4], vec![5, -wide, 0, 1 << 20]).expect("a tensor"),
    };
    let offset = graph.node("offset", offset, &[]);
    let moved = graph.node("moved", plus(), &[x, offset]);
    let split = Split {
        shift: 1,
        interval: None,
    };
    let positive = graph.node("split", split, &[moved]);
    let negative = ValueId {
        output: 1,
        ..positive
    };
    let bit = graph.node("compare", AtLeastZero, &[x]);
    let either = graph.node("select", Select, &[bit, positive, negative]);
    let lines = Function {
        below: -3,
        above: 2,
        ..sigmoid(4)
    };
    let function = graph.node("lines", lines, &[either]);
    let rescale = Rescale {
        shift: 30,
        interval: None,
    };
    let rounded = graph.node("rescale", rescale, &[moved]);
    let pairs = Contract {
        rank: 2,
        a_labels: vec![0],
        b_labels: vec![1],
    };
    let pairs = graph.node("pairs", pairs, &[rounded, rounded]);
    for value in [positive, negative, bit, either, function, pairs] {
        graph.public_output(value);
    }
    graph.program
}

#[test]
fn every_operator_is_proven_and_no_other_result_is() {
    let program = every_operator();
    let lowered = Lowered::new(&program).expect("a system");
    let description = describe(&lowered, None);
    let wide = (1i64 << 40) - 1;
    for values in [[-wide - 1, wide, 0, -1], [3, -5, wide, -wide]] {
        let input = Tensor::from_i64s(vec![4], values.to_vec()).expect("a tensor");
        let (outputs, mut assignment) =
            assign(&program, &lowered, &[input], &[]).expect("a witness");
        let proof = prove_with(&description, &mut assignment, None);
        let check = |publics: &[Tensor]| verify_with(&description, publics, &[], &proof);
        assert_eq!(check(&outputs), Ok(()), "{values:?}");
        for changed in changed(&outputs) {
            assert!(check(&changed).is_err(), "{values:?}: {changed:?}");
        }
    }
}
