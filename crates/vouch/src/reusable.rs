//! Commitments that take part in many proofs: the model's, and seals.

use crate::backend::{Backend, Held};
use crate::budget::{BudgetError, Counter};
use argument::opening::{Archive, Permit, Stored};
use argument::prove::ProveError as ArgumentError;
use argument::stack::GroupKind;
use program::{Certificate, ProgramError};
use relation::Tensor;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use thiserror::Error;

/// Why nothing was committed, certified or restored.
#[derive(Debug, Error)]
pub enum CommitError {
    /// A value lies outside of its interval, or a tensor has another shape.
    #[error(transparent)]
    Value(Box<ProgramError>),
    /// The commitment failed.
    #[error(transparent)]
    Argument(Box<ArgumentError>),
}

crate::boxed!(CommitError: Value(ProgramError), Argument(ArgumentError));

/// A commitment with all that it takes to open it, and the count of its openings.
pub(crate) struct Reusable {
    pub commitment: Vec<u8>,
    held: RwLock<Held>,
    counter: Mutex<Counter>,
}

impl Reusable {
    /// Commits to tensors that lie in their intervals.
    ///
    /// Errors: [`CommitError`].
    pub fn commit(
        (certificate, backend): (&Certificate, &dyn Backend),
        kind: GroupKind,
        values: &[Tensor],
        what: &'static str,
        proofs: usize,
    ) -> Result<Self, CommitError> {
        let columns = certificate.assign(values)?.columns;
        let (commitment, held) = backend.commit(kind, &columns)?;
        let counter = Counter::new(what, owner(&commitment), proofs);
        Ok(Self {
            commitment,
            held: RwLock::new(held),
            counter: Mutex::new(counter),
        })
    }

    /// Certifies that what was committed lies in its intervals, which takes the one opening that the counter does not know of.
    ///
    /// Errors: [`CommitError`]; there is no certificate for a value outside of its interval.
    pub fn certify(
        &mut self,
        (certificate, backend): (&Certificate, &dyn Backend),
        values: &[Tensor],
    ) -> Result<Vec<u8>, CommitError> {
        let mut assignment = certificate.assign(values)?;
        let held = self.held.get_mut().unwrap_or_else(PoisonError::into_inner);
        let permit = held.permit().map_err(ArgumentError::from)?;
        let reused = vec![(self.commitment.as_slice(), &*held, permit)];
        Ok(backend.prove(&mut assignment, reused)?)
    }

    /// Restores what [`Reusable::commit`] made.
    ///
    /// Errors: [`CommitError`] if tensors and randomness are not those of the commitment.
    pub fn restore(
        (certificate, backend): (&Certificate, &dyn Backend),
        kind: GroupKind,
        values: &[Tensor],
        (stored, commitment): (Stored, Vec<u8>),
        counter: Counter,
    ) -> Result<Self, CommitError> {
        let columns = certificate.assign(values)?.columns;
        let held = backend.restore(kind, &columns, stored, &commitment)?;
        Ok(Self {
            commitment,
            held: RwLock::new(held),
            counter: Mutex::new(counter),
        })
    }

    /// Restores what [`Reusable::commit`] made, its tree in an archive.
    ///
    /// Errors: [`CommitError`] if randomness and archive are not those of the commitment.
    pub fn restore_archived(
        backend: &dyn Backend,
        kind: GroupKind,
        archive: Box<dyn Archive>,
        (stored, commitment): (Stored, Vec<u8>),
        counter: Counter,
    ) -> Result<Self, CommitError> {
        let held = backend.restore_archived(kind, stored, archive, &commitment)?;
        Ok(Self {
            commitment,
            held: RwLock::new(held),
            counter: Mutex::new(counter),
        })
    }

    /// Spends one proof of the budget: first on disk, then in memory.
    ///
    /// Errors: [`BudgetError`].
    pub fn permit(&self) -> Result<Permit, BudgetError> {
        self.counter().spend()?;
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.permit().map_err(|spent| BudgetError::Spent {
            what: "commitment",
            allowed: spent.allowed,
        })
    }

    pub fn held(&self) -> RwLockReadGuard<'_, Held> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn stored(&self) -> Stored {
        self.held().stored()
    }

    /// Proofs that are left.
    ///
    /// Errors: [`BudgetError::File`].
    pub fn left(&self) -> Result<usize, BudgetError> {
        self.counter().left()
    }

    /// Moves the count to a file.
    ///
    /// Errors: [`BudgetError::File`].
    pub fn store(&self, path: &Path) -> Result<(), BudgetError> {
        self.counter().store(path)
    }

    fn counter(&self) -> MutexGuard<'_, Counter> {
        self.counter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Identifies a commitment in its counter file: its root, of random coefficients, is like no other.
pub(crate) fn owner(commitment: &[u8]) -> [u8; 32] {
    argument::profile::digest(&[b"vouch counter 1", commitment])
}

/// The counter file of a key or seal: beside it, with `.count` after its name.
pub(crate) fn counter_path(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".count");
    name.into()
}
