//! Rows in descending order, and where each value was: top-k, sorting, ranks.
//!
//! For a row `x` of `n` values: the values `v_0 >= v_1 >= ..` and their places `p_j`, the smaller place
//! first among equal values. Witness: `v` and `p`, with
//!
//! ```text
//! (row, p_j, v_j) in {(row, i, x_i)},
//! 0 <= n (v_j - v_(j+1)) + p_(j+1) - p_j - 1 < 2^k    for j < n - 1.
//! ```
//!
//! Unique: the lookup says `0 <= p_j < n` and `v_j = x_(p_j)`, in the row that it is about. So places differ by less
//! than `n`, and the range check says `v_j > v_(j+1)`, or `v_j = v_(j+1)` and `p_j < p_(j+1)`: with values that
//! fall by at least one the expression is at least `n - (n - 1) - 1 = 0`, with equal ones it is
//! `p_(j+1) - p_j - 1`, and with values that rise it is at most `-n + (n - 1) - 1 < 0`. Pairs of value and place
//! hence fall strictly in one total order, so the `n` of them are different, and they are all of the row's pairs:
//! there is one way to write these in order. Nothing wraps, since [`Sort::infer`] bounds `n` times the largest
//! distance.

use super::iota::{last, numbers};
use super::{Operate, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, standard, width};
use crate::lower::{Expression, Lowering};
use relation::{Combination, Interval, ViewError};
use serde::{Deserialize, Serialize};

/// The values along an axis in descending order, and the place of each before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The axis.
    pub axis: usize,
}

impl Sort {
    /// Number of values of a row.
    fn size(&self, shape: &[usize]) -> Result<usize, OperatorError> {
        let (axis, rank) = (self.axis, shape.len());
        Ok(*shape.get(axis).ok_or(ViewError::Axis { axis, rank })?)
    }

    /// The shape with another size of the axis.
    fn shape(&self, shape: &[usize], size: usize) -> Vec<usize> {
        let own = |(axis, &other)| if axis == self.axis { size } else { other };
        shape.iter().enumerate().map(own).collect()
    }

    /// Where the relation between neighbours lies.
    fn steps(&self, x: &Fact) -> Result<Interval, OperatorError> {
        let count = last(self.size(&x.shape)?)?;
        let spread = i128::from(x.interval.hi) - i128::from(x.interval.lo);
        let most = (spread * i128::from(count + 1) + i128::from(count - 1)).max(0);
        let interval = relation::interval::Wide { lo: 0, hi: most };
        Ok(Fact::new(Vec::new(), Some(interval))?.interval)
    }

    /// For each value its row, and its place along the axis.
    fn places(
        &self,
        shape: &[usize],
        lowering: &mut Lowering,
    ) -> Result<[Combination; 2], OperatorError> {
        let size = self.size(shape)?;
        let outer = self.shape(shape, 1);
        let rows = numbers(outer.iter().product(), lowering)?;
        let rows = rows.map(shape, |view| {
            view.reshape(&outer)?.broadcast(self.axis, size)
        })?;
        let mut alone = vec![1; shape.len()];
        if let Some(own) = alone.get_mut(self.axis) {
            *own = size;
        }
        let places = numbers(size, lowering)?.map(shape, |view| {
            let others = shape.iter().enumerate();
            let others = others.filter(|(axis, size)| *axis != self.axis && **size != 1);
            others.fold(view.reshape(&alone), |view, (axis, &size)| {
                view?.broadcast(axis, size)
            })
        })?;
        Ok([rows, places])
    }
}

impl Operate for Sort {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        let last_place = last(self.size(&x.shape)?)?;
        last(x.len())?;
        standard(self.steps(x)?)?;
        let places = Interval::new(0, last_place);
        Ok(vec![
            Fact::new(x.shape.clone(), Some(x.wide()))?,
            Fact::new(x.shape.clone(), Some(places.into()))?,
        ])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([x], [fact, place_fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let (axis, shape) = (self.axis, &x.fact.shape);
        let (size, entries) = (self.size(shape)?, x.rounded()?.clone());
        if size == 1 {
            return Ok(vec![
                Expression::linear(fact.clone(), entries),
                Expression::zero(place_fact.clone()),
            ]);
        }
        let [rows, places] = self.places(shape, lowering)?;
        // The lookup shows what is known of the table's columns, which may be less than of its values.
        let known = Fact::new(Vec::new(), lowering.bound(&entries)?)?;
        let value = lowering.column("value", shape, standard(known.interval)?)?;
        let place = lowering.column("place", shape, standard(place_fact.interval)?)?;
        let (value, place) = (Combination::from(value), Combination::from(place));
        let table = lowering.entries("pairs", vec![rows.clone(), places, entries]);
        lowering.lookup("pair", vec![rows, place.clone(), value.clone()], table);
        let shorter = self.shape(shape, size - 1);
        let step = |all: &Combination| -> Result<Combination, OperatorError> {
            let part =
                |start| { all.clone() }.map(&shorter, |view| view.slice(axis, start, size - 1, 1));
            Ok(part(0)?.minus(part(1)?)?)
        };
        let falls = step(&value)?.times(last(size)? + 1)?.minus(step(&place)?)?;
        let bits = width(self.steps(&x.fact)?);
        lowering.range_check("falls", falls.plus_constant(-1)?, bits)?;
        Ok(vec![
            Expression::linear(fact.clone(), value),
            Expression::linear(place_fact.clone(), place),
        ])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        _: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let [x] = exactly(inputs)?;
        let size = self.size(&x.shape)?;
        if size == 1 {
            let zeros = vec![0; x.shape.iter().product()];
            return Ok(vec![x.clone(), Array::new(x.shape.clone(), zeros)]);
        }
        let inner: usize = x.shape.iter().skip(self.axis + 1).product();
        let entries = x.to_vec();
        let (mut values, mut places) = (entries.clone(), vec![0; entries.len()]);
        let mut falls = vec![0; entries.len() / size * (size - 1)];
        let count = last(size)? + 1;
        for row in 0..entries.len() / size {
            let (block, at) = (row / inner, row % inner);
            let index = |j: usize| (block * size + j) * inner + at;
            let mut order: Vec<(i64, i64)> = { (0..size).zip(0i64..) }
                .map(|(j, place)| (entries[index(j)], place))
                .collect();
            // The order of equal values stays.
            order.sort_by_key(|&(value, _)| std::cmp::Reverse(value));
            for (j, (value, place)) in order.into_iter().enumerate() {
                (values[index(j)], places[index(j)]) = (value, place);
            }
            for j in 0..size - 1 {
                let fall = values[index(j)] - values[index(j + 1)];
                let step = places[index(j + 1)] - places[index(j)];
                falls[(block * (size - 1) + j) * inner + at] = count * fall + step - 1;
            }
        }
        recorder.witness(&values);
        recorder.witness(&places);
        recorder.witness(&falls);
        let array = |values| Array::new(x.shape.clone(), values);
        Ok(vec![array(values), array(places)])
    }
}
