//! Images of another size: along each axis a view, or the product with a fixed matrix, which is found by
//! resizing one unit vector after the other.

use super::along::along;
use super::places::run;
use super::prelude::*;
use crate::array::Array;
use tract_onnx::prelude::{IntoTValue, Tensor};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.name() == "Resize"
}

/// How the indices of an axis of the result depend on those of the input.
struct Matrix {
    input: usize,
    output: usize,
    /// Row by row: a row for each index of the result.
    weights: Vec<f64>,
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let input: Result<Vec<usize>, Refusal> = { node.input_shape(0).iter() }
        .map(|dim| q.size(dim))
        .collect();
    let input = input?;
    let mut matrices = Vec::new();
    for (axis, (own, wanted)) in node.input_shape(0).iter().zip(node.shape()).enumerate() {
        if own == wanted && own.known().is_none() {
            continue;
        }
        let sizes = own.known().zip(wanted.known());
        sizes.ok_or("resizing along an axis of symbolic size; fix its size")?;
        matrices.push((axis, matrix(node, &input, axis)?));
    }
    separates(node, &input, &matrices)?;
    let mut value = q.exact(node.input(0)?)?;
    for (axis, matrix) in &matrices {
        value = match matrix.places() {
            Some(map) => along(q, &value, *axis, &map)?,
            None => contracted(q, &value, *axis, matrix)?,
        };
        value.range = node.range();
    }
    Ok(vec![value.into()])
}

/// The result for a tensor of some values.
fn resized(node: &Node<'_>, shape: &[usize], values: &[f32]) -> Result<Array, Refusal> {
    let mut tensors = Vec::new();
    for (at, input) in node.inputs.iter().enumerate() {
        let tensor = match input {
            Lazy::Constant(constant) => constant.tensor.clone().into_tvalue(),
            Lazy::Pointwise(_) if at == 0 => Tensor::from_shape(shape, values)
                .map_err(|error| error.to_string())?
                .into_tvalue(),
            Lazy::Pointwise(_) => return Err("a size that depends on data".into()),
        };
        tensors.push(tensor);
    }
    run(node, tensors)
}

/// The matrix of an axis: what values that depend on its index alone become.
fn matrix(node: &Node<'_>, shape: &[usize], axis: usize) -> Result<Matrix, Refusal> {
    let size = |dim: Option<&Dim>| dim.and_then(Dim::known).ok_or("an axis of symbolic size");
    let (input, output) = (shape[axis], size(node.shape().get(axis))?);
    let inner: usize = shape[axis + 1..].iter().product();
    let len: usize = shape.iter().product();
    let mut weights = vec![0.0; input * output];
    for unit in 0..input {
        let values: Vec<f32> = (0..len)
            .map(|at| if at / inner % input == unit { 1.0 } else { 0.0 })
            .collect();
        let result = resized(node, shape, &values)?;
        // The elements at the first index of every other axis.
        let after: usize = result.shape.iter().skip(axis + 1).product();
        for at in 0..output {
            let found = result.data.get(at * after).copied();
            weights[at * input + unit] = found.ok_or("resizing to another shape than declared")?;
        }
    }
    Ok(Matrix {
        input,
        output,
        weights,
    })
}

impl Matrix {
    /// The index that each index of the result comes from, if it is one.
    fn places(&self) -> Option<Vec<Option<usize>>> {
        let rows = self.weights.chunks(self.input);
        rows.map(|row| {
            let ones = row.iter().filter(|&&weight| weight == 1.0).count();
            let zeros = row.iter().filter(|&&weight| weight == 0.0).count();
            let place = row.iter().position(|&weight| weight == 1.0);
            (ones == 1 && ones + zeros == row.len()).then_some(place)
        })
        .collect()
    }

    /// The product along an axis of a row-major tensor.
    fn times(&self, values: &[f64], inner: usize) -> Vec<f64> {
        let blocks = values.chunks(self.input * inner);
        let rows = |block: &[f64]| -> Vec<f64> {
            (0..self.output * inner)
                .map(|at| {
                    let row = at / inner * self.input;
                    (0..self.input)
                        .map(|from| self.weights[row + from] * block[from * inner + at % inner])
                        .sum()
                })
                .collect()
        };
        blocks.flat_map(rows).collect()
    }
}

/// That the matrices of the axes, one after the other, are the operator.
fn separates(
    node: &Node<'_>,
    shape: &[usize],
    matrices: &[(usize, Matrix)],
) -> Result<(), Refusal> {
    let len: usize = shape.iter().product();
    // Numbers without a pattern, in 0 .. 1.
    let values: Vec<f32> = (0..len)
        .scan(1u32, |state, _| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u16::try_from(*state >> 16).ok()
        })
        .map(|bits| f32::from(bits) / 65536.0)
        .collect();
    let result = resized(node, shape, &values)?.data;
    let mut found: Vec<f64> = values.iter().map(|&value| f64::from(value)).collect();
    let mut sizes = shape.to_vec();
    for (axis, matrix) in matrices {
        let inner = sizes[axis + 1..].iter().product();
        found = matrix.times(&found, inner);
        sizes[*axis] = matrix.output;
    }
    let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-4;
    if found.len() == result.len() && found.iter().zip(&result).all(close) {
        return Ok(());
    }
    Err("resizing whose axes depend on each other, or to values outside of the image".into())
}

/// Fraction bits of a matrix whose entries are not exact with fewer.
const WEIGHT_BITS: i32 = 14;

fn contracted(
    q: &mut Quantiser<'_>,
    x: &Value,
    axis: usize,
    matrix: &Matrix,
) -> Result<Value, Refusal> {
    let x = q.narrow(x)?;
    let x = if x.exact {
        x
    } else {
        q.builder.rescale(&x, 0)?
    };
    let whole = |bits: i32| {
        let is_whole = |weight: &f64| libm::trunc(weight * power(bits)) == weight * power(bits);
        matrix.weights.iter().all(is_whole)
    };
    let bits = (0..WEIGHT_BITS)
        .find(|&bits| whole(bits))
        .unwrap_or(WEIGHT_BITS);
    let weights = matrix
        .weights
        .iter()
        .map(|weight| nearest(weight * power(bits)));
    let mut weights = q.public(vec![matrix.output, matrix.input], weights.collect())?;
    weights.bits = bits;
    let rank = x.shape.len();
    let mut a_labels: Vec<usize> = (0..rank).collect();
    a_labels[axis] = rank;
    let operator = program::operator::Contract {
        rank,
        a_labels,
        b_labels: vec![axis, rank],
    };
    let mut shape = x.shape.clone();
    shape[axis] = Dim::from(matrix.output);
    let mut value = q.builder.contract(operator, &x, &weights, shape)?;
    value.range = x.range;
    q.narrow(&value)
}
