//! Integer programs: what a model is once it is quantised, and what a proof is about.
//!
//! A [`Program`] is a graph of a dozen integer operators over tensors whose values lie in known
//! intervals. Each operator lives in one file that holds its shape and interval rule, its exact
//! meaning, and its relations; nothing else knows it. [`Program::bind`] fixes the symbols of the
//! shapes; a bound program can be executed, and lowered to a [`relation::System`].
//!
//! Architecture invariants:
//!
//! - Integers only. Floating point occurs where the table of a [`formula::Formula`] is made, by
//!   software arithmetic that gives the same table on every machine.
//! - No operator talks to a transcript: it declares relations.
//! - Lowering depends on the program and its symbols alone, never on parameters or inputs, so prover
//!   and verifier arrive at the same system.
//! - Without the feature `execute` there is no execution, no threads and no matrix kernel.
#![cfg_attr(not(feature = "execute"), forbid(unsafe_code))]

pub mod dim;
pub mod encoding;
pub mod error;
#[cfg(feature = "execute")]
pub mod execute;
pub mod fact;
pub mod formula;
pub mod lower;
pub mod operator;
pub mod program;

pub use dim::{Dim, DimError};
pub use encoding::{Encoding, Levels};
pub use error::{OperatorError, ProgramError};
pub use fact::Fact;
pub use lower::{Certificate, Cost, Lowered, Lowering, Place};
pub use operator::Operator;
pub use program::{Input, Node, Output, Parameter, Program, ValueId, Visibility};
pub use relation::{Interval, Tensor};
