//! What the prover keeps of a commitment.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU64, Ordering};

use p3_commit::Mmcs;
#[cfg(test)]
use p3_field::PrimeCharacteristicRing;
use p3_matrix::dense::RowMajorMatrix;
use p3_matrix::stack::HorizontalPair;
use thiserror::Error;

use super::archive::{ArchiveError, Archived};
use super::encode::{Randomness, Rows};
use super::recomputed::Recomputed;
use super::{Budget, BudgetSpent, Code, Commitment, GroupShape, MOST_KEPT, Permit};
use crate::profile::random::{self, EntropyError};
use crate::profile::{F, Paths, Profile};

/// Why a group cannot be committed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommitError {
    /// The randomness leaves no room for data.
    #[error(
        "{hidden} hidden coefficients do not fit in rows of {len}; use longer rows or fewer proofs"
    )]
    NoRoom {
        /// Coefficients to hide with.
        hidden: usize,
        /// Coefficients of one row.
        len: usize,
    },
    /// A group without rows.
    #[error("expected at least one row, found none")]
    Empty,
    /// The operating system has no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// Stored parts do not fit together.
    #[error("stored commitment: expected {expected} {what}, found {found}")]
    Parts {
        /// What is miscounted.
        what: &'static str,
        /// The count that the shape implies.
        expected: usize,
        /// The count in the parts.
        found: usize,
    },
    /// Stored codewords or salts do not hash to the stored root.
    #[error("stored commitment: the codewords do not have the expected root")]
    Root,
    /// The archive is not read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

type Symbols = RowMajorMatrix<F>;
type Salted = HorizontalPair<Symbols, Symbols>;
type Data<P, M> = <<P as Profile>::Tree as Mmcs<F>>::ProverData<M>;

/// The Merkle tree, with salted leaves if the group hides something in few rows.
pub(super) enum Tree<P: Profile> {
    Salted(Data<P, Salted>),
    Plain(Data<P, Symbols>),
    Archived(Archived<P>),
    Recomputed(Recomputed),
}

/// What the prover keeps of a group: codewords, unless they are very large, salts, tree and the random coefficients. All
/// secret.
pub struct Committed<P: Profile> {
    pub(super) randomness: Randomness,
    pub(super) budget: Budget,
    pub(super) spent: usize,
    identity: u64,
    pub(super) tree: Tree<P>,
}

impl<P: Profile> Committed<P> {
    /// Commits to `rows`.
    ///
    /// Shapes: the codeword matrix is `[positions, rows]`, row-major, allocated once; one more buffer of
    /// a `2^-r`-th of it lives while encoding.
    /// Cost: per coefficient, `2^r` transforms of `log_len` layers and `2^r` hashed elements.
    /// Errors: [`CommitError`] if there is no row, no room or no randomness.
    pub fn new(
        code: Code,
        rows: &dyn Rows,
        budget: Budget,
    ) -> Result<(Commitment<P>, Self), CommitError> {
        Self::with_randomness(code, rows, budget, true, random::elements, random::elements)
    }

    /// [`Committed::new`] for a group that is opened where it is committed, and not stored: of codewords of [`MOST_KEPT`]
    /// bytes or more, no more than a `2^-r`-th is ever held.
    ///
    /// Errors: as [`Committed::new`].
    pub fn new_once(
        code: Code,
        rows: &dyn Rows,
        budget: Budget,
    ) -> Result<(Commitment<P>, Self), CommitError> {
        let keep = { codeword_bytes(code, rows.rows()) }.is_some_and(|bytes| bytes < MOST_KEPT);
        Self::with_randomness(code, rows, budget, keep, random::elements, random::elements)
    }

    /// [`Committed::new`] with leaves that carry the same salt, if any: what the salts are for is only seen
    /// without them.
    #[cfg(test)]
    pub(crate) fn new_without_salts(
        code: Code,
        rows: &dyn Rows,
        budget: Budget,
    ) -> Result<(Commitment<P>, Self), CommitError> {
        Self::with_randomness(code, rows, budget, true, random::elements, zeros)
    }

    /// [`Committed::new`] with hidden coefficients that are zero: what they are for is only seen without them.
    #[cfg(test)]
    pub(crate) fn new_without_hidden(
        code: Code,
        rows: &dyn Rows,
        budget: Budget,
    ) -> Result<(Commitment<P>, Self), CommitError> {
        Self::with_randomness(code, rows, budget, true, zeros, random::elements)
    }

    /// [`Committed::new`] without any randomness.
    #[cfg(test)]
    pub(crate) fn new_bare(
        code: Code,
        rows: &dyn Rows,
        budget: Budget,
    ) -> Result<(Commitment<P>, Self), CommitError> {
        Self::with_randomness(code, rows, budget, true, zeros, zeros)
    }

    /// Commits with randomness from some sources; `keep` says whether codewords are kept.
    pub(super) fn with_randomness(
        code: Code,
        rows: &dyn Rows,
        budget: Budget,
        keep: bool,
        hidden: impl FnOnce(usize) -> Result<Vec<F>, EntropyError>,
        salts: impl FnOnce(usize) -> Result<Vec<F>, EntropyError>,
    ) -> Result<(Commitment<P>, Self), CommitError> {
        let shape = check(code, rows.rows(), rows.own(), budget)?;
        let hidden = hidden((shape.rows - shape.own) * shape.hidden)?;
        let salts = salts(code.positions() * shape.salt())?;
        let randomness = Randomness {
            code,
            shape,
            hidden,
        };
        debug_assert!(
            rows.spread().rows.start >= shape.rows - shape.own || rows.spread().log == 0,
            "rows that are spread have no room for hidden coefficients"
        );
        if !keep {
            let (commitment, tree) = Recomputed::new::<P>(&randomness, rows, salts);
            let tree = Tree::Recomputed(tree);
            return Ok((commitment, Self::held(randomness, budget, 0, tree)));
        }
        let codewords = randomness.encode(rows);
        Ok(Self::build(randomness, budget, 0, codewords, salts))
    }

    pub(super) fn build(
        randomness: Randomness,
        budget: Budget,
        spent: usize,
        codewords: Vec<F>,
        salts: Vec<F>,
    ) -> (Commitment<P>, Self) {
        let codewords = RowMajorMatrix::new(codewords, randomness.shape.rows);
        let salt = randomness.shape.salt();
        let (root, tree) = if salt > 0 {
            let salts = RowMajorMatrix::new(salts, salt);
            let (root, data) = P::tree().commit_matrix(HorizontalPair::new(codewords, salts));
            (root, Tree::Salted(data))
        } else {
            let (root, data) = P::tree().commit_matrix(codewords);
            (root, Tree::Plain(data))
        };
        (
            Commitment { root },
            Self::held(randomness, budget, spent, tree),
        )
    }

    pub(super) fn held(
        randomness: Randomness,
        budget: Budget,
        spent: usize,
        tree: Tree<P>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);

        Self {
            randomness,
            budget,
            spent,
            identity: NEXT.fetch_add(1, Ordering::Relaxed),
            tree,
        }
    }

    /// Takes the right to open this commitment once more.
    ///
    /// Errors: [`BudgetSpent`] if its randomness is used up. A group with nothing to hide never is.
    pub fn permit(&mut self) -> Result<Permit, BudgetSpent> {
        if self.randomness.shape.hidden > 0 {
            if self.spent >= self.budget.uses {
                return Err(BudgetSpent {
                    allowed: self.budget.uses,
                });
            }
            self.spent += 1;
        }
        Ok(Permit { of: self.identity })
    }

    /// The uniform coefficients of a row.
    ///
    /// # Panics
    /// If the group has no such row, or it is one that hides itself.
    pub fn hidden(&self, row: usize) -> &[F] {
        let count = self.randomness.shape.hidden;
        &self.randomness.hidden[row * count..(row + 1) * count]
    }

    /// Whether `permit` was issued by this commitment.
    pub(super) fn issued(&self, permit: &Permit) -> bool {
        permit.of == self.identity
    }

    /// The code of each row.
    #[must_use]
    pub const fn code(&self) -> &Code {
        &self.randomness.code
    }

    /// Rows and hidden coefficients.
    #[must_use]
    pub const fn shape(&self) -> GroupShape {
        self.randomness.shape
    }

    /// The random coefficients, which threads may share.
    pub(super) const fn randomness(&self) -> &Randomness {
        &self.randomness
    }

    /// The budget it was committed with.
    #[must_use]
    pub const fn budget(&self) -> Budget {
        self.budget
    }

    /// Openings permitted so far.
    #[must_use]
    pub const fn spent(&self) -> usize {
        self.spent
    }

    /// Leaves at `positions`, row symbols then salt, and their Merkle paths; `rows` are those that were committed.
    ///
    /// Errors: [`ArchiveError`] if they are in an archive that does not give them.
    pub(super) fn open(
        &self,
        rows: &dyn Rows,
        positions: &[usize],
    ) -> Result<(Vec<Vec<F>>, Paths<P>), ArchiveError> {
        let (leaves, paths) = match &self.tree {
            Tree::Salted(data) => P::tree().open_multi_batch(positions, data),
            Tree::Plain(data) => P::tree().open_multi_batch(positions, data),
            Tree::Archived(archived) => return archived.open(positions),
            Tree::Recomputed(tree) => {
                return Ok(tree.open::<P>(&self.randomness, rows, positions));
            }
        };
        let leaves = { leaves.into_iter() }
            .map(|leaf| leaf.into_iter().flatten().collect())
            .collect();
        Ok((leaves, paths))
    }
}

/// Bytes of the codewords of some rows.
fn codeword_bytes(code: Code, rows: usize) -> Option<u64> {
    let symbols = u64::try_from(code.positions()).ok()?;
    symbols
        .checked_mul(u64::try_from(rows).ok()?)?
        .checked_mul(8)
}

#[cfg(test)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "stands in for a source that may fail"
)]
fn zeros(count: usize) -> Result<Vec<F>, EntropyError> {
    Ok(F::zero_vec(count))
}

/// The shape of a group, if there is one.
pub(super) fn check(
    code: Code,
    rows: usize,
    own: usize,
    budget: Budget,
) -> Result<GroupShape, CommitError> {
    let hidden = budget.hidden();
    if rows == 0 {
        return Err(CommitError::Empty);
    }
    if hidden >= code.len() {
        return Err(CommitError::NoRoom {
            hidden,
            len: code.len(),
        });
    }
    if own > rows {
        return Err(CommitError::Parts {
            what: "rows",
            expected: own,
            found: rows,
        });
    }
    Ok(GroupShape { rows, own, hidden })
}
