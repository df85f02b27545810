//! Contraction of one axis of a tensor with vectors of challenge field elements.
//!
//! The tensor of the first contraction holds small integers. A weight is cut into signed 32-bit limbs; products of a
//! limb and a small integer are summed in 64-bit words and reduced once at the end, which is several times faster
//! than field products.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, PackedValue, PrimeField64};
use rayon::prelude::*;

use super::table::{self, Table, lane, lanes, put};

/// Inner elements that one thread sums at a time: the sums of all limbs stay in the nearest cache.
const INNER: usize = 512;
/// Rows that one thread sums at a time.
const ROWS: usize = 512;
/// Elements of a long dot product that one thread sums at a time.
const LONG: usize = 1 << 14;
/// The longest axis beside another one that is worth its own contraction.
const MERGED: usize = 1 << 12;

/// An integer type of a tensor.
pub(super) trait Small: Copy + Default + Send + Sync + Into<i64> + 'static {}
impl Small for i8 {}
impl Small for i16 {}
impl Small for i32 {}
impl Small for i64 {}

/// One row of a sparse matrix over the challenge field.
#[derive(Clone, Debug)]
pub(super) enum Row<E> {
    /// Weights of consecutive indices.
    Span {
        /// The first index.
        start: usize,
        /// The weights from there.
        weights: Vec<E>,
    },
    /// Weights of single indices, in increasing order.
    Sparse(Vec<(usize, E)>),
}

impl<E: Field> Row<E> {
    /// The row with these entries, in increasing order of the index.
    pub(super) fn new(entries: Vec<(usize, E)>) -> Self {
        let (start, end) = match (entries.first(), entries.last()) {
            (Some(first), Some(last)) => (first.0, last.0 + 1),
            _ => (0, 0),
        };
        if end - start > 4 * entries.len() {
            return Self::Sparse(entries);
        }
        let mut weights = vec![E::ZERO; end - start];
        for (index, weight) in entries {
            weights[index - start] += weight;
        }
        Self::Span { start, weights }
    }

    /// The row with these weights, without the zeros at its ends.
    pub(super) fn dense(weights: &[E]) -> Self {
        let start = { weights.iter() }.position(|weight| !weight.is_zero());
        let last = { weights.iter() }.rposition(|weight| !weight.is_zero());
        let (start, end) = start
            .zip(last)
            .map_or((0, 0), |(start, last)| (start, last + 1));
        Self::Span {
            start,
            weights: weights[start..end].to_vec(),
        }
    }

    fn entries(&self) -> Vec<(usize, E)> {
        match self {
            Self::Span { start, weights } => (*start..).zip(weights.iter().copied()).collect(),
            Self::Sparse(entries) => entries.clone(),
        }
    }

    /// The Kronecker product of two rows, `inner` over `len` indices, if it is short enough to be worth it.
    pub(super) fn merged(&self, inner: &Self, len: usize) -> Option<Self> {
        let (
            Self::Span { start, weights },
            Self::Span {
                start: inner_start,
                weights: inner,
            },
        ) = (self, inner)
        else {
            return None;
        };
        if weights.len() * len > MERGED {
            return None;
        }
        let mut merged = vec![E::ZERO; weights.len() * len];
        for (row, &weight) in merged.chunks_mut(len).zip(weights) {
            for (out, &w) in row[*inner_start..].iter_mut().zip(inner) {
                *out = weight * w;
            }
        }
        Some(Self::Span {
            start: start * len,
            weights: merged,
        })
    }
}

/// A weight as signed limbs: `sum_d (limb[2 d] + 2^32 limb[2 d + 1]) basis_d`.
fn limbs<F: PrimeField64, E: ExtensionField<F>>(weight: &E, mut put: impl FnMut(usize, i32)) {
    for (d, coefficient) in weight.as_basis_coefficients_slice().iter().enumerate() {
        let value = i128::from(coefficient.as_canonical_u64());
        // Both limbs of the smaller of the two representatives fit in 32 bits.
        let value = if value < (1 << 63) - (1 << 31) {
            value
        } else {
            value - i128::from(F::ORDER_U64)
        };
        let low = value as i32;
        put(2 * d, low);
        put(2 * d + 1, ((value - i128::from(low)) >> 32) as i32);
    }
}

/// The element whose limbs sum to `sum(l)`.
fn recombine<F: PrimeField64, E: ExtensionField<F>>(sum: impl Fn(usize) -> i64) -> E {
    E::from_basis_coefficients_fn(|d| recombine_base::<F>(sum(2 * d), sum(2 * d + 1)))
}

fn recombine_base<F: PrimeField64>(low: i64, high: i64) -> F {
    F::from_i64(low) + F::from_i64(high) * F::from_u64(1 << 32)
}

/// A bound of the magnitude of all of `data`.
pub(super) fn magnitude<T: Small>(data: &[T]) -> u64 {
    match size_of::<T>() {
        1 => 1 << 7,
        2 => 1 << 15,
        _ => data
            .par_iter()
            .with_min_len(LONG)
            .map(|&x| x.into().unsigned_abs())
            .max()
            .unwrap_or(0),
    }
}

/// How many products of a limb with an integer of this magnitude a 64-bit sum holds.
pub(super) fn capacity(magnitude: u64) -> usize {
    ((1u64 << 32) / (magnitude.saturating_add(1))) as usize
}

/// `out[o, k, x] = sum_s rows[k][s] data[o, s, x]` for `data [outer, len, inner]` of small integers.
///
/// Cost: about one multiplication of machine words for each limb of a weight and element.
///
/// # Panics
/// If [`capacity`] is 0: such integers are field elements.
pub(super) fn integers<T: Small, F: PrimeField64, E: ExtensionField<F>>(
    data: &[T],
    [outer, len, inner]: [usize; 3],
    rows: &[Row<E>],
    capacity: usize,
) -> Table<F> {
    assert!(capacity > 0, "the integers are too wide to be summed");
    assert_eq!(data.len(), outer * len * inner);
    if inner == 1 {
        let mut out = vec![E::ZERO; outer * rows.len()];
        for (k, row) in rows.iter().enumerate() {
            let sums = dots::<T, F, E>(data, len, row, capacity);
            for (out, sum) in out[k..].iter_mut().step_by(rows.len()).zip(sums) {
                *out = sum;
            }
        }
        return Table::from_elements(&out);
    }
    let mut out = Table::zeros(E::DIMENSION, outer * rows.len() * inner);
    for (k, row) in rows.iter().enumerate() {
        let entries = row.entries();
        let chunks = inner.div_ceil(INNER);
        let sums: Vec<Table<F>> = (0..outer * chunks)
            .into_par_iter()
            .map(|task| {
                let (block, start) = (task / chunks, task % chunks * INNER);
                let block = &data[block * len * inner..][..len * inner];
                let width = INNER.min(inner - start);
                combine::<T, F, E>(block, inner, start, width, &entries, capacity)
            })
            .collect();
        for (task, sum) in sums.iter().enumerate() {
            let (block, start) = (task / chunks, task % chunks * INNER);
            let at = (block * rows.len() + k) * inner + start;
            for (out, sum) in out.planes.iter_mut().zip(&sum.planes) {
                out[at..at + sum.len()].copy_from_slice(sum);
            }
        }
    }
    out
}

/// `out[x] = sum_s entries[s] block[s, start + x]` for `x < width`.
fn combine<T: Small, F: PrimeField64, E: ExtensionField<F>>(
    block: &[T],
    inner: usize,
    start: usize,
    width: usize,
    entries: &[(usize, E)],
    capacity: usize,
) -> Table<F> {
    let part = |entries: &[(usize, E)]| {
        let mut sums = vec![0i64; 2 * E::DIMENSION * width];
        for group in entries.chunks(4) {
            let rows: [&[T]; 4] = core::array::from_fn(|i| {
                let (index, _) = group[i.min(group.len() - 1)];
                &block[index * inner + start..][..width]
            });
            let mut limb = vec![[0i32; 4]; 2 * E::DIMENSION];
            for (i, (_, weight)) in group.iter().enumerate() {
                limbs::<F, E>(weight, |l, value| limb[l][i] = value);
            }
            for (sums, limb) in sums.chunks_mut(width).zip(&limb) {
                accumulate(sums, rows, *limb);
            }
        }
        let plane = |d: usize| {
            let (low, high) = sums[2 * d * width..][..2 * width].split_at(width);
            core::iter::zip(low, high)
                .map(|(&low, &high)| recombine_base::<F>(low, high))
                .collect()
        };
        Table {
            planes: (0..E::DIMENSION).map(plane).collect(),
        }
    };
    entries
        .par_chunks(ROWS.min(capacity))
        .map(part)
        .reduce_with(|mut a, b| {
            a.add_scaled(&b, F::ONE);
            a
        })
        .unwrap_or_else(|| Table::zeros(E::DIMENSION, width))
}

/// `sums[x] += sum_i limb[i] rows[i][x]`.
fn accumulate<T: Small>(sums: &mut [i64], rows: [&[T]; 4], limb: [i32; 4]) {
    let [a, b, c, d] = rows.map(|row| &row[..sums.len()]);
    let [wa, wb, wc, wd] = limb.map(i64::from);
    for (x, sum) in sums.iter_mut().enumerate() {
        let (a, b): (i64, i64) = (a[x].into(), b[x].into());
        let (c, d): (i64, i64) = (c[x].into(), d[x].into());
        *sum += wa * a + wb * b + wc * c + wd * d;
    }
}

/// `sum_s row[s] data[o, s]` for every `o`.
fn dots<T: Small, F: PrimeField64, E: ExtensionField<F>>(
    data: &[T],
    len: usize,
    row: &Row<E>,
    capacity: usize,
) -> Vec<E> {
    let (start, weights) = match row {
        Row::Span { start, weights } => (*start, weights),
        Row::Sparse(entries) => {
            let sum = |data: &[T]| {
                let product =
                    |&(index, weight): &(usize, E)| weight * F::from_i64(data[index].into());
                entries.iter().map(product).sum()
            };
            return data.par_chunks(len).map(sum).collect();
        }
    };
    let planes = 2 * E::DIMENSION;
    let mut limb = vec![vec![0i32; weights.len()]; planes];
    for (s, weight) in weights.iter().enumerate() {
        limbs::<F, E>(weight, |l, value| limb[l][s] = value);
    }
    let step = LONG.min(capacity);
    let sum = |data: &[T]| -> E {
        let data = &data[start..start + weights.len()];
        (0..weights.len().div_ceil(step))
            .into_par_iter()
            .map(|part| {
                let range = part * step..weights.len().min((part + 1) * step);
                recombine::<F, E>(|l| dot(&limb[l][range.clone()], &data[range.clone()]))
            })
            .sum()
    };
    data.par_chunks(len)
        .with_min_len(1 + LONG / len)
        .map(sum)
        .collect()
}

/// The dot product of limbs with small integers; one loop that the compiler vectorises.
pub(super) fn dot<T: Small>(limbs: &[i32], integers: &[T]) -> i64 {
    let product = |(&limb, &integer): (&i32, &T)| i64::from(limb) * integer.into();
    limbs.iter().zip(integers).map(product).sum()
}

/// As [`integers`], for a table of field elements.
pub(super) fn elements<F: Field, E: ExtensionField<F>>(
    data: &Table<F>,
    [outer, len, inner]: [usize; 3],
    rows: &[Row<E>],
) -> Table<F> {
    assert_eq!(data.len(), outer * len * inner);
    let blocks: Vec<Table<F>> = (0..outer * rows.len())
        .into_par_iter()
        .map(|task| {
            let (block, row) = (task / rows.len(), &rows[task % rows.len()]);
            match row {
                Row::Span { start, weights } if inner == 1 => {
                    let weights = Table::from_elements(weights);
                    let data = data.run(block * len + start, weights.len());
                    let sum: E = table::dot::<F, E>(&weights.run(0, weights.len()), &data);
                    Table::from_elements(&[sum])
                }
                row => {
                    let mut out = Table::zeros(E::DIMENSION, inner);
                    for (s, weight) in row.entries() {
                        add_product(
                            &mut out,
                            &data.run((block * len + s) * inner, inner),
                            weight,
                        );
                    }
                    out
                }
            }
        })
        .collect();
    let planes = (0..E::DIMENSION)
        .map(|d| {
            blocks
                .iter()
                .flat_map(|block| block.planes[d].iter().copied())
                .collect()
        })
        .collect();
    Table { planes }
}

/// `out[x] += weight * data[x]`.
fn add_product<F: Field, E: ExtensionField<F>>(out: &mut Table<F>, data: &[&[F]], weight: E) {
    let weight = E::ExtensionPacking::from(weight);
    for x in (0..out.len()).step_by(F::Packing::WIDTH) {
        let sum = lanes::<F, E>(&out.planes, x)
            + if data.len() == 1 {
                weight * lane(data[0], x)
            } else {
                weight * lanes::<F, E>(data, x)
            };
        put::<F, E>(&mut out.planes, x, &sum);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use p3_field::extension::BinomialExtensionField;
    use p3_field::{PrimeCharacteristicRing, PrimeField64};
    use p3_goldilocks::Goldilocks as F;

    use super::{Row, capacity, elements, integers, limbs, magnitude, recombine};
    use crate::products::table::Table;

    type E = BinomialExtensionField<F, 2>;

    #[test]
    fn limbs_of_the_extreme_elements_recombine() {
        let middle = F::ORDER_U64 / 2;
        for element in [
            0,
            1,
            1 << 31,
            middle - 1,
            middle,
            middle + 1,
            middle + (1 << 31),
            F::ORDER_U64 - 1,
        ] {
            let element = E::from_u64(element);
            let mut found = [0i32; 4];
            limbs::<F, E>(&element, |l, limb| found[l] = limb);
            assert_eq!(recombine::<F, E>(|l| found[l].into()), element);
        }
    }

    #[test]
    fn integers_of_the_greatest_magnitude_do_not_overflow_a_sum() {
        // All products have one sign and the greatest magnitude.
        let weight = -E::from_u64(1 << 31);
        for data in [vec![i32::from(i16::MIN); 300_000], vec![-(1 << 27); 1000]] {
            let capacity = capacity(magnitude(&data));
            let table = Table {
                planes: vec![
                    data.iter()
                        .map(|&x| F::from_i64(x.into()))
                        .collect::<Vec<_>>(),
                ],
            };
            for inner in [1, 2] {
                let dims = [1, data.len() / inner, inner];
                let rows = [Row::Span {
                    start: 0,
                    weights: vec![weight; dims[1]],
                }];
                let sum = integers::<i32, F, E>(&data, dims, &rows, capacity);
                assert_eq!(sum, elements::<F, E>(&table, dims, &rows));
            }
        }
    }
}
