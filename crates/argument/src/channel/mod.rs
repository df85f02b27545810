//! The channel: everything that the prover sends and the verifier draws.
//!
//! A protocol step is one function `verify`, generic over [`Channel`]. Three contexts run it:
//!
//! | context | a received value is | an equation is |
//! | --- | --- | --- |
//! | [`Transparent`] | the element that was sent | checked on the spot |
//! | [`Masked`] | an affine expression in the prover's masks | recorded for the mask argument |
//! | [`Sizing`] | unknown | counted |
//!
//! The prover talks to a [`Sender`](sender::Sender), which adds the masks, and afterwards runs the same `verify`
//! in the masked context on its own messages: that is where it learns the equations. So there is one description
//! of each step, and the number of masks is what the dry run counts.
//!
//! Commitments do not pass here: all of them are absorbed before the first challenge (`statement`), and the
//! opening absorbs its own.

mod affine;
mod masked;
#[cfg(feature = "prove")]
pub mod sender;
mod sizing;
mod transparent;

use core::ops::{Add, Mul, Neg, Sub};

pub use affine::{Affine, Mask};
pub use masked::{Equations, Masked};
use p3_field::Field;
pub use sizing::{Count, Sizing, Unknown};
pub use transparent::Transparent;

use crate::reject::Reject;

/// What a verifier knows of a value that the prover sent: a module over the challenge field with constants.
pub trait Value<E>:
    Clone
    + From<E>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Neg<Output = Self>
    + Mul<E, Output = Self>
{
}

impl<E, V> Value<E> for V where
    V: Clone + From<E> + Add<Output = V> + Sub<Output = V> + Neg<Output = V> + Mul<E, Output = V>
{
}

/// Two values that the prover sent, and their product.
#[derive(Clone, Debug)]
pub struct Product<V> {
    /// The first factor.
    pub left: V,
    /// The second factor.
    pub right: V,
    /// `left * right`, which is not sent.
    pub product: V,
}

/// The verifier's side of the transcript.
///
/// A step receives, draws and requires; it never sees whether values are hidden.
pub trait Channel {
    /// The challenge field.
    type E: Field;
    /// A received value.
    type Value: Value<Self::E>;

    /// Receives one value. Errors: [`Reject::Length`] if the proof has no more.
    fn receive(&mut self) -> Result<Self::Value, Reject>;

    /// Receives two values and forms their product.
    ///
    /// This is the only way to multiply two received values, so that every product has a slot in the mask argument.
    fn receive_product(&mut self) -> Result<Product<Self::Value>, Reject>;

    /// Draws a uniform element that depends on everything absorbed so far.
    #[must_use = "a challenge that is drawn and not used checks nothing"]
    fn challenge(&mut self) -> Self::E;

    /// Demands `bits` bits of proof of work on everything absorbed so far; the next challenge depends on it.
    fn work(&mut self, bits: usize) -> Result<(), Reject>;

    /// Requires that `value` is zero. `step` names the equation's step in a rejection.
    fn require_zero(&mut self, step: &'static str, value: Self::Value) -> Result<(), Reject>;
}

/// Draws `count` challenges.
#[must_use = "a challenge that is drawn and not used checks nothing"]
pub fn challenges<C: Channel>(channel: &mut C, count: usize) -> alloc::vec::Vec<C::E> {
    (0..count).map(|_| channel.challenge()).collect()
}
