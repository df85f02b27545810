//! Groups of polynomials that are committed together, and how often each may be opened.

use serde::{Deserialize, Serialize};

use crate::profile::{Profile, Root};

/// How many rows a group has and how many coefficients of each are random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupShape {
    /// Polynomials in the group.
    pub rows: usize,
    /// How many of them, the last ones, bring the randomness that hides them along in their coefficients.
    pub own: usize,
    /// Uniform coefficients at the end of each row: positions revealed per opening times openings; zero for a
    /// group that hides nothing, whose leaves then carry no salt either.
    pub hidden: usize,
}

impl GroupShape {
    /// Elements in one Merkle leaf: a symbol of every row and the salt.
    #[must_use]
    pub const fn leaf(&self) -> usize {
        self.rows.saturating_add(self.salt())
    }

    /// Elements of salt in one Merkle leaf.
    #[must_use]
    pub const fn salt(&self) -> usize {
        if self.hidden > 0 {
            crate::profile::SALT
        } else {
            0
        }
    }
}

/// A public commitment to a group.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Commitment<P: Profile> {
    /// The Merkle root.
    pub root: Root<P>,
}

impl<P: Profile> Clone for Commitment<P> {
    fn clone(&self) -> Self {
        Self {
            root: self.root.clone(),
        }
    }
}

impl<P: Profile> PartialEq for Commitment<P> {
    fn eq(&self, other: &Self) -> bool {
        self.root == other.root
    }
}

impl<P: Profile> Eq for Commitment<P> {}

impl<P: Profile> core::fmt::Debug for Commitment<P> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.root.fmt(f)
    }
}

#[cfg(feature = "prove")]
pub use committed::{Budget, BudgetSpent, CommitError, Committed, Parts, Permit, Rows, Stored};

#[cfg(feature = "prove")]
#[expect(
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "the prover indexes its own tables"
)]
mod committed {
    use alloc::vec;
    use alloc::vec::Vec;
    use core::sync::atomic::{AtomicU64, Ordering};

    use p3_commit::Mmcs;
    use p3_dft::{Radix2DFTSmallBatch, TwoAdicSubgroupDft};
    use p3_field::PrimeCharacteristicRing;
    use p3_matrix::dense::RowMajorMatrix;
    use p3_matrix::stack::HorizontalPair;
    use p3_maybe_rayon::prelude::*;
    use serde::{Deserialize, Serialize};
    use thiserror::Error;

    use super::{Commitment, GroupShape};
    use crate::opening::Code;
    use crate::profile::random::{self, EntropyError};
    use crate::profile::{F, Paths, Profile, SALT};

    /// Coefficients of one row that are asked for at once.
    const BLOCK: usize = 256;

    /// Rows transposed together: their symbols fill one cache line of the codeword matrix.
    const LINE: usize = 8;

    /// The coefficients of a group, supplied on demand.
    ///
    /// Data lives elsewhere as small integers; nothing keeps a second copy of it as field elements. Coefficients
    /// are asked for twice, in the same way: when the group is committed and at each opening.
    pub trait Rows: Sync {
        /// Polynomials in the group.
        fn rows(&self) -> usize;

        /// How many of them, the last ones, hide themselves: all their coefficients are theirs to supply.
        ///
        /// That is right for rows of masks only, whose openings are uniform by their own randomness.
        fn own(&self) -> usize {
            0
        }

        /// Writes coefficients `start..start + coefficients.len()` of one row.
        ///
        /// Shapes: `row < self.rows()`; `start` is a multiple of `coefficients.len()`, which is a power of two
        /// of at most 256. Every element must be written.
        ///
        /// The group overwrites its hidden coefficients, the last ones of each row; these must be left zero.
        fn write(&self, row: usize, start: usize, coefficients: &mut [F]);
    }

    /// How often a commitment may be opened.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Budget {
        /// Positions revealed by one opening.
        pub queries: usize,
        /// Openings; zero means that nothing is hidden and any number of openings is fine.
        pub uses: usize,
    }

    impl Budget {
        /// The budget of a group with nothing to hide.
        #[must_use]
        pub const fn public(queries: usize) -> Self {
            Self { queries, uses: 0 }
        }

        /// Uniform coefficients that each row needs: one for each value that is ever revealed of it.
        #[must_use]
        pub const fn hidden(&self) -> usize {
            self.queries.saturating_mul(self.uses)
        }
    }

    /// Why a group cannot be committed.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
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
    }

    /// A commitment has been opened as often as its randomness allows.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
    #[error(
        "this commitment allows {allowed} openings and all are spent; commit again to open it further"
    )]
    pub struct BudgetSpent {
        /// Openings that the commitment allowed.
        pub allowed: usize,
    }

    /// The right to open one commitment once; using it consumes it.
    ///
    /// ```compile_fail
    /// fn twice(permit: argument::opening::Permit) {
    ///     let spend = |_: argument::opening::Permit| ();
    ///     spend(permit);
    ///     spend(permit);
    /// }
    /// ```
    #[derive(Debug, PartialEq, Eq)]
    #[must_use = "a permit is spent once it is issued"]
    pub struct Permit {
        of: u64,
    }

    type Symbols = RowMajorMatrix<F>;
    type Salted = HorizontalPair<Symbols, Symbols>;
    type Data<P, M> = <<P as Profile>::Tree as Mmcs<F>>::ProverData<M>;

    enum Tree<P: Profile> {
        Salted(Data<P, Salted>),
        Public(Data<P, Symbols>),
    }

    /// What the prover keeps of a group: codewords, salts, tree and the random coefficients. All secret.
    pub struct Committed<P: Profile> {
        randomness: Randomness,
        budget: Budget,
        spent: usize,
        identity: u64,
        tree: Tree<P>,
    }

    /// The random coefficients at the end of each row.
    pub(in crate::opening) struct Randomness {
        code: Code,
        shape: GroupShape,
        hidden: Vec<F>,
    }

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

    /// What of a commitment cannot be computed from its rows: its randomness. Secret.
    ///
    /// Far smaller than [`Parts`]: the codewords are made anew.
    #[derive(Clone, Serialize, Deserialize)]
    pub struct Stored {
        /// Openings already spent.
        pub spent: usize,
        /// The random coefficients, row after row.
        pub hidden: Vec<F>,
        /// The salts, position after position; empty for a public group.
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
            Self::with_randomness(code, rows, budget, random::elements, random::elements)
        }

        /// [`Committed::new`] with leaves that carry the same salt: what the salts are for is only seen
        /// without them.
        #[cfg(test)]
        pub(crate) fn new_without_salts(
            code: Code,
            rows: &dyn Rows,
            budget: Budget,
        ) -> Result<(Commitment<P>, Self), CommitError> {
            Self::with_randomness(code, rows, budget, random::elements, zeros)
        }

        /// [`Committed::new`] with hidden coefficients that are zero: what they are for is only seen without them.
        #[cfg(test)]
        pub(crate) fn new_without_hidden(
            code: Code,
            rows: &dyn Rows,
            budget: Budget,
        ) -> Result<(Commitment<P>, Self), CommitError> {
            Self::with_randomness(code, rows, budget, zeros, random::elements)
        }

        /// [`Committed::new`] without any randomness.
        #[cfg(test)]
        pub(crate) fn new_bare(
            code: Code,
            rows: &dyn Rows,
            budget: Budget,
        ) -> Result<(Commitment<P>, Self), CommitError> {
            Self::with_randomness(code, rows, budget, zeros, zeros)
        }

        fn with_randomness(
            code: Code,
            rows: &dyn Rows,
            budget: Budget,
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
            let codewords = randomness.encode(rows);
            Ok(Self::build(randomness, budget, 0, codewords, salts))
        }

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
            let hidden = (shape.rows - shape.own) * shape.hidden;
            if stored.hidden.len() != hidden {
                return Err(CommitError::Parts {
                    what: "hidden coefficients",
                    expected: hidden,
                    found: stored.hidden.len(),
                });
            }
            let mut randomness = Randomness {
                code,
                shape,
                hidden: stored.hidden,
            };
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

        /// The randomness to store, from which [`Committed::restore`] makes the commitment again.
        #[must_use]
        pub fn stored(&self) -> Stored {
            let mut salts = Vec::new();
            if let Tree::Salted(data) = &self.tree {
                for pair in P::tree().get_matrices(data) {
                    salts.extend_from_slice(&pair.right.values);
                }
            }
            Stored {
                spent: self.spent,
                hidden: self.randomness.hidden.clone(),
                salts,
            }
        }

        fn build(
            randomness: Randomness,
            budget: Budget,
            spent: usize,
            codewords: Vec<F>,
            salts: Vec<F>,
        ) -> (Commitment<P>, Self) {
            static NEXT: AtomicU64 = AtomicU64::new(0);

            let codewords = RowMajorMatrix::new(codewords, randomness.shape.rows);
            let (root, tree) = if randomness.shape.salt() > 0 {
                let salts = RowMajorMatrix::new(salts, SALT);
                let (root, data) = P::tree().commit_matrix(HorizontalPair::new(codewords, salts));
                (root, Tree::Salted(data))
            } else {
                let (root, data) = P::tree().commit_matrix(codewords);
                (root, Tree::Public(data))
            };
            let identity = NEXT.fetch_add(1, Ordering::Relaxed);
            (
                Commitment { root },
                Self {
                    randomness,
                    budget,
                    spent,
                    identity,
                    tree,
                },
            )
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
        pub(in crate::opening) fn issued(&self, permit: &Permit) -> bool {
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
        pub(in crate::opening) const fn randomness(&self) -> &Randomness {
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

        /// Leaves at `positions`, row symbols then salt, and their Merkle paths.
        pub(in crate::opening) fn open(&self, positions: &[usize]) -> (Vec<Vec<F>>, Paths<P>) {
            let (leaves, paths) = match &self.tree {
                Tree::Salted(data) => P::tree().open_multi_batch(positions, data),
                Tree::Public(data) => P::tree().open_multi_batch(positions, data),
            };
            (
                leaves
                    .into_iter()
                    .map(|leaf| leaf.into_iter().flatten().collect())
                    .collect(),
                paths,
            )
        }
    }

    #[cfg(test)]
    #[expect(
        clippy::unnecessary_wraps,
        reason = "stands in for a source that may fail"
    )]
    fn zeros(count: usize) -> Result<Vec<F>, EntropyError> {
        Ok(F::zero_vec(count))
    }

    fn check(
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

    impl Randomness {
        /// Rows and hidden coefficients.
        pub(in crate::opening) const fn shape(&self) -> GroupShape {
            self.shape
        }

        /// Adds `weights[i] * row_i` over all rows to `sums`, for the coefficients from `start` on.
        ///
        /// Shapes: `weights` has `degree` base coordinates per row; `sums` is `[degree, block]`.
        pub(in crate::opening) fn accumulate(
            &self,
            rows: &dyn Rows,
            weights: &[F],
            start: usize,
            sums: &mut [F],
            block: usize,
        ) {
            let degree = sums.len() / block;
            let mut coefficients = vec![F::ZERO; block];
            for (row, weights) in weights.chunks_exact(degree).enumerate() {
                self.write(rows, row, start, &mut coefficients);
                for (&weight, sum) in weights.iter().zip(sums.chunks_exact_mut(block)) {
                    p3_field::add_scaled_slice_in_place(sum, &coefficients, weight);
                }
            }
        }

        /// Writes one block of coefficients of one row, the random ones included.
        fn write(&self, rows: &dyn Rows, row: usize, start: usize, coefficients: &mut [F]) {
            rows.write(row, start, coefficients);
            let first_hidden = self.code.len() - self.shape.hidden;
            let end = start + coefficients.len();
            if row < self.shape.rows - self.shape.own && end > first_hidden {
                let from = first_hidden.max(start);
                let tail = &mut coefficients[from - start..];
                debug_assert!(
                    tail.iter().all(|&c| c == F::ZERO),
                    "data where the group hides"
                );
                let offset = row * self.shape.hidden + from - first_hidden;
                tail.copy_from_slice(&self.hidden[offset..offset + tail.len()]);
            }
        }

        /// The codeword matrix `[positions, rows]` of all rows.
        fn encode(&self, rows: &dyn Rows) -> Vec<F> {
            let Self { code, shape, .. } = self;
            let width = shape.rows;
            let size = code.len() * width;
            let mut codewords = F::zero_vec(code.positions() * width);
            let mut scratch = RowMajorMatrix::new(F::zero_vec(size), width);
            let dft = Radix2DFTSmallBatch::new(code.len());
            // The coefficients wait in the segment that is encoded last.
            let last = (1 << code.log_inv_rate()) - 1;
            let (encoded, coefficients) = codewords.split_at_mut(last * size);
            self.fill(rows, coefficients);
            for (coset, segment) in encoded.chunks_exact_mut(size).enumerate() {
                shift(coefficients, width, code.shift(coset), &mut scratch.values);
                scratch = dft.dft_batch(scratch);
                copy(&scratch.values, segment);
            }
            shift(coefficients, width, code.shift(last), &mut scratch.values);
            scratch = dft.dft_batch(scratch);
            copy(&scratch.values, coefficients);
            codewords
        }

        /// Transposes all rows into `[coefficients, rows]`, by blocks that stay in cache.
        fn fill(&self, rows: &dyn Rows, matrix: &mut [F]) {
            let (block, width) = (BLOCK.min(self.code.len()), self.shape.rows);
            matrix
                .par_chunks_mut(block * width)
                .enumerate()
                .for_each(|(index, chunk)| {
                    let mut lines = [[F::ZERO; BLOCK]; LINE];
                    for first in (0..width).step_by(LINE) {
                        let count = LINE.min(width - first);
                        for (row, line) in lines.iter_mut().take(count).enumerate() {
                            self.write(rows, first + row, index * block, &mut line[..block]);
                        }
                        for (at, target) in chunk.chunks_exact_mut(width).enumerate() {
                            let target = &mut target[first..first + count];
                            for (symbol, line) in target.iter_mut().zip(&lines) {
                                *symbol = line[at];
                            }
                        }
                    }
                });
        }
    }

    /// Multiplies coefficient `b` of every row by `shift^b`.
    fn shift(coefficients: &[F], rows: usize, shift: F, target: &mut [F]) {
        target
            .par_chunks_mut(BLOCK * rows)
            .zip(coefficients.par_chunks(BLOCK * rows))
            .enumerate()
            .for_each(|(index, (target, source))| {
                let powers = shift.shifted_powers(shift.exp_u64((index * BLOCK) as u64));
                for ((target, source), power) in target
                    .chunks_exact_mut(rows)
                    .zip(source.chunks_exact(rows))
                    .zip(powers)
                {
                    target.copy_from_slice(source);
                    p3_field::scale_slice_in_place_single_core(target, power);
                }
            });
    }

    fn copy(source: &[F], target: &mut [F]) {
        const PIECE: usize = 1 << 14;
        target
            .par_chunks_mut(PIECE)
            .zip(source.par_chunks(PIECE))
            .for_each(|(target, source)| target.copy_from_slice(source));
    }
}
