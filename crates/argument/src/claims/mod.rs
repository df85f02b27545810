//! Claims: linear functionals of the committed columns, and the sumcheck that makes one value of them.

mod along;
#[cfg(feature = "prove")]
mod piece;
#[cfg(feature = "prove")]
mod prove;
mod pull;
mod recent;
#[cfg(test)]
mod tests;
mod verify;
mod weight;
mod weights;

use alloc::sync::Arc;
use alloc::vec::Vec;

use relation::Combination;

use crate::channel::Channel;

pub use along::{Along, PartOfPoint};
#[cfg(feature = "prove")]
pub use prove::{Unread, prove};
pub use pull::{Part, Pulled, evaluate_public, integer, outer, pull_back, strides};
pub use recent::RecentComponents;
pub use verify::{Batched, batch, verify};
pub use weights::Weights;

/// `coefficient * sum_x V[x] * prod_a weights[a][x_a]` for every view `V` of a combination.
///
/// An evaluation of the multilinear extension of a view is the case of `eq` vectors (cut to the axis).
#[derive(Clone, Debug)]
pub struct Functional<'s, E> {
    /// A public factor.
    pub coefficient: E,
    /// The sum of views that is read.
    pub combination: &'s Combination,
    /// The weights along each axis of the combination; functionals that have them in common share them.
    pub weights: Arc<[Along<E>]>,
}

/// A claim about the committed columns: the sum of `terms` is `value`.
#[derive(Clone, Debug)]
pub struct Claim<'s, E, V> {
    /// What is summed.
    pub terms: Vec<Functional<'s, E>>,
    /// What the sum is claimed to be.
    pub value: V,
}

/// The claims that a step leaves in a channel's context.
pub type Claims<'s, C> = Vec<Claim<'s, <C as Channel>::E, <C as Channel>::Value>>;
