//! Steps: how many of a channel's thresholds a value has reached.
//!
//! `y = lowest + #{i : t_i <= x}` for thresholds `t_0 <= t_1 <= ..` of the channel that `x` belongs to.
//! Every non-decreasing function from integers to a few integers is such a count, so any rounding of
//! a scaled accumulator, in whatever arithmetic, is exactly this operator with the right thresholds. They
//! are inputs, `t_i = first + steps_0 + .. + steps_(i-1)` with steps that are not negative: parameters, as
//! a rule, so that a key does not tell them. Witness: the thresholds; the level `l = y - lowest`; the
//! lower end `e` of its stretch, and the distances of `x` from both ends, with
//!
//! ```text
//! t_i = first + sum_(j < i) steps_j,    e + below = x,    below >= 0,    above >= 0,
//! (channel, l, e, e + below + above + 1) is (channel, l, t_(l-1), t_l) of some channel and level,
//! ```
//!
//! where `t_(-1)` is the least argument, and `t_n`, after `n` thresholds, the largest and one.
//!
//! Unique: the first relation says what the thresholds are, and they do not fall. The others say
//! `t_(l-1) <= x < t_l`; these stretches do not overlap, and every `x` lies in one of them: a level whose
//! thresholds coincide has an empty one. So `x` has one level, hence one end and two distances. The channel
//! is a component of its own, and so is the level: no tuple is read as one of another channel.

use super::iota::numbers;
use super::{Operate, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::{Fact, standard};
use crate::lower::{Expression, Lowering};
use relation::interval::Wide;
use relation::{Combination, Interval, View, ViewError};
use serde::{Deserialize, Serialize};

/// How many thresholds `x [.., channels, ..]` has reached; the thresholds are `first [channels]` and what
/// `steps [channels, thresholds - 1]` add to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staircase {
    /// The axis of the channels; without one all values have the same thresholds.
    pub axis: Option<usize>,
    /// The result below all thresholds.
    pub lowest: i64,
    /// Where the arguments lie, whatever the inputs and parameters are in their intervals.
    pub arguments: Interval,
}

/// The most thresholds of a channel.
const MAX_THRESHOLDS: usize = (1 << 16) - 1;

impl Staircase {
    /// Where the thresholds can lie.
    fn thresholds(&self, first: &Fact, steps: &Fact) -> Result<Interval, OperatorError> {
        let count = steps.shape.get(1).map_or(0, |&count| count);
        let reach = { i128::try_from(count).ok() }
            .and_then(|count| steps.wide().scale(count))
            .and_then(|reach| reach.hull(Wide::ZERO).plus(first.wide()));
        Ok(Fact::new(Vec::new(), reach)?.interval)
    }

    /// Where the distances of an argument from the ends of its stretch lie: below and above it.
    fn distances(&self, thresholds: Interval) -> Result<[Interval; 2], OperatorError> {
        let Interval { lo, hi } = self.arguments;
        let below = standard(Interval::new(0, hi - thresholds.lo.min(lo)))?;
        let above = standard(Interval::new(0, thresholds.hi.max(hi) - lo))?;
        Ok([below, above])
    }
}

impl Operate for Staircase {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x, first, steps] = exactly(inputs)?;
        let channels = match self.axis {
            None => 1,
            Some(axis) => *x.shape.get(axis).ok_or(ViewError::Axis {
                axis,
                rank: x.shape.len(),
            })?,
        };
        for (input, expected) in [
            (first, vec![channels]),
            (
                steps,
                vec![channels, steps.shape.get(1).copied().unwrap_or(1)],
            ),
        ] {
            if input.shape != expected {
                let found = input.shape.clone();
                return Err(OperatorError::Shape { expected, found });
            }
        }
        let count = steps.shape[1] + 1;
        if count > MAX_THRESHOLDS {
            return Err(OperatorError::Attribute {
                name: "thresholds",
                expected: "fewer than 2^16",
                found: count.to_string(),
            });
        }
        if steps.interval.lo < 0 {
            return Err(OperatorError::Interval {
                what: "steps between thresholds",
                expected: Interval::new(0, steps.interval.hi.max(0)),
                found: steps.interval,
            });
        }
        let (found, expected) = (x.interval, self.arguments);
        if found.lo < expected.lo || found.hi > expected.hi {
            return Err(OperatorError::Interval {
                what: "arguments",
                expected,
                found,
            });
        }
        Fact::new(Vec::new(), Some(expected.into()))?;
        self.distances(self.thresholds(first, steps)?)?;
        let lowest = Wide::from(Interval::new(self.lowest, self.lowest));
        let levels = Wide {
            lo: 0,
            hi: i128::try_from(count).unwrap_or(i128::MAX),
        };
        Ok(vec![Fact::new(x.shape.clone(), levels.plus(lowest))?])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([x, first, steps], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let own = self.thresholds(&first.fact, &steps.fact)?;
        let thresholds = relate_thresholds(first, steps, own, lowering)?;
        let (channels, count) = (thresholds.shape()[0], thresholds.shape()[1]);
        let Interval { lo, hi } = self.arguments;
        // The ends of the stretch of each level.
        let size = [channels, count + 1];
        let end = |value: i64, before: usize, after: usize| {
            let one = Combination::constant(&[channels, 1], value)?;
            Ok::<_, OperatorError>(one.map(&size, |view| view.pad(1, before, after))?)
        };
        let lower = { thresholds.clone() }.map(&size, |view| view.pad(1, 1, 0))?;
        let lower = lower.plus(end(lo, 0, count)?)?;
        let upper = thresholds.map(&size, |view| view.pad(1, 0, 1))?;
        let upper = upper.plus(end(hi + 1, count, 0)?)?;
        let levels = numbers(count + 1, lowering)?;
        let levels = levels.map(&size, |view| view.insert_axis(0)?.broadcast(0, channels))?;

        let shape = &fact.shape;
        let last = fact.interval.hi - fact.interval.lo;
        let level = Combination::from(lowering.column("level", shape, Interval::new(0, last))?);
        let known = Fact::new(Vec::new(), lowering.bound(&lower)?)?.interval;
        let start = Combination::from(lowering.column("end", shape, known)?);
        let [below, above] = self.distances(own)?;
        let below = lowering.witness("below", shape, below)?;
        let above = lowering.witness("above", shape, above)?;
        lowering.equal("argument", start.clone().plus(below.clone())?, x)?;
        let next = { start.clone().plus(below)?.plus(above)? }.plus_constant(1)?;
        let (mut row, mut entries) = (vec![level.clone(), start, next], vec![levels, lower, upper]);
        if let Some(axis) = self.axis {
            let channel = numbers(channels, lowering)?;
            let rows = |view: View| view.insert_axis(1)?.broadcast(1, count + 1);
            entries.push(channel.clone().map(&size, rows)?);
            row.push(channel.map(shape, |view| along(view, shape, axis))?);
        }
        let entries = lowering.entries("stretches", entries);
        lowering.lookup("stretch", row, entries);
        let result = level.plus_constant(self.lowest)?;
        Ok(vec![Expression::linear(fact.clone(), result)])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let ([x, first, steps], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let rise = steps.shape.get(1).map_or(0, |&count| count);
        let (steps, count) = (steps.to_vec(), rise + 1);
        let mut thresholds = Vec::with_capacity(first.len() * count);
        for (channel, mut threshold) in first.to_vec().into_iter().enumerate() {
            thresholds.push(threshold);
            for step in &steps[channel * rise..(channel + 1) * rise] {
                threshold += step;
                thresholds.push(threshold);
            }
        }
        recorder.witness(&thresholds);
        let after: usize = { self.axis }.map_or(1, |axis| x.shape[axis + 1..].iter().product());
        let channels = thresholds.len() / count;
        let own = |at: usize| {
            let channel = at / after % channels;
            &thresholds[channel * count..(channel + 1) * count]
        };
        let values = x.to_vec();
        let found: Vec<usize> = { values.iter().enumerate() }
            .map(|(at, value)| own(at).partition_point(|threshold| threshold <= value))
            .collect();
        let level = |&level: &usize| i64::try_from(level).unwrap_or(0);
        recorder.witness(&found.iter().map(level).collect::<Vec<i64>>());
        let Interval { lo, hi } = self.arguments;
        let (mut ends, mut below, mut above) = (Vec::new(), Vec::new(), Vec::new());
        for (at, (&value, &level)) in values.iter().zip(&found).enumerate() {
            let own = own(at);
            let end = level.checked_sub(1).map_or(lo, |level| own[level]);
            ends.push(end);
            below.push(value - end);
            above.push(own.get(level).map_or(hi + 1, |&next| next) - 1 - value);
        }
        for part in [ends, below, above] {
            recorder.witness(&part);
        }
        let results = found.iter().map(|found| level(found) + self.lowest);
        Ok(vec![Array::new(fact.shape.clone(), results.collect())])
    }
}

/// Declares the thresholds, and that each is the first one and all steps before it.
fn relate_thresholds(
    first: &Expression,
    steps: &Expression,
    own: Interval,
    lowering: &mut Lowering,
) -> Result<Combination, OperatorError> {
    let (channels, rise) = (steps.fact.shape[0], steps.fact.shape[1]);
    let (count, shape) = (rise + 1, [channels, rise + 1]);
    let thresholds = Combination::from(lowering.column("threshold", &shape, own)?);
    let start = first.rounded()?.clone();
    let start = start.map(&shape, |view| view.insert_axis(1)?.broadcast(1, count))?;
    // Windows that begin before the axis does: the first one holds no step, the last one all.
    let before = { steps.rounded()?.clone() }.map(&shape, |view| {
        view.pad(1, rise, 0)?.window(1, count, rise, 1, 1)?.sum(2)
    })?;
    let fact = Fact::new(shape.to_vec(), Some(own.into()))?;
    let sums = Expression::linear(fact, start.plus(before)?);
    lowering.equal("thresholds", thresholds.clone(), &sums)?;
    Ok(thresholds)
}

/// A tensor of one axis along an axis of a shape.
fn along(mut view: View, shape: &[usize], axis: usize) -> Result<View, ViewError> {
    for (at, &size) in shape.iter().enumerate() {
        if at != axis {
            view = view.insert_axis(at)?.broadcast(at, size)?;
        }
    }
    Ok(view)
}
