//! How often a view reads, and what.

use super::axis::last;
use super::factor::sources;
use super::{Component, View};
use alloc::vec::Vec;

/// The most entries that are enumerated to find out what the form does not show.
const MAX_ENTRIES: u64 = 1 << 26;

/// What is known about how often each output element reads a source element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reads {
    /// Per output axis the first and the last index that may read anything; `None` for a view that
    /// is zero everywhere.
    pub support: Option<Vec<(usize, usize)>>,
    /// The most reads of any output element (an upper bound).
    pub most: u64,
    /// Whether every output element in the support reads exactly `most` times.
    pub full: bool,
}

impl View {
    /// Bounds how often output elements read; exact for views built without overlapping digits.
    pub fn reads(&self) -> Reads {
        self.reads_within(&mut { MAX_ENTRIES })
    }

    /// As [`View::reads`], with at most `effort` entries enumerated; takes what it used off it, and
    /// leaves zero if that was too little for an exact answer.
    pub(crate) fn reads_within(&self, effort: &mut u64) -> Reads {
        if self.is_zero() {
            return Reads {
                support: None,
                most: 0,
                full: true,
            };
        }
        let support = { self.output.iter() }
            .map(|axis| {
                let (lo, hi) = axis.bounds(&self.digits);
                let last = axis.extent - 1;
                (
                    usize::try_from(lo).unwrap_or(0),
                    usize::try_from(hi).map_or(last, |hi| hi.min(last)),
                )
            })
            .collect();
        let full = self.guards.is_empty()
            && self.axes().all(|axis| axis.always_in_range(&self.digits))
            && self.output.iter().all(|axis| axis.is_dense(&self.digits))
            && self.are_disjoint(|view| &view.output);
        let most = if self.reads_once() {
            1
        } else {
            self.components()
                .iter()
                .map(|component| self.most_reads(component, effort))
                .fold(1u64, u64::saturating_mul)
        };
        Reads {
            support: Some(support),
            most,
            full,
        }
    }

    /// Whether the form shows that an output index determines all digits: what most views are.
    fn reads_once(&self) -> bool {
        let free = |digit: &usize| self.output.iter().all(|axis| axis.stride(*digit) == 0);
        self.values((0..self.digits.len()).filter(free)) == 1 && { self.output.iter() }
            .all(|axis| axis.is_injective(&self.digits))
    }

    /// Whether no digit occurs in two of the axes.
    fn are_disjoint(&self, axes: impl Fn(&Self) -> &Vec<super::Axis>) -> bool {
        let mut seen = alloc::vec![false; self.digits.len()];
        { axes(self).iter().flat_map(|axis| &axis.terms) }.all(|term| {
            seen.get_mut(term.0)
                .is_some_and(|seen| !core::mem::replace(seen, true))
        })
    }

    /// Number of values of some digits.
    fn values(&self, digits: impl Iterator<Item = usize>) -> u64 {
        let size = |digit| u64::try_from(last(&self.digits, digit) + 1).unwrap_or(u64::MAX);
        digits.map(size).fold(1, u64::saturating_mul)
    }

    /// The most entries that share an output index.
    fn most_reads(&self, component: &Component, effort: &mut u64) -> u64 {
        let output = || {
            component
                .output_axes
                .iter()
                .filter_map(|&at| self.output.get(at))
        };
        let is_free = |digit: &usize| output().all(|axis| axis.stride(*digit) == 0);
        let free = self.values(component.digits.iter().copied().filter(is_free));
        let determined = output().all(|axis| axis.is_injective(&self.digits));
        if determined && free == 1 {
            return 1;
        }
        let all = self.values(component.digits.iter().copied());
        let mut concerned = self.axes().filter(|axis| {
            let stride = |&digit: &usize| axis.stride(digit) != 0;
            component.digits.iter().any(stride)
        });
        let exact = determined && concerned.all(|axis| axis.always_in_range(&self.digits));
        if exact || !spend(effort, component) {
            return if determined { free } else { all };
        }
        if component.factors().is_empty() {
            return most(component.output_len(), |count| {
                component.for_each(|output, _| count(output));
            });
        }
        // An output index is one of each factor.
        { component.factors().iter() }
            .map(|factor| {
                most(factor.output_len(), |count| {
                    factor.for_each(|output, _| count(output));
                })
            })
            .fold(1, u64::saturating_mul)
    }

    /// Whether every source element is read by some output element, and no output element reads more
    /// than one: then the output determines the source.
    ///
    /// `false` may also mean that the view is too large to find out.
    pub fn is_cover(&self) -> bool {
        self.is_cover_within(&mut { MAX_ENTRIES })
    }

    /// As [`View::is_cover`], with `effort` as for [`View::reads_within`].
    pub(crate) fn is_cover_within(&self, effort: &mut u64) -> bool {
        let shown = self.guards.is_empty()
            && self
                .source_axes
                .iter()
                .all(|axis| axis.is_dense(&self.digits) && self.spans(axis))
            && self.are_disjoint(|view| &view.source_axes)
            && self.axes().all(|axis| axis.always_in_range(&self.digits));
        if self.reads_within(effort).most != 1 {
            return false;
        }
        shown
            || self
                .components()
                .iter()
                .all(|component| covers(component, effort))
    }

    /// Whether the values of a dense form are as many as its extent.
    fn spans(&self, axis: &super::Axis) -> bool {
        usize::try_from(self.values(axis.terms.iter().map(|term| term.0))) == Ok(axis.extent)
    }
}

/// Takes the cost of enumerating a component off `effort`; whether it may be enumerated.
///
/// A component too large for any effort is refused and costs nothing.
fn spend(effort: &mut u64, component: &Component) -> bool {
    let cost = component.effort();
    if cost > MAX_ENTRIES {
        return false;
    }
    let rest = effort.checked_sub(cost);
    *effort = rest.unwrap_or(0);
    rest.is_some()
}

/// How often the index that is counted most is counted, of `len` indices.
fn most(len: usize, each: impl FnOnce(&mut dyn FnMut(usize))) -> u64 {
    let mut counts = alloc::vec![0u32; len];
    each(&mut |index| {
        if let Some(count) = counts.get_mut(index) {
            *count += 1;
        }
    });
    counts.into_iter().max().unwrap_or(0).into()
}

/// Whether every joint source index has an entry.
fn covers(component: &Component, effort: &mut u64) -> bool {
    let len = component.source_len();
    if component.is_identity() {
        return true;
    }
    if !spend(effort, component) {
        return false;
    }
    let mut seen = alloc::vec![false; len];
    let mut mark = |source: usize| {
        if let Some(seen) = seen.get_mut(source) {
            *seen = true;
        }
    };
    if component.factors().is_empty() {
        component.for_each(|_, source| mark(source));
    } else {
        sources(component.factors()).for_each(mark);
    }
    seen.into_iter().all(|seen| seen)
}
