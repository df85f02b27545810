//! Why a program or one of its operators was refused.

use crate::dim::DimError;
use relation::combination::CombinationError;
use relation::interval::Wide;
use relation::{Interval, SystemError, ViewError};
use thiserror::Error;

/// Why an operator was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OperatorError {
    /// The number of inputs is wrong.
    #[error("expected {expected} inputs, found {found}")]
    Inputs {
        /// Inputs that the operator takes.
        expected: usize,
        /// Inputs that it has.
        found: usize,
    },
    /// An input has the wrong shape.
    #[error("expected a tensor of shape {expected:?}, found {found:?}")]
    Shape {
        /// The shape that would fit.
        expected: Vec<usize>,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// A tensor has too many elements, too many axes or an empty axis.
    #[error("the shape {shape:?} has an empty axis, too many axes or too many elements")]
    TooLarge {
        /// The shape.
        shape: Vec<usize>,
    },
    /// Values could become too large for exact arithmetic.
    #[error("values could reach {interval:?}, beyond 61 bits; use fewer fraction bits")]
    Overflow {
        /// Where they could lie, if that can be said.
        interval: Option<Wide>,
    },
    /// The ends of an interval are the wrong way round: no value lies in it, and no bound follows from it.
    #[error("expected an interval, its lower end first, found {interval:?}")]
    Inverted {
        /// The ends.
        interval: Wide,
    },
    /// Values of an input could lie outside of what the operator takes.
    #[error("expected {what} in {expected:?}, found values in {found:?}")]
    Interval {
        /// Which values.
        what: &'static str,
        /// What the operator takes.
        expected: Interval,
        /// Where they could lie.
        found: Interval,
    },
    /// An attribute is out of range.
    #[error("attribute {name}: expected {expected}, found {found}")]
    Attribute {
        /// The attribute.
        name: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Lowering, which every verifier does, would take more time or memory than any model needs.
    #[error("expected at most {most} {what}, found {found}: the program is too large to verify")]
    Effort {
        /// What there is too much of.
        what: &'static str,
        /// The most that is supported.
        most: u64,
        /// How much there is, this node included.
        found: u64,
    },
    /// A product of tensors that was not rounded is used where only a sum of views can be.
    #[error("expected a rounded value, found a product of tensors; round it first")]
    Unrounded,
    /// A view was refused.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A combination was refused.
    #[error(transparent)]
    Combination(#[from] CombinationError),
    /// Something was said about an unknown column.
    #[error(transparent)]
    System(#[from] SystemError),
}

/// Why a program was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProgramError {
    /// A node was refused.
    #[error("node {node:?}: {reason}")]
    Operator {
        /// Name of the node.
        node: String,
        /// What is wrong.
        reason: OperatorError,
    },
    /// A size has no value.
    #[error("{place:?}: {reason}")]
    Dim {
        /// Name of the node, input or output.
        place: String,
        /// What is wrong.
        reason: DimError,
    },
    /// A node refers to something that is not there, or comes later.
    #[error("{place:?} refers to {what} {found}, of which there are {count}")]
    Unknown {
        /// Name of the node or output.
        place: String,
        /// What kind of thing.
        what: &'static str,
        /// Its number.
        found: usize,
        /// How many there are.
        count: usize,
    },
    /// Two of a kind where there can be one: a proof could use two values, and a verifier would see one.
    #[error("the {what} {name:?} is there twice; expected one")]
    Twice {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The number of symbols is wrong.
    #[error("expected a value for each of the symbols {expected:?}, found {found} values")]
    Symbols {
        /// The symbols.
        expected: Vec<String>,
        /// Values that were given.
        found: usize,
    },
    /// The system of relations was refused.
    #[error("the relations of the program: {0}")]
    System(#[from] SystemError),
    /// A tensor that was given does not fit.
    #[error("{name:?}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// Name of the input or parameter.
        name: String,
        /// Its shape in the program.
        expected: Vec<usize>,
        /// The shape that was given.
        found: Vec<usize>,
    },
    /// A value that was given is outside of its declared interval.
    #[error("{name:?}: expected values in {expected:?}, found {found}")]
    Value {
        /// Name of the input or parameter.
        name: String,
        /// Its interval.
        expected: Interval,
        /// The value.
        found: i64,
    },
    /// The number of tensors that were given is wrong.
    #[error("expected {expected} {what}, found {found}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// How many the program has.
        expected: usize,
        /// How many were given.
        found: usize,
    },
}
