//! Binding the free axes of an operand: from small integers behind views to a table of field elements.
//!
//! A view is the tensor product of its components, so it is never written out: each component becomes a sparse matrix
//! from the source axes that it reads to the output axes that are kept, with the weights of the free output axes
//! inside. A sliding window whose position is free becomes the small matrix from heights to offsets in the window.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, PrimeField64};
use rayon::prelude::*;
use relation::{Combination, Data, Tensor, View};

use super::contract::{self, Small, magnitude};
use super::part::{
    Map, Part, dims, drop_early, heaviest, indexed, merge, parts, permutation, permuted,
};
use super::table::Table;

/// Elements that one thread handles at a time.
const CHUNK: usize = 1 << 12;
/// Integers too wide to sum so many products with a limb are turned into field elements at once.
const NARROW: usize = 16;

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
    let (mut data, mut parts) = parts(view, weights, data);
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
    if let Some((shape, permutation)) = permutation(&axes, order) {
        for plane in &mut table.planes {
            *plane = permuted(plane, &shape, &permutation);
        }
    }
    table
}

/// The first contraction, of integers; or just the field elements, if there is none or the integers are wide.
fn first<T: Small, F: PrimeField64, E: ExtensionField<F>>(
    data: &[T],
    parts: &mut [Part<E>],
) -> Table<F> {
    if let Some(best) = heaviest(parts) {
        let capacity = contract::capacity(magnitude(data));
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

/// The values of a combination over the axes in `order`, which are all its axes, if they fit in 31 bits and a sign;
/// and a bound of their magnitude.
///
/// Nothing if an element is a sum over the source: that is a case for [`combination`].
pub(super) fn small<'a, E: Field>(
    combination: &Combination,
    order: &[usize],
    tensor: impl Fn(&View) -> Option<&'a Tensor>,
) -> Option<(Vec<i32>, u64)> {
    let mut sum: Option<Vec<i32>> = None;
    let mut bound = 0u64;
    for term in combination.terms() {
        let data = tensor(&term.view).map(|tensor| &tensor.data);
        let most = data
            .map_or(1, most)
            .checked_mul(term.coefficient.unsigned_abs())?;
        bound = bound.checked_add(most).filter(|&bound| bound < 1 << 31)?;
        let (view, factor) = (&term.view, term.coefficient);
        let out = &mut sum;
        match data {
            None => add_small::<i8, E>(out, view, order, &[1], factor),
            Some(Data::I8(data)) => add_small::<_, E>(out, view, order, data, factor),
            Some(Data::I16(data)) => add_small::<_, E>(out, view, order, data, factor),
            Some(Data::I32(data)) => add_small::<_, E>(out, view, order, data, factor),
            Some(Data::I64(data)) => add_small::<_, E>(out, view, order, data, factor),
        }?;
    }
    sum.map(|sum| (sum, bound))
}

fn most(data: &Data) -> u64 {
    match data {
        Data::I8(data) => magnitude(data),
        Data::I16(data) => magnitude(data),
        Data::I32(data) => magnitude(data),
        Data::I64(data) => magnitude(data),
    }
}

/// Adds `factor` times the values of a view, which fit, in the order of its axes.
fn add_small<T: Small, E: Field>(
    sum: &mut Option<Vec<i32>>,
    view: &View,
    order: &[usize],
    data: &[T],
    factor: i64,
) -> Option<()> {
    let weights = vec![None::<Vec<E>>; order.len()];
    let (mut data, mut parts) = parts(view, &weights, data);
    for at in 0..parts.len() {
        let dims = dims(&parts, at);
        let part = &mut parts[at];
        match &part.map {
            Map::Index { runs, single: true } => {
                data = Cow::Owned(indexed(&data, dims, part.kept, runs, |out, value| {
                    *out = value
                }));
            }
            Map::Identity => {}
            _ => return None,
        }
        part.len = part.kept;
    }
    let axes: Vec<(usize, usize)> = parts
        .iter()
        .flat_map(|part| part.axes.iter().copied())
        .collect();
    if let Some((shape, permutation)) = permutation(&axes, order) {
        data = Cow::Owned(permuted(&data, &shape, &permutation));
    }
    let scaled = |&x: &T| (factor * x.into()) as i32;
    match sum {
        Some(sum) => sum
            .par_iter_mut()
            .with_min_len(CHUNK)
            .zip(data.par_iter())
            .for_each(|(sum, x)| *sum += scaled(x)),
        None => *sum = Some(data.par_iter().with_min_len(CHUNK).map(scaled).collect()),
    }
    Some(())
}
