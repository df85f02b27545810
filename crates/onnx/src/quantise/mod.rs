//! Quantisation: from a float graph to an integer program.

mod boundary;
pub mod builder;
pub mod calibrate;
mod divide;
pub mod expr;
mod fold;
pub mod lazy;
mod line;
pub mod linear;
mod materialise;
mod narrow;
mod node;
pub mod options;
pub mod piecewise;
mod prune;
mod rectify;
mod report;
pub mod table;
mod walk;

pub use builder::{Refusal, Value};
pub use calibrate::samples;
pub use expr::Expr;
pub use lazy::{Constant, Lazy, Pointwise};
pub use node::Node;
pub use options::Options;
pub use report::{Diagnosis, Quantised, Report};
pub use walk::{Quantiser, diagnose, quantise};
