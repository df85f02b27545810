//! Sums, means of squares, maxima, minima and their indices over axes.

use super::arithmetic::larger;
use super::prelude::*;
use program::ValueId;
use program::operator::{Contract, Extreme};
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<Reduce>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = node.op_as::<Reduce>().ok_or("no reduction")?;
    let x = q.exact(node.input(0)?)?;
    let mut axes: Vec<usize> = op.axes.to_vec();
    axes.sort_unstable();
    let value = match op.reducer {
        Reducer::Sum => sum(q, &x, &axes)?,
        Reducer::MeanOfSquares => {
            let squares = sum_of_squares(q, &x, &axes)?;
            let count = count(&x, &axes)?;
            q.line(&squares, 1.0 / count, 0.0)?
        }
        Reducer::Max => maximum(q, &x, &axes)?,
        Reducer::Min => {
            let negated = q.builder.sum(&[(-1, &x)], 0, x.bits)?;
            let value = maximum(q, &negated, &axes)?;
            q.builder.sum(&[(-1, &value)], 0, value.bits)?
        }
        Reducer::ArgMax(last) => index(q, &x, &axes, last)?,
        Reducer::ArgMin(last) => {
            let negated = q.builder.sum(&[(-1, &x)], 0, x.bits)?;
            index(q, &negated, &axes, last)?
        }
        // Of truth values: all are true if the least is, any if the greatest is.
        Reducer::Any => maximum(q, &x, &axes)?,
        Reducer::All => {
            let negated = q.builder.sum(&[(-1, &x)], 0, x.bits)?;
            let value = maximum(q, &negated, &axes)?;
            q.builder.sum(&[(-1, &value)], 0, value.bits)?
        }
        Reducer::Prod => product(q, &x, &axes)?,
    };
    Ok(vec![value.into()])
}

/// How many elements are reduced to one.
pub fn count(x: &Value, axes: &[usize]) -> Result<f64, Refusal> {
    let sizes = axes.iter().map(|&axis| x.shape[axis].known());
    let count: Option<usize> = sizes.product();
    let count = count.ok_or("a mean over a symbolic axis; fix its size")?;
    #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
    Ok(count as f64)
}

/// The shape with some axes of size one.
pub fn reduced(shape: &[Dim], axes: &[usize]) -> Vec<Dim> {
    let dims = shape.iter().enumerate();
    dims.map(|(axis, dim)| {
        if axes.contains(&axis) {
            Dim::Known(1)
        } else {
            dim.clone()
        }
    })
    .collect()
}

/// The sum over axes, which stay with size one.
pub fn sum(q: &mut Quantiser<'_>, x: &Value, axes: &[usize]) -> Result<Value, Refusal> {
    let mut steps = Vec::new();
    for &axis in axes {
        if !is_one(&x.shape[axis]) {
            steps.extend([Step::Sum(axis), Step::InsertAxis(axis)]);
        }
    }
    q.builder.view(x, steps, reduced(&x.shape, axes))
}

/// The sum of squares over axes, which stay with size one; rounded where several are summed.
pub fn sum_of_squares(q: &mut Quantiser<'_>, x: &Value, axes: &[usize]) -> Result<Value, Refusal> {
    let rank = x.shape.len();
    let kept: Vec<usize> = (0..rank).filter(|axis| !axes.contains(axis)).collect();
    let label = |axis: usize| {
        let place = kept.iter().position(|&other| other == axis);
        place.unwrap_or(kept.len() + axis)
    };
    let labels: Vec<usize> = (0..rank).map(label).collect();
    let shape: Vec<Dim> = kept.iter().map(|&axis| x.shape[axis].clone()).collect();
    let operator = Contract {
        rank: kept.len(),
        a_labels: labels.clone(),
        b_labels: labels,
    };
    let mut value = q.contract(operator, [x, x], [None, None], &shape)?;
    value.known.lo = 0;
    let most = x.range.0.abs().max(x.range.1.abs());
    let count: f64 = count(x, axes).unwrap_or(1.0);
    value.range = (0.0, most * most * count);
    // Columns for the sums: few, as an axis is gone.
    let value = q.builder.rescale(&value, 0)?;
    let steps = axes.iter().map(|&axis| Step::InsertAxis(axis)).collect();
    q.builder.view(&value, steps, reduced(&x.shape, axes))
}

/// The most factors that are multiplied one by one.
const FACTORS: usize = 256;

/// The product over axes, which stay with size one, rounded after each factor.
fn product(q: &mut Quantiser<'_>, x: &Value, axes: &[usize]) -> Result<Value, Refusal> {
    let mut value = x.clone();
    for &axis in axes {
        let size = value.shape[axis].known().filter(|&size| size <= FACTORS);
        let size = size.ok_or_else(|| format!("a product of more than {FACTORS} factors"))?;
        let shape = reduced(&value.shape, &[axis]);
        let most = value.range.0.abs().max(value.range.1.abs());
        let mut all: Option<Value> = None;
        for at in 0..size {
            let step = Step::Slice {
                axis,
                start: Dim::from(at),
                len: Dim::Known(1),
                step: 1,
            };
            let next = q.builder.view(&value, vec![step], shape.clone())?;
            all = Some(match all {
                None => next,
                Some(all) => {
                    let mut product = super::arithmetic::product(q, &shape, &all, &next)?;
                    let end = all.range.0.abs().max(all.range.1.abs()) * most;
                    product.range = (-end, end);
                    product.integers = x.integers;
                    q.narrow(&product)?
                }
            });
        }
        value = all.ok_or("a product of nothing")?;
    }
    Ok(value)
}

/// The most elements that are compared one by one.
const FEW: usize = 6;

/// The maximum over axes, which stay with size one.
pub fn maximum(q: &mut Quantiser<'_>, x: &Value, axes: &[usize]) -> Result<Value, Refusal> {
    let mut value = x.clone();
    for &axis in axes {
        let shape = reduced(&value.shape, &[axis]);
        let range = value.range;
        let size = value.shape[axis].known();
        value = if let Some(size) = size.filter(|&size| size <= FEW) {
            let mut best: Option<Value> = None;
            for at in 0..size {
                let step = Step::Slice {
                    axis,
                    start: Dim::from(at),
                    len: Dim::Known(1),
                    step: 1,
                };
                let next = q.builder.view(&value, vec![step], shape.clone())?;
                best = Some(match best {
                    None => next,
                    Some(best) => larger(q, &best, &next, 1)?,
                });
            }
            best.ok_or("a maximum of nothing")?
        } else {
            extreme(q, &value, axis, false)?[0].clone()
        };
        value.range = range;
    }
    Ok(value)
}

fn index(q: &mut Quantiser<'_>, x: &Value, axes: &[usize], last: bool) -> Result<Value, Refusal> {
    let [axis] = axes else {
        return Err("the index of a maximum over several axes".into());
    };
    Ok(extreme(q, x, *axis, last)?[1].clone())
}

/// Maximum and index along an axis, which stays with size one.
fn extreme(
    q: &mut Quantiser<'_>,
    x: &Value,
    axis: usize,
    last: bool,
) -> Result<[Value; 2], Refusal> {
    let operator = Extreme { axis, last };
    let node = q.builder.push(operator.into(), vec![x.id])?;
    let shape = reduced(&x.shape, &[axis]);
    let id = |output| ValueId { node, output };
    let mut maximum = q.builder.value(id(0), shape.clone(), x.bits, true);
    maximum.known = x.known;
    maximum.fixed = x.fixed;
    maximum.range = x.range;
    let mut index = q.builder.value(id(1), shape, 0, true);
    index.fixed = x.shape[axis].known().is_some();
    Ok([maximum, index])
}
