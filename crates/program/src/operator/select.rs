//! One of two values by a condition.
//!
//! `v = c * then + (1 - c) * otherwise` for a condition `c` that is 0 or 1. Witness: `v`.
//!
//! Unique: the relation says what `v` is. It bounds `v` too, where the columns behind the two values
//! bound these as well as is known; elsewhere a range check does.

use super::{Operate, exactly, same_shape};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, standard};
use crate::lower::{Expression, Lowering};
use relation::interval::Wide;
use relation::{Combination, Einsum, Interval};
use serde::{Deserialize, Serialize};

/// `then` where the condition is 1, `otherwise` where it is 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Select;

impl Operate for Select {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let shape = same_shape(inputs)?;
        let [condition, then, otherwise] = exactly(inputs)?;
        let found = condition.interval;
        if found.lo < 0 || found.hi > 1 {
            return Err(OperatorError::Interval {
                what: "a condition",
                expected: Interval::new(0, 1),
                found,
            });
        }
        // What the relation shows: the two products are bounded one by one.
        let zero = Wide::ZERO;
        let sum = then.wide().hull(zero).plus(otherwise.wide().hull(zero));
        let fact = Fact::new(shape, sum)?;
        let interval = standard(fact.interval)?;
        Ok(vec![Fact { interval, ..fact }])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([condition, then, otherwise], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let condition = condition.rounded()?.clone();
        let (then, otherwise) = (then.rounded()?.clone(), otherwise.rounded()?.clone());
        let (shape, interval) = (&fact.shape, fact.interval);
        let mut bound = Some(Wide::ZERO);
        for branch in [&then, &otherwise] {
            let branch = lowering.bound(branch)?;
            bound =
                { bound.zip(branch) }.and_then(|(sum, branch)| sum.plus(branch.hull(Wide::ZERO)));
        }
        let value = if bound.is_some_and(|bound| bound.within(interval.into())) {
            lowering.column("value", shape, interval)?.into()
        } else {
            lowering.witness("value", shape, interval)?
        };
        let unless = Combination::constant(shape, 1)?.minus(condition.clone())?;
        let labels: Vec<usize> = (0..shape.len()).collect();
        let product = |a: Combination, b: Combination| Einsum {
            coefficient: 1,
            a,
            a_labels: labels.clone(),
            b,
            b_labels: labels.clone(),
        };
        let right = vec![product(condition, then), product(unless, otherwise)];
        lowering.product("select", value.clone(), right);
        Ok(vec![Expression::linear(fact.clone(), value)])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let ([condition, then, otherwise], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let branches = then.to_vec().into_iter().zip(otherwise.to_vec());
        let values: Vec<i64> = { condition.to_vec().into_iter().zip(branches) }
            .map(|(condition, (then, otherwise))| if condition == 0 { otherwise } else { then })
            .collect();
        recorder.witness(&values);
        Ok(vec![Array::new(fact.shape.clone(), values)])
    }
}
