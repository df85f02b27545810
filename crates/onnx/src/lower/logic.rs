//! Truth values and what they select.

use super::arithmetic::{common_base, operand, reveal};
use super::compare::{at_least, negation, not};
use super::prelude::*;
use program::ValueId;
use program::operator::Select;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::logic::{And, Iff, Not, Or, Xor};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    let is_not = |op: &ElementWiseOp| op.0.is::<Not>();
    node.op.is::<Iff>()
        || node.op.downcast_ref::<ElementWiseOp>().is_some_and(is_not)
        || is_binary(node, |op| op.is::<And>() || op.is::<Or>() || op.is::<Xor>())
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let shape = node.shape();
    if let Some(fused) = fuse(q, node) {
        return Ok(vec![fused]);
    }
    if element_wise::<Not>(node).is_some() {
        let x = q.exact(node.input(0)?)?;
        return Ok(vec![negation(q, &x)?.into()]);
    }
    let mut operands = Vec::new();
    for input in &node.inputs {
        let value = q.exact(input)?;
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
    let expr = match (&exprs?[..], node.op.is::<Iff>()) {
        ([condition, then, otherwise], true) => Expr::Choose(
            Box::new(condition.clone()),
            Box::new(then.clone()),
            Box::new(otherwise.clone()),
        ),
        ([condition], false) => not(condition.clone()),
        _ => return None,
    };
    if expr.formula().instructions.len() > 128 {
        return None;
    }
    reveal(q, &operands);
    Some(Lazy::Pointwise(Pointwise { expr, ..base }))
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
    value.known = crate::quantise::builder::meet(then.known.hull(otherwise.known), value.known);
    value.fixed = then.fixed && otherwise.fixed;
    Ok(value)
}
