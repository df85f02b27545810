//! Commitments to groups of polynomials, and one proof that opens all of them together.
//!
//! A group is `R` polynomials with `2^c` coefficients each; its codewords ([`Code`]) form a matrix with one
//! column per polynomial, whose rows are the leaves of a Merkle tree. Given one weight per row over all groups,
//! a point `z` and a value `a`, the opening shows that
//!
//! ```text
//! f = sum_i weight_i * row_i        satisfies        f~(z) = a
//! ```
//!
//! 1. The prover commits to `f` with WHIR, one column per coordinate of `E`.
//! 2. After a proof of work, the transcript picks `queries` distinct positions; the prover opens all groups there.
//! 3. WHIR proves `f~(z)`, and that `f` equals the combination of the opened rows at those positions. The
//!    verifier computes the combinations itself, so they are not sent.
//!
//! **Soundness.** WHIR binds `f` to one polynomial before the positions are known. If the committed rows are
//! further than half the distance from every codeword combination that agrees with `f`, a position shows it with
//! probability at least `(1 - rate) / 2`. That the rows themselves are close to codewords follows from the
//! weights being random (correlated agreement): the caller draws them after absorbing the commitments.
//!
//! **Zero knowledge.** Two promises of the caller: some rows are a uniform mask over `E` with non-zero weight, so
//! that `f` is uniform and the WHIR proof reveals nothing; and the value `a` is uniform or public. What the
//! opened rows reveal is hidden by the last `hidden` coefficients of each row, which are uniform: the values of
//! a row at any `hidden` distinct positions are the data's plus an invertible (Vandermonde) image of them. A
//! [`Permit`] per opening keeps the number of revealed positions within that budget. The values of a row at
//! all other positions stay uniform, each by itself, by one more coefficient; so no leaf that is not opened can be
//! guessed: it has four rows or more, or salt in place of those it lacks.
#![deny(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic,
    clippy::expect_used,
    clippy::unwrap_used
)]

#[cfg(feature = "prove")]
#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "the prover indexes its own tables"
)]
mod archive;
#[cfg(feature = "prove")]
mod budget;
mod code;
#[cfg(feature = "prove")]
#[expect(clippy::indexing_slicing, reason = "the prover indexes its own tables")]
mod committed;
#[cfg(feature = "prove")]
#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "the prover indexes its own tables"
)]
mod encode;
mod group;
mod proof;
mod protocol;
#[cfg(feature = "prove")]
#[expect(clippy::indexing_slicing, reason = "the prover indexes its own tables")]
mod prove;
#[cfg(feature = "prove")]
#[expect(clippy::indexing_slicing, reason = "the prover indexes its own tables")]
mod recomputed;
mod schedule;
#[cfg(feature = "prove")]
mod stored;
#[cfg(feature = "prove")]
#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "the prover indexes its own tables"
)]
mod symbols;
#[cfg(test)]
mod tests;
mod whir;

use alloc::vec::Vec;

use p3_multilinear_util::point::Point;
use p3_whir::{VerifierError, WhirConfigError};
use thiserror::Error;

use crate::profile::{F, Profile};

#[cfg(feature = "prove")]
pub use archive::{Archive, ArchiveError};
#[cfg(feature = "prove")]
pub use budget::{Budget, BudgetSpent, Permit};
pub use code::Code;
#[cfg(feature = "prove")]
pub use committed::{CommitError, Committed};
#[cfg(feature = "prove")]
pub use encode::{Rows, Spread};
pub use group::{Commitment, GroupShape, hidden};
pub use proof::{GroupOpening, OpeningProof};
#[cfg(all(test, feature = "prove"))]
pub(crate) use protocol::positions;
pub use protocol::verify;
#[cfg(all(test, feature = "prove"))]
pub(crate) use prove::prove_columns;
#[cfg(feature = "prove")]
pub use prove::{Opener, ProveError, prove};
#[cfg(feature = "prove")]
pub use stored::{Parts, Stored};
pub use whir::{WhirParameters, inner, whir_parameters};

/// Bytes of a group's codewords from which on only digests are kept of them, and what is opened is worked out anew.
pub const MOST_KEPT: u64 = 1 << 32;

/// Everything about an opening that the verifying key fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningShape {
    code: Code,
    queries: usize,
    groups: Vec<GroupShape>,
    grinding_bits: usize,
    whir: WhirParameters,
}

impl OpeningShape {
    /// Largest number of rows over all groups.
    pub const MAX_ROWS: usize = 1 << 20;

    /// Puts a shape together and refuses one that no proof could have.
    ///
    /// Errors: [`ShapeError`] names what is out of range.
    pub fn new<P: Profile>(
        code: Code,
        queries: usize,
        groups: Vec<GroupShape>,
        grinding_bits: usize,
        whir: WhirParameters,
    ) -> Result<Self, ShapeError> {
        let range = |what, found, low, high| {
            if (low..=high).contains(&found) {
                Ok(())
            } else {
                Err(ShapeError::Range {
                    what,
                    low,
                    high,
                    found,
                })
            }
        };
        // Half the positions at most, so that distinct ones are drawn quickly.
        range("queries", queries, 1, code.positions() / 2)?;
        range("grinding_bits", grinding_bits, 0, 30)?;
        range("groups", groups.len(), 1, 1 << 10)?;
        let mut rows = 0usize;
        for group in &groups {
            range("rows", group.rows, 1, Self::MAX_ROWS)?;
            range("hidden", group.hidden, 0, code.len().saturating_sub(1))?;
            rows = rows.saturating_add(group.rows);
        }
        range("rows of all groups", rows, 1, Self::MAX_ROWS)?;
        let shape = Self {
            code,
            queries,
            groups,
            grinding_bits,
            whir,
        };
        whir::config::<P>(&shape)?;
        Ok(shape)
    }

    /// The code of every row of every group.
    #[must_use]
    pub const fn code(&self) -> &Code {
        &self.code
    }

    /// Positions at which the groups are opened.
    #[must_use]
    pub const fn queries(&self) -> usize {
        self.queries
    }

    /// The groups, in the order of their commitments.
    #[must_use]
    pub fn groups(&self) -> &[GroupShape] {
        &self.groups
    }

    /// Bits of work before the positions are drawn.
    #[must_use]
    pub const fn grinding_bits(&self) -> usize {
        self.grinding_bits
    }

    /// The inner commitment's parameters.
    #[must_use]
    pub const fn whir(&self) -> &WhirParameters {
        &self.whir
    }

    /// Bytes of an opening of this shape, about: paths share more or less, as the positions fall.
    #[must_use]
    pub fn estimated_bytes<P: Profile>(&self) -> u64 {
        let whir = &self.whir;
        let inner =
            whir::schedule_of::<P>(self.code.log_len(), whir.security_bits, whir.pow_bits).bytes;
        let queries = schedule::wide(self.queries);
        let path = schedule::path(self.code.log_positions(), queries);
        self.groups.iter().fold(inner, |sum, group| {
            let leaf = schedule::wide(group.leaf()).saturating_mul(schedule::FIELD);
            sum.saturating_add(queries.saturating_mul(leaf.saturating_add(path)))
        })
    }

    /// Rows over all groups.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.groups
            .iter()
            .fold(0, |sum, group| sum.saturating_add(group.rows))
    }
}

/// What an opening claims: `sum_i weights_i * row_i` has the value `value` at `point`.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a, P: Profile> {
    /// The groups' commitments.
    pub commitments: &'a [Commitment<P>],
    /// One weight per row, group after group.
    pub weights: &'a [P::E],
    /// `z`, with `log_len` coordinates, the most significant bit's first.
    pub point: &'a Point<P::E>,
    /// `a`.
    pub value: P::E,
}

/// What a verified opening has shown of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The field points of the opened positions; distinct, positions ascending.
    pub points: Vec<F>,
    /// The committed symbols there: `rows[group][position][row]`.
    pub rows: Vec<Vec<Vec<F>>>,
}

/// A shape that no proof can have.
#[derive(Debug, Error)]
pub enum ShapeError {
    /// A number is out of range.
    #[error("{what}: expected {low} to {high}, found {found}")]
    Range {
        /// Which number.
        what: &'static str,
        /// Smallest allowed.
        low: usize,
        /// Largest allowed.
        high: usize,
        /// The number found.
        found: usize,
    },
    /// The inner commitment cannot reach its security with these parameters.
    #[error("inner commitment: {0}")]
    Whir(#[from] WhirConfigError),
}

/// Why an opening is rejected.
#[derive(Debug, Error)]
pub enum Reject {
    /// The statement does not fit the shape.
    #[error("statement: expected {expected} {what}, found {found}")]
    Statement {
        /// What is miscounted.
        what: &'static str,
        /// The count that the shape implies.
        expected: usize,
        /// The count in the statement.
        found: usize,
    },
    /// The shape was made for another profile.
    #[error("shape: {0}")]
    Shape(#[from] ShapeError),
    /// The proof has more bytes than any proof of this shape.
    #[error("proof: expected at most {expected} bytes, found {found}")]
    Size {
        /// The most that the shape allows.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The bytes are no proof.
    #[error("proof: the bytes do not decode")]
    Encoding,
    /// The bytes are not the one encoding of the proof that they decode to.
    #[error("proof: the bytes are not the canonical encoding")]
    Canonical,
    /// A part of the proof has the wrong length.
    #[error("proof: expected {expected} {what}, found {found}")]
    Length {
        /// Which part.
        what: &'static str,
        /// The length that the shape implies.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// The proof of work before the positions does not hold.
    #[error("proof of work: expected {bits} zero bits before the positions")]
    Grinding {
        /// Bits of work asked for.
        bits: usize,
    },
    /// Opened rows do not belong to the commitment.
    #[error("the opened rows of group {group} do not hash to its commitment")]
    Merkle {
        /// Index of the group.
        group: usize,
    },
    /// The combination does not have the claimed values.
    #[error("inner commitment: {0}")]
    Whir(#[from] VerifierError),
}
