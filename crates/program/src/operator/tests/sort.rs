//! Rows in order.

use super::case::{Case, Run};
use crate::error::OperatorError;
use crate::fact::Fact;
use crate::operator::{Gather, Operate, Sort, Split};
use crate::program::Visibility::{Private, Public};
use relation::{Interval, Tensor};

fn sort(axis: usize) -> Sort {
    Sort { axis }
}

pub(super) fn cases() -> Vec<Case> {
    let split = Split {
        shift: 0,
        interval: None,
    };
    vec![
        Case::new("pair", sort(0), &[(&[2], -1, 0)]),
        Case::new("bits", sort(0), &[(&[3], 0, 1)]),
        Case::new("four", sort(0), &[(&[4], -4, 3)]),
        Case::new("odd ends", sort(0), &[(&[3], 2, 4)]),
        Case::new("constant", sort(0), &[(&[3], 5, 5)]),
        Case::new("alone", sort(1), &[(&[3, 1], -8, 7)]),
        Case::new("rows", sort(1), &[(&[2, 5], -128, 127)]),
        Case::new("columns", sort(0), &[(&[4, 3], 0, 255)]),
        Case::new("middle", sort(1), &[(&[2, 3, 2], -4, 3)]),
        Case::new("wide", sort(0), &[(&[7], -(1 << 40), (1 << 40) - 1)]),
        // What is known of the negative part is less than its columns say.
        Case {
            nodes: Vec::new(),
            ..Case::new("parts", sort(0), &[(&[4], -8, 7)])
        }
        .then(split, &[(0, 0)])
        .then(sort(0), &[(1, 1)]),
        // The places select from another row.
        Case {
            nodes: Vec::new(),
            ..Case::new("places", sort(0), &[(&[3], 0, 7), (&[3], -8, 7)])
        }
        .then(sort(0), &[(0, 0)])
        .then(Gather, &[(1, 0), (2, 1)]),
    ]
}

/// Rows in order, in a program with private outputs.
fn run(shape: &[usize], axis: usize, values: &[i64]) -> Run {
    let case = Case::new("row", sort(axis), &[(shape, -8, 7)]);
    let values = Tensor::from_i64s(shape.to_vec(), values.to_vec()).expect("a tensor");
    case.run(Public, Private, &[values])
}

#[test]
fn equal_values_stay_in_order() {
    let mut run = run(&[6], 0, &[3, 7, -8, 7, 7, 0]);
    assert!(run.accepted());
    assert_eq!(run.outputs[0].to_i64s(), [7, 7, 7, 3, 0, -8]);
    assert_eq!(run.outputs[1].to_i64s(), [1, 3, 4, 0, 5, 2]);
}

#[test]
fn rows_are_ordered_along_their_axis() {
    let along = run(&[2, 3], 1, &[1, 3, 2, 6, 5, 7]);
    assert_eq!(along.outputs[0].to_i64s(), [3, 2, 1, 7, 6, 5]);
    assert_eq!(along.outputs[1].to_i64s(), [1, 2, 0, 2, 0, 1]);
    let across = run(&[2, 3], 0, &[1, 3, 2, 6, -5, 2]);
    assert_eq!(across.outputs[0].to_i64s(), [6, 3, 2, 1, -5, 2]);
    assert_eq!(across.outputs[1].to_i64s(), [1, 0, 0, 0, 1, 1]);
}

/// Claims other pairs, with the distances that would go with them.
fn claim(run: &mut Run, pairs: &[(i64, i64)]) -> bool {
    let (value, place) = (run.column("value"), run.column("place"));
    for (at, &(claimed, from)) in pairs.iter().enumerate() {
        run.set(value, at, claimed);
        run.set(place, at, from);
    }
    run.accepted()
}

#[test]
fn every_other_list_of_pairs_is_refused() {
    let row = [2, 5, 2];
    let honest = [(5, 1), (2, 0), (2, 2)];
    let mut run = run(&[3], 0, &row);
    assert!(claim(&mut run, &honest));
    let pairs: Vec<(i64, i64)> = (0..3)
        .flat_map(|place| [2, 5, 7].map(|value| (value, place)))
        .collect();
    let mut accepted = 0;
    for &a in &pairs {
        for &b in &pairs {
            for &c in &pairs {
                accepted += usize::from(claim(&mut run, &[a, b, c]));
            }
        }
    }
    assert_eq!(accepted, 1);
}

#[test]
fn forged_orders_are_refused() {
    for forged in [
        // A value twice; the other order of equal values; rising; a place of another row; a value that is nowhere;
        // a place beyond the row.
        [(7, 1), (7, 1), (7, 2), (3, 0)],
        [(7, 2), (7, 1), (3, 0), (0, 3)],
        [(0, 3), (3, 0), (7, 1), (7, 2)],
        [(7, 1), (7, 2), (3, 0), (-8, 3)],
        [(7, 1), (7, 2), (6, 0), (0, 3)],
        [(7, 1), (7, 2), (3, 0), (-8, 4)],
    ] {
        let mut run = run(&[2, 4], 1, &[3, 7, 7, 0, -8, 1, 2, 3]);
        assert!(run.accepted());
        assert!(!claim(&mut run, &forged), "{forged:?}");
    }
}

#[test]
fn rows_that_cannot_be_ordered_are_refused() {
    let fact = |shape: &[usize], lo, hi| Fact {
        shape: shape.to_vec(),
        interval: Interval::new(lo, hi),
    };
    let infer = |axis, fact: &Fact| sort(axis).infer(&[fact]);
    let axis = infer(1, &fact(&[3], 0, 1));
    assert!(matches!(axis, Err(OperatorError::View(_))));
    let steps = infer(0, &fact(&[1 << 20], 0, 1 << 45));
    assert!(matches!(steps, Err(OperatorError::Overflow { .. })));
    let long = infer(0, &fact(&[1 << 25], 0, 1));
    assert!(matches!(long, Err(OperatorError::Attribute { .. })));
    let facts = infer(0, &fact(&[3, 2], -4, 9)).expect("facts");
    assert_eq!(facts, [fact(&[3, 2], -4, 9), fact(&[3, 2], 0, 2)]);
}
