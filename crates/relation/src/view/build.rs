//! The builders of views.

use super::axis::Axis;
use super::{View, ViewError};

impl View {
    fn check_axis(&self, axis: usize) -> Result<usize, ViewError> {
        let rank = self.output.len();
        self.output
            .get(axis)
            .map(|axis| axis.extent)
            .ok_or(ViewError::Axis { axis, rank })
    }

    fn replace(&mut self, axis: usize, form: Axis) {
        if let Some(entry) = self.own().output.get_mut(axis) {
            *entry = form;
        }
    }

    fn form(&self, axis: usize) -> Axis {
        self.output.get(axis).cloned().unwrap_or_else(Axis::unit)
    }

    /// Axis `a` of the result is axis `order[a]` of the tensor.
    ///
    /// Errors: [`ViewError::Permutation`].
    pub fn permute(mut self, order: &[usize]) -> Result<Self, ViewError> {
        let rank = self.output.len();
        let mut seen = alloc::vec![false; rank];
        let fresh = |&axis: &usize| {
            seen.get_mut(axis)
                .is_some_and(|seen| !core::mem::replace(seen, true))
        };
        if order.len() != rank || !order.iter().all(fresh) {
            return Err(ViewError::Permutation {
                found: order.to_vec(),
                rank,
            });
        }
        self.own().output = order.iter().map(|&axis| self.form(axis)).collect();
        self.normalised()
    }

    /// Elements `start, start + step, ...` of an axis, `len` of them.
    ///
    /// Errors: [`ViewError::Axis`], [`ViewError::Zero`], [`ViewError::Reach`].
    pub fn slice(
        mut self,
        axis: usize,
        start: usize,
        len: usize,
        step: usize,
    ) -> Result<Self, ViewError> {
        let size = self.check_axis(axis)?;
        nonzero(len, "the length of a slice")?;
        nonzero(step, "the step of a slice")?;
        let reach = (len - 1)
            .checked_mul(step)
            .and_then(|last| last.checked_add(start));
        let expected = reach
            .and_then(|last| last.checked_add(1))
            .unwrap_or(usize::MAX);
        if expected > size {
            return Err(ViewError::Reach {
                axis,
                size,
                expected,
            });
        }
        let mut form = self.form(axis);
        form.offset -= signed(start)?;
        if step == 1 || len == 1 {
            // What the slice leaves out is out of range of the shorter axis.
            self.replace(
                axis,
                Axis {
                    extent: len,
                    ..form
                },
            );
        } else {
            let known = self.digits.len();
            let digit = self.add_digit(len);
            let sliced = Axis {
                extent: len,
                offset: 0,
                terms: alloc::vec![(digit, 1)],
            };
            form.add(&sliced, -signed(step)?)?;
            self.replace(axis, sliced);
            self.equate_to_zero(form, |digit| digit < known)?;
        }
        self.normalised()
    }

    /// Puts `before` zeros before and `after` zeros after an axis.
    ///
    /// Errors: [`ViewError::Axis`], [`ViewError::Limit`].
    pub fn pad(mut self, axis: usize, before: usize, after: usize) -> Result<Self, ViewError> {
        let size = self.check_axis(axis)?;
        let extent = size
            .checked_add(before)
            .and_then(|size| size.checked_add(after));
        let extent = extent.ok_or(ViewError::Limit {
            what: "a padded axis overflows",
        })?;
        self.protect(axis);
        let mut form = self.form(axis);
        form.add(
            &Axis {
                offset: signed(before)?,
                ..Axis::unit()
            },
            1,
        )?;
        self.replace(axis, Axis { extent, ..form });
        self.normalised()
    }

    /// Puts `step - 1` zeros between neighbours of an axis: element `i` moves to `i * step`.
    ///
    /// A transposed convolution is a convolution after this. The size becomes
    /// `(size - 1) * step + 1`.
    ///
    /// Errors: [`ViewError::Axis`], [`ViewError::Zero`], [`ViewError::Limit`].
    pub fn dilate(mut self, axis: usize, step: usize) -> Result<Self, ViewError> {
        let size = self.check_axis(axis)?;
        nonzero(step, "the step of a dilation")?;
        let extent = (size - 1)
            .checked_mul(step)
            .and_then(|last| last.checked_add(1));
        let extent = extent.ok_or(ViewError::Limit {
            what: "a dilated axis overflows",
        })?;
        self.protect(axis);
        let mut form = Axis {
            extent,
            ..Axis::unit()
        };
        form.add(&self.form(axis), signed(step)?)?;
        self.replace(axis, form);
        self.normalised()
    }

    /// Puts an axis of size 1 before axis `axis` (after the last one if `axis` is the rank).
    ///
    /// Errors: [`ViewError::Axis`], [`ViewError::Limit`].
    pub fn insert_axis(mut self, axis: usize) -> Result<Self, ViewError> {
        let rank = self.output.len();
        if axis > rank {
            return Err(ViewError::Axis { axis, rank });
        }
        self.own().output.insert(axis, Axis::unit());
        self.normalised()
    }

    /// Removes an axis of size 1.
    ///
    /// Errors: [`ViewError::Axis`], [`ViewError::NotOne`].
    pub fn remove_axis(mut self, axis: usize) -> Result<Self, ViewError> {
        let size = self.check_axis(axis)?;
        if size != 1 {
            return Err(ViewError::NotOne { axis, size });
        }
        self.protect(axis);
        self.own().output.remove(axis);
        self.normalised()
    }

    /// Repeats an axis of size 1 `size` times.
    ///
    /// Errors: [`ViewError::Axis`], [`ViewError::NotOne`], [`ViewError::Zero`], [`ViewError::Limit`].
    pub fn broadcast(mut self, axis: usize, size: usize) -> Result<Self, ViewError> {
        let found = self.check_axis(axis)?;
        if found != 1 {
            return Err(ViewError::NotOne { axis, size: found });
        }
        nonzero(size, "the size of a broadcast axis")?;
        self.protect(axis);
        let digit = self.add_digit(size);
        self.replace(
            axis,
            Axis {
                extent: size,
                offset: 0,
                terms: alloc::vec![(digit, 1)],
            },
        );
        self.normalised()
    }

    /// Sums over an axis, which disappears.
    ///
    /// Errors: [`ViewError::Axis`].
    pub fn sum(mut self, axis: usize) -> Result<Self, ViewError> {
        self.check_axis(axis)?;
        self.protect(axis);
        self.own().output.remove(axis);
        self.normalised()
    }

    /// Replaces an axis by two: position and offset in the window.
    ///
    /// Element `(position, offset)` is element `position * stride + offset * dilation` of the axis;
    /// there are `count` positions and `size` offsets. Padding is [`View::pad`] before it.
    ///
    /// Errors: [`ViewError::Axis`], [`ViewError::Zero`], [`ViewError::Reach`], [`ViewError::Limit`].
    pub fn window(
        mut self,
        axis: usize,
        count: usize,
        size: usize,
        stride: usize,
        dilation: usize,
    ) -> Result<Self, ViewError> {
        let found = self.check_axis(axis)?;
        nonzero(count, "the number of windows")?;
        nonzero(size, "the size of a window")?;
        nonzero(stride, "the stride of a window")?;
        nonzero(dilation, "the dilation of a window")?;
        let last = |count: usize, step: usize| (count - 1).checked_mul(step);
        let reach = last(count, stride).zip(last(size, dilation));
        let reach =
            reach.and_then(|(position, offset)| position.checked_add(offset)?.checked_add(1));
        let expected = reach.unwrap_or(usize::MAX);
        if expected > found {
            return Err(ViewError::Reach {
                axis,
                size: found,
                expected,
            });
        }
        let mut form = self.form(axis);
        let known = self.digits.len();
        let position = self.add_digit(count);
        let offset = self.add_digit(size);
        let position = Axis {
            extent: count,
            offset: 0,
            terms: alloc::vec![(position, 1)],
        };
        let offset = Axis {
            extent: size,
            offset: 0,
            terms: alloc::vec![(offset, 1)],
        };
        form.add(&position, -signed(stride)?)?;
        form.add(&offset, -signed(dilation)?)?;
        self.replace(axis, position);
        self.own().output.insert(axis + 1, offset);
        self.equate_to_zero(form, |digit| digit < known)?;
        self.normalised()
    }

    /// The elements whose indices on two axes of one size agree; axis `b` disappears.
    ///
    /// Errors: [`ViewError::Axis`], [`ViewError::Diagonal`].
    pub fn diagonal(mut self, a: usize, b: usize) -> Result<Self, ViewError> {
        let (size_a, size_b) = (self.check_axis(a)?, self.check_axis(b)?);
        if a == b || size_a != size_b {
            return Err(ViewError::Diagonal {
                a,
                b,
                size_a,
                size_b,
            });
        }
        let mut form = self.form(a);
        form.add(&self.form(b), -1)?;
        // If the two indices agree and one is in range, so is the other.
        self.own().output.remove(b);
        self.equate_to_zero(form, |_| true)?;
        self.normalised()
    }

    /// Reverses an axis.
    ///
    /// Errors: [`ViewError::Axis`].
    pub fn reverse(mut self, axis: usize) -> Result<Self, ViewError> {
        let extent = self.check_axis(axis)?;
        let mut form = Axis {
            extent,
            offset: signed(extent - 1)?,
            terms: alloc::vec::Vec::new(),
        };
        form.add(&self.form(axis), -1)?;
        self.replace(axis, form);
        self.normalised()
    }
}

pub(super) fn nonzero(size: usize, what: &'static str) -> Result<(), ViewError> {
    if size == 0 {
        Err(ViewError::Zero { what })
    } else {
        Ok(())
    }
}

/// A size as a stride or offset.
pub(super) fn signed(size: usize) -> Result<i64, ViewError> {
    let bounded = i64::try_from(size)
        .ok()
        .filter(|&size| i128::from(size) <= super::axis::MAX_VALUE);
    bounded.ok_or(ViewError::Limit {
        what: "expected indices below 2^46",
    })
}
