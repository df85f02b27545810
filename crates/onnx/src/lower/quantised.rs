//! Quantised tensors: integers without fraction bits, and what rounds to them.

use super::prelude::*;
use crate::quantised::arithmetic::{self, ACCUMULATORS, Grid, Scaled, thresholds};
use crate::quantised::ops::{Dequantise, Lookup, Quantise, Requantise, place};
use program::operator::{Gather, Rescale, Staircase};
use program::{Interval, Tensor, ValueId};
use relation::interval::Wide;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    let op = &node.op;
    op.is::<Quantise>() || op.is::<Dequantise>() || op.is::<Requantise>() || op.is::<Lookup>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    if let Some(op) = node.op_as::<Dequantise>() {
        return dequantise(node, op);
    }
    let value = if let Some(op) = node.op_as::<Quantise>() {
        quantise(q, node, op)?
    } else if let Some(op) = node.op_as::<Requantise>() {
        requantise(q, node, op)?
    } else {
        lookup(q, node, node.op_as::<Lookup>().ok_or("no table")?)?
    };
    Ok(vec![value.into()])
}

/// The most thresholds of a channel: 8 bits have fewer, and the sums behind those of 16 bits would be too large to
/// verify.
const MAX_THRESHOLDS: i64 = 1 << 12;

/// The most bits of a value that is compared with thresholds.
const MAX_BITS: u32 = 50;

fn pointwise(node: &Node<'_>) -> Result<Pointwise, Refusal> {
    match node.input(0)? {
        Lazy::Pointwise(pointwise) => Ok(pointwise.clone()),
        Lazy::Constant(_) => Err("a function of a constant that cannot be computed".into()),
    }
}

/// The real behind an integer: a line until something asks for its value.
fn dequantise(node: &Node<'_>, op: &Dequantise) -> Result<Vec<Lazy>, Refusal> {
    let levels = op.levels.whole()?;
    let found = pointwise(node)?;
    let zero = f64::from(arithmetic::single(levels.grid.zero));
    let expr = { found.expr.clone() }
        .plus(-zero)
        .times(levels.scale.into());
    let integers = false;
    Ok(vec![Lazy::Pointwise(Pointwise {
        expr,
        integers,
        ..found
    })])
}

/// The integer for a real that the program computes, which is as accurate as the real: exact if that is
/// an integer.
fn quantise(q: &mut Quantiser<'_>, node: &Node<'_>, op: &Quantise) -> Result<Value, Refusal> {
    let Pointwise { base, expr, .. } = pointwise(node)?;
    let channels: Vec<Scaled> = { 0..op.levels.scales.len() }
        .map(|channel| op.levels.at(channel))
        .collect();
    let is_few = channels
        .iter()
        .all(|levels| levels.grid.hi - levels.grid.lo <= MAX_THRESHOLDS);
    if let Some((slope, offset)) = expr.line()
        && is_few
        && slope > 0.0
        && base.fixed
        && q.builder.magnitude_bits(&base) <= MAX_BITS
    {
        return rounded(q, node, (op.axis, &channels), &base, [slope, offset]);
    }
    let [levels] = channels[..] else {
        // A table belongs to one function.
        if !is_few {
            return Err(
                "a scale for each channel of integers of more than 8 bits; use one for all".into(),
            );
        }
        let x = q.exact(node.input(0)?)?;
        if !x.fixed {
            return Err("reals over an axis of symbolic size; fix the size".into());
        }
        return rounded(q, node, (op.axis, &channels), &x, [1.0, 0.0]);
    };
    let number = |value: i64| Expr::Constant(crate::quantise::builder::real(value.into()));
    let steps = expr.binary(Instruction::Divide, Expr::Constant(levels.scale.into()));
    let level = steps.apply(Function::RoundHalfEven);
    let level = level.binary(Instruction::Add, number(levels.grid.zero));
    let level = level.binary(Instruction::Maximum, number(levels.grid.lo));
    let level = level.binary(Instruction::Minimum, number(levels.grid.hi));
    q.tabulated(&base, &level, node.range(), 0)
}

/// The integer for each value of a line that rises: few thresholds instead of a table of all arguments.
fn rounded(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    (axis, channels): (i64, &[Scaled]),
    x: &Value,
    [slope, offset]: [f64; 2],
) -> Result<Value, Refusal> {
    let unit = slope * power(-x.bits);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "reals of the graph are single"
    )]
    let real = |x: i64| unit.mul_add(crate::quantise::builder::real(x.into()), offset) as f32;
    let ends = [x.known.lo, x.known.hi].map(i64::try_from);
    let [Ok(lo), Ok(hi)] = ends else {
        return Err("values of more than 64 bits".into());
    };
    let own = |levels: &Scaled| thresholds(levels.grid, [lo, hi], |x| levels.quantise(real(x)));
    let found: Vec<Vec<i64>> = channels.iter().map(own).collect();
    let axis = axis_of(axis, channels.len(), x)?;
    staircase(q, node, x, (axis, channels[0].grid), &found)
}

/// The axis of some channels, if there are several.
fn axis_of(axis: i64, channels: usize, x: &Value) -> Result<Option<usize>, Refusal> {
    if channels == 1 {
        return Ok(None);
    }
    let axis = place(axis, x.shape.len()).map_err(|error| error.to_string())?;
    Ok(Some(axis))
}

/// A rounded accumulator.
fn requantise(q: &mut Quantiser<'_>, node: &Node<'_>, op: &Requantise) -> Result<Value, Refusal> {
    let x = q.value(node.input(0)?)?;
    if x.bits != 0 {
        return Err("an accumulator that is no integer".into());
    }
    if !x.fixed {
        return Err("an accumulator over an axis of symbolic size; fix the size".into());
    }
    let channels = op.multipliers.len().max(op.biases.len());
    let axis = axis_of(op.axis, channels, &x)?;
    let mut all = Vec::with_capacity(channels);
    for channel in 0..channels {
        let of = |len: usize| channel.min(len - 1);
        let bias = op.biases[of(op.biases.len())];
        let multiplier = op.multipliers[of(op.multipliers.len())];
        check_wrap(x.known, bias)?;
        let rounded = |sum| arithmetic::requantise(sum, multiplier, op.grid);
        let found = thresholds(op.grid, ACCUMULATORS, rounded);
        all.push(found.into_iter().map(|sum| sum - bias).collect());
    }
    staircase(q, node, &x, (axis, op.grid), &all)
}

/// How many thresholds of its channel a value has reached.
fn staircase(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    x: &Value,
    (axis, grid): (Option<usize>, Grid),
    thresholds: &[Vec<i64>],
) -> Result<Value, Refusal> {
    let ends = [x.known.lo, x.known.hi + 1].map(i64::try_from);
    let [Ok(lo), Ok(beyond)] = ends else {
        return Err("values of more than 64 bits".into());
    };
    let (mut first, mut steps) = (Vec::new(), Vec::new());
    for thresholds in thresholds {
        // Where no argument comes, a threshold only has to be beyond all of them; and there is at least
        // one step.
        let clipped = thresholds
            .iter()
            .map(|&threshold| threshold.clamp(lo, beyond));
        let mut clipped: Vec<i64> = clipped.collect();
        clipped.resize(clipped.len().max(2), beyond);
        first.push(clipped[0]);
        steps.extend(clipped.windows(2).map(|pair| pair[1] - pair[0]));
    }
    let channels = thresholds.len();
    let mut parameter = |what: &str, shape: Vec<usize>, values: Vec<i64>| {
        let tensor = Tensor::from_i64s(shape, values).map_err(|error| error.to_string())?;
        let name = format!("{}/{what}", node.name);
        q.builder.parameter(&name, tensor, 0)
    };
    let rise = steps.len() / channels;
    let first = parameter("threshold", vec![channels], first)?;
    let steps = parameter("steps", vec![channels, rise], steps)?;
    let operator = Staircase {
        axis,
        lowest: grid.lo,
        arguments: q.builder.fact(x.id).interval,
    };
    let at = q
        .builder
        .push(operator.into(), vec![x.id, first.id, steps.id])?;
    let id = ValueId {
        node: at,
        output: 0,
    };
    let mut value = q.builder.value(id, x.shape.clone(), 0, true);
    value.known = Interval::new(grid.lo, grid.hi).into();
    value.range = node.range();
    Ok(value)
}

/// That an accumulator with its bias has at most 32 bits: beyond them it would wrap.
fn check_wrap(known: Wide, bias: i64) -> Result<(), Refusal> {
    let [lo, hi] = [known.lo, known.hi].map(|end| end + i128::from(bias));
    if lo >= i32::MIN.into() && hi <= i32::MAX.into() {
        return Ok(());
    }
    Err(format!(
        "accumulators that could reach {lo} or {hi} would wrap at 32 bits; use smaller biases or fewer terms"
    ))
}

/// A function of one or two integers: a row of a table.
fn lookup(q: &mut Quantiser<'_>, node: &Node<'_>, op: &Lookup) -> Result<Value, Refusal> {
    let mut index: Option<Value> = None;
    for (at, &[lo, hi]) in op.arguments.iter().enumerate() {
        let x = q.value(node.input(at)?)?;
        let x = within(q, &x, Interval::new(lo, hi))?;
        let x = q.broadcast(&x, node.shape())?;
        index = Some(match index {
            None => q.builder.sum(&[(1, &x)], -lo, 0)?,
            Some(before) => q.builder.sum(&[(hi - lo + 1, &before), (1, &x)], -lo, 0)?,
        });
    }
    let index = index.ok_or("a table without arguments")?;
    let shape = vec![op.values.len()];
    let table = Tensor::from_i64s(shape, op.values.clone());
    let table = table.map_err(|error| error.to_string())?;
    let name = format!("{}/table", node.name);
    let table = q.builder.parameter(&name, table, 0)?;
    let at = q.builder.push(Gather.into(), vec![table.id, index.id])?;
    let id = ValueId {
        node: at,
        output: 0,
    };
    let mut value = q.builder.value(id, index.shape.clone(), 0, true);
    value.known = table.known;
    value.range = node.range();
    Ok(value)
}

/// An integer that the program can tell to lie in an interval.
fn within(q: &mut Quantiser<'_>, x: &Value, interval: Interval) -> Result<Value, Refusal> {
    let inside = |found: Wide| found.lo >= interval.lo.into() && found.hi <= interval.hi.into();
    if !x.fixed {
        return Err("integers over an axis of symbolic size; fix the size".into());
    }
    if x.bits != 0 || !inside(x.known) {
        return Err(format!("values that are no integers in {interval:?}"));
    }
    if x.exact && inside(q.builder.fact(x.id).wide()) {
        return Ok(x.clone());
    }
    // Columns of its own, whose range checks show the interval.
    let rescale = Rescale {
        shift: 0,
        interval: Some(interval),
    };
    let node = q.builder.push(rescale.into(), vec![x.id])?;
    let id = ValueId { node, output: 0 };
    let mut value = q.builder.value(id, x.shape.clone(), 0, true);
    (value.known, value.range) = (x.known, x.range);
    Ok(value)
}
