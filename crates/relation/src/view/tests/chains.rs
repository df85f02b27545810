//! Chains of builders against chains of operations.

use super::naive::{Naive, Op};
use super::*;
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, rng_seed: proptest::test_runner::RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_chain_of_builders_is_the_chain_of_operations(
        shape in prop::collection::vec(1usize..7, 0..4),
        steps in prop::collection::vec((any::<u8>(), any::<[u16; 4]>()), 0..16),
    ) {
        let source = Naive::source(&shape);
        let mut view = View::identity(COLUMN, &shape).unwrap();
        let mut expected = source.clone();
        for (kind, dice) in steps {
            let Some(op) = Op::choose(&expected.shape, kind, dice.map(usize::from)) else { continue };
            let result = expected.apply(&op);
            if result.values.len() > 400 {
                continue;
            }
            view = op.build(view).unwrap();
            expected = result;
        }
        check(&view, &expected, &source);
    }
}

/// Applies operations to the identity and checks the result.
pub(super) fn chain(shape: &[usize], ops: &[Op]) -> View {
    let source = Naive::source(shape);
    let mut view = View::identity(COLUMN, shape).unwrap();
    let mut expected = source.clone();
    for op in ops {
        view = op.build(view).unwrap();
        expected = expected.apply(op);
        check(&view, &expected, &source);
    }
    view
}

#[test]
fn what_a_slice_drops_does_not_come_back_with_padding() {
    chain(&[7], &[Op::Slice(0, 2, 3, 1), Op::Pad(0, 3, 3)]);
    let merged = Op::Reshape(vec![12]);
    chain(
        &[3, 4],
        &[merged.clone(), Op::Slice(0, 2, 7, 1), Op::Pad(0, 3, 4)],
    );
    chain(
        &[3, 4],
        &[merged.clone(), Op::Slice(0, 2, 7, 1), Op::Sum(0)],
    );
    chain(
        &[3, 4],
        &[
            merged,
            Op::Slice(0, 3, 8, 1),
            Op::Reshape(vec![2, 4]),
            Op::Pad(1, 2, 2),
        ],
    );
}

#[test]
fn windows_over_padding_read_zeros_outside() {
    let ops = [
        Op::Pad(0, 2, 1),
        Op::Window(0, 4, 3, 2, 1),
        Op::Pad(0, 1, 1),
        Op::Sum(1),
    ];
    chain(&[6], &ops);
    chain(
        &[5],
        &[
            Op::Window(0, 3, 2, 1, 2),
            Op::Reshape(vec![6]),
            Op::Window(0, 2, 3, 3, 1),
        ],
    );
}

#[test]
fn a_transposed_convolution_is_a_window_over_a_dilated_axis() {
    chain(
        &[4],
        &[
            Op::Dilate(0, 3),
            Op::Pad(0, 2, 2),
            Op::Window(0, 12, 3, 1, 1),
            Op::Reverse(1),
        ],
    );
}

#[test]
fn splitting_a_merged_axis_where_it_was_merged_separates_it_again() {
    for ops in [
        vec![Op::Reshape(vec![30]), Op::Reshape(vec![5, 6])],
        vec![
            Op::Reshape(vec![30]),
            Op::Reshape(vec![5, 2, 3]),
            Op::Reshape(vec![5, 6]),
        ],
        vec![
            Op::Reshape(vec![30]),
            Op::Reshape(vec![5, 6, 1]),
            Op::Reshape(vec![1, 5, 6]),
        ],
    ] {
        let view = chain(&[5, 6], &ops);
        let components: Vec<Component> = view.components();
        assert!(
            components
                .iter()
                .all(|component| component.source_axes.len() <= 1),
            "{view:?}"
        );
    }
    // Heads of attention: [tokens, heads * size] and back again.
    let view = chain(
        &[5, 6],
        &[
            Op::Reshape(vec![5, 3, 2]),
            Op::Permute(vec![1, 0, 2]),
            Op::Permute(vec![1, 0, 2]),
            Op::Reshape(vec![5, 6]),
        ],
    );
    assert!(view.components().iter().all(Component::is_identity));
}

#[test]
fn axes_of_a_reshape_that_stay_the_same_stay_separate() {
    let view = chain(&[3, 4, 5], &[Op::Reshape(vec![12, 5])]);
    let parts: Vec<(Vec<usize>, Vec<usize>)> = { view.components().into_iter() }
        .map(|component| (component.output_axes, component.source_axes))
        .collect();
    assert_eq!(parts, [(vec![0], vec![0, 1]), (vec![1], vec![2])]);
}

#[test]
fn splitting_across_the_radix_carries() {
    chain(
        &[3, 4],
        &[
            Op::Reshape(vec![2, 6]),
            Op::Reshape(vec![3, 4]),
            Op::Permute(vec![1, 0]),
        ],
    );
    chain(
        &[4, 3],
        &[
            Op::Reshape(vec![12]),
            Op::Reverse(0),
            Op::Reshape(vec![2, 6]),
            Op::Sum(0),
        ],
    );
}

#[test]
fn a_diagonal_of_windows_and_merges_is_a_diagonal() {
    chain(&[4, 4], &[Op::Diagonal(0, 1), Op::Pad(0, 1, 1)]);
    chain(&[2, 2, 4], &[Op::Reshape(vec![4, 4]), Op::Diagonal(1, 0)]);
    chain(
        &[3, 5],
        &[Op::Slice(1, 0, 3, 2), Op::Diagonal(0, 1), Op::Sum(0)],
    );
}

#[test]
fn a_broadcast_that_is_summed_is_a_factor() {
    let view = chain(&[3], &[Op::Insert(0), Op::Broadcast(0, 5), Op::Sum(0)]);
    let factor = view
        .components()
        .into_iter()
        .find(|part| part.output_axes.is_empty())
        .unwrap();
    let mut count = 0;
    factor.for_each(|output, source| {
        assert_eq!((output, source), (0, 0));
        count += 1;
    });
    assert_eq!(count, 5);
}

#[test]
fn a_view_of_nothing_but_padding_is_zero() {
    let view = chain(
        &[3],
        &[
            Op::Pad(0, 4, 0),
            Op::Slice(0, 1, 2, 1),
            Op::Insert(0),
            Op::Broadcast(0, 2),
        ],
    );
    assert_eq!(view.reads().support, None);
}

#[test]
fn large_views_are_walked_per_axis() {
    // 10^7 elements; the walk below visits each axis alone.
    let view = View::identity(COLUMN, &[1000, 100, 100]).unwrap();
    let view = view.pad(1, 1, 1).unwrap().pad(2, 1, 1).unwrap();
    let view = view
        .window(1, 50, 3, 2, 1)
        .unwrap()
        .window(3, 50, 3, 2, 1)
        .unwrap();
    let mut visits = 0;
    for component in view.components() {
        component.for_each(|_, _| visits += 1);
    }
    assert_eq!(visits, 1000 + 2 * (150 - 1));
    assert_eq!(view.reads().most, 1);
}

#[test]
fn walking_a_view_visits_little_more_than_its_entries() {
    // A step across a merged axis is the worst case: the digits are coupled by guards.
    let view = View::identity(COLUMN, &[1000, 1000]).unwrap();
    let view = view
        .reshape(&[1_000_000])
        .unwrap()
        .slice(0, 5, 14_000, 71)
        .unwrap();
    let (mut entries, mut runs) = (0, 0);
    view.for_each_run(|run| {
        entries += run.len;
        runs += 1;
    });
    assert_eq!(entries, 14_000);
    assert!(runs <= 14_000);
}

#[test]
fn the_constant_one_broadcasts_to_any_shape() {
    let scalar = || View::ones(&[]).unwrap();
    for shape in [&[3][..], &[1], &[2, 1, 3]] {
        let mut view = scalar();
        for (axis, &size) in shape.iter().enumerate() {
            view = view
                .insert_axis(axis)
                .unwrap()
                .broadcast(axis, size)
                .unwrap();
        }
        assert_eq!(view, View::ones(shape).unwrap());
        assert_eq!(view.shape(), shape);
    }
    let view = View::ones(&[3]).unwrap();
    assert_eq!((0..3).map(|x| view.get(&[x], |_| 1)).sum::<i128>(), 3);
    assert_eq!(scalar().components().len(), 0);
    assert!(View::ones(&[2, 0]).is_err());
    assert!(View::identity(Source::One, &[1]).is_err());
}

#[test]
fn every_builder_refuses_what_does_not_fit() {
    let view = || View::identity(COLUMN, &[3, 1, 4]).unwrap();
    let axis = |axis| ViewError::Axis { axis, rank: 3 };
    assert_eq!(view().slice(3, 0, 1, 1), Err(axis(3)));
    assert_eq!(view().pad(7, 0, 1), Err(axis(7)));
    assert_eq!(view().insert_axis(4), Err(axis(4)));
    assert_eq!(view().sum(3), Err(axis(3)));
    assert_eq!(view().reverse(3), Err(axis(3)));
    assert_eq!(view().diagonal(0, 3), Err(axis(3)));
    let found = vec![0, 0, 1];
    assert_eq!(
        view().permute(&[0, 0, 1]),
        Err(ViewError::Permutation { found, rank: 3 })
    );
    let reach = |axis, size, expected| {
        Err(ViewError::Reach {
            axis,
            size,
            expected,
        })
    };
    assert_eq!(view().slice(0, 1, 2, 2), reach(0, 3, 4));
    assert_eq!(view().slice(0, usize::MAX, 2, 1), reach(0, 3, usize::MAX));
    assert_eq!(view().window(2, 2, 3, 2, 1), reach(2, 4, 5));
    assert_eq!(
        view().window(2, usize::MAX, 3, 2, 1),
        reach(2, 4, usize::MAX)
    );
    assert_eq!(
        view().remove_axis(2),
        Err(ViewError::NotOne { axis: 2, size: 4 })
    );
    assert_eq!(
        view().broadcast(0, 2),
        Err(ViewError::NotOne { axis: 0, size: 3 })
    );
    let diagonal = |a, b, size_a, size_b| {
        Err(ViewError::Diagonal {
            a,
            b,
            size_a,
            size_b,
        })
    };
    assert_eq!(view().diagonal(0, 2), diagonal(0, 2, 3, 4));
    assert_eq!(view().diagonal(2, 2), diagonal(2, 2, 4, 4));
    assert_eq!(
        view().reshape(&[13]),
        Err(ViewError::Length {
            shape: vec![13],
            expected: 12
        })
    );
    assert!(matches!(
        view().reshape(&[0]),
        Err(ViewError::Length { .. })
    ));
    assert!(matches!(
        view().broadcast(1, 0),
        Err(ViewError::Zero { .. })
    ));
    assert!(matches!(
        view().slice(0, 0, 0, 1),
        Err(ViewError::Zero { .. })
    ));
    assert!(matches!(
        view().slice(0, 0, 1, 0),
        Err(ViewError::Zero { .. })
    ));
    assert!(matches!(view().dilate(0, 0), Err(ViewError::Zero { .. })));
    assert!(matches!(
        view().pad(0, usize::MAX, 1),
        Err(ViewError::Limit { .. })
    ));
    assert!(matches!(
        view().pad(0, 1 << 45, 1),
        Err(ViewError::Limit { .. })
    ));
    assert!(matches!(
        view().broadcast(1, 1 << 50),
        Err(ViewError::Limit { .. })
    ));
    assert!(matches!(
        view().dilate(0, 1 << 50),
        Err(ViewError::Limit { .. })
    ));
    assert!(matches!(
        View::identity(COLUMN, &[1; 17]),
        Err(ViewError::Limit { .. })
    ));
    assert!(matches!(
        View::identity(COLUMN, &[0]),
        Err(ViewError::Limit { .. })
    ));
    assert!(matches!(
        View::identity(COLUMN, &[1 << 30, 1 << 30]),
        Err(ViewError::Limit { .. })
    ));
}
