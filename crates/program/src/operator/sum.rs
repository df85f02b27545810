//! Sums of multiples of tensors, and a constant: the linear part of every model.
//!
//! Adds no witness: the result is an expression in those of the inputs, also if these are products
//! that were not rounded yet.

use super::{Operate, same_shape};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::Fact;
use crate::lower::{Expression, Lowering};
use relation::Interval;
use relation::interval::Wide;
use serde::{Deserialize, Serialize};

/// `sum_i coefficients[i] * inputs[i] + constant`, element by element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// One factor per input.
    pub coefficients: Vec<i64>,
    /// Added to every element.
    pub constant: i64,
}

impl Operate for Sum {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        if inputs.len() != self.coefficients.len() {
            return Err(OperatorError::Inputs {
                expected: self.coefficients.len(),
                found: inputs.len(),
            });
        }
        let shape = same_shape(inputs)?;
        let constant = Wide::from(Interval::new(self.constant, self.constant));
        let interval = { inputs.iter().zip(&self.coefficients) }
            .try_fold(constant, |sum, (input, &coefficient)| {
                sum.plus(input.wide().scale(coefficient.into())?)
            });
        Ok(vec![Fact::new(shape, interval)?])
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
        let mut sum = Expression::zero(fact.clone());
        for (input, &coefficient) in inputs.iter().zip(&self.coefficients) {
            sum = sum.plus_times(coefficient, input)?;
        }
        if self.constant != 0 {
            sum.linear = sum.linear.plus_constant(self.constant)?;
        }
        Ok(vec![sum])
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
        let mut sum = vec![self.constant; fact.len()];
        for (input, &coefficient) in inputs.iter().zip(&self.coefficients) {
            input.add_times(coefficient, &mut sum);
        }
        Ok(vec![Array::new(fact.shape.clone(), sum)])
    }
}
