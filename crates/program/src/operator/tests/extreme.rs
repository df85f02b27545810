//! Maxima and where they are.

use super::case::{Case, Run};
use crate::error::OperatorError;
use crate::fact::Fact;
use crate::operator::{Contract, Extreme, Operate};
use crate::program::Visibility::{Private, Public};
use relation::{Interval, Tensor};

fn extreme(axis: usize, last: bool) -> Extreme {
    Extreme { axis, last }
}

pub(super) fn cases() -> Vec<Case> {
    [false, true]
        .into_iter()
        .flat_map(|last| {
            let of = |axis| extreme(axis, last);
            [
                Case::new("pair", of(0), &[(&[2], -2, 1)]),
                Case::new("bits", of(0), &[(&[4], 0, 1)]),
                Case::new("three", of(0), &[(&[3], -4, 3)]),
                Case::new("odd ends", of(0), &[(&[3], 2, 4)]),
                Case::new("constant", of(0), &[(&[3], 5, 5)]),
                Case::new("alone", of(1), &[(&[3, 1], -8, 7)]),
                Case::new("rows", of(1), &[(&[2, 5], -128, 127)]),
                Case::new("columns", of(0), &[(&[4, 3], 0, 255)]),
                Case::new("middle", of(1), &[(&[2, 3, 2], -4, 3)]),
                Case::new("wide", of(0), &[(&[7], -(1 << 40), (1 << 40) - 1)]),
            ]
        })
        .collect()
}

/// The row and its maximum in a program with private outputs.
fn run(last: bool, row: &[i64]) -> Run {
    let shape = [row.len()];
    let case = Case::new("row", extreme(0, last), &[(&shape, -8, 7)]);
    let row = Tensor::from_i64s(shape.to_vec(), row.to_vec()).expect("a tensor");
    case.run(Public, Private, &[row])
}

/// Claims another maximum and another index.
fn claim(run: &mut Run, maximum: i64, index: usize, len: usize) -> bool {
    let (column, bits) = (run.column("maximum"), run.column("before"));
    run.set(column, 0, maximum);
    for at in 0..len - 1 {
        run.set(bits, at, i64::from(at < index));
    }
    run.accepted()
}

#[test]
fn the_first_and_the_last_of_ties_are_found() {
    let row = [3, 7, -8, 7, 7, 0];
    for (last, index) in [(false, 1), (true, 4)] {
        let mut run = run(last, &row);
        assert!(run.accepted());
        let outputs: Vec<Vec<i64>> = run.outputs.iter().map(Tensor::to_i64s).collect();
        assert_eq!(outputs[0], [7]);
        assert_eq!(outputs[1], [index]);
        assert_eq!(outputs[2], [4, 0, 15, 0, 0, 7]);
    }
}

#[test]
fn another_maximum_or_index_is_refused() {
    for last in [false, true] {
        for row in [
            [3, 7, -8, 7, 7, 0],
            [1, 1, 1, 1, 1, 1],
            [-8, -7, -6, -5, -4, -3],
            [7, 0, 0, 0, 0, 6],
        ] {
            let mut run = run(last, &row);
            let maximum = row.iter().copied().max().unwrap_or(0);
            let mut maximal = (0..row.len()).filter(|&at| row[at] == maximum);
            let honest = if last {
                maximal.next_back()
            } else {
                maximal.next()
            };
            for index in 0..row.len() {
                for claimed in -8..8 {
                    let accepted = claim(&mut run, claimed, index, row.len());
                    let right = claimed == maximum && Some(index) == honest;
                    assert_eq!(accepted, right, "{row:?}, {last}: {claimed} at {index}");
                }
            }
        }
    }
}

#[test]
fn selectors_of_several_values_are_refused() {
    // 5 = 2 + 3 = 5 + 3 - 3: the sum could be had by other selections.
    let mut run = run(false, &[2, 3, 5, -3, 3]);
    let bits = run.column("before");
    let mut refused = 0;
    for pattern in 0..16i64 {
        for at in 0..4 {
            run.set(bits, at, (pattern >> at) & 1);
        }
        refused += usize::from(!run.accepted());
    }
    assert_eq!(refused, 15);
    // Not bits.
    for value in [-1, 2] {
        run.set(bits, 0, value);
        assert!(!run.accepted());
    }
}

#[test]
fn rows_that_cannot_be_selected_from_are_refused() {
    let fact = |shape: &[usize], lo, hi| Fact {
        shape: shape.to_vec(),
        interval: Interval::new(lo, hi),
    };
    let infer = |axis, fact: &Fact| extreme(axis, false).infer(&[fact]);
    let axis = infer(1, &fact(&[3], 0, 1));
    assert!(matches!(axis, Err(OperatorError::View(_))));
    let sum = infer(0, &fact(&[1 << 30], 0, 1 << 40));
    assert!(matches!(sum, Err(OperatorError::Overflow { .. })));
    let distance = infer(0, &fact(&[1], -(1 << 60), 1 << 60));
    assert!(matches!(distance, Err(OperatorError::Overflow { .. })));
    let facts = infer(0, &fact(&[3, 2], -4, 9)).expect("facts");
    let expected = [
        fact(&[1, 2], -4, 9),
        fact(&[1, 2], 0, 2),
        fact(&[3, 2], 0, 13),
    ];
    assert_eq!(facts, expected);
}

#[test]
fn an_unrounded_row_is_refused() {
    let product = Contract {
        rank: 1,
        a_labels: vec![0],
        b_labels: vec![0],
    };
    let case = Case::new("square", product, &[(&[2], 0, 15), (&[2], 0, 15)])
        .then(extreme(0, false), &[(2, 0)]);
    let lowered = crate::Lowered::new(&case.program(Public, Private));
    let unrounded = crate::ProgramError::Operator {
        node: "Extreme1".into(),
        reason: OperatorError::Unrounded,
    };
    assert_eq!(lowered.err(), Some(unrounded));
}
