//! Support vector machines: a kernel, and sums over the vectors that support them.

mod classifier;
mod kernel;
mod regressor;

pub use classifier::build as classifier;
pub use regressor::build as regressor;
