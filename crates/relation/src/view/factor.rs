//! Parts of a component that only a source axis holds together.
//!
//! A reshape joins axes: where a row of `448 a + 64 b + c` is read as an image of `a`, `b` and `c`, with a window
//! over each of `a` and `b`, the source axis alone connects the three. Its index is then the sum of an index for each,
//! and a functional of the whole is made from three short ones instead of all that the three windows reach.

use super::axis::{Axis, last, wide};
use super::walk::{Walk, select};
use super::{Component, View};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// A part of a [`Component`] with a single source axis: entries of the component are combinations of entries of each
/// factor, their source indices added.
#[derive(Clone, Debug)]
pub struct Factor {
    /// Output axes, in increasing order; the joint output index is row-major over them.
    pub output_axes: Vec<usize>,
    output_len: usize,
    /// Values of the digits.
    values: u64,
    /// The most different source indices.
    sources: u64,
    walk: Walk,
}

impl Factor {
    /// Number of joint output indices: the product of the sizes of the output axes.
    pub const fn output_len(&self) -> usize {
        self.output_len
    }

    /// Calls `entry(output, source)` for each pair that the factor connects; `source` is what it adds to the source
    /// index, modulo the machine word.
    pub fn for_each(&self, mut entry: impl FnMut(usize, usize)) {
        self.walk.for_each_run(|run| {
            run.entries()
                .for_each(|(output, source)| entry(output, source))
        });
    }
}

/// What a pass over all factors costs, and one over the combinations of their source indices.
pub(super) fn effort(factors: &[Factor]) -> u64 {
    let passes = factors.iter().fold(0u64, |sum, factor| {
        let outputs = u64::try_from(factor.output_len).unwrap_or(u64::MAX);
        sum.saturating_add(factor.values).saturating_add(outputs)
    });
    // Factors are combined one after the other: an empty one may be the last.
    let combinations = factors.iter().map(|factor| factor.sources.max(1));
    passes.saturating_add(combinations.fold(1, u64::saturating_mul))
}

/// The source indices that combinations of entries have.
pub(super) fn sources(factors: &[Factor]) -> impl Iterator<Item = usize> {
    let mut sums = Vec::from([0usize]);
    for factor in factors {
        let mut own = BTreeSet::new();
        factor.for_each(|_, source| {
            own.insert(source);
        });
        sums = { sums.iter() }
            .flat_map(|&sum| own.iter().map(move |&source| sum.wrapping_add(source)))
            .collect();
    }
    sums.into_iter()
}

impl View {
    /// The factors of a component; none if it has fewer than two, or if its source axis restricts what they do not.
    pub(super) fn factors(&self, component: &Component, guards: &[usize]) -> Vec<Factor> {
        let [source] = component.source_axes[..] else {
            return Vec::new();
        };
        let (Some(source), false) = (self.source_axes.get(source), self.is_zero()) else {
            return Vec::new();
        };
        let groups = self.groups(component, guards);
        let (mut lo, mut hi) = (i128::from(source.offset), i128::from(source.offset));
        for group in &groups {
            let (least, most) = self.reach(source, group);
            (lo, hi) = (lo.saturating_add(least), hi.saturating_add(most));
        }
        if groups.len() < 2 || lo < 0 || hi >= wide(source.extent) {
            return Vec::new();
        }
        let mut offset = source.offset;
        let mut factor = |group: &Group| self.factor(source, core::mem::take(&mut offset), group);
        groups.iter().map(&mut factor).collect()
    }

    /// The digits of a component, in groups that no output axis and no guard connects.
    fn groups(&self, component: &Component, guards: &[usize]) -> Vec<Group> {
        let mut groups: Vec<Group> = { component.digits.iter() }
            .map(|&digit| Group {
                digits: Vec::from([digit]),
                ..Group::default()
            })
            .collect();
        let mut connect = |axis: &Axis, add: &dyn Fn(&mut Group)| {
            let concerns =
                |group: &Group| group.digits.iter().any(|&digit| axis.stride(digit) != 0);
            let mut joined = Group::default();
            let (concerned, others): (Vec<Group>, Vec<Group>) =
                core::mem::take(&mut groups).into_iter().partition(concerns);
            for group in concerned {
                joined.digits.extend(group.digits);
                joined.output.extend(group.output);
                joined.guards.extend(group.guards);
            }
            add(&mut joined);
            groups = others;
            groups.push(joined);
        };
        for &at in &component.output_axes {
            if let Some(axis) = self.output.get(at) {
                connect(axis, &|group| group.output.push(at));
            }
        }
        for &at in guards {
            if let Some(axis) = self.guards.get(at) {
                connect(axis, &|group| group.guards.push(at));
            }
        }
        for group in &mut groups {
            group.digits.sort_unstable();
            group.output.sort_unstable();
        }
        groups
    }

    /// The smallest and the largest sum of the terms that a form has in a group, as far as its axes show.
    fn reach(&self, form: &Axis, group: &Group) -> (i128, i128) {
        let own = part(form, group, 0);
        let mut reach = own.bounds(&self.digits);
        for axis in self.restrictions(group) {
            if let Some((lo, hi)) = multiple(&own, axis) {
                reach = (reach.0.max(lo), reach.1.min(hi));
            }
        }
        reach
    }

    fn restrictions<'a>(&'a self, group: &Group) -> impl Iterator<Item = &'a Axis> {
        let output = select(&self.output, &group.output).into_iter();
        output.chain(select(&self.guards, &group.guards))
    }

    fn factor(&self, source: &Axis, offset: i64, group: &Group) -> Factor {
        let output = select(&self.output, &group.output);
        let own = part(source, group, offset);
        let restrictions: Vec<&Axis> = self.restrictions(group).collect();
        let values = group.digits.iter().fold(1u64, |values, &digit| {
            let size = last(&self.digits, digit).saturating_add(1);
            values.saturating_mul(u64::try_from(size).unwrap_or(u64::MAX))
        });
        let (lo, hi) = self.reach(source, group);
        let step = own
            .terms
            .iter()
            .fold(0, |step, term| gcd(step, term.1.into()));
        let steps = hi.saturating_sub(lo).checked_div(step).unwrap_or(0);
        let steps = u64::try_from(steps.saturating_add(1)).unwrap_or(0);
        Factor {
            output_len: output.iter().map(|axis| axis.extent).product(),
            walk: self.walk_forms(&group.digits, &output, &[&own], &restrictions),
            output_axes: group.output.clone(),
            sources: steps.min(values),
            values,
        }
    }
}

/// Digits with the axes that connect them.
#[derive(Default)]
struct Group {
    digits: Vec<usize>,
    output: Vec<usize>,
    guards: Vec<usize>,
}

/// What a group contributes to a form.
fn part(form: &Axis, group: &Group, offset: i64) -> Axis {
    let terms = form.terms.iter().copied();
    Axis {
        extent: form.extent,
        offset,
        terms: terms
            .filter(|term| group.digits.contains(&term.0))
            .collect(),
    }
}

/// The bounds of a form without offset that is a multiple of another form, which is in range.
fn multiple(form: &Axis, of: &Axis) -> Option<(i128, i128)> {
    let factor = match (form.terms.first(), of.terms.first()) {
        (Some(a), Some(b)) => i128::from(a.1).checked_div(b.1.into())?,
        _ => return None,
    };
    let same = |(a, b): (&(usize, i64), &(usize, i64))| {
        a.0 == b.0 && i128::from(a.1) == factor.saturating_mul(b.1.into())
    };
    if form.terms.len() != of.terms.len() || !form.terms.iter().zip(&of.terms).all(same) {
        return None;
    }
    let low = -i128::from(of.offset);
    let high = low.saturating_add(wide(of.extent)).saturating_sub(1);
    let (low, high) = (low.saturating_mul(factor), high.saturating_mul(factor));
    Some((low.min(high), low.max(high)))
}

fn gcd(a: i128, b: i128) -> i128 {
    if b == 0 {
        a.saturating_abs()
    } else {
        gcd(b, a.checked_rem(b).unwrap_or(0))
    }
}
