//! Operators without a witness.

use super::case::Case;
use crate::error::OperatorError;
use crate::fact::Fact;
use crate::operator::{
    Concatenate, Constant, Contract, Operate, Operator, Rescale, Step, Sum, View,
};
use relation::{Interval, Tensor, ViewError};

pub(crate) fn fact(shape: &[usize], lo: i64, hi: i64) -> Fact {
    Fact {
        shape: shape.to_vec(),
        interval: Interval::new(lo, hi),
    }
}

/// An einsum.
pub(crate) fn contract(rank: usize, a: &[usize], b: &[usize]) -> Contract {
    Contract {
        rank,
        a_labels: a.to_vec(),
        b_labels: b.to_vec(),
    }
}

fn sum(coefficients: &[i64], constant: i64) -> Sum {
    Sum {
        coefficients: coefficients.to_vec(),
        constant,
    }
}

fn view(steps: Vec<Step<usize>>) -> Operator<usize> {
    Operator::View(View { steps })
}

/// The windows of a convolution over two axes, with padding and stride.
fn windows() -> Vec<Step<usize>> {
    let pad = |axis| Step::Pad {
        axis,
        before: 1,
        after: 1,
    };
    let window = |axis| Step::Window {
        axis,
        count: 3,
        size: 3,
        stride: 2,
        dilation: 1,
    };
    vec![pad(1), pad(2), window(1), window(3)]
}

pub(crate) fn cases() -> Vec<Case> {
    let constant = |values: &[i64]| Constant {
        value: Tensor::from_i64s(vec![values.len()], values.to_vec()).expect("a tensor"),
    };
    let small: (&[usize], i64, i64) = (&[2, 3], -8, 7);
    let far = (1i64 << 57) - 1;
    vec![
        Case::new("constant", constant(&[3, -1, 4]), &[]),
        Case::new("one number", constant(&[9, 9]), &[]),
        Case::new("sum", sum(&[3, -2], 5), &[small, (&[2, 3], 0, 1023)]),
        Case::new("sum of nothing", sum(&[0], 7), &[small]),
        Case::new(
            "large sum",
            sum(&[1, -1, 4], 0),
            &[(&[1], -far, far), (&[1], -far, far), (&[1], -far, far)],
        ),
        Case::new(
            "bias of a product",
            contract(2, &[0, 2], &[2, 1]),
            &[(&[2, 3], -8, 7), (&[3, 2], -8, 7)],
        )
        .then(sum(&[1, -3], 11), &[(2, 0), (2, 0)]),
        Case::new(
            "concatenate",
            Concatenate { axis: 1 },
            &[(&[2, 1], 5, 9), small, (&[2, 2], -1, 0)],
        ),
        Case::new(
            "matrix product",
            contract(2, &[0, 2], &[2, 1]),
            &[small, (&[3, 4], -128, 127)],
        ),
        Case::new(
            "product of elements",
            contract(2, &[0, 1], &[0, 1]),
            &[small, (&[2, 3], 0, 1)],
        ),
        Case::new(
            "attention",
            contract(3, &[0, 1, 3], &[0, 2, 3]),
            &[(&[2, 3, 4], -8, 7), (&[2, 2, 4], -8, 7)],
        ),
        Case::new(
            "outer product",
            contract(2, &[1], &[0]),
            &[(&[3], -8, 7), (&[2], -8, 7)],
        ),
        Case::new(
            "dot product",
            contract(0, &[0], &[0]),
            &[(&[5], -8, 7), (&[5], -8, 7)],
        ),
        Case::new(
            "scalars",
            contract(0, &[], &[]),
            &[(&[], -far >> 30, far >> 30), (&[], -8, 7)],
        ),
        Case::new(
            "view",
            view(vec![
                Step::Permute(vec![1, 0]),
                Step::Reverse(0),
                Step::Reshape(vec![6]),
            ]),
            &[small],
        ),
        Case::new("view that sums", view(vec![Step::Sum(0)]), &[small]),
        Case::new("convolution", view(windows()), &[(&[2, 5, 5], -8, 7)]),
    ]
}

#[test]
fn a_product_that_was_not_rounded_is_no_operand() {
    let product = || {
        Case::new(
            "product",
            contract(1, &[0], &[0]),
            &[(&[2], 0, 3), (&[2], 0, 1)],
        )
    };
    let refused = |case: Case| {
        let program = case.program(crate::Visibility::Public, crate::Visibility::Private);
        let error = crate::Lowered::new(&program).map(|_| ());
        let Err(crate::ProgramError::Operator { reason, .. }) = error else {
            panic!("{}: {error:?}", case.name)
        };
        assert_eq!(reason, OperatorError::Unrounded);
    };
    refused(product().then(view(vec![Step::Reverse(0)]), &[(2, 0)]));
    refused(product().then(contract(1, &[0], &[0]), &[(2, 0), (0, 0)]));
    refused(product().then(Concatenate { axis: 0 }, &[(2, 0), (0, 0)]));
    refused(product().then(crate::operator::AtLeastZero, &[(2, 0)]));
    refused(product().then(crate::operator::Select, &[(1, 0), (2, 0), (0, 0)]));
    let rounded = Rescale {
        shift: 0,
        interval: None,
    };
    let case = product().then(rounded, &[(2, 0)]);
    let case = case.then(view(vec![Step::Reverse(0)]), &[(3, 0)]);
    let program = case.program(crate::Visibility::Public, crate::Visibility::Private);
    assert!(crate::Lowered::new(&program).is_ok());
}

#[test]
fn shapes_and_labels_that_do_not_fit_are_refused() {
    let (a, b) = (fact(&[2, 3], 0, 1), fact(&[3, 4], 0, 1));
    let is_shape = |result: Result<Vec<Fact>, OperatorError>| {
        assert!(
            matches!(result, Err(OperatorError::Shape { .. })),
            "{result:?}"
        );
    };
    let is_labels = |result: Result<Vec<Fact>, OperatorError>| {
        let labels = matches!(result, Err(OperatorError::Attribute { name: "labels", .. }));
        assert!(labels, "{result:?}");
    };
    assert!(contract(2, &[0, 2], &[2, 1]).infer(&[&a, &b]).is_ok());
    is_shape(contract(2, &[2, 0], &[2, 1]).infer(&[&a, &b]));
    is_labels(contract(2, &[0, 2], &[2]).infer(&[&a, &b]));
    is_labels(contract(2, &[0, 0], &[2, 1]).infer(&[&a, &b]));
    is_labels(contract(1, &[0, 2], &[2, 1]).infer(&[&a, &b]));
    is_labels(contract(4, &[0, 2], &[2, 1]).infer(&[&a, &b]));
    is_labels(contract(2, &[0, 3], &[2, 1]).infer(&[&a, &b]));
    is_labels(contract(usize::MAX, &[0, 2], &[2, 1]).infer(&[&a, &b]));
    is_shape(sum(&[1, 1], 0).infer(&[&a, &b]));
    is_shape(Concatenate { axis: 0 }.infer(&[&a, &b]));
    let axis = Concatenate { axis: 2 }.infer(&[&a, &a]);
    assert!(
        matches!(axis, Err(OperatorError::View(ViewError::Axis { .. }))),
        "{axis:?}"
    );
    let step = View {
        steps: vec![Step::Sum(2)],
    }
    .infer(&[&a]);
    assert!(
        matches!(step, Err(OperatorError::View(ViewError::Axis { .. }))),
        "{step:?}"
    );
}

#[test]
fn another_number_of_inputs_is_refused() {
    let a = fact(&[2], 0, 1);
    let inputs = |result: Result<Vec<Fact>, OperatorError>| {
        assert!(
            matches!(result, Err(OperatorError::Inputs { .. })),
            "{result:?}"
        );
    };
    inputs(sum(&[1, 1], 0).infer(&[&a]));
    inputs(sum(&[], 0).infer(&[]));
    inputs(Concatenate { axis: 0 }.infer(&[]));
    inputs(contract(1, &[0], &[0]).infer(&[&a]));
    inputs(View { steps: Vec::new() }.infer(&[&a, &a]));
    let value = Tensor::scalar(1);
    inputs(Constant { value }.infer(&[&a]));
}

#[test]
fn values_beyond_61_bits_are_refused() {
    let far = fact(&[4], 0, 1 << 60);
    let overflow = |result: Result<Vec<Fact>, OperatorError>| {
        assert!(
            matches!(result, Err(OperatorError::Overflow { .. })),
            "{result:?}"
        );
    };
    overflow(sum(&[2], 0).infer(&[&far]));
    overflow(sum(&[i64::MIN], 0).infer(&[&far]));
    overflow(sum(&[1], i64::MAX).infer(&[&far]));
    overflow(contract(1, &[0], &[0]).infer(&[&far, &far]));
    overflow(
        View {
            steps: vec![Step::Sum(0)],
        }
        .infer(&[&far]),
    );
    // Terms that cancel are exact, however large they are one by one.
    let one = Constant {
        value: Tensor::scalar((1 << 60) + 1),
    };
    let case =
        Case::new("cancel", one, &[]).then(sum(&[1 << 40, -(1 << 40)], 3), &[(0, 0), (0, 0)]);
    let program = case.program(crate::Visibility::Public, crate::Visibility::Private);
    let outputs = crate::execute::outputs(&program, &[], &[]);
    assert_eq!(outputs, Ok(vec![Tensor::scalar(3)]));
}
