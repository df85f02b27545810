//! The weights of all columns at one point.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use p3_field::{ExtensionField, Field};
use p3_maybe_rayon::prelude::*;
use relation::{Column, System};

use super::pull::{Part, Pulled};
use crate::kernel::dot_extension;
use crate::multilinear::{eq_index, eq_vector};
use crate::stack::{Placed, Stack};

/// How many columns are weighed by one thread at a time: neighbours are alike, and share what was worked out.
const CHUNK: usize = 64;

/// A column with its blocks and the functionals of it.
type Read<'a, E> = ((&'a Column, &'a Vec<Placed>), &'a Vec<Pulled<E>>);

/// The value at `z` of the multilinear extension of all weights.
pub fn weight<F: Field, E: ExtensionField<F>>(
    system: &System,
    stack: &Stack,
    columns: &[Vec<Pulled<E>>],
    z: &[E],
) -> E {
    let read: Vec<Read<'_, E>> = { system.columns().iter().zip(&stack.columns).zip(columns) }
        .filter(|(_, pulled)| !pulled.is_empty())
        .collect();
    let eqs = eqs(&read, z);
    let chunk = |read: &[Read<'_, E>]| {
        let mut known = Known::new(z, &eqs);
        let mut sum = E::ZERO;
        for ((column, blocks), pulled) in read {
            for block in *blocks {
                sum += block_weight::<F, E>(&column.shape, block, pulled, &mut known);
            }
        }
        sum
    };
    read.par_chunks(CHUNK).map(chunk).sum()
}

/// The values of `eq` for the coordinates from the first to the end.
type Eqs<E> = BTreeMap<(usize, usize), Vec<E>>;

/// The values of `eq` along the axes of all blocks that are read.
fn eqs<E: Field>(read: &[Read<'_, E>], z: &[E]) -> Eqs<E> {
    let blocks = read.iter().flat_map(|((_, blocks), _)| blocks.iter());
    let ranges: BTreeSet<(usize, usize)> = blocks
        .flat_map(|block| coordinates(block, z.len()))
        .collect();
    let ranges: Vec<(usize, usize)> = ranges.into_iter().collect();
    let eq = |&(first, end): &(usize, usize)| {
        let point = z.get(first..end).unwrap_or_default();
        ((first, end), eq_vector(point))
    };
    let eqs: Vec<_> = ranges.par_iter().map(eq).collect();
    eqs.into_iter().collect()
}

/// The coordinates that belong to each axis of a block, of a point with so many.
fn coordinates(block: &Placed, variables: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut next = variables.saturating_sub(block.log_size());
    block.axes.iter().map(move |axis| {
        let first = next;
        next = first.saturating_add(axis.log).min(variables);
        (first, next)
    })
}

fn block_weight<F: Field, E: ExtensionField<F>>(
    shape: &[usize],
    block: &Placed,
    pulled: &[Pulled<E>],
    known: &mut Known<'_, E>,
) -> E {
    let (z, eqs) = (known.z, known.eqs);
    let log_size = block.log_size();
    let high = z.len().saturating_sub(log_size);
    let high = z.get(..high).unwrap_or_default();
    let coordinates = coordinates(block, z.len());
    let axes: Vec<BlockAxis<'_, E>> = { block.axes.iter().zip(shape).zip(coordinates) }
        .map(|((axis, &extent), (first, end))| {
            let place = Place {
                first,
                end,
                start: axis.start,
                extent,
            };
            let eq = eqs.get(&(first, end)).map_or(&[][..], Vec::as_slice);
            BlockAxis { place, eq }
        })
        .collect();
    let index = u32::try_from(log_size)
        .ok()
        .and_then(|s| block.position.checked_shr(s))
        .unwrap_or(0);
    // Most functionals are about other blocks of the column: what they read is a block of the lookups.
    let sum: E = { pulled.iter() }
        .filter(|functional| functional.parts.iter().all(|part| part.meets(&axes)))
        .map(|functional| {
            let parts = { functional.parts.iter() }.map(|part| known.weight::<F>(part, &axes));
            parts.fold(functional.coefficient, |product, weight| product * weight)
        })
        .sum();
    if sum.is_zero() {
        sum
    } else {
        sum * eq_index(high, index)
    }
}

/// Where an axis of a block lies: in the point, and in the tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// The coordinates of the point from `first` to `end`.
    first: usize,
    end: usize,
    /// The first index that the block covers.
    start: usize,
    /// Indices of the axis.
    extent: usize,
}

/// An axis of a block, with the values of `eq` for all that the block covers.
struct BlockAxis<'a, E> {
    place: Place,
    eq: &'a [E],
}

impl<E> BlockAxis<'_, E> {
    /// The values of `eq` for the indices that the axis has.
    fn inside(&self) -> &[E] {
        let most = self.place.extent.saturating_sub(self.place.start);
        self.eq.get(..most.min(self.eq.len())).unwrap_or_default()
    }

    /// The indices of the axis that lie in the block.
    fn range(&self) -> Range<usize> {
        let start = self.place.start;
        start..start.saturating_add(self.inside().len())
    }
}

impl<E: Field> Part<E> {
    /// Whether some weight in the block may not be zero: exact for a part of one axis.
    fn meets(&self, block: &[BlockAxis<'_, E>]) -> bool {
        let &[axis] = self.axes.as_slice() else {
            return true;
        };
        let support = self.weights.support();
        { block.get(axis) }.is_some_and(|along| {
            let range = along.range();
            support.start < range.end && range.start < support.end
        })
    }
}

/// What was worked out for one point: many columns have the same shape and so the same blocks, and functionals share
/// their weights.
struct Known<'a, E> {
    z: &'a [E],
    eqs: &'a Eqs<E>,
    /// By where the weights lie in memory, which they do as long as the functionals do, and by the axes of the part.
    weights: BTreeMap<(usize, Vec<Place>), E>,
}

impl<'a, E: Field> Known<'a, E> {
    fn new(z: &'a [E], eqs: &'a Eqs<E>) -> Self {
        Self {
            z,
            eqs,
            weights: BTreeMap::new(),
        }
    }

    /// The sum over the block of the part's weights times `eq`.
    fn weight<F>(&mut self, part: &Part<E>, block: &[BlockAxis<'_, E>]) -> E
    where
        F: Field,
        E: ExtensionField<F>,
    {
        let place = |&axis: &usize| block.get(axis).map(|along| along.place);
        let Some(places) = part.axes.iter().map(place).collect::<Option<_>>() else {
            return E::ZERO;
        };
        let entry = self.weights.entry((part.weights.address(), places));
        *entry.or_insert_with(|| part_weight::<F, E>(part, block))
    }
}

/// The sum over the block of the part's weights times `eq`.
fn part_weight<F: Field, E: ExtensionField<F>>(part: &Part<E>, block: &[BlockAxis<'_, E>]) -> E {
    let Some((&last, outer)) = part.axes.split_last() else {
        return part.weights.first().copied().unwrap_or(E::ZERO);
    };
    // Joint indices of the part within the block, with the product of the axes' eq values.
    let mut entries: Vec<(usize, E)> = vec![(0, E::ONE)];
    for along in outer.iter().filter_map(|&axis| block.get(axis)) {
        let step = |(joint, value): (usize, E)| {
            let first = joint.saturating_mul(along.place.extent);
            let eq = along.range().zip(along.inside());
            eq.map(move |(y, &e)| (first.saturating_add(y), value * e))
        };
        entries = entries.into_iter().flat_map(step).collect();
    }
    let Some(along) = block.get(last) else {
        return E::ZERO;
    };
    let support = part.weights.support();
    let sum = |(joint, value): (usize, E)| {
        // Of the row of the block only what meets the support.
        let row = joint
            .saturating_mul(along.place.extent)
            .saturating_add(along.place.start);
        let skipped = support.start.saturating_sub(row);
        let first = row.saturating_add(skipped);
        let weights = { part.weights.get(first..support.end) }.unwrap_or_default();
        let eq = along.inside().get(skipped..).unwrap_or_default();
        value * dot_extension::<F, E>(weights, eq)
    };
    entries.into_iter().map(sum).sum()
}
