//! How many rows the masks take, and which mask lies where.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use crate::channel::{Count, Mask};

/// The sizes of the mask argument; they follow from the dry run and the number of queries alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaskShape {
    /// Masks of values that are sent alone.
    pub singles: usize,
    /// Product slots.
    pub slots: usize,
    /// `l`: masks in one row; a power of two.
    pub row_len: usize,
    /// `q`: positions that the opening reveals.
    pub queries: usize,
    /// The degree of the challenge field over the base field: base rows of one row.
    pub degree: usize,
    /// The rows are polynomials in `X` to the power `2^log_spread`: far shorter than those of data, they have no need
    /// of a transform of their length.
    pub log_spread: usize,
}

impl MaskShape {
    /// The shape for what the dry run counted, with the row length that makes the proof smallest.
    ///
    /// `singles` includes the values that are sent outside the dry run's body.
    pub fn new(count: &Count, queries: usize, degree: usize) -> Self {
        let candidate = |log_len: u32| Self {
            singles: count.singles,
            slots: count.slots,
            row_len: 1 << log_len,
            queries,
            degree,
            log_spread: 0,
        };
        (3..13)
            .map(candidate)
            .min_by_key(MaskShape::elements)
            .unwrap_or_else(|| candidate(6))
    }

    /// The same rows, spread over polynomials of `2^log_len` coefficients.
    pub fn spread_over(self, log_len: usize) -> Self {
        let own = p3_util::log2_ceil_usize(self.test_len());
        Self {
            log_spread: log_len.saturating_sub(own),
            ..self
        }
    }

    /// Elements of the challenge field that the argument adds to a proof.
    pub fn elements(&self) -> usize {
        self.rows()
            .saturating_mul(self.queries)
            .saturating_add(self.test_len())
    }

    /// Rows over the challenge field: those of masks, then the blind.
    pub fn rows(&self) -> usize {
        self.mask_rows().saturating_add(1)
    }

    /// Rows over the base field.
    pub fn base_rows(&self) -> usize {
        self.rows().saturating_mul(self.degree)
    }

    /// Rows that hold masks: first factors, as many second factors, and masks of single values.
    ///
    /// Single values take what the factors leave free, and further rows.
    pub fn mask_rows(&self) -> usize {
        let masks = self.slots.saturating_mul(2).saturating_add(self.singles);
        let factors = self.slot_rows().saturating_mul(2);
        masks.div_ceil(self.row_len).max(factors)
    }

    /// Rows that hold masks of first factors; the factors of a slot have the same place in their rows.
    pub fn slot_rows(&self) -> usize {
        self.slots.div_ceil(self.row_len)
    }

    /// Coefficients of the polynomial that the test reveals, and of its blind.
    pub fn test_len(&self) -> usize {
        // A row of masks has l + q coefficients, a polynomial of weights l.
        let row = self.row_len.saturating_add(self.queries);
        let masked = if self.slots > 0 {
            row.saturating_mul(2).saturating_sub(1)
        } else {
            row
        };
        masked.saturating_add(self.row_len).saturating_sub(1)
    }

    /// Where a mask lies, or the product of two: the index of its weights (rows of masks first, then products of the
    /// pairs of rows of factors) and the place in them.
    pub fn place(&self, mask: Mask) -> (usize, usize) {
        let index = |index: u32| usize::try_from(index).unwrap_or(usize::MAX);
        let at = |first: usize, place: usize| {
            let (row, place) = (
                place.checked_div(self.row_len).unwrap_or(0),
                place.checked_rem(self.row_len).unwrap_or(0),
            );
            (first.saturating_add(row), place)
        };
        match mask {
            Mask::Left(slot) => at(0, index(slot)),
            Mask::Right(slot) => at(self.slot_rows(), index(slot)),
            Mask::Product(slot) => at(self.mask_rows(), index(slot)),
            // Beyond the last first factor, and, when these rows are full, beyond the last second factor.
            Mask::Single(single) => {
                let factors = if index(single) < self.free_places() {
                    self.slots
                } else {
                    self.slots.saturating_mul(2)
                };
                at(0, factors.saturating_add(index(single)))
            }
        }
    }

    /// Places that are left in the rows of first factors.
    pub fn free_places(&self) -> usize {
        let places = self.slot_rows().saturating_mul(self.row_len);
        places.saturating_sub(self.slots)
    }
}
