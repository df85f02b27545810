//! What wide components add to fingerprints.

use alloc::vec::Vec;
use core::ops::Range;

use p3_field::{ExtensionField, Field};
use p3_maybe_rayon::prelude::*;
use relation::{Combination, Source, Tensor};

use super::leaves::field_values;
use super::shape::{Factor, Tuples};
use super::values::is_small;
use crate::claims::outer;
use crate::kernel::{coordinates, dot};

/// Values that a thread reads at a time.
const VALUES: usize = 1 << 16;

/// `sum beta^position v` over all positions of all wide components, for each index of the tuples; empty without any.
///
/// Cost: one product of `E` with `F` for each value, in parallel along the first axis of the indices.
pub(super) fn sums<'t, F, E>(
    tuples: &Tuples<'_>,
    factors: &[Factor<E>],
    read: &(impl Fn(Source) -> Option<&'t Tensor> + Sync),
) -> Vec<E>
where
    F: Field,
    E: ExtensionField<F>,
{
    let wide = tuples.components.iter().zip(factors);
    let wide: Vec<_> = wide
        .filter(|(_, factor)| !factor.is_narrow())
        .map(|(component, factor)| Wide::<F>::new(component, factor, read))
        .collect();
    let most = wide.iter().map(|wide| wide.positions).max();
    let (Some(most), shape) = (most, tuples.shape()) else {
        return Vec::new();
    };
    let (&first, inner) = shape.split_first().unwrap_or((&1, &[]));
    let len: usize = inner.iter().product();
    let step = (VALUES / (most * len).max(1)).max(1);
    let parts: Vec<Vec<E>> = (0..first.div_ceil(step))
        .into_par_iter()
        .map(|part| {
            let rows = part * step..((part + 1) * step).min(first);
            let mut sums = E::zero_vec(rows.len() * len);
            let outer = (!shape.is_empty()).then_some(rows);
            let region = outer.into_iter().chain(inner.iter().map(|&size| 0..size));
            let region: Vec<Range<usize>> = region.collect();
            for wide in &wide {
                wide.add::<E>(&region, &mut sums, read);
            }
            sums
        })
        .collect();
    parts.into_iter().flatten().collect()
}

/// A wide component.
struct Wide<'s, F> {
    component: &'s Combination,
    /// Sizes of the further axes.
    further: Vec<usize>,
    /// Positions for each index.
    positions: usize,
    /// The coordinates of the positions' factors.
    factors: Vec<Vec<F>>,
    small: bool,
}

impl<'s, F: Field> Wide<'s, F> {
    fn new<'t, E: ExtensionField<F>>(
        component: &'s Combination,
        factor: &Factor<E>,
        read: &impl Fn(Source) -> Option<&'t Tensor>,
    ) -> Self {
        let factors = outer(factor.further.iter().map(Vec::as_slice));
        let factors: Vec<E> = { factors.into_iter() }
            .map(|power| power * factor.first)
            .collect();
        Self {
            component,
            further: factor.further.iter().map(Vec::len).collect(),
            positions: factors.len(),
            factors: coordinates::<F, E>(&factors),
            small: is_small(component, read),
        }
    }

    fn add<'t, E: ExtensionField<F>>(
        &self,
        region: &[Range<usize>],
        sums: &mut [E],
        read: &impl Fn(Source) -> Option<&'t Tensor>,
    ) {
        let further = self.further.iter().map(|&size| 0..size);
        let region: Vec<Range<usize>> = region.iter().cloned().chain(further).collect();
        let values = field_values::<F>(self.component, &region, self.small, read);
        for (sum, values) in sums.iter_mut().zip(values.chunks_exact(self.positions)) {
            *sum += E::from_basis_coefficients_fn(|at| dot(&self.factors[at], values));
        }
    }
}
