//! Why views are refused.

use alloc::vec::Vec;
use thiserror::Error;

/// Why a view was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ViewError {
    /// There is no such axis.
    #[error("axis {axis}: the tensor has {rank} axes")]
    Axis {
        /// The axis that was asked for.
        axis: usize,
        /// The number of axes there are.
        rank: usize,
    },
    /// The order of axes is not a permutation.
    #[error("order {found:?}: expected a permutation of {rank} axes")]
    Permutation {
        /// The order that was found.
        found: Vec<usize>,
        /// The number of axes there are.
        rank: usize,
    },
    /// A slice or a window reaches past the end of its axis.
    #[error("axis {axis} has size {size}, expected at least {expected} for what is read of it")]
    Reach {
        /// The axis.
        axis: usize,
        /// Its size.
        size: usize,
        /// The size that would be enough.
        expected: usize,
    },
    /// An axis that must have size one has not.
    #[error("axis {axis}: expected size 1, found {size}")]
    NotOne {
        /// The axis.
        axis: usize,
        /// Its size.
        size: usize,
    },
    /// Two axes whose diagonal is taken differ, or are the same axis.
    #[error("axes {a} and {b}: expected two axes of one size, found sizes {size_a} and {size_b}")]
    Diagonal {
        /// The first axis.
        a: usize,
        /// The second axis.
        b: usize,
        /// Size of the first axis.
        size_a: usize,
        /// Size of the second axis.
        size_b: usize,
    },
    /// A reshape changes the number of elements.
    #[error("reshape to {shape:?}: expected {expected} elements")]
    Length {
        /// The shape that was asked for.
        shape: Vec<usize>,
        /// The number of elements there are.
        expected: usize,
    },
    /// A size, a step or a dilation is zero.
    #[error("{what} is zero, expected at least 1")]
    Zero {
        /// What is zero.
        what: &'static str,
    },
    /// The view, or a deserialised one, is beyond what is supported.
    #[error("view out of bounds: {what}")]
    Limit {
        /// What is out of bounds.
        what: &'static str,
    },
}
