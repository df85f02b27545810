//! Rounding, and cutting off what lies outside of an interval: saturation, rectifiers with an upper end.
//!
//! `x' = round(x / 2^shift)`, half rounded up, and `y = min(max(x', low), high)` with `low < high`. Witness: the
//! distance `d = y - low`, the remainder `r` of the rounding, and, if `x'` can lie outside, the excess `m` and the
//! part `a` of it that lies above, with
//!
//! ```text
//! x + 2^(shift - 1) = 2^shift (low + d + a - b) + r,    b = m - a,    0 <= r < 2^shift,
//! 0 <= d <= high - low,    0 <= m < 2^k,    a b = 0,    a (high - low - d) = 0,    b d = 0.
//! ```
//!
//! Where `x'` can lie beyond one end only, `m` is the excess there and the other one is zero.
//!
//! Unique: `low + d + a - b` is the rounded value, as for [`super::Rescale`]. One of `a` and `b` is zero and the other
//! is `m`, so neither is negative. If `a` is positive, `d` is at its upper end, and the rounded value is
//! `high + a > high`; if `b` is positive, `d` is zero, and the rounded value is `low - b < low`. So a value in the
//! interval has no excess, and one outside has `d` at the end that it is beyond, and the excess that is left. Not
//! both ends can be reached at once, as they differ.

use super::rescale::{check_shift, relate_rounded};
#[cfg(feature = "execute")]
use super::rescale::{record_rounded, round};
use super::split::rounded_interval;
use super::{Operate, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, standard, width};
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
        let over = found.hi.saturating_sub(self.to.hi);
        let under = self.to.lo.saturating_sub(found.lo);
        [over.max(0), under.max(0)]
    }

    /// The largest distance from the lower end, and what a witness of as many bits can hold.
    fn distances(&self) -> (i64, Interval) {
        let last = self.to.hi - self.to.lo;
        (last, Interval::new(0, (1 << width(self.to)) - 1))
    }

    /// Declares what lies beyond each end that can be passed: a name, its sign, its size, and what is zero
    /// unless the result is at that end.
    fn excesses(
        &self,
        x: &Expression,
        rest: Combination,
        distance: Combination,
        lowering: &mut Lowering,
    ) -> Result<Vec<Excess>, OperatorError> {
        let shape = &x.fact.shape;
        let [over, under] = self.beyond(x.fact.interval);
        if over.max(under) == 0 {
            lowering.nothing();
            lowering.nothing();
            return Ok(Vec::new());
        }
        let interval = standard(Interval::new(0, over.max(under)))?;
        let excess = lowering.witness("excess", shape, interval)?;
        let over_end = |excess| ("over", 1, excess, rest);
        let under_end = |excess| ("under", -1, excess, distance);
        if over == 0 || under == 0 {
            lowering.nothing();
            let only = if under == 0 {
                over_end(excess)
            } else {
                under_end(excess)
            };
            return Ok(vec![only]);
        }
        let above = Combination::from(lowering.column("above", shape, interval)?);
        let below = excess.minus(above.clone())?;
        lowering.choice("side", above.clone(), below.clone());
        Ok(vec![over_end(above), under_end(below)])
    }
}

/// What lies beyond an end: a name, a sign, the size, and what is zero unless the result is at that end.
type Excess = (&'static str, i64, Combination, Combination);

impl Operate for Clamp {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        check_shift(self.shift)?;
        let Interval { lo, hi } = self.to;
        if lo >= hi || lo < -MAX_END || hi > MAX_END {
            return Err(OperatorError::Attribute {
                name: "to",
                expected: "two ends of at most 58 bits, the lower one first",
                found: format!("{lo} and {hi}"),
            });
        }
        let [over, under] = self.beyond(x.interval);
        standard(Interval::new(0, over.max(under)))?;
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
        for (what, sign, excess, inside) in self.excesses(x, rest, distance, lowering)? {
            lowering.choice(what, excess.clone(), inside);
            rounded = rounded.plus_times(sign, excess)?;
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
        let rounded: Vec<i64> = { values.iter() }
            .map(|&value| round(value, self.shift))
            .collect();
        let of = |value: &dyn Fn(i64) -> i64| rounded.iter().map(|&x| value(x)).collect();
        recorder.witness_with(|| of(&|x| x.clamp(lo, hi) - lo));
        let (last, distances) = self.distances();
        if last < distances.hi {
            recorder.witness_with(|| of(&|x| hi - x.clamp(lo, hi)));
        }
        recorder.witness_with(|| of(&|x| (x - x.clamp(lo, hi)).abs()));
        recorder.witness_with(|| of(&|x| (x - hi).max(0)));
        record_rounded(&values, self.shift, recorder);
        Ok(vec![Array::new(
            fact.shape.clone(),
            of(&|x| x.clamp(lo, hi)),
        )])
    }
}
