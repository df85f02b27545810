//! Why a model was refused.

use program::ProgramError;
use std::path::PathBuf;
use thiserror::Error;

/// Why a file is no model that can be read.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The file cannot be read.
    #[error("{}: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The file is larger than the limit.
    #[error(
        "the model has {found} bytes, more than the limit of {limit}; raise the limit if you trust it"
    )]
    Size {
        /// The most bytes.
        limit: u64,
        /// Bytes that were found.
        found: u64,
    },
    /// The bytes are no protobuf message, or one that is nested too deeply or has too many fields.
    #[error("not an ONNX model: {0}")]
    Malformed(String),
    /// A tensor is larger than the limit, or has a negative size.
    #[error("tensor {name:?} of shape {shape:?} is malformed or larger than {limit} elements")]
    Tensor {
        /// Its name.
        name: String,
        /// Its shape.
        shape: Vec<i64>,
        /// The most elements.
        limit: u64,
    },
    /// Data of a tensor is in another file, and that is not allowed.
    #[error(
        "tensor {name:?} has its data in another file, which is not allowed here (Limits::external_data)"
    )]
    External {
        /// The tensor.
        name: String,
    },
    /// Nodes that cannot be read: all that nobody knows, or all quantised ones that are not supported.
    #[error("{} of the model's nodes are not supported: {}", .0.len(), list(.0))]
    Unsupported(Vec<Unsupported>),
    /// The graph cannot be typed.
    #[error("the graph cannot be read: {0}")]
    Graph(String),
    /// An input is missing, or has the wrong shape or number of values.
    #[error("input {name:?}: expected {expected}, found {found}")]
    Input {
        /// The input.
        name: String,
        /// What would fit.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A value of an input is none that the graph takes.
    #[error("input {name:?} at {index:?}: {reason}, found {value}; correct the data")]
    Value {
        /// The input.
        name: String,
        /// Where, one index per axis.
        index: Vec<usize>,
        /// The value.
        value: f64,
        /// What it should be.
        reason: BadValue,
    },
    /// The float model failed.
    #[error("the float model failed: {0}")]
    Run(String),
}

/// What a value of an input should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadValue {
    /// An integer.
    #[error("expected an integer, as the model takes there")]
    Fraction,
    /// The index of a row that is there.
    #[error("expected an index into the rows of a table, {lo} to {hi}")]
    Index {
        /// The first.
        lo: i64,
        /// The last.
        hi: i64,
    },
}

/// A node that has no integer program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("node {node:?} ({operator}): {reason}")]
pub struct Unsupported {
    /// Name of the node.
    pub node: String,
    /// Its operator.
    pub operator: String,
    /// Why, and what to do.
    pub reason: String,
}

/// Why a model was not quantised.
#[derive(Debug, Error)]
pub enum QuantiseError {
    /// Nodes have no integer program: all of them.
    #[error("{} of the model's nodes cannot be quantised: {}", .0.len(), list(.0))]
    Unsupported(Vec<Unsupported>),
    /// The model failed on the calibration data.
    #[error("calibration: {0}")]
    Model(#[from] ModelError),
    /// The program is not well formed.
    #[error("the integer program: {0}")]
    Program(Box<ProgramError>),
    /// An option is out of range.
    #[error("option {name}: expected {expected}, found {found}")]
    Option {
        /// The option.
        name: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

impl From<ProgramError> for QuantiseError {
    fn from(reason: ProgramError) -> Self {
        Self::Program(Box::new(reason))
    }
}

fn list(all: &[Unsupported]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join("; ")
}
