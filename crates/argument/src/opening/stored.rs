//! Commitments as they are stored.

use alloc::boxed::Box;
use alloc::vec::Vec;

use p3_commit::Mmcs;
use serde::{Deserialize, Serialize};

use super::archive::{Archive, Archived};
use super::committed::{Tree, check};
use super::encode::{Randomness, Rows};
use super::{Budget, Code, CommitError, Commitment, Committed, GroupShape};
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
    /// The salts, position after position; empty where leaves have none.
    pub salts: Vec<F>,
}

/// What of a commitment cannot be computed from its rows: its randomness. Secret.
///
/// Far smaller than [`Parts`]: the codewords are made anew.
#[derive(Clone, Serialize, Deserialize)]
pub struct Stored {
    /// Openings already spent.
    pub spent: usize,
    /// The random coefficients, row after row.
    pub hidden: Vec<F>,
    /// The salts, position after position; empty where leaves have none, and where an archive holds them.
    pub salts: Vec<F>,
}

impl core::fmt::Debug for Stored {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Stored")
            .field("spent", &self.spent)
            .finish_non_exhaustive()
    }
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

    /// Restores the commitment of `rows` from its randomness.
    ///
    /// The counter of whoever stores it must be advanced on disk before a proof leaves: a restored
    /// commitment knows only what it is told.
    /// Cost: as [`Committed::new`].
    /// Errors: [`CommitError::Parts`] if counts do not fit, [`CommitError::Root`] if the root is another.
    pub fn restore(
        code: Code,
        rows: &dyn Rows,
        budget: Budget,
        stored: Stored,
        expected: &Commitment<P>,
    ) -> Result<Self, CommitError> {
        let shape = check(code, rows.rows(), rows.own(), budget)?;
        let mut randomness = randomness(code, shape, stored.hidden)?;
        let codewords = randomness.encode(rows);
        let parts = Parts {
            code,
            rows: shape.rows,
            own: shape.own,
            budget,
            spent: stored.spent,
            hidden: core::mem::take(&mut randomness.hidden),
            codewords,
            salts: stored.salts,
        };
        Self::from_parts(parts, expected)
    }

    /// Restores a commitment from its randomness and the archive of its tree, of which next to nothing is read until the
    /// commitment is opened.
    ///
    /// The counter of whoever stores it must be advanced on disk before a proof leaves, as for [`Committed::restore`].
    /// Errors: [`CommitError::Parts`] if counts do not fit, [`CommitError::Archive`] if the archive is not that of
    /// `expected`.
    pub fn from_archive(
        code: Code,
        shape: GroupShape,
        budget: Budget,
        stored: Stored,
        archive: Box<dyn Archive>,
        expected: &Commitment<P>,
    ) -> Result<Self, CommitError> {
        let shape = check(code, shape.rows, shape.own, budget)?;
        let randomness = randomness(code, shape, stored.hidden)?;
        let tree = Archived::new(archive, expected.clone(), &code, shape)?;
        let (spent, tree) = (stored.spent, Tree::Archived(tree));
        Ok(Self::held(randomness, budget, spent, tree))
    }

    /// The parts to store; copies the codewords, unless an archive holds them or they are not kept.
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
            Tree::Plain(data) => {
                for matrix in P::tree().get_matrices(data) {
                    codewords.extend_from_slice(&matrix.values);
                }
            }
            Tree::Recomputed(tree) => salts.extend_from_slice(&tree.salts),
            Tree::Archived(_) => {}
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

    /// The randomness to store, from which [`Committed::restore`] makes the commitment again.
    #[must_use]
    pub fn stored(&self) -> Stored {
        let mut salts = Vec::new();
        match &self.tree {
            Tree::Salted(data) => {
                for pair in P::tree().get_matrices(data) {
                    salts.extend_from_slice(&pair.right.values);
                }
            }
            Tree::Recomputed(tree) => salts.extend_from_slice(&tree.salts),
            Tree::Plain(_) | Tree::Archived(_) => {}
        }
        Stored {
            spent: self.spent,
            hidden: self.randomness.hidden.clone(),
            salts,
        }
    }
}

/// Random coefficients, if they are as many as the shape implies.
fn randomness(code: Code, shape: GroupShape, hidden: Vec<F>) -> Result<Randomness, CommitError> {
    let (expected, found) = ((shape.rows - shape.own) * shape.hidden, hidden.len());
    if expected != found {
        return Err(CommitError::Parts {
            what: "hidden coefficients",
            expected,
            found,
        });
    }
    Ok(Randomness {
        code,
        shape,
        hidden,
    })
}
