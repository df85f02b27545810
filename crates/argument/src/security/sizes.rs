//! What the account is computed from: plain numbers, all known from a verifying key.

use serde::Serialize;

use super::Whir;
use crate::parameters::Others;

/// The most grinding that one site is credited with, in bits.
///
/// `2^16` hashes take a prover milliseconds; an attacker pays them for each new draw.
pub const MAX_GRINDING: usize = 16;

/// The field `E` that challenges are drawn from, over Goldilocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Extension {
    /// `|E| = p^2`, a little less than `2^128`.
    Quadratic,
    /// `|E| = p^3`, a little less than `2^192`: for statements too large for the quadratic one.
    Cubic,
}

impl Extension {
    /// The number of base-field coordinates of an element.
    #[must_use]
    pub const fn degree(self) -> usize {
        match self {
            Self::Quadratic => 2,
            Self::Cubic => 3,
        }
    }

    /// A lower bound on `log2 |E|`.
    ///
    /// `log2 p = 64 - 3.36e-10`; the bound used here is a little lower, so that the rounding of
    /// floating-point numbers can not raise a term above its true value.
    #[must_use]
    pub const fn log_size(self) -> f64 {
        const LOG_P: f64 = 63.999_999_999;
        match self {
            Self::Quadratic => 2.0 * LOG_P,
            Self::Cubic => 3.0 * LOG_P,
        }
    }
}

/// Bits of proof of work per site, outside the inner WHIR, which carries its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Grinding {
    /// Before the two lookup challenges, which are drawn together.
    pub lookup: usize,
    /// Before the positions at which the commitments are opened.
    pub query: usize,
}

/// The sizes of one statement and the parameters it is proven with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// The field of the challenges.
    pub extension: Extension,
    /// `log2` of the number of leaves of the fraction tree, padding included.
    pub log_fractions: usize,
    /// The degrees of the fingerprints of all rows and entries together; 0 without lookups.
    pub lookup_degree: usize,
    /// Coordinates of the point at which the relations are checked.
    pub point_variables: usize,
    /// Relations batched into the product sumcheck.
    pub products: usize,
    /// Rounds of the product sumcheck.
    pub product_rounds: usize,
    /// Claims batched into the claims sumcheck.
    pub claims: usize,
    /// Rounds of the claims sumcheck.
    pub claim_rounds: usize,
    /// Equations about the masks; 0 in the transparent mode.
    pub equations: usize,
    /// Product slots of the masks; 0 in the transparent mode.
    pub slots: usize,
    /// `log2` of the coefficients of one committed polynomial.
    pub log_len: usize,
    /// `log2` of one over the rate of the commitments.
    pub log_inv_rate: usize,
    /// Polynomials in all groups that are opened together, those that carry masks included.
    pub rows: usize,
    /// Positions at which the commitments are opened, drawn independently.
    pub queries: usize,
    /// Proof of work outside the inner WHIR.
    pub grinding: Grinding,
    /// The WHIR proof about the combination of the rows.
    pub whir: Whir,
    /// The arguments that the statement rests on besides this one.
    pub others: Others,
}
