//! Functionals pulled back from a view to its source.
//!
//! A view is a tensor product of small index maps (its components), so a functional with one weight vector per axis
//! of the view is a functional with one weight vector per group of source axes. Nothing of the size of a tensor is
//! ever formed.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field};
use relation::{Component, View};

use super::weights::Weights;

/// `coefficient * sum_y source[y] * prod_parts weights[y restricted to the part's axes]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pulled<E> {
    /// A factor of the whole sum.
    pub coefficient: E,
    /// One weight vector per group of source axes; every source axis is in exactly one. Copies share them.
    pub parts: Arc<[Part<E>]>,
}

/// The weights along some source axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<E> {
    /// The source axes.
    pub axes: Vec<usize>,
    /// One weight per joint index of `axes`, row-major in their order.
    pub weights: Weights<E>,
}

/// The outer product of vectors, row-major.
pub fn outer<'a, E: Field>(mut vectors: impl Iterator<Item = &'a [E]>) -> Vec<E> {
    let first = vectors.next().map_or_else(|| vec![E::ONE], <[E]>::to_vec);
    vectors.fold(first, |product, vector| {
        let mut next = Vec::with_capacity(product.len().saturating_mul(vector.len()));
        for &left in &product {
            next.extend(vector.iter().map(|&right| left * right));
        }
        next
    })
}

/// Pulls the functional with weights `weights[a]` along axis `a` of `view` back to the view's source.
///
/// Cost: one product per entry of each component.
pub fn pull_back<E: Field>(view: &View, coefficient: E, weights: &[Weights<E>]) -> Pulled<E> {
    pull_back_by(&view.components(), coefficient, weights)
}

pub(super) fn pull_back_by<E: Field>(
    components: &[Component],
    mut coefficient: E,
    weights: &[Weights<E>],
) -> Pulled<E> {
    let mut parts = Vec::with_capacity(components.len());
    for component in components {
        let along = match component.output_axes.as_slice() {
            &[axis] if component.is_identity() => weights.get(axis).cloned(),
            _ => None,
        };
        let part = along.unwrap_or_else(|| pull_back_along(component, weights).into());
        match *part {
            // No source axis: a factor of the whole functional.
            [weight] if component.source_axes.is_empty() => coefficient *= weight,
            _ => parts.push(Part {
                axes: component.source_axes.clone(),
                weights: part,
            }),
        }
    }
    Pulled {
        coefficient,
        parts: parts.into(),
    }
}

/// The weights that a component makes of those of its output axes, one for each joint source index.
///
/// Factors are combined one after the other, in no more steps than [`Component::effort`] says; not at all if one of them
/// is empty, which leaves nothing of the others.
fn pull_back_along<E: Field>(component: &Component, weights: &[Weights<E>]) -> Vec<E> {
    let of = |axis: &usize| weights.get(*axis).map(|weights| &**weights);
    let joint = |axes: &[usize]| match axes {
        [axis] => Cow::Borrowed(of(axis).unwrap_or_default()),
        axes => Cow::Owned(outer(axes.iter().filter_map(of))),
    };
    let mut part = vec![E::ZERO; component.source_len()];
    let mut add = |source: usize, weight: E| {
        if let Some(to) = part.get_mut(source) {
            *to += weight;
        }
    };
    if component.factors().is_empty() {
        let joint = joint(&component.output_axes);
        component.for_each(|output, source| {
            if let Some(&weight) = joint.get(output) {
                add(source, weight);
            }
        });
        return part;
    }
    let factors = component.factors().iter().map(|factor| {
        let joint = joint(&factor.output_axes);
        let mut own = BTreeMap::new();
        factor.for_each(|output, source| {
            if let Some(&weight) = joint.get(output) {
                *own.entry(source).or_insert(E::ZERO) += weight;
            }
        });
        own
    });
    let factors: Vec<BTreeMap<usize, E>> = factors.collect();
    if factors.iter().any(BTreeMap::is_empty) {
        return part;
    }
    let mut sums = vec![(0usize, E::ONE)];
    for own in factors {
        sums = { sums.iter() }
            .flat_map(|&(sum, product)| {
                own.iter()
                    .map(move |(&source, &weight)| (sum.wrapping_add(source), product * weight))
            })
            .collect();
    }
    for (source, weight) in sums {
        add(source, weight);
    }
    part
}

/// The functional of a public tensor with the given values (row-major, of `shape`).
///
/// Cost: one product of a weight and a small integer per value, and less for the outer axes.
pub fn evaluate_public<F: Field, E: ExtensionField<F>>(
    pulled: &Pulled<E>,
    shape: &[usize],
    values: impl Fn(usize) -> i64,
) -> E {
    // Parts on consecutive single axes contract one axis after the other; anything else goes by joint index.
    let len: usize = shape.iter().product();
    let strides = strides(shape);
    let inner = innermost(pulled, shape.len());
    let Some(inner) = inner else {
        return (0..len)
            .map(|y| weight_at(pulled, shape, &strides, y) * integer::<F>(values(y)))
            .sum::<E>()
            * pulled.coefficient;
    };
    let width = inner.weights.len();
    let rest = Pulled {
        coefficient: pulled.coefficient,
        parts: pulled
            .parts
            .iter()
            .filter(|part| !core::ptr::eq(*part, inner))
            .cloned()
            .collect(),
    };
    let outer_len = len.checked_div(width).unwrap_or(0);
    let mut sum = E::ZERO;
    for row in 0..outer_len {
        let start = row.saturating_mul(width);
        let weight = weight_at(&rest, shape, &strides, start);
        if weight == E::ZERO {
            continue;
        }
        let dot: E = inner
            .weights
            .iter()
            .enumerate()
            .filter(|(_, weight)| !weight.is_zero())
            .map(|(y, &weight)| weight * integer::<F>(values(start.saturating_add(y))))
            .sum();
        sum += weight * dot;
    }
    sum * pulled.coefficient
}

/// The part that consists of the last axis alone, if there is one.
fn innermost<E>(pulled: &Pulled<E>, rank: usize) -> Option<&Part<E>> {
    let last = rank.checked_sub(1)?;
    pulled
        .parts
        .iter()
        .find(|part| part.axes.as_slice() == [last])
}

/// Row-major strides.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1usize; shape.len()];
    let mut stride = 1usize;
    for (to, &size) in strides.iter_mut().zip(shape).rev() {
        *to = stride;
        stride = stride.saturating_mul(size);
    }
    strides
}

/// The product of the parts' weights at flat index `y`.
fn weight_at<E: Field>(pulled: &Pulled<E>, shape: &[usize], strides: &[usize], y: usize) -> E {
    pulled
        .parts
        .iter()
        .map(|part| {
            let joint = part.axes.iter().fold(0usize, |joint, &axis| {
                let (size, stride) = (
                    shape.get(axis).copied().unwrap_or(1),
                    strides.get(axis).copied().unwrap_or(1),
                );
                let coordinate = y
                    .checked_div(stride)
                    .and_then(|y| y.checked_rem(size))
                    .unwrap_or(0);
                joint.saturating_mul(size).saturating_add(coordinate)
            });
            part.weights.get(joint).copied().unwrap_or(E::ZERO)
        })
        .product()
}

/// A small integer as a field element.
pub fn integer<F: Field>(value: i64) -> F {
    let magnitude = F::from_u64(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use p3_field::PrimeCharacteristicRing;
    use p3_field::extension::BinomialExtensionField;
    use p3_goldilocks::Goldilocks;
    use relation::{ColumnId, Source};

    use super::*;

    type E = BinomialExtensionField<Goldilocks, 2>;

    /// An axis of a view: its extent, its offset and its terms.
    type Axis = (usize, i64, Vec<(usize, i64)>);

    #[test]
    fn nothing_is_pulled_back_through_an_empty_factor() {
        let n = 8;
        let output: Vec<Axis> = vec![(n, 0, vec![(0, 1)]), (n, 0, vec![(1, 1)])];
        let all = (0..4).map(|digit| (digit, 1)).collect();
        let sources: Vec<Axis> = vec![(2 * n + 4, 0, all)];
        let weights = vec![Weights::from(vec![E::TWO; n]); 2];
        // The guard leaves two of the pairs of the last two digits, or none.
        for (offset, expected) in [(-1, 2 * 4 * 64), (-10, 0)] {
            let guards: Vec<Axis> = vec![(1, offset, vec![(2, 1), (3, 1)])];
            let source = Source::Column(ColumnId(0));
            let parts = (source, vec![n, n, 2, 2], &output, &sources, guards);
            let bytes = postcard::to_allocvec(&parts).unwrap();
            let view: View = postcard::from_bytes(&bytes).unwrap();
            assert_eq!(view.components()[0].factors().len(), 3);
            let pulled = pull_back(&view, E::ONE, &weights);
            let sum: E = pulled
                .parts
                .iter()
                .flat_map(|part| part.weights.iter().copied())
                .sum();
            assert_eq!(sum, E::from_u32(expected));
        }
    }
}
