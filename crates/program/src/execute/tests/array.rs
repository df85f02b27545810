//! Steps of arrays against the views of relations.

use crate::execute::Array;
use crate::operator::Step;
use proptest::prelude::*;
use relation::{ColumnId, Combination, Source, Tensor, View, shape};

/// The most elements of a tensor on the way.
const MAX_LEN: usize = 600;

/// A step for a tensor of this shape; most of them are valid.
fn step(shape: &[usize], kind: u8, numbers: [usize; 5]) -> Step<usize> {
    let [axis, a, b, c, d] = numbers;
    let axis = axis % shape.len().max(1);
    let size = shape.get(axis).copied().unwrap_or(1);
    match kind {
        0 => {
            let mut order: Vec<usize> = (0..shape.len()).collect();
            order.rotate_left(axis);
            if shape.len() > 2 && a % 2 == 0 {
                order.swap(0, 1);
            }
            Step::Permute(order)
        }
        1 => {
            let (start, step) = (a % size, 1 + b % 3);
            let most = (size - 1 - start) / step + 1;
            let len = 1 + c % most;
            // The step of a single element does not matter, however large it is.
            let step = if len == 1 && d % 2 == 0 {
                usize::MAX / 2
            } else {
                step
            };
            Step::Slice {
                axis,
                start,
                len,
                step,
            }
        }
        2 => Step::Pad {
            axis,
            before: a % 3,
            after: b % 3,
        },
        3 => Step::Dilate {
            axis,
            step: 1 + a % 3,
        },
        4 => Step::InsertAxis(a % (shape.len() + 1)),
        5 => Step::RemoveAxis(shape.iter().position(|&size| size == 1).unwrap_or(axis)),
        6 => Step::Broadcast {
            axis: shape.iter().position(|&size| size == 1).unwrap_or(axis),
            size: 1 + a % 4,
        },
        7 => Step::Sum(axis),
        8 => {
            let (size_of, dilation, stride) = (1 + a % 3, 1 + b % 2, 1 + c % 3);
            let reach = (size_of - 1) * dilation;
            let count = size.saturating_sub(reach + 1) / stride + 1;
            Step::Window {
                axis,
                count: 1 + d % count,
                size: size_of,
                stride,
                dilation,
            }
        }
        9 => {
            let same = |&other: &usize| other != axis && shape.get(other) == Some(&size);
            let other = (0..shape.len()).find(same).unwrap_or(axis);
            Step::Diagonal(axis, other)
        }
        10 => Step::Reverse(axis),
        _ => {
            let len: usize = shape.iter().product();
            let divisors: Vec<usize> = (1..=len).filter(|&size| len.is_multiple_of(size)).collect();
            let first = divisors[a % divisors.len()];
            Step::Reshape(vec![first, len / first])
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn steps_of_arrays_mean_what_views_mean(
        shape in prop::collection::vec(1usize..5, 1..4),
        seed in any::<[i16; 8]>(),
        chain in prop::collection::vec((0u8..12, any::<[usize; 5]>()), 1..7),
    ) {
        let len: usize = shape.iter().product();
        let values = (0..len).map(|at| i64::from(seed[at % 8]) * 7 + i64::try_from(at).unwrap_or(0));
        let tensor = Tensor::from_i64s(shape.clone(), values.collect()).expect("a tensor");
        let mut view = View::identity(Source::Column(ColumnId(0)), &shape).expect("a view");
        let mut array = Array::from(tensor.clone());
        let mut steps = Vec::new();
        for (kind, numbers) in chain {
            let step = step(&view.shape(), kind, numbers);
            match step.apply(view.clone()) {
                Ok(next) if shape::len(&next.shape()).is_some_and(|len| len <= MAX_LEN) => view = next,
                _ => continue,
            }
            array = array.step(&step);
            steps.push(step);
        }
        prop_assert_eq!(&array.shape, &view.shape());
        let combination = Combination::from(view);
        let expected: Vec<i128> = (0..array.len())
            .map(|at| combination.get(&shape::unravel(&array.shape, at), |_| Some(&tensor)))
            .collect();
        let found: Vec<i128> = array.to_vec().into_iter().map(i128::from).collect();
        prop_assert_eq!(found, expected, "{:?}", steps);
        let stored = array.to_tensor();
        prop_assert_eq!(stored.to_i64s(), array.to_vec());
        prop_assert_eq!(&stored.shape, &array.shape);
    }

    #[test]
    fn concatenated_arrays_mean_what_concatenated_combinations_mean(
        sizes in prop::collection::vec(1usize..4, 1..4),
        outer in 1usize..3,
        inner in 1usize..4,
        axis in 0usize..3,
        transpose in any::<bool>(),
    ) {
        let axis = if transpose { 2 - axis } else { axis };
        let tensors: Vec<Tensor> = { sizes.iter().enumerate() }
            .map(|(part, &size)| {
                let mut shape = vec![outer, inner, 2];
                shape[axis] = size;
                let len = shape.iter().product();
                let number = |at: usize| i64::try_from(at * 10 + part).unwrap_or(0);
                Tensor::from_i64s(shape, (0..len).map(number).collect()).expect("a tensor")
            })
            .collect();
        let reverse = Step::Reverse(2);
        let arrays: Vec<Array> = { tensors.iter() }
            .map(|tensor| Array::from(tensor.clone()).step(&reverse))
            .collect();
        let parts: Vec<Combination> = { tensors.iter().enumerate() }
            .map(|(at, tensor)| {
                let view = View::identity(Source::Column(ColumnId(at)), &tensor.shape).expect("a view");
                reverse.apply(view).expect("a view").into()
            })
            .collect();
        let whole = Combination::concatenate(axis, parts).expect("parts that fit");
        let arrays: Vec<&Array> = arrays.iter().collect();
        let found = Array::concatenate(axis, &arrays, whole.shape());
        for (at, value) in found.to_vec().into_iter().enumerate() {
            let source = |source| match source {
                Source::Column(ColumnId(at)) => tensors.get(at),
                _ => None,
            };
            let expected = whole.get(&shape::unravel(whole.shape(), at), source);
            prop_assert_eq!(i128::from(value), expected);
        }
    }
}
