//! Rows of a table by runtime indices: embeddings.
//!
//! `y[i.., k..] = table[index[i..], k..]`. Witness: `y`, with a lookup for each element: the tuple
//! `(R index + k, y)` is one of the tuples `(R row + k, table[row, k])`, where `k` is the position in a
//! row of `R` elements. Positions are public constants.
//!
//! Unique: positions lie in `0 .. R` on both sides, so the first component decides row and position, no
//! two tuples of the table share it, and the second is the value there. An index beyond the rows has no
//! tuple; [`Gather::infer`] refuses indices that are not known to lie in the table, so every input has
//! a proof.

use super::iota::{last, numbers};
use super::{Operate, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, standard};
use crate::lower::{Expression, Lowering};
use relation::{Combination, Interval, View, ViewError};
use serde::{Deserialize, Serialize};

/// The rows of the first input, `[n, rest..]`, that the second selects, `[index..]`:
/// `[index.., rest..]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gather;

impl Operate for Gather {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [table, index] = exactly(inputs)?;
        let Some((&rows, rest)) = table.shape.split_first() else {
            return Err(ViewError::Axis { axis: 0, rank: 0 }.into());
        };
        last(rest.iter().product())?;
        let expected = Interval::new(0, last(rows)?);
        let found = index.interval;
        if found.lo < expected.lo || found.hi > expected.hi {
            return Err(OperatorError::Interval {
                what: "indices",
                expected,
                found,
            });
        }
        let shape = [&index.shape, rest].concat();
        Ok(vec![Fact::new(shape, Some(table.wide()))?])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([table, index], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let (entries, indices) = (table.rounded()?.clone(), index.rounded()?.clone());
        let Some((&rows, rest)) = table.fact.shape.split_first() else {
            return Ok(Vec::new());
        };
        let row_len = rest.iter().product();
        let positions = numbers(row_len, lowering)?.map(rest, |view| view.reshape(rest))?;
        // The element's number in the whole table, if the rows have these numbers.
        let key = |rows: Combination, shape: &[usize]| {
            let outer = rows.shape().to_vec();
            let before = |view| spread_before(view, &outer);
            let rows = rows.map(shape, |view| spread_after(view, rest))?;
            let factor = last(row_len)? + 1;
            let key = rows.times(factor)?;
            Ok::<_, OperatorError>(key.plus(positions.clone().map(shape, before)?)?)
        };
        let numbers = numbers(rows, lowering)?;
        let tuples = vec![key(numbers, &table.fact.shape)?, entries];
        // The lookup shows what is known of the table's columns, which may be less than of its values.
        let known = Fact::new(Vec::new(), lowering.bound(&tuples[1]))?;
        let interval = standard(known.interval)?;
        let value = Combination::from(lowering.column("value", &fact.shape, interval)?);
        let row = vec![key(indices, &fact.shape)?, value.clone()];
        let tuples = lowering.entries("rows", tuples);
        lowering.lookup("row", row, tuples);
        Ok(vec![Expression::linear(fact.clone(), value)])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let ([table, index], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let row_len: usize = table.shape.iter().skip(1).product();
        let entries = table.to_vec();
        let mut values = Vec::with_capacity(fact.len());
        index.for_each(|row| {
            let start = usize::try_from(row).unwrap_or(0) * row_len;
            values.extend_from_slice(&entries[start..start + row_len]);
        });
        recorder.witness(&values);
        Ok(vec![Array::new(fact.shape.clone(), values)])
    }
}

/// The same values for every index of further axes at the end.
fn spread_after(view: View, sizes: &[usize]) -> Result<View, ViewError> {
    let rank = view.shape().len();
    { sizes.iter().enumerate() }.try_fold(view, |view, (at, &size)| {
        view.insert_axis(rank + at)?.broadcast(rank + at, size)
    })
}

/// The same values for every index of further axes at the beginning.
fn spread_before(view: View, sizes: &[usize]) -> Result<View, ViewError> {
    { sizes.iter().rev() }.try_fold(view, |view, &size| view.insert_axis(0)?.broadcast(0, size))
}
