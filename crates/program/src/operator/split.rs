//! The positive and the negative part of a rounded value: what rectifiers, absolute values, maxima,
//! minima and clipping are sums of.
//!
//! `x' = round(x / 2^shift)`, half rounded up; the results are `max(x', 0)` and `max(-x', 0)`. Witness:
//! the magnitude `m`, the positive part `a`, and the remainder `r` of the rounding, with
//!
//! ```text
//! x + 2^(shift - 1) = 2^shift * (2 a - m) + r,    0 <= r < 2^shift,    0 <= m < 2^k,    a (m - a) = 0.
//! ```
//!
//! Unique: `2 a - m` is the rounded value, as for [`super::Rescale`]. It is `m` if `a = m` and `-m` if
//! `a = 0`, and `m` is not negative, so a value that is not zero leaves one choice; for zero, `m` is
//! zero, and so is `a`.

#[cfg(feature = "execute")]
use super::rescale::record_rounded;
use super::rescale::{check_shift, relate_rounded, round};
use super::{Operate, check_known, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder, each};
use crate::fact::{Fact, standard};
use crate::lower::{Expression, Lowering};
use relation::{Combination, Interval};
use serde::{Deserialize, Serialize};

/// The positive and the negative part of a rounded value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    /// Bits that are rounded away.
    pub shift: u32,
    /// Where the rounded values lie if that is known better than from the interval of the input: from
    /// the real parameters, say. A magnitude outside of it could not be proven. `-(2^n - 1) ..= 2^n - 1`
    /// takes `n` bits and says no more than that; `-2^n` takes one bit more.
    pub interval: Option<Interval>,
}

impl Operate for Split {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        check_shift(self.shift)?;
        check_known(self.interval)?;
        let known = rounded_interval(x.interval, self.shift, self.interval);
        let most = standard(Interval::new(
            0,
            known.hi.max(known.lo.saturating_neg()).max(0),
        ))?;
        // The relations keep the magnitude in range, the sign only as far as the input does.
        let rounded = rounded_interval(x.interval, self.shift, None);
        let part = |end: i64| {
            let interval = standard(Interval::new(0, end.clamp(0, most.hi)))?;
            Fact::new(x.shape.clone(), Some(interval.into()))
        };
        Ok(vec![part(rounded.hi)?, part(rounded.lo.saturating_neg())?])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([x], [positive, negative]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let shape = &x.fact.shape;
        let most = positive.interval.hi.max(negative.interval.hi);
        let interval = Interval::new(0, most);
        let magnitude = lowering.witness("magnitude", shape, interval)?;
        let chosen = Combination::from(lowering.column("positive", shape, interval)?);
        let other = magnitude.clone().minus(chosen.clone())?;
        lowering.choice("choice", chosen.clone(), other.clone());
        let rounded = chosen.clone().minus(other.clone())?;
        relate_rounded(x, self.shift, rounded, lowering)?;
        Ok(vec![
            Expression::linear(positive.clone(), chosen),
            Expression::linear(negative.clone(), other),
        ])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let ([x], [fact, _]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let values = x.to_vec();
        let rounded = each(&values, |value| round(value, self.shift));
        recorder.witness_with(|| each(&rounded, i64::abs));
        let positive = each(&rounded, |value| value.max(0));
        recorder.witness(&positive);
        record_rounded(&values, self.shift, recorder);
        let negative = each(&rounded, |value| (-value).max(0));
        let array = |values| Array::new(fact.shape.clone(), values);
        Ok(vec![array(positive), array(negative)])
    }
}

/// Where rounded values lie: as far as the input says, and as is known.
pub(crate) fn rounded_interval(x: Interval, shift: u32, known: Option<Interval>) -> Interval {
    let (lo, hi) = (round(x.lo, shift), round(x.hi, shift));
    known.map_or(Interval::new(lo, hi), |known| {
        Interval::new(lo.max(known.lo), hi.min(known.hi))
    })
}
