//! How often a commitment may be opened, and the right to open it once.

use thiserror::Error;

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

    /// Uniform coefficients that each row needs.
    #[must_use]
    pub const fn hidden(&self) -> usize {
        super::group::hidden(self.queries, self.uses)
    }
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
    pub(super) of: u64,
}
