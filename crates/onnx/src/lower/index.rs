//! What families that work with positions share: index ranges, truth values of positions, rows by index.

use super::arithmetic::larger;
use super::compare::{at_least, negation};
use super::prelude::*;
use program::operator::{Constant as Public, Gather};
use program::{Tensor, ValueId};
use relation::interval::Wide;

/// The most numbers that a table of truth values spans; beyond it an index is cut off first.
const MOST: i64 = 1 << 14;

impl Quantiser<'_> {
    /// Integers that are part of the program, known to everybody.
    pub fn public(&mut self, shape: Vec<usize>, values: Vec<i64>) -> Result<Value, Refusal> {
        let dims = shape.iter().map(|&size| Dim::from(size)).collect();
        let value = Tensor::from_i64s(shape, values).map_err(|error| error.to_string())?;
        let node = self.builder.push(Public { value }.into(), Vec::new())?;
        let id = ValueId { node, output: 0 };
        let mut value = self.builder.value(id, dims, 0, true);
        value.integers = true;
        Ok(value)
    }

    /// A number in place of every element of a value.
    pub fn filled(&mut self, like: &Value, number: i64) -> Result<Value, Refusal> {
        let mut value = self.builder.sum(&[(0, like)], number, 0)?;
        value.integers = true;
        Ok(value)
    }

    /// An integer cut off to `lo ..= hi`, if it could lie beyond that, at other sizes too.
    pub fn clamped(&mut self, x: &Value, lo: i64, hi: i64) -> Result<Value, Refusal> {
        let interval = self.builder.interval(x).unwrap_or_else(|| {
            let here = self.builder.fact(x.id).interval;
            program::Interval::new(here.lo.min(lo - 1), here.hi.max(hi + 1))
        });
        let mut value = x.clone();
        if interval.lo < lo {
            let end = self.filled(&value, lo)?;
            value = larger(self, &value, &end, 1)?;
        }
        if interval.hi > hi {
            let end = self.filled(&value, hi)?;
            value = larger(self, &value, &end, -1)?;
        }
        if interval.lo < lo || interval.hi > hi {
            value.known = Wide {
                lo: lo.max(interval.lo).into(),
                hi: hi.min(interval.hi).into(),
            };
            value.fixed = true;
            value = self.builder.rescale(&value, 0)?;
        }
        value.integers = true;
        Ok(value)
    }
}

/// An index without fraction bits.
///
/// Errors: a reason if it has some.
pub fn whole(q: &mut Quantiser<'_>, index: &Lazy) -> Result<Value, Refusal> {
    let index = q.exact(index)?;
    if index.bits != 0 || !index.exact {
        return Err("an index that is no integer".into());
    }
    Ok(index)
}

/// Rows of a table, `[rows, rest..]`, by an index that is known to lie in it.
pub fn rows(q: &mut Quantiser<'_>, table: &Value, index: &Value) -> Result<Value, Refusal> {
    let node = q.builder.push(Gather.into(), vec![table.id, index.id])?;
    let mut dims = index.shape.clone();
    dims.extend_from_slice(&table.shape[1..]);
    let id = ValueId { node, output: 0 };
    let mut value = q.builder.value(id, dims, table.bits, true);
    value.known = table.known;
    value.fixed = table.fixed;
    value.range = table.range;
    value.integers = table.integers;
    Ok(value)
}

/// Where an index lies that has a place in a table at every size.
pub fn reached(q: &Quantiser<'_>, index: &Value) -> program::Interval {
    let interval = q.builder.interval(index);
    interval.unwrap_or(q.builder.fact(index.id).interval)
}

/// An index into `size` rows as one that is not negative, and the number of rows that it can reach: at
/// least `size`. Negative ones count from the end; what is beyond either end finds a row beyond `size`,
/// or the first.
pub fn in_range(
    q: &mut Quantiser<'_>,
    index: &Value,
    size: usize,
) -> Result<(Value, usize), Refusal> {
    let len = i64::try_from(size).map_err(|_| "too many rows")?;
    let interval = q.builder.interval(index);
    let room = i64::try_from(size.next_power_of_two().max(2) * 2).map_err(|_| "too many rows")?;
    // A larger size, as of a sum, can make the index larger too.
    let hi = { interval.filter(|found| found.hi < room) }.map_or(len, |found| found.hi);
    let mut index = q.clamped(index, -len, hi)?;
    if !q.builder.is_at_least(&index, 0) {
        let zero = q.filled(&index, 0)?;
        let inside = at_least(q, &index, &zero)?;
        let negative = negation(q, &inside)?;
        let mut from_start = q.builder.sum(&[(1, &index), (len, &negative)], 0, 0)?;
        from_start.known = Wide {
            lo: 0,
            hi: hi.max(len - 1).into(),
        };
        from_start.fixed = true;
        from_start.integers = true;
        index = q.builder.rescale(&from_start, 0)?;
    }
    let hi = reached(q, &index).hi;
    let reached = usize::try_from(hi).map_err(|_| "an index without end")? + 1;
    Ok((index, reached.max(size)))
}

/// 1 where an integer is one of some numbers, else 0: one lookup for each element.
pub fn is_one_of(q: &mut Quantiser<'_>, x: &Value, numbers: &[i64]) -> Result<Value, Refusal> {
    let lo = numbers.iter().copied().min().unwrap_or(0) - 1;
    let hi = numbers.iter().copied().max().unwrap_or(0) + 1;
    let interval = q.builder.interval(x);
    let is_narrow = |found: program::Interval| found.hi.saturating_sub(found.lo) < MOST;
    let x = if interval.is_some_and(is_narrow) {
        x.clone()
    } else {
        q.clamped(x, lo, hi)?
    };
    let interval = reached(q, &x);
    let values: Vec<i64> = (interval.lo..=interval.hi)
        .map(|value| i64::from(numbers.contains(&value)))
        .collect();
    let table = q.public(vec![values.len()], values)?;
    let place = q.builder.sum(&[(1, &x)], -interval.lo, 0)?;
    rows(q, &table, &place)
}

/// 1 at the position that an index says, else 0, along a new last axis of some size; nowhere if the
/// index is beyond it. Negative indices count from the end.
pub fn one_hot(q: &mut Quantiser<'_>, index: &Value, size: usize) -> Result<Value, Refusal> {
    let len = i64::try_from(size).map_err(|_| "too many positions")?;
    let index = q.clamped(index, -len - 1, len)?;
    let distance = distances(q, &index, &Dim::from(size))?;
    is_one_of(q, &distance, &[0, -len])
}

/// An index less each of the numbers from zero up, which are as many as a new last axis is long.
pub fn distances(q: &mut Quantiser<'_>, index: &Value, len: &Dim) -> Result<Value, Refusal> {
    let rank = index.shape.len();
    let mut shape = index.shape.clone();
    shape.push(len.clone());
    let steps = vec![
        Step::InsertAxis(rank),
        Step::Broadcast {
            axis: rank,
            size: len.clone(),
        },
    ];
    let spread = q.builder.view(index, steps, shape.clone())?;
    let positions = q.iota(len.clone())?;
    let mut steps: Vec<Step<Dim>> = Vec::new();
    for (axis, size) in index.shape.iter().enumerate() {
        steps.push(Step::InsertAxis(axis));
        if !is_one(size) {
            steps.push(Step::Broadcast {
                axis,
                size: size.clone(),
            });
        }
    }
    let positions = q.builder.view(&positions, steps, shape)?;
    q.builder.sum(&[(1, &spread), (-1, &positions)], 0, 0)
}
