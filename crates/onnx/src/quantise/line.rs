//! Lines: sums with integer coefficients.

use super::builder::{Refusal, Value, log2_of, nearest, power};
use super::walk::Quantiser;

impl Quantiser<'_> {
    /// `slope * x + offset`.
    pub fn line(&mut self, x: &Value, slope: f64, offset: f64) -> Result<Value, Refusal> {
        let range = (
            slope.mul_add(x.range.0, offset),
            slope.mul_add(x.range.1, offset),
        );
        let range = (range.0.min(range.1), range.0.max(range.1));
        let (coefficient, exponent) = significand(slope);
        // A value with so many bits that the offset would have too many is small beside it.
        let room = 56 - log2_of((offset, 0.0)).max(-20);
        let over = x.bits - exponent - room;
        let narrowed = if over > 0 && offset != 0.0 && coefficient != 0 {
            self.builder.narrow_to(x, x.bits - over)?
        } else {
            x.clone()
        };
        let x = &narrowed;
        let wide = self.builder.magnitude_bits(x) + 64 - coefficient.unsigned_abs().leading_zeros();
        let x = if wide > 56 {
            self.narrow(x)?
        } else {
            x.clone()
        };
        let mut bits = x.bits - exponent;
        let mut terms = vec![(coefficient, &x)];
        let whole = |bits: i32| libm::trunc(offset * power(bits)) == offset * power(bits);
        if coefficient == 0 {
            terms = vec![(0, &x)];
            bits = self.bits_for((offset, offset));
            // Fewer bits if that is exact.
            bits = (0..bits).find(|&bits| whole(bits)).unwrap_or(bits);
        }
        // Enough fraction bits for the offset to be accurate. What is exact needs none, but units: its sum with other
        // values is not to fail because a mask is a large power of two.
        let wanted = self.bits_for(range).min(bits + 16);
        let wanted = if whole(bits) { wanted.min(0) } else { wanted };
        let by = u32::try_from(wanted - bits).unwrap_or(0);
        let raised = if coefficient != 0 && by > 0 && wide + by < 56 {
            terms = vec![(coefficient << by, &x)];
            bits + by.cast_signed()
        } else {
            bits
        };
        let constant = nearest(offset * power(raised));
        if constant.unsigned_abs() >> 58 != 0 {
            return Err(format!("the number {offset} is too large"));
        }
        let mut value = self.builder.sum(&terms, constant, raised)?;
        value.range = range;
        Ok(value)
    }
}

/// `(m, e)` with the number close to `m * 2^e`, `m` odd or zero and of at most 16 bits.
pub fn significand(number: f64) -> (i64, i32) {
    if number == 0.0 {
        return (0, 0);
    }
    let (mut exponent, mut mantissa) = (log2_of((number, 0.0)) - 15, 0);
    if number.is_finite() {
        mantissa = nearest(number * power(-exponent));
    }
    while mantissa != 0 && mantissa % 2 == 0 {
        mantissa /= 2;
        exponent += 1;
    }
    (mantissa, exponent)
}
