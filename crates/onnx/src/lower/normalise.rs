//! Normalisation by the root of the mean of squares: what layer and group normalisation become.

use super::arithmetic::ROW_BITS;
use super::prelude::*;
use super::reduce::{count, sum_of_squares};
use super::row::Rows;
use crate::quantise::builder::real;
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
    // What a mean was taken off has a few bits more, which cost less than to round them away.
    let bits = x.bits.clamp(bits, bits + ROW_BITS);
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
    let most = libm::sqrt(count) + 1.0;
    let mut range = node.range();
    range = (range.0.max(-most), range.1.min(most));
    // No element exceeds the root of the sum but for roundings: the root is taken as `f` and a half, in units that its
    // integer is twice as many of, where even the root of a sum that is half a unit larger is below `f + 1`.
    let bits = q.bits_for(range);
    let least = real(q.builder.fact(root.id).interval.lo.max(1).into());
    let bound = nearest(most * (1.0 + 1.0 / least) * power(bits)) + 1;
    let known = program::Interval::new(-bound, bound);
    // The sum is at least `n eps`, which the interval of a sum that was rounded does not tell.
    let floor = libm::sqrt(count * eps);
    let is_fine = floor * power(root.bits) >= 8.0;
    let rows = Rows {
        above: &x,
        below: &root,
        factor: libm::sqrt(count),
        most: is_fine.then(|| 2.0 * libm::sqrt(count) / floor),
        range,
        bits,
        known,
    };
    if let Some(value) = rows.divide(q)? {
        return Ok(vec![value.into()]);
    }
    let root = q.broadcast(&root, &x.shape)?;
    let scaled = q.line(&x, libm::sqrt(count), 0.0)?;
    let value = q.divide_by(&scaled, &root, range, Some(known))?;
    Ok(vec![value.into()])
}
