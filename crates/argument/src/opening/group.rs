//! Groups of polynomials that are committed together, and how often each may be opened.

use serde::{Deserialize, Serialize};

use crate::profile::{Profile, Root, UNKNOWNS};

/// How many rows a group has and how many coefficients of each are random.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupShape {
    /// Polynomials in the group.
    pub rows: usize,
    /// How many of them, the last ones, bring the randomness that hides them along in their coefficients.
    pub own: usize,
    /// Uniform coefficients at the end of each row; zero for a group that hides nothing, whose leaves then carry no salt
    /// either.
    pub hidden: usize,
}

/// The uniform coefficients that each row needs to be opened `uses` times at `queries` positions: one for each value that
/// is ever revealed of it, and one more, so that each value which is not remains uniform. None for no uses: nothing is
/// hidden then.
#[must_use]
pub const fn hidden(queries: usize, uses: usize) -> usize {
    if uses == 0 {
        0
    } else {
        queries.saturating_mul(uses).saturating_add(1)
    }
}

impl GroupShape {
    /// Elements in one Merkle leaf: a symbol of every row and the salt.
    #[must_use]
    pub const fn leaf(&self) -> usize {
        self.rows.saturating_add(self.salt())
    }

    /// Elements of salt in one Merkle leaf: with the rows that have hidden coefficients at least [`UNKNOWNS`].
    #[must_use]
    pub const fn salt(&self) -> usize {
        if self.hidden > 0 {
            UNKNOWNS.saturating_sub(self.rows.saturating_sub(self.own))
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
