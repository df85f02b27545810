//! Linear and product relations: each is checked at a prefix of one point, all einsums in one sumcheck.
//!
//! The multilinear extension of a tensor pads each axis by zeros to a power of two. A relation over a tensor of
//! shape `(d_0, d_1, ..)` has `ceil(log2 d_0) + ceil(log2 d_1) + ..` variables and is checked at the first so many
//! coordinates of a common point `t`.
//!
//! A linear relation is a claim as it stands: its extension is zero at `t`. For the product relations
//! `left_j[x] = sum_e c_e (A_e . B_e)[x]` the prover sends `S = sum_j gamma^j left_j~(t)`, which is one claim; and
//!
//! ```text
//! S = sum_j gamma^j sum_e c_e sum_{b, k} A'_e(b, k) B'_e(b, k)
//! A'_e(b, k) = eq(t_b, b) sum_i eq(t_i, i) A_e(b, i, k)      B'_e(b, k) = sum_i eq(t_i, i) B_e(b, k, i)
//! ```
//!
//! with `b` the batch indices, `k` the contracted ones and `i` the free ones of each operand. Both factors are linear
//! functionals of the operands with one weight vector per axis, so the weights of the batch indices may be part of the
//! first factor; the summand then has degree 2 where the textbook's, with a third factor `eq`, has 3. An einsum with
//! fewer variables than the longest joins in the last rounds, scaled by a power of one half, as it does not depend on
//! the variables before.
//!
//! Source: Thaler 2013, eprint 2013/351, section 5 (matrix products by a sumcheck over the contracted index only);
//! batch labels, the weights in the first factor, and views are ours.

#[cfg(feature = "prove")]
mod bind;
#[cfg(feature = "prove")]
mod contract;
#[cfg(feature = "prove")]
mod part;
#[cfg(feature = "prove")]
mod prover;
mod shape;
#[cfg(feature = "prove")]
mod table;
#[cfg(test)]
mod tests;
#[cfg(feature = "prove")]
mod weights;
#[cfg(feature = "prove")]
mod whole;

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::iter::zip;

use p3_field::{Field, PrimeCharacteristicRing};
#[cfg(feature = "prove")]
pub use prover::prove;
use relation::{Combination, Einsum, Relation, System};
pub use shape::ProductShape;
use shape::{Axis, EinsumShape, RelationShape};

use crate::channel::{Channel, challenges};
use crate::claims::{Claim, Claims, Functional};
use crate::reject::Reject;
use crate::sumcheck;

/// Degree of the summand in each variable.
const DEGREE: usize = 2;

/// Reduces all linear and product relations of `system` to claims about its columns.
///
/// Cost: `1 + 2 * rounds` elements and one product slot per einsum; nothing without product relations. The verifier's
/// time is that of naming the weights' points; they are written out when claims are batched.
/// Errors: [`Reject::Length`], [`Reject::Equation`].
/// Soundness: if a relation does not hold, all claims are true with probability at most
/// `(variables + products - 1 + 2 * rounds) / |E|`; the product slots carry their own error.
#[deny(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic,
    clippy::expect_used
)]
pub fn verify<'s, C: Channel>(
    channel: &mut C,
    system: &'s System,
    shape: &ProductShape,
) -> Result<Claims<'s, C>, Reject> {
    let t: Arc<[C::E]> = challenges(channel, shape.variables).into();
    let none = Arc::default();
    let mut claims = Vec::new();
    for (relation, shape) in zip(system.relations(), &shape.relations) {
        if let (Relation::Linear { sum, .. }, RelationShape::Linear(axes)) = (relation, shape) {
            claims.push(Claim {
                terms: alloc::vec![functional(C::E::ONE, sum, axes, (&t, &none), 0)?],
                value: C::E::ZERO.into(),
            });
        }
    }
    if shape.products() == 0 {
        return Ok(claims);
    }
    let products = powers(system, shape, channel.challenge());
    let sum = channel.receive()?;
    claims.push(Claim {
        terms: products
            .iter()
            .map(|product| functional(product.power, product.left, product.axes, (&t, &none), 0))
            .collect::<Result<_, Reject>>()?,
        value: sum.clone(),
    });
    let rounds = shape.rounds.unwrap_or(0);
    let reduced = sumcheck::verify(channel, sum, rounds, DEGREE)?;
    let point: Arc<[C::E]> = reduced.point.into();
    let mut rest = reduced.value;
    for product in &products {
        for (einsum, shape) in zip(product.right, product.einsums) {
            let slot = channel.receive_product()?;
            rest = rest - slot.product * scale(product.power, einsum, shape, rounds);
            let skipped = rounds.saturating_sub(shape.variables);
            for (operand, axes, value) in [
                (&einsum.a, &shape.a, slot.left),
                (&einsum.b, &shape.b, slot.right),
            ] {
                claims.push(Claim {
                    terms: alloc::vec![functional(
                        C::E::ONE,
                        operand,
                        axes,
                        (&t, &point),
                        skipped
                    )?],
                    value,
                });
            }
        }
    }
    channel.require_zero("products", rest)?;
    Ok(claims)
}

/// A product relation with its power of the batching challenge.
struct ProductRelation<'s, 'p, E> {
    power: E,
    left: &'s Combination,
    axes: &'p [Axis],
    right: &'s [Einsum],
    einsums: &'p [EinsumShape],
}

/// The product relations of a system, with the powers of `gamma`.
fn powers<'s, 'p, E: Field>(
    system: &'s System,
    shape: &'p ProductShape,
    gamma: E,
) -> Vec<ProductRelation<'s, 'p, E>> {
    let products = zip(system.relations(), &shape.relations).filter_map(|pair| match pair {
        (
            Relation::Product { left, right, .. },
            RelationShape::Product {
                left: axes,
                einsums,
            },
        ) => Some((left, axes, right, einsums)),
        _ => None,
    });
    zip(gamma.powers(), products)
        .map(|(power, (left, axes, right, einsums))| ProductRelation {
            power,
            left,
            axes,
            right,
            einsums,
        })
        .collect()
}

/// The factor of an einsum in the batched sum.
///
/// An einsum is counted once for each value of the variables that it does not have, hence the power of one half.
fn scale<E: Field>(power: E, einsum: &Einsum, shape: &EinsumShape, rounds: usize) -> E {
    let skipped = rounds.saturating_sub(shape.variables);
    let halved = core::iter::repeat_n(E::ONE.halve(), skipped).product::<E>();
    power * E::from_i64(einsum.coefficient) * halved
}

fn functional<'s, E: Field>(
    coefficient: E,
    combination: &'s Combination,
    axes: &[Axis],
    (common, own): (&Arc<[E]>, &Arc<[E]>),
    skipped: usize,
) -> Result<Functional<'s, E>, Reject> {
    Ok(Functional {
        coefficient,
        combination,
        weights: axes
            .iter()
            .map(|axis| axis.weights(common, own, skipped))
            .collect::<Result<_, Reject>>()?,
    })
}
