//! Rounding into an interval.

use super::case::{Case, Run, quotient_in_the_field};
use super::forge::{force, value};
use super::linear::{contract, fact};
use crate::Visibility::{Private, Public};
use crate::error::OperatorError;
use crate::operator::{Clamp, Operate};
use relation::{Interval, Tensor, Violation};

fn clamp(shift: u32, lo: i64, hi: i64) -> Clamp {
    Clamp {
        shift,
        to: Interval::new(lo, hi),
        interval: None,
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let known = Clamp {
        interval: Some(Interval::new(-128, 511)),
        ..clamp(4, 0, 255)
    };
    vec![
        Case::new("tiny clamp", clamp(0, 0, 3), &[(&[1], -4, 7)]),
        Case::new("tiny clamp to two", clamp(0, 0, 1), &[(&[1], -8, 7)]),
        Case::new("tiny odd clamp", clamp(0, -1, 1), &[(&[1], -4, 3)]),
        Case::new("tiny rounding clamp", clamp(1, 0, 1), &[(&[1], -7, 6)]),
        Case::new("clamp from above", clamp(1, -2, 1), &[(&[1], -4, 7)]),
        Case::new("clamp from below", clamp(1, -1, 2), &[(&[1], -8, 4)]),
        Case::new("clamp without effect", clamp(2, -4, 4), &[(&[2], -8, 7)]),
        Case::new("clamp to an end", clamp(0, 8, 11), &[(&[1], 0, 5)]),
        Case::new(
            "rectifier to six",
            clamp(8, 0, 384),
            &[(&[2, 3], -90_000, 150_000)],
        ),
        Case::new(
            "saturation",
            clamp(3, -(1 << 20), (1 << 20) - 1),
            &[(&[2], -(1 << 55), 1 << 50)],
        ),
        Case::new("clamp, known", known, &[(&[], -2048, 8000)]),
        Case::new(
            "clamp a product",
            contract(2, &[0, 2], &[2, 1]),
            &[(&[2, 3], -8, 7), (&[3, 2], -8, 7)],
        )
        .then(clamp(3, 0, 7), &[(2, 0)]),
    ]
}

fn run(x: i64) -> Run {
    let case = Case::new("clamp", clamp(1, 0, 5), &[(&[1], -32, 31)]);
    let x = Tensor::from_i64s(vec![1], vec![x]).expect("a tensor");
    case.run(Public, Private, &[x])
}

#[test]
fn values_are_rounded_and_cut_off() {
    for (x, y) in [
        (-32, 0),
        (-2, 0),
        (-1, 0),
        (0, 0),
        (1, 1),
        (3, 2),
        (10, 5),
        (11, 5),
        (31, 5),
    ] {
        assert_eq!(run(x).outputs[0].get(0), y, "{x}");
    }
}

#[test]
fn no_other_combination_of_distance_and_excesses_is_accepted() {
    for x in [-32i64, -3, -1, 0, 1, 4, 9, 10, 11, 12, 31] {
        let mut run = run(x);
        assert!(run.accepted());
        let above = run.column("above");
        let honest = (
            value(&run, "distance"),
            value(&run, "excess"),
            run.get(above),
        );
        for distance in 0..8 {
            for excess in 0..24 {
                for part in -1..24 {
                    force(&mut run, "distance", distance);
                    force(&mut run, "rest", 5 - distance);
                    force(&mut run, "excess", excess);
                    run.set(above, 0, part);
                    let forged = (distance, excess, part);
                    assert_eq!(run.accepted(), forged == honest, "{x}: {forged:?}");
                }
            }
        }
    }
}

#[test]
fn excesses_that_work_only_modulo_the_field_are_refused() {
    // Inside, with a distance and an excess that add up to the value.
    for (distance, excess, part) in [(5, -3, -3), (0, quotient_in_the_field(-2, 1), 0)] {
        let mut forged = run(4);
        assert!(forged.accepted());
        let above = forged.column("above");
        force(&mut forged, "distance", distance);
        force(&mut forged, "rest", 5 - distance);
        force(&mut forged, "excess", excess);
        forged.set(above, 0, part);
        let violation = forged.lowered.system.check(&forged.assignment);
        assert!(
            matches!(violation, Err(Violation::Interval { .. })),
            "{violation:?}"
        );
    }
}

#[test]
fn results_are_no_wider_than_the_relations_keep_them() {
    let x = fact(&[1], -1000, 1 << 20);
    let reach = |clamp: Clamp| clamp.infer(&[&x]).expect("facts")[0].interval;
    assert_eq!(reach(clamp(2, 0, 255)), Interval::new(0, 255));
    assert_eq!(reach(clamp(2, -3, 6)), Interval::new(-3, 12));
}

#[test]
fn attributes_out_of_range_are_refused() {
    let x = fact(&[2], -100, 100);
    for bad in [
        clamp(0, 3, 3),
        clamp(0, 4, 3),
        clamp(0, 0, i64::MAX),
        clamp(0, i64::MIN, 0),
    ] {
        let refused = bad.infer(&[&x]);
        assert!(matches!(
            refused,
            Err(OperatorError::Attribute { name: "to", .. })
        ));
    }
    let shift = clamp(49, 0, 1).infer(&[&x]);
    assert!(matches!(
        shift,
        Err(OperatorError::Attribute { name: "shift", .. })
    ));
    let inputs = clamp(0, 0, 1).infer(&[&x, &x]);
    assert!(matches!(inputs, Err(OperatorError::Inputs { .. })));
    let far = fact(&[2], -(1 << 61) + 1, 0);
    let overflow = clamp(0, 0, 1).infer(&[&far]);
    assert!(matches!(overflow, Err(OperatorError::Overflow { .. })));
}
