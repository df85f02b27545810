//! The numbers 0, 1, 2, ..: positions along an axis whose size may be a symbol.
//!
//! Adds no witness: a public constant, which the verifier makes itself.

use super::{Operate, exactly};
use crate::dim::{Dim, DimError};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::Fact;
use crate::lower::{Expression, Lowering};
use relation::{Combination, Interval, Tensor};
use serde::{Deserialize, Serialize};

/// The numbers `0 .. len`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iota<D> {
    /// How many.
    pub len: D,
}

/// The most numbers: a verifier holds them all.
const MAX_LEN: usize = 1 << 24;

impl Iota<Dim> {
    pub(crate) fn bind(&self, symbols: &[usize]) -> Result<Iota<usize>, DimError> {
        Ok(Iota {
            len: self.len.bind(symbols)?,
        })
    }
}

impl Operate for Iota<usize> {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [] = exactly(inputs)?;
        let last = last(self.len)?;
        let interval = Interval::new(0, last);
        Ok(vec![Fact::new(vec![self.len], Some(interval.into()))?])
    }

    fn relate(
        &self,
        _: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let [fact] = results else {
            return Ok(Vec::new());
        };
        let linear = numbers(self.len, lowering)?;
        Ok(vec![Expression::linear(fact.clone(), linear)])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        _: &[&Array],
        results: &[Fact],
        _: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let [fact] = results else {
            return Ok(Vec::new());
        };
        let numbers = (0..=fact.interval.hi).collect();
        Ok(vec![Array::new(fact.shape.clone(), numbers)])
    }
}

/// The last of the numbers `0 .. len`.
///
/// Errors: [`OperatorError::Attribute`] if there is none, or too many.
pub(super) fn last(len: usize) -> Result<i64, OperatorError> {
    let last = len.checked_sub(1).filter(|&last| last < MAX_LEN);
    last.and_then(|last| i64::try_from(last).ok())
        .ok_or_else(|| OperatorError::Attribute {
            name: "len",
            expected: "at least 1 and at most 2^24",
            found: len.to_string(),
        })
}

/// The numbers `0 .. len` as a public constant of shape `[len]`.
///
/// Errors: as [`last`].
pub(super) fn numbers(len: usize, lowering: &mut Lowering) -> Result<Combination, OperatorError> {
    let last = last(len)?;
    if last == 0 {
        // One number needs no tensor.
        return Ok(Combination::zero(&[len]));
    }
    let shape = vec![len];
    let values = Tensor::from_i64s(shape.clone(), (0..=last).collect());
    let values = values.map_err(|_| OperatorError::TooLarge { shape })?;
    Ok(lowering.constant(values)?.into())
}
