//! Comparison with zero.

use super::case::{Case, quotient_in_the_field};
use super::linear::fact;
use crate::Visibility::{Private, Public};
use crate::error::OperatorError;
use crate::operator::{AtLeastZero, Operate};
use relation::{Tensor, Violation};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new("tiny comparison", AtLeastZero, &[(&[1], -8, 7)]),
        Case::new("tiny comparisons", AtLeastZero, &[(&[2], -4, 3)]),
        Case::new("comparison of zero", AtLeastZero, &[(&[1], 0, 0)]),
        Case::new(
            "comparison of what is negative",
            AtLeastZero,
            &[(&[1], -9, -1)],
        ),
        Case::new(
            "comparison of what is positive",
            AtLeastZero,
            &[(&[1], 1, 9)],
        ),
        Case::new("comparison", AtLeastZero, &[(&[2, 3], -30_000, 50_000)]),
        Case::new("comparison of scalars", AtLeastZero, &[(&[], -300, 200)]),
        Case::new(
            "comparison in limbs",
            AtLeastZero,
            &[(&[2], -(1 << 60), (1 << 60) - 1)],
        ),
    ]
}

#[test]
fn a_distance_that_works_only_modulo_the_field_is_refused() {
    for value in [5i64, 0, -1, -7] {
        let case = Case::new("comparison", AtLeastZero, &[(&[1], -8, 7)]);
        let values = Tensor::from_i64s(vec![1], vec![value]).expect("a tensor");
        let mut run = case.run(Public, Private, &[values]);
        let (bit, distance) = (run.column("bit"), run.column("distance"));
        assert_eq!(run.get(bit), i64::from(value >= 0));
        assert!(run.accepted());
        // The other bit needs a negative distance.
        let honest = (run.get(bit), run.get(distance));
        let other = 1 - honest.0;
        run.set(bit, 0, other);
        run.set(distance, 0, 2 * other * value - value + other - 1);
        let violation = run.lowered.system.check(&run.assignment);
        assert!(
            matches!(violation, Err(Violation::Interval { .. })),
            "{violation:?}"
        );
        // Another distance needs a bit that is none: (2 x + 1) s = n + x + 1.
        for other in (0..=7).filter(|&other| other != honest.1) {
            let forged = quotient_in_the_field(other + value + 1, 2 * value + 1);
            if (0..=1).contains(&forged) {
                // The other distance that goes with a bit is the negative one.
                panic!("{value}: a second witness, {forged} and {other}");
            }
            run.set(bit, 0, forged);
            run.set(distance, 0, other);
            assert!(!run.accepted());
        }
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let x = fact(&[2], -100, 100);
    let inputs = AtLeastZero.infer(&[&x, &x]);
    assert!(matches!(inputs, Err(OperatorError::Inputs { .. })));
    let far = fact(&[2], -(1 << 61) + 1, 0);
    let overflow = AtLeastZero.infer(&[&far]);
    assert!(matches!(overflow, Err(OperatorError::Overflow { .. })));
}
