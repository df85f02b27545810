//! Functions of a comparison or of a rounding alone: that one exactly first, then what is left of the function.

use super::builder::{Refusal, Value, power};
use super::expr::{Expr, rounds};
use super::lazy::Pointwise;
use super::materialise::FAR;
use super::walk::Quantiser;
use crate::array::UNBOUNDED;
use program::formula::{Function, Instruction};
use relation::interval::Wide;

/// How an expression depends on its variable.
enum Found<'a> {
    /// Not at all.
    Nothing,
    /// Through this step alone.
    Step(&'a Expr),
    /// In another way.
    Other,
}

impl Found<'_> {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, found) | (found, Self::Nothing) => found,
            (Self::Step(a), Self::Step(b)) if a == b => Self::Step(a),
            _ => Self::Other,
        }
    }
}

fn step(expr: &Expr) -> Found<'_> {
    match expr {
        Expr::Constant(_) => Found::Nothing,
        Expr::Variable => Found::Other,
        Expr::Binary(Instruction::Less, a, b) if a.line().is_some() && b.line().is_some() => {
            Found::Step(expr)
        }
        expr if is_rounding(expr) => Found::Step(expr),
        // What a rounding takes away.
        Expr::Binary(Instruction::Subtract, a, b) if is_rounding(b) && is_inner(a, b) => {
            Found::Step(expr)
        }
        Expr::Apply(_, inner) => step(inner),
        Expr::Binary(_, a, b) => step(a).and(step(b)),
        Expr::Choose(a, b, c) => step(a).and(step(b)).and(step(c)),
    }
}

fn is_rounding(expr: &Expr) -> bool {
    matches!(expr, Expr::Apply(function, inner) if rounds(*function) && inner.line().is_some())
}

/// Whether a function is applied to an expression: less a rounding of another line it may lie anywhere.
fn is_inner(expr: &Expr, applied: &Expr) -> bool {
    matches!(applied, Expr::Apply(_, inner) if **inner == *expr)
}

/// What is compared with a number, or rounded, and is no line.
fn bent(expr: &Expr) -> Option<&Expr> {
    let inner = match expr {
        Expr::Variable | Expr::Constant(_) => return None,
        Expr::Apply(_, a) => bent(a),
        Expr::Binary(_, a, b) => bent(a).or_else(|| bent(b)),
        Expr::Choose(a, b, c) => bent(a).or_else(|| bent(b)).or_else(|| bent(c)),
    };
    let argument = match expr {
        Expr::Apply(function, a) if rounds(*function) => a,
        Expr::Binary(Instruction::Less, a, b) => match (&**a, &**b) {
            (_, Expr::Constant(_)) => a,
            (Expr::Constant(_), _) => b,
            _ => return inner,
        },
        _ => return inner,
    };
    inner.or_else(|| argument.line().is_none().then_some(&**argument))
}

impl Quantiser<'_> {
    /// A function of a step: a table of all of it would round what is compared, or rounded.
    pub(super) fn staged(&mut self, lazy: &Pointwise) -> Result<Option<Value>, Refusal> {
        let Pointwise { base, expr, .. } = lazy;
        let Found::Step(step) = step(expr) else {
            return self.unbent(lazy);
        };
        let Some(rest) = expr.through(step) else {
            return Ok(None);
        };
        let value = match step {
            Expr::Binary(Instruction::Subtract, line, rounding) => {
                self.taken_away(base, line, rounding)?
            }
            _ if step == expr => None,
            Expr::Binary(..) => {
                let (Some(zero), Some(one)) = (rest.at(0.0), rest.at(1.0)) else {
                    return Ok(None);
                };
                let Some(truth) = self.truth(base, step)? else {
                    return Ok(None);
                };
                let (zero, one) = (bounded(zero), bounded(one));
                return self.line(&truth, one - zero, zero).map(Some);
            }
            _ => self.rounding(base, step)?,
        };
        let Some(value) = value else {
            return Ok(None);
        };
        let rest = Pointwise {
            integers: lazy.integers,
            range: lazy.range,
            base: value,
            expr: rest,
        };
        self.compute(&rest).map(Some)
    }

    /// A function of what is compared or rounded and is no line: that one first, where it tells more arguments apart than
    /// a table does. Where it is flat, as an exponential far below zero, it tells fewer.
    fn unbent(&mut self, lazy: &Pointwise) -> Result<Option<Value>, Refusal> {
        let Pointwise { base, expr, .. } = lazy;
        if base.exact && base.fixed && self.has_entries_for(base) {
            // A table holds all arguments.
            return Ok(None);
        }
        let Some(inner) = bent(expr) else {
            return Ok(None);
        };
        let Some(rest) = expr.through(inner) else {
            return Ok(None);
        };
        let Some(range) = self.told_apart(lazy, inner, &rest) else {
            return Ok(None);
        };
        let mut value = self.compute(&Pointwise {
            base: base.clone(),
            expr: inner.clone(),
            range,
            integers: false,
        })?;
        value.range = range;
        self.compute(&Pointwise {
            base: value,
            expr: rest,
            ..lazy.clone()
        })
        .map(Some)
    }

    /// Where an inner value lies, if a function through its rounded value is off at no more arguments than one of the
    /// rounded argument.
    fn told_apart(&self, lazy: &Pointwise, inner: &Expr, rest: &Expr) -> Option<(f64, f64)> {
        /// A prime number of stretches, so that few points are on both grids.
        const POINTS: u32 = 4093;
        let (lo, hi) = lazy.base.range;
        let margin = 0.25 * (hi - lo);
        let step = (hi - lo + 2.0 * margin) / f64::from(POINTS);
        let xs: Vec<f64> = (0..=POINTS)
            .map(|at| step.mul_add(f64::from(at), lo - margin))
            .collect();
        let exact: Option<Vec<f64>> = { xs.iter() }.map(|&x| lazy.expr.at(x)).collect();
        let exact = exact?;
        let seen = { xs.iter() }.filter(|x| (lo..=hi).contains(*x));
        let values: Option<Vec<f64>> = seen.map(|&x| inner.at(x)).collect();
        let ends = |values: &[f64]| {
            let lo = values.iter().copied().fold(f64::INFINITY, f64::min);
            (lo, values.iter().copied().fold(lo, f64::max))
        };
        let range = ends(&values?);
        let bits = if lazy.integers {
            0
        } else {
            self.bits_for(lazy.range)
        };
        let tolerance = 4.0 * power(-bits.min(self.bits_for((0.0, 1.0))));
        let rounded = |x: f64, unit: f64| libm::round(x / unit) * unit;
        let off = |found: &dyn Fn(f64) -> Option<f64>| {
            let pairs = xs.iter().zip(&exact);
            let differs = |(x, exact): &(&f64, &f64)| {
                found(**x).is_some_and(|found| (found - **exact).abs() > tolerance.min(0.25))
            };
            pairs.filter(differs).count()
        };
        let unit = (hi - lo) * power(-self.options.table_bits.cast_signed());
        let unit = unit.max(power(-lazy.base.bits));
        let fine = power(-self.bits_for(range));
        let staged = off(&|x| rest.at(rounded(inner.at(x)?, fine)));
        let direct = off(&|x| lazy.expr.at(rounded(x, unit)));
        // What calibration saw can come out: the points have not missed a peak.
        let (least, most) = ends(&exact);
        let is_seen = lazy.range.0 >= least - tolerance && lazy.range.1 <= most + tolerance;
        let is_finite = range.0.is_finite() && range.1.is_finite();
        (is_finite && is_seen && staged <= direct).then_some(range)
    }

    /// A line less a rounding of it.
    fn taken_away(
        &mut self,
        base: &Value,
        line: &Expr,
        rounding: &Expr,
    ) -> Result<Option<Value>, Refusal> {
        let (Some((slope, offset)), Some(whole)) = (line.line(), self.rounding(base, rounding)?)
        else {
            return Ok(None);
        };
        let base = if base.exact {
            base.clone()
        } else {
            self.narrow(base)?
        };
        let x = self.line(&base, slope, offset)?;
        let aligned = self.aligned(&[x, whole])?;
        let terms = [(1, &aligned[0]), (-1, &aligned[1])];
        let mut value = self.builder.sum(&terms, 0, aligned[0].bits)?;
        value.integers = false;
        value.range = (-1.0, 1.0);
        let is_floor = matches!(rounding, Expr::Apply(Function::Floor, _));
        if is_floor && (1..=40).contains(&value.bits) {
            // Zero or more, and below one.
            value.known = Wide {
                lo: 0,
                hi: (1 << value.bits) - 1,
            };
            value.fixed = true;
            let shift = value.bits - self.bits_for((0.0, 1.0));
            value = self.builder.rescale(&value, shift.max(0).cast_unsigned())?;
            value.range = (0.0, 1.0);
        }
        Ok(Some(value))
    }
}

/// A number without bound, as masks have, as one that lies far away.
fn bounded(value: f64) -> f64 {
    if value.abs() < UNBOUNDED {
        return value;
    }
    power(FAR).copysign(value)
}
