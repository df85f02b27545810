//! Rounding, and cutting off what could become too wide.

use super::builder::{Builder, Refusal, Value, log2_of, meet, power, real};
use program::operator::{Rescale, Split};
use program::{Interval, ValueId};
use relation::interval::Wide;

/// Bits of a magnitude that a value may have before it is cut off.
const WIDE: u32 = 36;

/// Bits beyond the calibrated range that a cut leaves.
const MARGIN: i32 = 6;

/// `floor((value + 2^(shift - 1)) / 2^shift)`.
const fn round(value: i128, shift: u32) -> i128 {
    (value + ((1i128 << shift) >> 1)) >> shift
}

impl Builder {
    /// The interval to declare for a rounded value: only its bits, so that a key says little.
    fn declared(known: Wide, fixed: bool) -> Option<Interval> {
        let lo = i64::try_from(known.lo).ok()?;
        let hi = i64::try_from(known.hi).ok()?;
        fixed
            .then(|| program::fact::standard(Interval::new(lo, hi)).ok())
            .flatten()
    }

    /// The value rounded by `shift` bits, with columns of its own.
    pub fn rescale(&mut self, x: &Value, shift: u32) -> Result<Value, Refusal> {
        if let Some(value) = self.rescaled.get(&(x.id, shift)) {
            return Ok(value.clone());
        }
        let known = Wide {
            lo: round(x.known.lo, shift),
            hi: round(x.known.hi, shift),
        };
        let interval = Self::declared(known, x.fixed);
        let node = self.push(Rescale { shift, interval }.into(), vec![x.id])?;
        let bits = x.bits - shift.cast_signed();
        let mut value = self.value(ValueId { node, output: 0 }, x.shape.clone(), bits, true);
        value.known = meet(known, value.known);
        value.fixed = x.fixed;
        value.range = x.range;
        self.rescaled.insert((x.id, shift), value.clone());
        Ok(value)
    }

    /// `max(x', 0)` and `max(-x', 0)` of the value rounded by `shift` bits.
    pub fn split(&mut self, x: &Value, shift: u32) -> Result<[Value; 2], Refusal> {
        let known = Wide {
            lo: round(x.known.lo, shift),
            hi: round(x.known.hi, shift),
        };
        let interval = Self::declared(known, x.fixed);
        let node = self.push(Split { shift, interval }.into(), vec![x.id])?;
        let bits = x.bits - shift.cast_signed();
        let part = |output: usize, most: i128| {
            let mut value = self.value(ValueId { node, output }, x.shape.clone(), bits, true);
            let known = Wide {
                lo: 0,
                hi: most.max(0),
            };
            value.known = meet(known, value.known);
            value.fixed = x.fixed;
            value
        };
        Ok([part(0, known.hi), part(1, -known.lo)])
    }

    /// A value that stands for integers, without fraction bits.
    pub fn whole(&mut self, x: &Value) -> Result<Value, Refusal> {
        match u32::try_from(x.bits) {
            Ok(0) => Ok(x.clone()),
            Ok(shift) => self.rescale(x, shift),
            Err(_) => self.raise(x, 0),
        }
    }

    /// The value with at most `bits` fraction bits, without products, and of moderate width.
    pub fn narrow_to(&mut self, x: &Value, bits: i32) -> Result<Value, Refusal> {
        let shift = u32::try_from(x.bits - bits).unwrap_or(0).min(48);
        let wide = real(x.known.hi.max(-x.known.lo)) * power(-shift.cast_signed());
        let seen = log2_of(x.range) + x.bits - shift.cast_signed();
        if wide >= power(WIDE.cast_signed()) && seen + MARGIN < WIDE.cast_signed() {
            return self.saturate(x, shift, (seen + MARGIN).max(12));
        }
        if x.exact && shift <= 1 {
            return Ok(x.clone());
        }
        self.rescale(x, shift)
    }

    /// The value with at most `bits` fraction bits and a magnitude below `2^most`: cut off far beyond its
    /// calibrated range where it could be larger, as far beyond as there is room.
    pub fn fit(&mut self, x: &Value, bits: i32, most: u32) -> Result<Value, Refusal> {
        let narrow = self.narrow_to(x, bits)?;
        if self.magnitude_bits(&narrow) <= most {
            return Ok(narrow);
        }
        let seen = log2_of(x.range) + narrow.bits;
        let log = (seen + MARGIN).clamp(1, most.cast_signed());
        if seen + 1 > log {
            let fewer = seen + 1 - log;
            return self.fit(&narrow, narrow.bits - fewer, most);
        }
        self.saturate(&narrow, 0, log)
    }

    /// The value rounded, and cut off to `-2^log ..= 2^log - 1`.
    fn saturate(&mut self, x: &Value, shift: u32, log: i32) -> Result<Value, Refusal> {
        let end = 1i64 << log.clamp(1, 58);
        let (low, high) = (
            end.checked_mul(1 << shift),
            (end - 1).checked_mul(1 << shift),
        );
        let (low, high) = low.zip(high).ok_or("values are too wide to be cut off")?;
        let from = self.sum(&[(1, x)], low, x.bits)?;
        let [above, _] = self.split(&from, shift)?;
        let from = self.sum(&[(1, x)], -high, x.bits)?;
        let [beyond, _] = self.split(&from, shift)?;
        let mut cut = self.sum(&[(1, &above), (-1, &beyond)], -end, above.bits)?;
        cut.known = Wide {
            lo: -i128::from(end),
            hi: i128::from(end) - 1,
        };
        cut.fixed = true;
        cut.range = x.range;
        self.rescale(&cut, 0)
    }
}
