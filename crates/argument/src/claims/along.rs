//! The weights along an axis, before they are written out.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use p3_field::Field;
use p3_maybe_rayon::prelude::*;

use super::weights::Weights;
use crate::multilinear::eq_vector;

/// What gives an axis its weights.
///
/// A step's claims say this much and no more: the dry run writes no vector of `eq`, and the batching of the claims does
/// by all threads, once for functionals that have them in common.
#[derive(Clone, Debug)]
pub enum Along<E> {
    /// The weights themselves.
    Listed(Weights<E>),
    /// The product of `eq(point, i)` over the points for index `start + i` of `size`; zero for all other indices.
    Eq {
        /// Indices of the axis.
        size: usize,
        /// The index that the first vertex of the points' cube falls on; what falls beyond the last is cut off.
        start: usize,
        /// Points of one dimension; without any all weights are zero.
        points: Vec<PartOfPoint<E>>,
    },
}

/// Some coordinates of a point that many functionals share.
#[derive(Clone, Debug)]
pub struct PartOfPoint<E> {
    point: Arc<[E]>,
    range: Range<usize>,
}

impl<E> PartOfPoint<E> {
    /// The coordinates `range` of `point`; none if it has fewer.
    pub fn new(point: &Arc<[E]>, range: Range<usize>) -> Option<Self> {
        point.get(range.clone())?;
        Some(Self {
            point: Arc::clone(point),
            range,
        })
    }

    /// Where the point lies in memory, and which of its coordinates these are.
    fn place(&self) -> (usize, usize, usize) {
        let point = Arc::as_ptr(&self.point).addr();
        (point, self.range.start, self.range.end)
    }

    /// The coordinates.
    pub fn coordinates(&self) -> &[E] {
        self.point.get(self.range.clone()).unwrap_or_default()
    }
}

/// Parts of the same point, not of equal ones: that is known without looking at coordinates.
impl<E> PartialEq for PartOfPoint<E> {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl<E> Eq for PartOfPoint<E> {}

impl<E> PartialOrd for PartOfPoint<E> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By place in memory: an order for as long as the points are held.
impl<E> Ord for PartOfPoint<E> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

/// The weights of many axes, written out once for all axes that have them in common.
pub(super) struct Written<'a, E> {
    weights: BTreeMap<Key<'a, E>, Weights<E>>,
}

/// Size, start and points of an axis.
type Key<'a, E> = (usize, usize, &'a [PartOfPoint<E>]);

impl<'a, E: Field> Written<'a, E> {
    /// Writes the weights of axes.
    pub fn new(axes: impl Iterator<Item = &'a Along<E>>) -> Self {
        let keyed: BTreeMap<Key<'a, E>, &Along<E>> = axes
            .filter_map(|along| Some((along.key()?, along)))
            .collect();
        let keyed: Vec<(Key<'a, E>, &Along<E>)> = keyed.into_iter().collect();
        let written: Vec<(Key<'a, E>, Weights<E>)> = { keyed.into_par_iter() }
            .map(|(key, along)| (key, along.write()))
            .collect();
        Self {
            weights: written.into_iter().collect(),
        }
    }

    /// The weights of an axis: those that were written, if its own were among them.
    pub fn of(&self, along: &Along<E>) -> Weights<E> {
        let written = along.key().and_then(|key| self.weights.get(&key));
        written.cloned().unwrap_or_else(|| along.write())
    }
}

impl<E> Along<E> {
    /// What weights that are not listed follow from.
    fn key(&self) -> Option<Key<'_, E>> {
        match self {
            Self::Listed(_) => None,
            Self::Eq {
                size,
                start,
                points,
            } => Some((*size, *start, points)),
        }
    }
}

impl<E: PartialEq> PartialEq for Along<E> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Listed(own), Self::Listed(other)) => own == other,
            _ => self.key().is_some_and(|key| other.key() == Some(key)),
        }
    }
}

impl<E: Field> From<Vec<E>> for Along<E> {
    fn from(weights: Vec<E>) -> Self {
        Self::Listed(weights.into())
    }
}

impl<E: Field> Along<E> {
    /// The weights, one for each index.
    pub fn write(&self) -> Weights<E> {
        let (size, start, points) = match self {
            Self::Listed(weights) => return weights.clone(),
            Self::Eq {
                size,
                start,
                points,
            } => (*size, *start, points),
        };
        let product = { points.iter() }
            .map(|point| eq_vector(point.coordinates()))
            .reduce(|mut product, other| {
                for (weight, other) in product.iter_mut().zip(other) {
                    *weight *= other;
                }
                product
            });
        let mut product = product.unwrap_or_default();
        if start > 0 || product.len() < size {
            let mut weights = vec![E::ZERO; size];
            for (weight, eq) in weights.iter_mut().skip(start).zip(product) {
                *weight = eq;
            }
            return weights.into();
        }
        product.truncate(size);
        product.into()
    }
}
