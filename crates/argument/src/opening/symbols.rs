//! The symbols of all rows at a few positions, without their codewords.
//!
//! A row of `2^c` coefficients is cut into `2^t` polynomials of `2^s` coefficients, `c = s + t`:
//!
//! ```text
//! f(x) = sum_(j < 2^t) x^j f_j(x^(2^t)),    f_j(y) = sum_(i < 2^s) f_(i 2^t + j) y^i
//! ```
//!
//! While `x` runs through the `2^(c + r)` positions, `y` takes `2^(s + r)` values. So all `f_j` are transformed on these,
//! `2^r` transforms of `s` layers, and a position takes one more product for each `j`: `q / 2^s` products for each
//! coefficient instead of `q`. Everything happens within blocks that stay in cache.

use alloc::vec::Vec;
use core::ops::Range;

use p3_dft::{Radix2DFTSmallBatch, TwoAdicSubgroupDft};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;
use p3_maybe_rayon::prelude::*;

use super::encode::{BLOCK, Randomness, Rows};
use crate::kernel::dot;
use crate::profile::F;

/// `s`: with one layer more, the transforms take what the positions save.
const LAYERS: usize = 5;
/// Rows that are transformed together.
const TOGETHER: usize = 4;

/// A position, and the powers of its point for one block of `j`.
struct Place {
    /// Its index among all positions that are asked for.
    index: usize,
    /// Which of the transform's values is that at its `y`.
    value: usize,
    powers: Vec<F>,
}

impl Randomness {
    /// The symbols of all rows at some positions: `[positions, rows]`, row-major.
    ///
    /// Cost: for each coefficient `2^r` transforms of five layers, and a 32nd of a product for each position.
    pub(super) fn symbols(&self, rows: &dyn Rows, positions: &[usize]) -> Vec<F> {
        let layers = LAYERS.min(self.code.log_len());
        let pieces = 1usize << (self.code.log_len() - layers);
        let len = BLOCK.min(pieces);
        let dft = Radix2DFTSmallBatch::new(1 << layers);
        let sum = |mut sums: Vec<F>, others: Vec<F>| {
            p3_field::add_scaled_slice_in_place(&mut sums, &others, F::ONE);
            sums
        };
        (0..pieces / len)
            .into_par_iter()
            .map(|index| {
                let block = index * len..(index + 1) * len;
                self.part(rows, positions, &dft, layers, block)
            })
            .reduce(|| F::zero_vec(positions.len() * self.shape.rows), sum)
    }

    /// The positions of each coset.
    fn places(&self, positions: &[usize], layers: usize, block: Range<usize>) -> Vec<Vec<Place>> {
        let mut cosets: Vec<Vec<Place>> = Vec::new();
        cosets.resize_with(1 << self.code.log_inv_rate(), Vec::new);
        for (index, &position) in positions.iter().enumerate() {
            let x = self.code.point(position);
            let powers = x.shifted_powers(x.exp_u64(block.start as u64));
            cosets[position >> self.code.log_len()].push(Place {
                index,
                value: position & ((1 << layers) - 1),
                powers: powers.take(block.len()).collect(),
            });
        }
        cosets
    }

    /// The part of all symbols that the `f_j` of one block of `j` have.
    fn part(
        &self,
        rows: &dyn Rows,
        positions: &[usize],
        dft: &Radix2DFTSmallBatch<F>,
        layers: usize,
        block: Range<usize>,
    ) -> Vec<F> {
        let width = self.shape.rows;
        let log_pieces = self.code.log_len() - layers;
        let cosets = self.places(positions, layers, block.clone());
        let (start, block) = (block.start, block.len());
        let mut sums = F::zero_vec(width * positions.len());
        let mut scratch = Vec::new();
        for first in (0..width).step_by(TOGETHER) {
            let line = TOGETHER.min(width - first) * block;
            let mut coefficients = F::zero_vec(line << layers);
            for (at, line) in coefficients.chunks_exact_mut(line).enumerate() {
                for (row, line) in (first..).zip(line.chunks_exact_mut(block)) {
                    self.write(rows, row, (at << log_pieces) + start, line);
                }
            }
            for (coset, places) in cosets.iter().enumerate() {
                scratch.clear();
                scratch.extend_from_slice(&coefficients);
                let powers = self.code.shift(coset).exp_power_of_2(log_pieces).powers();
                for (line, power) in scratch.chunks_exact_mut(line).zip(powers) {
                    p3_field::scale_slice_in_place_single_core(line, power);
                }
                scratch = dft.dft_batch(RowMajorMatrix::new(scratch, line)).values;
                for place in places {
                    let values = &scratch[place.value * line..][..line];
                    let sums = &mut sums[place.index * width + first..];
                    for (sum, values) in sums.iter_mut().zip(values.chunks_exact(block)) {
                        *sum += dot(values, &place.powers);
                    }
                }
            }
        }
        sums
    }
}
