//! Rounding, and cutting off what lies outside of an interval: saturation, rectifiers with an upper end.
//!
//! `x' = round(x / 2^shift)`, half rounded up, and `y = min(max(x', low), high)` with `low < high`. Witness: the
//! distance `d = y - low`, the remainder `r` of the rounding, and, if `x'` can lie outside, the excesses `a` and `b` of
//! [`super::excess`], with
//!
//! ```text
//! x + 2^(shift - 1) = 2^shift (low + d + a - b) + r,    0 <= r < 2^shift,    0 <= d <= high - low.
//! ```
//!
//! Unique: `low + d + a - b` is the rounded value, as for [`super::Rescale`], and there is one way to cut it off.

use super::rescale::{check_shift, relate_rounded};
#[cfg(feature = "execute")]
use super::rescale::{record_rounded, round};
use super::split::rounded_interval;
use super::{Operate, check_known, exactly, excess};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder, each};
use crate::fact::{Fact, width};
use crate::lower::{Expression, Lowering};
use relation::{Combination, Interval};
use serde::{Deserialize, Serialize};

/// Rounding by a power of two, cut off at the ends of an interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clamp {
    /// Bits that are rounded away.
    pub shift: u32,
    /// Where the results lie.
    pub to: Interval,
    /// Where the rounded values lie before they are cut off, if that is known better than from the interval
    /// of the input. A value further outside could not be proven.
    pub interval: Option<Interval>,
}

/// The largest magnitude of an end.
const MAX_END: i64 = 1 << 58;

impl Clamp {
    /// How far rounded values can lie above and below.
    fn beyond(&self, x: Interval) -> [i64; 2] {
        let found = rounded_interval(x, self.shift, self.interval);
        excess::beyond(found, self.to)
    }

    /// The largest distance from the lower end, and what a witness of as many bits can hold.
    fn distances(&self) -> (i64, Interval) {
        let last = self.to.hi - self.to.lo;
        (last, Interval::new(0, (1 << width(self.to)) - 1))
    }
}

impl Operate for Clamp {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        check_shift(self.shift)?;
        check_known(self.interval)?;
        let Interval { lo, hi } = self.to;
        if lo >= hi || lo < -MAX_END || hi > MAX_END {
            return Err(OperatorError::Attribute {
                name: "to",
                expected: "two ends of at most 58 bits, the lower one first",
                found: format!("{lo} and {hi}"),
            });
        }
        excess::interval(self.beyond(x.interval))?;
        let (_, distances) = self.distances();
        let reach = Interval::new(lo, lo + distances.hi);
        Ok(vec![Fact::new(x.shape.clone(), Some(reach.into()))?])
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
        let shape = &fact.shape;
        let (last, distances) = self.distances();
        let distance = lowering.witness("distance", shape, distances)?;
        let rest = Combination::zero(shape).minus(distance.clone())?;
        let rest = rest.plus_constant(last)?;
        if last < distances.hi {
            lowering.range_check("rest", rest.clone(), width(self.to))?;
        }
        let result = distance.clone().plus_constant(self.to.lo)?;
        let mut rounded = result.clone();
        for excess in excess::relate(self.beyond(x.fact.interval), rest, distance, lowering)? {
            rounded = rounded.plus_times(excess.sign, excess.size)?;
        }
        relate_rounded(x, self.shift, rounded, lowering)?;
        Ok(vec![Expression::linear(fact.clone(), result)])
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
        let Interval { lo, hi } = self.to;
        let values = x.to_vec();
        let rounded = each(&values, |value| round(value, self.shift));
        recorder.witness_with(|| each(&rounded, |x| x.clamp(lo, hi) - lo));
        let (last, distances) = self.distances();
        if last < distances.hi {
            recorder.witness_with(|| each(&rounded, |x| hi - x.clamp(lo, hi)));
        }
        excess::record(&rounded, self.to, recorder);
        record_rounded(&values, self.shift, recorder);
        Ok(vec![Array::new(
            fact.shape.clone(),
            each(&rounded, |x| x.clamp(lo, hi)),
        )])
    }
}
