//! The layers of the fraction tree in memory.
//!
//! A layer is cut into cells of [`CELL`] fractions, packed for the vector unit. Fractions that are added to one another
//! lie at the same place of two neighbouring cells: so both the tree and the sumcheck stream through memory, every
//! operation is one on whole vectors, and padding at the end of a layer is padding at the end of the next, where it
//! costs nothing.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, PackedFieldExtension, PackedValue, PrimeCharacteristicRing};
use p3_maybe_rayon::prelude::*;

use super::{CELL, LOG_CELL};

/// [`CELL`] fractions.
#[derive(Debug)]
pub(super) struct Cell<P> {
    /// `None` where all of them are one.
    pub numerators: Option<Vec<P>>,
    /// As many as there are fractions.
    pub denominators: Vec<P>,
}

impl<P> Default for Cell<P> {
    fn default() -> Self {
        Self {
            numerators: None,
            denominators: Vec::new(),
        }
    }
}

impl<P: PrimeCharacteristicRing + Copy> Cell<P> {
    /// A cell of the fraction `numerator / 1`, of `width` packed elements.
    pub fn constant(numerator: P, width: usize) -> Self {
        Self {
            numerators: Some(vec![numerator; width]),
            denominators: vec![P::ONE; width],
        }
    }
}

/// The number of cells to hold of `needed` in a layer of `2^log_len` fractions: whole groups of four, so that a round
/// of the sumcheck never meets half a pair. All others hold the fraction 0/1.
pub(super) fn held(needed: usize, log_len: usize) -> usize {
    let capacity = 1 << log_len.saturating_sub(LOG_CELL);
    needed.next_multiple_of(4).min(capacity)
}

/// Appends cells of 0/1 until there are as many as are to be held.
pub(super) fn hold<P>(mut cells: Vec<Cell<P>>, log_len: usize) -> Vec<Cell<P>>
where
    P: PrimeCharacteristicRing + Copy,
{
    let count = held(cells.len(), log_len);
    extend(&mut cells, count);
    cells
}

/// Appends cells of 0/1 until there are `count`.
pub(super) fn extend<P: PrimeCharacteristicRing + Copy>(cells: &mut Vec<Cell<P>>, count: usize) {
    let width = cells.first().map_or(0, |cell| cell.denominators.len());
    cells.resize_with(count, || Cell::constant(P::ZERO, width));
}

/// The sums of neighbouring cells.
pub(super) fn parents<P>(children: &[Cell<P>]) -> Vec<Cell<P>>
where
    P: PrimeCharacteristicRing + Copy + Send + Sync,
{
    let pairs = children.par_chunks_exact(2).with_min_len(8);
    pairs.map(|pair| sum(&pair[0], &pair[1])).collect()
}

/// Adds fractions: `n0/d0 + n1/d1 = (n0 d1 + n1 d0) / (d0 d1)`.
pub(super) fn sum<P: PrimeCharacteristicRing + Copy>(left: &Cell<P>, right: &Cell<P>) -> Cell<P> {
    let (d0, d1) = (&left.denominators, &right.denominators);
    let pairs = || d0.iter().zip(d1);
    let numerators = match (&left.numerators, &right.numerators) {
        (None, None) => pairs().map(|(&d0, &d1)| d0 + d1).collect(),
        (Some(n), None) => add_product(d0, n, d1),
        (None, Some(n)) => add_product(d1, n, d0),
        (Some(n0), Some(n1)) => n0
            .iter()
            .zip(n1)
            .zip(pairs())
            .map(|((&n0, &n1), (&d0, &d1))| n0 * d1 + n1 * d0)
            .collect(),
    };
    Cell {
        numerators: Some(numerators),
        denominators: pairs().map(|(&d0, &d1)| d0 * d1).collect(),
    }
}

/// `a + b c`.
fn add_product<P: PrimeCharacteristicRing + Copy>(a: &[P], b: &[P], c: &[P]) -> Vec<P> {
    let products = b.iter().zip(c).map(|(&b, &c)| b * c);
    a.iter().zip(products).map(|(&a, bc)| a + bc).collect()
}

/// The first `len` fractions of a layer, one by one: numerators and denominators.
pub(super) fn unpack<F, E>(layer: &[Cell<E::ExtensionPacking>], len: usize) -> (Vec<E>, Vec<E>)
where
    F: Field,
    E: ExtensionField<F>,
{
    let scalars = |packed: &[E::ExtensionPacking]| -> Vec<E> {
        E::ExtensionPacking::to_ext_iter(packed.iter().copied()).collect()
    };
    let (mut numerators, mut denominators) = (Vec::with_capacity(len), Vec::with_capacity(len));
    for cell in layer {
        denominators.extend(scalars(&cell.denominators));
        match &cell.numerators {
            Some(cell) => numerators.extend(scalars(cell)),
            None => numerators.resize(denominators.len(), E::ONE),
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

/// The number of packed elements in a cell.
pub(super) fn cell_width<F: Field>() -> usize {
    CELL / F::Packing::WIDTH
}
