//! One zero-knowledge argument for any set of relations between integer tensors.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "prove"))]
extern crate std;

pub mod channel;
pub mod claims;
pub mod lookup;
pub mod multilinear;
pub mod reject;
pub mod sumcheck;
