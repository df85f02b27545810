//! What quantisation gives, and says.

use crate::error::Unsupported;
use program::{Dim, Program, Tensor};

/// A model as an integer program.
#[derive(Clone, Debug)]
pub struct Quantised {
    /// The program, with its symbols open.
    pub program: Program<Dim>,
    /// The value of each of its parameters.
    pub parameters: Vec<Tensor>,
    /// What a person should know.
    pub report: Report,
}

/// What a person should know about a quantised model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Remarks, in sentences.
    pub notes: Vec<String>,
    /// Constants that are part of the program, so that a key reveals them: name and value.
    pub public_constants: Vec<(String, String)>,
    /// Whether ranges come from data that were given, not from random inputs.
    pub calibrated: bool,
}

/// What can be said about a model before it is quantised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnosis {
    /// Nodes without an integer program: all of them.
    pub unsupported: Vec<Unsupported>,
    /// What a person should know.
    pub report: Report,
}
