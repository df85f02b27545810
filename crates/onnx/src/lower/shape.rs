//! Operators that arrange elements anew: views, which cost nothing.

use super::prelude::*;
use tract_onnx::tract_core::ops::array::{
    FiniteReshape, MultiBroadcastTo, Pad, PadMode, Slice, Tile,
};
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::downsample::Downsample;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    let op: &dyn tract_onnx::prelude::TypedOp = node.op.as_ref();
    op.is::<AxisOp>()
        || op.is::<Downsample>()
        || op.is::<FiniteReshape>()
        || op.is::<MultiBroadcastTo>()
        || op.is::<Pad>()
        || op.is::<Slice>()
        || op.is::<Tile>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let shape = node.shape();
    if let Some(pad) = node.op_as::<Pad>()
        && !matches!(pad.mode, PadMode::Constant(_))
    {
        let value = super::arrange::fixed(q, node, &[0])?;
        return Ok(vec![value.ok_or("padding of a constant")?.into()]);
    }
    let steps = steps(q, node)?;
    // A constant is here because sizes are open.
    let input = match node.input(0)? {
        Lazy::Pointwise(input) => input.clone(),
        constant @ Lazy::Constant(_) => {
            let value = q.arranged(constant)?;
            let (range, expr) = (value.range, Expr::Variable);
            Pointwise {
                integers: value.integers,
                base: value,
                expr,
                range,
            }
        }
    };
    // A function of each element commutes with an arrangement, and the value beneath may need no
    // columns of its own: so the function stays open.
    let arranges = steps.iter().all(|step| {
        matches!(
            step,
            Step::Permute(_) | Step::InsertAxis(_) | Step::RemoveAxis(_) | Step::Reshape(_)
        )
    });
    if arranges && input.base.exact {
        let base = q.builder.view(&input.base, steps, shape.to_vec())?;
        return Ok(vec![Lazy::Pointwise(Pointwise {
            base,
            ..input.clone()
        })]);
    }
    let x = q.rounded(&Lazy::Pointwise(input))?;
    let value = match node.op_as::<Pad>() {
        Some(pad) => padded(q, &x, pad, shape)?,
        None => q.builder.view(&x, steps, shape.to_vec())?,
    };
    Ok(vec![value.into()])
}

fn steps(q: &Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Step<Dim>>, Refusal> {
    let (from, to) = (node.input_shape(0), node.shape());
    if let Some(op) = node.op_as::<AxisOp>() {
        return Ok(match op {
            AxisOp::Add(axis) => vec![Step::InsertAxis(*axis)],
            AxisOp::Rm(axis) => vec![Step::RemoveAxis(*axis)],
            AxisOp::Move(from_axis, to_axis) => {
                let mut order: Vec<usize> = (0..from.len()).collect();
                let axis = order.remove(*from_axis);
                order.insert(*to_axis, axis);
                vec![Step::Permute(order)]
            }
            AxisOp::Reshape(..) => vec![Step::Reshape(to.to_vec())],
        });
    }
    if node.op.is::<FiniteReshape>() {
        return Ok(vec![Step::Reshape(to.to_vec())]);
    }
    if node.op.is::<MultiBroadcastTo>() {
        let missing = to
            .len()
            .checked_sub(from.len())
            .ok_or("a broadcast to fewer axes")?;
        let mut steps = vec![Step::InsertAxis(0); missing];
        for (axis, size) in to.iter().enumerate() {
            let own = axis.checked_sub(missing).and_then(|axis| from.get(axis));
            if own.is_none_or(is_one) && !is_one(size) {
                steps.push(Step::Broadcast {
                    axis,
                    size: size.clone(),
                });
            }
        }
        return Ok(steps);
    }
    if let Some(op) = node.op_as::<Slice>() {
        let start = q.dim(&op.start)?;
        return Ok(vec![Step::Slice {
            axis: op.axis,
            start,
            len: to[op.axis].clone(),
            step: 1,
        }]);
    }
    if let Some(op) = node.op_as::<Downsample>() {
        let slice = Step::Slice {
            axis: op.axis,
            start: Dim::from(op.modulo),
            len: to[op.axis].clone(),
            step: op.stride.unsigned_abs(),
        };
        // A negative stride begins at the last element.
        let backwards = (op.stride < 0).then_some(Step::Reverse(op.axis));
        return Ok(backwards.into_iter().chain([slice]).collect());
    }
    if let Some(op) = node.op_as::<Tile>() {
        // Each repeated axis: a new one before it, repeated, and both as one.
        let mut steps = Vec::new();
        let mut shape = from.to_vec();
        for (axis, times) in op.multipliers.iter().enumerate() {
            let times = q.dim(times)?;
            if is_one(&times) {
                continue;
            }
            steps.push(Step::InsertAxis(axis));
            steps.push(Step::Broadcast { axis, size: times });
            shape[axis] = to[axis].clone();
            steps.push(Step::Reshape(shape.clone()));
        }
        return Ok(steps);
    }
    let op = node.op_as::<Pad>().ok_or("no arrangement")?;
    match &op.mode {
        PadMode::Constant(_) => {}
        PadMode::Reflect | PadMode::Edge => {
            return Err("padding by other than a constant".into());
        }
    }
    let pads = op.pads.iter().enumerate();
    let pads = pads.filter(|(_, pads)| **pads != (0, 0));
    Ok(pads
        .map(|(axis, &(before, after))| Step::Pad {
            axis,
            before: Dim::from(before),
            after: Dim::from(after),
        })
        .collect())
}

/// Padding by a number: zeros around the distance from it.
fn padded(q: &mut Quantiser<'_>, x: &Value, pad: &Pad, shape: &[Dim]) -> Result<Value, Refusal> {
    let PadMode::Constant(number) = &pad.mode else {
        return Err("padding by other than a constant".into());
    };
    let number = number
        .cast_to_scalar::<f64>()
        .map_err(|error| error.to_string())?;
    let number = nearest(number * power(x.bits));
    let pads = pad.pads.iter().enumerate();
    let steps = pads
        .filter(|(_, pads)| **pads != (0, 0))
        .map(|(axis, &(before, after))| Step::Pad {
            axis,
            before: Dim::from(before),
            after: Dim::from(after),
        });
    let moved = q.builder.sum(&[(1, x)], -number, x.bits)?;
    let padded = q.builder.view(&moved, steps.collect(), shape.to_vec())?;
    q.builder.sum(&[(1, &padded)], number, x.bits)
}
