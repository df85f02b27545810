//! Integer square roots.

use super::case::{Case, Run};
use super::forge::{force, value};
use crate::error::OperatorError;
use crate::fact::Fact;
use crate::operator::{Contract, Operate, SquareRoot};
use crate::program::Visibility::{Private, Public};
use relation::{Interval, Tensor};

pub(super) fn cases() -> Vec<Case> {
    let norm = Contract {
        rank: 1,
        a_labels: vec![0, 1],
        b_labels: vec![0, 1],
    };
    let positive = (&[4usize][..], 0i64, 63i64);
    let last = (1 << 60) - 1;
    vec![
        Case::new("tiny", SquareRoot, &[(&[1], 0, 15)]),
        Case::new("zero", SquareRoot, &[(&[1], 0, 0)]),
        Case::new("bits", SquareRoot, &[(&[2], 0, 1)]),
        Case::new("odd end", SquareRoot, &[(&[1], 3, 10)]),
        Case::new("scalar", SquareRoot, &[(&[], 0, 1023)]),
        Case::new("matrix", SquareRoot, &[(&[2, 3], 0, (1 << 20) - 1)]),
        Case::new("widest", SquareRoot, &[(&[3], 0, last)]),
        Case::new("unrounded", square(), &[positive, positive]).then(SquareRoot, &[(2, 0)]),
        Case::new("norm", norm, &[(&[2, 5], 0, 127), (&[2, 5], 0, 127)])
            .then(SquareRoot, &[(2, 0)]),
    ]
}

fn square() -> Contract {
    Contract {
        rank: 1,
        a_labels: vec![0],
        b_labels: vec![0],
    }
}

fn run(x: i64) -> Run {
    let case = Case::new("one", SquareRoot, &[(&[], 0, 4095)]);
    let run = case.run(Public, Private, &[Tensor::scalar(x)]);
    let root = run.outputs[0].get(0);
    assert!(root * root <= x && x < (root + 1) * (root + 1));
    run
}

#[test]
fn a_neighbouring_root_is_refused() {
    for x in [0, 1, 2, 3, 4, 8, 9, 2499, 2500, 2501, 4095] {
        let mut run = run(x);
        let s = value(&run, "root");
        for (other, right) in [(s - 1, false), (s + 1, false), (-s, s == 0), (s, true)] {
            let distance = x - other * other;
            force(&mut run, "root", other);
            force(&mut run, "distance", distance);
            force(&mut run, "rest", 2 * other - distance);
            assert_eq!(run.accepted(), right, "{other} for the root of {x}");
        }
    }
}

#[test]
fn radicands_that_could_be_negative_are_refused() {
    let fact = |lo, hi| Fact {
        shape: vec![2],
        interval: Interval::new(lo, hi),
    };
    let negative = SquareRoot.infer(&[&fact(-1, 100)]);
    assert!(matches!(negative, Err(OperatorError::Interval { .. })));
    let none = SquareRoot.infer(&[]);
    assert!(matches!(none, Err(OperatorError::Inputs { .. })));
    let facts = SquareRoot.infer(&[&fact(0, 99)]).expect("facts");
    assert_eq!(facts, [fact(0, 15)]);
}
