//! The normal form of views, and their validation.

use super::axis::{Axis, MAX_VALUE, last, wide};
use super::{Arrangement, Source, View, ViewError};
use crate::shape;
use alloc::vec::Vec;

/// The most digits and the most guards that a view may have.
const MAX_DIGITS: usize = 64;

/// Tightening reaches its fixpoint in a few rounds, or converges too slowly to be worth it.
const MAX_ROUNDS: usize = 16;

const fn limit(what: &'static str) -> ViewError {
    ViewError::Limit { what }
}

impl View {
    /// Checks everything that the other methods rely on; deserialising runs it.
    ///
    /// Errors: [`ViewError::Limit`].
    pub fn validate(&self) -> Result<(), ViewError> {
        let shapes = [self.shape(), self.source_shape()];
        if shapes.iter().any(|shape| shape::len(shape).is_none()) {
            return Err(limit(
                "expected at most 16 axes, none empty, and at most 2^40 elements",
            ));
        }
        if self.source == Source::One && !self.source_axes.is_empty() {
            return Err(limit("the constant one is a scalar"));
        }
        if self.digits.len() > MAX_DIGITS || self.guards.len() > MAX_DIGITS {
            return Err(limit("expected at most 64 digits and 64 guards"));
        }
        // The number of digit values bounds every count of entries, so that counts cannot overflow.
        let values = self.digits.iter().try_fold(1u64, |product, &size| {
            product
                .checked_mul(u64::try_from(size).ok()?)
                .filter(|&product| product <= 1 << 60)
        });
        if values.is_none() {
            return Err(limit("expected at most 2^60 digit values"));
        }
        self.axes().try_for_each(|axis| self.validate_axis(axis))
    }

    fn validate_axis(&self, axis: &Axis) -> Result<(), ViewError> {
        let extent = u64::try_from(axis.extent).unwrap_or(u64::MAX);
        if !(1..=shape::MAX_LEN).contains(&extent) {
            return Err(limit("expected an extent of at least 1 and at most 2^40"));
        }
        let known = axis
            .terms
            .iter()
            .all(|&(digit, stride)| digit < self.digits.len() && stride != 0);
        let sorted = axis.terms.is_sorted_by(|a, b| a.0 < b.0);
        if !known || !sorted {
            return Err(limit(
                "expected nonzero strides of known digits in increasing order",
            ));
        }
        let mut reach = i128::from(axis.offset).abs();
        for &(digit, stride) in &axis.terms {
            let stride = i128::from(stride).abs();
            reach = reach.saturating_add(stride.saturating_mul(last(&self.digits, digit).max(1)));
        }
        if reach > MAX_VALUE {
            return Err(limit("expected indices below 2^46"));
        }
        Ok(())
    }

    pub(super) fn axes(&self) -> impl Iterator<Item = &Axis> {
        self.output
            .iter()
            .chain(&self.source_axes)
            .chain(&self.guards)
    }

    fn axes_mut(&mut self) -> impl Iterator<Item = &mut Axis> {
        let Arrangement {
            output,
            source_axes,
            guards,
            ..
        } = self.own();
        output.iter_mut().chain(source_axes).chain(guards)
    }

    /// A digit of the given size; its number.
    pub(super) fn add_digit(&mut self, size: usize) -> usize {
        self.own().digits.push(size);
        self.digits.len() - 1
    }

    /// Replaces a digit by a form wherever it occurs, and guards that the form is one of its values.
    ///
    /// The digit itself stays, with the single value zero, until the view is normalised.
    pub(super) fn substitute(&mut self, digit: usize, form: &Axis) -> Result<(), ViewError> {
        let Some(size) = self.own().digits.get_mut(digit) else {
            return Ok(());
        };
        let guard = Axis {
            extent: core::mem::replace(size, 1),
            ..form.clone()
        };
        for axis in self.axes_mut() {
            axis.substitute(digit, form)?;
        }
        self.own().guards.push(guard);
        Ok(())
    }

    /// Restricts the digits to those for which `form` is zero.
    ///
    /// A digit among `candidates` with stride 1 or -1 is eliminated: the largest such digit, as each
    /// digit that is left is a loop. Without one the restriction becomes a guard.
    pub(super) fn equate_to_zero(
        &mut self,
        mut form: Axis,
        candidates: impl Fn(usize) -> bool,
    ) -> Result<(), ViewError> {
        let size = |digit: usize| self.digits.get(digit).copied().unwrap_or(0);
        let unit = form
            .terms
            .iter()
            .filter(|term| term.1.abs() == 1 && candidates(term.0));
        let best = unit.max_by_key(|term| size(term.0)).copied();
        let Some((digit, stride)) = best else {
            self.own().guards.push(Axis { extent: 1, ..form });
            return Ok(());
        };
        form.terms.retain(|term| term.0 != digit);
        let mut solution = Axis::unit();
        solution.add(&form, -stride)?;
        self.substitute(digit, &solution)
    }

    /// Leaves a guard behind for an output axis that is about to accept more than it did.
    pub(super) fn protect(&mut self, axis: usize) {
        if let Some(output) = self.output.get(axis)
            && !output.always_in_range(&self.digits)
        {
            let guard = output.clone();
            self.own().guards.push(guard);
        }
    }

    /// Tightens the digits, folds those with one value, drops guards that always hold, and validates.
    ///
    /// Errors: [`ViewError::Limit`].
    pub(super) fn normalised(mut self) -> Result<Self, ViewError> {
        // Bounds must be meaningful before they are used.
        self.validate()?;
        for _ in 0..MAX_ROUNDS {
            match self.tighten()? {
                Tightened::Same => break,
                Tightened::More => {}
                Tightened::Nothing => return Ok(self.zero()),
            }
        }
        self.drop_guards();
        self.drop_digits();
        self.validate()?;
        Ok(self)
    }

    /// The zero view of the same shapes.
    fn zero(mut self) -> Self {
        self.own().guards.clear();
        self.own().digits = alloc::vec![0];
        for axis in self.axes_mut() {
            axis.offset = 0;
            axis.terms.clear();
        }
        self
    }

    /// Whether no digit value is left.
    pub(super) fn is_zero(&self) -> bool {
        self.digits.contains(&0)
    }

    /// Removes digit values that leave the range of some axis whatever the other digits are.
    fn tighten(&mut self) -> Result<Tightened, ViewError> {
        let mut ranges: Vec<(i128, i128)> = self
            .digits
            .iter()
            .map(|&size| (0, wide(size) - 1))
            .collect();
        if self.is_zero() {
            return Ok(Tightened::Nothing);
        }
        for axis in self.axes() {
            let (min, max) = axis.bounds(&self.digits);
            let end = wide(axis.extent) - 1;
            if max < 0 || min > end {
                return Ok(Tightened::Nothing);
            }
            for &(digit, stride) in &axis.terms {
                let stride = i128::from(stride);
                let reach = stride * last(&self.digits, digit);
                let (others_min, others_max) = (min - reach.min(0), max - reach.max(0));
                // stride * value lies in [-others_max, end - others_min].
                let (lo, hi) = quotient_range(-others_max, end - others_min, stride);
                if let Some(range) = ranges.get_mut(digit) {
                    *range = (range.0.max(lo), range.1.min(hi));
                }
            }
        }
        let mut outcome = Tightened::Same;
        for (digit, (lo, hi)) in ranges.into_iter().enumerate() {
            if hi < lo {
                return Ok(Tightened::Nothing);
            }
            if (lo, hi) == (0, last(&self.digits, digit)) {
                continue;
            }
            outcome = Tightened::More;
            let offset = i64::try_from(lo).map_err(|_| limit("an offset overflows"))?;
            let size = usize::try_from(hi - lo + 1).map_err(|_| limit("a size overflows"))?;
            let shifted = Axis {
                extent: size,
                offset,
                terms: alloc::vec![(digit, 1)],
            };
            for axis in self.axes_mut() {
                axis.substitute(digit, &shifted)?;
            }
            if let Some(entry) = self.own().digits.get_mut(digit) {
                *entry = size;
            }
        }
        Ok(outcome)
    }

    /// Drops the guards that hold for all digit values or follow from another axis.
    fn drop_guards(&mut self) {
        let mut at = 0;
        while let Some(guard) = self.guards.get(at) {
            let implied = |axis: &Axis| !core::ptr::eq(axis, guard) && axis.implies(guard);
            if guard.always_in_range(&self.digits) || self.axes().any(implied) {
                self.own().guards.swap_remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Folds the digits that have one value and numbers the others anew.
    fn drop_digits(&mut self) {
        if !self.digits.contains(&1) {
            return;
        }
        let kept: Vec<bool> = self.digits.iter().map(|&size| size != 1).collect();
        let mut next = 0;
        let number: Vec<Option<usize>> = { kept.iter() }
            .map(|&kept| {
                let number = kept.then_some(next);
                next += usize::from(kept);
                number
            })
            .collect();
        for axis in self.axes_mut() {
            let renumber = |&(digit, stride): &(usize, i64)| Some(((*number.get(digit)?)?, stride));
            axis.terms = axis.terms.iter().filter_map(renumber).collect();
        }
        self.own().digits.retain(|&size| size != 1);
    }
}

/// What tightening did.
enum Tightened {
    Same,
    More,
    /// No digit value is left.
    Nothing,
}

/// The integers `v` with `lo <= stride * v <= hi`, as an inclusive range.
pub(super) fn quotient_range(lo: i128, hi: i128, stride: i128) -> (i128, i128) {
    let (lo, hi) = if stride < 0 { (-hi, -lo) } else { (lo, hi) };
    let stride = stride.abs();
    (-((-lo).div_euclid(stride)), hi.div_euclid(stride))
}
