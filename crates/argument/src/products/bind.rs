//! Binding the free axes of an operand: from small integers behind views to a table of field elements.
//!
//! A view is the tensor product of its components, so it is never written out: each component becomes a sparse matrix
//! from the source axes that it reads to the output axes that are kept, with the weights of the free output axes
//! inside. A sliding window whose position is free becomes the small matrix from heights to offsets in the window.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, PackedValue, PrimeField64};
use rayon::prelude::*;
use relation::view::Run;
use relation::{Combination, Component, Data, Tensor, View};

use super::contract::{self, Row, Small, capacity};
use super::table::{Table, lane, lanes, put};
use crate::multilinear::{eq_vector, log_ceil};

/// Elements that one thread handles at a time.
const CHUNK: usize = 1 << 12;
/// Integers too wide to sum so many products with a limb are turned into field elements at once.
const NARROW: usize = 16;

/// A component of a view, once the free output axes have met their weights.
struct Part<E> {
    /// Number of joint source indices.
    len: usize,
    /// Number of joint indices of the kept output axes.
    kept: usize,
    /// The kept output axes, with their sizes.
    axes: Vec<(usize, usize)>,
    map: Map<E>,
}

enum Map<E> {
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
            outputs = outputs
                .iter()
                .flat_map(|&(k, w)| {
                    (0..shape[axis]).map(move |x| match &weights[axis] {
                        None => (k * shape[axis] + x, w),
                        Some(weights) => (k, w * weights[x]),
                    })
                })
                .collect();
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

/// The sum of the terms of a combination with the axes that have weights contracted.
///
/// Shapes: `weights` has one entry per axis; the table is row-major over the axes in `order`, which are those without.
/// Its elements lie in the base field if no axis has weights.
/// Cost: for each term, one pass over the integers of its source.
pub(super) fn combination<'a, F: PrimeField64, E: ExtensionField<F>>(
    combination: &Combination,
    weights: &[Option<Vec<E>>],
    order: &[usize],
    tensor: impl Fn(&View) -> Option<&'a Tensor>,
) -> Table<F> {
    let mut sum: Option<Table<F>> = None;
    for term in combination.terms() {
        let view = view::<F, E>(&term.view, weights, order, tensor(&term.view));
        match &mut sum {
            Some(sum) => sum.add_scaled(&view, F::from_i64(term.coefficient)),
            None => {
                let mut view = view;
                if term.coefficient != 1 {
                    view.scale(F::from_i64(term.coefficient));
                }
                sum = Some(view);
            }
        }
    }
    sum.unwrap_or_else(|| {
        let len = order
            .iter()
            .map(|&axis| combination.shape()[axis])
            .product();
        let planes = if order.len() == weights.len() {
            1
        } else {
            E::DIMENSION
        };
        Table::zeros(planes, len)
    })
}

fn view<F: PrimeField64, E: ExtensionField<F>>(
    view: &View,
    weights: &[Option<Vec<E>>],
    order: &[usize],
    tensor: Option<&Tensor>,
) -> Table<F> {
    match tensor.map(|tensor| &tensor.data) {
        None => source::<i8, F, E>(view, weights, order, &[1]),
        Some(Data::I8(data)) => source(view, weights, order, data),
        Some(Data::I16(data)) => source(view, weights, order, data),
        Some(Data::I32(data)) => source(view, weights, order, data),
        Some(Data::I64(data)) => source(view, weights, order, data),
    }
}

fn source<T: Small, F: PrimeField64, E: ExtensionField<F>>(
    view: &View,
    weights: &[Option<Vec<E>>],
    order: &[usize],
    data: &[T],
) -> Table<F> {
    let (shape, source_shape) = (view.shape(), view.source_shape());
    let mut components = view.components();
    components
        .sort_by_key(|component| component.source_axes.first().copied().unwrap_or(usize::MAX));
    let read: Vec<usize> = components
        .iter()
        .flat_map(|c| c.source_axes.iter().copied())
        .collect();
    let mut data = Cow::Borrowed(data);
    if !read.is_sorted() {
        data = Cow::Owned(permuted(&data, &source_shape, &read));
    }
    let mut parts: Vec<Part<E>> = components
        .iter()
        .map(|component| Part::new(component, &shape, weights))
        .collect();
    drop_early(&mut data, &mut parts);
    merge(&mut parts);
    let mut table = first(&data, &mut parts);
    while let Some(best) = heaviest(&parts) {
        let dims = dims(&parts, best);
        if let Map::Matrix(rows) = core::mem::replace(&mut parts[best].map, Map::Identity) {
            table = contract::elements(&table, dims, &rows);
        }
        parts[best].len = parts[best].kept;
    }
    for at in 0..parts.len() {
        let dims = dims(&parts, at);
        if let Map::Index { runs, .. } = &parts[at].map {
            let kept = parts[at].kept;
            let plane =
                |plane: &Vec<F>| indexed(plane, dims, kept, runs, |out, value| *out += value);
            table.planes = table.planes.iter().map(plane).collect();
        }
        parts[at].len = parts[at].kept;
    }
    let axes: Vec<(usize, usize)> = parts
        .iter()
        .flat_map(|part| part.axes.iter().copied())
        .collect();
    reordered(table, &axes, order)
}

/// The shape around part `at`: what lies outside, the part itself, what lies inside.
fn dims<E>(parts: &[Part<E>], at: usize) -> [usize; 3] {
    let len = |parts: &[Part<E>]| parts.iter().map(|part| part.len).product();
    [len(&parts[..at]), parts[at].len, len(&parts[at + 1..])]
}

/// Applies the index maps that leave elements out, while the elements are still small.
fn drop_early<T: Small, E>(data: &mut Cow<'_, [T]>, parts: &mut [Part<E>]) {
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
fn merge<E: Field>(parts: &mut Vec<Part<E>>) {
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
fn heaviest<E: Field>(parts: &[Part<E>]) -> Option<usize> {
    (0..parts.len())
        .filter(|&at| matches!(parts[at].map, Map::Matrix(_)))
        .max_by(|&a, &b| parts[a].reduction().total_cmp(&parts[b].reduction()))
}

/// The first contraction, of integers; or just the field elements, if there is none or the integers are wide.
fn first<T: Small, F: PrimeField64, E: ExtensionField<F>>(
    data: &[T],
    parts: &mut [Part<E>],
) -> Table<F> {
    if let Some(best) = heaviest(parts) {
        let capacity = capacity(data);
        let dims = dims(parts, best);
        if capacity >= NARROW
            && let Map::Matrix(rows) = &parts[best].map
        {
            let table = contract::integers(data, dims, rows, capacity);
            (parts[best].map, parts[best].len) = (Map::Identity, parts[best].kept);
            return table;
        }
    }
    let plane = data
        .par_iter()
        .with_min_len(CHUNK)
        .map(|&x| F::from_i64(x.into()))
        .collect();
    Table {
        planes: vec![plane],
    }
}

/// Applies an index map to the middle axis of `data [outer, len, inner]`.
fn indexed<T: Copy + Default + Send + Sync>(
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
fn permuted<T: Copy + Default + Send + Sync>(
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

/// The table with its axes, given with their sizes, in another order.
fn reordered<F: Field>(mut table: Table<F>, axes: &[(usize, usize)], order: &[usize]) -> Table<F> {
    let long: Vec<(usize, usize)> = axes.iter().copied().filter(|&(_, size)| size > 1).collect();
    let shape: Vec<usize> = long.iter().map(|&(_, size)| size).collect();
    let place = |axis: &usize| long.iter().position(|(a, _)| a == axis);
    let permutation: Vec<usize> = order.iter().filter_map(place).collect();
    if !permutation.is_sorted() {
        for plane in &mut table.planes {
            *plane = permuted(plane, &shape, &permutation);
        }
    }
    table
}

/// Multiplies by `eq` of each leading axis at its point: `axes` are these points, with the axes' sizes.
///
/// The weights of short trailing axes, or of the low bits of a long one, are written out once; the rest is one factor
/// for each run of that length.
pub(super) fn scale<F: PrimeField64, E: ExtensionField<F>>(
    table: &mut Table<F>,
    axes: &[(&[E], usize)],
) {
    let rows = axes.iter().map(|&(_, size)| size).product::<usize>();
    let mut inner = vec![E::ONE; table.len() / rows];
    let (mut outer, mut run) = (axes.to_vec(), inner.len());
    let mut tail = None;
    while let Some((point, size)) = outer.pop() {
        if size * inner.len() <= CHUNK {
            inner = product(&cut(point, size), &inner);
            run = inner.len();
        } else {
            let low = (CHUNK / inner.len()).checked_ilog2().unwrap_or(0) as usize;
            let (high, low) = point.split_at(log_ceil(size).saturating_sub(low));
            run = size * inner.len();
            tail = Some(eq_vector(high));
            inner = product(&eq_vector(low), &inner);
            break;
        }
    }
    let blocks = outer.iter().fold(vec![E::ONE], |all, &(point, size)| {
        product(&all, &cut(point, size))
    });
    let tail = tail.unwrap_or_else(|| vec![E::ONE]);
    let weights = Table::from_elements(&inner);
    let base = table.is_base();
    table.promote::<E>();
    let mut jobs: Vec<(E, Vec<&mut [F]>)> = blocks
        .iter()
        .flat_map(|&block| {
            let parts = run.div_ceil(inner.len());
            tail.iter()
                .take(parts)
                .map(move |&high| (block * high, Vec::new()))
        })
        .collect();
    for plane in &mut table.planes {
        let parts = plane
            .chunks_mut(run)
            .flat_map(|block| block.chunks_mut(inner.len()));
        for (job, part) in jobs.iter_mut().zip(parts) {
            job.1.push(part);
        }
    }
    jobs.into_par_iter()
        .with_min_len(1 + CHUNK / inner.len())
        .for_each(|(factor, mut part)| {
            let factor = E::ExtensionPacking::from(factor);
            for x in (0..part[0].len()).step_by(F::Packing::WIDTH) {
                let weight = factor * lanes::<F, E>(&weights.planes, x);
                let scaled = if base {
                    weight * lane(part[0], x)
                } else {
                    weight * lanes::<F, E>(&part, x)
                };
                put::<F, E>(&mut part, x, &scaled);
            }
        });
}

fn cut<E: Field>(point: &[E], size: usize) -> Vec<E> {
    let mut weights = eq_vector(point);
    weights.truncate(size);
    weights
}

/// The Kronecker product.
fn product<E: Field>(outer: &[E], inner: &[E]) -> Vec<E> {
    outer
        .iter()
        .flat_map(|&a| inner.iter().map(move |&b| a * b))
        .collect()
}
