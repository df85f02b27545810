//! The argument behind one interface, whatever its profile.

use argument::description::{DescribeError, Description};
use argument::opening::Commitment;
use argument::parameters::Parameters;
use argument::profile::{Goldilocks2, Goldilocks3, Profile};
use argument::proof::Proof;
use argument::reject::Reject;
use argument::verify::{Statement, verify};
use relation::{System, Tensor};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[cfg(feature = "prove")]
use argument::opening::{Archive, ArchiveError, Committed, Permit, Stored};
#[cfg(feature = "prove")]
use argument::prove::{ProveError, Reused, commit, prove, restore, restore_archived};
#[cfg(feature = "prove")]
use argument::stack::GroupKind;
#[cfg(feature = "prove")]
use relation::Assignment;

/// Challenge field and hash of a key's proofs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Security {
    /// Challenges from the quadratic extension of Goldilocks; BLAKE3.
    Quadratic,
    /// Challenges from the cubic extension, for statements too large for the quadratic one; BLAKE3.
    Cubic,
}

/// A description of some profile.
pub(crate) trait Backend: Send + Sync {
    /// Length and size of everything, and the account.
    fn facts(&self) -> Facts;

    /// The security account as a table.
    fn account(&self) -> String;

    /// Verifies a proof; `commitments` are those of the groups before the witness.
    ///
    /// Errors: [`Reject`], whatever the bytes are.
    fn verify(&self, publics: &[Tensor], commitments: &[&[u8]], proof: &[u8])
    -> Result<(), Reject>;

    /// Commits to a group of the columns.
    #[cfg(feature = "prove")]
    fn commit(&self, kind: GroupKind, columns: &[Tensor]) -> Result<(Vec<u8>, Held), ProveError>;

    /// Restores a commitment to a group of the columns.
    #[cfg(feature = "prove")]
    fn restore(
        &self,
        kind: GroupKind,
        columns: &[Tensor],
        stored: Stored,
        commitment: &[u8],
    ) -> Result<Held, ProveError>;

    /// Restores a commitment whose tree lies in an archive.
    #[cfg(feature = "prove")]
    fn restore_archived(
        &self,
        kind: GroupKind,
        stored: Stored,
        archive: Box<dyn Archive>,
        commitment: &[u8],
    ) -> Result<Held, ProveError>;

    /// The bytes of a proof.
    #[cfg(feature = "prove")]
    fn prove(
        &self,
        assignment: &mut Assignment,
        reused: Vec<(&[u8], &Held, Permit)>,
    ) -> Result<Vec<u8>, ProveError>;
}

/// What a description says of its proofs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// Coefficients of a row: a power of two, of which this is the logarithm.
    pub log_len: usize,
    /// Symbols of the codeword of a row.
    pub positions: usize,
    /// Rows of the groups that exist before a proof, and of the one that a proof commits to.
    pub rows: [usize; 2],
    pub security_bits: f64,
}

/// The description of a system, in a context that its digest covers.
pub(crate) fn describe(
    security: Security,
    system: Arc<System>,
    parameters: Parameters,
    context: &[u8],
) -> Result<Box<dyn Backend>, DescribeError> {
    Ok(match security {
        Security::Quadratic => {
            Box::new(Description::<Goldilocks2>::new(system, parameters)?.within(context))
        }
        Security::Cubic => {
            Box::new(Description::<Goldilocks3>::new(system, parameters)?.within(context))
        }
    })
}

/// Reads a commitment: a Merkle root.
fn commitment<P: Profile>(bytes: &[u8]) -> Result<Commitment<P>, Reject> {
    let part = "commitment";
    let root: Commitment<P> = postcard::from_bytes(bytes).map_err(|_| Reject::Encoding { part })?;
    let is_canonical = crate::file::body(&root) == bytes;
    let is_canonical = is_canonical && P::digests(Some(&root.root), None).root == 1;
    is_canonical
        .then_some(root)
        .ok_or(Reject::Encoding { part })
}

fn commitments<'a, P: Profile>(
    all: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Vec<Commitment<P>>, Reject> {
    all.into_iter().map(commitment).collect()
}

impl<P: Choice> Backend for Description<P> {
    fn facts(&self) -> Facts {
        let groups = self.opening().groups();
        let witness = groups.last().map_or(0, |group| group.rows);
        let all: usize = groups.iter().map(|group| group.rows).sum();
        Facts {
            log_len: self.stack().log_len,
            positions: self.opening().code().positions(),
            rows: [all.saturating_sub(witness), witness],
            security_bits: self.account().total_bits(),
        }
    }

    fn account(&self) -> String {
        Description::account(self).to_string()
    }

    fn verify(&self, publics: &[Tensor], roots: &[&[u8]], proof: &[u8]) -> Result<(), Reject> {
        let proof = Proof::<P>::decode(proof, self)?;
        let statement = Statement {
            publics,
            commitments: &commitments(roots.iter().copied())?,
        };
        verify(self, &statement, &proof)
    }

    #[cfg(feature = "prove")]
    fn commit(&self, kind: GroupKind, columns: &[Tensor]) -> Result<(Vec<u8>, Held), ProveError> {
        let (commitment, committed) = commit(self, kind, columns)?;
        Ok((crate::file::body(&commitment), P::hold(committed)))
    }

    #[cfg(feature = "prove")]
    fn restore(
        &self,
        kind: GroupKind,
        columns: &[Tensor],
        stored: Stored,
        expected: &[u8],
    ) -> Result<Held, ProveError> {
        let expected = commitment(expected).map_err(ProveError::Statement)?;
        Ok(P::hold(restore(self, kind, columns, stored, &expected)?))
    }

    #[cfg(feature = "prove")]
    fn restore_archived(
        &self,
        kind: GroupKind,
        stored: Stored,
        archive: Box<dyn Archive>,
        expected: &[u8],
    ) -> Result<Held, ProveError> {
        let expected = commitment(expected).map_err(ProveError::Statement)?;
        let restored = restore_archived(self, kind, stored, archive, &expected)?;
        Ok(P::hold(restored))
    }

    #[cfg(feature = "prove")]
    fn prove(
        &self,
        assignment: &mut Assignment,
        reused: Vec<(&[u8], &Held, Permit)>,
    ) -> Result<Vec<u8>, ProveError> {
        let roots = reused.iter().map(|(bytes, ..)| *bytes);
        let roots = commitments(roots).map_err(ProveError::Statement)?;
        let mut groups = Vec::with_capacity(reused.len());
        for (_, held, permit) in reused {
            let committed = P::held(held).ok_or(ProveError::Statement(Reject::Statement {
                what: "commitments of this profile",
                expected: 1,
                found: 0,
            }))?;
            groups.push(Reused { committed, permit });
        }
        P::prove(self, assignment, &roots, groups)
    }
}

/// What the prover keeps of a commitment, of whichever profile.
#[cfg(feature = "prove")]
pub(crate) enum Held {
    Quadratic(Committed<Goldilocks2>),
    Cubic(Committed<Goldilocks3>),
}

#[cfg(feature = "prove")]
impl Held {
    pub(crate) fn permit(&mut self) -> Result<Permit, argument::opening::BudgetSpent> {
        match self {
            Self::Quadratic(committed) => committed.permit(),
            Self::Cubic(committed) => committed.permit(),
        }
    }

    pub(crate) fn stored(&self) -> Stored {
        match self {
            Self::Quadratic(committed) => committed.stored(),
            Self::Cubic(committed) => committed.stored(),
        }
    }

    pub(crate) fn archive_bytes(&self) -> u64 {
        match self {
            Self::Quadratic(committed) => committed.archive_bytes(),
            Self::Cubic(committed) => committed.archive_bytes(),
        }
    }

    pub(crate) fn archive<E: From<ArchiveError>>(
        &self,
        write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Quadratic(committed) => committed.archive(write),
            Self::Cubic(committed) => committed.archive(write),
        }
    }
}

/// The profiles that keys can have.
#[cfg(feature = "prove")]
pub(crate) trait Choice: Profile {
    fn hold(committed: Committed<Self>) -> Held;
    fn held(held: &Held) -> Option<&Committed<Self>>;
    fn prove(
        description: &Description<Self>,
        assignment: &mut Assignment,
        commitments: &[Commitment<Self>],
        reused: Vec<Reused<'_, Self>>,
    ) -> Result<Vec<u8>, ProveError>;
}

/// The profiles that keys can have.
#[cfg(not(feature = "prove"))]
pub(crate) trait Choice: Profile {}

macro_rules! choice {
    ($profile:ident, $variant:ident) => {
        #[cfg(not(feature = "prove"))]
        impl Choice for $profile {}

        #[cfg(feature = "prove")]
        impl Choice for $profile {
            fn hold(committed: Committed<Self>) -> Held {
                Held::$variant(committed)
            }

            fn held(held: &Held) -> Option<&Committed<Self>> {
                match held {
                    Held::$variant(committed) => Some(committed),
                    _ => None,
                }
            }

            fn prove(
                description: &Description<Self>,
                assignment: &mut Assignment,
                commitments: &[Commitment<Self>],
                reused: Vec<Reused<'_, Self>>,
            ) -> Result<Vec<u8>, ProveError> {
                Ok(prove(description, assignment, commitments, reused)?.encode())
            }
        }
    };
}

choice!(Goldilocks2, Quadratic);
choice!(Goldilocks3, Cubic);
