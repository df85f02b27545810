//! Pooling: sums and maxima over windows.

use super::arithmetic::larger;
use super::convolution::{Places, padding, stated, windows};
use super::prelude::*;
use crate::array::Array;
use std::sync::Arc;
use tract_onnx::prelude::Tensor;
use tract_onnx::tract_core::ops::cnn::{MaxPool, PoolSpec, SumPool};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<SumPool>() || node.op.is::<MaxPool>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let value = if let Some(op) = node.op_as::<SumPool>() {
        sum(q, node, op)?
    } else {
        let op = node.op_as::<MaxPool>().ok_or("no pooling")?;
        if op.with_index_outputs.is_some() {
            return Err("the indices of a maximum pooling".into());
        }
        maximum(q, node, &op.pool_spec)?
    };
    Ok(vec![value.into()])
}

fn sum(q: &mut Quantiser<'_>, node: &Node<'_>, op: &SumPool) -> Result<Value, Refusal> {
    let x = q.exact(node.input(0)?)?;
    let places = Places::of(op.pool_spec.data_format, x.shape.len());
    let (mut steps, _) = windows(&x.shape, node.shape(), places.space, &op.pool_spec)?;
    let space = op.pool_spec.kernel_shape.len();
    // After the windows, offsets are at every second place.
    steps.extend(
        (0..space)
            .rev()
            .map(|at| Step::Sum(places.space + 2 * at + 1)),
    );
    let value = q.builder.view(&x, steps, node.shape().to_vec())?;
    if !op.normalize {
        return Ok(value);
    }
    let size: usize = op.pool_spec.kernel_shape.iter().product();
    let mut counts_all = true;
    for axis in 0..space {
        let at = places.space + axis;
        let reached = padding(&x.shape[at], &node.shape()[at], axis, &op.pool_spec)?;
        counts_all &= if op.count_include_pad {
            reached == stated(&x.shape[at], axis, &op.pool_spec)?
        } else {
            reached == (0, 0)
        };
    }
    #[expect(clippy::cast_precision_loss, reason = "a window has few elements")]
    let all = size as f64;
    if counts_all {
        return q.line(&value, 1.0 / all, 0.0);
    }
    let counts = counts(&x.shape, node.shape(), places, op)?;
    let scale = Constant {
        name: format!("{} counts", node.name),
        tensor: Arc::new(Tensor::from(0f32)),
        array: Arc::new(counts.clone()),
        parameter: true,
    };
    let scale = scale.map(|count| 1.0 / count.max(1.0));
    let rank = node.shape().len();
    let weights = q.parameter(&scale, 60)?;
    let axes: Vec<usize> = (places.space..places.space + space).collect();
    let operator = program::operator::Contract {
        rank,
        a_labels: (0..rank).collect(),
        b_labels: axes,
    };
    q.contract(
        operator,
        [&value, &weights],
        [None, Some(&scale)],
        node.shape(),
    )
}

/// How many elements of each window are not padding; where padding counts, how many lie within it.
fn counts(input: &[Dim], output: &[Dim], places: Places, op: &SumPool) -> Result<Array, Refusal> {
    let spec = &op.pool_spec;
    let mut all = Array {
        shape: Vec::new(),
        data: vec![1.0],
    };
    for (axis, &kernel) in spec.kernel_shape.iter().enumerate() {
        let at = places.space + axis;
        let sizes = input[at].known().zip(output[at].known());
        let (size, positions) = sizes.ok_or("an average over padded windows of symbolic number")?;
        let (before, after) = stated(&input[at], axis, spec)?;
        let counted = if op.count_include_pad {
            0..before + size + after
        } else {
            before..before + size
        };
        let (stride, dilation) = (spec.stride(axis), spec.dilation(axis));
        let count = |position: usize| {
            let inside = (0..kernel)
                .filter(|offset| counted.contains(&(position * stride + offset * dilation)));
            f64::from(u32::try_from(inside.count()).unwrap_or(u32::MAX))
        };
        let data = all.data.iter();
        let data = data.flat_map(|&outer| (0..positions).map(move |at| (outer, at)));
        all.data = data.map(|(outer, at)| outer * count(at)).collect();
        all.shape.push(positions);
    }
    Ok(all)
}

/// A value of which the program can tell for all sizes where it lies: one that grows with a size is cut off, far
/// beyond where it lies at the reference sizes.
fn bounded(q: &mut Quantiser<'_>, x: &Value) -> Result<Value, Refusal> {
    /// Bits of how many times a size may be larger than in calibration.
    const MORE: u32 = 16;
    if x.fixed {
        return Ok(x.clone());
    }
    let end = 1i64 << (q.builder.magnitude_bits(x) + MORE).min(54);
    q.builder.clamp(x, 0, program::Interval::new(-end, end - 1))
}

/// Maxima axis by axis, each by comparing neighbours: one column more for each further offset.
fn maximum(q: &mut Quantiser<'_>, node: &Node<'_>, spec: &PoolSpec) -> Result<Value, Refusal> {
    let x = q.exact(node.input(0)?)?;
    let places = Places::of(spec.data_format, x.shape.len());
    // Zeros that pad must not be larger than what they stand beside.
    let padded: Result<Vec<_>, Refusal> = (0..spec.kernel_shape.len())
        .map(|axis| {
            let at = places.space + axis;
            padding(&x.shape[at], &node.shape()[at], axis, spec)
        })
        .collect();
    let padded = padded?;
    let range = x.range;
    let (x, moved) = if padded.iter().all(|&pads| pads == (0, 0)) || q.builder.is_at_least(&x, 0) {
        (x, 0)
    } else {
        let x = bounded(q, &x)?;
        let least = q.builder.interval(&x).map_or(0, |found| found.lo);
        (x, least.min(0))
    };
    let mut value = q.builder.sum(&[(1, &x)], -moved, x.bits)?;
    for (axis, &size) in spec.kernel_shape.iter().enumerate() {
        let at = places.space + axis;
        let (stride, dilation) = (spec.stride(axis), spec.dilation(axis));
        let mut shape = value.shape.clone();
        shape[at] = node.shape()[at].clone();
        let mut best: Option<Value> = None;
        for offset in 0..size {
            let mut steps = Vec::new();
            if padded[axis] != (0, 0) {
                steps.push(Step::Pad {
                    axis: at,
                    before: Dim::from(padded[axis].0),
                    after: Dim::from(padded[axis].1),
                });
            }
            steps.push(Step::Slice {
                axis: at,
                start: Dim::from(offset * dilation),
                len: shape[at].clone(),
                step: stride,
            });
            let next = q.builder.view(&value, steps, shape.clone())?;
            best = Some(match best {
                None => next,
                Some(best) => larger(q, &best, &next, 1)?,
            });
        }
        value = best.ok_or("a window without elements")?;
    }
    let mut value = q.builder.sum(&[(1, &value)], moved, value.bits)?;
    value.range = range;
    Ok(value)
}
