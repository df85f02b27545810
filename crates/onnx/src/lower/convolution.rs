//! Convolutions: contractions of a view of windows with the kernel.

use super::contract::factor;
use super::kernel::{bias, kernel};
use super::prelude::*;
use program::operator::Contract;
use tract_onnx::tract_core::ops::cnn::{Conv, Deconv, KernelFormat, PoolSpec};
use tract_onnx::tract_core::ops::nn::DataFormat;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<Conv>() || node.op.is::<Deconv>()
}

/// Where the axes of an image are: batch, channel, first of space.
#[derive(Clone, Copy)]
pub struct Places {
    /// The axis of the batch, if there is one.
    pub batch: Option<usize>,
    /// The axis of the channels.
    pub channel: usize,
    /// The first axis of space.
    pub space: usize,
}

impl Places {
    /// The places in a format.
    pub fn of(format: DataFormat, rank: usize) -> Self {
        match format {
            DataFormat::NCHW => Self {
                batch: Some(0),
                channel: 1,
                space: 2,
            },
            DataFormat::NHWC => Self {
                batch: Some(0),
                channel: rank - 1,
                space: 1,
            },
            DataFormat::CHW => Self {
                batch: None,
                channel: 0,
                space: 1,
            },
            DataFormat::HWC => Self {
                batch: None,
                channel: rank - 1,
                space: 0,
            },
        }
    }
}

/// The windows of an image: each axis of space becomes two, position and offset.
///
/// Returns the steps, and the shape after them, for positions as in `positions`.
pub fn windows(
    shape: &[Dim],
    positions: &[Dim],
    space: usize,
    spec: &PoolSpec,
) -> Result<(Vec<Step<Dim>>, Vec<Dim>), Refusal> {
    let (mut steps, mut dims) = (Vec::new(), shape.to_vec());
    for axis in 0..spec.kernel_shape.len() {
        let at = space + axis;
        let padded = padding(&shape[at], &positions[at], axis, spec)?;
        if padded != (0, 0) {
            steps.push(Step::Pad {
                axis: at,
                before: Dim::from(padded.0),
                after: Dim::from(padded.1),
            });
        }
        dims[at] = positions[at].clone();
    }
    // From the last axis on, so that the places of the others stay.
    for (axis, &size) in spec.kernel_shape.iter().enumerate().rev() {
        let at = space + axis;
        let (stride, dilation) = (spec.stride(axis), spec.dilation(axis));
        steps.push(Step::Window {
            axis: at,
            count: dims[at].clone(),
            size,
            stride,
            dilation,
        });
        dims.insert(at + 1, Dim::from(size));
    }
    Ok((steps, dims))
}

/// The windows of a transposed convolution: elements a stride apart, zeros between and around them.
fn spread(
    shape: &[Dim],
    positions: &[Dim],
    space: usize,
    spec: &PoolSpec,
) -> Result<(Vec<Step<Dim>>, Vec<Dim>), Refusal> {
    use tract_onnx::tract_core::ops::cnn::PaddingSpec;
    let (mut steps, mut dims) = (Vec::new(), shape.to_vec());
    for (axis, &size) in spec.kernel_shape.iter().enumerate().rev() {
        let at = space + axis;
        let sizes = shape[at].known().zip(positions[at].known());
        let (from, to) = sizes.ok_or("a transposed convolution of symbolic size")?;
        let (stride, dilation) = (spec.stride(axis), spec.dilation(axis));
        let cut = match &spec.padding {
            PaddingSpec::Valid => 0,
            PaddingSpec::Explicit(before, _) => before[axis],
            _ => {
                let found =
                    (spec.padding).compute_one_for_deconv(axis, &from, size, dilation, stride, 0);
                found.map_err(|error| error.to_string())?.pad_before
            }
        };
        let reach = (size - 1) * dilation;
        let spread = (from - 1) * stride + 1;
        let before = reach.checked_sub(cut);
        let after = before.and_then(|before| (to + reach).checked_sub(before + spread));
        let (before, after) = { before.zip(after) }
            .ok_or("a transposed convolution that is cut by more than its kernel")?;
        steps.extend([
            Step::Dilate {
                axis: at,
                step: stride,
            },
            Step::Pad {
                axis: at,
                before: Dim::from(before),
                after: Dim::from(after),
            },
            Step::Window {
                axis: at,
                count: positions[at].clone(),
                size,
                stride: 1,
                dilation,
            },
        ]);
        dims[at] = positions[at].clone();
        dims.insert(at + 1, Dim::from(size));
    }
    Ok((steps, dims))
}

/// Zeros before and after an axis, as far as the windows at some positions reach.
pub fn padding(
    size: &Dim,
    positions: &Dim,
    axis: usize,
    spec: &PoolSpec,
) -> Result<(usize, usize), Refusal> {
    use tract_onnx::tract_core::ops::cnn::PaddingSpec;
    let (before, after) = stated(size, axis, spec)?;
    if !matches!(spec.padding, PaddingSpec::ExplicitOnnxPool(_, _, true)) {
        return Ok((before, after));
    }
    // Positions that are counted up: the last window may reach beyond the padding that is written down.
    let known = size.known().zip(positions.known());
    let (size, positions) =
        known.ok_or("ceil_mode along an axis of symbolic size; fix its size")?;
    let (stride, dilation) = (spec.stride(axis), spec.dilation(axis));
    let reach = positions.saturating_sub(1) * stride + (spec.kernel_shape[axis] - 1) * dilation + 1;
    Ok((before, after.max(reach.saturating_sub(before + size))))
}

/// Zeros before and after an axis, as they are written down or follow from its size.
pub fn stated(size: &Dim, axis: usize, spec: &PoolSpec) -> Result<(usize, usize), Refusal> {
    use tract_onnx::tract_core::ops::cnn::PaddingSpec;
    // Padding that is written down does not depend on the size.
    let size = match &spec.padding {
        PaddingSpec::Valid => return Ok((0, 0)),
        PaddingSpec::Explicit(before, after) | PaddingSpec::ExplicitOnnxPool(before, after, _) => {
            return Ok((before[axis], after[axis]));
        }
        _ => size.known(),
    };
    let size = size.ok_or("padding that depends on a symbolic size; write the padding down")?;
    let (stride, dilation) = (spec.stride(axis), spec.dilation(axis));
    let kernel = spec.kernel_shape[axis];
    let found = spec
        .padding
        .compute_one(axis, &size, kernel, dilation, stride);
    Ok((found.pad_before, found.pad_after))
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let (spec, groups) = if let Some(op) = node.op_as::<Conv>() {
        if op.q_params.is_some() || op.kernel_fmt != KernelFormat::OIHW {
            return Err("a convolution of quantised tensors; export the float model".into());
        }
        (&op.pool_spec, op.group)
    } else {
        let op = node.op_as::<Deconv>().ok_or("no convolution")?;
        if op.kernel_format != KernelFormat::OIHW {
            return Err(format!("a kernel in the order {:?}", op.kernel_format));
        }
        (&op.pool_spec, op.group)
    };
    let transposed = node.op.is::<Deconv>();
    let x = factor(q, node.input(0)?, node.input(1)?)?;
    let places = Places::of(spec.data_format, node.shape().len());
    let (inputs, outputs) = (spec.input_channels, spec.output_channels);
    let (per_in, per_out) = (inputs / groups, outputs / groups);
    // Channels first, in groups; then the windows.
    let space = spec.kernel_shape.len();
    let axis = |at: usize| places.space + at;
    let mut order: Vec<usize> = places.batch.into_iter().chain([places.channel]).collect();
    order.extend((0..space).map(axis));
    let permuted: Vec<Dim> = order.iter().map(|&at| x.shape[at].clone()).collect();
    let positions: Vec<Dim> = order.iter().map(|&at| node.shape()[at].clone()).collect();
    let first = order.len() - space;
    let (steps, mut dims) = if transposed {
        spread(&permuted, &positions, first, spec)?
    } else {
        windows(&permuted, &positions, first, spec)?
    };
    let mut all = vec![Step::Permute(order.clone())];
    all.extend(steps);
    let channel = first - 1;
    let is_depthwise = per_in == 1 && per_out == 1 && groups > 1;
    let grouped = groups > 1 && !is_depthwise;
    if grouped {
        dims.splice(channel..=channel, [Dim::from(groups), Dim::from(per_in)]);
        all.push(Step::Reshape(dims.clone()));
    }
    let view = q.builder.view(&x, all, dims)?;
    // Labels: the axes of the result first.
    let batch = first - 1;
    let sizes: Vec<usize> = spec.kernel_shape.to_vec();
    let (result, group_label, out_label, space_from) = if grouped {
        let mut shape: Vec<Dim> = positions[..batch].to_vec();
        shape.extend([Dim::from(groups), Dim::from(per_out)]);
        shape.extend_from_slice(&positions[first..]);
        (shape, Some(batch), batch + 1, batch + 2)
    } else {
        (positions.clone(), None, batch, first)
    };
    let rank = result.len();
    let mut a_labels: Vec<usize> = (0..batch).collect();
    let mut b_labels = Vec::new();
    let mut kernel_shape = Vec::new();
    if is_depthwise {
        a_labels.push(out_label);
        b_labels.push(out_label);
        kernel_shape.push(outputs);
    } else {
        if let Some(label) = group_label {
            a_labels.push(label);
            b_labels.push(label);
            kernel_shape.push(groups);
        }
        a_labels.push(rank);
        b_labels.extend([out_label, rank]);
        kernel_shape.extend([per_out, per_in]);
    }
    for at in 0..space {
        a_labels.extend([space_from + at, rank + 1 + at]);
        b_labels.push(rank + 1 + at);
    }
    kernel_shape.extend(sizes);
    let (weights, kernel) = kernel(q, node, &kernel_shape, space, transposed)?;
    let operator = Contract {
        rank,
        a_labels,
        b_labels,
    };
    let mut value = q.contract(
        operator,
        [&view, &weights],
        [None, kernel.as_ref()],
        &result,
    )?;
    value = bias(q, node, &value, out_label, groups, group_label, outputs)?;
    if grouped {
        value.range = node.range();
        let narrow = q.narrow(&value)?;
        value = q
            .builder
            .view(&narrow, vec![Step::Reshape(positions.clone())], positions)?;
    }
    // Back to the order of the format.
    let back: Vec<usize> = (0..order.len())
        .filter_map(|axis| order.iter().position(|&other| other == axis))
        .collect();
    if back.iter().enumerate().any(|(at, &axis)| at != axis) {
        value.range = node.range();
        let narrow = q.narrow(&value)?;
        value = q
            .builder
            .view(&narrow, vec![Step::Permute(back)], node.shape().to_vec())?;
    }
    Ok(vec![value.into()])
}
