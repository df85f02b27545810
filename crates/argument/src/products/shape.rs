//! Which axis of which operand is bound to which part of which point: all that depends on the system alone.

#![deny(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::panic,
    clippy::expect_used
)]

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use relation::{Combination, Einsum, Relation, System};

use crate::claims::{Along, PartOfPoint};
use crate::multilinear::log_ceil;
use crate::reject::Reject;

/// The variables of every relation and einsum of a system.
#[derive(Clone, Debug)]
pub struct ProductShape {
    /// One entry per relation of the system, in order.
    pub(super) relations: Vec<RelationShape>,
    /// Variables of the relation with most of them: the length of the common point.
    pub(super) variables: usize,
    /// Variables of the einsum with most of them; none if there is no einsum.
    pub(super) rounds: Option<usize>,
}

/// What this step does with a relation.
#[derive(Clone, Debug)]
pub(super) enum RelationShape {
    /// A linear relation, with the axes of the sum.
    Linear(Vec<Axis>),
    /// A product relation, with the axes of the left side.
    Product {
        left: Vec<Axis>,
        einsums: Vec<EinsumShape>,
    },
    /// Nothing: lookups are another step's.
    Lookup,
}

/// An axis, and the points that its index is bound to.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub(super) size: usize,
    /// The part of the common point, if the axis is one of the relation's.
    pub(super) common: Option<Range<usize>>,
    /// The part of the einsum's own point, if the sumcheck runs over the axis.
    pub(super) own: Option<Range<usize>>,
}

/// The variables of an einsum: its batch labels in the order of the left side, then its contracted labels in
/// increasing order, each most significant bit first.
#[derive(Clone, Debug)]
pub(super) struct EinsumShape {
    pub(super) variables: usize,
    /// The labels that the sumcheck runs over, in the order of the variables, with their sizes.
    #[cfg(feature = "prove")]
    pub(super) summed: Vec<(usize, usize)>,
    /// Axes of the first operand. It carries the weights of the batch labels at the common point.
    pub(super) a: Vec<Axis>,
    /// Axes of the second operand.
    pub(super) b: Vec<Axis>,
}

impl ProductShape {
    /// The shape of `system`.
    pub fn new(system: &System) -> Self {
        let relations: Vec<RelationShape> = system
            .relations()
            .iter()
            .map(|relation| match relation {
                Relation::Linear { sum, .. } => RelationShape::Linear(output_axes(sum)),
                Relation::Product { left, right, .. } => {
                    let left = output_axes(left);
                    let einsums = right
                        .iter()
                        .map(|einsum| EinsumShape::new(&left, einsum))
                        .collect();
                    RelationShape::Product { left, einsums }
                }
                Relation::Lookup { .. } => RelationShape::Lookup,
            })
            .collect();
        let variables = relations.iter().map(RelationShape::variables).max();
        let einsums = relations.iter().flat_map(RelationShape::einsums);
        Self {
            variables: variables.unwrap_or(0),
            rounds: einsums.map(|einsum| einsum.variables).max(),
            relations,
        }
    }

    /// Variables of the common point: a relation that does not hold passes its check with probability at most
    /// `variables / |E|`.
    pub fn variables(&self) -> usize {
        self.variables
    }

    /// Rounds of the sumcheck, each of degree 2; `None` if there is no einsum and so no sumcheck.
    pub fn rounds(&self) -> Option<usize> {
        self.rounds
    }

    /// Number of product relations, which powers of one challenge combine.
    pub fn products(&self) -> usize {
        let products =
            |relation: &&RelationShape| matches!(relation, RelationShape::Product { .. });
        self.relations.iter().filter(products).count()
    }
}

impl RelationShape {
    /// The axes of the relation's index.
    fn axes(&self) -> &[Axis] {
        match self {
            Self::Linear(axes) | Self::Product { left: axes, .. } => axes,
            Self::Lookup => &[],
        }
    }

    fn variables(&self) -> usize {
        self.axes().iter().map(|axis| log_ceil(axis.size)).sum()
    }

    pub(super) fn einsums(&self) -> &[EinsumShape] {
        match self {
            Self::Product { einsums, .. } => einsums,
            _ => &[],
        }
    }
}

/// Segments of a point for axes of these sizes, in order, and the end of the last.
fn segments(sizes: impl Iterator<Item = usize>) -> impl Iterator<Item = (usize, Range<usize>)> {
    sizes.scan(0usize, |start, size| {
        let range = *start..start.saturating_add(log_ceil(size));
        *start = range.end;
        Some((size, range))
    })
}

fn output_axes(combination: &Combination) -> Vec<Axis> {
    segments(combination.shape().iter().copied())
        .map(|(size, range)| Axis {
            size,
            common: Some(range),
            own: None,
        })
        .collect()
}

impl EinsumShape {
    fn new(left: &[Axis], einsum: &Einsum) -> Self {
        // A label of both operands is summed over by the sumcheck; in increasing order the batch labels come first.
        let mut summed: Vec<(usize, usize)> = labels(&einsum.a, &einsum.a_labels)
            .filter(|(label, _)| einsum.b_labels.contains(label))
            .collect();
        summed.sort_unstable();
        let own: Vec<(usize, Range<usize>)> = core::iter::zip(
            summed.iter().map(|&(label, _)| label),
            segments(summed.iter().map(|&(_, size)| size)).map(|(_, range)| range),
        )
        .collect();
        let axes = |combination: &Combination, operand: &[usize], carries_batch: bool| {
            labels(combination, operand)
                .map(|(label, size)| {
                    let own = own
                        .iter()
                        .find(|(l, _)| *l == label)
                        .map(|(_, range)| range.clone());
                    let common = left.get(label).and_then(|axis| axis.common.clone());
                    Axis {
                        size,
                        common: common.filter(|_| own.is_none() || carries_batch),
                        own,
                    }
                })
                .collect()
        };
        Self {
            variables: own.last().map_or(0, |(_, range)| range.end),
            a: axes(&einsum.a, &einsum.a_labels, true),
            b: axes(&einsum.b, &einsum.b_labels, false),
            #[cfg(feature = "prove")]
            summed,
        }
    }
}

fn labels<'e>(
    combination: &'e Combination,
    labels: &'e [usize],
) -> impl Iterator<Item = (usize, usize)> + 'e {
    labels
        .iter()
        .copied()
        .zip(combination.shape().iter().copied())
}

impl Axis {
    /// The weight of each index: the product of `eq` at the points that the axis is bound to, cut to the axis.
    ///
    /// An einsum's own point is the end of `own`, from coordinate `skipped` on.
    ///
    /// Errors: [`Reject::Length`] if a point is too short, which only another system's shape can cause.
    pub(super) fn weights<E>(
        &self,
        common: &Arc<[E]>,
        own: &Arc<[E]>,
        skipped: usize,
    ) -> Result<Along<E>, Reject> {
        let own_range = self
            .own
            .as_ref()
            .map(|range| range.start.saturating_add(skipped)..range.end.saturating_add(skipped));
        let parts = [(common, self.common.clone()), (own, own_range)];
        let points: Vec<PartOfPoint<E>> = { parts.into_iter() }
            .filter_map(|(point, range)| Some((point, range?)))
            .map(|(point, range)| {
                PartOfPoint::new(point, range.clone()).ok_or(Reject::Length {
                    part: "the point of a relation",
                    expected: range.end,
                    found: point.len(),
                })
            })
            .collect::<Result<_, Reject>>()?;
        Ok(Along::Eq {
            size: self.size,
            start: 0,
            points,
        })
    }
}
