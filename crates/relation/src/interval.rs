//! Intervals of integers: `i64` where they are declared, checked `i128` where they are computed.

use serde::{Deserialize, Serialize};

/// The modulus of the field that relations are proven in, `2^64 - 2^32 + 1`.
///
/// It is data here, not arithmetic: a relation is accepted only if it cannot wrap modulo it.
pub const MODULUS: i128 = (1 << 64) - (1 << 32) + 1;

/// A closed interval `lo..=hi` of integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// The smallest member.
    pub lo: i64,
    /// The largest member.
    pub hi: i64,
}

impl Interval {
    /// The interval `lo..=hi`; it is empty, and no system accepts it, if `lo > hi`.
    pub const fn new(lo: i64, hi: i64) -> Self {
        Self { lo, hi }
    }

    /// Whether `value` is a member.
    pub const fn contains(&self, value: i64) -> bool {
        self.lo <= value && value <= self.hi
    }
}

/// An interval of integers that are computed: every operation is checked, `None` on overflow.
///
/// Saturating would be unsound: a bound that was cut short can be cancelled by a later addition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    /// A lower bound.
    pub lo: i128,
    /// An upper bound.
    pub hi: i128,
}

impl From<Interval> for Wide {
    fn from(interval: Interval) -> Self {
        Self {
            lo: interval.lo.into(),
            hi: interval.hi.into(),
        }
    }
}

impl Wide {
    /// The interval that holds zero alone.
    pub const ZERO: Self = Self { lo: 0, hi: 0 };

    /// All sums of a member of each.
    pub fn plus(self, other: Self) -> Option<Self> {
        let lo = self.lo.checked_add(other.lo)?;
        Some(Self {
            lo,
            hi: self.hi.checked_add(other.hi)?,
        })
    }

    /// All negated members.
    pub fn negate(self) -> Option<Self> {
        Some(Self {
            lo: self.hi.checked_neg()?,
            hi: self.lo.checked_neg()?,
        })
    }

    /// All members times `factor`.
    pub fn scale(self, factor: i128) -> Option<Self> {
        let (a, b) = (self.lo.checked_mul(factor)?, self.hi.checked_mul(factor)?);
        Some(Self {
            lo: a.min(b),
            hi: a.max(b),
        })
    }

    /// A bound on all products of a member of each.
    pub fn multiply(self, other: Self) -> Option<Self> {
        let (a, b) = (self.scale(other.lo)?, self.scale(other.hi)?);
        Some(a.hull(b))
    }

    /// The smallest interval that holds both.
    pub fn hull(self, other: Self) -> Self {
        Self {
            lo: self.lo.min(other.lo),
            hi: self.hi.max(other.hi),
        }
    }

    /// Whether every member of `self` is a member of `other`.
    pub fn within(self, other: Self) -> bool {
        other.lo <= self.lo && self.hi <= other.hi
    }

    /// Whether every member lies strictly between `-bound` and `bound`.
    pub fn below(self, bound: i128) -> bool {
        -bound < self.lo && self.hi < bound
    }
}
