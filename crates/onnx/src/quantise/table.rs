//! Functions of one variable as tables: where a table is fine enough, and what comes beyond its ends.

use super::builder::{Builder, Refusal, Value, log2_of, nearest, power, real};
use super::expr::Expr;
use super::extent::{End, Shape};
use program::formula::Table;
use program::operator::Function;
use program::{Interval, ValueId};

/// The tables of a model's functions.
#[derive(Clone, Copy, Debug)]
pub struct Tables {
    /// The most entries of a table, as a power of two.
    pub bits: u32,
    /// The entries of a table that are tried first, as a power of two; see [`few_for`].
    pub few: u32,
    /// Fraction bits of a value between zero and one: a function's asymptote begins where it is as close as that.
    pub unit_bits: i32,
}

/// Bits of the number of entries of a table in which `count` values are looked up at the reference sizes: a proof
/// commits to a count for each entry, so a table of more than twice as many costs more than the values do.
pub fn few_for(count: usize) -> u32 {
    /// With fewer there is nothing to gain.
    const FEWEST: u32 = 14;
    count.saturating_mul(2).max(1 << FEWEST).ilog2()
}

/// Fraction bits of the slope of an asymptote.
const SLOPE: i32 = 10;

/// A function of a value; `range` is where its results lay in calibration, `bits` their fraction bits.
///
/// Errors: a reason if the function is a number nowhere near the calibrated arguments.
pub fn function(
    builder: &mut Builder,
    x: &Value,
    expr: &Expr,
    range: (f64, f64),
    bits: i32,
    tables: Tables,
) -> Result<Value, Refusal> {
    let formula = expr.formula();
    let scale = power(-x.bits);
    // What is known for some sizes says nothing of others.
    let limits = if x.fixed {
        (real(x.known.lo) * scale, real(x.known.hi) * scale)
    } else {
        (-power(60) * scale, power(60) * scale)
    };
    let seen = (
        x.range.0.clamp(limits.0, limits.1),
        x.range.1.clamp(limits.0, limits.1),
    );
    let shape = Shape {
        formula: &formula,
        tolerance: power(-bits.min(tables.unit_bits) - 1),
        seen,
        width: (seen.1 - seen.0)
            .max(power(log2_of(seen) - 6))
            .max(power(-16)),
        limits,
        exact: bits <= 0,
        can_jump: expr.can_jump(),
    };
    // Both ends are rounded outwards; the rows of a table of all entries are full.
    let extent = |log: u32| shape.extent(x, range, bits, power(log.cast_signed()) - 3.0);
    let extent = { (tables.few..tables.bits).map(extent) }
        .find(|extent| !extent.coarse)
        .unwrap_or_else(|| extent(tables.bits));
    let (low, high, bits) = (extent.low, extent.high, extent.bits);
    let shift = u32::try_from(x.bits - extent.argument_bits)
        .unwrap_or(0)
        .min(48);
    let argument_bits = x.bits - shift.cast_signed();
    let unit = power(argument_bits);
    let (lo, hi) = (
        nearest(libm::floor(low.at * unit)),
        nearest(libm::ceil(high.at * unit)),
    );
    let arguments = Table::filled(Interval::new(lo, hi.max(lo + 1)));
    // Slopes are integers: value units per argument unit. Those of asymptotes are to be right far away.
    let bits_for = |end: End| match end.slope.abs() {
        slope if slope <= power(-30) => bits,
        slope if end.asymptotic && (slope - libm::round(slope)).abs() > power(-20) => {
            bits.max(argument_bits + SLOPE)
        }
        _ => bits.max(argument_bits + 1),
    };
    let value_bits = bits_for(low).max(bits_for(high));
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
