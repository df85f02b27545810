//! Floor division.

use super::case::{Case, Run, quotient_in_the_field};
use super::forge::{force, value};
use crate::error::OperatorError;
use crate::fact::Fact;
use crate::operator::{Contract, Divide, Operate, Sum};
use crate::program::Visibility::{Private, Public};
use relation::{Interval, Tensor};

const EXACT: Divide = Divide { interval: None };

/// A case whose denominators are one more than its second input, so that inputs may be private.
fn shifted(name: &str, inputs: &[(&[usize], i64, i64)]) -> Case {
    let plus_one = Sum {
        coefficients: vec![1],
        constant: 1,
    };
    let nodes = Vec::new();
    let case = Case {
        nodes,
        ..Case::new(name, EXACT, inputs)
    };
    case.then(plus_one, &[(1, 0)])
        .then(EXACT, &[(0, 0), (2, 0)])
}

pub(super) fn cases() -> Vec<Case> {
    let product = Contract {
        rank: 1,
        a_labels: vec![0],
        b_labels: vec![0],
    };
    let sum = Sum {
        coefficients: vec![-3, 1],
        constant: 5,
    };
    let operands: [(&[usize], i64, i64); 3] = [(&[2], -128, 127), (&[2], -128, 127), (&[2], 1, 50)];
    let known = Divide {
        interval: Some(Interval::new(0, 255)),
    };
    let wide = 1 << 40;
    vec![
        Case::new("tiny", EXACT, &[(&[1], -8, 7), (&[1], 1, 4)]),
        Case::new("positive", EXACT, &[(&[1], 0, 7), (&[1], 1, 3)]),
        Case::new("negative", EXACT, &[(&[1], -8, -3), (&[1], 2, 3)]),
        Case::new("pair", EXACT, &[(&[2], -2, 1), (&[2], 1, 2)]),
        Case::new("by one", EXACT, &[(&[2], -8, 7), (&[2], 1, 1)]),
        Case::new("scalar", EXACT, &[(&[], -1000, 1000), (&[], 1, 77)]),
        Case::new(
            "matrix",
            EXACT,
            &[(&[2, 3], -(1 << 20), 1 << 20), (&[2, 3], 3, 4096)],
        ),
        Case::new(
            "wide",
            EXACT,
            &[(&[3], -wide, wide - 1), (&[3], 1, 1 << 18)],
        ),
        Case::new("known", known, &[(&[4], 0, 255), (&[4], 1, 9)]),
        shifted("shifted", &[(&[1], -4, 3), (&[1], 0, 3)]),
        shifted("shifted wide", &[(&[5], -256, 255), (&[5], 0, 63)]),
        Case {
            nodes: Vec::new(),
            ..Case::new("unrounded", EXACT, &operands)
        }
        .then(product, &[(0, 0), (1, 0)])
        .then(sum, &[(3, 0), (0, 0)])
        .then(EXACT, &[(4, 0), (2, 0)]),
    ]
}

/// `n / d` for one `n` and one `d`.
fn run(n: i64, d: i64) -> Run {
    let case = Case::new("one", EXACT, &[(&[], -4096, 4095), (&[], 1, 64)]);
    let run = case.run(Public, Private, &[Tensor::scalar(n), Tensor::scalar(d)]);
    let results: Vec<i64> = run.outputs.iter().map(|output| output.get(0)).collect();
    assert_eq!(results, [n.div_euclid(d), n.rem_euclid(d)]);
    run
}

/// Claims a quotient and a remainder of `d`.
fn claim(run: &mut Run, d: i64, [q, r]: [i64; 2]) -> bool {
    force(run, "quotient", q);
    force(run, "remainder", r);
    force(run, "rest", d - 1 - r);
    run.accepted()
}

#[test]
fn quotient_and_remainder_shifted_together_are_refused() {
    for (n, d) in [(100, 7), (-100, 7), (0, 5), (63, 64), (12, 12), (-12, 12)] {
        let mut run = run(n, d);
        let [q, r] = ["quotient", "remainder"].map(|what| value(&run, what));
        assert_eq!(q * d + r, n);
        // The remainder `d` and more, and below zero.
        for by in [-2, -1, 1, 2] {
            let accepted = claim(&mut run, d, [q + by, r - by * d]);
            assert!(!accepted, "{n} / {d}: quotient {q} + {by}");
        }
        assert!(claim(&mut run, d, [q, r]));
    }
}

#[test]
fn a_quotient_that_works_only_in_the_field_is_refused() {
    let mut run = run(100, 7);
    claim(&mut run, 7, [quotient_in_the_field(100, 7), 0]);
    // The range checks alone refuse it: relations over the integers are not needed for that.
    let counted = run.lowered.system.multiplicities(&mut run.assignment);
    assert!(counted.is_err());
}

#[test]
fn denominators_that_could_be_zero_and_products_that_could_wrap_are_refused() {
    let fact = |shape: &[usize], lo, hi| Fact {
        shape: shape.to_vec(),
        interval: Interval::new(lo, hi),
    };
    let infer = |n: &Fact, d: &Fact| EXACT.infer(&[n, d]);
    let n = fact(&[2], -5, 100);
    let denominator = infer(&n, &fact(&[2], 0, 3));
    assert!(matches!(denominator, Err(OperatorError::Interval { .. })));
    let negative = infer(&n, &fact(&[2], -3, -1));
    assert!(matches!(negative, Err(OperatorError::Interval { .. })));
    let other_shape = infer(&n, &fact(&[3], 1, 3));
    assert!(matches!(other_shape, Err(OperatorError::Shape { .. })));
    let huge = infer(&fact(&[2], 0, 1 << 40), &fact(&[2], 1, 1 << 30));
    assert!(matches!(huge, Err(OperatorError::Overflow { .. })));
    let one = EXACT.infer(&[&n]);
    assert!(matches!(one, Err(OperatorError::Inputs { .. })));
    assert!(infer(&n, &fact(&[2], 1, 3)).is_ok());
}

#[test]
fn quotients_lie_between_those_of_the_ends() {
    let fact = |lo, hi| Fact {
        shape: Vec::new(),
        interval: Interval::new(lo, hi),
    };
    for (n_lo, n_hi) in [(-9, -5), (-9, 0), (-9, 4), (0, 9), (5, 9)] {
        for (d_lo, d_hi) in [(1, 1), (1, 4), (2, 3), (10, 12)] {
            let facts = EXACT.infer(&[&fact(n_lo, n_hi), &fact(d_lo, d_hi)]);
            let facts = facts.expect("facts");
            for n in n_lo..=n_hi {
                for d in d_lo..=d_hi {
                    assert!(facts[0].interval.contains(n.div_euclid(d)));
                    assert!(facts[1].interval.contains(n.rem_euclid(d)));
                }
            }
        }
    }
}

#[test]
fn an_unrounded_denominator_is_refused() {
    let product = Contract {
        rank: 1,
        a_labels: vec![0],
        b_labels: vec![0],
    };
    let sum = Sum {
        coefficients: vec![1],
        constant: 1,
    };
    let case = Case::new("square", product, &[(&[2], 0, 15), (&[2], 0, 15)])
        .then(sum, &[(2, 0)])
        .then(EXACT, &[(0, 0), (3, 0)]);
    let lowered = crate::Lowered::new(&case.program(Public, Private));
    let unrounded = crate::ProgramError::Operator {
        node: "Divide2".into(),
        reason: OperatorError::Unrounded,
    };
    assert_eq!(lowered.err(), Some(unrounded));
}
