//! Tests of views against a naive tensor implementation of every builder.

use super::*;
use crate::shape::{len, strides, unravel};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use proptest::prelude::*;

const COLUMN: Source = Source::Column(ColumnId(0));

/// A tensor in the plainest form there is.
#[derive(Clone, Debug, PartialEq)]
struct Naive {
    shape: Vec<usize>,
    values: Vec<i128>,
}

impl Naive {
    /// Values that tell elements, and most sums of elements, apart.
    fn source(shape: &[usize]) -> Self {
        let value = |at: usize| 1 + (at as i128) * (at as i128 + 17);
        Self {
            shape: shape.to_vec(),
            values: (0..len(shape).unwrap()).map(value).collect(),
        }
    }

    fn at(&self, x: &[usize]) -> i128 {
        let inside = x.iter().zip(&self.shape).all(|(x, size)| x < size);
        let index: usize = x
            .iter()
            .zip(strides(&self.shape))
            .map(|(x, stride)| x * stride)
            .sum();
        if inside { self.values[index] } else { 0 }
    }

    /// The tensor whose element `x` is the sum of the elements that `from` lists.
    fn gather(&self, shape: &[usize], from: impl Fn(&[usize]) -> Vec<Vec<usize>>) -> Self {
        let value = |at: usize| from(&unravel(shape, at)).iter().map(|y| self.at(y)).sum();
        Self {
            shape: shape.to_vec(),
            values: (0..len(shape).unwrap()).map(value).collect(),
        }
    }

    fn apply(&self, op: &Op) -> Self {
        let mut shape = self.shape.clone();
        match *op {
            Op::Permute(ref order) => {
                let shape: Vec<usize> = order.iter().map(|&a| self.shape[a]).collect();
                self.gather(&shape, |x| {
                    let mut y = vec![0; x.len()];
                    order.iter().zip(x).for_each(|(&a, &x)| y[a] = x);
                    vec![y]
                })
            }
            Op::Slice(axis, start, len, step) => {
                shape[axis] = len;
                self.gather(&shape, |x| vec![with(x, axis, start + x[axis] * step)])
            }
            Op::Pad(axis, before, after) => {
                shape[axis] += before + after;
                self.gather(&shape, |x| match x[axis].checked_sub(before) {
                    Some(at) if at < self.shape[axis] => vec![with(x, axis, at)],
                    _ => vec![],
                })
            }
            Op::Dilate(axis, step) => {
                shape[axis] = (shape[axis] - 1) * step + 1;
                self.gather(&shape, |x| match x[axis] % step {
                    0 => vec![with(x, axis, x[axis] / step)],
                    _ => vec![],
                })
            }
            Op::Insert(axis) => {
                shape.insert(axis, 1);
                self.gather(&shape, |x| vec![without(x, axis)])
            }
            Op::Broadcast(axis, size) => {
                shape[axis] = size;
                self.gather(&shape, |x| vec![with(x, axis, 0)])
            }
            Op::Sum(axis) => {
                let size = shape.remove(axis);
                self.gather(&shape, |x| {
                    (0..size).map(|at| inserted(x, axis, at)).collect()
                })
            }
            Op::Window(axis, count, size, stride, dilation) => {
                shape[axis] = count;
                shape.insert(axis + 1, size);
                self.gather(&shape, |x| {
                    let at = x[axis] * stride + x[axis + 1] * dilation;
                    vec![with(&without(x, axis + 1), axis, at)]
                })
            }
            Op::Diagonal(a, b) => {
                shape.remove(b);
                self.gather(&shape, |x| {
                    let kept = if a < b { a } else { a - 1 };
                    vec![inserted(x, b, x[kept])]
                })
            }
            Op::Reverse(axis) => self.gather(&shape, |x| {
                vec![with(x, axis, self.shape[axis] - 1 - x[axis])]
            }),
            Op::Reshape(ref shape) => Self {
                shape: shape.clone(),
                values: self.values.clone(),
            },
        }
    }
}

fn with(x: &[usize], axis: usize, at: usize) -> Vec<usize> {
    let mut x = x.to_vec();
    x[axis] = at;
    x
}

fn without(x: &[usize], axis: usize) -> Vec<usize> {
    let mut x = x.to_vec();
    x.remove(axis);
    x
}

fn inserted(x: &[usize], axis: usize, at: usize) -> Vec<usize> {
    let mut x = x.to_vec();
    x.insert(axis, at);
    x
}

#[derive(Clone, Debug)]
enum Op {
    Permute(Vec<usize>),
    Slice(usize, usize, usize, usize),
    Pad(usize, usize, usize),
    Dilate(usize, usize),
    Insert(usize),
    Broadcast(usize, usize),
    Sum(usize),
    Window(usize, usize, usize, usize, usize),
    Diagonal(usize, usize),
    Reverse(usize),
    Reshape(Vec<usize>),
}

impl Op {
    /// An operation that fits the shape, from arbitrary numbers.
    fn choose(shape: &[usize], kind: u8, dice: [usize; 4]) -> Option<Self> {
        let rank = shape.len();
        let axis = |dice: usize| (rank > 0).then(|| dice % rank);
        let total: usize = shape.iter().product();
        Some(match kind % 12 {
            0 => {
                let mut order: Vec<usize> = (0..rank).collect();
                for at in (1..rank).rev() {
                    order.swap(at, dice[at % 4] / (at + 2) % (at + 1));
                }
                Self::Permute(order)
            }
            1 => {
                let axis = axis(dice[0])?;
                let start = dice[1] % shape[axis];
                let step = 1 + dice[3] % 3;
                let most = (shape[axis] - start).div_ceil(step);
                Self::Slice(axis, start, 1 + dice[2] % most, step)
            }
            2 => Self::Pad(axis(dice[0])?, dice[1] % 4, dice[2] % 4),
            3 => Self::Dilate(axis(dice[0])?, 1 + dice[1] % 3),
            4 => Self::Insert(dice[0] % (rank + 1)),
            5 => {
                let ones: Vec<usize> = (0..rank).filter(|&axis| shape[axis] == 1).collect();
                Self::Broadcast(*ones.get(dice[0] % ones.len().max(1))?, 1 + dice[1] % 4)
            }
            6 => Self::Sum(axis(dice[0])?),
            7 => {
                let axis = axis(dice[0])?;
                let (stride, dilation) = (1 + dice[2] % 3, 1 + dice[3] % 2);
                let size = 1 + dice[1] % (1 + (shape[axis] - 1) / dilation).min(4);
                let count = 1 + (shape[axis] - 1 - (size - 1) * dilation) / stride;
                Self::Window(axis, count, size, stride, dilation)
            }
            8 => {
                let (a, b) = (axis(dice[0])?, axis(dice[1])?);
                (a != b && shape[a] == shape[b]).then_some(Self::Diagonal(a, b))?
            }
            9 => Self::Reverse(axis(dice[0])?),
            10 => Self::Reshape(vec![total]),
            _ => {
                let divisors: Vec<usize> = (1..=total)
                    .filter(|size| total.is_multiple_of(*size))
                    .collect();
                let a = divisors[dice[0] % divisors.len()];
                let rest: Vec<usize> = divisors
                    .into_iter()
                    .filter(|b| (total / a).is_multiple_of(*b))
                    .collect();
                let b = rest[dice[1] % rest.len()];
                Self::Reshape(vec![a, b, total / a / b])
            }
        })
    }

    fn build(&self, view: View) -> Result<View, ViewError> {
        match *self {
            Self::Permute(ref order) => view.permute(order),
            Self::Slice(axis, start, len, step) => view.slice(axis, start, len, step),
            Self::Pad(axis, before, after) => view.pad(axis, before, after),
            Self::Dilate(axis, step) => view.dilate(axis, step),
            Self::Insert(axis) => view.insert_axis(axis),
            Self::Broadcast(axis, size) => view.broadcast(axis, size),
            Self::Sum(axis) => view.sum(axis),
            Self::Window(axis, count, size, stride, dilation) => {
                view.window(axis, count, size, stride, dilation)
            }
            Self::Diagonal(a, b) => view.diagonal(a, b),
            Self::Reverse(axis) => view.reverse(axis),
            Self::Reshape(ref shape) => view.reshape(shape),
        }
    }
}

/// All elements by the reference semantics.
fn by_get(view: &View, source: &Naive) -> Naive {
    let shape = view.shape();
    let read = |y: &[usize]| {
        assert!(
            y.iter().zip(&source.shape).all(|(y, size)| y < size),
            "{y:?} is out of range"
        );
        i64::try_from(source.at(y)).unwrap()
    };
    let value = |at: usize| view.get(&unravel(&shape, at), read);
    Naive {
        values: (0..len(&shape).unwrap()).map(value).collect(),
        shape,
    }
}

/// All elements by the tensor product of the components.
fn by_components(view: &View, source: &Naive) -> Naive {
    let shape = view.shape();
    let source_shape = view.source_shape();
    // Pairs of an output index and a source index, both over the whole tensors, with multiplicity.
    let mut pairs: BTreeMap<(usize, usize), i128> = BTreeMap::from([((0, 0), 1)]);
    for component in view.components() {
        let joint = |axes: &[usize], shape: &[usize], joint: usize| -> usize {
            let sizes: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
            let index = unravel(&sizes, joint);
            axes.iter()
                .zip(index)
                .map(|(&axis, at)| at * strides(shape)[axis])
                .sum()
        };
        let mut entries = Vec::new();
        component.for_each(|output, read| {
            assert!(output < component.output_len() && read < component.source_len());
            entries.push((
                joint(&component.output_axes, &shape, output),
                joint(&component.source_axes, &source_shape, read),
            ));
        });
        if component.is_identity() {
            let mut found = Vec::new();
            component.for_each(|output, read| found.push((output, read)));
            found.sort_unstable();
            let expected: Vec<(usize, usize)> =
                (0..component.output_len()).map(|i| (i, i)).collect();
            assert_eq!(found, expected);
        }
        let mut product = BTreeMap::new();
        for (&(output, read), &count) in &pairs {
            for entry in &entries {
                *product
                    .entry((output + entry.0, read + entry.1))
                    .or_insert(0) += count;
            }
        }
        pairs = product;
    }
    let mut values = vec![0; len(&shape).unwrap()];
    for ((output, read), count) in pairs {
        values[output] += count * source.values[read];
    }
    Naive { shape, values }
}

/// How often each output element reads each source element.
fn entries(view: &View) -> BTreeMap<(usize, usize), u64> {
    let mut entries = BTreeMap::new();
    view.for_each_run(|run| {
        run.entries()
            .for_each(|entry| *entries.entry(entry).or_insert(0) += 1)
    });
    entries
}

fn check_reads(view: &View) {
    let shape = view.shape();
    let mut counts = vec![0u64; len(&shape).unwrap()];
    let mut seen = vec![false; len(&view.source_shape()).unwrap()];
    for ((output, source), count) in entries(view) {
        counts[output] += count;
        seen[source] = true;
    }
    let reads = view.reads();
    for (at, &count) in counts.iter().enumerate() {
        let inside = reads.support.as_ref().is_some_and(|support| {
            let index = unravel(&shape, at);
            support
                .iter()
                .zip(index)
                .all(|(&(first, last), x)| first <= x && x <= last)
        });
        assert!(count <= reads.most && (inside || count == 0), "{view:?}");
        assert!(!(reads.full && inside) || count == reads.most, "{view:?}");
    }
    let cover = counts.iter().all(|&count| count <= 1) && seen.iter().all(|&seen| seen);
    assert!(cover || !view.is_cover(), "{view:?}");
    // Nothing that builders make is too complicated to be seen to cover.
    let normal = view.clone().normalised().unwrap();
    assert!(normal != *view || cover == view.is_cover(), "{view:?}");
}

fn check(view: &View, expected: &Naive, source: &Naive) {
    assert_eq!(&by_get(view, source), expected, "{view:?}");
    assert_eq!(&by_components(view, source), expected, "{view:?}");
    check_reads(view);
    let bytes = postcard::to_allocvec(view).unwrap();
    assert_eq!(&postcard::from_bytes::<View>(&bytes).unwrap(), view);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn every_chain_of_builders_is_the_chain_of_operations(
        shape in prop::collection::vec(1usize..6, 0..4),
        steps in prop::collection::vec((any::<u8>(), any::<[u16; 4]>()), 0..9),
    ) {
        let source = Naive::source(&shape);
        let mut view = View::identity(COLUMN, &shape).unwrap();
        let mut expected = source.clone();
        for (kind, dice) in steps {
            let Some(op) = Op::choose(&expected.shape, kind, dice.map(usize::from)) else { continue };
            let result = expected.apply(&op);
            if result.values.len() > 600 {
                continue;
            }
            view = op.build(view).unwrap();
            expected = result;
        }
        check(&view, &expected, &source);
    }
}

/// Applies operations to the identity and checks the result.
fn chain(shape: &[usize], ops: &[Op]) -> View {
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
    let view = View::one().insert_axis(0).unwrap().broadcast(0, 3).unwrap();
    assert_eq!(view.shape(), [3]);
    assert_eq!((0..3).map(|x| view.get(&[x], |_| 1)).sum::<i128>(), 3);
    assert_eq!(View::one().components().len(), 0);
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

/// A view from raw parts, through the same door as one from a file.
fn raw(digits: Vec<usize>, output: Vec<Axis>, source_axes: Vec<Axis>, guards: Vec<Axis>) -> bool {
    let parts = (COLUMN, digits, output, source_axes, guards);
    let bytes = postcard::to_allocvec(&parts).unwrap();
    postcard::from_bytes::<View>(&bytes).is_ok()
}

fn axis(extent: usize, offset: i64, terms: Vec<(usize, i64)>) -> Axis {
    Axis {
        extent,
        offset,
        terms,
    }
}

#[test]
fn hostile_views_are_refused_when_they_are_read() {
    let good = || axis(3, 0, vec![(0, 1)]);
    assert!(raw(vec![3], vec![good()], vec![good()], vec![]));
    assert!(!raw(
        vec![3],
        vec![axis(0, 0, vec![])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(1 << 41, 0, vec![(0, 1)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(vec![3], vec![good(); 17], vec![good()], vec![]));
    assert!(!raw(
        vec![3],
        vec![axis(1 << 39, 0, vec![]); 2],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, 0, vec![(1, 1)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, 0, vec![(0, 0)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, 0, vec![(0, 1), (0, 1)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, 0, vec![(0, i64::MIN)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, i64::MIN, vec![(0, 1)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![good()],
        vec![good()],
        vec![axis(3, i64::MAX, vec![])]
    ));
    assert!(!raw(
        vec![usize::MAX],
        vec![axis(3, 0, vec![])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![1 << 31, 1 << 31],
        vec![axis(3, 0, vec![])],
        vec![],
        vec![]
    ));
    assert!(!raw(vec![1; 65], vec![good()], vec![good()], vec![]));
    assert!(!raw(
        vec![3],
        vec![good()],
        vec![good()],
        vec![axis(3, 0, vec![]); 65]
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8000, rng_seed: proptest::test_runner::RngSeed::Fixed(2), ..ProptestConfig::default() })]

    #[test]
    fn views_from_arbitrary_parts_are_refused_or_work(
        digits in prop::collection::vec(0usize..4, 0..4),
        forms in prop::collection::vec(
            (1usize..5, -3i64..4, prop::collection::vec((0usize..4, -3i64..4), 0..3)), 0..5),
        cuts in (0usize..4, 0usize..4),
    ) {
        let forms: Vec<Axis> = forms.into_iter().map(|(extent, offset, mut terms)| {
            terms.sort_unstable();
            axis(extent, offset, terms)
        }).collect();
        let (a, b) = (cuts.0.min(forms.len()), (cuts.0 + cuts.1).min(forms.len()));
        let parts = (COLUMN, digits, &forms[..a], &forms[a..b], &forms[b..]);
        let bytes = postcard::to_allocvec(&parts).unwrap();
        let Ok(view) = postcard::from_bytes::<View>(&bytes) else { return Ok(()) };
        let source = Naive::source(&view.source_shape());
        let expected = by_components(&view, &source);
        prop_assert_eq!(&by_get(&view, &source), &expected);
        // The normal form of a view is the same map, and so are the entries that are walked at once.
        let normal = view.clone().normalised().unwrap();
        prop_assert_eq!(&by_components(&normal, &source), &expected);
        prop_assert_eq!(entries(&normal), entries(&view));
        check_reads(&view);
        check_reads(&normal);
    }
}
