//! Rounding, and cutting off what could become too wide.

use super::builder::{Builder, Refusal, Value, log2_of, meet, power, real};
use program::operator::{Clamp, Rescale, Split};
use program::{Interval, ValueId};
use relation::interval::Wide;

/// Bits of a magnitude that a value may have before it is cut off: two lookups show as many, and thousands of its
/// products with weights can be added up.
const WIDE: u32 = 26;

/// Bits beyond the calibrated range that a cut leaves.
const MARGIN: i32 = 4;

/// `floor((value + 2^(shift - 1)) / 2^shift)`.
const fn round(value: i128, shift: u32) -> i128 {
    (value + ((1i128 << shift) >> 1)) >> shift
}

/// Where rounded values lie.
pub const fn rounded(known: Wide, shift: u32) -> Wide {
    Wide {
        lo: round(known.lo, shift),
        hi: round(known.hi, shift),
    }
}

impl Builder {
    /// The interval to declare for a rounded value: only its bits, so that a key says little.
    pub fn declared(known: Wide, fixed: bool) -> Option<Interval> {
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
        let known = rounded(x.known, shift);
        let interval = Self::declared(known, x.fixed);
        let node = self.push(Rescale { shift, interval }.into(), vec![x.id])?;
        let bits = x.bits - shift.cast_signed();
        let mut value = self.value(ValueId { node, output: 0 }, x.shape.clone(), bits, true);
        value.known = Self::result(known, value.known, x.fixed);
        value.fixed = x.fixed;
        value.range = x.range;
        value.position = x.position.clone().filter(|_| shift == 0);
        self.rescaled.insert((x.id, shift), value.clone());
        Ok(value)
    }

    /// `max(x', 0)` and `max(-x', 0)` of the value rounded by `shift` bits.
    pub fn split(&mut self, x: &Value, shift: u32) -> Result<[Value; 2], Refusal> {
        let known = rounded(x.known, shift);
        let interval = Self::declared(known, x.fixed);
        let node = self.push(Split { shift, interval }.into(), vec![x.id])?;
        let bits = x.bits - shift.cast_signed();
        let part = |output: usize, most: i128| {
            let mut value = self.value(ValueId { node, output }, x.shape.clone(), bits, true);
            let known = Wide {
                lo: 0,
                hi: most.max(0),
            };
            value.known = Self::result(known, value.known, x.fixed);
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
        let rounded_bits = x.bits - shift.cast_signed();
        if let Some(log) = self.cut(rounded(x.known, shift), x.range, rounded_bits) {
            return self.saturate(x, shift, log);
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
            // Rounded in any case: a single bit is not worth it elsewhere.
            let fewer = (seen + 1 - log).cast_unsigned().min(48);
            let narrow = self.rescale(&narrow, fewer)?;
            return self.fit(&narrow, narrow.bits, most);
        }
        self.saturate(&narrow, 0, log)
    }

    /// Where a value with that many fraction bits fewer is cut off, `-2^n ..= 2^n - 1`, if it could be so wide that
    /// this pays.
    pub(super) fn cut(&self, known: Wide, range: (f64, f64), bits: i32) -> Option<i32> {
        let wide = real(known.hi.max(-known.lo));
        let seen = log2_of(range) + bits;
        let cuts = wide >= power(WIDE.cast_signed()) && seen + MARGIN < WIDE.cast_signed();
        cuts.then(|| (seen + MARGIN).max(12))
    }

    /// The value rounded, and cut off to `-2^log ..= 2^log - 1`.
    fn saturate(&mut self, x: &Value, shift: u32, log: i32) -> Result<Value, Refusal> {
        let end = 1i64 << log.clamp(1, 58);
        self.clamp(x, shift, Interval::new(-end, end - 1))
    }

    /// The value rounded by `shift` bits, and cut off at the ends of an interval.
    pub fn clamp(&mut self, x: &Value, shift: u32, to: Interval) -> Result<Value, Refusal> {
        let key = (x.id, shift, to.lo, to.hi);
        if let Some(value) = self.clamped.get(&key) {
            let bits = x.bits - shift.cast_signed();
            let range = x.range;
            let value = value.clone();
            return Ok(Value {
                bits,
                range,
                ..value
            });
        }
        let known = rounded(x.known, shift);
        let operator = Clamp {
            shift,
            to,
            interval: Self::declared(known, x.fixed),
        };
        let node = self.push(operator.into(), vec![x.id])?;
        let bits = x.bits - shift.cast_signed();
        let mut value = self.value(ValueId { node, output: 0 }, x.shape.clone(), bits, true);
        // The ends hold whatever the sizes are.
        value.known = to.into();
        if x.fixed {
            value.known = meet(value.known, known);
        }
        value.fixed = true;
        value.range = x.range;
        self.clamped.insert(key, value.clone());
        Ok(value)
    }
}
