//! The systems.

use super::Maker;
use crate::combination::{Combination, Einsum};
use crate::interval::Interval;
use crate::system::{Assignment, Role, System};
use crate::view::{ColumnId, View, ViewError};
use alloc::{format, vec, vec::Vec};

const BYTE: Interval = Interval::new(-128, 127);

/// An einsum of two operands.
fn einsum(
    a: impl Into<Combination>,
    a_labels: &[usize],
    b: impl Into<Combination>,
    b_labels: &[usize],
) -> Einsum {
    let (a_labels, b_labels) = (a_labels.to_vec(), b_labels.to_vec());
    Einsum {
        coefficient: 1,
        a: a.into(),
        a_labels,
        b: b.into(),
        b_labels,
    }
}

/// A witness column of random signed bytes that are looked up.
fn activation(maker: &mut Maker, name: &str, shape: &[usize]) -> ColumnId {
    let column = maker.random_column(name, shape, Role::Witness, BYTE);
    maker.range_check(name, column, BYTE.lo, 1);
    column
}

/// `n` public integers, and their rounded quotients by `2^shift`: columns `quotient`,
/// `quotient.remainder` and the limbs of the quotient.
pub fn rescale(n: usize, shift: u32, seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let interval = Interval::new(-(1 << 14 << shift), (1 << 14 << shift) - 1);
    let values = maker.random.values(&[n], interval);
    let a = maker.statement("a", &[n], interval, values);
    let a = Combination::from(maker.public(a));
    maker.rescale("quotient", &a, Vec::new(), shift);
    maker.finish()
}

/// `x [n, k]` times parameters `[k, m]`, rescaled.
pub fn matmul(n: usize, k: usize, m: usize, seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let x = activation(&mut maker, "x", &[n, k]);
    let w = maker.random_column("w", &[k, m], Role::Parameter, BYTE);
    let product = einsum(maker.view(x), &[0, 2], maker.view(w), &[2, 1]);
    maker.rescale("y", &Combination::zero(&[n, m]), vec![product], 8);
    maker.finish()
}

/// `x [batch, n, k]` times `y [batch, k, m]`, rescaled.
pub fn batched_matmul(
    batch: usize,
    n: usize,
    k: usize,
    m: usize,
    seed: u64,
) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let x = activation(&mut maker, "x", &[batch, n, k]);
    let y = activation(&mut maker, "y", &[batch, k, m]);
    let product = einsum(maker.view(x), &[0, 1, 3], maker.view(y), &[0, 3, 2]);
    maker.rescale("z", &Combination::zero(&[batch, n, m]), vec![product], 8);
    maker.finish()
}

/// The windows of an image axis: padded, then cut to as many windows as fit.
fn windows(
    view: View,
    axis: usize,
    kernel: usize,
    stride: usize,
    padding: usize,
) -> Result<View, ViewError> {
    let view = view.pad(axis, padding, padding)?;
    let count = (view.shape()[axis] - kernel) / stride + 1;
    view.window(axis, count, kernel, stride, 1)
}

/// A convolution of an image `[channels[0], size[0], size[1]]` with square kernels and a bias, all
/// parameters, rescaled.
pub fn convolution(
    channels: [usize; 2],
    size: [usize; 2],
    kernel: usize,
    stride: usize,
    padding: usize,
    seed: u64,
) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let image = activation(&mut maker, "image", &[channels[0], size[0], size[1]]);
    let shape = [channels[1], channels[0], kernel, kernel];
    let weights = maker.random_column("weights", &shape, Role::Parameter, BYTE);
    let bias = maker.random_column("bias", &channels[1..], Role::Parameter, BYTE);
    // [channel, row, row of the kernel, column, column of the kernel]
    let view = windows(maker.view(image), 1, kernel, stride, padding)
        .and_then(|view| windows(view, 3, kernel, stride, padding))
        .expect("the kernel fits");
    let (rows, cols) = (view.shape()[1], view.shape()[3]);
    let product = einsum(maker.view(weights), &[0, 3, 4, 5], view, &[3, 1, 4, 2, 5]);
    let bias = maker
        .view(bias)
        .insert_axis(1)
        .and_then(|bias| bias.insert_axis(2));
    let bias = bias.and_then(|bias| bias.broadcast(1, rows)?.broadcast(2, cols));
    maker.rescale("y", &bias.expect("axes of size 1").into(), vec![product], 6);
    maker.finish()
}

/// `x * y` element by element, rescaled.
pub fn elementwise_product(shape: &[usize], seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let x = activation(&mut maker, "x", shape);
    let y = activation(&mut maker, "y", shape);
    let labels: Vec<usize> = (0..shape.len()).collect();
    let product = einsum(maker.view(x), &labels, maker.view(y), &labels);
    maker.rescale("z", &Combination::zero(shape), vec![product], 4);
    maker.finish()
}

/// A smooth-looking unary function on signed bytes.
fn function(x: i64) -> i64 {
    (x * x * x) / 2000 + x / 2 - 3
}

/// Adds the table of pairs `(x, function(x))`.
fn function_table(maker: &mut Maker) -> crate::TableId {
    let inputs: Vec<i64> = (BYTE.lo..=BYTE.hi).collect();
    let outputs = inputs.iter().map(|&x| function(x)).collect();
    let inputs = maker.constant("function.x", &[256], inputs);
    let outputs = maker.constant("function.y", &[256], outputs);
    let entries = vec![maker.public(inputs).into(), maker.public(outputs).into()];
    maker.table("function", entries)
}

/// Adds a column that is the function of a column of signed bytes.
fn apply(maker: &mut Maker, name: &str, table: crate::TableId, x: ColumnId) -> ColumnId {
    let view = maker.view(x);
    let values = maker
        .evaluate(&view.clone().into())
        .into_iter()
        .map(function)
        .collect();
    let interval = Interval::new(function(BYTE.lo), function(BYTE.hi));
    let y = maker.column(name, &view.shape(), Role::Witness, interval, values);
    maker
        .builder
        .lookup(name, vec![view.into(), maker.view(y).into()], table);
    y
}

/// `n` values and a function of each, by a lookup of pairs in a public table.
pub fn function_lookup(n: usize, seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let x = maker.random_column("x", &[n], Role::Witness, BYTE);
    let table = function_table(&mut maker);
    apply(&mut maker, "y", table, x);
    maker.finish()
}

/// `n` rows of a table of parameters `[rows, width]`, by secret indices.
///
/// The table is a column: its entries are pairs of a position and the value there.
pub fn gather(rows: usize, width: usize, n: usize, seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let values = maker.random_column("values", &[rows, width], Role::Parameter, BYTE);
    let positions = maker.constant(
        "positions",
        &[rows, width],
        (0..).take(rows * width).collect(),
    );
    let entries = vec![maker.public(positions).into(), maker.view(values).into()];
    let table = maker.table("rows", entries);
    let last = i64::try_from(rows).expect("small") - 1;
    let index = maker.random_column("index", &[n], Role::Witness, Interval::new(0, last));
    let indices = maker.range("indices", rows);
    maker
        .builder
        .lookup("index", vec![maker.view(index).into()], indices);
    // The position of element (i, j) is index[i] * width + j.
    let columns = maker.constant("columns", &[width], (0..).take(width).collect());
    let columns = maker
        .public(columns)
        .insert_axis(0)
        .and_then(|view| view.broadcast(0, n));
    let rows = maker
        .view(index)
        .insert_axis(1)
        .and_then(|view| view.broadcast(1, width));
    let factor = i64::try_from(width).expect("small");
    let position = Combination::from(rows.expect("an axis of size 1")).times(factor);
    let position = position.and_then(|rows| rows.plus(columns.expect("an axis of size 1")));
    let position = position.expect("same shape");
    let table_values = maker.evaluate(&maker.view(values).into());
    let at = |position: &i64| table_values[usize::try_from(*position).expect("in range")];
    let found = maker.evaluate(&position).iter().map(at).collect();
    let found = maker.column("found", &[n, width], Role::Witness, BYTE, found);
    maker
        .builder
        .lookup("found", vec![position, maker.view(found).into()], table);
    maker.finish()
}

/// `n` rows of a table of parameters `[rows, size, 2]` and a bias of each, by secret indices.
///
/// A row is found as a whole: the tuple is a narrow, a wide and a narrow component.
pub fn embedding(rows: usize, size: usize, n: usize, seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let values = maker.random_column("values", &[rows, size, 2], Role::Parameter, BYTE);
    let biases = maker.random_column("biases", &[rows], Role::Parameter, BYTE);
    let numbers = maker.constant("numbers", &[rows], (0..).take(rows).collect());
    let entries = vec![
        maker.public(numbers).into(),
        maker.view(values).into(),
        maker.view(biases).into(),
    ];
    let table = maker.table("rows", entries);
    let last = i64::try_from(rows).expect("small") - 1;
    let index = maker.random_column("index", &[n], Role::Witness, Interval::new(0, last));
    let indices = maker.range("indices", rows);
    maker
        .builder
        .lookup("index", vec![maker.view(index).into()], indices);
    let found = |maker: &Maker, column, width: usize| -> Vec<i64> {
        let all = maker.evaluate(&maker.view(column).into());
        let row = |index: &i64| {
            let start = usize::try_from(*index).expect("in range") * width;
            all[start..start + width].to_vec()
        };
        let indices = maker.evaluate(&maker.view(index).into());
        indices.iter().flat_map(row).collect()
    };
    let row = found(&maker, values, size * 2);
    let row = maker.column("row", &[n, size, 2], Role::Witness, BYTE, row);
    let bias = found(&maker, biases, 1);
    let bias = maker.column("bias", &[n], Role::Witness, BYTE, bias);
    let tuple = [index, row, bias].map(|column| maker.view(column).into());
    maker.builder.lookup("row", tuple.to_vec(), table);
    maker.finish()
}

/// Linear relations alone: a public input `[n, 2 * m]`, a hidden column, a public output, and between
/// them most builders of views. `n` and `m` must be at least 2.
pub fn linear_views(n: usize, m: usize, seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let values = maker.random.values(&[n, 2 * m], BYTE);
    let input = maker.statement("input", &[n, 2 * m], BYTE, values);
    let input = maker.public(input);
    // hidden [m, 2 * n] is the input under another shape, minus its mean row, plus a constant.
    let build = || -> Result<Combination, crate::combination::CombinationError> {
        let whole = input.clone().reshape(&[2 * n * m])?.reshape(&[m, 2 * n])?;
        let sums = input.clone().sum(1)?.insert_axis(0)?.broadcast(0, m)?;
        let sums = Combination::concatenate(1, vec![sums.clone().into(), sums.reverse(1)?.into()])?;
        Combination::from(whole)
            .times(3)?
            .minus(sums)?
            .plus_constant(7)
    };
    let hidden = build().expect("the shapes agree");
    let values = maker.evaluate(&hidden);
    let interval = Interval::new(-1 << 14, 1 << 14);
    let column = maker.column("hidden", &[m, 2 * n], Role::Witness, interval, values);
    let equation = hidden.minus(maker.view(column)).expect("same shape");
    maker.builder.linear("hidden", equation);
    // The output is a piece of the transpose of hidden, followed by every second element of it.
    let view = maker.view(column);
    let build = || -> Result<Combination, crate::combination::CombinationError> {
        let transposed = view.clone().permute(&[1, 0])?.reshape(&[2 * n * m])?;
        let piece = transposed.clone().slice(0, 1, n + 1, 1)?;
        let second = transposed.slice(0, 0, n * m, 2)?;
        Combination::concatenate(0, vec![piece.into(), second.into()])
    };
    let output = build().expect("the shapes agree");
    let values = maker.evaluate(&output);
    let shape = output.shape().to_vec();
    let public = maker.statement("output", &shape, interval, values);
    let equation = output.minus(maker.public(public)).expect("same shape");
    maker.builder.linear("output", equation);
    maker.finish()
}

/// `max(x, 0)` of a column, by its positive and negative parts: `x = a - b` and `a * b = 0`.
fn relu(maker: &mut Maker, name: &str, x: ColumnId) -> ColumnId {
    let view = maker.view(x);
    let (shape, values) = (view.shape(), maker.evaluate(&view.clone().into()));
    let labels: Vec<usize> = (0..shape.len()).collect();
    let interval = Interval::new(0, (1 << 16) - 1);
    let mut part = |name: &str, sign: i64| {
        let values = values.iter().map(|&value| (sign * value).max(0)).collect();
        let part = maker.column(name, &shape, Role::Witness, interval, values);
        maker.range_check(name, part, 0, 2);
        part
    };
    let (a, b) = (part(name, 1), part(&format!("{name}.negative"), -1));
    let split = Combination::from(view)
        .minus(maker.view(a))
        .and_then(|sum| sum.plus(maker.view(b)));
    maker
        .builder
        .linear(&format!("{name}.split"), split.expect("same shape"));
    let product = einsum(maker.view(a), &labels, maker.view(b), &labels);
    maker.builder.product(
        &format!("{name}.disjoint"),
        Combination::zero(&shape),
        vec![product],
    );
    a
}

/// A perceptron: a public input `[batch, widths[0]]`, layers of parameters, bias and rectifier, a
/// function of the last layer's signed bytes, and a public output `[batch, last width]`.
pub fn mlp(batch: usize, widths: &[usize], seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let values = maker.random.values(&[batch, widths[0]], BYTE);
    let input = maker.statement("input", &[batch, widths[0]], BYTE, values);
    let mut x = maker.public(input);
    let layers = widths.len() - 1;
    let mut last = None;
    for layer in 0..layers {
        let (k, m) = (widths[layer], widths[layer + 1]);
        let small = Interval::new(-15, 15);
        let weights =
            maker.random_column(&format!("weights{layer}"), &[m, k], Role::Parameter, small);
        let bias = maker.random_column(&format!("bias{layer}"), &[m], Role::Parameter, BYTE);
        let bias = maker
            .view(bias)
            .insert_axis(0)
            .and_then(|bias| bias.broadcast(0, batch));
        let product = einsum(x, &[0, 2], maker.view(weights), &[1, 2]);
        let sum = bias.expect("an axis of size 1").into();
        let name = format!("layer{layer}");
        let y = maker.rescale(&name, &sum, vec![product], 6);
        x = if layer + 1 < layers {
            let y = relu(&mut maker, &format!("relu{layer}"), y);
            maker.view(y)
        } else {
            last = Some(y);
            maker.view(y)
        };
    }
    let last = last.expect("at least two widths");
    // Down to signed bytes: the function's table demands it.
    let scaled = maker.rescale("logits", &maker.view(last).into(), Vec::new(), 8);
    let table = function_table(&mut maker);
    let y = apply(&mut maker, "scores", table, scaled);
    let values = maker.evaluate(&maker.view(y).into());
    let interval = Interval::new(-2000, 2000);
    let output = maker.statement("output", &[batch, widths[layers]], interval, values);
    let equation = Combination::from(maker.view(y)).minus(maker.public(output));
    maker
        .builder
        .linear("output", equation.expect("same shape"));
    maker.finish()
}

/// Two sealed columns of different groups, their rescaled product, and its public sum.
pub fn sealed(n: usize, seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let x = maker.random_column("x", &[n], Role::Sealed(0), BYTE);
    let y = maker.random_column("y", &[n], Role::Sealed(1), BYTE);
    let product = einsum(maker.view(x), &[0], maker.view(y), &[0]);
    let z = maker.rescale("z", &Combination::zero(&[n]), vec![product], 4);
    let sum = Combination::from(maker.view(z).sum(0).expect("one axis"));
    let values = maker.evaluate(&sum);
    let output = maker.statement("sum", &[], Interval::new(-1 << 40, 1 << 40), values);
    let equation = sum.minus(maker.public(output));
    maker.builder.linear("sum", equation.expect("same shape"));
    maker.finish()
}
