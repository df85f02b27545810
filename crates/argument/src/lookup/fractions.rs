//! The layers of the fraction tree in memory.
//!
//! A layer is cut into cells of [`CELL`](super::CELL) fractions, packed for the vector unit. Fractions that are added
//! to one another lie at the same place of two neighbouring cells: so both the tree and the sumcheck stream through
//! memory, every operation is one on whole vectors, and what is padding at the end of one layer is padding at the end
//! of the next, where it costs nothing.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, PackedFieldExtension, PackedValue};
use p3_maybe_rayon::prelude::*;

use super::CELL;

/// The number of packed elements in a cell.
pub(super) fn cell_width<F: Field>() -> usize {
    CELL / F::Packing::WIDTH
}

/// A layer of fractions: the leading cells; all others hold the fraction 0/1.
#[derive(Debug)]
pub(super) struct Fractions<P> {
    /// Elements in a cell.
    pub width: usize,
    /// The number of cells that are held.
    pub cells: usize,
    /// Denominators, cell by cell. May be longer than needed: the storage is used again and again.
    pub denominators: Vec<P>,
    /// The numerators of the cells that have a place.
    pub numerators: Vec<P>,
    /// Where in `numerators`, in cells, the numerators of each cell stand; without a place all of them are one.
    pub place: Vec<Option<usize>>,
}

impl<P: Copy> Fractions<P> {
    /// A layer without cells.
    pub fn empty(width: usize) -> Self {
        Self {
            width,
            cells: 0,
            denominators: Vec::new(),
            numerators: Vec::new(),
            place: Vec::new(),
        }
    }

    /// Makes room for cells with the given places, whose content is left as it is.
    pub fn resize(&mut self, place: Vec<Option<usize>>, zero: P) {
        self.cells = place.len();
        let dense = place.iter().flatten().count();
        for (buffer, cells) in [
            (&mut self.denominators, self.cells),
            (&mut self.numerators, dense),
        ] {
            if buffer.len() < cells * self.width {
                buffer.resize(cells * self.width, zero);
            }
        }
        self.place = place;
    }

    /// The denominators of a cell.
    pub fn denominators(&self, cell: usize) -> &[P] {
        &self.denominators[cell * self.width..][..self.width]
    }

    /// The numerators of a cell, `None` where all of them are one.
    pub fn numerators(&self, cell: usize) -> Option<&[P]> {
        self.place[cell].map(|place| &self.numerators[place * self.width..][..self.width])
    }

    /// The storage of runs of `count` cells each: denominators, and numerators where they have a place.
    ///
    /// Places are in the order of the cells, so each run's numerators are contiguous.
    pub fn runs(&mut self, count: usize) -> Vec<Run<'_, P>> {
        let width = self.width;
        let mut rest = &mut self.numerators[..];
        self.denominators[..self.cells * width]
            .chunks_mut(count * width)
            .zip(self.place.chunks(count))
            .map(|(denominators, place)| {
                let dense = place.iter().flatten().count();
                let (numerators, after) = core::mem::take(&mut rest).split_at_mut(dense * width);
                rest = after;
                Run {
                    width,
                    denominators,
                    numerators,
                    place,
                }
            })
            .collect()
    }
}

/// Neighbouring cells, to be written by one thread.
#[derive(Debug)]
pub(super) struct Run<'a, P> {
    /// Elements in a cell.
    pub width: usize,
    /// The denominators of all cells.
    pub denominators: &'a mut [P],
    /// The numerators of the cells that have a place.
    pub numerators: &'a mut [P],
    /// As in [`Fractions`]; the first place of the run is the start of `numerators`.
    pub place: &'a [Option<usize>],
}

impl<P> Run<'_, P> {
    /// Where in `numerators` a cell's numerators start.
    pub fn offset(&self, cell: usize) -> Option<usize> {
        let first = self.place.iter().flatten().next()?;
        Some((self.place[cell]? - first) * self.width)
    }

    /// Denominators and numerators of a cell.
    pub fn cell(&mut self, cell: usize) -> (&mut [P], Option<&mut [P]>) {
        let (width, offset) = (self.width, self.offset(cell));
        (
            &mut self.denominators[cell * width..][..width],
            offset.map(|offset| &mut self.numerators[offset..][..width]),
        )
    }

    /// What was written to a cell.
    pub fn read(&self, cell: usize) -> (&[P], Option<&[P]>) {
        (
            &self.denominators[cell * self.width..][..self.width],
            self.offset(cell)
                .map(|offset| &self.numerators[offset..][..self.width]),
        )
    }
}

/// The number of cells to hold of `needed`, when the layer has `capacity`, a power of two: whole groups of four, so
/// that a round of the sumcheck never meets half a pair.
pub(super) fn held(needed: usize, capacity: usize) -> usize {
    needed.next_multiple_of(4).min(capacity)
}

/// The sums of neighbouring cells of `children`, in a layer of `capacity` cells.
pub(super) fn parents<P>(children: &Fractions<P>, capacity: usize) -> Fractions<P>
where
    P: p3_field::PrimeCharacteristicRing + Copy + Send + Sync,
{
    let mut parents = Fractions::empty(children.width);
    let cells = held(children.cells.div_ceil(2), capacity);
    parents.resize((0..cells).map(Some).collect(), P::ZERO);
    let ones = vec![P::ONE; children.width];
    parents
        .runs(1)
        .into_par_iter()
        .with_min_len(4)
        .enumerate()
        .for_each(|(cell, mut run)| {
            let (left, right) = (2 * cell, 2 * cell + 1);
            let (denominators, Some(numerators)) = run.cell(0) else {
                return;
            };
            if right >= children.cells {
                denominators.fill(P::ONE);
                numerators.fill(P::ZERO);
                return;
            }
            let d = (children.denominators(left), children.denominators(right));
            let n = (children.numerators(left), children.numerators(right));
            add(n, d, &ones, numerators, denominators);
        });
    parents
}

/// Adds fractions: `n0/d0 + n1/d1 = (n0 d1 + n1 d0) / (d0 d1)`; numerators that are not given are one.
fn add<P: p3_field::PrimeCharacteristicRing + Copy>(
    n: (Option<&[P]>, Option<&[P]>),
    d: (&[P], &[P]),
    ones: &[P],
    numerators: &mut [P],
    denominators: &mut [P],
) {
    let pairs = d.0.iter().zip(d.1);
    let outputs = numerators.iter_mut().zip(denominators);
    if let (None, None) = n {
        for ((n, d), (&d0, &d1)) in outputs.zip(pairs) {
            *n = d0 + d1;
            *d = d0 * d1;
        }
    } else {
        let n = n.0.unwrap_or(ones).iter().zip(n.1.unwrap_or(ones));
        for (((n, d), (&d0, &d1)), (&n0, &n1)) in outputs.zip(pairs).zip(n) {
            *n = P::dot_product(&[n0, n1], &[d1, d0]);
            *d = d0 * d1;
        }
    }
}

/// The first `len` fractions of a layer, one by one: numerators and denominators.
pub(super) fn unpack<F, E>(layer: &Fractions<E::ExtensionPacking>, len: usize) -> (Vec<E>, Vec<E>)
where
    F: Field,
    E: ExtensionField<F>,
{
    let ones = vec![<E::ExtensionPacking as From<E>>::from(E::ONE); layer.width];
    let (mut numerators, mut denominators) = (Vec::with_capacity(len), Vec::with_capacity(len));
    for cell in 0..layer.cells {
        for (source, target) in [
            (layer.numerators(cell).unwrap_or(&ones), &mut numerators),
            (layer.denominators(cell), &mut denominators),
        ] {
            target.extend(E::ExtensionPacking::to_ext_iter(source.iter().copied()));
        }
    }
    numerators.resize(len, E::ZERO);
    denominators.resize(len, E::ONE);
    (numerators, denominators)
}

/// Packs scalars; their number is a multiple of the packing's width.
pub(super) fn pack<F, E>(scalars: &[E]) -> Vec<E::ExtensionPacking>
where
    F: Field,
    E: ExtensionField<F>,
{
    scalars
        .chunks_exact(F::Packing::WIDTH)
        .map(<E::ExtensionPacking as PackedFieldExtension<F, E>>::from_ext_slice)
        .collect()
}
