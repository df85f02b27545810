//! The maximum along an axis, and where it is: max pooling, argmax, the stable softmax.
//!
//! For a row `x` of `n` values: the maximum `m`, the index `i` of the first (or the last) `x_i = m`, and
//! the distances `m - x_j`. Witness: `m` and the bits `p_j = [j < i]` for `j < n - 1`; with `p_(-1) = 1`
//! and `p_(n - 1) = 0`
//!
//! ```text
//! (p_(j-1), p_j) in {(1, 1), (1, 0), (0, 0)},
//! m = sum_j (p_(j-1) - p_j) x_j,
//! 0 <= m - x_j - s_j < 2^k,    s_j = p_j for the first,  1 - p_(j-1) for the last.
//! ```
//!
//! Unique: the bits fall once, so `p_(j-1) - p_j` is 1 at `i = sum_j p_j` and 0 elsewhere, and `m = x_i`.
//! The range checks say that no `x_j` is larger than `m`, and that those before `i` (after `i`, for the
//! last), where `s_j = 1`, are smaller: `i` is the first (last) maximal index. The sum cannot wrap,
//! since [`Extreme::infer`] bounds `n` times the largest value.

use super::{Operate, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, standard, width};
use crate::lower::{Expression, Lowering};
#[cfg(feature = "execute")]
use rayon::prelude::*;
use relation::{Combination, Einsum, Interval, Tensor, ViewError};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The maximum along an axis and its index, both with size 1 on that axis, and the distance of every value
/// from its maximum, which is at least zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extreme {
    /// The axis.
    pub axis: usize,
    /// Whether the index is the last of several that are maximal, instead of the first.
    pub last: bool,
}

impl Extreme {
    /// Number of values of a row.
    pub(super) fn size(&self, shape: &[usize]) -> Result<usize, OperatorError> {
        let (axis, rank) = (self.axis, shape.len());
        Ok(*shape.get(axis).ok_or(ViewError::Axis { axis, rank })?)
    }

    /// The shape with another size of the axis.
    pub(super) fn shape(&self, shape: &[usize], size: usize) -> Vec<usize> {
        let own = |(axis, &other)| if axis == self.axis { size } else { other };
        shape.iter().enumerate().map(own).collect()
    }

    /// Declares the bits; returns `p_(j-1)` and `p_j` for each value of the rows.
    pub(super) fn bits(
        &self,
        shape: &[usize],
        size: usize,
        lowering: &mut Lowering,
    ) -> Result<[Combination; 2], OperatorError> {
        let axis = self.axis;
        let shorter = self.shape(shape, size - 1);
        let bit = Interval::new(0, 1);
        let bits = Combination::from(lowering.column("before", &shorter, bit)?);
        let one = Combination::constant(&self.shape(shape, 1), 1)?;
        let before = Combination::concatenate(axis, vec![one, bits.clone()])?;
        let own = bits.clone().map(shape, |view| view.pad(axis, 0, 1))?;
        let head = { before.clone() }.map(&shorter, |view| view.slice(axis, 0, size - 1, 1))?;
        let mut columns = Vec::with_capacity(2);
        for values in [[1, 1, 0], [1, 0, 0]] {
            let shape = vec![values.len()];
            let values = Tensor::from_i64s(shape.clone(), values.to_vec());
            let values = values.map_err(|_| OperatorError::TooLarge { shape })?;
            columns.push(Combination::from(lowering.constant(values)?));
        }
        let falling = lowering.entries("falling", columns);
        lowering.lookup("falling", vec![head, bits], falling);
        Ok([before, own])
    }

    /// States that the maximum is the sum over the rows of selector times value.
    pub(super) fn select(
        &self,
        maximum: &Combination,
        selector: Combination,
        values: Combination,
        lowering: &mut Lowering,
    ) -> Result<(), OperatorError> {
        let axis = self.axis;
        let rank = values.shape().len();
        let label = |own: usize| match own.cmp(&axis) {
            Ordering::Less => own,
            // The axis of the rows is summed over.
            Ordering::Equal => rank - 1,
            Ordering::Greater => own - 1,
        };
        let labels: Vec<usize> = (0..rank).map(label).collect();
        let mut outer = maximum.shape().to_vec();
        outer.remove(axis);
        let left = { maximum.clone() }.map(&outer, |view| view.remove_axis(axis))?;
        let product = Einsum {
            coefficient: 1,
            a: selector,
            a_labels: labels.clone(),
            b: values,
            b_labels: labels,
        };
        lowering.product("selected", left, vec![product]);
        Ok(())
    }
}

#[cfg(feature = "execute")]
impl Extreme {
    /// Maximum and index of the row at `at` of a block of `inner` rows.
    fn end(&self, block: &[i64], inner: usize, at: usize) -> (i64, i64) {
        let values = block.iter().skip(at).step_by(inner);
        values
            .zip(0i64..)
            .fold((i64::MIN, 0), |(most, index), (&value, j)| {
                if value > most || (self.last && value == most) {
                    (value, j)
                } else {
                    (most, index)
                }
            })
    }
}

impl Operate for Extreme {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        let size = self.size(&x.shape)?;
        let (Ok(terms), Ok(last)) = (i128::try_from(size), i64::try_from(size - 1)) else {
            let shape = x.shape.clone();
            return Err(OperatorError::TooLarge { shape });
        };
        // What the relations can tell of the sum that selects: each term may have either sign.
        let sum = { x.wide().negate() }.and_then(|minus| minus.hull(x.wide()).scale(terms));
        Fact::new(x.shape.clone(), sum)?;
        let distance = Interval::new(0, x.interval.hi - x.interval.lo);
        standard(distance)?;
        let shape = self.shape(&x.shape, 1);
        Ok(vec![
            Fact::new(shape.clone(), Some(x.wide()))?,
            Fact::new(shape, Some(Interval::new(0, last).into()))?,
            Fact::new(x.shape.clone(), Some(distance.into()))?,
        ])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([x], [fact, index_fact, distance_fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let (axis, shape) = (self.axis, &x.fact.shape);
        let (size, values) = (self.size(shape)?, x.rounded()?.clone());
        if size == 1 {
            return Ok(vec![
                Expression::linear(fact.clone(), values),
                Expression::zero(index_fact.clone()),
                Expression::zero(distance_fact.clone()),
            ]);
        }
        let maximum = lowering.witness("maximum", &fact.shape, standard(fact.interval)?)?;
        let [before, own] = self.bits(shape, size, lowering)?;
        let distance = { maximum.clone() }
            .map(shape, |view| view.broadcast(axis, size))?
            .minus(values.clone())?;
        let strict = if self.last {
            Combination::constant(shape, 1)?.minus(before.clone())?
        } else {
            own.clone()
        };
        let bits = width(distance_fact.interval);
        lowering.range_check("distance", distance.clone().minus(strict)?, bits)?;
        let selected = before.minus(own.clone())?;
        self.select(&maximum, selected, values, lowering)?;
        // All bits of a row, the padding being zero.
        let index = own.map(&fact.shape, |view| view.sum(axis)?.insert_axis(axis))?;
        Ok(vec![
            Expression::linear(fact.clone(), maximum),
            Expression::linear(index_fact.clone(), index),
            Expression::linear(distance_fact.clone(), distance),
        ])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let ([x], [fact, _, _]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let rows = Rows::new(self, &x.shape, x.to_vec());
        recorder.witness(&rows.maxima);
        recorder.witness_with(|| rows.before());
        recorder.witness_with(|| rows.strict_distances(self.last));
        let distances = Array::new(x.shape.clone(), rows.distances());
        let array = |values| Array::new(fact.shape.clone(), values);
        Ok(vec![array(rows.maxima), array(rows.indices), distances])
    }
}

/// What the operator finds, row by row.
#[cfg(feature = "execute")]
pub(super) struct Rows {
    /// The values, with the axis of the rows in the middle.
    values: Vec<i64>,
    /// Sizes before, on and after the axis of the rows.
    sizes: [usize; 3],
    pub(super) maxima: Vec<i64>,
    indices: Vec<i64>,
}

#[cfg(feature = "execute")]
impl Rows {
    /// The rows of row-major values.
    pub(super) fn new(extreme: &Extreme, shape: &[usize], values: Vec<i64>) -> Self {
        let (outer, rest) = shape.split_at(extreme.axis);
        let (size, inner) = (rest[0], rest[1..].iter().product::<usize>());
        let outer: usize = outer.iter().product();
        let ends: Vec<(i64, i64)> = { values.par_chunks(size * inner) }
            .flat_map_iter(|block| (0..inner).map(|at| extreme.end(block, inner, at)))
            .collect();
        let (maxima, indices) = ends.into_iter().unzip();
        Self {
            values,
            sizes: [outer, size, inner],
            maxima,
            indices,
        }
    }

    /// Calls `value` with the position along the row, and the row, of the first `size` values of each.
    fn each(&self, size: usize, value: impl Fn(i64, usize) -> i64 + Sync) -> Vec<i64> {
        let [outer, _, inner] = self.sizes;
        let value = &value;
        { (0..outer).into_par_iter() }
            .flat_map_iter(|block| {
                let rows = block * inner..(block + 1) * inner;
                { (0..size).zip(0i64..) }
                    .flat_map(move |(_, j)| rows.clone().map(move |row| value(j, row)))
            })
            .collect()
    }

    pub(super) fn before(&self) -> Vec<i64> {
        let bit = |j, row: usize| i64::from(j < self.indices[row]);
        self.each(self.sizes[1] - 1, bit)
    }

    pub(super) fn distances(&self) -> Vec<i64> {
        let maxima = self.each(self.sizes[1], |_, row| self.maxima[row]);
        { maxima.iter().zip(&self.values) }
            .map(|(maximum, value)| maximum - value)
            .collect()
    }

    /// 1 where a value must be below the maximum: before the first, or after the last.
    pub(super) fn strict(&self, last: bool) -> Vec<i64> {
        self.each(self.sizes[1], |j, row| {
            let index = self.indices[row];
            i64::from(if last { j > index } else { j < index })
        })
    }

    fn strict_distances(&self, last: bool) -> Vec<i64> {
        let (distances, strict) = (self.distances(), self.strict(last));
        { distances.iter().zip(&strict) }
            .map(|(distance, strict)| distance - strict)
            .collect()
    }
}
