//! Floor division by positive values: softmax, means by a runtime count, quotients of tensors.
//!
//! `q = floor(n / d)` and `r = n - q d` for a numerator `n` of any sign, which may be a product that was
//! not rounded, and a denominator `d >= 1`. Witness: `q` and `r`, with
//!
//! ```text
//! n = q d + r,    0 <= r < 2^k,    0 <= d - 1 - r < 2^k,    q in its interval.
//! ```
//!
//! Unique: the two range checks say `0 <= r <= d - 1`, and there is one such division with remainder.
//! Neither side wraps: [`Divide::infer`] refuses a `q` and a `d` whose product could exceed what a value
//! may be, and the system bounds both sides by what its range checks show.

use super::{Operate, check_known, elementwise, exactly, same_shape};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, MAX_MAGNITUDE, standard, width};
use crate::lower::{Expression, Lowering};
use relation::Interval;
use serde::{Deserialize, Serialize};

/// Floor division of the first input by the second: quotient and remainder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divide {
    /// Where the quotients lie if that is known better than from the intervals of the inputs: a
    /// share of a sum is at most the whole, say. A quotient outside of it could not be proven.
    pub interval: Option<Interval>,
}

impl Divide {
    /// Where the quotients lie.
    fn quotient(&self, n: Interval, d: Interval) -> Result<Interval, OperatorError> {
        // A quotient is largest in magnitude for the smallest denominator.
        let lo = n.lo.div_euclid(if n.lo < 0 { d.lo } else { d.hi });
        let hi = n.hi.div_euclid(if n.hi < 0 { d.hi } else { d.lo });
        let Some(known) = self.interval else {
            return standard(Interval::new(lo, hi));
        };
        let known = standard(known)?;
        standard(Interval::new(lo.max(known.lo), hi.min(known.hi)))
    }
}

impl Operate for Divide {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [n, d] = exactly(inputs)?;
        let shape = same_shape(inputs)?;
        check_known(self.interval)?;
        if d.interval.lo < 1 {
            return Err(OperatorError::Interval {
                what: "denominators",
                expected: Interval::new(1, d.interval.hi.max(1)),
                found: d.interval,
            });
        }
        let quotient = self.quotient(n.interval, d.interval)?;
        let quotient = Fact::new(shape.clone(), Some(quotient.into()))?;
        let remainder = Interval::new(0, d.interval.hi - 1);
        let remainder = Fact::new(shape, Some(remainder.into()))?;
        let whole = { quotient.wide().multiply(d.wide()) }
            .and_then(|product| product.plus(remainder.wide()));
        if !whole.is_some_and(|whole| whole.below(MAX_MAGNITUDE)) {
            return Err(OperatorError::Overflow { interval: whole });
        }
        Ok(vec![quotient, remainder])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([n, d], [quotient_fact, remainder_fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let shape = &quotient_fact.shape;
        let divisor = d.rounded()?.clone();
        let below = standard(remainder_fact.interval)?;
        let quotient = lowering.witness("quotient", shape, quotient_fact.interval)?;
        let remainder = lowering.witness("remainder", shape, below)?;
        let rest = divisor
            .clone()
            .plus_constant(-1)?
            .minus(remainder.clone())?;
        lowering.range_check("rest", rest, width(below))?;
        // n.linear - r = q d - n.products.
        let minus = Expression::zero(n.fact.clone()).plus_times(-1, n)?;
        let left = minus.linear.times(-1)?.minus(remainder.clone())?;
        let mut right = vec![elementwise(quotient.clone(), divisor)];
        right.extend(minus.products);
        lowering.product("division", left, right);
        Ok(vec![
            Expression::linear(quotient_fact.clone(), quotient),
            Expression::linear(remainder_fact.clone(), remainder),
        ])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let ([n, d], [fact, _]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let (values, divisors) = (n.to_vec(), d.to_vec());
        let (quotients, remainders): (Vec<i64>, Vec<i64>) = { values.iter().zip(&divisors) }
            .map(|(&n, &d)| (n.div_euclid(d), n.rem_euclid(d)))
            .unzip();
        recorder.witness(&quotients);
        recorder.witness(&remainders);
        recorder.witness_with(|| {
            let rest = |(&d, &r): (&i64, &i64)| d - 1 - r;
            divisors.iter().zip(&remainders).map(rest).collect()
        });
        let array = |values| Array::new(fact.shape.clone(), values);
        Ok(vec![array(quotients), array(remainders)])
    }
}
