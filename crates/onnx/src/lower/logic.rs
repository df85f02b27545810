//! Truth values and what they select.

use super::arithmetic::{common_base, operand, reveal};
use super::compare::{at_least, negation, not};
use super::prelude::*;
use crate::array::UNBOUNDED;
use crate::quantise::builder::{Builder, log2_of};
use crate::quantise::holds_integers;
use crate::quantise::materialise::FAR;
use program::ValueId;
use program::operator::Select;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::logic::{And, Iff, Not, Or, Xor};
use tract_onnx::tract_core::ops::math::{IsInf, IsNan};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    let is_not = |op: &ElementWiseOp| op.0.is::<Not>();
    node.op.is::<Iff>()
        || node.op.downcast_ref::<ElementWiseOp>().is_some_and(is_not)
        || node
            .op
            .downcast_ref::<ElementWiseOp>()
            .is_some_and(is_never)
        || is_binary(node, |op| op.is::<And>() || op.is::<Or>() || op.is::<Xor>())
}

/// Whether an operator asks for what no integer is: not a number, or infinite.
fn is_never(op: &ElementWiseOp) -> bool {
    op.0.is::<IsNan>() || op.0.is::<IsInf>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let shape = node.shape();
    if let Some(op) = node.op_as::<ElementWiseOp>()
        && is_never(op)
        && let Lazy::Pointwise(pointwise) = node.input(0)?.clone()
    {
        let expr = Expr::Constant(0.0);
        return Ok(vec![Lazy::Pointwise(Pointwise { expr, ..pointwise })]);
    }
    if let Some(fused) = fuse(q, node) {
        return Ok(vec![fused]);
    }
    if element_wise::<Not>(node).is_some() {
        let x = q.exact(node.input(0)?)?;
        return Ok(vec![negation(q, &x)?.into()]);
    }
    let mut operands = Vec::new();
    for input in &node.inputs {
        let value = match input {
            Lazy::Constant(constant) if constant.number().is_some() => {
                let number = far(node, constant.number().unwrap_or_default());
                q.reveal(constant);
                let first = q.exact(node.input(0)?)?;
                let like = q.broadcast(&first, shape)?;
                q.number(&like, number)?
            }
            input => q.exact(input)?,
        };
        operands.push(q.broadcast(&value, shape)?);
    }
    let value = if node.op.is::<Iff>() {
        select(q, &operands)?
    } else {
        let op = binary(node)?;
        let [a, b] = &operands[..] else {
            return Err("two truth values are expected".into());
        };
        let both = q.builder.sum(&[(1, a), (1, b)], 0, 0)?;
        let two = q.builder.sum(&[(0, a)], 2, 0)?;
        let one = q.builder.sum(&[(0, a)], 1, 0)?;
        if op.is::<And>() {
            at_least(q, &both, &two)?
        } else if op.is::<Or>() {
            at_least(q, &both, &one)?
        } else {
            let any = at_least(q, &both, &one)?;
            let all = at_least(q, &both, &two)?;
            let mut value = q.builder.sum(&[(1, &any), (-1, &all)], 0, 0)?;
            value.known = relation::interval::Wide { lo: 0, hi: 1 };
            q.builder.rescale(&value, 0)?
        }
    };
    Ok(vec![value.into()])
}

/// A choice between functions of one value by a condition on it, as one function of it.
fn fuse(q: &mut Quantiser<'_>, node: &Node<'_>) -> Option<Lazy> {
    let operands: Vec<&Lazy> = node.inputs.iter().collect();
    let base = common_base(node, &operands)?;
    let exprs: Option<Vec<Expr>> = operands.iter().map(|lazy| operand(lazy)).collect();
    let is_truth = base.base.is_truth();
    // Integers are chosen exactly; a table of a comparison of reals could round what is compared.
    let are_integers = { node.types.first() }.is_some_and(|&kind| holds_integers(kind));
    let is_line = |expr: &Expr| expr.line().is_some();
    if node.op.is::<Iff>() && are_integers && !{ exprs.as_ref()? }.first().is_some_and(is_line) {
        return None;
    }
    let expr = match (&exprs?[..], node.op.is::<Iff>()) {
        ([Expr::Constant(condition), then, otherwise], true) => {
            let chosen = if *condition == 0.0 { otherwise } else { then };
            chosen.clone()
        }
        // Two numbers by a truth value: a line.
        ([Expr::Variable, Expr::Constant(a), Expr::Constant(b)], true) if is_truth => {
            let (a, b) = (far(node, *a), far(node, *b));
            Expr::Variable.times(a - b).plus(b)
        }
        ([condition, then, otherwise], true) => {
            let [then, otherwise] = [then, otherwise].map(|branch| match branch {
                Expr::Constant(number) => Expr::Constant(far(node, *number)),
                branch => branch.clone(),
            });
            Expr::Choose(
                Box::new(condition.clone()),
                Box::new(then),
                Box::new(otherwise),
            )
        }
        ([condition], false) => not(condition.clone()),
        _ => return None,
    };
    if expr.formula().instructions.len() > 128 {
        return None;
    }
    reveal(q, &operands);
    Some(Lazy::Pointwise(Pointwise { expr, ..base }))
}

/// A number to choose; one without bound, as masks have, becomes one that lies far beyond all others.
fn far(node: &Node<'_>, number: f64) -> f64 {
    if number.abs() < UNBOUNDED {
        return number;
    }
    let log = (log2_of(node.range()) + 6).clamp(FAR, 40);
    power(log).copysign(number)
}

/// The second operand where the first, a truth value, is one; else the third.
pub fn select(q: &mut Quantiser<'_>, operands: &[Value]) -> Result<Value, Refusal> {
    let [condition, then, otherwise] = operands else {
        return Err("a condition and two values are expected".into());
    };
    let aligned = q.aligned(&[then.clone(), otherwise.clone()])?;
    let (then, otherwise) = (&aligned[0], &aligned[1]);
    let inputs = vec![condition.id, then.id, otherwise.id];
    let node = q.builder.push(Select.into(), inputs)?;
    let id = ValueId { node, output: 0 };
    let mut value = q.builder.value(id, then.shape.clone(), then.bits, true);
    value.fixed = then.fixed && otherwise.fixed;
    let known = then.known.hull(otherwise.known);
    value.known = Builder::result(known, value.known, value.fixed);
    Ok(value)
}
