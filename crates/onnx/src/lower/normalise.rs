//! Normalisation by the root of the mean of squares: what layer and group normalisation become.

use super::prelude::*;
use super::reduce::{count, sum_of_squares};
use tract_onnx::tract_core::ops::nn::RmsNorm;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<RmsNorm>()
}

/// `x sqrt(n) / sqrt(sum x^2 + n eps)`.
fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = node.op_as::<RmsNorm>().ok_or("no normalisation")?;
    let eps = op
        .eps
        .cast_to_scalar::<f64>()
        .map_err(|error| error.to_string())?;
    let x = q.value(node.input(0)?)?;
    // Squares of twice as many bits have to fit.
    let bits = q.bits_for(x.range).min(24);
    let x = q.builder.fit(&x, bits, 24)?;
    let axes = [op.axis];
    let count = count(&x, &axes)?;
    let squares = sum_of_squares(q, &x, &axes)?;
    // A floor of one unit, so that there is always something to divide by.
    let floor = nearest(count * eps * power(squares.bits)).max(1);
    let mut sum = q.builder.sum(&[(1, &squares)], floor, squares.bits)?;
    sum.range = squares.range;
    let root_range = (0.0, libm::sqrt(sum.range.1));
    let root = q.root(&sum, root_range)?;
    let root = q.broadcast(&root, &x.shape)?;
    let scaled = q.line(&x, libm::sqrt(count), 0.0)?;
    let most = libm::sqrt(count) + 1.0;
    let mut range = node.range();
    range = (range.0.max(-most), range.1.min(most));
    // No element exceeds the root of the sum, but for the rounding of the root, a factor of two at most.
    let bound = nearest((2.0 * most + 1.0) * power(q.bits_for(range)));
    let known = program::Interval::new(-bound, bound);
    let value = q.divide_by(&scaled, &root, range, Some(known))?;
    Ok(vec![value.into()])
}
