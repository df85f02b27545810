//! The probabilities of the next token, proven: rows of a private table by private indices, a softmax over
//! the last axis, and the most probable token.

use std::error::Error;
use std::sync::Arc;

use argument::description::Description;
use argument::parameters::Parameters;
use argument::profile::Goldilocks2;
use argument::proof::Proof;
use argument::prove::{Reused, commit, prove};
use argument::stack::GroupKind;
use argument::verify::{Statement, verify};
use program::formula::{self, Formula, Instruction, Table};
use program::operator::{Divide, Extreme, Function, Gather, Step, Sum, View};
use program::{
    Dim, Encoding, Input, Interval, Lowered, Node, Operator, Output, Parameter, Program, Tensor,
    ValueId, Visibility, execute,
};

/// Tokens, and scores in a row.
const TOKENS: usize = 8;
const SCORES: usize = 5;
/// Fraction bits of the scores and of the probabilities.
const SCORE_BITS: i32 = 8;
const BITS: i32 = 16;

/// `exp(-x)`, at least the smallest number there is, so that a sum of these is positive.
fn decay() -> Table {
    let apply = [formula::Function::Negate, formula::Function::Exp].map(Instruction::Apply);
    Table {
        formula: Formula {
            instructions: [vec![Instruction::Variable], apply.to_vec()].concat(),
        },
        argument_bits: SCORE_BITS,
        value_bits: BITS,
        arguments: Interval::new(0, 4095),
        values: Interval::new(1, 1 << BITS),
    }
}

/// The program for sequences of any length.
fn model() -> Program<Dim> {
    let value = |node, output| ValueId { node, output };
    let view = |steps| Operator::View(View { steps });
    let exp = Function {
        shift: 0,
        table: decay(),
        below: 0,
        above: 0,
    };
    let rows = Extreme {
        axis: 1,
        last: false,
    };
    let times_one = Sum {
        coefficients: vec![1 << BITS],
        constant: 0,
    };
    let share = Divide {
        interval: Some(Interval::new(0, 1 << BITS)),
    };
    let size = SCORES.into();
    let total = vec![
        Step::Sum(1),
        Step::InsertAxis(1),
        Step::Broadcast { axis: 1, size },
    ];
    let nodes: Vec<(&str, Operator<Dim>, Vec<ValueId>)> = vec![
        ("tokens", Operator::Input(0), Vec::new()),
        ("table", Operator::Parameter(0), Vec::new()),
        ("scores", Gather.into(), vec![value(1, 0), value(0, 0)]),
        ("best", rows.into(), vec![value(2, 0)]),
        ("exp", exp.into(), vec![value(3, 2)]),
        ("total", view(total), vec![value(4, 0)]),
        ("numerator", times_one.into(), vec![value(4, 0)]),
        ("share", share.into(), vec![value(6, 0), value(5, 0)]),
    ];
    let node = |(name, operator, inputs): (&str, Operator<Dim>, Vec<ValueId>)| Node {
        name: name.into(),
        operator,
        inputs,
    };
    let output = |name: &str, value, bits| Output {
        name: name.into(),
        value,
        encoding: Encoding::Fixed(bits),
        visibility: Visibility::Public,
    };
    Program {
        symbols: vec!["sequence".into()],
        inputs: vec![Input {
            name: "tokens".into(),
            shape: vec![Dim::Symbol(0)],
            interval: Interval::new(0, 7),
            encoding: Encoding::Fixed(0),
            visibility: Visibility::Private,
        }],
        parameters: vec![Parameter {
            name: "table".into(),
            shape: vec![TOKENS, SCORES],
            interval: Interval::new(-4096, 4095),
            visibility: Visibility::Private,
            value: None,
        }],
        nodes: nodes.into_iter().map(node).collect(),
        outputs: vec![
            output("probabilities", value(7, 0), BITS),
            output("best", value(3, 1), 0),
        ],
    }
}

/// Scores: a row of ties, a row of extremes, and others in between.
fn table() -> Result<Tensor, relation::TensorError> {
    let mut values: Vec<i64> = (0..40)
        .map(|at: i64| (at * at * 37) % 1999 - 1000)
        .collect();
    values[..5].copy_from_slice(&[7, 700, 700, -9, 700]);
    values[5..10].copy_from_slice(&[-4096, 4095, -4096, -4096, 4094]);
    Tensor::from_i64s(vec![TOKENS, SCORES], values)
}

#[test]
fn executed_probabilities_are_those_of_the_real_softmax() -> Result<(), Box<dyn Error>> {
    let program = model().bind(&[TOKENS])?;
    let tokens = Tensor::from_i64s(vec![TOKENS], (0..8).collect())?;
    let outputs = execute::outputs(&program, &[tokens], &[Arc::new(table()?)])?;
    let scores = table()?.to_i64s();
    for (row, found) in scores
        .chunks(SCORES)
        .zip(outputs[0].to_i64s().chunks(SCORES))
    {
        let exp: Vec<f64> = { row.iter() }
            .map(|&score| (f64::from(i32::try_from(score).unwrap_or(0)) / 256.0).exp())
            .collect();
        let total: f64 = exp.iter().sum();
        for (exp, &found) in exp.iter().zip(found) {
            let found = f64::from(i32::try_from(found)?) / 65536.0;
            assert!((exp / total - found).abs() < 1e-4, "{row:?}: {found}");
        }
    }
    assert_eq!(outputs[1].to_i64s()[..2], [1, 1]);
    Ok(())
}

#[test]
fn a_softmax_is_proven_for_sequences_of_any_length() -> Result<(), Box<dyn Error>> {
    let parameters = Arc::new(table()?);
    for sequence in [vec![3], vec![0, 1, 7]] {
        let program = model().bind(&[sequence.len()])?;
        let lowered = Lowered::new(&program)?;
        let tokens = Tensor::from_i64s(vec![sequence.len()], sequence)?;
        let parameters = [Arc::clone(&parameters)];
        let (outputs, mut assignment) =
            execute::assign(&program, &lowered, &[tokens], &parameters)?;
        let few = Parameters {
            model_proofs: 2,
            ..Parameters::default()
        };
        let description = Description::<Goldilocks2>::new(lowered.system, few)?;
        let (model, mut committed) = commit(&description, GroupKind::Model, &assignment.columns)?;
        let permit = committed.permit()?;
        let reused = vec![Reused {
            committed: &committed,
            permit,
        }];
        let commitments = [model];
        let proof = prove(&description, &mut assignment, &commitments, reused)?;
        let proof = Proof::decode(&proof.encode(), &description)?;
        let verdict = |publics: &[Tensor]| {
            let statement = Statement {
                publics,
                commitments: &commitments,
            };
            verify(&description, &statement, &proof)
        };
        assert_eq!(assignment.statement, outputs);
        verdict(&outputs)?;
        for at in 0..outputs.len() {
            let mut changed = outputs.clone();
            let mut values = outputs[at].to_i64s();
            values[0] = (values[0] + 1) % 4;
            changed[at] = Tensor::from_i64s(outputs[at].shape.clone(), values)?;
            assert!(verdict(&changed).is_err(), "output {at} changed");
        }
    }
    Ok(())
}
