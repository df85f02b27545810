//! What only a source axis holds together comes apart.

use super::chains::chain;
use super::naive::Op;
use super::*;
use alloc::vec;

/// How many factors the component with the most has.
fn most_factors(view: &View) -> usize {
    let components = view.components();
    { components.iter() }
        .map(|component| component.factors().len())
        .max()
        .unwrap()
}

/// A row as an image with a margin, and windows over its two axes.
fn windows(last: [Op; 2]) -> View {
    let [rows, columns] = last;
    chain(
        &[12],
        &[
            Op::Reshape(vec![2, 3, 2]),
            Op::Pad(0, 1, 1),
            Op::Pad(1, 1, 1),
            rows,
            columns,
        ],
    )
}

#[test]
fn windows_over_a_row_that_is_an_image_are_factors() {
    let view = windows([Op::Window(0, 2, 3, 1, 1), Op::Window(2, 3, 3, 1, 1)]);
    assert_eq!(most_factors(&view), 3);
    let view = windows([Op::Window(0, 2, 3, 1, 1), Op::Window(2, 2, 2, 3, 1)]);
    assert_eq!(most_factors(&view), 3);
    // A transposed convolution: zeros between the elements.
    let view = chain(
        &[12],
        &[
            Op::Reshape(vec![2, 3, 2]),
            Op::Dilate(0, 2),
            Op::Dilate(1, 2),
            Op::Window(0, 2, 2, 1, 1),
            Op::Window(2, 3, 3, 1, 1),
        ],
    );
    assert_eq!(most_factors(&view), 3);
}

#[test]
fn an_axis_that_restricts_several_factors_keeps_them_together() {
    // Windows over the row itself, of the two axes of another shape: where one ends depends on the other.
    let view = chain(
        &[12],
        &[
            Op::Pad(0, 1, 2),
            Op::Reshape(vec![5, 3]),
            Op::Permute(vec![1, 0]),
        ],
    );
    assert_eq!(most_factors(&view), 0);
}

#[test]
fn windows_over_a_long_row_are_walked_one_by_one() {
    let view = View::identity(COLUMN, &[3136]).unwrap();
    let view = view.reshape(&[7, 7, 64]).unwrap();
    let view = view.pad(0, 1, 1).unwrap().pad(1, 1, 1).unwrap();
    let view = view.window(0, 7, 3, 1, 1).unwrap();
    let view = view.window(2, 7, 3, 1, 1).unwrap();
    let components = view.components();
    let efforts = components.iter().map(Component::effort);
    assert!(efforts.sum::<u64>() < 7000);
    let mut visits = 0;
    for factor in components.iter().flat_map(Component::factors) {
        factor.for_each(|_, _| visits += 1);
    }
    assert_eq!(visits, 2 * (7 * 3 - 2) + 64);
    assert_eq!(view.reads().most, 1);
}
