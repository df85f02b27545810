//! What the relations of a node cost the prover.

use std::iter::Sum;

/// Committed integers and lookups: nearly all of what a proof costs beside its matrix products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Integers that a proof commits to, but for the counts of tables.
    pub committed: usize,
    /// Lookups.
    pub lookups: usize,
}

impl Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), |sum, cost| Self {
            committed: sum.committed.saturating_add(cost.committed),
            lookups: sum.lookups.saturating_add(cost.lookups),
        })
    }
}
