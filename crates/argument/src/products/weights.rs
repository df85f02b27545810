//! Weights of the batch indices, in factored form.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, PackedValue};
use rayon::prelude::*;

use super::table::{Table, lane, lanes, put};
use crate::multilinear::{eq_vector, log_ceil};

/// Weights that are written out: a run of this length and its products with one operand fit in the nearest cache.
const RUN: usize = 1 << 10;

/// An axis with the point at which `eq` gives its weights, or without, if all its weights are 1.
pub(super) type Weighted<'t, E> = (Option<&'t [E]>, usize);

/// The product of the weights of all axes, as runs of one vector with a factor each.
///
/// The vector holds the weights of the short trailing axes, or of the low bits of a long one.
#[derive(Clone, Debug)]
pub(super) struct Weights<E> {
    /// The common vector; the last run of a block may be shorter.
    pub(super) vector: Vec<E>,
    /// The factor of each run.
    factors: Vec<E>,
    /// Length of the blocks that the runs cut up.
    block: usize,
}

impl<E: Field> Weights<E> {
    pub(super) fn new(axes: &[Weighted<'_, E>]) -> Self {
        let mut outer = axes.to_vec();
        let (mut vector, mut block, mut tail) = (vec![E::ONE], 1, vec![E::ONE]);
        while let Some((point, size)) = outer.pop() {
            block = size * vector.len();
            if block <= RUN {
                vector = product(&cut((point, size)), &vector);
                continue;
            }
            let low = (RUN / vector.len()).ilog2() as usize;
            let high = log_ceil(size).saturating_sub(low);
            let (above, below) = match point.map(|point| point.split_at(high)) {
                Some((above, below)) => (Some(above), Some(below)),
                None => (None, None),
            };
            vector = product(&cut((below, 1 << low)), &vector);
            tail = cut((above, 1 << high));
            break;
        }
        tail.truncate(block.div_ceil(vector.len()));
        let blocks = outer
            .iter()
            .fold(vec![E::ONE], |all, &axis| product(&all, &cut(axis)));
        Self {
            factors: product(&blocks, &tail),
            vector,
            block,
        }
    }

    /// The first index, the length and the factor of each run.
    pub(super) fn runs(&self) -> impl Iterator<Item = (usize, usize, E)> + '_ {
        let (len, block) = (self.vector.len(), self.block);
        let parts = block.div_ceil(len);
        self.factors.iter().enumerate().map(move |(run, &factor)| {
            let inside = run % parts * len;
            (
                run / parts * block + inside,
                len.min(block - inside),
                factor,
            )
        })
    }

    /// The factor and the matching part of all planes for each run.
    pub(super) fn pieces<'t, F>(&self, planes: &'t mut [Vec<F>]) -> Vec<(E, Vec<&'t mut [F]>)> {
        let factors = self.factors.iter();
        let mut pieces: Vec<(E, Vec<&mut [F]>)> = factors
            .map(|&factor| (factor, Vec::with_capacity(planes.len())))
            .collect();
        for plane in planes {
            let parts = plane
                .chunks_mut(self.block)
                .flat_map(|block| block.chunks_mut(self.vector.len()));
            for (piece, part) in pieces.iter_mut().zip(parts) {
                piece.1.push(part);
            }
        }
        pieces
    }
}

/// The least number of runs that a thread takes at a time.
pub(super) fn runs_per_thread(len: usize) -> usize {
    1 + RUN / len
}

/// Multiplies by the weights of the axes, all of the table's.
pub(super) fn scale<F: Field, E: ExtensionField<F>>(
    table: &mut Table<F>,
    axes: &[Weighted<'_, E>],
) {
    let weights = Weights::new(axes);
    let vector = Table::from_elements(&weights.vector);
    let base = table.is_base();
    table.promote::<E>();
    weights
        .pieces(&mut table.planes)
        .into_par_iter()
        .with_min_len(runs_per_thread(vector.len()))
        .for_each(|(factor, mut part)| {
            let factor = E::ExtensionPacking::from(factor);
            for x in (0..part[0].len()).step_by(F::Packing::WIDTH) {
                let weight = factor * lanes::<F, E>(&vector.planes, x);
                let scaled = if base {
                    weight * lane(part[0], x)
                } else {
                    weight * lanes::<F, E>(&part, x)
                };
                put::<F, E>(&mut part, x, &scaled);
            }
        });
}

fn cut<E: Field>((point, size): Weighted<'_, E>) -> Vec<E> {
    let mut weights = point.map_or_else(|| vec![E::ONE; size], eq_vector);
    weights.truncate(size);
    weights
}

/// The Kronecker product.
fn product<E: Field>(outer: &[E], inner: &[E]) -> Vec<E> {
    let row = |&a: &E| inner.iter().map(move |&b| a * b);
    outer.iter().flat_map(row).collect()
}
