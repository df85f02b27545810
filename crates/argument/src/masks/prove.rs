//! The prover's half of the mask argument.

use alloc::vec;
use alloc::vec::Vec;

use p3_challenger::FieldChallenger;
use p3_dft::{Radix2DFTSmallBatch, TwoAdicSubgroupDft};
use p3_field::{ExtensionField, TwoAdicField};
use rand::distr::{Distribution, StandardUniform};
use rand::{CryptoRng, RngExt};

use super::verify::{Batched, batch};
use super::{MaskProof, MaskShape, RowKind};
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
        let products: Vec<E> = masks
            .lefts
            .iter()
            .zip(&masks.rights)
            .map(|(&p, &q)| p * q)
            .collect();
        let l = shape.row_len;
        let rows = (0..shape.rows())
            .filter_map(|row| shape.kind(row))
            .map(|kind| match kind {
                RowKind::Single(start) => {
                    message_row(&masks.singles, start, l, &draw(shape.queries))
                }
                RowKind::Left(start) => message_row(&masks.lefts, start, l, &draw(shape.queries)),
                RowKind::Right(start) => message_row(&masks.rights, start, l, &draw(shape.queries)),
                RowKind::Product(start) => message_row(&products, start, l, &draw(shape.queries)),
                RowKind::Linear => {
                    let mut blind = draw(shape.linear_len());
                    let others: E = blind.iter().skip(l).step_by(l).copied().sum();
                    blind[0] = -others;
                    blind
                }
                RowKind::Quadratic => times_vanishing(&draw(shape.quadratic_len()), l),
            })
            .collect();
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

    /// Proves that `equations` hold for the masks, and the slots' products.
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
        let slot_challenge = challenger.sample_algebra_element();
        #[expect(
            clippy::expect_used,
            reason = "the prover's own equations name the prover's own masks"
        )]
        let batched = batch(&self.shape, equations, delta).expect("equations within the shape");
        let linear = self.linear(&batched);
        let quadratic = self.quadratic(slot_challenge);
        challenger.observe_algebra_slice(&linear);
        challenger.observe_algebra_slice(&quadratic);
        MaskProof { linear, quadratic }
    }

    /// The coefficients of `y = s + sum_i w_i row_i` but the first.
    fn linear(&self, batched: &Batched<E>) -> Vec<E>
    where
        E: TwoAdicField,
    {
        let domain = Domain::new(self.shape.linear_len());
        let mut sum = vec![E::ZERO; domain.len];
        for (row, (coefficients, weights)) in self.rows.iter().zip(&batched.weights).enumerate() {
            let values = domain.values(coefficients);
            match self.shape.kind(row) {
                Some(RowKind::Linear) => sum.iter_mut().zip(values).for_each(|(sum, v)| *sum += v),
                Some(RowKind::Quadratic) | None => {}
                Some(_) => {
                    let weights = domain.values(&interpolate(weights.clone()));
                    for ((sum, v), w) in sum.iter_mut().zip(values).zip(weights) {
                        *sum += v * w;
                    }
                }
            }
        }
        domain
            .coefficients(sum, self.shape.linear_len())
            .split_off(1)
    }

    /// The coefficients of the quotient by `Z_H` of `t + sum_i delta^(i+1) (P_i Q_i - S_i)`.
    fn quadratic(&self, slot_challenge: E) -> Vec<E>
    where
        E: TwoAdicField,
    {
        let (shape, l) = (&self.shape, self.shape.row_len);
        let len = l + shape.quadratic_len();
        let domain = Domain::new(len);
        let blind = self.rows.last().map(Vec::as_slice).unwrap_or_default();
        let mut sum = domain.values(blind);
        let first = |group: usize| &self.rows[shape.single_rows() + group * shape.slot_rows()..];
        let mut power = E::ONE;
        for ((p, q), s) in first(0)
            .iter()
            .zip(first(1))
            .zip(first(2))
            .take(shape.slot_rows())
        {
            power *= slot_challenge;
            let (p, q, s) = (domain.values(p), domain.values(q), domain.values(s));
            for (((sum, p), q), s) in sum.iter_mut().zip(p).zip(q).zip(s) {
                *sum += power * (p * q - s);
            }
        }
        // Division by X^l - 1 from the top: the quotient's coefficient i is the dividend's at i + l, plus its own at i + l.
        let mut dividend = domain.coefficients(sum, len);
        for i in (l..len).rev() {
            let high = dividend[i];
            dividend[i - l] += high;
        }
        dividend.split_off(l)
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

/// A row that takes the values `masks[start..start + l]` (zeros beyond the end) on `H`, hidden by `randomness`.
fn message_row<E: TwoAdicField>(masks: &[E], start: usize, l: usize, randomness: &[E]) -> Vec<E> {
    let mut values: Vec<E> = masks.iter().skip(start).take(l).copied().collect();
    values.resize(l, E::ZERO);
    let mut row = times_vanishing(randomness, l);
    for (to, coefficient) in row.iter_mut().zip(interpolate(values)) {
        *to += coefficient;
    }
    row
}
