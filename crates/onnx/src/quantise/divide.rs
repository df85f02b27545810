//! Roots and quotients.

use super::builder::{Refusal, Value, log2_of, nearest, power, real};
use super::expr::Expr;
use super::walk::Quantiser;
use program::formula::{Function, Instruction};
use program::operator::{Divide, SquareRoot};
use program::{Interval, ValueId};

impl Quantiser<'_> {
    /// A root, an inverse root or an inverse of a line, if the function is one of these.
    pub(super) fn quotient_or_root(
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
            // Not cut off: what is divided by the root relies on its size.
            let shift = u32::try_from(x.bits - 2 * wanted).unwrap_or(0).min(48);
            if shift > 0 || !x.exact {
                x = self.builder.rescale(&x, shift)?;
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
}
