//! ONNX models as integer programs: import, calibration, quantisation.
//!
//! [`Model::load`] reads a file through tract; [`Model::evaluate`] is the float model.
//! [`quantise`] makes an integer program of it: reals become integers over a power of two, chosen by
//! [calibration](Options::calibration), and every operator of the float graph is lowered to those of
//! [`program`] by a family of its own (`lower/`). [`diagnose`] names all that cannot be lowered.
//!
//! Architecture invariants:
//!
//! - This is the only crate that sees protobuf or tract.
//! - Bytes of a model are untrusted: their size, nesting and shapes are checked before tract reads them,
//!   and a panic of tract is an error like any other.
//! - No input in its declared range can fail: intervals come from the real parameters' worst case,
//!   values that could become too wide are cut off far beyond what was seen, and functions go on beyond
//!   their tables.
#![forbid(unsafe_code)]

mod array;
mod error;
mod expand;
mod lower;
mod model;
mod quantise;
mod quantised;
mod read;

pub use array::Array;
pub use error::{BadValue, ModelError, QuantiseError, Unsupported};
pub use model::{Arrays, Boundary, Model};
pub use quantise::{Diagnosis, Options, Quantised, Report, diagnose, quantise, samples};
pub use read::limits::Limits;
