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

/// What a row of the mask argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// Masks of single values, starting at the given one.
    Single(usize),
    /// Masks of first factors, starting at the given slot.
    Left(usize),
    /// Masks of second factors, starting at the given slot.
    Right(usize),
    /// Products of the masks of a slot, starting at the given slot.
    Product(usize),
    /// The blind of the linear test.
    Linear,
    /// The blind of the quadratic test.
    Quadratic,
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
        let own = p3_util::log2_ceil_usize(self.longest_row());
        Self {
            log_spread: log_len.saturating_sub(own),
            ..self
        }
    }

    /// Elements of the challenge field that the argument adds to a proof.
    pub fn elements(&self) -> usize {
        self.rows()
            .saturating_mul(self.queries)
            .saturating_add(self.linear_len())
            .saturating_add(self.quadratic_len())
    }

    /// Rows over the challenge field.
    pub fn rows(&self) -> usize {
        self.single_rows()
            .saturating_add(self.slot_rows().saturating_mul(3))
            .saturating_add(2)
    }

    /// Rows over the base field.
    pub fn base_rows(&self) -> usize {
        self.rows().saturating_mul(self.degree)
    }

    /// Rows that hold masks of single values.
    pub fn single_rows(&self) -> usize {
        self.singles.div_ceil(self.row_len)
    }

    /// Rows that hold masks of first factors; as many hold second factors and products.
    pub fn slot_rows(&self) -> usize {
        self.slots.div_ceil(self.row_len)
    }

    /// Coefficients of the polynomial that the linear test reveals.
    pub fn linear_len(&self) -> usize {
        self.row_len
            .saturating_mul(2)
            .saturating_add(self.queries)
            .saturating_sub(1)
    }

    /// Coefficients of the quotient that the quadratic test reveals.
    pub fn quadratic_len(&self) -> usize {
        self.row_len
            .saturating_add(self.queries.saturating_mul(2))
            .saturating_sub(1)
    }

    /// The number of coefficients of the longest row, before rows are spread.
    pub fn longest_row(&self) -> usize {
        self.row_len
            .saturating_add(self.quadratic_len())
            .max(self.linear_len())
    }

    /// What row `row` is; `None` beyond the last.
    pub fn kind(&self, row: usize) -> Option<RowKind> {
        let start = |index: usize| index.saturating_mul(self.row_len);
        let (singles, slots) = (self.single_rows(), self.slot_rows());
        let Some(index) = row.checked_sub(singles) else {
            return Some(RowKind::Single(start(row)));
        };
        if slots == 0 {
            return [RowKind::Linear, RowKind::Quadratic].get(index).copied();
        }
        let within = start(index.checked_rem(slots)?);
        match index.checked_div(slots)? {
            0 => Some(RowKind::Left(within)),
            1 => Some(RowKind::Right(within)),
            2 => Some(RowKind::Product(within)),
            _ => [RowKind::Linear, RowKind::Quadratic]
                .get(index.checked_sub(slots.checked_mul(3)?)?)
                .copied(),
        }
    }

    /// The row and the place in it of a mask.
    pub fn place(&self, mask: Mask) -> (usize, usize) {
        let (group, index) = match mask {
            Mask::Single(index) => (0, index),
            Mask::Left(index) => (1, index),
            Mask::Right(index) => (2, index),
            Mask::Product(index) => (3, index),
        };
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let first = match group {
            0 => 0,
            group => self
                .slot_rows()
                .saturating_mul(group)
                .saturating_sub(self.slot_rows())
                .saturating_add(self.single_rows()),
        };
        let (row, place) = (
            index.checked_div(self.row_len).unwrap_or(0),
            index.checked_rem(self.row_len).unwrap_or(0),
        );
        (first.saturating_add(row), place)
    }
}
