//! Affine forms in the digits of a view.

use super::ViewError;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// An affine form `offset + sum stride * digit`, in range if it is at least zero and below `extent`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Axis {
    pub(super) extent: usize,
    pub(super) offset: i64,
    /// Digit and nonzero stride, by increasing digit, no digit twice.
    pub(super) terms: Vec<(usize, i64)>,
}

/// No stride, and no value that an axis takes, is larger than this.
pub(super) const MAX_VALUE: i128 = 1 << 46;

impl Axis {
    /// The form that is constantly zero, of an axis of size 1.
    pub(super) const fn unit() -> Self {
        Self {
            extent: 1,
            offset: 0,
            terms: Vec::new(),
        }
    }

    /// The stride of a digit, zero if it does not occur.
    pub(super) fn stride(&self, digit: usize) -> i64 {
        self.terms
            .iter()
            .find(|term| term.0 == digit)
            .map_or(0, |term| term.1)
    }

    /// Adds `factor` times another form (its extent does not matter).
    pub(super) fn add(&mut self, other: &Self, factor: i64) -> Result<(), ViewError> {
        const LIMIT: ViewError = ViewError::Limit {
            what: "a stride or an offset overflows",
        };
        let sum = |a: i64, b: i64| b.checked_mul(factor).and_then(|b| a.checked_add(b));
        self.offset = sum(self.offset, other.offset).ok_or(LIMIT)?;
        for &(digit, stride) in &other.terms {
            match self.terms.binary_search_by_key(&digit, |term| term.0) {
                Ok(at) => {
                    if let Some(term) = self.terms.get_mut(at) {
                        term.1 = sum(term.1, stride).ok_or(LIMIT)?;
                    }
                }
                Err(at) => self.terms.insert(at, (digit, sum(0, stride).ok_or(LIMIT)?)),
            }
        }
        self.terms.retain(|term| term.1 != 0);
        Ok(())
    }

    /// Replaces a digit by a form.
    pub(super) fn substitute(&mut self, digit: usize, form: &Self) -> Result<(), ViewError> {
        let stride = self.stride(digit);
        self.terms.retain(|term| term.0 != digit);
        if stride == 0 {
            Ok(())
        } else {
            self.add(form, stride)
        }
    }

    /// The smallest and largest value over all digit values; no digit may have size zero.
    pub(super) fn bounds(&self, digits: &[usize]) -> (i128, i128) {
        let mut bounds = (i128::from(self.offset), i128::from(self.offset));
        for &(digit, stride) in &self.terms {
            let last = last(digits, digit);
            let reach = i128::from(stride).saturating_mul(last);
            bounds.0 = bounds.0.saturating_add(reach.min(0));
            bounds.1 = bounds.1.saturating_add(reach.max(0));
        }
        bounds
    }

    /// Whether the form is in range for all digit values.
    pub(super) fn always_in_range(&self, digits: &[usize]) -> bool {
        let (lo, hi) = self.bounds(digits);
        lo >= 0 && hi < wide(self.extent)
    }

    /// Whether being in range makes `other` be in range, as the two forms differ by a constant or a
    /// sign only.
    pub(super) fn implies(&self, other: &Self) -> bool {
        let range = |axis: &Self| {
            let lo = -i128::from(axis.offset);
            (lo, lo + wide(axis.extent) - 1)
        };
        let ((lo, hi), (other_lo, other_hi)) = (range(self), range(other));
        if self.terms == other.terms {
            return other_lo <= lo && hi <= other_hi;
        }
        let negated =
            |(a, b): (&(usize, i64), &(usize, i64))| a.0 == b.0 && Some(a.1) == b.1.checked_neg();
        self.terms.len() == other.terms.len()
            && self.terms.iter().zip(&other.terms).all(negated)
            && other_lo <= -hi
            && -lo <= other_hi
    }

    /// Whether the values of the form are consecutive integers, each taken once, when its digits run
    /// through all their values.
    pub(super) fn is_dense(&self, digits: &[usize]) -> bool {
        let mut terms = self.terms.clone();
        terms.sort_by_key(|term| term.1.unsigned_abs());
        let mut next = 1i128;
        terms.iter().all(|&(digit, stride)| {
            let fits = i128::from(stride).abs() == next;
            next = next.saturating_mul(last(digits, digit) + 1);
            fits
        })
    }

    /// Whether no value of the form is taken twice when its digits run through all their values.
    pub(super) fn is_injective(&self, digits: &[usize]) -> bool {
        let mut terms = self.terms.clone();
        terms.sort_by_key(|term| term.1.unsigned_abs());
        let mut reach = 0i128;
        terms.iter().all(|&(digit, stride)| {
            let stride = i128::from(stride).abs();
            let apart = stride > reach;
            reach = reach.saturating_add(stride.saturating_mul(last(digits, digit)));
            apart
        })
    }
}

/// A size as a wide integer.
pub(super) fn wide(size: usize) -> i128 {
    i128::try_from(size).unwrap_or(i128::MAX)
}

/// The largest value of a digit.
pub(super) fn last(digits: &[usize], digit: usize) -> i128 {
    digits.get(digit).map_or(0, |&size| wide(size) - 1)
}
