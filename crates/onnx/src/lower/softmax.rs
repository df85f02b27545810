//! Softmax and its logarithm: exponentials of distances from the maximum, over their sum.
//!
//! Scores become exponentials in one operator, without columns for rounded scores and distances; and where the shares
//! only weigh a sum, as in attention, they have no columns either (see [`super::shares`]).

use super::contract::OPEN;
use super::prelude::*;
use super::reduce::{maximum, sum};
use super::row::Rows;
use super::shares::Shares;
use crate::quantise::builder::Builder;
use crate::quantise::narrow::rounded;
use program::formula::Table;
use program::operator::BelowMaximum;
use program::{Interval, ValueId};
use tract_onnx::tract_core::ops::nn::{Softmax, SoftmaxKind};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<Softmax>()
}

/// Below this the exponential is zero.
const LEAST: f64 = -16.0;

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = node.op_as::<Softmax>().ok_or("no softmax")?;
    if op.quant_output_dt.is_some() {
        return Err("a softmax of quantised tensors; export the float model".into());
    }
    let axes = op.axes.to_vec();
    let x = q.value(node.input(0)?)?;
    let fused = match (op.kind, &axes[..]) {
        (SoftmaxKind::Softmax, &[axis]) => below_maximum(q, &x, axis)?,
        _ => None,
    };
    let (powers, distance) = match fused {
        Some(powers) => (powers, None),
        None => {
            let distance = distance(q, &x, &axes)?;
            (exponential(q, &distance)?, Some(distance))
        }
    };
    let mut total = sum(q, &powers, &axes)?;
    total.range = (1.0, libm::ldexp(1.0, 20));
    let Some(distance) = distance else {
        let value = shares(q, &powers, &total)?;
        q.shares.insert(value.id, Shares { powers, total });
        return Ok(vec![value.into()]);
    };
    if op.kind == SoftmaxKind::Softmax {
        return Ok(vec![shares(q, &powers, &total)?.into()]);
    }
    total.range = (1.0, 64.0);
    let total = Lazy::Pointwise(Pointwise {
        range: (0.0, 5.0),
        integers: false,
        expr: Expr::Variable.apply(Function::Ln),
        base: total,
    });
    let log = q.value(&total)?;
    let log = q.broadcast(&log, &x.shape)?;
    let aligned = q.aligned(&[distance, log])?;
    let value = q
        .builder
        .sum(&[(1, &aligned[0]), (-1, &aligned[1])], 0, aligned[0].bits)?;
    Ok(vec![value.into()])
}

/// The exponentials of distances from the maximum along one axis, of values that may be products; nothing if they could
/// be too far apart.
fn below_maximum(q: &mut Quantiser<'_>, x: &Value, axis: usize) -> Result<Option<Value>, Refusal> {
    /// Bits of the largest magnitude: a distance from a maximum has one more, and its excess another. Where it depends on
    /// sizes, some stay for larger ones.
    const ROOM: u32 = 57;
    let room = if x.fixed { ROOM } else { ROOM - OPEN };
    let table = exponentials(q, q.bits_for(x.range).clamp(10, 14).min(x.bits));
    let shift = u32::try_from(x.bits - table.argument_bits).unwrap_or(0);
    if shift > 48 || q.builder.magnitude_bits(x) > room {
        return Ok(None);
    }
    let value_bits = table.value_bits;
    let operator = BelowMaximum {
        axis,
        shift,
        interval: Builder::declared(rounded(x.known, shift), x.fixed),
        table,
    };
    let Ok(node) = q.builder.push(operator.into(), vec![x.id]) else {
        return Ok(None);
    };
    let id = ValueId { node, output: 0 };
    Ok(Some(q.builder.value(id, x.shape.clone(), value_bits, true)))
}

/// The distances from the maximum, rounded.
fn distance(q: &mut Quantiser<'_>, x: &Value, axes: &[usize]) -> Result<Value, Refusal> {
    // An error of the argument is a relative error of the result.
    let bits = q.bits_for(x.range).clamp(10, 14);
    // A mask puts entries far below all that calibration counts: where these are cut off, they still have to be zero.
    let mut x = x.clone();
    x.range = (x.range.0.min(2.0 * LEAST), x.range.1.max(-2.0 * LEAST));
    let x = q.builder.narrow_to(&x, bits)?;
    let most = maximum(q, &x, axes)?;
    let most = q.broadcast(&most, &x.shape)?;
    let mut distance = q.builder.sum(&[(1, &x), (-1, &most)], 0, x.bits)?;
    distance.known.hi = 0;
    distance.range = (LEAST, 0.0);
    Ok(distance)
}

/// The exponentials over their sum.
fn shares(q: &mut Quantiser<'_>, powers: &Value, total: &Value) -> Result<Value, Refusal> {
    let bits = q.bits_for((0.0, 1.0)) + 1;
    // The largest exponential is one. With as much more below it no quotient is rounded up to one, which would
    // take another bit; and the program sees that there is something to divide by.
    let more = (1 << (total.bits - bits).max(0)) + 1;
    let mut below = q.builder.sum(&[(1, total)], more, total.bits)?;
    below.range = total.range;
    let rows = Rows {
        above: powers,
        below: &below,
        factor: 1.0,
        most: Some(1.0),
        range: (0.0, 1.0),
        bits,
        known: Interval::new(0, (1 << bits) - 1),
    };
    let value = rows.divide(q)?;
    value.ok_or_else(|| "a softmax of more bits than there is room for".into())
}

/// The table of exponentials of arguments that are not positive and have at most `bits` fraction bits.
fn exponentials(q: &Quantiser<'_>, bits: i32) -> Table {
    let bits = bits.min(q.options.table_bits.cast_signed() - 4);
    // As fine as the quotients are going to be.
    let value_bits = q.bits_for((0.0, 1.0)) + 1;
    Table {
        formula: Expr::Variable.apply(Function::Exp).formula(),
        argument_bits: bits,
        value_bits,
        arguments: Interval::new(nearest(LEAST * power(bits)) + 1, 0),
        values: Interval::new(0, 1 << value_bits),
    }
}

/// The exponential of distances that are not positive.
fn exponential(q: &mut Quantiser<'_>, x: &Value) -> Result<Value, Refusal> {
    let table = exponentials(q, x.bits);
    let value_bits = table.value_bits;
    let operator = program::operator::Function {
        shift: u32::try_from(x.bits - table.argument_bits).unwrap_or(0),
        table,
        below: 0,
        above: 0,
    };
    let node = q.builder.push(operator.into(), vec![x.id])?;
    let id = ValueId { node, output: 0 };
    Ok(q.builder.value(id, x.shape.clone(), value_bits, true))
}
