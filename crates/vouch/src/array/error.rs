//! Why a tensor does not fit.

use thiserror::Error;

/// Why a tensor of real numbers does not fit the model.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ArrayError {
    /// A tensor that the model needs was not given.
    #[error("input {name:?} is missing; the model takes {expected:?}")]
    Missing {
        /// Its name.
        name: String,
        /// All names.
        expected: Vec<String>,
    },
    /// A tensor was given that the model does not have.
    #[error("{name:?} is none of the tensors that the model has here: {expected:?}")]
    Unknown {
        /// Its name.
        name: String,
        /// The names that would fit.
        expected: Vec<String>,
    },
    /// A tensor has another shape.
    #[error("{name:?}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// The shape that fits.
        expected: Vec<usize>,
        /// The shape that was given.
        found: Vec<usize>,
    },
    /// The number of values is not that of the shape.
    #[error("{name:?}: a tensor of shape {shape:?} has {expected} values, found {found}")]
    Length {
        /// Name of the tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Number of elements of that shape.
        expected: usize,
        /// Number of values.
        found: usize,
    },
    /// A value is outside of the rows of a table that it is an index into.
    #[error(
        "{name:?} at {index:?}: expected an index into the rows of a table, {low} to {high}, found {value}; correct the data"
    )]
    Index {
        /// Name of the tensor.
        name: String,
        /// Where, one index per axis.
        index: Vec<usize>,
        /// The value.
        value: f64,
        /// The first index.
        low: i64,
        /// The last index.
        high: i64,
    },
    /// A value that has to be an integer has a fraction.
    #[error(
        "{name:?} at {index:?}: expected an integer, as the model takes there, found {value}; correct the data"
    )]
    Fraction {
        /// Name of the tensor.
        name: String,
        /// Where, one index per axis.
        index: Vec<usize>,
        /// The value.
        value: f64,
    },
    /// A value is no number, infinite, or outside of the declared range.
    #[error(
        "{name:?} at {index:?}: expected a number from {low} to {high}, found {value}; clip it, or set up the model with a \
         wider range"
    )]
    Value {
        /// Name of the tensor.
        name: String,
        /// Where, one index per axis.
        index: Vec<usize>,
        /// The value.
        value: f64,
        /// The smallest value of the range.
        low: f64,
        /// The largest value of the range.
        high: f64,
    },
}
