//! Why a proof is turned down.

use alloc::string::{String, ToString};

use thiserror::Error;

use crate::opening;

/// Why the verifier does not accept.
///
/// A rejection never says more than the proof's own bytes do: it is safe to show to whoever sent the proof.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Reject {
    /// A part of the proof has another number of elements than the key implies.
    #[error("{part} has the wrong length: expected {expected}, found {found}")]
    Length {
        /// The part of the proof.
        part: &'static str,
        /// The number of elements that the verifying key implies.
        expected: usize,
        /// The number of elements in the proof.
        found: usize,
    },
    /// The bytes are not the canonical encoding of a proof.
    #[error("{part} is not canonically encoded")]
    Encoding {
        /// The part of the proof.
        part: &'static str,
    },
    /// An equation of a protocol step does not hold.
    #[error("an equation of step `{step}` does not hold")]
    Equation {
        /// The protocol step.
        step: &'static str,
    },
    /// A proof of work is missing or insufficient.
    #[error(
        "the proof of work before a challenge of step `{step}` is insufficient: {bits} bits expected"
    )]
    Work {
        /// The protocol step.
        step: &'static str,
        /// The required number of zero bits.
        bits: usize,
    },
    /// A public tensor is missing, has another shape, or a value outside its interval.
    #[error("the statement does not fit the key: {reason}")]
    Public {
        /// What is wrong with which tensor.
        reason: String,
    },
    /// The statement does not fit the key: it has another number of commitments.
    #[error("the statement does not fit the key: {what}: expected {expected}, found {found}")]
    Statement {
        /// The part of the statement.
        what: &'static str,
        /// What the key expects.
        expected: usize,
        /// What the statement has.
        found: usize,
    },
    /// The opening of the commitments does not verify.
    #[error("the opening of the commitments does not verify: {reason}")]
    Opening {
        /// The check that failed.
        reason: String,
    },
}

impl From<opening::Reject> for Reject {
    fn from(reject: opening::Reject) -> Self {
        Self::Opening {
            reason: reject.to_string(),
        }
    }
}
