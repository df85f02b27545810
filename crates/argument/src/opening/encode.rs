//! The coefficients of a group, and the matrix of their codewords.

use alloc::vec;
use alloc::vec::Vec;

use p3_dft::{Radix2DFTSmallBatch, TwoAdicSubgroupDft};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;
use p3_maybe_rayon::prelude::*;

use super::{Code, GroupShape};
use crate::profile::F;

/// Coefficients of one row that are asked for at once.
const BLOCK: usize = 256;

/// Rows transposed together: their symbols fill one cache line of the codeword matrix.
const LINE: usize = 8;

/// The coefficients of a group, supplied on demand.
///
/// Data lives elsewhere as small integers; nothing keeps a second copy of it as field elements. Coefficients
/// are asked for twice, in the same way: when the group is committed and at each opening.
pub trait Rows: Sync {
    /// Polynomials in the group.
    fn rows(&self) -> usize;

    /// How many of them, the last ones, hide themselves: all their coefficients are theirs to supply.
    ///
    /// That is right for rows of masks only, whose openings are uniform by their own randomness.
    fn own(&self) -> usize {
        0
    }

    /// Writes coefficients `start..start + coefficients.len()` of one row.
    ///
    /// Shapes: `row < self.rows()`; `start` is a multiple of `coefficients.len()`, which is a power of two
    /// of at most 256. Every element must be written.
    ///
    /// The group overwrites its hidden coefficients, the last ones of each row; these must be left zero.
    fn write(&self, row: usize, start: usize, coefficients: &mut [F]);
}

/// The random coefficients at the end of each row.
pub(super) struct Randomness {
    pub(super) code: Code,
    pub(super) shape: GroupShape,
    pub(super) hidden: Vec<F>,
}

impl Randomness {
    /// Rows and hidden coefficients.
    pub(super) const fn shape(&self) -> GroupShape {
        self.shape
    }

    /// Adds `weights[i] * row_i` over all rows to `sums`, for the coefficients from `start` on.
    ///
    /// Shapes: `weights` has `degree` base coordinates per row; `sums` is `[degree, block]`.
    pub(super) fn accumulate(
        &self,
        rows: &dyn Rows,
        weights: &[F],
        start: usize,
        sums: &mut [F],
        block: usize,
    ) {
        let degree = sums.len() / block;
        let mut coefficients = vec![F::ZERO; block];
        for (row, weights) in weights.chunks_exact(degree).enumerate() {
            self.write(rows, row, start, &mut coefficients);
            for (&weight, sum) in weights.iter().zip(sums.chunks_exact_mut(block)) {
                p3_field::add_scaled_slice_in_place(sum, &coefficients, weight);
            }
        }
    }

    /// Writes one block of coefficients of one row, the random ones included.
    fn write(&self, rows: &dyn Rows, row: usize, start: usize, coefficients: &mut [F]) {
        rows.write(row, start, coefficients);
        let first_hidden = self.code.len() - self.shape.hidden;
        let end = start + coefficients.len();
        if row < self.shape.rows - self.shape.own && end > first_hidden {
            let from = first_hidden.max(start);
            let tail = &mut coefficients[from - start..];
            debug_assert!(
                tail.iter().all(|&c| c == F::ZERO),
                "data where the group hides"
            );
            let offset = row * self.shape.hidden + from - first_hidden;
            tail.copy_from_slice(&self.hidden[offset..offset + tail.len()]);
        }
    }

    /// The codeword matrix `[positions, rows]` of all rows.
    pub(super) fn encode(&self, rows: &dyn Rows) -> Vec<F> {
        let Self { code, shape, .. } = self;
        let width = shape.rows;
        let size = code.len() * width;
        let mut codewords = F::zero_vec(code.positions() * width);
        let mut scratch = RowMajorMatrix::new(F::zero_vec(size), width);
        let dft = Radix2DFTSmallBatch::new(code.len());
        // The coefficients wait in the segment that is encoded last.
        let last = (1 << code.log_inv_rate()) - 1;
        let (encoded, coefficients) = codewords.split_at_mut(last * size);
        self.fill(rows, coefficients);
        for (coset, segment) in encoded.chunks_exact_mut(size).enumerate() {
            shift(coefficients, width, code.shift(coset), &mut scratch.values);
            scratch = dft.dft_batch(scratch);
            copy(&scratch.values, segment);
        }
        shift(coefficients, width, code.shift(last), &mut scratch.values);
        scratch = dft.dft_batch(scratch);
        copy(&scratch.values, coefficients);
        codewords
    }

    /// Transposes all rows into `[coefficients, rows]`, by blocks that stay in cache.
    fn fill(&self, rows: &dyn Rows, matrix: &mut [F]) {
        let (block, width) = (BLOCK.min(self.code.len()), self.shape.rows);
        matrix
            .par_chunks_mut(block * width)
            .enumerate()
            .for_each(|(index, chunk)| {
                let mut lines = [[F::ZERO; BLOCK]; LINE];
                for first in (0..width).step_by(LINE) {
                    let count = LINE.min(width - first);
                    for (row, line) in lines.iter_mut().take(count).enumerate() {
                        self.write(rows, first + row, index * block, &mut line[..block]);
                    }
                    for (at, target) in chunk.chunks_exact_mut(width).enumerate() {
                        let target = &mut target[first..first + count];
                        for (symbol, line) in target.iter_mut().zip(&lines) {
                            *symbol = line[at];
                        }
                    }
                }
            });
    }
}

/// Multiplies coefficient `b` of every row by `shift^b`.
fn shift(coefficients: &[F], rows: usize, shift: F, target: &mut [F]) {
    target
        .par_chunks_mut(BLOCK * rows)
        .zip(coefficients.par_chunks(BLOCK * rows))
        .enumerate()
        .for_each(|(index, (target, source))| {
            let powers = shift.shifted_powers(shift.exp_u64((index * BLOCK) as u64));
            for ((target, source), power) in target
                .chunks_exact_mut(rows)
                .zip(source.chunks_exact(rows))
                .zip(powers)
            {
                target.copy_from_slice(source);
                p3_field::scale_slice_in_place_single_core(target, power);
            }
        });
}

fn copy(source: &[F], target: &mut [F]) {
    const PIECE: usize = 1 << 14;
    target
        .par_chunks_mut(PIECE)
        .zip(source.par_chunks(PIECE))
        .for_each(|(target, source)| target.copy_from_slice(source));
}
