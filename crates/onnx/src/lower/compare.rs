//! Comparisons: truth values from signs.

use super::prelude::*;
use tract_onnx::tract_core::ops::binary::BinMiniOp;
use tract_onnx::tract_core::ops::logic::{CompEq, CompGT, CompGTE, CompLT, CompLTE, CompNE};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    is_binary(node, is_comparison)
}

fn is_comparison(op: &dyn BinMiniOp) -> bool {
    op.is::<CompEq>()
        || op.is::<CompNE>()
        || op.is::<CompLT>()
        || op.is::<CompLTE>()
        || op.is::<CompGT>()
        || op.is::<CompGTE>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = binary(node)?;
    for at in 0..2 {
        if let Some(value) = with_infinity(q, node, op, at)? {
            return Ok(vec![value.into()]);
        }
    }
    if let Some(fused) = fuse(q, node)? {
        return Ok(vec![fused]);
    }
    let mut values = Vec::new();
    for at in 0..2 {
        let value = match node.input(at)? {
            Lazy::Constant(constant) => {
                // As fine as the other operand: a threshold between two of its values stays there.
                let other = q.rounded(node.input(1 - at)?)?;
                let threshold = match constant.number() {
                    Some(number) => {
                        q.reveal(constant);
                        q.number(&other, number)?
                    }
                    None => q.threshold(constant, &other)?,
                };
                q.broadcast(&threshold, node.shape())?
            }
            lazy @ Lazy::Pointwise(_) => {
                let value = q.rounded(lazy)?;
                q.broadcast(&value, node.shape())?
            }
        };
        values.push(value);
    }
    let aligned = q.aligned(&values)?;
    let (a, b) = (&aligned[0], &aligned[1]);
    let value = if op.is::<CompGTE>() {
        at_least(q, a, b)?
    } else if op.is::<CompLTE>() {
        at_least(q, b, a)?
    } else if op.is::<CompGT>() {
        let not = at_least(q, b, a)?;
        negation(q, &not)?
    } else if op.is::<CompLT>() {
        let not = at_least(q, a, b)?;
        negation(q, &not)?
    } else {
        let difference = q.builder.sum(&[(1, a), (-1, b)], 0, a.bits)?;
        let equal = is_zero(q, &difference)?;
        if op.is::<CompNE>() {
            negation(q, &equal)?
        } else {
            equal
        }
    };
    Ok(vec![value.into()])
}

/// A comparison with an infinite number, which no value of an integer program reaches.
fn with_infinity(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    op: &dyn BinMiniOp,
    at: usize,
) -> Result<Option<Value>, Refusal> {
    let number = match node.input(at)? {
        Lazy::Constant(constant) => constant.number().filter(|number| number.is_infinite()),
        Lazy::Pointwise(_) => None,
    };
    let Some(number) = number else {
        return Ok(None);
    };
    // Whether the first operand is the larger one.
    let larger = (number > 0.0) == (at == 0);
    let is_true = if op.is::<CompEq>() {
        false
    } else if op.is::<CompNE>() {
        true
    } else {
        larger == (op.is::<CompGT>() || op.is::<CompGTE>())
    };
    let other = q.exact(node.input(1 - at)?)?;
    let answer = q.filled(&other, i64::from(is_true))?;
    q.broadcast(&answer, node.shape()).map(Some)
}

/// The most numbers that are told from zero by a table.
const FEW: u64 = 1 << 8;

/// 1 where a value is zero, else 0.
pub fn is_zero(q: &mut Quantiser<'_>, x: &Value) -> Result<Value, Refusal> {
    // A table that holds all numbers of one size does not hold those of others.
    let interval = q.builder.interval(x);
    if interval.is_some_and(|interval| interval.hi.abs_diff(interval.lo) < FEW) {
        return super::index::is_one_of(q, x, &[0]);
    }
    // Zero if neither positive nor negative.
    let zero = q.builder.sum(&[(0, x)], 0, x.bits)?;
    let (above, below) = (at_least(q, x, &zero)?, at_least(q, &zero, x)?);
    let mut both = q.builder.sum(&[(1, &above), (1, &below)], -1, 0)?;
    both.known = relation::interval::Wide { lo: 0, hi: 1 };
    q.builder.rescale(&both, 0)
}

/// A comparison of functions of one value, or of one with a number, as a function of that value: it may
/// become part of a larger one.
fn fuse(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Option<Lazy>, Refusal> {
    let op = binary(node)?;
    let less = |a: Expr, b: Expr| a.binary(Instruction::Less, b);
    let join = |a: Expr, b: Expr| {
        if op.is::<CompLT>() {
            Some(less(a, b))
        } else if op.is::<CompGT>() {
            Some(less(b, a))
        } else if op.is::<CompGTE>() {
            Some(not(less(a, b)))
        } else if op.is::<CompLTE>() {
            Some(not(less(b, a)))
        } else {
            None
        }
    };
    let (a, b) = (node.input(0)?, node.input(1)?);
    Ok(super::arithmetic::fuse_with(q, node, a, b, join))
}

/// The other truth value of an expression.
pub fn not(expr: Expr) -> Expr {
    match expr {
        Expr::Binary(Instruction::Subtract, one, inner) if *one == Expr::Constant(1.0) => *inner,
        other => Expr::Constant(1.0).binary(Instruction::Subtract, other),
    }
}

/// 1 where `a >= b`, else 0.
pub fn at_least(q: &mut Quantiser<'_>, a: &Value, b: &Value) -> Result<Value, Refusal> {
    let difference = q.builder.sum(&[(1, a), (-1, b)], 0, a.bits)?;
    q.is_at_least_zero(&difference)
}

/// The other truth value.
pub fn negation(q: &mut Quantiser<'_>, x: &Value) -> Result<Value, Refusal> {
    q.builder.sum(&[(-1, x)], 1, 0)
}
