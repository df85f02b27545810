//! The prover of whole proofs.

use alloc::boxed::Box;
use alloc::vec::Vec;

use rand::distr::{Distribution, StandardUniform};
use relation::{Assignment, Tensor, Violation};
use thiserror::Error;
use tracing::info_span;

use crate::description::{Description, degree};
use crate::masks::MaskRows;
use crate::opening::{
    self, Archive, Budget, BudgetSpent, CommitError, Commitment, Committed, GroupShape, Permit,
    Stored,
};
use crate::profile::random::{self, EntropyError};
use crate::profile::{F, Profile};
use crate::proof::Proof;
use crate::reject::Reject;
use crate::stack::{Group, GroupKind};
use crate::verify::{Statement, check_statement};

mod rows;
mod run;

pub(crate) use rows::GroupRows;
pub(crate) use run::Run;
#[cfg(test)]
pub(crate) use run::evaluate;

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum ProveError {
    /// The assignment does not fit the system, or violates a relation.
    #[error("the assignment does not satisfy the system: {0}")]
    Violation(#[from] Violation),
    /// The statement does not fit the description.
    #[error(transparent)]
    Statement(Reject),
    /// The relations do not hold: a proof would be rejected.
    #[error("the relations do not hold for the assignment: {0}")]
    Unsatisfied(Reject),
    /// The witness could not be committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A reusable commitment has no opening left.
    #[error(transparent)]
    Budget(#[from] BudgetSpent),
    /// The operating system gave no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The commitments could not be opened.
    #[error(transparent)]
    Opening(#[from] opening::ProveError),
}

/// A commitment made before the proof, with the right to open it once.
pub struct Reused<'a, P: Profile> {
    /// What the prover keeps of it.
    pub committed: &'a Committed<P>,
    /// Spent by the proof.
    pub permit: Permit,
}

/// Commits to the columns of a reusable group: the model or a sealed group.
///
/// `columns` are those of the whole system, in order; only the group's are read.
/// Errors: [`ProveError::Statement`] if the description has no such group.
pub fn commit<P: Profile>(
    description: &Description<P>,
    kind: GroupKind,
    columns: &[Tensor],
) -> Result<(Commitment<P>, Committed<P>), ProveError> {
    let group = find(description, kind)?;
    let rows = GroupRows::<P>::new(description, group, columns, None);
    Ok(Committed::new(
        *description.opening().code(),
        &rows,
        budget(description, group),
    )?)
}

/// Restores what [`commit`] made, from the same columns and the randomness that was stored.
///
/// Errors: [`ProveError::Statement`] if the description has no such group; [`ProveError::Commit`] if the columns or the
/// randomness are not those of `expected`.
pub fn restore<P: Profile>(
    description: &Description<P>,
    kind: GroupKind,
    columns: &[Tensor],
    stored: Stored,
    expected: &Commitment<P>,
) -> Result<Committed<P>, ProveError> {
    let group = find(description, kind)?;
    let rows = GroupRows::<P>::new(description, group, columns, None);
    Ok(Committed::restore(
        *description.opening().code(),
        &rows,
        budget(description, group),
        stored,
        expected,
    )?)
}

/// Restores what [`commit`] made, from the randomness that was stored and the archive of its tree.
///
/// Errors: [`ProveError::Statement`] if the description has no such group; [`ProveError::Commit`] if randomness or archive
/// are not those of `expected`.
pub fn restore_archived<P: Profile>(
    description: &Description<P>,
    kind: GroupKind,
    stored: Stored,
    archive: Box<dyn Archive>,
    expected: &Commitment<P>,
) -> Result<Committed<P>, ProveError> {
    let group = find(description, kind)?;
    let budget = budget(description, group);
    let shape = GroupShape {
        rows: group.layout.rows,
        own: 0,
        hidden: budget.hidden(),
    };
    let code = *description.opening().code();
    Ok(Committed::from_archive(
        code, shape, budget, stored, archive, expected,
    )?)
}

fn find<P: Profile>(description: &Description<P>, kind: GroupKind) -> Result<&Group, ProveError> {
    let missing = Reject::Statement {
        what: "groups of this kind",
        expected: 1,
        found: 0,
    };
    { description.stack().groups.iter() }
        .find(|group| group.kind == kind)
        .ok_or(ProveError::Statement(missing))
}

/// How often the group's commitment may be opened.
pub(crate) fn budget<P: Profile>(description: &Description<P>, group: &Group) -> Budget {
    let queries = description.opening().queries();
    Budget {
        queries,
        // Of the hidden coefficients one is never used up.
        uses: group.hidden.saturating_sub(1) / queries,
    }
}

/// Proves that `assignment` satisfies the description's system.
///
/// The multiplicities in `assignment` are computed here. `reused` are the groups of `commitments`, in stack order.
/// Cost: see the book's chapter on costs.
/// Errors: [`ProveError`]; an assignment that violates a relation gives no proof.
pub fn prove<P: Profile>(
    description: &Description<P>,
    assignment: &mut Assignment,
    commitments: &[Commitment<P>],
    reused: Vec<Reused<'_, P>>,
) -> Result<Proof<P>, ProveError>
where
    StandardUniform: Distribution<P::E>,
{
    info_span!("multiplicities").in_scope(|| description.system().multiplicities(assignment))?;
    let statement = Statement {
        publics: &assignment.statement,
        commitments,
    };
    check_statement(description, &statement).map_err(ProveError::Statement)?;
    let secret = match description.masks() {
        Some(shape) => Some(
            info_span!("randomness").in_scope(|| -> Result<_, EntropyError> {
                Ok(Secret {
                    masks: MaskRows::random::<F>(*shape, &mut random::generator()?),
                    polynomial: random::elements(degree::<P>() << description.stack().log_len)?,
                })
            })?,
        ),
        None => None,
    };
    Run {
        description,
        assignment,
        commitments,
        secret: secret.as_ref(),
        #[cfg(test)]
        liar: None,
    }
    .prove(reused)
}

/// The randomness of one proof.
pub(crate) struct Secret<E> {
    pub(crate) masks: MaskRows<E>,
    /// The mask polynomial, one row for each coordinate.
    pub(crate) polynomial: Vec<F>,
}
