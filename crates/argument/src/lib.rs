//! One zero-knowledge argument for any set of relations between integer tensors.

#![no_std]
#![forbid(unsafe_code)]
// What untrusted bytes reach: the verifier alone, as it is built without the prover.
#![cfg_attr(
    not(any(test, feature = "prove")),
    deny(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

extern crate alloc;
#[cfg(any(test, feature = "prove"))]
extern crate std;

#[cfg(feature = "prove")]
mod block;
pub mod channel;
pub mod claims;
pub mod description;
mod effort;
mod kernel;
pub mod lookup;
pub mod masks;
pub mod multilinear;
pub mod opening;
pub mod parameters;
pub mod products;
pub mod profile;
pub mod proof;
#[cfg(feature = "prove")]
pub mod prove;
pub mod reject;
pub mod security;
pub mod stack;
pub mod sumcheck;
#[cfg(all(test, feature = "prove"))]
mod tests;
pub mod verify;
