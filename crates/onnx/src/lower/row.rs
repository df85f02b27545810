//! Quotients by one denominator for each row, as of softmax and normalisation.
//!
//! One inverse for each denominator, then a product and a rounding for each numerator: two columns for each element,
//! where a division of its own takes three, of more bits.

use super::arithmetic::product;
use super::prelude::*;
use crate::quantise::builder::{log2_of, real};
use program::operator::{Divide, Rescale};
use program::{Interval, ValueId};

/// The quotients `factor n / d` of rows.
pub struct Rows<'a> {
    /// The numerators.
    pub above: &'a Value,
    /// The denominators: of size one along the axes that they are the same on, and at least a unit for the program.
    pub below: &'a Value,
    /// The factor.
    pub factor: f64,
    /// What `factor / d` is at most, if more is known than the interval of the denominators tells.
    pub most: Option<f64>,
    /// Where the quotients lay in calibration.
    pub range: (f64, f64),
    /// Fraction bits of the quotients.
    pub bits: i32,
    /// Where the quotients lie, as integers. Inverses are rounded down.
    pub known: Interval,
}

impl Rows<'_> {
    /// The quotients, or nothing if there is no room for inverses that are fine enough.
    pub fn divide(&self, q: &mut Quantiser<'_>) -> Result<Option<Value>, Refusal> {
        // Bits of products with an inverse, and of those of an inverse and a denominator.
        const ROOM: i32 = 58;
        const WHOLE: i32 = 60;
        let (n, d) = (self.above, self.below);
        let below = q.builder.fact(d.id).interval;
        if !n.exact || !d.exact || below.lo < 1 {
            return Ok(None);
        }
        // An inverse is off by a unit at most, which moves the largest quotient by a quarter of a unit.
        let scale = log2_of(n.range) + self.bits + 2;
        let top = self.factor * power(scale + d.bits);
        let least = real(below.lo.into());
        let most = { self.most }.map_or(top / least, |most| most * power(scale));
        let most = libm::ceil(most);
        let shift = n.bits + scale - self.bits;
        let bits_of = |number: f64| log2_of((0.0, number));
        let product_bits = q.builder.magnitude_bits(n).cast_signed() + bits_of(most);
        let whole_bits = bits_of(most) + bits_of(real(below.hi.into()));
        let has_room = bits_of(top).max(product_bits) < ROOM && whole_bits <= WHOLE;
        if !has_room || most < 1.0 || !(1..=48).contains(&shift) {
            return Ok(None);
        }
        let top = q.builder.sum(&[(0, d)], nearest(top), scale + d.bits)?;
        let operator = Divide {
            interval: Some(Interval::new(0, nearest(most))),
        };
        let node = q.builder.push(operator.into(), vec![top.id, d.id])?;
        let id = ValueId { node, output: 0 };
        let mut inverse = q.builder.value(id, d.shape.clone(), scale, true);
        inverse.fixed = d.fixed;
        let product = product(q, &n.shape, n, &inverse)?;
        let operator = Rescale {
            shift: shift.cast_unsigned(),
            interval: Some(self.known),
        };
        let node = q.builder.push(operator.into(), vec![product.id])?;
        let id = ValueId { node, output: 0 };
        let mut value = q.builder.value(id, n.shape.clone(), self.bits, true);
        value.fixed = n.fixed && d.fixed;
        value.range = self.range;
        Ok(Some(value))
    }
}
