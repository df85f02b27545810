//! Means weighted by the shares of a softmax, as in attention.
//!
//! `sum_j (e_j / d) v_j = (sum_j e_j v_j) / d`: a division for each result instead of a rounding for each share, of which
//! there is one for every pair of tokens.

use super::contract::{OPEN, contraction};
use super::einsum::arranged;
use super::prelude::*;
use program::ValueId;
use program::operator::Divide;
use relation::interval::Wide;

/// What shares are quotients of.
#[derive(Clone, Debug)]
pub struct Shares {
    /// The numerators.
    pub powers: Value,
    /// Their sums, of size one along the axis that is summed: the largest numerator is one.
    pub total: Value,
}

/// Bits that sums of products, and quotients times their divisors, may have.
const ROOM: u32 = 60;

/// An einsum, if an operand is shares and it sums over the axis along which they add up to one.
pub fn weighted(
    q: &mut Quantiser<'_>,
    operands: [&Lazy; 2],
    labels: [&[usize]; 2],
    shape: &[Dim],
) -> Result<Option<Value>, Refusal> {
    for (at, other) in [(0, 1), (1, 0)] {
        let Some(shares) = shares(q, operands[at]) else {
            continue;
        };
        // One label is summed, in both operands.
        let summed = |labels: &[usize]| -> Vec<usize> {
            let summed = labels.iter().filter(|&&label| label >= shape.len());
            summed.copied().collect()
        };
        let (own, others) = (summed(labels[at]), summed(labels[other]));
        let ([label], true) = (&own[..], own == others) else {
            continue;
        };
        let axis = labels[at].iter().position(|other| other == label);
        let axis = axis.ok_or("a label of no axis")?;
        if !is_one(&shares.total.shape[axis]) || is_one(&shares.powers.shape[axis]) {
            continue;
        }
        let powers = Lazy::from(shares.powers.clone());
        let mut factors = operands;
        factors[at] = &powers;
        let values = q.value(operands[other])?;
        let values = q.narrow(&values)?;
        let values = Lazy::from(values);
        factors[other] = &values;
        let sums = contraction(q, factors, labels, shape)?;
        let Lazy::Pointwise(values) = &values else {
            continue;
        };
        let divisor = arranged(q, &shares.total, labels[at], shape)?;
        // Sequences may be longer than those at hand.
        let len = &shares.powers.shape[axis];
        let size = usize::BITS - q.size(len)?.leading_zeros();
        let longer = len.known().map_or(OPEN.saturating_sub(size), |_| 0);
        return divided(q, &sums, &divisor, &values.base, ROOM - longer);
    }
    Ok(None)
}

/// What a value is the quotient of, if it is shares.
fn shares(q: &Quantiser<'_>, lazy: &Lazy) -> Option<Shares> {
    match lazy {
        Lazy::Pointwise(found) if matches!(found.expr, Expr::Variable) => {
            q.shares.get(&found.base.id).cloned()
        }
        _ => None,
    }
}

/// Means of values: sums of products with powers over sums of powers. Nothing if these have more than `room` bits.
fn divided(
    q: &mut Quantiser<'_>,
    sums: &Value,
    total: &Value,
    values: &Value,
    room: u32,
) -> Result<Option<Value>, Refusal> {
    // A mean lies between the values, if these lie in the same interval whatever the sizes are. Operands that had no room
    // have lost bits.
    if !values.fixed || sums.bits != total.bits + values.bits {
        return Ok(None);
    }
    // Its remainder is dropped, so it gets a bit more than they have.
    let bits = (q.bits_for(values.range) + 1).max(values.bits);
    // Numerators and divisors have the bits of the powers, numerators those of the values too.
    let Ok(more) = u32::try_from(bits - values.bits) else {
        return Ok(None);
    };
    let ends = values.known.hull(Wide::ZERO);
    let (Ok(lo), Ok(hi)) = (i64::try_from(ends.lo), i64::try_from(ends.hi)) else {
        return Ok(None);
    };
    let quotient_bits = 64 - lo.unsigned_abs().max(hi.unsigned_abs()).leading_zeros() + more;
    let whole = q.builder.magnitude_bits(total) + quotient_bits;
    if q.builder.magnitude_bits(sums) + more > room || whole > room {
        return Ok(None);
    }
    // What the program can tell is that a divisor is not negative.
    let below = q.builder.sum(&[(1, total)], 1, total.bits)?;
    let above = q
        .builder
        .sum(&[(1 << more, sums)], 0, sums.bits + more.cast_signed())?;
    let interval = program::Interval::new(lo << more, hi << more);
    let interval = program::fact::standard(interval).map_err(|error| error.to_string())?;
    let operator = Divide {
        interval: Some(interval),
    };
    let node = q.builder.push(operator.into(), vec![above.id, below.id])?;
    let id = ValueId { node, output: 0 };
    let mut mean = q.builder.value(id, sums.shape.clone(), bits, true);
    mean.range = values.range;
    Ok(Some(mean))
}
