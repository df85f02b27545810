//! Kernels and biases of convolutions, held by the graph or computed.

use super::prelude::*;

/// A kernel with its elements of space in the opposite order.
fn backwards(kernel: &Constant, space: usize) -> Constant {
    let chunks = kernel.array.data.chunks(space.max(1));
    let data = chunks.flat_map(|chunk| chunk.iter().rev().copied());
    kernel.with(crate::array::Array {
        data: data.collect(),
        shape: kernel.array.shape.clone(),
    })
}

/// The kernel under another shape, and the constant that it is, if it is one; backwards if `transposed`.
pub fn kernel(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    shape: &[usize],
    space: usize,
    transposed: bool,
) -> Result<(Value, Option<Constant>), Refusal> {
    let lazy = node.input(1)?.clone();
    if let Lazy::Constant(constant) = &lazy {
        let own = shape[shape.len() - space..].iter().product();
        let kernel = if transposed {
            backwards(constant, own)
        } else {
            constant.clone()
        };
        let kernel = kernel.reshaped(shape.to_vec());
        return Ok((q.parameter(&kernel, 60)?, Some(kernel)));
    }
    let kernel = q.exact(&lazy)?;
    let rank = kernel.shape.len();
    let mut steps: Vec<Step<Dim>> = if transposed {
        (rank - space..rank).map(Step::Reverse).collect()
    } else {
        Vec::new()
    };
    let dims: Vec<Dim> = shape.iter().map(|&size| Dim::from(size)).collect();
    steps.push(Step::Reshape(dims.clone()));
    Ok((q.builder.view(&kernel, steps, dims)?, None))
}

/// The sum with the bias of each output channel.
pub fn bias(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    value: &Value,
    out_label: usize,
    groups: usize,
    group_label: Option<usize>,
    outputs: usize,
) -> Result<Value, Refusal> {
    if node.inputs.len() < 3 {
        return Ok(value.clone());
    }
    let bias = match node.input(2)?.clone() {
        Lazy::Constant(bias) => bias,
        lazy => return runtime_bias(q, &lazy, value, out_label, groups, group_label),
    };
    let data = &bias.array.data;
    if data.iter().all(|&value| value == 0.0) {
        return Ok(value.clone());
    }
    let spread = if data.len() == 1 {
        vec![data[0]; outputs]
    } else {
        data.clone()
    };
    if spread.len() != outputs {
        return Err(format!("{} biases for {outputs} channels", data.len()));
    }
    let mut shape = vec![1; value.shape.len()];
    shape[out_label] = outputs;
    if let Some(label) = group_label {
        shape[label] = groups;
        shape[out_label] = outputs / groups;
    }
    let bias = bias.with(crate::array::Array {
        shape,
        data: spread,
    });
    q.biased(value, &bias)
}

/// The sum with a bias that depends on inputs.
fn runtime_bias(
    q: &mut Quantiser<'_>,
    bias: &Lazy,
    value: &Value,
    out_label: usize,
    groups: usize,
    group_label: Option<usize>,
) -> Result<Value, Refusal> {
    let bias = q.exact(bias)?;
    let len: Option<usize> = bias.shape.iter().map(Dim::known).product();
    let len = len.ok_or("a bias of symbolic size")?;
    let mut shape = vec![Dim::Known(1); value.shape.len()];
    match group_label {
        Some(label) if len > 1 => {
            shape[label] = Dim::from(groups);
            shape[out_label] = Dim::from(len / groups);
        }
        _ => shape[out_label] = Dim::from(len),
    }
    let steps = vec![Step::Reshape(shape.clone())];
    let bias = q.builder.view(&bias, steps, shape)?;
    let bias = q.broadcast(&bias, &value.shape)?;
    let aligned = q.aligned(&[value.clone(), bias])?;
    let (value, bias) = (&aligned[0], &aligned[1]);
    q.builder.sum(&[(1, value), (1, bias)], 0, value.bits)
}
