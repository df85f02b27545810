//! Tensors one after the other along an axis.

use super::Operate;
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::Fact;
use crate::lower::{Expression, Lowering};
use relation::{Combination, ViewError};
use serde::{Deserialize, Serialize};

/// The inputs one after the other along an axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concatenate {
    /// The axis.
    pub axis: usize,
}

impl Operate for Concatenate {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let first = inputs.first().ok_or(OperatorError::Inputs {
            expected: 1,
            found: 0,
        })?;
        let mut shape = first.shape.clone();
        let rank = shape.len();
        let axis = self.axis;
        let total: Option<usize> = { inputs.iter() }.try_fold(0usize, |sum, input| {
            sum.checked_add(*input.shape.get(axis)?)
        });
        let (Some(size), Some(total)) = (shape.get_mut(axis), total) else {
            return Err(ViewError::Axis { axis, rank }.into());
        };
        *size = total;
        let mut interval = first.wide();
        for input in inputs {
            let mut expected = shape.clone();
            if let (Some(size), Some(&own)) = (expected.get_mut(axis), input.shape.get(axis)) {
                *size = own;
            }
            if input.shape != expected {
                let found = input.shape.clone();
                return Err(OperatorError::Shape { expected, found });
            }
            interval = interval.hull(input.wide());
        }
        Ok(vec![Fact::new(shape, Some(interval))?])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        _: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let [fact] = results else {
            return Ok(Vec::new());
        };
        let parts: Result<Vec<Combination>, _> = { inputs.iter() }
            .map(|input| input.rounded().cloned())
            .collect();
        let linear = Combination::concatenate(self.axis, parts?)?;
        Ok(vec![Expression::linear(fact.clone(), linear)])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        _: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let [fact] = results else {
            return Ok(Vec::new());
        };
        Ok(vec![Array::concatenate(self.axis, inputs, &fact.shape)])
    }
}
