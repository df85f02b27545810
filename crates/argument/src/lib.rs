//! One zero-knowledge argument for any set of relations between integer tensors.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "prove"))]
extern crate std;

#[cfg(feature = "prove")]
mod block;
pub mod channel;
pub mod claims;
pub mod lookup;
pub mod multilinear;
pub mod products;
pub mod reject;
pub mod security;
pub mod stack;
pub mod sumcheck;
pub mod verify;
