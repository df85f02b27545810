//! All lookups of a system as one sum of fractions, proven by a tree of sums.
//!
//! Every row of every lookup is a fraction `1 / (alpha - fingerprint)`, every entry of every table a fraction
//! `-multiplicity / (alpha - fingerprint)`, and all of them add up to zero if and only if every row is an entry
//! (Haboeck, eprint 2022/1530). The fractions lie in one row of `2^L` positions; wherever no tuple lies, the fraction
//! is 0/1. They are added up in a binary tree with `n0/d0 + n1/d1 = (n0 d1 + n1 d0) / (d0 d1)`, and one sumcheck for
//! each layer leads from the root to the leaves (Papini, Haboeck, eprint 2023/1284; Thaler, "Proofs, Arguments, and
//! Zero-Knowledge", section 4.6). Nothing inside the tree is committed.
//!
//! The variables are bound in the order that suits the prover's memory: a layer is cut into cells of `CELL`
//! fractions, and neighbouring cells are added until one is left. So the leaves' challenges come with the variable of
//! the least significant bit of the cell's number first; the variables inside a cell follow, most significant first.

#[cfg(feature = "prove")]
mod children;
#[cfg(feature = "prove")]
mod fractions;
#[cfg(feature = "prove")]
mod kernel;
#[cfg(feature = "prove")]
mod layer;
#[cfg(feature = "prove")]
mod leaves;
#[cfg(feature = "prove")]
mod prove;
mod shape;
#[cfg(feature = "prove")]
mod values;
#[cfg(feature = "prove")]
mod wide;

#[cfg(all(test, feature = "prove"))]
mod tests;

use alloc::vec::Vec;

use p3_field::PrimeCharacteristicRing;
#[cfg(feature = "prove")]
pub use prove::prove;
use relation::System;
pub use shape::LookupShape;
use shape::{Evaluation, Fingerprint};

use crate::channel::Channel;
use crate::claims::{Claim, Claims};
use crate::reject::Reject;
use crate::sumcheck::verify_factored;

/// Bytes of fractions that a prover holds at a time, 16 for each lookup or fewer. Where that is not enough, fractions are
/// worked out more often, which takes time.
pub const MOST_HELD: u64 = 6 << 30;

/// Logarithm of [`CELL`].
const LOG_CELL: usize = 8;

/// Fractions in a cell.
#[cfg(feature = "prove")]
const CELL: usize = 1 << LOG_CELL;

/// The step's name in rejections.
const STEP: &str = "lookup";

/// Reduces all lookups of a system to two claims about its columns: numerators and denominators at one point.
///
/// The columns, multiplicities included, must have been absorbed before: the challenges of the fingerprint depend on
/// them. Without lookups nothing is received and there is no claim.
///
/// Cost: `L (L + 3) + 2` elements; time in the number of blocks times the length of their axes.
/// Errors: [`Reject::Length`], [`Reject::Work`], [`Reject::Equation`].
/// Soundness: if some row is no entry, then some claim is false except with probability at most
/// `(2^L + W + 3 L (L - 1) / 2 + 2 L) / |E|`, where `W` is [`LookupShape::degree`], for fewer rows than the
/// characteristic.
/// Source: eprint 2022/1530, section 3; eprint 2023/1284, section 3; the rounds as in eprint 2024/108, section 3.
pub fn verify<'s, C: Channel>(
    channel: &mut C,
    system: &'s System,
    shape: &'s LookupShape,
    work_bits: usize,
) -> Result<Claims<'s, C>, Reject> {
    let Some(log_len) = shape.log_len() else {
        return Ok(Vec::new());
    };
    channel.work(work_bits)?;
    let (alpha, beta) = (channel.challenge(), channel.challenge());
    let fingerprint = Fingerprint::new(alpha, beta);

    // The root's numerator is zero. Its denominator, the product of all denominators, has an inverse, so none is zero.
    let root = channel.receive_product()?;
    channel.require_zero(STEP, root.product - C::E::ONE.into())?;
    let (mut n, mut d) = (C::Value::from(C::E::ZERO), root.left);
    let mut point: Vec<C::E> = Vec::with_capacity(log_len);
    for _ in 0..log_len {
        let lambda = channel.challenge();
        let reduced = verify_factored(channel, n + d * lambda, &point)?;
        // n0 d1 + n1 d0 + lambda d0 d1 = n0 d1 + d0 y with y = n1 + lambda d1: two products, not three.
        let (left, right) = (channel.receive_product()?, channel.receive_product()?);
        channel.require_zero(STEP, reduced.value - left.product - right.product)?;
        let (n0, d1, d0) = (left.left, left.right, right.left);
        let n1 = right.right - d1.clone() * lambda;
        let side = channel.challenge();
        n = n0.clone() + (n1 - n0) * side;
        d = d0.clone() + (d1 - d0) * side;
        point = core::iter::once(side).chain(reduced.point).collect();
    }

    let evaluations = shape.evaluate(system, &fingerprint, &leaf_point(&point).into());
    let claims = evaluations.into_iter().zip([n, d]);
    let claim = |(Evaluation { constant, terms }, value): (Evaluation<'s, C::E>, C::Value)| Claim {
        terms,
        value: value - constant.into(),
    };
    Ok(claims.map(claim).collect())
}

/// A point in the order of a leaf's bits, from one in the order in which the last layer binds.
fn leaf_point<E: Clone>(bound: &[E]) -> Vec<E> {
    let (cells, inside) = bound
        .split_at_checked(bound.len().saturating_sub(LOG_CELL))
        .unwrap_or((bound, &[]));
    cells.iter().rev().chain(inside).cloned().collect()
}
