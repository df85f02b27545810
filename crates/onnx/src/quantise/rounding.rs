//! Floors, ceilings and roundings, exact wherever a value lies.

use super::builder::{Refusal, Value, power, real};
use super::expr::Expr;
use super::line::significand;
use super::walk::Quantiser;
use crate::lower::product;
use program::ValueId;
use program::formula::Function;
use program::operator::AtLeastZero;

impl Quantiser<'_> {
    /// A rounding of a line to integers.
    ///
    /// A line that is not exact in binary, as a third, is one only where a table cannot hold all arguments.
    pub(super) fn rounding(&mut self, base: &Value, expr: &Expr) -> Result<Option<Value>, Refusal> {
        let Expr::Apply(function, inner) = expr else {
            return Ok(None);
        };
        let is_step = matches!(function, Function::Floor | Function::Ceil);
        let is_rounding = matches!(
            function,
            Function::RoundHalfEven | Function::RoundHalfAway | Function::Truncate
        );
        let Some((slope, offset)) = inner.line().filter(|_| is_step || is_rounding) else {
            return Ok(None);
        };
        let base = if base.exact {
            base.clone()
        } else {
            self.narrow(base)?
        };
        let (mantissa, exponent) = significand(slope);
        let is_exact = real(mantissa.into()) * power(exponent) == slope;
        // At other sizes there may be more arguments than at these.
        let has_all = base.fixed || !is_exact;
        let has_table = has_all && self.has_entries_for(&base);
        if has_table && !(is_step && is_exact) {
            return Ok(None);
        }
        let x = self.line(&base, slope, offset)?;
        let x = if x.exact { x } else { self.narrow(&x)? };
        if x.bits <= 0 {
            return self.builder.raise(&x, 0).map(Some);
        }
        let x = if x.bits > 40 {
            self.builder.narrow_to(&x, 40)?
        } else {
            x
        };
        let mut value = match function {
            Function::Floor => self.floor(&x, 1)?,
            Function::Ceil => self.floor(&x, -1)?,
            Function::Truncate => self.truncate(&x)?,
            _ => self.nearest_integer(&x, *function)?,
        };
        value.range = (
            libm::floor(slope.mul_add(base.range.0, offset)),
            libm::ceil(slope.mul_add(base.range.1, offset)),
        );
        Ok(Some(value))
    }

    /// The floor, or for the sign -1 the ceiling.
    fn floor(&mut self, x: &Value, sign: i64) -> Result<Value, Refusal> {
        let half = 1 << (x.bits - 1);
        let below = self.builder.sum(&[(sign, x)], -half, x.bits)?;
        let floor = self.builder.rescale(&below, x.bits.cast_unsigned())?;
        self.builder.sum(&[(sign, &floor)], 0, 0)
    }

    /// The integer part.
    fn truncate(&mut self, x: &Value) -> Result<Value, Refusal> {
        let (floor, ceiling) = (self.floor(x, 1)?, self.floor(x, -1)?);
        let step = self.builder.sum(&[(1, &ceiling), (-1, &floor)], 0, 0)?;
        let less = self.is_negative(x)?;
        let up = product(self, &x.shape, &step, &less)?;
        self.builder.sum(&[(1, &floor), (1, &up)], 0, 0)
    }

    /// The nearest integer: half is rounded up, and taken back by one where it should not have been.
    fn nearest_integer(&mut self, x: &Value, function: Function) -> Result<Value, Refusal> {
        let shift = x.bits.cast_unsigned();
        let up = self.builder.rescale(x, shift)?;
        // `2^shift up - x - half` is at most zero, and zero for a half.
        let terms = [(1 << shift, &up), (-1, x)];
        let unit = self.builder.sum(&terms, -(1 << (shift - 1)), x.bits)?;
        let is_half = self.is_at_least_zero(&unit)?;
        let is_wrong = if function == Function::RoundHalfEven {
            let half = self.builder.rescale(&up, 1)?;
            self.builder.sum(&[(2, &half), (-1, &up)], 0, 0)?
        } else {
            self.is_negative(x)?
        };
        let back = product(self, &x.shape, &is_half, &is_wrong)?;
        self.builder.sum(&[(1, &up), (-1, &back)], 0, 0)
    }

    /// Whether a value is zero or more.
    pub fn is_at_least_zero(&mut self, x: &Value) -> Result<Value, Refusal> {
        let node = self.builder.push(AtLeastZero.into(), vec![x.id])?;
        let id = ValueId { node, output: 0 };
        Ok(self.builder.value(id, x.shape.clone(), 0, true))
    }

    /// Whether a value is below zero.
    pub(super) fn is_negative(&mut self, x: &Value) -> Result<Value, Refusal> {
        let bit = self.is_at_least_zero(x)?;
        self.builder.sum(&[(-1, &bit)], 1, 0)
    }
}
