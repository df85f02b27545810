//! Inner products of two whole tensors of small integers, as elementwise products need them.
//!
//! The first rounds of the sumcheck run on the integers. With the tensors cut into `2^k` parts by the first `k`
//! variables, these rounds are determined by the matrix of the weighted inner products of all pairs of parts; and the
//! products of small integers are small integers, so the weights are cut into limbs as in [`contract`](super::contract).
//! Field elements are written only after `k` challenges, `2^k` times fewer than there are integers.
//!
//! Source: small values in the first rounds of a sumcheck, eprint 2024/1046 and 2025/1117; the matrix form is ours.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{
    BasedVectorSpace, ExtensionField, Field, PackedValue, PrimeCharacteristicRing, PrimeField64,
};
use rayon::prelude::*;

use super::contract::dot;
use super::table::{Pair, Round, Table, lane, lanes, put};
use super::weights::{Weighted, Weights, runs_per_thread};
use crate::multilinear::{eq_vector, log_ceil};

/// Rounds on integers: further ones would cost more in inner products than they save in field products.
const ROUNDS: usize = 2;
/// Parts that these rounds make of a tensor, at most.
const PARTS: usize = 1 << ROUNDS;
/// Bits of a limb: a sum of 2^11 products with integers below 2^31 fits in a word.
const LIMB: u32 = 22;
/// Limbs of a base field element.
const LIMBS: usize = 3;

/// Two tensors of one shape, before the first challenges.
#[derive(Debug)]
pub(super) struct Whole<E> {
    a: Vec<i32>,
    b: Vec<i32>,
    /// The weights of `a` within a part.
    weights: Weights<E>,
    /// Length of a part; the last ones may be shorter (zeros follow).
    part: usize,
    /// Weights of the parts of `a`.
    top: Vec<E>,
    /// What each part counts for, given the challenges so far.
    bound: Vec<E>,
    /// The inner products of the parts of `a`, with their weights, and of `b`; the variables so far are bound.
    matrix: Vec<Vec<E>>,
}

/// Whether inner products of integers of these magnitudes are for [`Whole`].
pub(super) fn fits(a: u64, b: u64) -> bool {
    a.checked_mul(b).is_some_and(|product| product < 1 << 31)
}

impl<E: Field> Whole<E> {
    /// Tensors whose magnitudes [`fits`] accepts, with the weights of `a`; an axis is longer than 1.
    pub(super) fn new<F: PrimeField64>(a: Vec<i32>, b: Vec<i32>, axes: &[Weighted<'_, E>]) -> Self
    where
        E: ExtensionField<F>,
    {
        let mut axes: Vec<_> = axes.iter().copied().filter(|&(_, size)| size > 1).collect();
        let (point, size) = axes[0];
        let rounds = ROUNDS.min(log_ceil(size));
        let low = 1 << (log_ceil(size) - rounds);
        let top = match point {
            Some(point) => eq_vector(&point[..rounds]),
            None => vec![E::ONE; 1 << rounds],
        };
        axes[0] = (point.map(|point| &point[rounds..]), low);
        let mut whole = Self {
            part: axes.iter().map(|&(_, size)| size).product(),
            weights: Weights::new(&axes),
            bound: vec![E::ONE; 1 << rounds],
            matrix: Vec::new(),
            a,
            b,
            top,
        };
        whole.matrix = whole.inner_products::<F>();
        whole
    }

    /// The elements `start .. start + len` of a part, as far as the tensor goes.
    fn piece<'t>(&self, data: &'t [i32], part: usize, start: usize, len: usize) -> &'t [i32] {
        let from = (part * self.part + start).min(data.len());
        &data[from..(from + len).min(data.len())]
    }

    fn inner_products<F: PrimeField64>(&self) -> Vec<Vec<E>>
    where
        E: ExtensionField<F>,
    {
        let parts = self.top.len();
        let mut limbs = vec![vec![0i32; self.weights.vector.len()]; LIMBS * E::DIMENSION];
        for (x, weight) in self.weights.vector.iter().enumerate() {
            for (d, coefficient) in weight.as_basis_coefficients_slice().iter().enumerate() {
                for (l, limb) in cut::<F>(*coefficient).into_iter().enumerate() {
                    limbs[LIMBS * d + l][x] = limb;
                }
            }
        }
        let run = |(start, len, factor): (usize, usize, E)| {
            let mut products = vec![0i32; len];
            let mut sums = vec![E::ZERO; parts * parts];
            for (pair, sum) in sums.iter_mut().enumerate() {
                let (i, j) = (pair / parts, pair % parts);
                let a = self.piece(&self.a, i, start, len);
                let b = self.piece(&self.b, j, start, len);
                let len = a.len().min(b.len());
                for (product, (&a, &b)) in products.iter_mut().zip(a.iter().zip(b)) {
                    *product = a * b;
                }
                let weighted = E::from_basis_coefficients_fn(|d| {
                    let limbs: [&[i32]; LIMBS] =
                        core::array::from_fn(|l| &limbs[LIMBS * d + l][..len]);
                    recombine::<F>(limbs.map(|limb| dot(limb, &products[..len])))
                });
                *sum = weighted * factor * self.top[i];
            }
            sums
        };
        let runs: Vec<_> = self.weights.runs().collect();
        let sums = runs
            .into_par_iter()
            .with_min_len(runs_per_thread(self.weights.vector.len()))
            .map(run)
            .reduce_with(|a, b| a.iter().zip(&b).map(|(&a, &b)| a + b).collect())
            .unwrap_or_default();
        sums.chunks(parts).map(<[E]>::to_vec).collect()
    }

    /// The inner product, and the first round.
    pub(super) fn first(&self) -> (E, Round<E>) {
        let total = (0..self.matrix.len()).map(|i| self.matrix[i][i]).sum();
        (total, self.round())
    }

    /// The coming round on the integers.
    fn round(&self) -> Round<E> {
        let half = self.matrix.len() / 2;
        let sum = |i: usize, j: usize| {
            (0..half)
                .map(|v| self.matrix[i * half + v][j * half + v])
                .sum::<E>()
        };
        Round {
            constant: sum(0, 0),
            square: sum(0, 0) + sum(1, 1) - sum(0, 1) - sum(1, 0),
        }
    }

    /// Binds a variable to `r`: the coming round, or the tables if that was the last on the integers.
    pub(super) fn bind<F: PrimeField64>(&mut self, r: E) -> Result<Round<E>, Pair<F>>
    where
        E: ExtensionField<F>,
    {
        let half = self.matrix.len() / 2;
        let fold = |low: E, high: E| low + r * (high - low);
        self.matrix = (0..half)
            .map(|i| {
                let row = |j| fold(self.matrix[i][j], self.matrix[half + i][j]);
                (0..half).map(|j| fold(row(j), row(half + j))).collect()
            })
            .collect();
        for (i, bound) in self.bound.iter_mut().enumerate() {
            *bound *= if i / half % 2 == 1 { r } else { E::ONE - r };
        }
        if half > 1 {
            Ok(self.round())
        } else {
            Err(self.tables())
        }
    }

    /// The tables that are left when all variables of the parts are bound.
    fn tables<F: PrimeField64>(&self) -> Pair<F>
    where
        E: ExtensionField<F>,
    {
        let weighted: Vec<E> = self
            .bound
            .iter()
            .zip(&self.top)
            .map(|(&x, &y)| x * y)
            .collect();
        let vector = Table::from_elements(&self.weights.vector);
        let runs: Vec<_> = self.weights.runs().collect();
        let mut a = Table::zeros(E::DIMENSION, self.part);
        let mut b = Table::zeros(E::DIMENSION, self.part);
        let pieces = self
            .weights
            .pieces(&mut a.planes)
            .into_iter()
            .zip(self.weights.pieces(&mut b.planes));
        let jobs: Vec<_> = pieces.zip(runs).collect();
        jobs.into_par_iter()
            .with_min_len(runs_per_thread(vector.len()))
            .for_each(|(((factor, mut a), (_, mut b)), (start, len, _))| {
                let factors: Vec<E> = weighted.iter().map(|&weight| weight * factor).collect();
                self.combine(&self.a, &factors, start, len, |x, value| {
                    let weight = lanes::<F, E>(&vector.planes, x);
                    put::<F, E>(&mut a, x, &(weight * value));
                });
                self.combine(&self.b, &self.bound, start, len, |x, value| {
                    put::<F, E>(&mut b, x, &value);
                });
            });
        Pair { a, b }
    }

    /// `put(x, sum_i factors[i] data[i, start + x])`, over the parts of `data`.
    fn combine<F: PrimeField64>(
        &self,
        data: &[i32],
        factors: &[E],
        start: usize,
        len: usize,
        mut put: impl FnMut(usize, E::ExtensionPacking),
    ) where
        E: ExtensionField<F>,
    {
        let mut parts: [Vec<F>; PARTS] = core::array::from_fn(|_| F::zero_vec(len));
        // One plane of factors for each basis coefficient.
        let mut planes = vec![[F::Packing::ZERO; PARTS]; E::DIMENSION];
        for (i, factor) in factors.iter().enumerate() {
            let integers = self.piece(data, i, start, len);
            for (element, &integer) in parts[i].iter_mut().zip(integers) {
                *element = F::from_i64(integer.into());
            }
            for (plane, &coefficient) in planes.iter_mut().zip(factor.as_basis_coefficients_slice())
            {
                plane[i] = coefficient.into();
            }
        }
        for x in (0..len).step_by(F::Packing::WIDTH) {
            let values: [F::Packing; PARTS] = core::array::from_fn(|i| lane(&parts[i], x));
            let sum = |d: usize| F::Packing::dot_product(&planes[d], &values);
            put(x, E::ExtensionPacking::from_basis_coefficients_fn(sum));
        }
    }
}

/// Signed limbs of a field element, least significant first.
fn cut<F: PrimeField64>(element: F) -> [i32; LIMBS] {
    let mut rest = i128::from(element.as_canonical_u64());
    if rest > i128::from(F::ORDER_U64 / 2) {
        rest -= i128::from(F::ORDER_U64);
    }
    core::array::from_fn(|_| {
        let limb = (rest as i32) << (32 - LIMB) >> (32 - LIMB);
        rest = (rest - i128::from(limb)) >> LIMB;
        limb
    })
}

fn recombine<F: PrimeField64>(sums: [i64; LIMBS]) -> F {
    let shift = F::from_u64(1 << LIMB);
    sums.iter()
        .rev()
        .fold(F::ZERO, |sum, &limb| sum * shift + F::from_i64(limb))
}

#[cfg(test)]
mod tests {
    use p3_field::{PrimeCharacteristicRing, PrimeField64};
    use p3_goldilocks::Goldilocks as F;

    use super::{LIMB, LIMBS, cut, recombine};

    #[test]
    fn limbs_of_the_extreme_elements_are_short_and_recombine() {
        let middle = F::ORDER_U64 / 2;
        for element in [
            0,
            1,
            (1 << 21) - 1,
            1 << 21,
            middle - 1,
            middle,
            middle + 1,
            F::ORDER_U64 - 1,
        ] {
            let element = F::from_u64(element);
            let limbs = cut(element);
            assert!(
                limbs
                    .iter()
                    .all(|limb| limb.unsigned_abs() <= 1 << (LIMB - 1))
            );
            assert_eq!(recombine::<F>(limbs.map(i64::from)), element);
            assert_eq!(limbs.len(), LIMBS);
        }
    }
}
