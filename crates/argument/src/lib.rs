//! One zero-knowledge argument for any set of relations between integer tensors.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod security;
