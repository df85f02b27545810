//! The prover's half of the mask argument.

use alloc::vec;
use alloc::vec::Vec;

use p3_challenger::FieldChallenger;
use p3_dft::{Radix2DFTSmallBatch, TwoAdicSubgroupDft};
use p3_field::{ExtensionField, TwoAdicField};
use rand::distr::{Distribution, StandardUniform};
use rand::{CryptoRng, RngExt};

use super::verify::{Batched, batch};
use super::{MaskProof, MaskShape};
use crate::channel::sender::Masks;
use crate::channel::{Affine, Mask};

/// The committed masks of one proof with everything that hides them.
pub struct MaskRows<E> {
    shape: MaskShape,
    masks: Masks<E>,
    /// Coefficients of every row over the challenge field.
    rows: Vec<Vec<E>>,
}

/// Says nothing of the values: they are secret.
impl<E> core::fmt::Debug for MaskRows<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("MaskRows").finish_non_exhaustive()
    }
}

impl<E> MaskRows<E> {
    /// The sizes of the argument.
    pub fn shape(&self) -> &MaskShape {
        &self.shape
    }

    /// The masks, for the sender.
    pub fn masks(&self) -> &Masks<E> {
        &self.masks
    }

    /// Draws fresh masks and the randomness of their rows.
    pub fn random<F>(shape: MaskShape, rng: &mut impl CryptoRng) -> Self
    where
        F: TwoAdicField,
        E: ExtensionField<F> + TwoAdicField,
        StandardUniform: Distribution<E>,
    {
        let mut draw = |count: usize| -> Vec<E> { (0..count).map(|_| rng.random()).collect() };
        let masks = Masks {
            singles: draw(shape.singles),
            lefts: draw(shape.slots),
            rights: draw(shape.slots),
        };
        Self::hiding::<F>(shape, masks, rng)
    }

    /// Draws the randomness of the rows that hide `masks`.
    pub(crate) fn hiding<F>(shape: MaskShape, masks: Masks<E>, rng: &mut impl CryptoRng) -> Self
    where
        F: TwoAdicField,
        E: ExtensionField<F> + TwoAdicField,
        StandardUniform: Distribution<E>,
    {
        let mut draw = |count: usize| -> Vec<E> { (0..count).map(|_| rng.random()).collect() };
        let l = shape.row_len;
        let (first, others) = masks
            .singles
            .split_at(shape.free_places().min(masks.singles.len()));
        let mut values: Vec<E> = [masks.lefts.as_slice(), first].concat();
        values.resize(shape.slot_rows() * l, E::ZERO);
        values.extend(masks.rights.iter().chain(others));
        values.resize(shape.mask_rows() * l, E::ZERO);
        let mut rows: Vec<Vec<E>> = values
            .chunks(l)
            .map(|values| message_row(values, &draw(shape.queries)))
            .collect();
        let mut blind = draw(shape.test_len());
        blind[0] = -blind.iter().skip(l).step_by(l).copied().sum::<E>();
        rows.push(blind);
        Self { shape, masks, rows }
    }

    /// The coefficients of base row `row` (of [`MaskShape::base_rows`]) before it is spread.
    ///
    /// The witness may have more rows for masks than the masks need; they hold nothing.
    pub fn row<F>(&self, row: usize) -> impl Iterator<Item = F>
    where
        F: TwoAdicField,
        E: ExtensionField<F>,
    {
        let (row, coordinate) = (row / self.shape.degree, row % self.shape.degree);
        let row = self.rows.get(row).into_iter().flatten();
        row.map(move |value| value.as_basis_coefficients_slice()[coordinate])
    }

    /// Writes the coefficients of base row `row`, spread, from `start` on.
    pub fn write<F>(&self, row: usize, start: usize, coefficients: &mut [F])
    where
        F: TwoAdicField,
        E: ExtensionField<F>,
    {
        coefficients.fill(F::ZERO);
        let step = 1 << self.shape.log_spread;
        let first = start.div_ceil(step);
        let places = coefficients.iter_mut().skip(first * step - start);
        for (to, from) in places.step_by(step).zip(self.row(row).skip(first)) {
            *to = from;
        }
    }

    /// The first equation that the masks do not satisfy.
    pub fn violated(&self, equations: &[Affine<E>]) -> Option<usize>
    where
        E: p3_field::Field,
    {
        let value = |mask: Mask| {
            let at = |masks: &[E], index: u32| masks[index as usize];
            match mask {
                Mask::Single(i) => at(&self.masks.singles, i),
                Mask::Left(i) => at(&self.masks.lefts, i),
                Mask::Right(i) => at(&self.masks.rights, i),
                Mask::Product(i) => at(&self.masks.lefts, i) * at(&self.masks.rights, i),
            }
        };
        equations.iter().position(|equation| {
            let sum: E = equation
                .masks
                .iter()
                .map(|&(mask, c)| c * value(mask))
                .sum();
            sum + equation.constant != E::ZERO
        })
    }

    /// Adds the polynomial with the given values on `H` to a row: a cheating prover's tool.
    #[cfg(test)]
    pub fn shift_row<F>(&mut self, row: usize, values: &[E])
    where
        F: TwoAdicField,
        E: ExtensionField<F> + TwoAdicField,
    {
        for (to, from) in self.rows[row].iter_mut().zip(interpolate(values.to_vec())) {
            *to += from;
        }
    }

    /// Proves that `equations` hold for the masks and the products of the slots.
    ///
    /// # Panics
    /// If an equation names a mask that the shape does not have.
    pub fn prove<F, C>(&self, equations: &[Affine<E>], challenger: &mut C) -> MaskProof<E>
    where
        F: TwoAdicField,
        E: ExtensionField<F> + TwoAdicField,
        C: FieldChallenger<F>,
    {
        let delta = challenger.sample_algebra_element();
        #[expect(
            clippy::expect_used,
            reason = "the prover's own equations name the prover's own masks"
        )]
        let batched = batch(&self.shape, equations, delta).expect("equations within the shape");
        let test = self.test(&batched);
        challenger.observe_algebra_slice(&test);
        MaskProof { test }
    }

    /// The coefficients of `y = s + sum_i w_i row_i + sum_j v_j P_j Q_j` but the first.
    fn test(&self, batched: &Batched<E>) -> Vec<E>
    where
        E: TwoAdicField,
    {
        let domain = Domain::new(self.shape.test_len());
        let slots = self.shape.slot_rows();
        let rows: Vec<Vec<E>> = self.rows.iter().map(|row| domain.values(row)).collect();
        let weights: Vec<Vec<E>> = { batched.weights.iter() }
            .map(|weights| domain.values(&interpolate(weights.clone())))
            .collect();
        let (of_rows, of_products) = weights.split_at(self.shape.mask_rows());
        // The blind is the last row.
        let mut sum = rows.last().cloned().unwrap_or_default();
        for (row, weights) in rows.iter().zip(of_rows) {
            for ((sum, &value), &weight) in sum.iter_mut().zip(row).zip(weights) {
                *sum += weight * value;
            }
        }
        for ((left, right), weights) in rows.iter().zip(&rows[slots..]).zip(of_products) {
            let factors = left.iter().zip(right);
            for ((sum, (&p, &q)), &weight) in sum.iter_mut().zip(factors).zip(weights) {
                *sum += weight * p * q;
            }
        }
        domain.coefficients(sum, self.shape.test_len()).split_off(1)
    }
}

/// A domain that is large enough for products of the given length.
struct Domain {
    len: usize,
}

impl Domain {
    fn new(len: usize) -> Self {
        Self {
            len: len.next_power_of_two(),
        }
    }

    fn values<E: TwoAdicField>(&self, coefficients: &[E]) -> Vec<E> {
        let mut padded = coefficients.to_vec();
        padded.resize(self.len, E::ZERO);
        transform().dft(padded)
    }

    fn coefficients<E: TwoAdicField>(&self, values: Vec<E>, len: usize) -> Vec<E> {
        let mut coefficients = transform().idft(values);
        coefficients.truncate(len);
        coefficients
    }
}

fn transform<E: TwoAdicField>() -> Radix2DFTSmallBatch<E> {
    Radix2DFTSmallBatch::default()
}

/// The coefficients of the polynomial of least degree with the given values on `H`.
fn interpolate<E: TwoAdicField>(values: Vec<E>) -> Vec<E> {
    transform().idft(values)
}

/// The coefficients of `Z_H(X) factor(X)`.
fn times_vanishing<E: TwoAdicField>(factor: &[E], l: usize) -> Vec<E> {
    let mut product = vec![E::ZERO; l + factor.len()];
    for (i, &coefficient) in factor.iter().enumerate() {
        product[i] -= coefficient;
        product[i + l] += coefficient;
    }
    product
}

/// A row that takes the given values on `H`, hidden by `randomness`.
fn message_row<E: TwoAdicField>(values: &[E], randomness: &[E]) -> Vec<E> {
    let mut row = times_vanishing(randomness, values.len());
    for (to, coefficient) in row.iter_mut().zip(interpolate(values.to_vec())) {
        *to += coefficient;
    }
    row
}
