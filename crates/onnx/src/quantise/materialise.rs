//! Functions of one variable become operators: lines, rectifiers, roots, quotients, tables.

use super::builder::{Refusal, Value, log2_of, nearest, power, real};
use super::expr::Expr;
use super::lazy::{Constant, Lazy, Pointwise};
use super::piecewise::{MAX_KNOTS, Piecewise, negated};
use super::table;
use super::walk::Quantiser;
use crate::array::UNBOUNDED;
use program::formula::Instruction;
use program::{Dim, Tensor};

/// The least power of two that stands for a number without bound, such as the minus infinity of a mask.
pub const FAR: i32 = 15;
/// Magnitudes below are those of quantised tensors, and of differences of their elements.
const SMALL: i128 = 1 << 9;

impl Quantiser<'_> {
    /// Fraction bits for values in a calibrated range.
    pub fn bits_for(&self, range: (f64, f64)) -> i32 {
        (self.options.activation_bits.cast_signed() - 1 - log2_of(range)).clamp(-20, 30)
    }

    /// The value behind a lazy one; it may hold products that are not rounded.
    pub fn value(&mut self, lazy: &Lazy) -> Result<Value, Refusal> {
        match lazy {
            Lazy::Constant(constant) => self.parameter(constant, 60),
            Lazy::Pointwise(pointwise) => self.materialise(pointwise),
        }
    }

    /// The value behind a lazy one, rounded to the bits that its range calls for.
    pub fn exact(&mut self, lazy: &Lazy) -> Result<Value, Refusal> {
        let value = self.value(lazy)?;
        self.narrow(&value)
    }

    /// The value rounded to the bits that its range calls for; integers stay integers.
    pub fn narrow(&mut self, value: &Value) -> Result<Value, Refusal> {
        let bits = self.bits_of(value);
        self.builder.narrow_to(value, bits)
    }

    /// Fraction bits that a value's range calls for; integers, and values without fraction bits, keep all of theirs.
    pub fn bits_of(&self, value: &Value) -> i32 {
        let bits = self.bits_for(value.range);
        let is_whole = value.integers || value.bits == 0;
        if is_whole { bits.max(0) } else { bits }
    }

    /// Whether a value is an integer of a quantised tensor, or one as small.
    pub fn is_small(value: &Value) -> bool {
        value.exact && value.bits == 0 && value.known.below(SMALL)
    }

    /// Whether a table has an entry for each of a value's integers.
    pub(super) fn has_entries_for(&self, x: &Value) -> bool {
        let entries = power(self.options.table_bits.cast_signed()) - 3.0;
        real(x.known.hi - x.known.lo) <= entries
    }

    /// A function by a table, its values with some fraction bits.
    pub fn tabulated(
        &mut self,
        base: &Value,
        expr: &Expr,
        range: (f64, f64),
        bits: i32,
    ) -> Result<Value, Refusal> {
        let cut = self.cut(base)?;
        let sizes: Result<Vec<usize>, _> = { cut.shape.iter() }.map(|dim| self.size(dim)).collect();
        let count = sizes?.into_iter().fold(1, usize::saturating_mul);
        let tables = table::Tables {
            bits: self.options.table_bits,
            few: table::few_for(count),
            unit_bits: self.bits_for((0.0, 1.0)),
        };
        table::function(&mut self.builder, &cut, expr, range, bits, tables)
    }

    /// A constant as a parameter with at most `most` fraction bits.
    pub fn parameter(&mut self, constant: &Constant, most: i32) -> Result<Value, Refusal> {
        self.parameter_of(constant, most, self.options.weight_bits.cast_signed())
    }

    /// A constant as a parameter with at most `most` fraction bits, and `weight_bits` in all.
    pub(super) fn parameter_of(
        &mut self,
        constant: &Constant,
        most: i32,
        weight_bits: i32,
    ) -> Result<Value, Refusal> {
        if constant.array.data.iter().any(|value| value.is_nan()) {
            return Err(format!("the constant {:?} is not a number", constant.name));
        }
        let is_bounded = |value: &f64| value.abs() < UNBOUNDED;
        if !constant.array.data.iter().all(is_bounded) {
            let log = (log2_of(constant.array.range().unwrap_or_default()) + 6).max(FAR);
            let far = |value: f64| {
                if is_bounded(&value) {
                    value
                } else {
                    power(log).copysign(value)
                }
            };
            return self.parameter_of(&constant.map(far), most, weight_bits);
        }
        let array = &constant.array;
        let range = array.range().unwrap_or((0.0, 0.0));
        if super::walk::holds_integers(constant.tensor.datum_type()) && most >= 0 {
            return self.integer_parameter(constant);
        }
        let limit = weight_bits - 1;
        let mut bits = (limit - log2_of(range)).clamp(-20, 40);
        if nearest(range.1 * power(bits)) >= 1 << limit {
            bits -= 1;
        }
        // Fewer bits if that is exact: integers, halves, zeros.
        let whole = |bits: i32| {
            let scale = power(bits);
            array
                .data
                .iter()
                .all(|value| libm::trunc(value * scale) == value * scale)
        };
        // Few bits are exact whatever the limit is.
        let is_small = range.0.abs().max(range.1.abs()) < real(SMALL);
        let bits = (0..bits.max(i32::from(is_small)))
            .find(|&bits| whole(bits))
            .unwrap_or(bits)
            .min(most);
        self.scaled_parameter(constant, bits)
    }

    /// Integers, which are exact whatever bits are asked for.
    fn integer_parameter(&mut self, constant: &Constant) -> Result<Value, Refusal> {
        const MOST: f64 = 281_474_976_710_656.0; // 2^48
        let (lo, hi) = constant.array.range().unwrap_or((0.0, 0.0));
        if lo < -MOST || hi > MOST {
            return Err(format!(
                "the constant {:?} holds integers beyond 2^48",
                constant.name
            ));
        }
        let mut value = self.scaled_parameter(constant, 0)?;
        value.integers = true;
        Ok(value)
    }

    fn scaled_parameter(&mut self, constant: &Constant, bits: i32) -> Result<Value, Refusal> {
        let array = &constant.array;
        let range = array.range().unwrap_or((0.0, 0.0));
        let key = (constant.name.clone(), array.clone(), bits);
        if let Some((_, value)) = self.parameters.iter().find(|(other, _)| *other == key) {
            return Ok(value.clone());
        }
        if let Some(mut value) = self.tied(array, bits)? {
            value.range = range;
            self.parameters.push((key, value.clone()));
            return Ok(value);
        }
        let scale = power(bits);
        let values = array
            .data
            .iter()
            .map(|value| nearest(value * scale))
            .collect();
        let tensor = Tensor::from_i64s(array.shape.clone(), values);
        let tensor = tensor.map_err(|error| error.to_string())?;
        let mut value = self.builder.parameter(&constant.name, tensor, bits)?;
        value.range = range;
        self.parameters.push((key, value.clone()));
        Ok(value)
    }

    fn materialise(&mut self, lazy: &Pointwise) -> Result<Value, Refusal> {
        let Pointwise {
            base, expr, range, ..
        } = lazy;
        let known = { self.functions.iter() }
            .find(|(id, bits, other, _)| *id == base.id && *bits == base.bits && other == expr);
        let mut value = if let Some((.., value)) = known {
            value.clone()
        } else {
            let mut value = self.compute(lazy)?;
            value.range = *range;
            let entry = (base.id, base.bits, expr.clone(), value.clone());
            self.functions.push(entry);
            value
        };
        if lazy.integers {
            value = self.builder.whole(&value)?;
        }
        value.integers = lazy.integers;
        Ok(value)
    }

    pub(super) fn compute(&mut self, lazy: &Pointwise) -> Result<Value, Refusal> {
        let Pointwise {
            base,
            expr,
            range,
            integers,
        } = lazy;
        let range = *range;
        if *expr == Expr::Variable {
            return Ok(base.clone());
        }
        if let Some(mut found) = Piecewise::of(expr) {
            if base.fixed {
                let unit = power(-base.bits);
                found = found.within(real(base.known.lo) * unit, real(base.known.hi) * unit);
            }
            if let Some((slope, offset)) = found.line() {
                let (slope, offset) = bounded_line(base, slope, offset)?;
                return self.line(base, slope, offset);
            }
            if found.knots.len() <= MAX_KNOTS {
                return self.rectify(base, &found, range);
            }
        }
        if let Some(value) = self.truth(base, expr)? {
            return Ok(value);
        }
        if let Some(value) = self.staged(lazy)? {
            return Ok(value);
        }
        if let Some(value) = self.rooted(base, expr, range)? {
            return Ok(value);
        }
        if let Some(value) = self.square(base, expr)? {
            return Ok(value);
        }
        if let Some(value) = self.rounding(base, expr)? {
            return Ok(value);
        }
        let bits = if *integers { 0 } else { self.bits_for(range) };
        if let Some(value) = self.periodic(base, expr, bits)? {
            return Ok(value);
        }
        self.tabulated(base, expr, range, bits)
    }

    /// The value, cut off far beyond its calibrated range if it could be very wide.
    fn cut(&mut self, base: &Value) -> Result<Value, Refusal> {
        if self.builder.magnitude_bits(base) <= 56 {
            return Ok(base.clone());
        }
        self.narrow(base)
    }

    /// A comparison of lines, exactly.
    pub(super) fn truth(&mut self, base: &Value, expr: &Expr) -> Result<Option<Value>, Refusal> {
        if let Some(inner) = negated(expr) {
            let Some(value) = self.truth(base, inner)? else {
                return Ok(None);
            };
            return self.builder.sum(&[(-1, &value)], 1, 0).map(Some);
        }
        let Expr::Binary(Instruction::Less, a, b) = expr else {
            return Ok(None);
        };
        let Some((a, b)) = a.line().zip(b.line()) else {
            return Ok(None);
        };
        // Less is not at least.
        let x = if base.exact {
            base.clone()
        } else {
            self.narrow(base)?
        };
        let difference = self.line(&x, a.0 - b.0, a.1 - b.1)?;
        self.is_negative(&difference).map(Some)
    }

    /// A constant of some shape that is the same number everywhere.
    pub fn number(&mut self, like: &Value, number: f64) -> Result<Value, Refusal> {
        self.line(like, 0.0, number)
    }

    /// A size for the reference symbols.
    pub fn size(&self, dim: &Dim) -> Result<usize, Refusal> {
        self.builder.size(dim)
    }
}

/// A line whose numbers are bounded; one through a number without bound is taken at truth values only, where it
/// is how a mask is written.
fn bounded_line(base: &Value, slope: f64, offset: f64) -> Result<(f64, f64), Refusal> {
    if slope.abs() < UNBOUNDED && offset.abs() < UNBOUNDED {
        return Ok((slope, offset));
    }
    if !base.is_truth() {
        return Err(
            "a multiple by a number without bound of other than a truth value; if it comes from a mask of zeros and \
             ones, say so with --range NAME=0,1"
                .into(),
        );
    }
    let end = |value: f64| {
        if value.abs() < UNBOUNDED {
            return value;
        }
        power(FAR).copysign(value)
    };
    let (zero, one) = (end(offset), end(slope + offset));
    Ok((one - zero, zero))
}
