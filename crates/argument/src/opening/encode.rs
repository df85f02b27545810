//! The coefficients of a group, and the matrix of their codewords.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use p3_dft::{Radix2DFTSmallBatch, TwoAdicSubgroupDft};
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;
use p3_maybe_rayon::prelude::*;

use super::{Code, GroupShape};
use crate::profile::F;

/// Coefficients of one row that are asked for at once.
pub(super) const BLOCK: usize = 256;

/// Rows transposed together: their symbols fill one cache line of the codeword matrix.
const LINE: usize = 8;

/// The coefficients of a group, supplied on demand.
///
/// Data lives elsewhere as small integers; nothing keeps a second copy of it as field elements. Coefficients
/// are asked for several times: when the group is committed, once for each coset if codewords are not kept, and at each opening.
pub trait Rows: Sync {
    /// Polynomials in the group.
    fn rows(&self) -> usize;

    /// How many of them, the last ones, hide themselves: all their coefficients are theirs to supply.
    ///
    /// That is right for rows of masks only, whose openings are uniform by their own randomness.
    fn own(&self) -> usize {
        0
    }

    /// The rows that are polynomials in a power of `X`; none unless said otherwise.
    fn spread(&self) -> Spread {
        Spread::default()
    }

    /// Writes coefficients `start..start + coefficients.len()` of one row.
    ///
    /// Shapes: `row < self.rows()`; `start` is a multiple of `coefficients.len()`, which is a power of two
    /// of at most 256. Every element must be written.
    ///
    /// The group overwrites its hidden coefficients, the last ones of each row; these must be left zero.
    fn write(&self, row: usize, start: usize, coefficients: &mut [F]);
}

/// Rows whose only coefficients that are not zero are those at multiples of `2^log`.
///
/// Their codewords repeat themselves, `2^log` times in each coset.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    /// Which rows, one after the other.
    pub rows: Range<usize>,
    /// `log`; zero for rows like all others.
    pub log: usize,
}

impl Spread {
    /// The entries of other rows among those of all rows.
    fn others<'a>(&self, entries: &'a [F]) -> [&'a [F]; 2] {
        [&entries[..self.rows.start], &entries[self.rows.end..]]
    }
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
    pub(super) fn write(&self, rows: &dyn Rows, row: usize, start: usize, coefficients: &mut [F]) {
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
        let (width, spread) = (shape.rows, rows.spread());
        let size = code.len() * width;
        let mut codewords = F::zero_vec(code.positions() * width);
        let others = width - spread.rows.len();
        let mut scratch = RowMajorMatrix::new(F::zero_vec(code.len() * others), others);
        let dft = Radix2DFTSmallBatch::new(code.len());
        // The coefficients wait in the segment that is encoded last.
        let last = (1 << code.log_inv_rate()) - 1;
        let (encoded, coefficients) = codewords.split_at_mut(last * size);
        self.fill(rows, F::ONE, coefficients);
        let few: Vec<F> = { coefficients.chunks_exact(width).step_by(1 << spread.log) }
            .flat_map(|row| row[spread.rows.clone()].iter().copied())
            .collect();
        let mut segments = encoded.chunks_exact_mut(size);
        for coset in 0..=last {
            let by = code.shift(coset);
            shift(coefficients, width, &spread, by, &mut scratch.values);
            scratch = dft.dft_batch(scratch);
            let few = encode_few(&few, &spread, by, &dft);
            let segment = segments.next().unwrap_or(&mut *coefficients);
            merge(&scratch.values, &few, &spread, width, segment);
        }
        codewords
    }

    /// One segment of the codeword matrix, the values on one coset: `[2^log_len, rows]`, in a buffer that is used again.
    pub(super) fn segment(&self, rows: &dyn Rows, coset: usize, mut matrix: Vec<F>) -> Vec<F> {
        let (len, width) = (self.code.len(), self.shape.rows);
        matrix.resize(len * width, F::ZERO);
        self.fill(rows, self.code.shift(coset), &mut matrix);
        let dft = Radix2DFTSmallBatch::new(len);
        dft.dft_batch(RowMajorMatrix::new(matrix, width)).values
    }

    /// Transposes all rows into `[coefficients, rows]`, by blocks that stay in cache; coefficient `b` times `by^b`.
    fn fill(&self, rows: &dyn Rows, by: F, matrix: &mut [F]) {
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
                if by != F::ONE {
                    let powers = by.shifted_powers(by.exp_u64((index * block) as u64));
                    for (row, power) in chunk.chunks_exact_mut(width).zip(powers) {
                        p3_field::scale_slice_in_place_single_core(row, power);
                    }
                }
            });
    }
}

/// Multiplies coefficient `b` of every row that is not spread by `shift^b`.
fn shift(coefficients: &[F], rows: usize, spread: &Spread, shift: F, target: &mut [F]) {
    let others = rows - spread.rows.len();
    target
        .par_chunks_mut(BLOCK * others)
        .zip(coefficients.par_chunks(BLOCK * rows))
        .enumerate()
        .for_each(|(index, (target, source))| {
            let powers = shift.shifted_powers(shift.exp_u64((index * BLOCK) as u64));
            for ((target, source), power) in target
                .chunks_exact_mut(others)
                .zip(source.chunks_exact(rows))
                .zip(powers)
            {
                let [before, behind] = spread.others(source);
                target[..before.len()].copy_from_slice(before);
                target[before.len()..].copy_from_slice(behind);
                p3_field::scale_slice_in_place_single_core(target, power);
            }
        });
}

/// The values of the rows that are spread on one coset, until they repeat.
fn encode_few(few: &[F], spread: &Spread, shift: F, dft: &Radix2DFTSmallBatch<F>) -> Vec<F> {
    let width = spread.rows.len();
    if width == 0 {
        return Vec::new();
    }
    let mut few = few.to_vec();
    let powers = shift.exp_power_of_2(spread.log).powers();
    for (row, power) in few.chunks_exact_mut(width).zip(powers) {
        p3_field::scale_slice_in_place_single_core(row, power);
    }
    dft.dft_batch(RowMajorMatrix::new(few, width)).values
}

/// Puts the values of all rows on one coset together.
fn merge(others: &[F], few: &[F], spread: &Spread, rows: usize, target: &mut [F]) {
    const PIECE: usize = 1 << 9;
    let (width, narrow) = (spread.rows.len(), rows - spread.rows.len());
    target
        .par_chunks_mut(PIECE * rows)
        .zip(others.par_chunks(PIECE * narrow))
        .enumerate()
        .for_each(|(piece, (target, others))| {
            let rows = target
                .chunks_exact_mut(rows)
                .zip(others.chunks_exact(narrow));
            for (at, (target, others)) in (piece * PIECE..).zip(rows) {
                let few = match few.len().checked_div(width) {
                    Some(period) => &few[at % period * width..][..width],
                    None => &[],
                };
                let (before, behind) = others.split_at(spread.rows.start);
                target[..before.len()].copy_from_slice(before);
                target[spread.rows.clone()].copy_from_slice(few);
                target[spread.rows.end..].copy_from_slice(behind);
            }
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five rows, the third and fourth of which have every eighth coefficient only.
    struct Few {
        said: bool,
    }

    impl Rows for Few {
        fn rows(&self) -> usize {
            5
        }

        fn own(&self) -> usize {
            5
        }

        fn spread(&self) -> Spread {
            if self.said {
                Spread { rows: 2..4, log: 3 }
            } else {
                Spread::default()
            }
        }

        fn write(&self, row: usize, start: usize, coefficients: &mut [F]) {
            for (at, coefficient) in (start..).zip(coefficients) {
                let empty = (2..4).contains(&row) && at % 8 != 0;
                *coefficient = F::from_usize(if empty { 0 } else { at * at + row });
            }
        }
    }

    #[test]
    fn rows_that_are_spread_have_the_codewords_of_their_coefficients() {
        for log_len in [4, 9] {
            let encode = |said| {
                Randomness {
                    code: Code::new(log_len, 2).expect("a code"),
                    shape: GroupShape {
                        rows: 5,
                        own: 5,
                        hidden: 0,
                    },
                    hidden: Vec::new(),
                }
                .encode(&Few { said })
            };
            assert_eq!(encode(true), encode(false), "{log_len}");
        }
    }
}
