//! The verifier's half of the mask argument.

use alloc::vec;
use alloc::vec::Vec;

use p3_challenger::FieldChallenger;
use p3_field::{ExtensionField, Field, TwoAdicField, batch_multiplicative_inverse};
use p3_maybe_rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::MaskShape;
use crate::channel::Affine;
use crate::kernel::{coordinates, dot};
use crate::reject::Reject;

const STEP: &str = "masks";

/// What the prover sends in the mask argument, in the clear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MaskProof<E> {
    /// The coefficients of `y` but the first, which the batched equation determines.
    pub test: Vec<E>,
}

/// The test that remains to be made at the opened positions.
#[derive(Clone, Debug)]
pub struct Pending<E> {
    shape: MaskShape,
    /// `y`.
    test: Vec<E>,
    /// The batched equations' weights, see [`MaskShape::place`].
    weights: Vec<Vec<E>>,
}

/// The equations, batched by powers of one challenge: a weight for every mask and product, and the constant.
pub(super) struct Batched<E> {
    pub(super) weights: Vec<Vec<E>>,
    pub(super) constant: E,
}

/// Batches the equations by `delta, delta^2, ..`.
///
/// The powers start at one, so a blind whose sum over `H` is not zero cannot make up for a wrong equation.
pub(super) fn batch<E: Field>(
    shape: &MaskShape,
    equations: &[Affine<E>],
    delta: E,
) -> Result<Batched<E>, Reject> {
    let rows = shape.mask_rows().saturating_add(shape.slot_rows());
    let mut weights = vec![vec![E::ZERO; shape.row_len]; rows];
    let (mut constant, mut power) = (E::ZERO, E::ONE);
    for equation in equations {
        power *= delta;
        constant += power * equation.constant;
        for &(mask, coefficient) in &equation.masks {
            let (row, place) = shape.place(mask);
            let weight = weights
                .get_mut(row)
                .and_then(|row| row.get_mut(place))
                .ok_or(Reject::Length {
                    part: "masks",
                    expected: rows,
                    found: row,
                })?;
            *weight += power * coefficient;
        }
    }
    Ok(Batched { weights, constant })
}

/// Absorbs the revealed polynomial; what it says is tested at the opened positions by [`Pending::check`].
///
/// The commitment to the masks must have been absorbed before anything that the equations depend on.
/// Errors: [`Reject::Length`].
/// Soundness: a wrong equation survives the batching with probability at most `equations / |E|`; a wrong polynomial
/// survives the check at one position with probability at most `(2^(log_len + 1) + 2^(log_len - 2)) / n`, where `n` is
/// the length of the codewords.
pub fn verify<F, E, C>(
    shape: &MaskShape,
    equations: &[Affine<E>],
    proof: &MaskProof<E>,
    challenger: &mut C,
) -> Result<Pending<E>, Reject>
where
    F: TwoAdicField,
    E: ExtensionField<F>,
    C: FieldChallenger<F>,
{
    let (expected, found) = (shape.test_len().saturating_sub(1), proof.test.len());
    if expected != found {
        return Err(Reject::Length {
            part: "test of the masks",
            expected,
            found,
        });
    }
    let delta = challenger.sample_algebra_element();
    let Batched { weights, constant } = batch(shape, equations, delta)?;
    challenger.observe_algebra_slice(&proof.test);

    // The sum of y over H is l times the sum of its coefficients at multiples of l, and it must be -constant.
    let others: E = proof
        .test
        .iter()
        .skip(shape.row_len.saturating_sub(1))
        .step_by(shape.row_len)
        .copied()
        .sum();
    let len = F::from_usize(shape.row_len);
    let first = -(constant * len.inverse()) - others;
    let test = core::iter::once(first)
        .chain(proof.test.iter().copied())
        .collect();
    Ok(Pending {
        shape: *shape,
        test,
        weights,
    })
}

/// `L_k(x) = zeta_k (x^l - 1) / (l (x - zeta_k))`: the Lagrange basis of `H` at `x` outside `H`.
fn lagrange<F: TwoAdicField>(log_len: usize, x: F) -> Vec<F> {
    let group: Vec<F> = F::two_adic_generator(log_len)
        .powers()
        .take(1 << log_len)
        .collect();
    let differences: Vec<F> = group.iter().map(|&zeta| x - zeta).collect();
    let vanishing = x.exp_power_of_2(log_len) - F::ONE;
    let scale = vanishing * F::from_usize(group.len()).inverse();
    batch_multiplicative_inverse(&differences)
        .into_iter()
        .zip(group)
        .map(|(inverse, zeta)| inverse * zeta * scale)
        .collect()
}

/// The revealed polynomial and the weights by coordinates: their values at points of the base field are products there.
struct Coordinates<F> {
    test: Vec<Vec<F>>,
    weights: Vec<Vec<Vec<F>>>,
}

/// `sum_i vector_i factors_i` of a vector given by its coordinates.
fn combine<F: Field, E: ExtensionField<F>>(vector: &[Vec<F>], factors: &[F]) -> E {
    E::from_basis_coefficients_fn(|d| dot(vector.get(d).map_or(&[][..], Vec::as_slice), factors))
}

impl<E> Pending<E> {
    /// Tests the revealed polynomial at the opened positions.
    ///
    /// `points` lie outside `H`; `rows[j]` are the base-field values of the mask rows at `points[j]`, in order.
    /// Errors: [`Reject::Length`], [`Reject::Equation`].
    pub fn check<F>(&self, points: &[F], rows: &[&[F]]) -> Result<(), Reject>
    where
        F: TwoAdicField,
        E: ExtensionField<F>,
    {
        if points.len() != rows.len() {
            return Err(Reject::Length {
                part: "opened positions",
                expected: points.len(),
                found: rows.len(),
            });
        }
        let expected = self.shape.base_rows();
        if let Some(row) = rows.iter().find(|row| row.len() != expected) {
            return Err(Reject::Length {
                part: "opened mask rows",
                expected,
                found: row.len(),
            });
        }
        let coordinates = self.coordinates();
        let holds = points.par_iter().zip(rows).all(|(&x, &base)| {
            let values: Vec<E> = base
                .chunks(self.shape.degree)
                .filter_map(|chunk| E::from_basis_coefficients_slice(chunk))
                .collect();
            values
                .split_last()
                .is_some_and(|(&blind, masks)| blind == self.blind_at(&coordinates, x, masks))
        });
        if holds {
            Ok(())
        } else {
            Err(Reject::Equation { step: STEP })
        }
    }

    /// The symbol of the blind for which the test passes at `x`, given those of the rows of masks.
    #[cfg(test)]
    pub(crate) fn blind<F>(&self, x: F, masks: &[E]) -> E
    where
        F: TwoAdicField,
        E: ExtensionField<F>,
    {
        self.blind_at(&self.coordinates(), x, masks)
    }

    fn coordinates<F: Field>(&self) -> Coordinates<F>
    where
        E: ExtensionField<F>,
    {
        Coordinates {
            test: coordinates(&self.test),
            weights: { self.weights.iter() }
                .map(|weights| coordinates(weights))
                .collect(),
        }
    }

    /// `y(x) - sum_i w_i(x) row_i(x) - sum_j v_j(x) P_j(x) Q_j(x)`, with the power of `x` that rows are spread by.
    fn blind_at<F>(&self, coordinates: &Coordinates<F>, x: F, masks: &[E]) -> E
    where
        F: TwoAdicField,
        E: ExtensionField<F>,
    {
        let x = x.exp_power_of_2(self.shape.log_spread);
        let lagrange = lagrange(p3_util::log2_ceil_usize(self.shape.row_len), x);
        let powers: Vec<F> = x.powers().take(self.test.len()).collect();
        let second = masks.iter().skip(self.shape.slot_rows());
        let products = masks.iter().zip(second).map(|(&p, &q)| p * q);
        // As many products as there are weights for them.
        let values = masks.iter().copied().chain(products);
        let weighted = values
            .zip(&coordinates.weights)
            .map(|(value, weights)| value * combine::<F, E>(weights, &lagrange));
        combine::<F, E>(&coordinates.test, &powers) - weighted.sum::<E>()
    }
}
