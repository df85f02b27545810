//! Functions of one variable become operators: lines, rectifiers, roots, quotients, tables.

use super::builder::{Refusal, Value, log2_of, nearest, power, real};
use super::expr::Expr;
use super::lazy::{Constant, Lazy, Pointwise};
use super::piecewise::{MAX_KNOTS, Piecewise, negated};
use super::table;
use super::walk::Quantiser;
use program::formula::{Function, Instruction};
use program::operator::{AtLeastZero, Divide, SquareRoot};
use program::{Dim, Interval, Tensor, ValueId};

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

    /// The value rounded to the bits that its range calls for.
    pub fn narrow(&mut self, value: &Value) -> Result<Value, Refusal> {
        let bits = self.bits_for(value.range);
        self.builder.narrow_to(value, bits)
    }

    /// A constant as a parameter with at most `most` fraction bits.
    pub fn parameter(&mut self, constant: &Constant, most: i32) -> Result<Value, Refusal> {
        let array = &constant.array;
        if array.data.iter().any(|value| !value.is_finite()) {
            return Err(format!("the constant {:?} is not finite", constant.name));
        }
        let range = array.range().unwrap_or((0.0, 0.0));
        let limit = self.options.weight_bits.cast_signed() - 1;
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
        let bits = (0..bits)
            .find(|&bits| whole(bits))
            .unwrap_or(bits)
            .min(most);
        let key = (constant.name.clone(), array.clone(), bits);
        if let Some((_, value)) = self.parameters.iter().find(|(other, _)| *other == key) {
            return Ok(value.clone());
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
        let Pointwise { base, expr, range } = lazy;
        let known = { self.functions.iter() }
            .find(|(id, bits, other, _)| *id == base.id && *bits == base.bits && other == expr);
        if let Some((.., value)) = known {
            return Ok(value.clone());
        }
        let mut value = self.compute(base, expr, *range)?;
        value.range = *range;
        let entry = (base.id, base.bits, expr.clone(), value.clone());
        self.functions.push(entry);
        Ok(value)
    }

    fn compute(&mut self, base: &Value, expr: &Expr, range: (f64, f64)) -> Result<Value, Refusal> {
        if *expr == Expr::Variable {
            return Ok(base.clone());
        }
        if let Some(found) = Piecewise::of(expr) {
            if let Some((slope, offset)) = found.line() {
                return self.line(base, slope, offset);
            }
            if found.knots.len() <= MAX_KNOTS {
                return self.rectify(base, &found, range);
            }
        }
        if let Some(value) = self.truth(base, expr)? {
            return Ok(value);
        }
        if let Some(value) = self.quotient_or_root(base, expr, range)? {
            return Ok(value);
        }
        let bits = self.bits_for(range);
        let cut = self.cut(base)?;
        table::function(&mut self.builder, &cut, expr, range, bits)
    }

    /// The value, cut off far beyond its calibrated range if it could be very wide.
    fn cut(&mut self, base: &Value) -> Result<Value, Refusal> {
        if self.builder.magnitude_bits(base) <= 56 {
            return Ok(base.clone());
        }
        self.narrow(base)
    }

    /// `slope * x + offset`.
    pub fn line(&mut self, x: &Value, slope: f64, offset: f64) -> Result<Value, Refusal> {
        let range = (
            slope.mul_add(x.range.0, offset),
            slope.mul_add(x.range.1, offset),
        );
        let range = (range.0.min(range.1), range.0.max(range.1));
        let (coefficient, exponent) = significand(slope);
        let wide = self.builder.magnitude_bits(x) + 64 - coefficient.unsigned_abs().leading_zeros();
        let x = if wide > 56 {
            self.narrow(x)?
        } else {
            x.clone()
        };
        let mut bits = x.bits - exponent;
        let mut terms = vec![(coefficient, &x)];
        if coefficient == 0 {
            terms = vec![(0, &x)];
            bits = self.bits_for((offset, offset));
        }
        // Enough fraction bits for the offset to be accurate.
        let wanted = self.bits_for(range).min(bits + 16);
        let by = u32::try_from(wanted - bits).unwrap_or(0);
        let raised = if offset != 0.0 && coefficient != 0 && by > 0 && wide + by < 56 {
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

    /// A piecewise linear function by positive and negative parts.
    fn rectify(
        &mut self,
        x: &Value,
        function: &Piecewise,
        range: (f64, f64),
    ) -> Result<Value, Refusal> {
        let steepest = function
            .pieces
            .iter()
            .fold(0.0, |most: f64, piece| most.max(piece.0.abs()));
        let bits = self.bits_for(range) + log2_of((0.0, steepest)).max(-8);
        let shift = u32::try_from(x.bits - bits).unwrap_or(0).min(48);
        let x = if self.builder.magnitude_bits(x) > 56 {
            self.narrow(x)?
        } else {
            x.clone()
        };
        let shift = shift.min(u32::try_from(x.bits - bits).unwrap_or(0));
        // Jumps of the slope, as integers over a power of two.
        let first = function.pieces[0].0;
        let slopes: Vec<f64> = function.pieces.iter().map(|piece| piece.0).collect();
        let exponent = common_exponent(&slopes);
        let scaled = |slope: f64| nearest(slope * power(exponent));
        let mut parts = Vec::new();
        for (at, &knot) in function.knots.iter().enumerate() {
            let distance = self
                .builder
                .sum(&[(1, &x)], -nearest(knot * power(x.bits)), x.bits)?;
            let [above, below] = self.builder.split(&distance, shift)?;
            let left = if at == 0 { scaled(first) } else { 0 };
            let right = scaled(slopes[at + 1]) - if at == 0 { 0 } else { scaled(slopes[at]) };
            parts.push((right, above));
            parts.push((-left, below));
        }
        let terms: Vec<(i64, &Value)> = { parts.iter() }
            .filter(|(coefficient, _)| *coefficient != 0)
            .map(|(coefficient, value)| (*coefficient, value))
            .collect();
        let bits = x.bits - shift.cast_signed() + exponent;
        let (slope, offset) = function.pieces[0];
        let start = slope.mul_add(function.knots[0], offset);
        let mut value = self
            .builder
            .sum(&terms, nearest(start * power(bits)), bits)?;
        // The parts of one value are not both large: what is known is where the pieces lead.
        let unit = steepest * power(exponent) + 1.0;
        if let Some(known) = ends(&x, function, bits, unit) {
            value.known = super::builder::meet(known, value.known);
        }
        Ok(value)
    }

    /// A comparison of lines, exactly.
    fn truth(&mut self, base: &Value, expr: &Expr) -> Result<Option<Value>, Refusal> {
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
        let node = self.builder.push(AtLeastZero.into(), vec![difference.id])?;
        let id = ValueId { node, output: 0 };
        let bit = self.builder.value(id, x.shape.clone(), 0, true);
        self.builder.sum(&[(-1, &bit)], 1, 0).map(Some)
    }

    fn quotient_or_root(
        &mut self,
        base: &Value,
        expr: &Expr,
        range: (f64, f64),
    ) -> Result<Option<Value>, Refusal> {
        let (function, inner, factor) = match expr {
            Expr::Apply(function, inner) => (*function, &**inner, 1.0),
            Expr::Binary(Instruction::Divide, top, inner) => match (&**top, &**inner) {
                (Expr::Constant(top), Expr::Apply(Function::SquareRoot, inner)) => {
                    (Function::ReciprocalSquareRoot, &**inner, *top)
                }
                (Expr::Constant(top), inner) => (Function::Reciprocal, inner, *top),
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        let (function, inner) = match (function, inner) {
            (Function::Reciprocal, Expr::Apply(Function::SquareRoot, inner)) => {
                (Function::ReciprocalSquareRoot, &**inner)
            }
            found => found,
        };
        let Some((slope, offset)) = inner.line() else {
            return Ok(None);
        };
        if !matches!(
            function,
            Function::SquareRoot | Function::ReciprocalSquareRoot | Function::Reciprocal
        ) {
            return Ok(None);
        }
        let x = self.line(base, slope, offset)?;
        if function == Function::SquareRoot {
            return self.root(&x, range).map(Some);
        }
        let below = if function == Function::Reciprocal {
            if x.range.0 <= 0.0 && x.range.1 >= 0.0 {
                return Ok(None);
            }
            x
        } else {
            let range = (x.range.0.max(0.0).sqrt(), x.range.1.max(0.0).sqrt());
            self.root(&x, range)?
        };
        let zero = self.line(&below, 0.0, factor)?;
        self.divide(&zero, &below, range).map(Some)
    }

    /// The square root of a value, zero for negative ones.
    pub fn root(&mut self, x: &Value, range: (f64, f64)) -> Result<Value, Refusal> {
        let wanted = self.bits_for(range) + 1;
        let mut x = x.clone();
        if !x.exact || self.builder.magnitude_bits(&x) > 48 {
            let most = x.bits.min(2 * wanted);
            x = self.builder.narrow_to(&x, most)?;
            if !x.exact {
                x = self.builder.rescale(&x, 0)?;
            }
        }
        if self.builder.fact(x.id).interval.lo < 0 {
            let [above, _] = self.builder.split(&x, 0)?;
            x = Value {
                range: x.range,
                ..above
            };
        }
        // Twice the bits of the root, as far as there is room.
        let room = 58 - self.builder.magnitude_bits(&x).cast_signed();
        let raise = (2 * wanted - x.bits).clamp(0, room.max(0));
        let raise = raise - (x.bits + raise).rem_euclid(2);
        let raise = if raise < 0 { raise + 2 } else { raise };
        let x = self.builder.raise(&x, x.bits + raise)?;
        let node = self.builder.push(SquareRoot.into(), vec![x.id])?;
        let root = self.builder.value(
            ValueId { node, output: 0 },
            x.shape.clone(),
            x.bits / 2,
            true,
        );
        // The floor is half a unit low on average.
        let mut value = self.builder.sum(&[(2, &root)], 1, x.bits / 2 + 1)?;
        value.fixed = x.fixed;
        value.range = range;
        Ok(value)
    }

    /// The quotient of two values of one shape, the denominator of one sign in calibration.
    pub fn divide(&mut self, n: &Value, d: &Value, range: (f64, f64)) -> Result<Value, Refusal> {
        let (n, d) = if d.range.1 < 0.0 {
            let mut negated = self.builder.sum(&[(-1, d)], 0, d.bits)?;
            negated.range = (-d.range.1, -d.range.0);
            let mut top = self.builder.sum(&[(-1, n)], 0, n.bits)?;
            top.range = (-n.range.1, -n.range.0);
            (top, negated)
        } else {
            (n.clone(), d.clone())
        };
        let bits = self.bits_for(d.range);
        let most = u32::try_from(log2_of(d.range) + bits + 7).unwrap_or(1);
        let mut d = self.builder.fit(&d, bits, most.max(12))?;
        // Denominators are kept off zero, far below what was seen.
        let least = libm::floor(d.range.0.max(0.0) * power(d.bits - 4));
        let least = nearest(least).max(1);
        if self.builder.fact(d.id).interval.lo < least {
            let moved = self.builder.sum(&[(1, &d)], -least, d.bits)?;
            let [above, _] = self.builder.split(&moved, 0)?;
            let range = d.range;
            d = self.builder.sum(&[(1, &above)], least, d.bits)?;
            d.range = range;
        }
        self.divide_by(&n, &d, range, None)
    }

    /// The quotient by a value that the program knows to be at least one unit.
    pub fn divide_by(
        &mut self,
        n: &Value,
        d: &Value,
        range: (f64, f64),
        known: Option<Interval>,
    ) -> Result<Value, Refusal> {
        let wanted = self.bits_for(range) + d.bits;
        let mut n = n.clone();
        // A quotient times the denominator must stay exact too.
        let below = self.builder.fact(d.id).interval;
        let spread = if known.is_some() {
            0
        } else {
            log2_of((0.0, real(below.hi.into()))) - log2_of((0.0, real(below.lo.into()))) + 1
        };
        let room = |wide: u32| 57 - spread - wide.cast_signed();
        if room(self.builder.magnitude_bits(&n)) < 1
            || n.bits - wanted > room(self.builder.magnitude_bits(&n))
            || wanted - n.bits > room(self.builder.magnitude_bits(&n))
        {
            n = self.narrow(&n)?;
        }
        if n.bits > wanted {
            n = self.builder.narrow_to(&n, wanted)?;
        }
        let by = (wanted - n.bits).clamp(0, room(self.builder.magnitude_bits(&n)).max(0));
        let bits = n.bits + by - d.bits;
        // Half up: floor((2 n + d) / (2 d)).
        let by = u32::try_from(by + 1).map_err(|_| "a numerator is too wide")?;
        let raised = n.bits + by.cast_signed();
        let scaled = self.builder.sum(&[(1 << by, &n)], 0, raised)?;
        let half = Value {
            bits: raised,
            ..d.clone()
        };
        let top = self.builder.sum(&[(1, &scaled), (1, &half)], 0, raised)?;
        let bottom = self.builder.sum(&[(2, d)], 0, d.bits)?;
        let operator = Divide { interval: known };
        let node = self
            .builder
            .push(operator.into(), vec![top.id, bottom.id])?;
        let mut value =
            self.builder
                .value(ValueId { node, output: 0 }, d.shape.clone(), bits, true);
        value.fixed = n.fixed && d.fixed;
        value.range = range;
        Ok(value)
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

/// Where a function of a value lies, by its knots and the ends of what is known.
fn ends(x: &Value, function: &Piecewise, bits: i32, unit: f64) -> Option<relation::interval::Wide> {
    let scale = power(-x.bits);
    let points = [real(x.known.lo) * scale, real(x.known.hi) * scale];
    let at = |x: f64| {
        let piece = function.knots.iter().filter(|&&knot| knot <= x).count();
        let (slope, offset) = function.pieces[piece];
        slope.mul_add(x, offset) * power(bits)
    };
    let values: Vec<f64> = points
        .iter()
        .chain(&function.knots)
        .map(|&x| at(x))
        .collect();
    let lo = values.iter().copied().fold(f64::INFINITY, f64::min);
    let hi = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Rounding of the argument, the knots and the slopes moves a value by little.
    let margin = |value: f64| value.abs() * power(-13) + 16.0 * unit;
    if lo.abs().max(hi.abs()) > power(60) {
        return None;
    }
    Some(relation::interval::Wide {
        lo: nearest(libm::floor(lo - margin(lo))).into(),
        hi: nearest(libm::ceil(hi + margin(hi))).into(),
    })
}

/// `(m, e)` with the number close to `m * 2^e`, `m` of at most 16 bits.
fn significand(number: f64) -> (i64, i32) {
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

/// Fraction bits with which all of some slopes are close to integers.
fn common_exponent(slopes: &[f64]) -> i32 {
    let exact = |bits: i32| {
        let scale = power(bits);
        slopes
            .iter()
            .all(|slope| libm::trunc(slope * scale) == slope * scale)
    };
    (0..14).find(|&bits| exact(bits)).unwrap_or(14)
}
