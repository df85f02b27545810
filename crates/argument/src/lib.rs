//! One zero-knowledge argument for any set of relations between integer tensors.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod opening;
pub mod profile;
