//! Positive and negative parts.

use super::case::{Case, Run, quotient_in_the_field};
use super::linear::{contract, fact};
use crate::Visibility::{Private, Public};
use crate::error::OperatorError;
use crate::operator::{Operate, Split, Sum};
use relation::{Interval, Tensor, Violation};

fn split(shift: u32, known: Option<(i64, i64)>) -> Split {
    Split {
        shift,
        interval: known.map(|(lo, hi)| Interval::new(lo, hi)),
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let leaky = Sum {
        coefficients: vec![10, -1],
        constant: 0,
    };
    vec![
        Case::new("tiny split", split(0, None), &[(&[1], -8, 7)]),
        Case::new("tiny rounding split", split(2, None), &[(&[1], -15, 15)]),
        Case::new("tiny split of two", split(0, None), &[(&[2], -3, 3)]),
        Case::new("split of what is positive", split(0, None), &[(&[1], 1, 7)]),
        Case::new(
            "split of what is negative",
            split(1, None),
            &[(&[1], -8, -1)],
        ),
        Case::new("split to nothing", split(6, None), &[(&[1], -8, 7)]),
        Case::new("split", split(8, None), &[(&[2, 3], -40_000, 50_000)]),
        Case::new(
            "split into limbs",
            split(3, None),
            &[(&[2], -(1 << 55), 1 << 50)],
        ),
        Case::new(
            "split, known",
            split(4, Some((-127, 127))),
            &[(&[], -2032, 2032)],
        ),
        Case::new(
            "split a product",
            contract(2, &[0, 2], &[2, 1]),
            &[(&[2, 3], -8, 7), (&[3, 2], -8, 7)],
        )
        .then(split(3, None), &[(2, 0)]),
        Case::new("leaky relu", split(0, None), &[(&[2, 2], -128, 127)])
            .then(leaky, &[(1, 0), (1, 1)]),
    ]
}

fn run(value: i64) -> Run {
    let case = Case::new("split", split(0, None), &[(&[1], -8, 7)]);
    case.run(
        Public,
        Private,
        &[Tensor::from_i64s(vec![1], vec![value]).expect("a tensor")],
    )
}

#[test]
fn parts_are_what_they_are_called() {
    for (value, positive, negative) in [(5, 5, 0), (-5, 0, 5), (0, 0, 0), (-8, 0, 8)] {
        let run = run(value);
        assert_eq!(
            (run.outputs[0].get(0), run.outputs[1].get(0)),
            (positive, negative)
        );
    }
}

#[test]
fn the_other_sign_is_refused() {
    for value in [5i64, -5, 0, 1, -1] {
        let mut run = run(value);
        let (magnitude, positive) = (run.column("magnitude"), run.column("positive"));
        assert!(run.accepted());
        // Both parts, neither part, the other part, and parts that overlap.
        let size = value.abs();
        let honest = (size, value.max(0));
        for forged in [
            (size, size),
            (size, 0),
            (0, 0),
            (size + 1, honest.1),
            (size + 2, honest.1 + 1),
        ] {
            run.set(magnitude, 0, forged.0);
            run.set(positive, 0, forged.1);
            assert_eq!(run.accepted(), forged == honest, "{value}: {forged:?}");
        }
    }
}

#[test]
fn a_magnitude_that_works_only_modulo_the_field_is_refused() {
    // With the positive part zero, the magnitude is minus the value, in the field.
    let mut forged = run(5);
    let (magnitude, positive) = (forged.column("magnitude"), forged.column("positive"));
    forged.set(positive, 0, 0);
    forged.set(magnitude, 0, -5);
    let violation = forged.lowered.system.check(&forged.assignment);
    assert!(
        matches!(violation, Err(Violation::Interval { .. })),
        "{violation:?}"
    );
    // Half the value, twice: 2 a - m = 5 with a = m / 4.
    let mut forged = run(5);
    forged.set(magnitude, 0, quotient_in_the_field(-10, 1));
    forged.set(positive, 0, quotient_in_the_field(-5, 2));
    let violation = forged.lowered.system.check(&forged.assignment);
    assert!(
        matches!(violation, Err(Violation::Interval { .. })),
        "{violation:?}"
    );
}

#[test]
fn parts_are_no_wider_than_the_relations_keep_them() {
    let x = fact(&[1], -1000, 1 << 20);
    let ends = |known| {
        let facts = split(2, known).infer(&[&x]).expect("facts");
        (facts[0].interval.hi, facts[1].interval.hi)
    };
    assert_eq!(ends(None), ((1 << 19) - 1, 255));
    // What is known of the sign is not shown, what is known of the magnitude is.
    assert_eq!(ends(Some((-3, 100))), (127, 127));
    assert_eq!(ends(Some((0, 0))), (0, 0));
    assert_eq!(ends(Some((i64::MIN, i64::MAX))), ends(None));
}

#[test]
fn attributes_out_of_range_are_refused() {
    let x = fact(&[2], -100, 100);
    let shift = split(49, None).infer(&[&x]);
    assert!(matches!(
        shift,
        Err(OperatorError::Attribute { name: "shift", .. })
    ));
    let inverted = split(0, Some((i64::MAX, i64::MIN))).infer(&[&x]);
    assert!(matches!(
        inverted,
        Err(OperatorError::Attribute {
            name: "interval",
            ..
        })
    ));
    let inputs = split(0, None).infer(&[&x, &x]);
    assert!(matches!(inputs, Err(OperatorError::Inputs { .. })));
    let far = fact(&[2], -(1 << 61) + 1, 0);
    let overflow = split(0, None).infer(&[&far]);
    assert!(matches!(overflow, Err(OperatorError::Overflow { .. })));
}
