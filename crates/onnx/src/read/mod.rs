//! Reading ONNX files: limits, protobuf, tract's typed graph.

pub mod dims;
mod guard;
mod implied;
pub mod limits;
mod load;
mod proto;
mod restate;
mod whole;

pub use guard::guard;
pub use implied::{implied, whole};
pub use load::{Loaded, load};
pub use proto::name;
pub use whole::Times;
