//! Exact execution of bound programs, and the witness that it leaves.

mod array;
mod each;
mod einsum;
mod recorder;
mod run;
#[cfg(test)]
mod tests;

pub use array::Array;
pub(crate) use each::{each, narrowed};
pub(crate) use einsum::einsum;
pub use recorder::Recorder;
pub(crate) use run::check;
pub use run::{assign, outputs};
