//! Elements by a computed index along an axis of open size: products with rows of truth values.
//!
//! How far an index reaches is known for one size only, so that no table could be made long enough for a lookup.
//! With `hit[.., p]` for whether the index is `p`, or counts to it from the end, the result is
//! `sum_p hit[.., p] x[.., p, ..]`: zero if the index lies outside, at every size.

use super::index::distances;
use super::locate::{components, located};
use super::prelude::*;
use crate::quantise::position::{Position, plus};
use program::operator::Contract;
use relation::interval::Wide;

/// `y[a.., i.., b..] = x[a.., index[i..], b..]`.
pub fn rows(
    q: &mut Quantiser<'_>,
    table: &Value,
    axis: usize,
    index: &Value,
) -> Result<Value, Refusal> {
    let count = index.shape.len();
    let mut shape = table.shape.clone();
    shape.splice(axis..=axis, index.shape.iter().cloned());
    let own = { 0..table.shape.len() }.map(|at| if at > axis { at + count - 1 } else { at });
    let selection = Selection {
        axis,
        table_labels: own.collect(),
        index_labels: (axis..axis + count).collect(),
        shape,
    };
    selection.of(q, table, index)
}

/// `y[.., k, ..] = x[.., index[.., k, ..], ..]`, where all other axes have the same sizes.
pub fn elements(
    q: &mut Quantiser<'_>,
    table: &Value,
    axis: usize,
    index: &Value,
) -> Result<Value, Refusal> {
    let labels: Vec<usize> = (0..index.shape.len()).collect();
    let selection = Selection {
        axis,
        table_labels: labels.clone(),
        index_labels: labels,
        shape: index.shape.clone(),
    };
    selection.of(q, table, index)
}

/// Rows by tuples of indices, which are the last axis of `index`, one component after the other.
pub fn tuples(
    q: &mut Quantiser<'_>,
    table: &Value,
    index: &Value,
    batch: usize,
) -> Result<Value, Refusal> {
    let (last, outer) = index.shape.split_last().ok_or("indices without an axis")?;
    let count = last.known().ok_or("tuples of symbolic length")?;
    // The first axes of the table that are those of the index already.
    let (mut value, mut shared, mut first) = (table.clone(), batch, 0);
    if batch == 0 {
        let places = components(q, index).into_iter();
        let places: Vec<Position> = places.map_while(|place| place).take(count).collect();
        let found = if places.is_empty() {
            None
        } else {
            located(q, table, 0, &places, outer)?
        };
        if let Some(found) = found {
            (value, shared, first) = (found, outer.len(), places.len());
        }
    }
    for at in first..count {
        let axis = outer.len();
        let steps = vec![
            Step::Slice {
                axis,
                start: Dim::from(at),
                len: Dim::Known(1),
                step: 1,
            },
            Step::RemoveAxis(axis),
        ];
        let part = q.builder.view(index, steps, outer.to_vec())?;
        let after = value.shape.len() - shared - 1;
        let mut shape = outer.to_vec();
        shape.extend_from_slice(&value.shape[shared + 1..]);
        let selection = Selection {
            axis: shared,
            table_labels: { 0..=shared }.chain(axis..axis + after).collect(),
            index_labels: (0..axis).collect(),
            shape,
        };
        value = selection.of(q, &value, &part)?;
        shared = axis;
    }
    Ok(value)
}

/// An einsum of a table with truth values.
struct Selection {
    /// The axis of the table that the index counts along.
    axis: usize,
    /// Which axis of the result each of the table is; what stands for `axis` does not count.
    table_labels: Vec<usize>,
    /// Which axis of the result each of the index is.
    index_labels: Vec<usize>,
    /// Sizes of the result.
    shape: Vec<Dim>,
}

impl Selection {
    fn of(mut self, q: &mut Quantiser<'_>, table: &Value, index: &Value) -> Result<Value, Refusal> {
        let hits = hits(q, index, &table.shape[self.axis])?;
        let rank = self.shape.len();
        self.table_labels[self.axis] = rank;
        self.index_labels.push(rank);
        let operator = Contract {
            rank,
            a_labels: self.index_labels,
            b_labels: self.table_labels,
        };
        let mut value = q.builder.contract(operator, &hits, table, self.shape)?;
        // At most one element counts.
        value.known = table.known.hull(Wide::ZERO);
        value.fixed = table.fixed;
        value.range = table.range;
        value.integers = table.integers;
        q.builder.rescale(&value, 0)
    }
}

/// 1 at the position that an index says, else 0, along a new last axis of any size; nowhere if the index lies outside.
/// Negative indices count from the end.
fn hits(q: &mut Quantiser<'_>, index: &Value, size: &Dim) -> Result<Value, Refusal> {
    let is_from_start = index.fixed && index.known.lo >= 0;
    let before = if is_from_start {
        Dim::Known(0)
    } else {
        size.clone()
    };
    let len = plus(&plus(&before, size), &Dim::Known(1));
    let mut distance = distances(q, index, &len)?;
    if !is_from_start {
        let ones = vec![Dim::Known(1); distance.shape.len()];
        let start = q.size_value(&before, &ones)?;
        let start = q.broadcast(&start, &distance.shape)?;
        distance = q.builder.sum(&[(1, &distance), (1, &start)], 0, 0)?;
    }
    // The index is a number if it reaches it and not the next.
    let reached = q.is_at_least_zero(&distance)?;
    let axis = index.shape.len();
    let mut shape = index.shape.clone();
    shape.push(size.clone());
    let mut part = |start: Dim| {
        let len = size.clone();
        let step = Step::Slice {
            axis,
            start,
            len,
            step: 1,
        };
        q.builder.view(&reached, vec![step], shape.clone())
    };
    let mut parts = vec![part(Dim::Known(0))?, part(Dim::Known(1))?];
    if !is_from_start {
        parts.push(part(size.clone())?);
        parts.push(part(plus(size, &Dim::Known(1)))?);
    }
    let signs = [1, -1, 1, -1].into_iter();
    let terms: Vec<(i64, &Value)> = signs.zip(&parts).collect();
    let mut hits = q.builder.sum(&terms, 0, 0)?;
    hits.known = Wide { lo: 0, hi: 1 };
    hits.fixed = true;
    hits.integers = true;
    Ok(hits)
}
