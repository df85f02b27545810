//! Arithmetic of integers: truncating quotients, remainders, shifts, bits of two's complement.

use super::arithmetic::larger;
use super::compare::at_least;
use super::logic::select;
use super::prelude::*;
use program::ValueId;
use program::operator::{Contract, Divide};
use relation::interval::Wide;
use tract_onnx::prelude::DatumType;
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::logic::{BitAnd, BitNot, BitOr, BitXor};
use tract_onnx::tract_core::ops::math::{Div, Rem, ShiftLeft, ShiftRight};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    // What is computed of sizes and data is an integer too.
    let is_integer = |kind: DatumType| kind.is_integer() || kind.is_tdim();
    let integers = { node.outputs.first() }.is_some_and(|out| is_integer(out.fact.datum_type));
    let is_not = |op: &ElementWiseOp| op.0.is::<BitNot>();
    let is_bits = |op: &dyn BinMiniOp| {
        op.is::<ShiftLeft>()
            || op.is::<ShiftRight>()
            || op.is::<BitAnd>()
            || op.is::<BitOr>()
            || op.is::<BitXor>()
    };
    let binary = node.op.downcast_ref::<TypedBinOp>();
    binary.is_some_and(|op| op.0.is::<Rem>())
        || integers && binary.is_some_and(|op| op.0.is::<Div>() || is_bits(op.0.as_ref()))
        || integers && node.op.downcast_ref::<ElementWiseOp>().is_some_and(is_not)
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let kind = *node.types.first().ok_or("no result")?;
    if element_wise::<BitNot>(node).is_some() {
        let x = q.exact(node.input(0)?)?;
        let all = match (kind.is_unsigned(), kind.size_of()) {
            (false, _) => -1,
            (true, size @ 1..=4) => (1i64 << (8 * size)) - 1,
            _ => return Err("the complement of 64 bits without a sign".into()),
        };
        return Ok(vec![q.builder.sum(&[(-1, &x)], all, 0)?.into()]);
    }
    let op = binary(node)?;
    let mut operands = Vec::new();
    for at in 0..2 {
        let value = q.exact(node.input(at)?)?;
        operands.push(q.broadcast(&value, node.shape())?);
    }
    let operands = q.aligned(&operands)?;
    let (a, b) = (&operands[0], &operands[1]);
    let mut value = if op.is::<Div>() {
        quotient(q, a, b)?
    } else if op.is::<Rem>() {
        remainder(q, a, b)?
    } else if op.is::<ShiftLeft>() {
        let factor = power_of_two(q, b)?;
        let value = super::arithmetic::product(q, node.shape(), a, &factor)?;
        let value = q.builder.rescale(&value, 0)?;
        if kind.is_unsigned() {
            lowest_bits(q, &value, 8 * kind.size_of())?
        } else {
            value
        }
    } else if op.is::<ShiftRight>() {
        let factor = power_of_two(q, b)?;
        // The bits of a negative number are those of the floor too.
        let [value, _] = divided(q, a, &factor)?;
        value
    } else {
        bitwise(q, op, [a, b], 8 * kind.size_of())?
    };
    if kind.is_integer() {
        value.range = node.range();
    }
    Ok(vec![value.into()])
}

/// The magnitude of a value, and 1 where the value is at least zero, unless it always is, whatever the sizes are.
fn magnitude(q: &mut Quantiser<'_>, x: &Value) -> Result<(Value, Option<Value>), Refusal> {
    if q.builder.is_at_least(x, 0) {
        return Ok((x.clone(), None));
    }
    let [above, below] = q.builder.split(x, 0)?;
    let mut value = q.builder.sum(&[(1, &above), (1, &below)], 0, x.bits)?;
    value.known = Wide {
        lo: 0,
        hi: x.known.hi.max(-x.known.lo),
    };
    let zero = q.builder.sum(&[(0, x)], 0, x.bits)?;
    Ok((value, Some(at_least(q, x, &zero)?)))
}

/// The value or its negative.
fn signed(q: &mut Quantiser<'_>, positive: Option<Value>, x: &Value) -> Result<Value, Refusal> {
    let Some(positive) = positive else {
        return Ok(x.clone());
    };
    let negative = q.builder.sum(&[(-1, x)], 0, x.bits)?;
    select(q, &[positive, x.clone(), negative])
}

/// `floor(n / d)` and what is left, of integers; `d` is at least one.
fn divided(q: &mut Quantiser<'_>, n: &Value, d: &Value) -> Result<[Value; 2], Refusal> {
    let operator = Divide { interval: None };
    let node = q.builder.push(operator.into(), vec![n.id, d.id])?;
    let part = |output: usize, bits: i32| {
        let id = ValueId { node, output };
        let mut value = q.builder.value(id, n.shape.clone(), bits, true);
        value.fixed = n.fixed && d.fixed;
        value
    };
    Ok([part(0, 0), part(1, n.bits)])
}

/// What is divided by in place of a magnitude: the least number there is in place of zero.
fn divisor(q: &mut Quantiser<'_>, magnitude: Value) -> Result<Value, Refusal> {
    if q.builder.is_at_least(&magnitude, 1) {
        return Ok(magnitude);
    }
    let one = q.builder.sum(&[(0, &magnitude)], 1, magnitude.bits)?;
    larger(q, &magnitude, &one, 1)
}

/// The quotient without what is behind the point; by zero it is that by the least number there is.
fn quotient(q: &mut Quantiser<'_>, n: &Value, d: &Value) -> Result<Value, Refusal> {
    let (above, positive) = magnitude(q, n)?;
    let (below, below_positive) = magnitude(q, d)?;
    let below = divisor(q, below)?;
    let [value, _] = divided(q, &above, &below)?;
    let value = signed(q, positive, &value)?;
    signed(q, below_positive, &value)
}

/// `n - d trunc(n / d)`: what is left of a quotient; the sign is that of `n`. By zero nothing is left, as by the least
/// number there is: so every input has a proof.
fn remainder(q: &mut Quantiser<'_>, n: &Value, d: &Value) -> Result<Value, Refusal> {
    let (above, positive) = magnitude(q, n)?;
    let (below, _) = magnitude(q, d)?;
    let below = divisor(q, below)?;
    let [_, mut left] = divided(q, &above, &below)?;
    left.known.hi = left.known.hi.min(above.known.hi.max(0));
    signed(q, positive, &left)
}

/// `2^x`, by a table; `x` is cut off at what leaves room.
fn power_of_two(q: &mut Quantiser<'_>, x: &Value) -> Result<Value, Refusal> {
    const MOST: i64 = 40;
    let x = q.clamped(x, 0, MOST)?;
    let hi = super::index::reached(q, &x).hi;
    let powers: Vec<i64> = (0..=hi).map(|exponent| 1 << exponent.min(MOST)).collect();
    let table = q.public(vec![powers.len()], powers)?;
    super::index::rows(q, &table, &x)
}

/// `floor(x / 2)`.
fn halved(q: &mut Quantiser<'_>, x: &Value) -> Result<Value, Refusal> {
    let moved = q.builder.sum(&[(1, x)], -1, x.bits)?;
    let mut value = q.builder.rescale(&moved, 1)?;
    value.bits = 0;
    Ok(value)
}

/// The lowest bits of a number that is at least zero.
fn lowest_bits(q: &mut Quantiser<'_>, x: &Value, bits: usize) -> Result<Value, Refusal> {
    let bits = u32::try_from(bits).unwrap_or(64);
    let are_all = |found: program::Interval| found.hi >> bits == 0;
    // No value has 64 bits.
    if bits >= 64 || q.builder.interval(x).is_some_and(are_all) {
        return Ok(x.clone());
    }
    let moved = q.builder.sum(&[(1, x)], -(1 << (bits - 1)), 0)?;
    let mut above = q.builder.rescale(&moved, bits)?;
    above.bits = 0;
    let mut value = q.builder.sum(&[(1, x), (-(1 << bits), &above)], 0, 0)?;
    value.known = Wide {
        lo: 0,
        hi: (1 << bits) - 1,
    };
    value.fixed = true;
    q.builder.rescale(&value, 0)
}

/// Bits of a number in two's complement, the lowest first, and 1 for what is negative.
fn bits_of(q: &mut Quantiser<'_>, x: &Value, count: u32) -> Result<Vec<Value>, Refusal> {
    let mut bits = Vec::new();
    let mut rest = x.clone();
    for _ in 0..count {
        let next = halved(q, &rest)?;
        let mut bit = q.builder.sum(&[(1, &rest), (-2, &next)], 0, 0)?;
        bit.known = Wide { lo: 0, hi: 1 };
        bit.fixed = true;
        bits.push(q.builder.rescale(&bit, 0)?);
        rest = next;
    }
    // All that is left is the sign: 0 or -1.
    bits.push(q.builder.sum(&[(-1, &rest)], 0, 0)?);
    Ok(bits)
}

/// The most bits of a number whose bits are looked at, without its sign.
const BITS: u32 = 40;

/// A number whose bits are looked at, and how many it has, for all sizes: one that can grow with a size has as many as
/// its type, and is cut off beyond the most.
fn with_bits(q: &mut Quantiser<'_>, x: &Value, of_type: usize) -> Result<(Value, u32), Refusal> {
    let Some(interval) = q.builder.interval(x) else {
        let most = u32::try_from(of_type).map_or(BITS, |bits| bits.min(BITS));
        let end = 1i64 << most;
        return Ok((q.clamped(x, -end, end - 1)?, most));
    };
    let most = interval.hi.max(!interval.lo.min(0));
    let count = 64 - most.leading_zeros();
    if count > BITS {
        return Err(format!("bits of numbers beyond 2^{BITS}"));
    }
    Ok((x.clone(), count))
}

/// `a & b` from the products of their bits; `a | b = a + b - (a & b)` and `a ^ b = a + b - 2 (a & b)`.
fn bitwise(
    q: &mut Quantiser<'_>,
    op: &dyn BinMiniOp,
    [a, b]: [&Value; 2],
    of_type: usize,
) -> Result<Value, Refusal> {
    let ((a, of_a), (b, of_b)) = (with_bits(q, a, of_type)?, with_bits(q, b, of_type)?);
    let (a, b, count) = (&a, &b, of_a.max(of_b));
    let (bits_a, bits_b) = (bits_of(q, a, count)?, bits_of(q, b, count)?);
    let rank = a.shape.len();
    let mut both: Option<Value> = None;
    for ((bit_a, bit_b), place) in bits_a.iter().zip(&bits_b).zip(0u32..) {
        let operator = Contract {
            rank,
            a_labels: (0..rank).collect(),
            b_labels: (0..rank).collect(),
        };
        let bit = q
            .builder
            .contract(operator, bit_a, bit_b, a.shape.clone())?;
        let weight = if place == count {
            -(1i64 << place)
        } else {
            1 << place
        };
        both = Some(match both {
            None => q.builder.sum(&[(weight, &bit)], 0, 0)?,
            Some(both) => q.builder.sum(&[(1, &both), (weight, &bit)], 0, 0)?,
        });
    }
    let both = both.ok_or("numbers without bits")?;
    let mut value = if op.is::<BitAnd>() {
        both
    } else {
        let times = if op.is::<BitOr>() { -1 } else { -2 };
        q.builder.sum(&[(1, a), (1, b), (times, &both)], 0, 0)?
    };
    let end = 1i128 << count;
    let negative = a.known.lo < 0 || b.known.lo < 0;
    value.known = Wide {
        lo: if negative { -end } else { 0 },
        hi: end - 1,
    };
    value.fixed = true;
    q.builder.rescale(&value, 0)
}
