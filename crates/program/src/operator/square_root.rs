//! The integer part of a square root: norms, standard deviations.
//!
//! `s = floor(sqrt(x))` for `x >= 0`, which may be a product that was not rounded. Witness: `s` and the
//! distance `t` from its square, with
//!
//! ```text
//! x = s^2 + t,    s >= 0,    0 <= t < 2^k,    0 <= 2 s - t < 2^k.
//! ```
//!
//! Unique: `s^2 <= x <= s^2 + 2 s` says that `x` lies between the squares of `s` and `s + 1`, and a
//! nonnegative `x` does so for one `s >= 0` only. Neither side wraps, as `s` has at most 31 bits.

use super::{Operate, elementwise, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, standard, width};
use crate::lower::{Expression, Lowering};
use relation::Interval;
use serde::{Deserialize, Serialize};

/// The largest integer whose square is at most the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SquareRoot;

impl SquareRoot {
    /// Where the distance from the square lies, for roots up to `root`.
    fn distance(root: i64) -> Result<Interval, OperatorError> {
        standard(Interval::new(0, 2 * root))
    }
}

impl Operate for SquareRoot {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        if x.interval.lo < 0 {
            return Err(OperatorError::Interval {
                what: "radicands",
                expected: Interval::new(0, x.interval.hi.max(0)),
                found: x.interval,
            });
        }
        let interval = standard(Interval::new(0, x.interval.hi.isqrt()))?;
        Ok(vec![Fact::new(x.shape.clone(), Some(interval.into()))?])
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
        let own = Self::distance(x.fact.interval.hi.isqrt())?;
        let root = lowering.witness("root", &fact.shape, fact.interval)?;
        let distance = lowering.witness("distance", &fact.shape, own)?;
        let rest = root.clone().times(2)?.minus(distance.clone())?;
        lowering.range_check("rest", rest, width(own))?;
        // x.linear - t = s^2 - x.products.
        let minus = Expression::zero(x.fact.clone()).plus_times(-1, x)?;
        let left = minus.linear.times(-1)?.minus(distance)?;
        let mut right = vec![elementwise(root.clone(), root.clone())];
        right.extend(minus.products);
        lowering.product("square", left, right);
        Ok(vec![Expression::linear(fact.clone(), root)])
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
        let root = |value: &i64| value.checked_isqrt().unwrap_or(0);
        let roots: Vec<i64> = values.iter().map(root).collect();
        let distances: Vec<i64> = { values.iter().zip(&roots) }
            .map(|(x, s)| x - s * s)
            .collect();
        recorder.witness(&roots);
        recorder.witness(&distances);
        recorder.witness_with(|| {
            let rest = |(s, t): (&i64, &i64)| 2 * s - t;
            roots.iter().zip(&distances).map(rest).collect()
        });
        Ok(vec![Array::new(fact.shape.clone(), roots)])
    }
}
