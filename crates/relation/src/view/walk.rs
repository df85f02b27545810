//! Enumeration of the digit values that are in range.

use super::axis::Axis;
use super::{Run, View};
use crate::shape;
use alloc::vec::Vec;

/// A nest of loops over digits, pruned by the ranges of the axes.
///
/// All values fit: a valid view has indices below `2^46`. Indices into the two tensors are kept
/// modulo the machine word, as the parts of a sum that is in range need not be.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    levels: Vec<Level>,
    /// Offsets of the axes that can be out of range.
    offsets: Vec<i64>,
    output: usize,
    source: usize,
    /// Whether there is anything to enumerate.
    feasible: bool,
}

/// One loop.
#[derive(Clone, Debug)]
struct Level {
    digit: usize,
    size: i64,
    output_step: isize,
    source_step: isize,
    bounds: Vec<Bound>,
}

/// What one axis demands of a digit: `-most <= partial + stride * value <= end - least`, where
/// `partial` is the sum over the outer loops and `least`, `most` bound the sum over the inner ones.
#[derive(Clone, Debug)]
struct Bound {
    axis: usize,
    stride: i64,
    low: i64,
    high: i64,
}

impl View {
    /// Walks some digits; indices are row-major over the given output axes and source axes.
    ///
    /// The three lists of axes must contain all axes in which the digits occur.
    pub(super) fn walk_part(
        &self,
        digits: &[usize],
        output: &[usize],
        source: &[usize],
        guards: &[usize],
    ) -> Walk {
        let output = select(&self.output, output);
        let source = select(&self.source_axes, source);
        let guards = select(&self.guards, guards);
        let restrictions: Vec<&Axis> = { output.iter().chain(&source).chain(&guards) }
            .copied()
            .collect();
        self.walk_forms(digits, &output, &source, &restrictions)
    }

    /// Walks some digits with any forms as axes; only those in `restrictions` have to be in range.
    pub(super) fn walk_forms(
        &self,
        digits: &[usize],
        output: &[&Axis],
        source: &[&Axis],
        restrictions: &[&Axis],
    ) -> Walk {
        let (output_index, source_index) = (joint(output), joint(source));
        let size = |digit: usize| self.digits.get(digit).copied().unwrap_or(0);
        let step = |index: &Index, digit: usize| {
            let steps = index.steps.iter().filter(|step| step.0 == digit);
            steps.fold(0isize, |sum, step| sum.wrapping_add(step.1))
        };
        let mut levels: Vec<Level> = { digits.iter() }
            .map(|&digit| Level {
                digit,
                size: i64::try_from(size(digit)).unwrap_or(i64::MAX),
                output_step: step(&output_index, digit),
                source_step: step(&source_index, digit),
                bounds: Vec::new(),
            })
            .collect();
        // Neighbours in the output, then in the source, belong in the innermost loop.
        levels.sort_by_key(|level| {
            let reach = |step: isize| core::cmp::Reverse(step.unsigned_abs());
            (reach(level.output_step), reach(level.source_step))
        });
        let mut walk = Walk {
            feasible: levels.iter().all(|level| level.size > 0),
            levels,
            offsets: Vec::new(),
            output: output_index.start,
            source: source_index.start,
        };
        if walk.feasible {
            for axis in restrictions {
                walk.constrain(axis, &self.digits);
            }
        }
        walk
    }
}

pub(super) fn select<'a>(axes: &'a [Axis], chosen: &[usize]) -> Vec<&'a Axis> {
    chosen.iter().filter_map(|&at| axes.get(at)).collect()
}

/// A row-major joint index as a form in the digits, modulo the machine word.
struct Index {
    start: usize,
    steps: Vec<(usize, isize)>,
}

#[expect(
    clippy::as_conversions,
    reason = "indices are kept modulo the machine word"
)]
fn joint(axes: &[&Axis]) -> Index {
    let extents: Vec<usize> = axes.iter().map(|axis| axis.extent).collect();
    let mut index = Index {
        start: 0,
        steps: Vec::new(),
    };
    for (axis, weight) in axes.iter().zip(shape::strides(&extents)) {
        index.start = index
            .start
            .wrapping_add((axis.offset as usize).wrapping_mul(weight));
        let steps = axis.terms.iter();
        let weighted = |&(digit, stride): &(usize, i64)| {
            (digit, (stride as isize).wrapping_mul(weight as isize))
        };
        index.steps.extend(steps.map(weighted));
    }
    index
}

impl Walk {
    /// Adds the range of an axis, unless the axis is always in range.
    fn constrain(&mut self, axis: &Axis, digits: &[usize]) {
        if axis.always_in_range(digits) {
            return;
        }
        let end = i64::try_from(axis.extent).unwrap_or(i64::MAX) - 1;
        // From the innermost loop outwards, with the bounds of what is further in.
        let (mut least, mut most) = (0i64, 0i64);
        for level in self.levels.iter_mut().rev() {
            let stride = axis.stride(level.digit);
            if stride == 0 {
                continue;
            }
            let index = self.offsets.len();
            level.bounds.push(Bound {
                axis: index,
                stride,
                low: -most,
                high: end - least,
            });
            let reach = stride * (level.size - 1);
            least += reach.min(0);
            most += reach.max(0);
        }
        self.feasible &= axis.offset + most >= 0 && axis.offset + least <= end;
        self.offsets.push(axis.offset);
    }

    /// Calls `run` for the innermost loop of each nest that is in range.
    pub(crate) fn for_each_run(&self, mut run: impl FnMut(Run)) {
        if !self.feasible {
            return;
        }
        let mut partial = self.offsets.clone();
        self.descend(
            &self.levels,
            &mut partial,
            self.output,
            self.source,
            &mut run,
        );
    }

    fn descend(
        &self,
        levels: &[Level],
        partial: &mut [i64],
        output: usize,
        source: usize,
        run: &mut impl FnMut(Run),
    ) {
        let Some((level, inner)) = levels.split_first() else {
            run(Run {
                output,
                source,
                len: 1,
                output_step: 0,
                source_step: 0,
            });
            return;
        };
        let (mut first, mut last) = (0i64, level.size - 1);
        for bound in &level.bounds {
            let partial = partial.get(bound.axis).copied().unwrap_or(0);
            let (lo, hi) = values(bound.low - partial, bound.high - partial, bound.stride);
            (first, last) = (first.max(lo), last.min(hi));
        }
        if first > last {
            return;
        }
        let mut output = advance(output, level.output_step, first);
        let mut source = advance(source, level.source_step, first);
        if inner.is_empty() {
            let len = usize::try_from(last - first + 1).unwrap_or(0);
            let (output_step, source_step) = (level.output_step, level.source_step);
            run(Run {
                output,
                source,
                len,
                output_step,
                source_step,
            });
            return;
        }
        for bound in &level.bounds {
            add_to(partial, bound.axis, bound.stride * first);
        }
        for _ in first..=last {
            self.descend(inner, partial, output, source, run);
            output = output.wrapping_add_signed(level.output_step);
            source = source.wrapping_add_signed(level.source_step);
            for bound in &level.bounds {
                add_to(partial, bound.axis, bound.stride);
            }
        }
        for bound in &level.bounds {
            add_to(partial, bound.axis, -bound.stride * (last + 1));
        }
    }
}

fn add_to(partial: &mut [i64], axis: usize, value: i64) {
    if let Some(entry) = partial.get_mut(axis) {
        *entry += value;
    }
}

#[expect(
    clippy::as_conversions,
    reason = "indices are kept modulo the machine word"
)]
fn advance(index: usize, step: isize, count: i64) -> usize {
    index.wrapping_add_signed(step.wrapping_mul(count as isize))
}

/// The integers `v` with `lo <= stride * v <= hi`, as an inclusive range.
fn values(lo: i64, hi: i64, stride: i64) -> (i64, i64) {
    match stride {
        1 => (lo, hi),
        -1 => (-hi, -lo),
        _ if stride > 0 => (-(-lo).div_euclid(stride), hi.div_euclid(stride)),
        _ => (-hi.div_euclid(-stride), (-lo).div_euclid(-stride)),
    }
}
