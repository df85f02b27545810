//! Functions of distances from the maximum.

use super::case::{Case, Run};
use super::linear::{contract, fact};
use crate::Visibility::{Private, Public};
use crate::error::OperatorError;
use crate::formula::{self, Formula, Table};
use crate::operator::{BelowMaximum, Operate};
use relation::{Interval, Tensor};

/// Squares of distances of at most `-lo`.
fn squares(axis: usize, shift: u32, lo: i64) -> BelowMaximum {
    BelowMaximum {
        axis,
        shift,
        interval: None,
        table: Table {
            formula: Formula::of(formula::Function::Square),
            argument_bits: 0,
            value_bits: 0,
            arguments: Interval::new(lo, 0),
            values: Interval::new(0, lo * lo),
        },
    }
}

fn exponentials(axis: usize, shift: u32) -> BelowMaximum {
    BelowMaximum {
        axis,
        shift,
        interval: None,
        table: Table {
            formula: Formula::of(formula::Function::Exp),
            argument_bits: 4,
            value_bits: 8,
            arguments: Interval::new(-96, 0),
            values: Interval::new(0, 256),
        },
    }
}

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("tiny pair", squares(0, 0, -3), &[(&[2], -1, 0)]),
        Case::new("tiny pair, cut off", squares(0, 0, -1), &[(&[2], -1, 2)]),
        Case::new("tiny rounded pair", squares(0, 1, -1), &[(&[2], 0, 3)]),
        Case::new("alone", squares(1, 2, -3), &[(&[3, 1], -8, 7)]),
        Case::new("constant", squares(0, 0, -2), &[(&[3], 5, 5)]),
        Case::new("bits", squares(0, 0, -1), &[(&[4], 0, 1)]),
        Case::new("rows", exponentials(1, 3), &[(&[2, 5], -1000, 1000)]),
        Case::new("columns", exponentials(0, 0), &[(&[4, 3], 0, 255)]),
        Case::new("middle", squares(1, 0, -5), &[(&[2, 3, 2], -4, 3)]),
        Case::new(
            "wide",
            exponentials(0, 4),
            &[(&[7], -(1 << 40), (1 << 40) - 1)],
        ),
        Case::new(
            "rows of a product",
            contract(2, &[0, 2], &[2, 1]),
            &[(&[2, 3], -40, 40), (&[3, 4], -40, 40)],
        )
        .then(exponentials(1, 5), &[(2, 0)]),
        Case::new(
            "rows in limbs",
            BelowMaximum {
                interval: Some(Interval::new(-(1 << 20), 1 << 20)),
                ..exponentials(1, 2)
            },
            &[(&[2, 3], -(1 << 22), (1 << 22) - 1)],
        ),
    ]
}

/// A row of numbers from -8 to 7, and squares of distances up to 5.
fn run(row: &[i64]) -> Run {
    let shape = [row.len()];
    let case = Case::new("row", squares(0, 0, -5), &[(&shape, -8, 7)]);
    let row = Tensor::from_i64s(shape.to_vec(), row.to_vec()).expect("a tensor");
    case.run(Public, Private, &[row])
}

#[test]
fn distances_are_those_from_the_maximum_and_cut_off() {
    let run = run(&[3, 7, -8, 7, 5, 0]);
    assert_eq!(run.outputs[0].to_i64s(), [16, 0, 25, 0, 4, 25]);
}

/// Claims a maximum at an index, with the arguments and excesses that follow from it.
fn claim(run: &mut Run, row: &[i64], maximum: i64, index: usize) -> bool {
    let names = ["maximum", "before", "argument", "value", "excess"];
    let [most, bits, argument, value, excess] = names.map(|name| run.column(name));
    run.set(most, 0, maximum);
    for (at, &x) in row.iter().enumerate() {
        if at + 1 < row.len() {
            run.set(bits, at, i64::from(at < index));
        }
        let cut = (x - maximum).clamp(-5, 0);
        run.set(argument, at, cut);
        run.set(value, at, cut * cut);
        run.set(excess, at, maximum + cut - x);
    }
    run.accepted()
}

#[test]
fn another_maximum_or_index_is_refused() {
    for row in [
        [3, 7, -8, 7, 7, 0],
        [1, 1, 1, 1, 1, 1],
        [-8, -7, -6, -5, -4, -3],
        [7, 0, 0, 0, 0, 6],
    ] {
        let mut run = run(&row);
        let most = row.iter().copied().max();
        let first = (0..row.len()).find(|&at| Some(row[at]) == most);
        for index in 0..row.len() {
            for maximum in -8..8 {
                let accepted = claim(&mut run, &row, maximum, index);
                let is_right = Some(maximum) == most && Some(index) == first;
                assert_eq!(accepted, is_right, "{row:?}: {maximum} at {index}");
            }
        }
    }
}

#[test]
fn an_excess_inside_of_the_table_is_refused() {
    // 3 is 4 below the maximum, and could be written as 5 below and one too much, or as 3 below and one too little.
    for (argument, excess) in [(-5, -1), (-3, 1), (0, 4)] {
        let mut run = run(&[7, 3]);
        assert!(run.accepted());
        let names = ["argument", "value", "excess"];
        let [q, value, u] = names.map(|name| run.column(name));
        run.set(q, 1, argument);
        run.set(value, 1, argument * argument);
        run.set(u, 1, excess);
        assert!(!run.accepted(), "{argument} and {excess}");
    }
}

#[test]
fn what_is_not_well_formed_is_refused() {
    let x = fact(&[2], -8, 8);
    let refused = |operator: BelowMaximum, name: &str| {
        let result = operator.infer(&[&x]);
        let Err(OperatorError::Attribute { name: found, .. }) = result else {
            panic!("{name}: {result:?}")
        };
        assert_eq!(found, name);
    };
    refused(squares(0, 49, -1), "shift");
    // Without room below zero an excess could hide at the maximum.
    refused(squares(0, 0, 0), "arguments");
    for arguments in [Interval::new(-3, -1), Interval::new(-3, 1)] {
        let mut other = squares(0, 0, -3);
        other.table.arguments = arguments;
        refused(other, "arguments");
    }
    let interval = Some(Interval::new(1, 0));
    refused(
        BelowMaximum {
            interval,
            ..squares(0, 0, -3)
        },
        "interval",
    );
    let axis = squares(1, 0, -3).infer(&[&x]);
    assert!(matches!(axis, Err(OperatorError::View(_))), "{axis:?}");
    let far = fact(&[2], -(1 << 60), 1 << 60);
    let overflow = squares(0, 0, -3).infer(&[&far]);
    assert!(
        matches!(overflow, Err(OperatorError::Overflow { .. })),
        "{overflow:?}"
    );
}
