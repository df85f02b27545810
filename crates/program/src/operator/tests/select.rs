//! One of two values.

use super::case::Case;
use super::linear::fact;
use crate::error::OperatorError;
use crate::operator::{AtLeastZero, Operate, Select, Split};
use relation::Interval;

pub(crate) fn cases() -> Vec<Case> {
    let split = Split {
        shift: 0,
        interval: Some(Interval::new(-100, 100)),
    };
    let bit: (&[usize], i64, i64) = (&[2, 3], 0, 1);
    let none = Case {
        name: "the smaller part by a comparison".to_owned(),
        inputs: vec![(vec![3], Interval::new(-100, 50))],
        nodes: Vec::new(),
    };
    vec![
        Case::new(
            "tiny select",
            Select,
            &[(&[1], 0, 1), (&[1], -4, 3), (&[1], -4, 3)],
        ),
        Case::new(
            "tiny select of two",
            Select,
            &[(&[2], 0, 1), (&[2], 0, 3), (&[2], -2, 1)],
        ),
        Case::new(
            "select",
            Select,
            &[bit, (&[2, 3], -30_000, 5), (&[2, 3], -7, 50_000)],
        ),
        Case::new(
            "select scalars",
            Select,
            &[(&[], 0, 1), (&[], 3, 9), (&[], 5, 5)],
        ),
        Case::new(
            "always",
            Select,
            &[(&[1], 1, 1), (&[1], -4, 3), (&[1], -4, 3)],
        ),
        Case::new(
            "masked",
            Select,
            &[bit, (&[2, 3], -100, 100), (&[2, 3], -(1 << 40), -(1 << 40))],
        ),
        // The negative part is a difference of columns, which bound it less well than is known.
        none.then(split, &[(0, 0)])
            .then(AtLeastZero, &[(0, 0)])
            .then(Select, &[(2, 0), (1, 1), (1, 0)]),
    ]
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let (bit, x, wide) = (fact(&[2], 0, 1), fact(&[2], -8, 7), fact(&[3], 0, 1));
    for (lo, hi) in [(-1, 1), (0, 2), (-8, 7)] {
        let result = Select.infer(&[&fact(&[2], lo, hi), &x, &x]);
        assert!(
            matches!(result, Err(OperatorError::Interval { .. })),
            "{result:?}"
        );
    }
    let result = Select.infer(&[&bit, &x, &wide]);
    assert!(
        matches!(result, Err(OperatorError::Shape { .. })),
        "{result:?}"
    );
    let result = Select.infer(&[&wide, &x, &x]);
    assert!(
        matches!(result, Err(OperatorError::Shape { .. })),
        "{result:?}"
    );
    let result = Select.infer(&[&bit, &x]);
    assert!(
        matches!(result, Err(OperatorError::Inputs { .. })),
        "{result:?}"
    );
    let far = fact(&[2], -(1 << 60) - 1, 0);
    let result = Select.infer(&[&bit, &far, &far]);
    assert!(
        matches!(result, Err(OperatorError::Overflow { .. })),
        "{result:?}"
    );
}
