//! The separable parts of a view.

use super::factor::{self, Factor};
use super::walk::Walk;
use super::{Run, View};
use alloc::vec::Vec;

/// A connected component of the axes of a view: the view is the tensor product of its components.
///
/// Output axes that no source axis determines form components without source axes: there the joint
/// source index is the single index 0 (a broadcast axis; or padding around an axis of size 1). A
/// source axis that no output axis depends on forms one without output axes (a sum, or a fixed
/// index). A component may have neither: it is a factor, as many entries `(0, 0)` as its value.
/// A view of a scalar has no components; the empty product is 1.
#[derive(Clone, Debug)]
pub struct Component {
    /// Source axes, in increasing order; the joint source index is row-major over them.
    pub source_axes: Vec<usize>,
    /// Output axes, in increasing order; the joint output index is row-major over them.
    pub output_axes: Vec<usize>,
    source_len: usize,
    output_len: usize,
    identity: bool,
    values: u64,
    pub(super) digits: Vec<usize>,
    walk: Walk,
    factors: Vec<Factor>,
}

impl View {
    /// The finest tensor product that the view's form shows, in a fixed order.
    pub fn components(&self) -> Vec<Component> {
        let outputs = self.output.len();
        let sources = self.source_axes.len();
        // Nodes: output axes, source axes, guards; then digits that occur in none of them.
        let mut part: Vec<usize> = (0..self.axes().count()).collect();
        let mut home: Vec<Option<usize>> = alloc::vec![None; self.digits.len()];
        for (node, axis) in self.axes().enumerate() {
            for &(digit, _) in &axis.terms {
                let Some(home) = home.get_mut(digit) else {
                    continue;
                };
                let joined = *home.get_or_insert(node);
                join(&mut part, joined, node);
            }
        }
        let root = |node: usize| part.get(node).copied();
        let mut components = Vec::new();
        for first in 0..part.len() {
            if root(first) != Some(first) {
                continue;
            }
            let members = |from: usize, to: usize| -> Vec<usize> {
                let nodes = (from..to).filter(|&node| root(node) == Some(first));
                nodes.map(|node| node - from).collect()
            };
            let digits = (0..home.len())
                .filter(|&digit| home.get(digit).copied().flatten().and_then(root) == Some(first))
                .collect();
            let guards = members(outputs + sources, part.len());
            let (output, source) = (members(0, outputs), members(outputs, outputs + sources));
            components.push(self.component(digits, output, source, &guards));
        }
        let free: Vec<usize> = (0..home.len())
            .filter(|&digit| home.get(digit).copied().flatten().is_none())
            .collect();
        if !free.is_empty() {
            components.push(self.component(free, Vec::new(), Vec::new(), &[]));
        }
        components
    }

    fn component(
        &self,
        digits: Vec<usize>,
        output_axes: Vec<usize>,
        source_axes: Vec<usize>,
        guards: &[usize],
    ) -> Component {
        let walk = self.walk_part(&digits, &output_axes, &source_axes, guards);
        let pair = match (output_axes.as_slice(), source_axes.as_slice()) {
            (&[output], &[source]) => self.output.get(output).zip(self.source_axes.get(source)),
            _ => None,
        };
        let dense = |(output, source)| {
            let whole: usize = { digits.iter() }.fold(1, |len: usize, &digit| {
                len.saturating_mul(self.digits.get(digit).copied().unwrap_or(0))
            });
            let axis: &super::Axis = output;
            output == source
                && axis.offset == 0
                // Strides of both signs leave the range, and do not reach all of it.
                && axis.always_in_range(&self.digits)
                && axis.is_dense(&self.digits)
                && whole == axis.extent
        };
        let values = digits.iter().fold(1u64, |values, &digit| {
            let size = self.digits.get(digit).copied().unwrap_or(0);
            values.saturating_mul(u64::try_from(size).unwrap_or(u64::MAX))
        });
        let size = |axes: &[super::Axis], chosen: &[usize]| {
            chosen
                .iter()
                .filter_map(|&at| axes.get(at))
                .map(|axis| axis.extent)
                .product()
        };
        let mut component = Component {
            source_len: size(&self.source_axes, &source_axes),
            output_len: size(&self.output, &output_axes),
            identity: guards.is_empty() && pair.is_some_and(dense),
            source_axes,
            output_axes,
            digits,
            values,
            walk,
            factors: Vec::new(),
        };
        component.factors = self.factors(&component, guards);
        component
    }
}

/// Joins the parts of two nodes; each part is named after its first node.
fn join(part: &mut [usize], a: usize, b: usize) {
    let (Some(&a), Some(&b)) = (part.get(a), part.get(b)) else {
        return;
    };
    let (first, other) = (a.min(b), a.max(b));
    part.iter_mut()
        .filter(|part| **part == other)
        .for_each(|part| *part = first);
}

impl Component {
    /// Number of joint source indices: the product of the extents of the source axes.
    pub const fn source_len(&self) -> usize {
        self.source_len
    }

    /// Number of joint output indices: the product of the sizes of the output axes.
    pub const fn output_len(&self) -> usize {
        self.output_len
    }

    /// The factors that the component is made of; none if it has no more than one.
    ///
    /// Each entry is a combination of entries of the factors: their output indices together, and the sum of their
    /// source indices.
    pub fn factors(&self) -> &[Factor] {
        &self.factors
    }

    /// A bound on the entries and numbers of joint indices that a pass over the component visits, by
    /// [`Component::for_each`] or, if it has any, by its factors: what it costs in time and memory.
    pub fn effort(&self) -> u64 {
        let wide = |len: usize| u64::try_from(len).unwrap_or(u64::MAX);
        let entries = if self.factors.is_empty() {
            self.values.saturating_add(wide(self.output_len))
        } else {
            factor::effort(&self.factors)
        };
        entries.saturating_add(wide(self.source_len))
    }

    /// Whether the entries are exactly `(i, i)` for every `i`, each once.
    ///
    /// A shortcut: `false` means that the form does not show it.
    pub const fn is_identity(&self) -> bool {
        self.identity
    }

    /// Calls `entry(output, source)` for each pair of joint indices that the component connects.
    ///
    /// A pair that occurs several times counts as often. Cost: about one visit per entry.
    pub fn for_each(&self, mut entry: impl FnMut(usize, usize)) {
        self.for_each_run(|run| {
            run.entries()
                .for_each(|(output, source)| entry(output, source))
        });
    }

    /// As [`Component::for_each`], an arithmetic progression at a time.
    pub fn for_each_run(&self, run: impl FnMut(Run)) {
        self.walk.for_each_run(run);
    }
}
