//! Sums, differences, products, quotients, powers, maxima and minima of two tensors.

use super::prelude::*;
use crate::quantise::holds_integers;
use crate::quantise::position::Position;
use crate::read::Times;
use program::operator::Contract;
use tract_onnx::tract_core::ops::binary::BinMiniOp;
use tract_onnx::tract_core::ops::math::{Add, Div, Max, Min, Mul, Pow, Sub, SubF};

pub const FAMILY: Family = Family { applies, lower };

/// Fraction bits that the mean of a row has beyond those of its elements: an error of it is one of all of them.
pub const ROW_BITS: i32 = 3;

fn applies(node: &TypedNode) -> bool {
    is_binary(node, |op| instruction(op).is_some())
}

/// The instruction on two numbers; the second is whether the operands come in the other order.
fn instruction(op: &dyn BinMiniOp) -> Option<(Instruction, bool)> {
    macro_rules! table {
        ($($operator:ident => $instruction:ident, $swapped:literal;)*) => {
            $(if op.is::<$operator>() {
                return Some((Instruction::$instruction, $swapped));
            })*
        };
    }
    table! {
        Add => Add, false;
        Sub => Subtract, false;
        SubF => Subtract, true;
        Mul => Multiply, false;
        Times => Multiply, false;
        Div => Divide, false;
        Pow => Power, false;
        Max => Maximum, false;
        Min => Minimum, false;
    }
    None
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let (instruction, swapped) = instruction(binary(node)?).ok_or("the operator is unknown")?;
    let (mut a, mut b) = (node.input(0)?.clone(), node.input(1)?.clone());
    if swapped {
        std::mem::swap(&mut a, &mut b);
    }
    let integers = { node.types.first() }.is_some_and(|&kind| holds_integers(kind));
    if integers {
        // A table of a function of reals could round their argument; integers are exact.
        for operand in [&mut a, &mut b] {
            if matches!(operand, Lazy::Pointwise(found) if found.expr.line().is_none()) {
                *operand = q.exact(operand)?.into();
            }
        }
    }
    if let Some(fused) = fuse(q, node, instruction, &a, &b) {
        return Ok(vec![fused]);
    }
    let value = match instruction {
        Instruction::Add => add(q, node, &a, &b, 1)?,
        Instruction::Subtract => add(q, node, &a, &b, -1)?,
        Instruction::Multiply => multiply(q, node, &a, &b)?,
        Instruction::Divide => divide(q, node, &a, &b)?,
        Instruction::Maximum => extreme(q, node, &a, &b, 1)?,
        Instruction::Minimum => extreme(q, node, &a, &b, -1)?,
        _ => power_of(q, node, &a, &b)?,
    };
    Ok(vec![value.into()])
}

/// One function of one variable, if the operands are numbers and functions of one value.
fn fuse(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    instruction: Instruction,
    a: &Lazy,
    b: &Lazy,
) -> Option<Lazy> {
    fuse_with(q, node, a, b, |a, b| Some(a.binary(instruction, b)))
}

/// The most instructions of a collected function: beyond that a table of its own is better.
const MOST: usize = 128;

/// One function of one variable, if the operands are numbers and functions of one value.
pub fn fuse_with(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    a: &Lazy,
    b: &Lazy,
    join: impl FnOnce(Expr, Expr) -> Option<Expr>,
) -> Option<Lazy> {
    let base = common_base(node, &[a, b])?;
    let (left, right) = (operand(a)?, operand(b)?);
    let expr = join(left, right)?;
    if expr.formula().instructions.len() > MOST {
        return None;
    }
    reveal(q, &[a, b]);
    Some(Lazy::Pointwise(Pointwise { expr, ..base }))
}

/// What a function of several operands is a function of, if they are numbers and functions of one value.
pub fn common_base(node: &Node<'_>, operands: &[&Lazy]) -> Option<Pointwise> {
    let mut base: Option<&Pointwise> = None;
    for lazy in operands {
        match (lazy, base) {
            (Lazy::Constant(_), _) => {}
            (Lazy::Pointwise(found), None) => base = Some(found),
            (Lazy::Pointwise(found), Some(base)) => {
                if (found.base.id, found.base.bits) != (base.base.id, base.base.bits) {
                    return None;
                }
            }
        }
    }
    base.filter(|found| found.base.shape.len() == node.shape().len())
        .cloned()
}

/// An operand as an expression.
pub fn operand(lazy: &Lazy) -> Option<Expr> {
    match lazy {
        Lazy::Constant(constant) => constant.number().map(Expr::Constant),
        Lazy::Pointwise(found) => Some(found.expr.clone()),
    }
}

/// Notes the numbers that become part of the program.
pub fn reveal(q: &mut Quantiser<'_>, operands: &[&Lazy]) {
    for lazy in operands {
        if let Lazy::Constant(constant) = lazy {
            q.reveal(constant);
        }
    }
}

/// `a + sign * b`.
fn add(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    a: &Lazy,
    b: &Lazy,
    sign: i64,
) -> Result<Value, Refusal> {
    let linear = match (a, b, sign) {
        (Lazy::Pointwise(x), Lazy::Constant(c), 1) | (Lazy::Constant(c), Lazy::Pointwise(x), 1) => {
            Some((x, c, 1.0))
        }
        (Lazy::Pointwise(x), Lazy::Constant(c), _) => Some((x, c, -1.0)),
        _ => None,
    };
    if let Some((x, c, sign)) = linear
        && let Some(value) = folded_sum(q, node, x, c, sign)?
    {
        return Ok(value);
    }
    let [a, b] = addends(q, a, b)?;
    let (a, b) = (beside_row(q, &a, &b)?, beside_row(q, &b, &a)?);
    let (a, b) = (
        rounded_row(q, &a, &b, node.range())?,
        rounded_row(q, &b, &a, node.range())?,
    );
    let (a, b) = (
        q.broadcast(&a, node.shape())?,
        q.broadcast(&b, node.shape())?,
    );
    let aligned = q.aligned(&[a, b])?;
    q.builder
        .sum(&[(1, &aligned[0]), (sign, &aligned[1])], 0, aligned[0].bits)
}

/// The sum of a contraction and a constant, one bias for all constants that are added.
fn folded_sum(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    x: &Pointwise,
    constant: &Constant,
    sign: f64,
) -> Result<Option<Value>, Refusal> {
    let is_linear = x.expr == Expr::Variable && q.linear(&x.base).is_some();
    let same_axes = constant.array.shape.len() == node.shape().len();
    if !is_linear || !same_axes || x.base.shape != node.shape() {
        return Ok(None);
    }
    q.biased(&x.base, &constant.map(|value| sign * value))
        .map(Some)
}

/// Two operands as values; a constant takes no more fraction bits than the other has.
fn addends(q: &mut Quantiser<'_>, a: &Lazy, b: &Lazy) -> Result<[Value; 2], Refusal> {
    Ok(match (a, b) {
        (Lazy::Constant(a), b) => {
            let b = q.value(b)?;
            [q.parameter(a, b.bits)?, b]
        }
        (a, Lazy::Constant(b)) => {
            let a = q.value(a)?;
            let b = q.parameter(b, a.bits)?;
            [a, b]
        }
        (a, b) => [q.value(a)?, q.value(b)?],
    })
}

/// Whether a value has one element where another has many.
fn is_row(x: &Value, others: &Value) -> bool {
    const MANY: usize = 8;
    let is_long = |dim: &Dim| dim.known().is_none_or(|size| size >= MANY);
    let mut axes = x.shape.iter().zip(&others.shape);
    axes.any(|(own, other)| is_one(own) && is_long(other))
}

/// What a number is added to for each row, such as a mean that is taken off: rounded, as it was to take the mean. A row
/// without fraction bits is no mean: a mask, which is the same for all heads, say.
fn beside_row(q: &mut Quantiser<'_>, x: &Value, row: &Value) -> Result<Value, Refusal> {
    if is_row(row, x) && row.exact && row.bits > 0 && !x.exact && !x.integers {
        return q.narrow(x);
    }
    Ok(x.clone())
}

/// What is added to every element of a row with few more fraction bits than these have, if they are as fine as the sum
/// has to be: one rounding for the row, and none for each of its elements.
fn rounded_row(
    q: &mut Quantiser<'_>,
    x: &Value,
    others: &Value,
    range: (f64, f64),
) -> Result<Value, Refusal> {
    let bits = others.bits + ROW_BITS;
    let is_finer = x.exact && others.exact && x.bits > bits;
    if is_row(x, others) && is_finer && !x.integers && others.bits >= q.bits_for(range) {
        return q.builder.narrow_to(x, bits);
    }
    Ok(x.clone())
}

fn multiply(q: &mut Quantiser<'_>, node: &Node<'_>, a: &Lazy, b: &Lazy) -> Result<Value, Refusal> {
    if let (Lazy::Pointwise(x), Lazy::Constant(factor))
    | (Lazy::Constant(factor), Lazy::Pointwise(x)) = (a, b)
        && x.expr == Expr::Variable
        && x.base.shape == node.shape()
        && let Some(linear) = q.linear(&x.base)
        && let Some(value) = q.scaled(&linear, factor)?
    {
        return Ok(value);
    }
    for (x, other) in [(a, b), (b, a)] {
        if let Some(size) = inverse_of_size(other) {
            return divide(q, node, x, &size);
        }
    }
    let [a, b] = q.factors(a, b)?;
    let mut value = product(q, node.shape(), &a, &b)?;
    value.position = multiple(&a, &b).or_else(|| multiple(&b, &a));
    Ok(value)
}

/// What a value is the inverse of, if that is a size: means are divided by it, as few bits of its inverse would be left
/// where it is large.
fn inverse_of_size(lazy: &Lazy) -> Option<Lazy> {
    let Lazy::Pointwise(Pointwise { base, expr, .. }) = lazy else {
        return None;
    };
    let is_inverse =
        matches!(expr, Expr::Apply(Function::Reciprocal, inner) if **inner == Expr::Variable);
    let is_size = base
        .position
        .as_ref()
        .and_then(Position::as_number)
        .is_some();
    (is_inverse && is_size).then(|| base.clone().into())
}

/// A position times a size.
fn multiple(position: &Value, size: &Value) -> Option<Position> {
    let size = size.position.as_ref()?.as_number()?;
    position.position.as_ref().map(|found| found.times(size))
}

/// The product element by element; axes of size one are repeated.
pub fn product(
    q: &mut Quantiser<'_>,
    shape: &[Dim],
    a: &Value,
    b: &Value,
) -> Result<Value, Refusal> {
    let mut operand = |x: &Value, other: &Value| -> Result<(Value, Vec<usize>), Refusal> {
        let (mut labels, mut steps, mut dims) = (Vec::new(), Vec::new(), Vec::new());
        for (axis, dim) in x.shape.iter().enumerate() {
            // An axis of size one in both stays with the first.
            let other_is_one = other.shape.get(axis).is_none_or(is_one);
            if is_one(dim) && (!other_is_one || std::ptr::eq(x, b)) {
                steps.push(Step::RemoveAxis(axis - steps.len()));
            } else {
                labels.push(axis);
                dims.push(dim.clone());
            }
        }
        Ok((q.builder.view(x, steps, dims)?, labels))
    };
    if a.shape.len() != shape.len() || b.shape.len() != shape.len() {
        return Err("the operands have different numbers of axes".into());
    }
    let (a_view, a_labels) = operand(a, b)?;
    let (b_view, b_labels) = operand(b, a)?;
    let [a_view, b_view] = q.fitted([a_view, b_view], 58)?;
    let operator = Contract {
        rank: shape.len(),
        a_labels,
        b_labels,
    };
    let mut value = q
        .builder
        .contract(operator, &a_view, &b_view, shape.to_vec())?;
    let known = a_view.known.multiply(b_view.known);
    value.known = known.unwrap_or(value.known);
    value.fixed = a.fixed && b.fixed;
    Ok(value)
}

fn divide(q: &mut Quantiser<'_>, node: &Node<'_>, a: &Lazy, b: &Lazy) -> Result<Value, Refusal> {
    if let Lazy::Constant(constant) = b {
        let inverse = Lazy::Constant(constant.map(|value| 1.0 / value));
        return multiply(q, node, a, &inverse);
    }
    let below = q.value(b)?;
    if below.range.0 <= 0.0 && below.range.1 >= 0.0 {
        // Of either sign: a table of the inverse.
        let inverse = Lazy::Pointwise(Pointwise {
            range: node.range(),
            expr: Expr::Constant(1.0).binary(Instruction::Divide, Expr::Variable),
            base: below,
            integers: false,
        });
        return multiply(q, node, a, &inverse);
    }
    let below = q.narrow(&below)?;
    let below = q.broadcast(&below, node.shape())?;
    let above = q.value(a)?;
    let above = q.broadcast(&above, node.shape())?;
    q.divide(&above, &below, node.range())
}

/// `exp(b ln a)`.
fn power_of(q: &mut Quantiser<'_>, node: &Node<'_>, a: &Lazy, b: &Lazy) -> Result<Value, Refusal> {
    if node.types.first().is_some_and(|kind| kind.is_integer()) {
        return Err("a power of integers by a tensor, which a table could not give exactly".into());
    }
    let base = q.exact(a)?;
    if base.range.0 <= 0.0 {
        return Err("a power by a tensor of a base that was not positive in calibration".into());
    }
    let logarithm = Lazy::Pointwise(Pointwise {
        range: (libm::log(base.range.0), libm::log(base.range.1)),
        expr: Expr::Variable.apply(Function::Ln),
        base,
        integers: false,
    });
    let mut exponent = multiply(q, node, &logarithm, b)?;
    exponent.integers = false;
    let least = node.range().0.max(f64::MIN_POSITIVE);
    exponent.range = (libm::log(least), libm::log(node.range().1.max(least)));
    let power = Lazy::Pointwise(Pointwise {
        base: exponent,
        expr: Expr::Variable.apply(Function::Exp),
        range: node.range(),
        integers: false,
    });
    q.value(&power)
}

/// The larger (`sign = 1`) or the smaller (`sign = -1`) of two: `b + sign * max(sign * (a - b), 0)`.
fn extreme(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    a: &Lazy,
    b: &Lazy,
    sign: i64,
) -> Result<Value, Refusal> {
    let (a, b) = (q.exact(a)?, q.exact(b)?);
    let (a, b) = (
        q.broadcast(&a, node.shape())?,
        q.broadcast(&b, node.shape())?,
    );
    larger(q, &a, &b, sign)
}

/// The larger (`sign = 1`) or the smaller (`sign = -1`) of two values of one shape.
pub fn larger(q: &mut Quantiser<'_>, a: &Value, b: &Value, sign: i64) -> Result<Value, Refusal> {
    let aligned = q.aligned(&[a.clone(), b.clone()])?;
    let (a, b) = (&aligned[0], &aligned[1]);
    let difference = q.builder.sum(&[(sign, a), (-sign, b)], 0, a.bits)?;
    let [above, _] = q.builder.split(&difference, 0)?;
    let mut value = q.builder.sum(&[(1, b), (sign, &above)], 0, a.bits)?;
    let (known_a, known_b) = (a.known, b.known);
    value.known = if sign > 0 {
        relation::interval::Wide {
            lo: known_a.lo.max(known_b.lo),
            hi: known_a.hi.max(known_b.hi),
        }
    } else {
        relation::interval::Wide {
            lo: known_a.lo.min(known_b.lo),
            hi: known_a.hi.min(known_b.hi),
        }
    };
    value.fixed = a.fixed && b.fixed;
    value.range = (a.range.0.min(b.range.0), a.range.1.max(b.range.1));
    Ok(value)
}
