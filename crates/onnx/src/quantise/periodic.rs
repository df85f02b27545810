//! Sines and cosines, as good far from zero as close to it: a table holds one period.

use super::builder::{Refusal, Value, log2_of, nearest, power, real};
use super::expr::Expr;
use super::walk::Quantiser;
use program::formula::{Function, Table};
use program::{Interval, ValueId};
use std::f64::consts::{PI, TAU};

/// Bits of the number of parts of a period.
const PARTS: i32 = 15;

/// Bits of a number of parts of a period, with the bits that are rounded away.
const ROOM: i32 = 57;

impl Quantiser<'_> {
    /// The sine or cosine of a line whose arguments lie further apart than a period, whose table would be the coarser one.
    pub(super) fn periodic(
        &mut self,
        base: &Value,
        expr: &Expr,
        bits: i32,
    ) -> Result<Option<Value>, Refusal> {
        let Expr::Apply(function, inner) = expr else {
            return Ok(None);
        };
        let Some((slope, offset)) = inner.line() else {
            return Ok(None);
        };
        let start = match function {
            Function::Sin => offset / TAU,
            Function::Cos => offset / TAU + 0.25,
            _ => return Ok(None),
        };
        let base = if base.exact {
            base.clone()
        } else {
            self.narrow(base)?
        };
        let scale = power(-base.bits);
        let most = real(base.known.hi.max(-base.known.lo)) * scale * slope.abs();
        let parts = PARTS.min(self.options.table_bits.cast_signed() - 1);
        // At other sizes a value may reach further than at these.
        if slope == 0.0 || (base.fixed && most <= PI) {
            return Ok(None);
        }
        // `turns` holds periods, of which each has `2^(parts + shift)` units.
        let fine = ROOM - log2_of((0.0, most / TAU + 1.0));
        let shift = (fine - parts).clamp(0, 48 - parts);
        let unit = power(parts + shift);
        let factor = nearest(slope / TAU * scale * unit);
        let (start, bits_of_turn) = (nearest(start * unit), parts + shift);
        let turns = self.builder.sum(&[(factor, &base)], start, bits_of_turn)?;
        let rest = self.remainder(&turns, bits_of_turn)?;
        // The middle of each part stands for it.
        let low = self
            .builder
            .sum(&[(1, &rest)], -((1 << shift) >> 1), bits_of_turn)?;
        let part = self.builder.rescale(&low, shift.cast_unsigned())?;
        let middle = Expr::Variable.plus(power(-parts - 1)).times(TAU);
        let table = Table {
            formula: middle.apply(Function::Sin).formula(),
            argument_bits: parts,
            value_bits: bits,
            arguments: Interval::new(0, (1 << parts) - 1),
            values: Interval::new(-(1 << bits), 1 << bits),
        };
        let operator = program::operator::Function {
            shift: 0,
            table,
            below: 0,
            above: 0,
        };
        let node = self.builder.push(operator.into(), vec![part.id])?;
        let id = ValueId { node, output: 0 };
        let mut value = self.builder.value(id, base.shape.clone(), bits, true);
        value.fixed = base.fixed;
        Ok(Some(value))
    }

    /// What is left of a value modulo `2^bits`.
    fn remainder(&mut self, x: &Value, bits: i32) -> Result<Value, Refusal> {
        let low = self.builder.sum(&[(1, x)], -(1 << (bits - 1)), bits)?;
        let whole = self.builder.rescale(&low, bits.cast_unsigned())?;
        let mut rest = self
            .builder
            .sum(&[(1, x), (-(1 << bits), &whole)], 0, bits)?;
        // The program knows no more than that this is a difference.
        rest.known = Interval::new(0, (1 << bits) - 1).into();
        rest.fixed = true;
        Ok(rest)
    }
}
