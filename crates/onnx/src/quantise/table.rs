//! Functions of one variable as tables: where a table is fine enough, and what comes beyond its ends.

use super::builder::{Builder, Refusal, Value, log2_of, nearest, power, real};
use super::expr::Expr;
use program::formula::{Formula, Table};
use program::operator::Function;
use program::{Interval, ValueId};

/// How a function goes on beyond a table's end.
#[derive(Clone, Copy, Debug)]
struct End {
    /// The last argument.
    at: f64,
    /// The slope beyond it.
    slope: f64,
}

struct Shape<'a> {
    formula: &'a Formula,
    /// What the value may be off by.
    tolerance: f64,
}

impl Shape<'_> {
    fn at(&self, x: f64) -> Option<f64> {
        self.formula.at(x).filter(|value| value.is_finite())
    }

    /// The line that the function approaches in a direction: slope and offset.
    ///
    /// Looks far away first, and closer where the formula is no number: an exponential in it overflows.
    fn asymptote(&self, sign: f64, from: f64) -> Option<(f64, f64)> {
        [64.0, 16.0, 4.0, 2.0].into_iter().find_map(|factor| {
            let far = sign * from.abs().max(8.0) * factor;
            let (a, b, c) = (self.at(far)?, self.at(far * 1.5)?, self.at(far * 2.0)?);
            let slope = (c - a) / far;
            let offset = a - slope * far;
            let off = (slope * far * 1.5 + offset - b).abs();
            (off <= self.tolerance * 0.5).then_some((slope, offset))
        })
    }

    /// Where the table may end in a direction: from where on the function is its asymptote, if that is
    /// known and not too far; else somewhat beyond what was seen.
    fn end(&self, sign: f64, seen: f64, width: f64, limit: f64) -> End {
        let beyond = seen + sign * width * 0.5;
        let inside = |at: f64| {
            if sign > 0.0 {
                at.min(limit)
            } else {
                at.max(limit)
            }
        };
        let Some((slope, offset)) = self.asymptote(sign, seen.abs() + width) else {
            return self.tangent(sign, inside(beyond), width);
        };
        let close = |x: f64| {
            let line = slope * x + offset;
            self.at(x)
                .is_some_and(|value| (value - line).abs() <= self.tolerance)
        };
        // The first of some distances from which on the function stays close to the line.
        let step = width.max(1e-9) / 32.0;
        let mut distance = 16.0 * width + 64.0;
        let mut last_far = None;
        while distance > step {
            if !close(seen + sign * distance) {
                last_far = Some(distance);
                break;
            }
            distance /= 1.05;
        }
        let reach = last_far.map_or(step, |distance| distance * 1.05);
        if reach > 15.0 * width + 60.0 {
            return self.tangent(sign, inside(beyond), width);
        }
        End {
            at: inside(seen + sign * reach),
            slope,
        }
    }

    /// Goes on along the secant of the last stretch.
    fn tangent(&self, sign: f64, at: f64, width: f64) -> End {
        let inner = at - sign * width / 64.0;
        let slope = match (self.at(at), self.at(inner)) {
            (Some(outer), Some(inner_value)) => (outer - inner_value) / (at - inner),
            _ => 0.0,
        };
        End { at, slope }
    }

    /// The largest slope among some points.
    fn steepest(&self, lo: f64, hi: f64) -> f64 {
        const POINTS: u32 = 512;
        let step = (hi - lo) / f64::from(POINTS);
        let slopes = (0..POINTS).filter_map(|at| {
            let x = step.mul_add(f64::from(at), lo);
            let (a, b) = (self.at(x)?, self.at(x + step)?);
            Some(((b - a) / step).abs())
        });
        slopes.fold(0.0, f64::max)
    }
}

/// A function of a value; `range` is where its results lay in calibration, `bits` their fraction bits;
/// the table has at most `2^table_bits` entries.
///
/// Errors: a reason if the function is a number nowhere near the calibrated arguments.
pub fn function(
    builder: &mut Builder,
    x: &Value,
    expr: &Expr,
    range: (f64, f64),
    bits: i32,
    table_bits: u32,
) -> Result<Value, Refusal> {
    let formula = expr.formula();
    let scale = power(-x.bits);
    let limits = (real(x.known.lo) * scale, real(x.known.hi) * scale);
    let seen = (
        x.range.0.clamp(limits.0, limits.1),
        x.range.1.clamp(limits.0, limits.1),
    );
    let width = (seen.1 - seen.0)
        .max(power(log2_of(seen) - 6))
        .max(power(-16));
    let shape = Shape {
        formula: &formula,
        tolerance: power(-bits - 1),
    };
    let (low, high) = (
        shape.end(-1.0, seen.0, width, limits.0),
        shape.end(1.0, seen.1, width, limits.1),
    );
    // Both ends are rounded outwards; the rows of a table of all entries are full.
    let entries = power(table_bits.cast_signed()) - 3.0;
    // Half a unit of the argument times the slope should be at most half a unit of the value.
    let steep = shape.steepest(seen.0 - width / 8.0, seen.1 + width / 8.0);
    let wanted = bits + log2_of((0.0, steep)).max(-20);
    let finest = log2_of((0.0, entries / (high.at - low.at).max(1e-30))) - 1;
    let argument_bits = wanted.min(finest).min(x.bits).clamp(-50, 50);
    let shift = u32::try_from(x.bits - argument_bits).unwrap_or(0).min(48);
    let argument_bits = x.bits - shift.cast_signed();
    let unit = power(argument_bits);
    let (lo, hi) = (
        nearest(libm::floor(low.at * unit)),
        nearest(libm::ceil(high.at * unit)),
    );
    let arguments = Table::filled(Interval::new(lo, hi.max(lo + 1)));
    // Slopes are integers: value units per argument unit.
    let sloped = low.slope.abs().max(high.slope.abs()) > power(-30);
    let value_bits = if sloped {
        bits.max(argument_bits + 1)
    } else {
        bits
    };
    let per_unit = power(value_bits - argument_bits);
    let reach = real(x.known.hi.max(-x.known.lo)) * power(-shift.cast_signed());
    let slope = |end: End| {
        let slope = nearest(end.slope * per_unit);
        // Beyond what can be carried the function stays where it is.
        let fits = real(slope.into()).abs() * reach < power(44) && slope.abs() < 1 << 30;
        if fits { slope } else { 0 }
    };
    let most = range.0.abs().max(range.1.abs()).max(power(-bits)) * power(value_bits + 4);
    let cap = nearest(most).clamp(1, 1 << 44);
    let mut table = Table {
        formula,
        argument_bits,
        value_bits,
        arguments,
        values: Interval::new(-cap, cap),
    };
    let values = table.values().map_err(|error| error.to_string())?;
    let ends = values.iter().fold((i64::MAX, i64::MIN), |ends, &value| {
        (ends.0.min(value), ends.1.max(value))
    });
    table.values = Interval::new(ends.0, ends.1);
    let operator = Function {
        shift,
        table,
        below: slope(low),
        above: slope(high),
    };
    let node = builder.push(operator.into(), vec![x.id])?;
    let mut value = builder.value(
        ValueId { node, output: 0 },
        x.shape.clone(),
        value_bits,
        true,
    );
    value.range = range;
    value.fixed = x.fixed;
    Ok(value)
}
