//! Commitments as they are stored.

use alloc::vec::Vec;

use p3_commit::Mmcs;

use super::committed::{Tree, check};
use super::encode::Randomness;
use super::{Budget, Code, CommitError, Commitment, Committed};
use crate::profile::{F, Profile};

/// A commitment's stored form, from which [`Committed::from_parts`] restores it.
#[derive(Clone)]
pub struct Parts {
    /// The code of each row.
    pub code: Code,
    /// Rows.
    pub rows: usize,
    /// Rows that hide themselves.
    pub own: usize,
    /// The budget it was committed with.
    pub budget: Budget,
    /// Openings already spent.
    pub spent: usize,
    /// The random coefficients, row after row.
    pub hidden: Vec<F>,
    /// The codewords: one symbol of every row, position after position.
    pub codewords: Vec<F>,
    /// The salts, position after position; empty for a public group.
    pub salts: Vec<F>,
}

impl<P: Profile> Committed<P> {
    /// Restores a commitment that was stored with `spent` openings made.
    ///
    /// The counter of whoever stores it must be advanced on disk before a proof leaves: a restored
    /// commitment knows only what it is told.
    /// Cost: one hash of every codeword symbol.
    /// Errors: [`CommitError::Parts`] if counts do not fit, [`CommitError::Root`] if the root is another.
    pub fn from_parts(parts: Parts, expected: &Commitment<P>) -> Result<Self, CommitError> {
        let shape = check(parts.code, parts.rows, parts.own, parts.budget)?;
        let positions = parts.code.positions();
        for (what, expected, found) in [
            (
                "hidden coefficients",
                (shape.rows - shape.own) * shape.hidden,
                parts.hidden.len(),
            ),
            ("symbols", shape.rows * positions, parts.codewords.len()),
            ("salts", shape.salt() * positions, parts.salts.len()),
        ] {
            if expected != found {
                return Err(CommitError::Parts {
                    what,
                    expected,
                    found,
                });
            }
        }
        let randomness = Randomness {
            code: parts.code,
            shape,
            hidden: parts.hidden,
        };
        let (commitment, committed) = Self::build(
            randomness,
            parts.budget,
            parts.spent,
            parts.codewords,
            parts.salts,
        );
        if commitment == *expected {
            Ok(committed)
        } else {
            Err(CommitError::Root)
        }
    }

    /// The parts to store; copies the codewords.
    #[must_use]
    pub fn parts(&self) -> Parts {
        let (mut codewords, mut salts) = (Vec::new(), Vec::new());
        match &self.tree {
            Tree::Salted(data) => {
                for pair in P::tree().get_matrices(data) {
                    codewords.extend_from_slice(&pair.left.values);
                    salts.extend_from_slice(&pair.right.values);
                }
            }
            Tree::Public(data) => {
                for matrix in P::tree().get_matrices(data) {
                    codewords.extend_from_slice(&matrix.values);
                }
            }
        }
        let Randomness {
            code,
            shape,
            hidden,
        } = &self.randomness;
        Parts {
            code: *code,
            rows: shape.rows,
            own: shape.own,
            budget: self.budget,
            spent: self.spent,
            hidden: hidden.clone(),
            codewords,
            salts,
        }
    }
}
