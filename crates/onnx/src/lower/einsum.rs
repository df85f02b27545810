//! Einsums: of one tensor a view, of two a contraction, of more one contraction after the other.

use super::contract::einsum;
use super::prelude::*;
use crate::quantise::line::significand;
use std::collections::BTreeMap;
use tract_onnx::tract_core::ops::einsum::EinSum;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<EinSum>()
}

/// An operand, and the label of each of its axes: the axis of the result, or a larger number.
type Operand = (Lazy, Vec<usize>);

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = node.op_as::<EinSum>().ok_or("no einsum")?;
    if op.q_params.is_some() {
        return Err("an einsum of quantised tensors; export the float model".into());
    }
    let rank = node.shape().len();
    let mut labels: Vec<Vec<Option<usize>>> = { node.input_shapes.iter() }
        .map(|shape| vec![None; shape.len()])
        .collect();
    let mut next = rank;
    for axis in op.axes.iter_all_axes() {
        let output = axis.outputs.first().and_then(|axes| axes.first().copied());
        let label = output.unwrap_or(next);
        if output.is_none() {
            next += 1;
        }
        for (labels, axes) in labels.iter_mut().zip(&axis.inputs) {
            for &axis in axes {
                labels[axis] = Some(label);
            }
        }
    }
    let mut operands: Vec<Operand> = Vec::new();
    for (lazy, labels) in node.inputs.iter().zip(labels) {
        let labels: Option<Vec<usize>> = labels.into_iter().collect();
        let labels = labels.ok_or("an axis of an einsum has no label")?;
        operands.push(without_diagonals(q, lazy, labels)?);
    }
    while operands.len() > 2 {
        let second = operands.remove(1);
        let first = operands.remove(0);
        let joined = join(q, first, second, &operands, rank)?;
        operands.insert(0, joined);
    }
    let value = match &operands[..] {
        [(x, labels)] => {
            let x = q.exact(x)?;
            alone(q, &x, labels, node.shape())?
        }
        [(a, a_labels), (b, b_labels)] => {
            let ([a, b], factor) = factored([a, b]);
            let product = einsum(q, [&a, &b], [a_labels, b_labels], node.shape())?;
            match factor {
                Some(factor) => scaled(q, &product, factor)?,
                None => product,
            }
        }
        _ => return Err("an einsum of nothing".into()),
    };
    Ok(vec![value.into()])
}

/// A sign, and the exponent of a power of two.
type Factor = (i64, i32);

/// Operands without their factors, and the product of these, if it is a power of two: as in attention, whose queries and
/// keys are both divided by a root of the root of their length. It then moves the binary point of the result, and costs
/// nothing; on the operands it would cost a rounding of each element.
fn factored(operands: [&Lazy; 2]) -> ([Lazy; 2], Option<Factor>) {
    let factor = |lazy: &Lazy| match lazy {
        Lazy::Pointwise(found) if !found.integers => match found.expr.line() {
            Some((slope, offset)) if offset == 0.0 && slope != 0.0 => slope,
            _ => 1.0,
        },
        _ => 1.0,
    };
    let product: f64 = operands.into_iter().map(factor).product();
    let (sign, exponent) = significand(product);
    let has_factor = operands.into_iter().any(|lazy| factor(lazy) != 1.0);
    if !has_factor || sign.abs() != 1 {
        return (operands.map(Lazy::clone), None);
    }
    let base = |lazy: &Lazy| match lazy {
        Lazy::Pointwise(found) if factor(lazy) != 1.0 => found.base.clone().into(),
        other => other.clone(),
    };
    (operands.map(base), Some((sign, exponent)))
}

/// A value times a power of two.
fn scaled(q: &mut Quantiser<'_>, x: &Value, (sign, exponent): Factor) -> Result<Value, Refusal> {
    let mut value = q.builder.sum(&[(sign, x)], 0, x.bits - exponent)?;
    let factor = if sign < 0 { -1.0 } else { 1.0 } * power(exponent);
    let ends = [x.range.0 * factor, x.range.1 * factor];
    value.range = (ends[0].min(ends[1]), ends[0].max(ends[1]));
    Ok(value)
}

/// An operand with one axis in place of several that have the same label.
fn without_diagonals(
    q: &mut Quantiser<'_>,
    lazy: &Lazy,
    mut labels: Vec<usize>,
) -> Result<Operand, Refusal> {
    let repeated = |labels: &[usize]| {
        (0..labels.len()).find_map(|at| {
            let second = labels[at + 1..]
                .iter()
                .position(|label| *label == labels[at]);
            second.map(|second| (at, at + 1 + second))
        })
    };
    if repeated(&labels).is_none() {
        return Ok((lazy.clone(), labels));
    }
    let mut value = q.exact(lazy)?;
    while let Some((first, second)) = repeated(&labels) {
        let mut shape = value.shape.clone();
        shape.remove(second);
        labels.remove(second);
        value = q
            .builder
            .view(&value, vec![Step::Diagonal(first, second)], shape)?;
    }
    Ok((value.into(), labels))
}

/// The einsum of two operands that keeps the labels of the result and of the operands that are left.
fn join(
    q: &mut Quantiser<'_>,
    (a, a_labels): Operand,
    (b, b_labels): Operand,
    rest: &[Operand],
    rank: usize,
) -> Result<Operand, Refusal> {
    let (a, b) = (q.exact(&a)?, q.exact(&b)?);
    let mut sizes: BTreeMap<usize, Dim> = BTreeMap::new();
    let dims = a.shape.iter().zip(&a_labels);
    for (dim, &label) in dims.chain(b.shape.iter().zip(&b_labels)) {
        let entry = sizes.entry(label).or_insert_with(|| dim.clone());
        if is_one(entry) {
            *entry = dim.clone();
        }
    }
    let is_kept =
        |label: &usize| *label < rank || rest.iter().any(|(_, labels)| labels.contains(label));
    let kept: Vec<usize> = sizes
        .keys()
        .copied()
        .filter(|label| is_kept(label))
        .collect();
    let summed: Vec<usize> = sizes
        .keys()
        .copied()
        .filter(|label| !is_kept(label))
        .collect();
    let place = |label: &usize| {
        let of_kept = kept.iter().position(|other| other == label);
        let of_summed = || summed.iter().position(|other| other == label);
        of_kept.or_else(|| of_summed().map(|at| kept.len() + at))
    };
    let relabelled = |labels: &[usize]| -> Vec<usize> { labels.iter().filter_map(place).collect() };
    let shape: Vec<Dim> = kept.iter().map(|label| sizes[label].clone()).collect();
    let most = |x: &Value| x.range.0.abs().max(x.range.1.abs());
    let range = most(&a) * most(&b);
    let labels = [&relabelled(&a_labels), &relabelled(&b_labels)];
    let mut value = einsum(q, [&a.into(), &b.into()], [labels[0], labels[1]], &shape)?;
    if summed.is_empty() {
        value.range = (-range, range);
    }
    Ok((value.into(), kept))
}

/// A tensor with the axes of a result, repeated along those that it does not have.
pub fn arranged(
    q: &mut Quantiser<'_>,
    x: &Value,
    labels: &[usize],
    shape: &[Dim],
) -> Result<Value, Refusal> {
    let own = |label: usize| labels.iter().position(|&other| other == label);
    let dims = (0..shape.len())
        .map(|label| own(label).map_or(Dim::Known(1), |axis| x.shape[axis].clone()));
    let x = alone(q, x, labels, &dims.collect::<Vec<_>>())?;
    q.broadcast(&x, shape)
}

/// Sums, and the axes that are left in the order of the result.
fn alone(
    q: &mut Quantiser<'_>,
    x: &Value,
    labels: &[usize],
    shape: &[Dim],
) -> Result<Value, Refusal> {
    let (mut steps, mut kept) = (Vec::new(), Vec::new());
    for &label in labels {
        if label >= shape.len() {
            steps.push(Step::Sum(kept.len()));
        } else {
            kept.push(label);
        }
    }
    let mut order: Vec<usize> = (0..kept.len()).collect();
    order.sort_by_key(|&at| kept[at]);
    steps.push(Step::Permute(order));
    for label in 0..shape.len() {
        if !kept.contains(&label) {
            steps.push(Step::InsertAxis(label));
        }
    }
    q.builder.view(x, steps, shape.to_vec())
}
