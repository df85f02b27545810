//! Softmax and its logarithm: exponentials of distances from the maximum, over their sum.

use super::prelude::*;
use super::reduce::{maximum, sum};
use super::row::Rows;
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
    let mut x = q.value(node.input(0)?)?;
    // An error of the argument is a relative error of the result.
    let bits = q.bits_for(x.range).clamp(10, 14);
    // A mask puts entries far below all that calibration counts: where these are cut off, they still have to be zero.
    x.range = (x.range.0.min(2.0 * LEAST), x.range.1.max(-2.0 * LEAST));
    let x = q.builder.narrow_to(&x, bits)?;
    let most = maximum(q, &x, &axes)?;
    let most = q.broadcast(&most, &x.shape)?;
    let mut distance = q.builder.sum(&[(1, &x), (-1, &most)], 0, x.bits)?;
    distance.known.hi = 0;
    distance.range = (LEAST, 0.0);
    let exp = Expr::Variable.apply(Function::Exp);
    let powers = exponential(q, &distance, &exp)?;
    let mut total = sum(q, &powers, &axes)?;
    total.range = (1.0, libm::ldexp(1.0, 20));
    match op.kind {
        SoftmaxKind::Softmax => {
            let range = total.range;
            let bits = q.bits_for((0.0, 1.0)) + 1;
            // The largest exponential is one. With as much more below it no quotient is rounded up to one, which would
            // take another bit; and the program sees that there is something to divide by.
            let more = (1 << (total.bits - bits).max(0)) + 1;
            let mut below = q.builder.sum(&[(1, &total)], more, total.bits)?;
            below.range = range;
            let known = program::Interval::new(0, (1 << bits) - 1);
            let rows = Rows {
                above: &powers,
                below: &below,
                factor: 1.0,
                most: Some(1.0),
                range: (0.0, 1.0),
                bits,
                known,
            };
            let value = rows.divide(q)?;
            let value = value.ok_or("a softmax of more bits than there is room for")?;
            Ok(vec![value.into()])
        }
        SoftmaxKind::LogSoftmax => {
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
            let value =
                q.builder
                    .sum(&[(1, &aligned[0]), (-1, &aligned[1])], 0, aligned[0].bits)?;
            Ok(vec![value.into()])
        }
    }
}

/// The exponential of distances that are not positive.
fn exponential(q: &mut Quantiser<'_>, x: &Value, exp: &Expr) -> Result<Value, Refusal> {
    use program::formula::Table;
    use program::{Interval, ValueId};
    // As fine as the quotients are going to be.
    let value_bits = q.bits_for((0.0, 1.0)) + 2;
    let bits = x.bits.min(q.options.table_bits.cast_signed() - 4);
    let shift = u32::try_from(x.bits - bits).unwrap_or(0);
    let table = Table {
        formula: exp.formula(),
        argument_bits: bits,
        value_bits,
        arguments: Interval::new(nearest(LEAST * power(bits)) + 1, 0),
        values: Interval::new(0, 1 << value_bits),
    };
    let operator = program::operator::Function {
        shift,
        table,
        below: 0,
        above: 0,
    };
    let node = q.builder.push(operator.into(), vec![x.id])?;
    let id = ValueId { node, output: 0 };
    Ok(q.builder.value(id, x.shape.clone(), value_bits, true))
}
