//! Rows of a table by runtime indices: embeddings.
//!
//! `y[i.., k..] = table[index[i..], k..]`. Witness: `y`, with a lookup for each row: the tuple
//! `(index[i], y[i, ..])` is one of the tuples `(row, table[row, ..])`, whose second component is wide.
//!
//! Unique: no two tuples of the table share their first component, so it decides which one it is, and the
//! others are the values of that row. An index beyond the rows has no tuple; [`Gather::infer`] refuses indices that are not known to lie in the table, so every input has
//! a proof.

use super::iota::{last, numbers};
use super::{Operate, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, standard};
use crate::lower::{Expression, Lowering};
use relation::{Combination, Interval, ViewError};
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
        let Some(&rows) = table.fact.shape.first() else {
            return Ok(Vec::new());
        };
        let tuples = vec![numbers(rows, lowering)?, entries];
        // The lookup shows what is known of the table's columns, which may be less than of its values.
        let known = Fact::new(Vec::new(), lowering.bound(&tuples[1])?)?;
        let interval = standard(known.interval)?;
        let value = Combination::from(lowering.column("value", &fact.shape, interval)?);
        let row = vec![indices, value.clone()];
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
