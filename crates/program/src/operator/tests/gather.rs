//! Rows by runtime indices.

use super::case::{Case, Run};
use crate::error::OperatorError;
use crate::fact::Fact;
use crate::operator::{Extreme, Gather, Operate, Split};
use crate::program::Visibility::{Private, Public};
use relation::{Interval, Tensor};

pub(super) fn cases() -> Vec<Case> {
    let split = Split {
        shift: 0,
        interval: None,
    };
    let first = Extreme {
        axis: 0,
        last: false,
    };
    let table = [(&[3usize][..], -8i64, 7i64), (&[3, 2], -8, 7)];
    vec![
        Case::new("numbers", Gather, &[(&[4], -2, 1), (&[1], 0, 3)]),
        Case::new("two indices", Gather, &[(&[3], 0, 3), (&[2], 0, 2)]),
        Case::new("rows", Gather, &[(&[4, 2], -2, 1), (&[1], 0, 3)]),
        Case::new("scalar index", Gather, &[(&[2, 2], 0, 3), (&[], 0, 1)]),
        Case::new("one row", Gather, &[(&[1, 3], 0, 1), (&[2], 0, 0)]),
        Case::new("unit axes", Gather, &[(&[4, 1, 1], -8, 7), (&[2, 1], 0, 3)]),
        Case::new(
            "blocks",
            Gather,
            &[(&[8, 3, 2], -128, 127), (&[2, 3], 0, 7)],
        ),
        Case::new(
            "wide",
            Gather,
            &[(&[5, 2], -(1 << 40), 1 << 40), (&[3], 1, 4)],
        ),
        // What is known of the negative part is less than its columns say.
        Case {
            nodes: Vec::new(),
            ..Case::new("parts", Gather, &[(&[4], -8, 7), (&[2], 0, 3)])
        }
        .then(split, &[(0, 0)])
        .then(Gather, &[(2, 1), (1, 0)]),
        // The row at the index of the maximum.
        Case {
            nodes: Vec::new(),
            ..Case::new("argmax", Gather, &table)
        }
        .then(first, &[(0, 0)])
        .then(Gather, &[(1, 0), (2, 1)]),
    ]
}

/// The rows 2 and 0 of a table.
fn run() -> Run {
    let case = Case::new("two", Gather, &[(&[4, 2], -64, 63), (&[2], 0, 3)]);
    let tensor = |shape: &[usize], values: &[i64]| {
        Tensor::from_i64s(shape.to_vec(), values.to_vec()).expect("a tensor")
    };
    let table = tensor(&[4, 2], &[10, 11, 20, 21, 30, 31, 10, 41]);
    let run = case.run(Public, Private, &[table, tensor(&[2], &[2, 0])]);
    assert_eq!(run.outputs[0].to_i64s(), [30, 31, 10, 11]);
    run
}

#[test]
fn values_of_another_row_or_position_are_refused() {
    let mut run = run();
    assert!(run.accepted());
    let value = run.column("value");
    for forged in [
        // Another row; the other position; a row for the wrong index; a value that is nowhere.
        [20, 21, 10, 11],
        [31, 30, 10, 11],
        [10, 11, 30, 31],
        [30, 31, 10, 41],
        [30, 31, 10, 12],
    ] {
        for (at, &value_at) in forged.iter().enumerate() {
            run.set(value, at, value_at);
        }
        assert!(!run.accepted(), "{forged:?}");
    }
}

#[test]
fn indices_that_could_leave_the_table_are_refused() {
    let fact = |shape: &[usize], lo, hi| Fact {
        shape: shape.to_vec(),
        interval: Interval::new(lo, hi),
    };
    let table = fact(&[3, 2], -4, 9);
    for (lo, hi) in [(0, 3), (-1, 2), (3, 3)] {
        let refused = OperatorError::Interval {
            what: "indices",
            expected: Interval::new(0, 2),
            found: Interval::new(lo, hi),
        };
        assert_eq!(Gather.infer(&[&table, &fact(&[5], lo, hi)]), Err(refused));
    }
    let scalar = Gather.infer(&[&fact(&[], 0, 1), &fact(&[], 0, 0)]);
    assert!(matches!(scalar, Err(OperatorError::View(_))));
    let huge = Gather.infer(&[&fact(&[1 << 25], 0, 1), &fact(&[], 0, 0)]);
    assert!(matches!(huge, Err(OperatorError::Attribute { .. })));
    let facts = Gather.infer(&[&table, &fact(&[5, 1], 0, 2)]);
    assert_eq!(facts, Ok(vec![fact(&[5, 1, 2], -4, 9)]));
}
