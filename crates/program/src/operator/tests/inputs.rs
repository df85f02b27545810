//! Inputs whose intervals are no powers of two wide: indices into a table.

use super::case::{Case, Run};
use super::forge::force;
use super::laws::accepted_witnesses;
use crate::error::ProgramError;
use crate::execute::outputs;
use crate::fact::standard;
use crate::operator::{Gather, Sum};
use crate::program::Visibility::{Private, Public, Sealed};
use relation::{Interval, Tensor};

/// The ends of intervals that range checks show exactly.
const ENDS: [(i64, i64); 8] = [
    (0, 4),
    (-5, 4),
    (3, 9),
    (-7, -6),
    (5, 5),
    (0, 8),
    (-1, 0),
    (0, 15),
];

fn same() -> Sum {
    Sum {
        coefficients: vec![1],
        constant: 0,
    }
}

pub(super) fn cases() -> Vec<Case> {
    let case =
        |&(lo, hi): &(i64, i64)| Case::new(&format!("{lo} to {hi}"), same(), &[(&[2], lo, hi)]);
    let wide = [(0, 50_256), (-50_257, 50_256), (1 << 20, (1 << 33) + 5)];
    ENDS.iter().chain(&wide).map(case).collect()
}

fn tensor(values: &[i64]) -> Tensor {
    Tensor::from_i64s(vec![values.len()], values.to_vec()).expect("a tensor")
}

/// Rows of a table of five, by two indices.
fn rows() -> Case {
    Case::new("rows", Gather, &[(&[5, 2], 0, 15), (&[2], 0, 4)])
}

/// The run of [`rows`] for the last row and the first.
fn honest() -> Run {
    let table = (1..=10).collect::<Vec<i64>>();
    let table = Tensor::from_i64s(vec![5, 2], table).expect("a tensor");
    rows().run(Private, Private, &[table, tensor(&[4, 0])])
}

#[test]
fn an_index_beyond_its_table_has_no_proof() {
    let mut run = honest();
    assert!(run.accepted());
    let columns = run.lowered.system.columns().iter();
    let mut names = columns.map(|column| column.name.as_str());
    let index = names.position(|name| name == "input 1.input");
    let (index, value) = (index.expect("a column"), run.column("value"));
    for beyond in [-1, 5, 6, 7, 8, 100] {
        run.set(index, 0, beyond);
        // A row of zeros, the last row, the first.
        for row in [[0, 0], [9, 10], [1, 2]] {
            run.set(value, 0, row[0]);
            run.set(value, 1, row[1]);
            assert!(!run.accepted(), "{beyond}: {row:?}");
        }
    }
}

#[test]
fn exactly_the_interval_of_a_private_input_has_a_proof() {
    for (lo, hi) in ENDS {
        let case = Case::new("own", same(), &[(&[1], lo, hi)]);
        let mut run = case.run(Private, Private, &[tensor(&[lo])]);
        let column = run.column("input");
        let witnesses = run.witness();
        let at = witnesses.iter().position(|&other| other == column);
        let at = at.expect("the input");
        let accepted = accepted_witnesses(&mut run).into_iter();
        let mut found: Vec<i64> = accepted.map(|witness| witness[at].get(0)).collect();
        found.sort_unstable();
        assert_eq!(found, (lo..=hi).collect::<Vec<i64>>());
    }
}

#[test]
fn exactly_the_interval_of_a_sealed_input_has_a_proof() {
    for (lo, hi) in ENDS {
        let case = Case::new("own", same(), &[(&[1], lo, hi)]);
        let mut run = case.run(Sealed, Private, &[tensor(&[hi])]);
        let shown = standard(Interval::new(lo, hi)).expect("an interval");
        let column = run.lowered.columns[0].1.0;
        assert_eq!(run.interval(column), shown);
        for value in shown.lo..=shown.hi {
            run.set(column, 0, value);
            let inside = (lo..=hi).contains(&value);
            assert_eq!(run.accepted(), inside, "{value} in {lo} ..= {hi}");
        }
    }
}

#[test]
fn exactly_the_interval_of_a_public_input_has_a_proof() {
    for (lo, hi) in ENDS {
        let case = Case::new("own", same(), &[(&[1], lo, hi)]);
        let mut run = case.run(Public, Private, &[tensor(&[hi])]);
        for value in lo - 2..=hi + 2 {
            run.assignment.statement[0] = tensor(&[value]);
            let statement = run
                .lowered
                .system
                .check_statement(&run.assignment.statement);
            assert_eq!(statement.is_ok(), (lo..=hi).contains(&value), "{value}");
        }
    }
}

#[test]
fn a_value_beyond_a_wide_interval_has_no_distance_from_its_end() {
    let (lo, hi) = (1 << 20, (1 << 33) + 5);
    let case = Case::new("own", same(), &[(&[1], lo, hi)]);
    for (outside, what) in [(lo - 1, "above"), (hi + 1, "below")] {
        let mut run = case.run(Private, Private, &[tensor(&[hi])]);
        assert!(run.accepted());
        force(&mut run, "input", outside);
        for distance in [-1, 0, 1, 2, (1 << 34) - 1] {
            force(&mut run, what, distance);
            assert!(!run.accepted(), "{outside}: {distance}");
        }
    }
}

#[test]
fn a_value_outside_is_refused_before_anything_is_executed() {
    let program = rows().program(Private, Private);
    let table = Tensor::from_i64s(vec![5, 2], vec![1; 10]).expect("a tensor");
    let found = outputs(&program, &[table, tensor(&[0, 5])], &[]);
    let refused = ProgramError::Value {
        name: "input 1".into(),
        expected: Interval::new(0, 4),
        found: 5,
    };
    assert_eq!(found, Err(refused));
}
