//! Quantisation: from a float graph to an integer program.

mod boundary;
mod bounds;
pub mod builder;
pub mod calibrate;
mod divide;
pub mod expr;
mod extent;
mod fold;
pub mod lazy;
pub mod line;
pub mod linear;
pub mod materialise;
pub mod narrow;
mod node;
pub mod options;
mod periodic;
pub mod piecewise;
pub mod position;
mod precision;
mod prune;
mod rectify;
mod report;
mod rooted;
mod rounding;
mod sizes;
pub mod table;
mod tied;
mod walk;

pub use builder::{Refusal, Value, real};
pub use calibrate::samples;
pub use expr::Expr;
pub use lazy::{Constant, Lazy, Pointwise};
pub use node::Node;
pub use options::Options;
pub use report::{Diagnosis, Quantised, Report};
pub use walk::{Quantiser, diagnose, holds_integers, quantise};
