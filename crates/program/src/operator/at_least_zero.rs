//! Whether a value is at least zero: what comparisons are made of.
//!
//! `s = 1` if `x >= 0`, else `0`. Witness: the bit `s` and the distance `n` from the boundary, with
//!
//! ```text
//! n = x if s = 1,  n = -x - 1 if s = 0;    that is  2 s x = n + x - s + 1;    0 <= n < 2^k,  s in {0, 1}.
//! ```
//!
//! Unique: with the wrong bit `n` would be negative.

use super::{Operate, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, standard};
use crate::lower::{Expression, Lowering};
use relation::{Einsum, Interval};
use serde::{Deserialize, Serialize};

/// 1 where a value is at least zero, 0 elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtLeastZero;

const BIT: Interval = Interval::new(0, 1);

impl Operate for AtLeastZero {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        standard(x.interval)?;
        Ok(vec![Fact::new(x.shape.clone(), Some(BIT.into()))?])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([x], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let (shape, own) = (&fact.shape, standard(x.fact.interval)?);
        let value = x.rounded()?.clone();
        let bit = lowering.witness("bit", shape, BIT)?;
        let distance = lowering.witness("distance", shape, Interval::new(0, own.hi))?;
        let labels: Vec<usize> = (0..shape.len()).collect();
        let product = Einsum {
            coefficient: 2,
            a: bit.clone(),
            a_labels: labels.clone(),
            b: value.clone(),
            b_labels: labels,
        };
        let left = distance.plus(value)?.minus(bit.clone())?.plus_constant(1)?;
        lowering.product("sign", left, vec![product]);
        Ok(vec![Expression::linear(fact.clone(), bit)])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let ([x], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let values = x.to_vec();
        let bits: Vec<i64> = values.iter().map(|&value| i64::from(value >= 0)).collect();
        recorder.witness(&bits);
        recorder.witness_with(|| {
            let distance = |&value: &i64| if value < 0 { !value } else { value };
            values.iter().map(distance).collect()
        });
        Ok(vec![Array::new(fact.shape.clone(), bits)])
    }
}
