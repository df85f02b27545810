//! The fractions at the leaves, from the values of the columns.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use p3_field::{ExtensionField, Field, PackedFieldExtension, PackedValue, PrimeCharacteristicRing};
use p3_maybe_rayon::prelude::*;
use relation::{Block, Combination, Source, System, Tensor};

use super::fractions::{Cell, cell_width, extend, held, sum};
use super::shape::{Factor, Fingerprint, LookupShape, Tuples};
use super::values::{is_small, values};
use super::wide;
use super::{CELL, LOG_CELL};

/// Logarithm of the number of fractions that a thread fills at a time.
const LOG_STRIP: usize = 12;

/// The layers above the leaves that can be worked out from a strip.
pub(super) const MAX_UP: usize = LOG_STRIP - LOG_CELL;

/// The fractions of a system's lookups.
///
/// They and the layers next to them are computed whenever they are needed: that takes less time than it takes to get
/// memory for them while all other layers are held.
pub(super) struct Leaves<'a, E, R> {
    /// By offset.
    blocks: Vec<&'a Block>,
    tuples: Vec<Tuples<'a>>,
    /// Whether the values of each tensor of tuples fit in 64 bits.
    small: Vec<bool>,
    fingerprint: &'a Fingerprint<E>,
    /// What the wide components of each tensor of tuples add to the fingerprints, for each index; empty without any.
    wide: Vec<Vec<E>>,
    /// Which cells hold rows only.
    rows_only: Vec<bool>,
    read: &'a R,
}

impl<'a, 't, E: Field, R> Leaves<'a, E, R>
where
    R: Fn(Source) -> Option<&'t Tensor> + Sync,
{
    /// The leaves of a system under the challenges of `fingerprint`.
    pub fn new<F>(
        system: &'a System,
        shape: &'a LookupShape,
        fingerprint: &'a Fingerprint<E>,
        read: &'a R,
    ) -> Self
    where
        F: Field,
        E: ExtensionField<F>,
    {
        let mut blocks: Vec<&Block> = shape.blocks().iter().collect();
        blocks.sort_by_key(|block| block.offset);
        let tuples = shape.tuples(system);
        let log_len = shape.log_len().unwrap_or(0);
        let small = |tuples: &Tuples<'_>| {
            let mut parts = tuples.components.iter().chain(tuples.multiplicity);
            parts.all(|part| is_small(part, read))
        };
        Self {
            small: tuples.iter().map(small).collect(),
            wide: { tuples.iter() }
                .map(|tuples| wide::sums::<F, E>(tuples, &fingerprint.factors(tuples), read))
                .collect(),
            rows_only: rows_only(&blocks, &tuples, log_len),
            blocks,
            tuples,
            fingerprint,
            read,
        }
    }

    /// The number of cells of the layer that is `up` above the leaves.
    pub fn cells(&self, up: usize) -> usize {
        self.rows_only.len().div_ceil(1 << up)
    }

    /// The layer that is `up` above the leaves, at most [`MAX_UP`].
    pub fn layer<F>(&self, up: usize) -> Vec<Cell<E::ExtensionPacking>>
    where
        F: Field,
        E: ExtensionField<F>,
    {
        let cells = 1 << (MAX_UP - up);
        let strips: Vec<Vec<Cell<E::ExtensionPacking>>> = (0..self.cells(up).div_ceil(cells))
            .into_par_iter()
            .map(|number| self.strip::<F>(up, number * cells..(number + 1) * cells))
            .collect();
        strips.into_iter().flatten().collect()
    }

    /// Some cells of the layer that is `up` above the leaves, at most [`MAX_UP`]: those of a range of multiples of
    /// `2^(MAX_UP - up)` that there are.
    pub fn strip<F>(&self, up: usize, cells: Range<usize>) -> Vec<Cell<E::ExtensionPacking>>
    where
        F: Field,
        E: ExtensionField<F>,
    {
        let end = (cells.end << up).min(self.rows_only.len());
        let strips = (cells.start << up..end).step_by(1 << MAX_UP);
        strips
            .flat_map(|start| {
                let rows_only = &self.rows_only[start..end.min(start + (1 << MAX_UP))];
                (0..up).fold(
                    self.fill::<F>(start << LOG_CELL, rows_only),
                    |mut strip, _| {
                        let pairs = strip.len().next_multiple_of(2);
                        extend(&mut strip, pairs);
                        let pairs = strip.chunks_exact(2);
                        pairs.map(|pair| sum(&pair[0], &pair[1])).collect()
                    },
                )
            })
            .collect()
    }

    /// The cells of the strip that starts at `start`, given which of them hold rows only.
    fn fill<F>(&self, start: usize, rows_only: &[bool]) -> Vec<Cell<E::ExtensionPacking>>
    where
        F: Field,
        E: ExtensionField<F>,
    {
        let width = cell_width::<F>();
        let empty = |&ones: &bool| Cell {
            numerators: (!ones).then(|| vec![E::ExtensionPacking::ZERO; width]),
            denominators: vec![E::ExtensionPacking::ONE; width],
        };
        let mut strip = Strip::<F, E> {
            cells: rows_only.iter().map(empty).collect(),
            start,
        };
        let first = self
            .blocks
            .partition_point(|block| block.offset + (1 << block.log_size()) <= start);
        let inside = self.blocks[first..].iter();
        for block in inside.take_while(|block| block.offset < start + (1 << LOG_STRIP)) {
            let tuples = &self.tuples[block.tensor];
            let piece = Piece::new(block, tuples.shape(), start, LOG_STRIP);
            let small = self.small[block.tensor];
            let values = |part| field_values::<F>(part, &piece.region, small, self.read);
            let base = self.fingerprint.base(tuples.table);
            let factors = self.fingerprint.factors(tuples);
            let narrow = { tuples.components.iter().zip(factors) }
                .filter(|(_, factor)| factor.is_narrow())
                .map(|(component, Factor { first, .. })| (first, values(component)));
            strip.fill_denominators(&piece, base, narrow.collect());
            strip.subtract(&piece, tuples.shape(), &self.wide[block.tensor]);
            strip.fill_numerators(&piece, tuples.multiplicity.map(values));
        }
        strip.cells
    }
}

/// Which of the cells that are to be held have a row of a lookup at every position: all numerators are one there.
fn rows_only(blocks: &[&Block], tuples: &[Tuples<'_>], log_len: usize) -> Vec<bool> {
    let end = |block: &Block| block.offset + (1 << block.log_size());
    let needed = blocks.last().map_or(0, |block| end(block)).div_ceil(CELL);
    let mut rows_only = vec![false; held(needed, log_len)];
    for block in blocks {
        let tuples = &tuples[block.tensor];
        if tuples.multiplicity.is_some() {
            continue;
        }
        for position in (block.offset..end(block)).step_by(CELL) {
            let piece = Piece::new(block, tuples.shape(), position, LOG_CELL);
            rows_only[position / CELL] = piece.log_len == LOG_CELL && piece.is_whole();
        }
    }
    rows_only
}

/// A part of a block that is a box again.
#[derive(Debug)]
struct Piece {
    /// Its first position.
    position: usize,
    /// Logarithm of its number of positions.
    log_len: usize,
    /// The logarithm of the number of indices along each axis, also beyond the extent.
    logs: Vec<usize>,
    /// The indices along each axis, inside the extent.
    region: Vec<Range<usize>>,
}

impl Piece {
    /// The part of `block` in the `2^log_len` positions from `position` on, an aligned range that meets it.
    fn new(block: &Block, shape: &[usize], position: usize, log_len: usize) -> Self {
        let log_len = log_len.min(block.log_size());
        let position = position.max(block.offset);
        let inside = position - block.offset;
        let mut shift = 0;
        let mut axes: Vec<(usize, Range<usize>)> = block
            .axes
            .iter()
            .zip(shape)
            .rev()
            .map(|(axis, &extent)| {
                let log = log_len.saturating_sub(shift).min(axis.log);
                let start = axis.start + ((inside >> shift) & ((1 << axis.log) - 1));
                shift += axis.log;
                (log, start.min(extent)..(start + (1 << log)).min(extent))
            })
            .collect();
        axes.reverse();
        let (logs, region) = axes.into_iter().unzip();
        Self {
            position,
            log_len,
            logs,
            region,
        }
    }

    /// Whether there is a tuple at every position.
    fn is_whole(&self) -> bool {
        let whole = |(&log, range): (&usize, &Range<usize>)| range.len() == 1 << log;
        self.logs.iter().zip(&self.region).all(whole)
    }

    /// The row-major numbers of the tuples in their tensor.
    fn numbers(&self, shape: &[usize]) -> impl Iterator<Item = usize> {
        let mut starts = vec![0];
        for (range, &size) in self.region.iter().zip(shape) {
            let step = |start| range.clone().map(move |index| start * size + index);
            starts = starts.into_iter().flat_map(step).collect();
        }
        starts.into_iter()
    }

    /// The positions of the tuples, in row-major order of their indices.
    fn positions(&self) -> impl Iterator<Item = usize> {
        let (mut starts, mut shift) = (vec![self.position], self.log_len);
        let (&log, outer) = self.logs.split_last().unwrap_or((&0, &[]));
        let last = self.region.last().map_or(1, Range::len);
        debug_assert!(last <= 1 << log);
        for (log, range) in outer.iter().zip(&self.region) {
            shift -= log;
            let place = |start| (0..range.len()).map(move |index| start + (index << shift));
            starts = starts.into_iter().flat_map(place).collect();
        }
        starts
            .into_iter()
            .flat_map(move |start| start..start + last)
    }
}

/// The values of a combination in a box, row-major; `small` if their sums fit in 64 bits.
pub(super) fn field_values<'t, F: Field>(
    combination: &Combination,
    region: &[Range<usize>],
    small: bool,
    read: &impl Fn(Source) -> Option<&'t Tensor>,
) -> Vec<F> {
    if small {
        let integers = values::<i64>(combination, region, read);
        integers.into_iter().map(F::from_i64).collect()
    } else {
        let integers = values::<i128>(combination, region, read);
        integers.into_iter().map(F::from_i128).collect()
    }
}

/// A strip under construction.
struct Strip<F: Field, E: ExtensionField<F>> {
    cells: Vec<Cell<E::ExtensionPacking>>,
    /// The first position.
    start: usize,
}

impl<F: Field, E: ExtensionField<F>> Strip<F, E> {
    /// Writes `base - sum factor * component` where a piece has tuples.
    fn fill_denominators(&mut self, piece: &Piece, base: E, components: Vec<(E, Vec<F>)>) {
        let width = F::Packing::WIDTH;
        let len = 1usize << piece.log_len;
        if piece.is_whole() && len.is_multiple_of(width) {
            let first = (piece.position - self.start) / CELL;
            let inside = (piece.position % CELL) / width;
            let cells = self.cells[first..].iter_mut().take(len.div_ceil(CELL));
            for (number, cell) in cells.enumerate() {
                let out = &mut cell.denominators[inside..][..len.min(CELL) / width];
                let base = E::ExtensionPacking::from(base);
                for (index, (factor, values)) in components.iter().enumerate() {
                    let values = &values[number * CELL..][..len.min(CELL)];
                    let values = out.iter_mut().zip(F::Packing::pack_slice(values));
                    // The first factor, the zeroth power of a challenge, is one.
                    if index == 0 {
                        values.for_each(|(out, &value)| *out = base - value);
                        continue;
                    }
                    let factor = E::ExtensionPacking::from(*factor);
                    values.for_each(|(out, &value)| *out -= factor * value);
                }
            }
            return;
        }
        for (index, position) in piece.positions().enumerate() {
            let tuple = components.iter();
            let denominator =
                tuple.fold(base, |sum, (factor, values)| sum - *factor * values[index]);
            let place = position % CELL;
            let cell = &mut self.cells[(position - self.start) / CELL];
            // The strip was filled with ones.
            cell.denominators[place / width].add_assign_lane(place % width, denominator - E::ONE);
        }
    }

    /// Takes what the wide components add, one number for each index of the tuples, from the denominators of a piece.
    fn subtract(&mut self, piece: &Piece, shape: &[usize], wide: &[E]) {
        if wide.is_empty() {
            return;
        }
        let width = F::Packing::WIDTH;
        for (number, position) in piece.numbers(shape).zip(piece.positions()) {
            let place = position % CELL;
            let cell = &mut self.cells[(position - self.start) / CELL];
            cell.denominators[place / width].add_assign_lane(place % width, -wide[number]);
        }
    }

    /// Writes the numerators of a piece: one for rows, minus the multiplicity for entries.
    fn fill_numerators(&mut self, piece: &Piece, multiplicities: Option<Vec<F>>) {
        let width = F::Packing::WIDTH;
        for (index, position) in piece.positions().enumerate() {
            let place = position % CELL;
            let Some(numerators) = &mut self.cells[(position - self.start) / CELL].numerators
            else {
                if multiplicities.is_none() && piece.is_whole() {
                    return;
                }
                continue;
            };
            let value = { multiplicities.as_ref() }.map_or(F::ONE, |values| -values[index]);
            numerators[place / width].add_assign_lane(place % width, value.into());
        }
    }
}
