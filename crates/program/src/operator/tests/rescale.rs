//! Rounding.

use super::case::{Case, Run, quotient_in_the_field};
use super::linear::{contract, fact};
use crate::Visibility::{Private, Public};
use crate::error::OperatorError;
use crate::operator::{Operate, Rescale};
use relation::{Interval, Tensor, Violation};

pub(crate) fn rescale(shift: u32, known: Option<(i64, i64)>) -> Rescale {
    Rescale {
        shift,
        interval: known.map(|(lo, hi)| Interval::new(lo, hi)),
    }
}

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("tiny rescale", rescale(1, None), &[(&[1], -8, 7)]),
        Case::new(
            "tiny rescale of what is not negative",
            rescale(2, None),
            &[(&[2], 0, 15)],
        ),
        Case::new(
            "tiny rescale without a shift",
            rescale(0, None),
            &[(&[2], -4, 3)],
        ),
        Case::new("rescale to nothing", rescale(5, None), &[(&[2], -8, 7)]),
        Case::new("rescale", rescale(8, None), &[(&[2, 3], -40_000, 50_000)]),
        Case::new(
            "rescale into limbs",
            rescale(20, None),
            &[(&[2], -(1 << 58), 1 << 58)],
        ),
        Case::new(
            "rescale, known",
            rescale(4, Some((-100, 100))),
            &[(&[], -1600, 1600)],
        ),
        Case::new(
            "rescale a product",
            contract(2, &[0, 2], &[2, 1]),
            &[(&[2, 3], -8, 7), (&[3, 2], -8, 7)],
        )
        .then(rescale(3, None), &[(2, 0)]),
    ]
}

/// A value, divided by four.
fn quarter(value: i64) -> Run {
    let case = Case::new("quarter", rescale(2, None), &[(&[1], -32, 29)]);
    case.run(Public, Private, &[tensor(&[1], value)])
}

/// A product of a value and one, divided by four.
fn quarter_of_product(value: i64) -> Run {
    let inputs: [(&[usize], i64, i64); 2] = [(&[1, 1], -32, 29), (&[1, 1], 1, 1)];
    let case = Case::new("product", contract(2, &[0, 2], &[2, 1]), &inputs)
        .then(rescale(2, None), &[(2, 0)]);
    case.run(
        Public,
        Private,
        &[tensor(&[1, 1], value), tensor(&[1, 1], 1)],
    )
}

fn tensor(shape: &[usize], value: i64) -> Tensor {
    Tensor::from_i64s(shape.to_vec(), vec![value]).expect("a tensor")
}

#[test]
fn a_half_is_rounded_up_and_no_other_way() {
    for (value, rounded) in [(6, 2), (2, 1), (-2, 0), (-6, -1), (1, 0), (-3, -1)] {
        for mut run in [quarter(value), quarter_of_product(value)] {
            let quotient = run.column("quotient");
            assert_eq!(run.get(quotient), rounded, "{value}");
            assert!(run.accepted());
            for by in [-1, 1] {
                run.set(quotient, 0, rounded + by);
                let left = value + 2 - 4 * (rounded + by);
                if let Some(remainder) = run.find("remainder") {
                    run.set(remainder, 0, left);
                }
                assert!(!run.accepted(), "{value} rounded to {}", rounded + by);
            }
        }
    }
}

#[test]
fn only_a_product_has_a_remainder_of_its_own() {
    assert!(quarter(9).find("remainder").is_none());
    assert!(quarter_of_product(9).find("remainder").is_some());
}

#[test]
fn a_quotient_that_works_only_modulo_the_field_is_refused() {
    for mut run in [quarter(9), quarter_of_product(9)] {
        let quotient = run.column("quotient");
        let remainder = (9 + 2) % 4;
        let other = (remainder + 1) % 4;
        let forged = quotient_in_the_field(9 + 2 - other, 4);
        if let Some(remainder) = run.find("remainder") {
            run.set(remainder, 0, other);
        }
        run.set(quotient, 0, forged);
        // Four times the forged quotient and the remainder are the value, in the field.
        assert!(!run.interval(quotient).contains(forged));
        let violation = run.lowered.system.check(&run.assignment);
        assert!(
            matches!(violation, Err(Violation::Interval { .. })),
            "{violation:?}"
        );
    }
}

#[test]
fn attributes_out_of_range_are_refused() {
    let x = fact(&[2], -100, 100);
    let shift = rescale(49, None).infer(&[&x]);
    assert!(matches!(
        shift,
        Err(OperatorError::Attribute { name: "shift", .. })
    ));
    assert!(rescale(u32::MAX, None).infer(&[&x]).is_err());
    assert!(rescale(1, None).infer(&[&x, &x]).is_err());
    // An interval that is known can only help.
    let known = rescale(1, Some((i64::MIN, i64::MAX)))
        .infer(&[&x])
        .expect("a fact");
    assert_eq!(known[0].interval, Interval::new(-64, 63));
}
