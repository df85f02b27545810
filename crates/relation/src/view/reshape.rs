//! Reshaping a view: merging and splitting axes row-major.

use super::axis::{Axis, wide};
use super::build::signed;
use super::{View, ViewError};
use crate::shape;
use alloc::vec::Vec;

impl View {
    /// The same elements in row-major order under another shape.
    ///
    /// Axes that the two shapes have in common stay separate. Axes that merge stay one axis of mixed
    /// radix, and their source axes become one component; splitting them again along the same, or
    /// any compatible, radix separates them again.
    ///
    /// Errors: [`ViewError::Length`], [`ViewError::Limit`].
    pub fn reshape(mut self, shape: &[usize]) -> Result<Self, ViewError> {
        let old = self.shape();
        let expected = shape::len(&old).unwrap_or(0);
        if shape::len(shape) != Some(expected) {
            return Err(ViewError::Length {
                shape: shape.to_vec(),
                expected,
            });
        }
        // Groups are replaced in place; `at` is the first axis that is still old.
        let mut at = 0;
        for (merged, split) in groups(&old, shape) {
            match (merged.len(), split.len()) {
                (1, 1) => at += 1,
                _ => {
                    self.merge(at, merged)?;
                    at = self.split(at, split)?;
                }
            }
        }
        self.normalised()
    }

    /// Replaces the axes from `at` on, as many as `sizes`, by one axis.
    fn merge(&mut self, at: usize, sizes: &[usize]) -> Result<(), ViewError> {
        let mut merged = Axis::unit();
        for (leading, &size) in sizes.iter().enumerate() {
            // An index out of its range would come back as one of another row. The leading one
            // cannot: it leads out of the range of the merged axis.
            if leading > 0 {
                self.protect(at);
            }
            if at >= self.output.len() {
                break;
            }
            let axis = self.own().output.remove(at);
            let mut next = Axis {
                extent: merged.extent.saturating_mul(size),
                ..Axis::unit()
            };
            next.add(&merged, signed(size)?)?;
            next.add(&axis, 1)?;
            merged = next;
        }
        self.own().output.insert(at, merged);
        Ok(())
    }

    /// Replaces the axis at `at` by axes of the given sizes; the position after the last of them.
    fn split(&mut self, at: usize, sizes: &[usize]) -> Result<usize, ViewError> {
        if sizes.is_empty() {
            self.protect(at);
            self.own().output.remove(at);
            return Ok(at);
        }
        let mut at = at;
        let mut inner: usize = sizes.iter().product();
        for &size in sizes.iter().take(sizes.len() - 1) {
            inner /= size.max(1);
            self.split_in_two(at, inner)?;
            at += 1;
        }
        Ok(at + 1)
    }

    /// Splits the axis at `at` into the quotient and the remainder of its index by `inner`.
    fn split_in_two(&mut self, at: usize, inner: usize) -> Result<(), ViewError> {
        self.refine(at, inner)?;
        let Some(form) = self.output.get(at).cloned() else {
            return Ok(());
        };
        let by = signed(inner)?;
        let outer = form.extent / inner.max(1);
        let mut high = Axis {
            extent: outer,
            ..Axis::unit()
        };
        let mut low = Axis {
            extent: inner,
            ..Axis::unit()
        };
        (high.offset, low.offset) = (form.offset.div_euclid(by), form.offset.rem_euclid(by));
        for &(digit, stride) in &form.terms {
            match stride % by {
                0 => high.terms.push((digit, stride / by)),
                _ => low.terms.push((digit, stride)),
            }
        }
        if !low.always_in_range(&self.digits) {
            // The digits carry from one part into the other: quotient and remainder become digits.
            let known = self.digits.len();
            let (quotient, remainder) = (self.add_digit(outer), self.add_digit(inner));
            high = Axis {
                terms: alloc::vec![(quotient, 1)],
                offset: 0,
                ..high
            };
            low = Axis {
                terms: alloc::vec![(remainder, 1)],
                offset: 0,
                ..low
            };
            let mut difference = form;
            difference.add(&high, -by)?;
            difference.add(&low, -1)?;
            self.equate_to_zero(difference, |digit| digit < known)?;
        }
        self.own().output.splice(at..=at, [high, low]);
        Ok(())
    }

    /// Makes the strides of an axis positive and cuts the digits that straddle a multiple of `inner`.
    fn refine(&mut self, at: usize, inner: usize) -> Result<(), ViewError> {
        let terms = self
            .output
            .get(at)
            .map(|axis| axis.terms.clone())
            .unwrap_or_default();
        for (digit, stride) in terms {
            let size = self.digits.get(digit).copied().unwrap_or(0);
            if stride < 0 && size > 1 {
                let flipped = self.add_digit(size);
                let offset = signed(size - 1)?;
                let form = Axis {
                    offset,
                    terms: alloc::vec![(flipped, -1)],
                    ..Axis::unit()
                };
                self.substitute(digit, &form)?;
            }
        }
        let by = signed(inner)?;
        let terms = self
            .output
            .get(at)
            .map(|axis| axis.terms.clone())
            .unwrap_or_default();
        for (digit, stride) in terms {
            let size = self.digits.get(digit).copied().unwrap_or(0);
            let reach = i128::from(stride) * wide(size);
            if stride <= 0 || by % stride != 0 || reach <= i128::from(by) || stride == by {
                continue;
            }
            let radix = usize::try_from(by / stride).unwrap_or(usize::MAX);
            let (high, low) = (self.add_digit(size.div_ceil(radix)), self.add_digit(radix));
            let terms = alloc::vec![(high, signed(radix)?), (low, 1)];
            self.substitute(
                digit,
                &Axis {
                    terms,
                    ..Axis::unit()
                },
            )?;
        }
        Ok(())
    }
}

/// Pairs the axes of two shapes of one length: the smallest groups with equal products.
fn groups<'a>(old: &'a [usize], new: &'a [usize]) -> Vec<(&'a [usize], &'a [usize])> {
    let mut groups = Vec::new();
    let (mut old, mut new) = (old, new);
    while !old.is_empty() || !new.is_empty() {
        let (mut i, mut j) = (old.len().min(1), new.len().min(1));
        loop {
            let (a, b): (usize, usize) = (product(old, i), product(new, j));
            if a < b && i < old.len() {
                i += 1;
            } else if b < a && j < new.len() {
                j += 1;
            } else {
                break;
            }
        }
        let ((merged, old_rest), (split, new_rest)) = (old.split_at(i), new.split_at(j));
        groups.push((merged, split));
        (old, new) = (old_rest, new_rest);
    }
    groups
}

fn product(sizes: &[usize], count: usize) -> usize {
    sizes.iter().take(count).product()
}
