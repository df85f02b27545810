//! Quantisation: from a float graph to an integer program.

pub mod builder;
pub mod calibrate;
pub mod expr;
pub mod lazy;
pub mod linear;
mod materialise;
mod node;
pub mod options;
pub mod piecewise;
mod prune;
pub mod table;
mod walk;

pub use builder::{Refusal, Value};
pub use calibrate::samples;
pub use expr::Expr;
pub use lazy::{Constant, Lazy, Pointwise};
pub use node::Node;
pub use options::Options;
pub use walk::{Diagnosis, Quantised, Quantiser, Report, diagnose, quantise};
