//! Reading ONNX files: limits, protobuf, tract's typed graph.

pub mod dims;
pub mod limits;
mod load;
mod proto;

pub use load::{Loaded, guard, load};
