//! The fractions at the leaves, from the values of the columns.

use alloc::vec::Vec;
use core::ops::Range;

use p3_field::{ExtensionField, Field, PackedFieldExtension, PackedValue, PrimeCharacteristicRing};
use p3_maybe_rayon::prelude::*;
use relation::{Block, Combination, Source, System, Tensor};

use super::fractions::{Fractions, Run, cell_width, held};
use super::shape::{Fingerprint, LookupShape, Tuples};
use super::values::{is_small, values};
use super::{CELL, LOG_CELL};

/// Logarithm of the number of fractions that a thread fills at a time.
const LOG_STRIP: usize = 12;

/// The fractions of a system's lookups, under the challenges of `fingerprint`.
pub(super) fn fill<'t, F, E>(
    system: &System,
    shape: &LookupShape,
    fingerprint: &Fingerprint<E>,
    read: &(impl Fn(Source) -> Option<&'t Tensor> + Sync),
) -> Fractions<E::ExtensionPacking>
where
    F: Field,
    E: ExtensionField<F>,
{
    let mut blocks: Vec<&Block> = shape.blocks().iter().collect();
    blocks.sort_by_key(|block| block.offset);
    let tuples = shape.tuples(system);
    let log_cells = shape.log_len().unwrap_or(0).saturating_sub(LOG_CELL);
    let mut fractions = Fractions::empty(cell_width::<F>());
    fractions.resize(
        places(&blocks, &tuples, log_cells),
        E::ExtensionPacking::ZERO,
    );
    let leaves = Leaves::<E> {
        blocks,
        small: tuples
            .iter()
            .map(|tuples| {
                let mut parts = tuples.components.iter().chain(tuples.multiplicity);
                parts.all(|part| is_small(part, read))
            })
            .collect(),
        tuples,
        fingerprint,
    };
    fractions
        .runs(1 << (LOG_STRIP - LOG_CELL))
        .into_par_iter()
        .enumerate()
        .for_each(|(strip, run)| leaves.fill::<F>(strip << LOG_STRIP, run, read));
    fractions
}

/// Which cells hold numerators: those with anything else than rows.
fn places(blocks: &[&Block], tuples: &[Tuples<'_>], log_cells: usize) -> Vec<Option<usize>> {
    let end = |block: &&Block| block.offset + (1 << block.log_size());
    let needed = blocks.last().map_or(0, end).div_ceil(CELL);
    let mut rows_only = alloc::vec![false; held(needed, 1 << log_cells)];
    for block in blocks {
        let tuples = &tuples[block.tensor];
        if tuples.multiplicity.is_some() {
            continue;
        }
        for position in (block.offset..end(&block)).step_by(CELL) {
            let piece = Piece::new(block, tuples.shape(), position, LOG_CELL);
            rows_only[position / CELL] = piece.log_len == LOG_CELL && piece.is_whole();
        }
    }
    let mut places = 0..;
    let place = |ones: bool| if ones { None } else { places.next() };
    rows_only.into_iter().map(place).collect()
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

    /// The positions of the tuples, in row-major order of their indices: starts and the common length of runs.
    fn runs(&self) -> (Vec<usize>, usize) {
        let mut starts = alloc::vec![self.position];
        let mut shift = self.log_len;
        let Some(last) = self.region.last() else {
            return (starts, 1);
        };
        for (log, range) in self.logs.iter().zip(&self.region).take(self.logs.len() - 1) {
            shift -= log;
            let place = |start| (0..range.len()).map(move |index| start + (index << shift));
            starts = starts.into_iter().flat_map(place).collect();
        }
        (starts, last.len())
    }
}

/// What the threads share.
struct Leaves<'a, E> {
    /// By offset.
    blocks: Vec<&'a Block>,
    tuples: Vec<Tuples<'a>>,
    /// Whether the values of each tensor of tuples fit in 64 bits.
    small: Vec<bool>,
    fingerprint: &'a Fingerprint<E>,
}

impl<E> Leaves<'_, E> {
    /// Fills the strip that starts at `position`.
    fn fill<'t, F>(
        &self,
        position: usize,
        mut run: Run<'_, E::ExtensionPacking>,
        read: &impl Fn(Source) -> Option<&'t Tensor>,
    ) where
        F: Field,
        E: ExtensionField<F>,
    {
        run.denominators.fill(E::ExtensionPacking::ONE);
        run.numerators.fill(E::ExtensionPacking::ZERO);
        let end = position + (1 << LOG_STRIP);
        let first = self
            .blocks
            .partition_point(|block| block.offset + (1 << block.log_size()) <= position);
        let inside = self.blocks[first..].iter();
        for block in inside.take_while(|block| block.offset < end) {
            let tuples = &self.tuples[block.tensor];
            let piece = Piece::new(block, tuples.shape(), position, LOG_STRIP);
            let mut target = Target {
                run: &mut run,
                start: position,
            };
            let value = |combination: &Combination| -> Vec<F> {
                if self.small[block.tensor] {
                    let integers = values::<i64>(combination, &piece.region, read);
                    integers.into_iter().map(F::from_i64).collect()
                } else {
                    let integers = values::<i128>(combination, &piece.region, read);
                    integers.into_iter().map(F::from_i128).collect()
                }
            };
            let components: Vec<Vec<F>> = tuples.components.iter().map(value).collect();
            let multiplicities = tuples.multiplicity.map(value);
            let base = self.fingerprint.base(tuples.table);
            if piece.is_whole() && (1 << piece.log_len) % F::Packing::WIDTH == 0 {
                target.fill_packed::<F, E>(&piece, base, &components, &self.fingerprint.powers);
            } else {
                target.fill_scalar::<F, E>(&piece, base, &components, &self.fingerprint.powers);
            }
            target.fill_numerators::<F, E>(&piece, multiplicities.as_deref());
        }
    }
}

/// A strip under construction.
struct Target<'a, 'b, P> {
    run: &'a mut Run<'b, P>,
    /// The first position of the strip.
    start: usize,
}

impl<P: Copy> Target<'_, '_, P> {
    fn fill_packed<F, E>(&mut self, piece: &Piece, base: E, components: &[Vec<F>], powers: &[E])
    where
        F: Field,
        E: ExtensionField<F, ExtensionPacking = P>,
        P: PackedFieldExtension<F, E>,
    {
        let width = F::Packing::WIDTH;
        let out = &mut self.run.denominators[(piece.position - self.start) / width..];
        let out = &mut out[..(1 << piece.log_len) / width];
        out.fill(base.into());
        for (component, &power) in components.iter().zip(powers) {
            for (out, values) in out.iter_mut().zip(F::Packing::pack_slice(component)) {
                *out -= P::from(power) * *values;
            }
        }
    }

    fn fill_scalar<F, E>(&mut self, piece: &Piece, base: E, components: &[Vec<F>], powers: &[E])
    where
        F: Field,
        E: ExtensionField<F, ExtensionPacking = P>,
        P: PackedFieldExtension<F, E>,
    {
        let width = F::Packing::WIDTH;
        let mut index = 0;
        let (starts, len) = piece.runs();
        for position in starts.into_iter().flat_map(|start| start..start + len) {
            let tuple = components.iter().zip(powers);
            let denominator = tuple.fold(base, |sum, (component, &power)| {
                sum - power * component[index]
            });
            // The strip was filled with ones.
            let place = position - self.start;
            self.run.denominators[place / width]
                .add_assign_lane(place % width, denominator - E::ONE);
            index += 1;
        }
    }

    /// Adds the numerators of a piece where they have a place: one for rows, minus the multiplicity for entries.
    fn fill_numerators<F, E>(&mut self, piece: &Piece, multiplicities: Option<&[F]>)
    where
        F: Field,
        E: ExtensionField<F, ExtensionPacking = P>,
        P: PackedFieldExtension<F, E>,
    {
        if multiplicities.is_none() && piece.log_len >= LOG_CELL && piece.is_whole() {
            return;
        }
        let width = F::Packing::WIDTH;
        let mut index = 0;
        let (starts, len) = piece.runs();
        for position in starts.into_iter().flat_map(|start| start..start + len) {
            let place = position - self.start;
            let value = multiplicities.map_or(F::ONE, |values| -values[index]);
            if let (_, Some(numerators)) = self.run.cell(place / CELL) {
                numerators[place % CELL / width].add_assign_lane(place % width, value.into());
            }
            index += 1;
        }
    }
}
