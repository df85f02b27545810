//! Counts of thresholds.

use super::case::{Case, Run};
use super::forge::{force, value};
use crate::error::OperatorError;
use crate::fact::Fact;
use crate::operator::{Contract, Operate, Staircase};
use crate::program::Visibility::{Private, Public};
use relation::{Interval, Tensor, ViewError};

fn staircase(axis: Option<usize>, lowest: i64, lo: i64, hi: i64) -> Staircase {
    let arguments = Interval::new(lo, hi);
    Staircase {
        axis,
        lowest,
        arguments,
    }
}

pub(super) fn cases() -> Vec<Case> {
    let one = [(&[1usize][..], -1i64, 0i64), (&[1], -1, 0), (&[1, 1], 0, 1)];
    let square = Contract {
        rank: 1,
        a_labels: vec![0, 1],
        b_labels: vec![1],
    };
    vec![
        Case::new("one value", staircase(None, 0, -1, 0), &one),
        Case::new("a lowest level", staircase(None, -2, -1, 0), &one),
        Case::new("room", staircase(None, 0, -2, 1), &one),
        Case::new(
            "no axes",
            staircase(None, 5, 0, 1),
            &[(&[], 0, 1), (&[1], 0, 1), (&[1, 1], 0, 1)],
        ),
        Case::new(
            "one channel",
            staircase(Some(0), 0, -1, 0),
            &[(&[1], -1, 0), (&[1], -1, 0), (&[1, 1], 0, 1)],
        ),
        Case::new(
            "channels in the middle",
            staircase(Some(1), -4, -64, 63),
            &[(&[2, 3, 2], -64, 63), (&[3], -64, 63), (&[3, 6], 0, 15)],
        ),
        Case::new(
            "channels last",
            staircase(Some(1), 0, -300, 300),
            &[(&[3, 2], -256, 255), (&[2], -8, 7), (&[2, 3], 0, 31)],
        ),
        Case::new(
            "wide",
            staircase(None, -128, -(1 << 40), 1 << 40),
            &[
                (&[4], -(1 << 40), (1 << 40) - 1),
                (&[1], -(1 << 40), (1 << 40) - 1),
                (&[1, 5], 0, (1 << 38) - 1),
            ],
        ),
        // An accumulator that is not rounded.
        Case {
            nodes: Vec::new(),
            ..Case::new(
                "accumulator",
                square.clone(),
                &[
                    (&[2, 3], -8, 7),
                    (&[3], -8, 7),
                    (&[2], -64, 63),
                    (&[2, 4], 0, 31),
                ],
            )
        }
        .then(square, &[(0, 0), (1, 0)])
        .then(staircase(Some(0), 0, -512, 511), &[(4, 0), (2, 0), (3, 0)]),
    ]
}

fn tensor(shape: &[usize], values: &[i64]) -> Tensor {
    Tensor::from_i64s(shape.to_vec(), values.to_vec()).expect("a tensor")
}

/// Thresholds -3, 1, 1, 6 for one channel and 0, 2, 4, 4 for another.
fn run(x: [i64; 2]) -> Run {
    let case = Case::new(
        "two",
        staircase(Some(0), -2, -16, 15),
        &[(&[2], -16, 15), (&[2], -16, 15), (&[2, 3], 0, 7)],
    );
    let steps = tensor(&[2, 3], &[4, 0, 5, 2, 2, 0]);
    let first = tensor(&[2], &[-3, 0]);
    case.run(Public, Private, &[tensor(&[2], &x), first, steps])
}

#[test]
fn results_count_the_thresholds_that_are_reached() {
    for (x, expected) in [
        ([-16, -16], [-2, -2]),
        ([-4, -1], [-2, -2]),
        ([-3, 0], [-1, -1]),
        ([0, 1], [-1, -1]),
        ([1, 2], [1, 0]),
        ([5, 3], [1, 0]),
        ([6, 4], [2, 2]),
        ([15, 15], [2, 2]),
    ] {
        let mut run = run(x);
        assert_eq!(run.outputs[0].to_i64s(), expected, "{x:?}");
        assert!(run.accepted(), "{x:?}");
    }
}

/// Sets level, end and both distances of the first value.
fn forge(x: i64, level: i64, [end, next]: [i64; 2]) -> bool {
    let mut run = run([x, 3]);
    let (levels, ends) = (run.column("level"), run.column(".end"));
    run.set(levels, 0, level);
    run.set(ends, 0, end);
    force(&mut run, "below", x - end);
    force(&mut run, "above", next - 1 - x);
    run.accepted()
}

#[test]
fn a_level_whose_thresholds_coincide_is_refused() {
    // The levels around it are those of the values below and at the thresholds.
    assert!(forge(0, 1, [-3, 1]));
    assert!(forge(1, 3, [1, 6]));
    for x in [0, 1, 2] {
        assert!(!forge(x, 2, [1, 1]), "{x}");
    }
}

#[test]
fn another_stretch_is_refused() {
    // The stretches below and above the value, and two at once.
    assert!(forge(3, 3, [1, 6]));
    assert!(!forge(3, 1, [-3, 1]));
    assert!(!forge(3, 4, [6, 16]));
    assert!(!forge(3, 1, [-3, 6]));
    assert!(!forge(3, 3, [-3, 6]));
    // The right stretch with another level, and with ends that are no thresholds.
    assert!(!forge(3, 2, [1, 6]));
    assert!(!forge(3, 3, [0, 6]));
    assert!(!forge(3, 3, [1, 7]));
    // A value at an end belongs to the stretch above.
    assert!(!forge(6, 3, [1, 6]));
    assert!(forge(6, 4, [6, 16]));
}

#[test]
fn a_stretch_of_another_channel_is_refused() {
    // 3 lies between 2 and 4 in the second channel.
    assert!(!forge(3, 2, [2, 4]));
    assert!(!forge(3, 7, [2, 4]));
}

#[test]
fn other_thresholds_are_refused() {
    let mut run = run([3, 3]);
    let thresholds = run.column("threshold");
    // The level would be another if the third threshold were 4, whether the last one moves too or not.
    run.set(thresholds, 2, 4);
    run.set(run.column("level"), 0, 2);
    force(&mut run, "above", 0);
    assert_eq!(value(&run, "below"), 2);
    assert!(!run.accepted());
    run.set(thresholds, 3, 9);
    assert!(!run.accepted());
}

#[test]
fn distances_that_work_modulo_the_field_are_refused() {
    // The next level with a negative distance below.
    let mut run = run([3, 3]);
    let (levels, ends) = (run.column("level"), run.column(".end"));
    run.set(levels, 0, 4);
    run.set(ends, 0, 6);
    force(&mut run, "below", -3);
    force(&mut run, "above", 12);
    assert!(!run.accepted());
}

#[test]
fn what_could_have_no_level_is_refused() {
    let fact = |shape: &[usize], lo, hi| Fact {
        shape: shape.to_vec(),
        interval: Interval::new(lo, hi),
    };
    let (x, first, steps) = (fact(&[4, 2], -9, 9), fact(&[2], -8, 7), fact(&[2, 3], 0, 7));
    let own = staircase(Some(1), 0, -9, 9);
    let facts = own.infer(&[&x, &first, &steps]);
    assert_eq!(facts, Ok(vec![fact(&[4, 2], 0, 4)]));
    // Arguments beyond the declared ones; steps that go down; channels that do not fit.
    let narrow = staircase(Some(1), 0, -9, 8).infer(&[&x, &first, &steps]);
    assert!(matches!(
        narrow,
        Err(OperatorError::Interval {
            what: "arguments",
            ..
        })
    ));
    let down = own.infer(&[&x, &first, &fact(&[2, 3], -1, 7)]);
    assert!(matches!(down, Err(OperatorError::Interval { .. })));
    for (first, steps) in [
        (fact(&[3], 0, 1), steps.clone()),
        (fact(&[2, 1], 0, 1), steps.clone()),
        (first.clone(), fact(&[3, 3], 0, 1)),
        (first.clone(), fact(&[2], 0, 1)),
        (first.clone(), fact(&[2, 3, 1], 0, 1)),
    ] {
        let refused = own.infer(&[&x, &first, &steps]);
        assert!(matches!(refused, Err(OperatorError::Shape { .. })));
    }
    let axis = staircase(Some(2), 0, -9, 9).infer(&[&x, &first, &steps]);
    let expected = ViewError::Axis { axis: 2, rank: 2 };
    assert_eq!(axis, Err(OperatorError::View(expected)));
    // Thresholds that could wrap, and too many of them.
    let huge = own.infer(&[&x, &first, &fact(&[2, 3], 0, 1 << 60)]);
    assert!(matches!(huge, Err(OperatorError::Overflow { .. })));
    let many = own.infer(&[&x, &first, &fact(&[2, 1 << 16], 0, 1)]);
    assert!(matches!(many, Err(OperatorError::Attribute { .. })));
}
