//! The separable parts of a view, as sparse matrices from what is read to what is kept.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use p3_field::Field;
use rayon::prelude::*;
use relation::view::Run;
use relation::{Component, View};

use super::contract::{Row, Small};

/// Elements that one thread handles at a time.
const CHUNK: usize = 1 << 12;

/// A matrix of this many elements per joint output index is written as it is: entries need not be sorted then.
const DENSE: usize = 4;

/// A component of a view, once the free output axes have met their weights.
pub(super) struct Part<E> {
    /// Number of joint source indices.
    pub(super) len: usize,
    /// Number of joint indices of the kept output axes.
    pub(super) kept: usize,
    /// The kept output axes, with their sizes.
    pub(super) axes: Vec<(usize, usize)>,
    pub(super) map: Map<E>,
}

pub(super) enum Map<E> {
    /// Each index to itself.
    Identity,
    /// An index map; `single` if each output reads at most one source.
    Index { runs: Vec<Run>, single: bool },
    /// A matrix, one row per kept index.
    Matrix(Vec<Row<E>>),
}

impl<E: Field> Part<E> {
    fn new(component: &Component, shape: &[usize], weights: &[Option<Vec<E>>]) -> Self {
        let output = &component.output_axes;
        let axes: Vec<(usize, usize)> = output
            .iter()
            .filter(|&&axis| weights[axis].is_none())
            .map(|&axis| (axis, shape[axis]))
            .collect();
        let kept = axes.iter().map(|&(_, size)| size).product();
        let map = if axes.len() == output.len() {
            Map::index(component)
        } else {
            Map::matrix(component, kept, shape, weights)
        };
        Self {
            len: component.source_len(),
            kept,
            axes,
            map,
        }
    }

    /// How much shorter the axis becomes.
    fn reduction(&self) -> f64 {
        self.len as f64 / self.kept as f64
    }
}

impl<E: Field> Map<E> {
    fn index(component: &Component) -> Self {
        if component.is_identity() {
            return Self::Identity;
        }
        let (mut runs, mut count, mut identity) = (Vec::new(), 0, true);
        component.for_each_run(|run| {
            count += run.len;
            identity &= run.output == run.source
                && (run.len == 1 || (run.output_step, run.source_step) == (1, 1));
            runs.push(run);
        });
        let mut seen = vec![false; component.output_len()];
        let entries = runs.iter().flat_map(|run| run.entries());
        let single = entries.fold(true, |single, (out, _)| {
            !core::mem::replace(&mut seen[out], true) && single
        });
        let len = component.source_len();
        if identity && single && count == len && len == component.output_len() {
            return Self::Identity;
        }
        Self::Index { runs, single }
    }

    fn matrix(
        component: &Component,
        kept: usize,
        shape: &[usize],
        weights: &[Option<Vec<E>>],
    ) -> Self {
        if let (true, [axis]) = (component.is_identity(), &component.output_axes[..]) {
            let weights = weights[*axis].clone().unwrap_or_default();
            return Self::Matrix(vec![Row::Span { start: 0, weights }]);
        }
        // The joint index of the kept axes and the joint weight of the free ones, for each joint output index.
        let mut outputs = vec![(0usize, E::ONE)];
        for &axis in &component.output_axes {
            let size = shape[axis];
            debug_assert!(weights[axis].as_ref().is_none_or(|all| all.len() == size));
            let mut finer = vec![(0usize, E::ZERO); outputs.len() * size];
            finer
                .par_chunks_mut(size)
                .with_min_len(1 + CHUNK / size)
                .zip(&outputs)
                .for_each(|(finer, &(k, w))| match &weights[axis] {
                    None => (k * size..).zip(finer).for_each(|(k, out)| *out = (k, w)),
                    Some(weights) => {
                        let products = weights.iter().map(|&weight| (k, w * weight));
                        finer.iter_mut().zip(products).for_each(|(out, x)| *out = x);
                    }
                });
            outputs = finer;
        }
        let len = component.source_len();
        if kept.saturating_mul(len) <= DENSE * outputs.len() {
            let mut weights = vec![E::ZERO; kept * len];
            component.for_each(|output, source| {
                let (k, weight) = outputs[output];
                weights[k * len + source] += weight;
            });
            return Self::Matrix(weights.chunks(len.max(1)).map(Row::dense).collect());
        }
        let mut entries: Vec<(usize, usize, E)> = Vec::new();
        component.for_each(|output, source| {
            let (k, weight) = outputs[output];
            entries.push((k, source, weight));
        });
        entries.sort_unstable_by_key(|&(k, source, _)| (k, source));
        entries.dedup_by(|next, entry| {
            let same = (next.0, next.1) == (entry.0, entry.1);
            if same {
                entry.2 += next.2;
            }
            same
        });
        let mut rows = vec![Vec::new(); kept];
        for (k, source, weight) in entries {
            rows[k].push((source, weight));
        }
        Self::Matrix(rows.into_iter().map(Row::new).collect())
    }
}

/// The parts of a view and its source, whose axes are in the order of the parts.
pub(super) fn parts<'a, T: Small, E: Field>(
    view: &View,
    weights: &[Option<Vec<E>>],
    data: &'a [T],
) -> (Cow<'a, [T]>, Vec<Part<E>>) {
    let (shape, source_shape) = (view.shape(), view.source_shape());
    let mut components = view.components();
    components.sort_by_key(|component| {
        let first = component.source_axes.first();
        first.copied().unwrap_or(usize::MAX)
    });
    let read: Vec<usize> = components
        .iter()
        .flat_map(|component| component.source_axes.iter().copied())
        .collect();
    let data = if read.is_sorted() {
        Cow::Borrowed(data)
    } else {
        Cow::Owned(permuted(data, &source_shape, &read))
    };
    let parts = components
        .iter()
        .map(|component| Part::new(component, &shape, weights))
        .collect();
    (data, parts)
}

/// The shape around part `at`: what lies outside, the part itself, what lies inside.
pub(super) fn dims<E>(parts: &[Part<E>], at: usize) -> [usize; 3] {
    let len = |parts: &[Part<E>]| parts.iter().map(|part| part.len).product();
    [len(&parts[..at]), parts[at].len, len(&parts[at + 1..])]
}

/// Applies the index maps that leave elements out, while the elements are still small.
pub(super) fn drop_early<T: Small, E>(data: &mut Cow<'_, [T]>, parts: &mut [Part<E>]) {
    for at in 0..parts.len() {
        let dims = dims(parts, at);
        let part = &mut parts[at];
        if let Map::Index { runs, single: true } = &part.map
            && part.kept < part.len
        {
            *data = Cow::Owned(indexed(data, dims, part.kept, runs, |out, value| {
                *out = value
            }));
            (part.map, part.len) = (Map::Identity, part.kept);
        }
    }
}

/// Joins neighbours that are contracted completely, if their joint weights are few.
pub(super) fn merge<E: Field>(parts: &mut Vec<Part<E>>) {
    let mut at = 0;
    while at + 1 < parts.len() {
        let merged = match (&parts[at].map, &parts[at + 1].map) {
            (Map::Matrix(a), Map::Matrix(b)) if a.len() == 1 && b.len() == 1 => {
                let (a_axes, b_axes) = (&parts[at].axes, &parts[at + 1].axes);
                // A kept axis of size 1 keeps its place in the list of axes.
                let axes = a_axes.iter().chain(b_axes).copied().collect();
                a[0].merged(&b[0], parts[at + 1].len).map(|row| (row, axes))
            }
            _ => None,
        };
        match merged {
            Some((row, axes)) => {
                let len = parts[at].len * parts[at + 1].len;
                let map = Map::Matrix(vec![row]);
                parts.remove(at + 1);
                parts[at] = Part {
                    len,
                    kept: 1,
                    axes,
                    map,
                };
            }
            None => at += 1,
        }
    }
}

/// The part whose contraction shortens the tensor most.
pub(super) fn heaviest<E: Field>(parts: &[Part<E>]) -> Option<usize> {
    (0..parts.len())
        .filter(|&at| matches!(parts[at].map, Map::Matrix(_)))
        .max_by(|&a, &b| parts[a].reduction().total_cmp(&parts[b].reduction()))
}

/// Applies an index map to the middle axis of `data [outer, len, inner]`.
pub(super) fn indexed<T: Copy + Default + Send + Sync>(
    data: &[T],
    [_, len, inner]: [usize; 3],
    kept: usize,
    runs: &[Run],
    write: impl Fn(&mut T, T) + Sync,
) -> Vec<T> {
    let outer = data.len() / (len * inner);
    let mut out = vec![T::default(); outer * kept * inner];
    out.par_chunks_mut(kept * inner)
        .zip(data.par_chunks(len * inner))
        .with_min_len(1 + CHUNK / (kept * inner))
        .for_each(|(out, data)| {
            for (to, from) in runs.iter().flat_map(|run| run.entries()) {
                let (out, data) = (
                    &mut out[to * inner..][..inner],
                    &data[from * inner..][..inner],
                );
                for (out, &value) in out.iter_mut().zip(data) {
                    write(out, value);
                }
            }
        });
    out
}

/// A copy of `data` with its axes in another order.
pub(super) fn permuted<T: Copy + Default + Send + Sync>(
    data: &[T],
    shape: &[usize],
    order: &[usize],
) -> Vec<T> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    let Some((&last, outer)) = order.split_last() else {
        return data.to_vec();
    };
    let (len, stride) = (shape[last], strides[last]);
    let mut out = vec![T::default(); data.len()];
    out.par_chunks_mut(len)
        .with_min_len(1 + CHUNK / len)
        .enumerate()
        .for_each(|(mut row, out)| {
            let mut start = 0;
            for &axis in outer.iter().rev() {
                start += row % shape[axis] * strides[axis];
                row /= shape[axis];
            }
            for (x, out) in out.iter_mut().enumerate() {
                *out = data[start + x * stride];
            }
        });
    out
}

/// The shape and the permutation that bring axes, given with their sizes, into another order; none if they are in it.
pub(super) fn permutation(
    axes: &[(usize, usize)],
    order: &[usize],
) -> Option<(Vec<usize>, Vec<usize>)> {
    let long = || axes.iter().filter(|&&(_, size)| size > 1);
    let shape: Vec<usize> = long().map(|&(_, size)| size).collect();
    let place = |axis: &usize| long().position(|(a, _)| a == axis);
    let permutation: Vec<usize> = order.iter().filter_map(place).collect();
    (!permutation.is_sorted()).then_some((shape, permutation))
}
