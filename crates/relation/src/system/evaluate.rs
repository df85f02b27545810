//! Evaluation of whole combinations and einsums.
//!
//! Values are kept modulo `2^64`: the integers map to it by a homomorphism, and the two sides of a
//! relation of a valid system differ by less than the modulus of the field, which is less than
//! `2^64`, as long as all columns are in their intervals. So equal here means equal.

use crate::combination::{Combination, Einsum};
use crate::shape;
use crate::tensor::{Data, Tensor};
use crate::view::{Run, Source, View};
use alloc::vec::Vec;

/// The tensors behind the sources of a system.
pub(crate) struct Sources<'a> {
    pub(crate) columns: &'a [Tensor],
    pub(crate) publics: Vec<Option<&'a Tensor>>,
}

impl<'a> Sources<'a> {
    /// The tensor behind a source; none for the constant one.
    pub(crate) fn tensor(&self, source: Source) -> Option<&'a Tensor> {
        match source {
            Source::One => None,
            Source::Column(id) => self.columns.get(id.0),
            Source::Public(id) => self.publics.get(id.0).copied().flatten(),
        }
    }

    /// All elements of a combination, modulo `2^64`.
    pub(crate) fn combination(&self, combination: &Combination) -> Vec<i64> {
        let mut sum = alloc::vec![0; shape::len(combination.shape()).unwrap_or(0)];
        for term in combination.terms() {
            let factor = term.coefficient;
            match self.tensor(term.view.source()).map(|tensor| &tensor.data) {
                None => add_view(&mut sum, &term.view, factor, &[1i8]),
                Some(Data::I8(values)) => add_view(&mut sum, &term.view, factor, values),
                Some(Data::I16(values)) => add_view(&mut sum, &term.view, factor, values),
                Some(Data::I32(values)) => add_view(&mut sum, &term.view, factor, values),
                Some(Data::I64(values)) => add_view(&mut sum, &term.view, factor, values),
            }
        }
        sum
    }

    /// Adds an einsum to the elements of a tensor of shape `shape`, modulo `2^64`.
    pub(crate) fn add_einsum(&self, sum: &mut [i64], shape: &[usize], einsum: &Einsum) {
        let mut a = self.combination(&einsum.a);
        a.iter_mut()
            .for_each(|a| *a = a.wrapping_mul(einsum.coefficient));
        let b = self.combination(&einsum.b);
        let strides = (
            shape::strides(einsum.a.shape()),
            shape::strides(einsum.b.shape()),
            shape::strides(shape),
        );
        let stride = |labels: &[usize], strides: &[usize], label: usize| {
            let at = labels.iter().position(|&other| other == label);
            at.and_then(|at| strides.get(at).copied()).unwrap_or(0)
        };
        let mut loops: Vec<Loop> = { einsum.labels().into_iter() }
            .map(|(label, size, ..)| Loop {
                size,
                sum: strides.2.get(label).copied().unwrap_or(0),
                a: stride(&einsum.a_labels, &strides.0, label),
                b: stride(&einsum.b_labels, &strides.1, label),
            })
            .collect();
        // Innermost a loop with neighbours in both operands of a dot product, or in the sum and one
        // operand; the operands' large strides outside.
        loops.sort_by_key(|level| core::cmp::Reverse((level.a.max(level.b), level.sum)));
        contract(&loops, sum, &a, &b);
    }
}

/// One loop of an einsum: its size and the distance it moves in each tensor.
struct Loop {
    size: usize,
    sum: usize,
    a: usize,
    b: usize,
}

fn contract(loops: &[Loop], sum: &mut [i64], a: &[i64], b: &[i64]) {
    let Some((level, inner)) = loops.split_first() else {
        if let (Some(sum), Some(a), Some(b)) = (sum.first_mut(), a.first(), b.first()) {
            *sum = sum.wrapping_add(a.wrapping_mul(*b));
        }
        return;
    };
    if inner.is_empty() {
        contract_last(level, sum, a, b);
        return;
    }
    for at in 0..level.size {
        let rest = sum
            .get_mut(at * level.sum..)
            .zip(a.get(at * level.a..))
            .zip(b.get(at * level.b..));
        if let Some(((sum, a), b)) = rest {
            contract(inner, sum, a, b);
        }
    }
}

fn contract_last(level: &Loop, sum: &mut [i64], a: &[i64], b: &[i64]) {
    let product = |(a, b): (&i64, &i64)| a.wrapping_mul(*b);
    match (level.sum, level.a, level.b) {
        (0, 1, 1) => {
            let pairs = a.iter().zip(b).take(level.size);
            let dot = pairs.map(product).fold(0i64, i64::wrapping_add);
            sum.iter_mut()
                .take(1)
                .for_each(|sum| *sum = sum.wrapping_add(dot));
        }
        (1, 0, 1) | (1, 1, 0) => {
            let (vector, scalar) = if level.a == 0 { (b, a) } else { (a, b) };
            let scalar = scalar.first().copied().unwrap_or(0);
            for (sum, value) in sum.iter_mut().zip(vector).take(level.size) {
                *sum = sum.wrapping_add(scalar.wrapping_mul(*value));
            }
        }
        _ => {
            for at in 0..level.size {
                let pair = a.get(at * level.a).zip(b.get(at * level.b));
                if let (Some(sum), Some(pair)) = (sum.get_mut(at * level.sum), pair) {
                    *sum = sum.wrapping_add(product(pair));
                }
            }
        }
    }
}

/// Adds `factor` times a view of `values` to `sum`.
fn add_view<T: Copy + Into<i64>>(sum: &mut [i64], view: &View, factor: i64, values: &[T]) {
    view.for_each_run(|run| {
        let neighbours = (run.output_step == 1 && run.source_step == 1).then(|| {
            let sum = sum.get_mut(run.output..run.output.checked_add(run.len)?)?;
            Some((
                sum,
                values.get(run.source..run.source.checked_add(run.len)?)?,
            ))
        });
        match neighbours.flatten() {
            Some((sum, values)) => {
                for (sum, &value) in sum.iter_mut().zip(values) {
                    *sum = sum.wrapping_add(factor.wrapping_mul(value.into()));
                }
            }
            None => add_entries(sum, run, factor, values),
        }
    });
}

fn add_entries<T: Copy + Into<i64>>(sum: &mut [i64], run: Run, factor: i64, values: &[T]) {
    for (output, source) in run.entries() {
        if let (Some(sum), Some(&value)) = (sum.get_mut(output), values.get(source)) {
            *sum = sum.wrapping_add(factor.wrapping_mul(value.into()));
        }
    }
}
