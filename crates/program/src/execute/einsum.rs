//! Exact einsums: integer matrix products through a floating-point kernel where that is exact.

use super::{Array, each};
use crate::operator::{Contract, Step};
use rayon::prelude::*;

/// Double precision holds all integers up to this one.
const EXACT: u128 = 1 << 53;

/// Elements of a second operand that are turned into numbers at a time, if there are more: these stay in cache.
const PANEL: usize = 1 << 17;

/// The fewest columns that are turned into numbers at a time: the first operand is packed once for all of them.
const COLUMNS: usize = 32;

/// The einsum of two arrays.
///
/// Axes are sorted into batch, rows, columns and summed ones, which makes the einsum a batch of matrix
/// products. `sizes` is what [`Contract::sizes`] said, `shape` that of the result.
pub fn einsum(
    contract: &Contract,
    sizes: &[(usize, usize)],
    a: &Array,
    b: &Array,
    shape: &[usize],
) -> Array {
    let plan = Plan::new(contract, sizes);
    let (a, b) = (
        plan.arrange(a, &contract.a_labels, true),
        plan.arrange(b, &contract.b_labels, false),
    );
    let terms = u128::try_from(plan.size(&plan.summed)).unwrap_or(u128::MAX);
    let (most_a, most_b) = (u128::from(a.magnitude()), u128::from(b.magnitude()));
    let product = most_a.saturating_mul(most_b).saturating_mul(terms);
    let values = if product <= EXACT {
        // Weights are read in the order in which they lie: another one misses the cache at each element.
        let turned = plan.turned(&b);
        let lies_turned = !b.is_contiguous_along_last() && turned.is_contiguous_along_last();
        let b = if lies_turned { turned } else { b };
        if b.len() > PANEL && plan.size(&plan.batch) == 1 {
            plan.by_panels(&a.to_f64s(), &b, lies_turned)
        } else {
            plan.floating(&a.to_f64s(), &b.to_f64s(), lies_turned)
        }
    } else {
        plan.integral(&a.to_vec(), &b.to_vec())
    };
    // From batch, rows, columns to the order of the result.
    let order: Vec<usize> = { plan.batch.iter().chain(&plan.rows).chain(&plan.columns) }
        .map(|&(label, _)| label)
        .collect();
    let sorted: Vec<usize> = order.iter().map(|&label| shape[label]).collect();
    let back =
        { 0..shape.len() }.filter_map(|label| order.iter().position(|&other| other == label));
    Array::new(sorted, values).step(&Step::Permute(back.collect()))
}

/// The labels of an einsum by what they are in a batch of matrix products.
struct Plan {
    batch: Vec<(usize, usize)>,
    rows: Vec<(usize, usize)>,
    columns: Vec<(usize, usize)>,
    summed: Vec<(usize, usize)>,
}

impl Plan {
    fn new(contract: &Contract, sizes: &[(usize, usize)]) -> Self {
        let of = |in_a: bool, in_b: bool, summed: bool| {
            let is = |(label, _): &&(usize, usize)| {
                contract.a_labels.contains(label) == in_a
                    && contract.b_labels.contains(label) == in_b
                    && (*label >= contract.rank) == summed
            };
            sizes.iter().filter(is).copied().collect()
        };
        Self {
            batch: of(true, true, false),
            rows: of(true, false, false),
            columns: of(false, true, false),
            summed: of(true, true, true),
        }
    }

    fn size(&self, labels: &[(usize, usize)]) -> usize {
        labels.iter().map(|&(_, size)| size).product()
    }

    /// The operand with its axes in the order batch, rows, summed or batch, summed, columns.
    fn arrange(&self, operand: &Array, labels: &[usize], is_a: bool) -> Array {
        let parts = if is_a {
            [&self.batch, &self.rows, &self.summed]
        } else {
            [&self.batch, &self.summed, &self.columns]
        };
        let order = parts.into_iter().flatten();
        let order = order.filter_map(|&(label, _)| labels.iter().position(|&other| other == label));
        operand.clone().step(&Step::Permute(order.collect()))
    }

    /// The second operand, in the order batch, summed, columns, with its axes in the order batch, columns, summed.
    fn turned(&self, b: &Array) -> Array {
        let [batch, summed] = [&self.batch, &self.summed].map(Vec::len);
        let (columns, last) = (batch + summed, b.shape.len());
        let order = (0..batch).chain(columns..last).chain(batch..columns);
        b.clone().step(&Step::Permute(order.collect()))
    }

    /// `(batches, rows, summed, columns)`.
    fn dimensions(&self) -> (usize, usize, usize, usize) {
        let [batch, rows, summed, columns] =
            [&self.batch, &self.rows, &self.summed, &self.columns].map(|labels| self.size(labels));
        (batch, rows, summed, columns)
    }

    /// The products; the columns of `b` are its rows if it is `turned`.
    fn floating(&self, a: &[f64], b: &[f64], turned: bool) -> Vec<i64> {
        let (batch, m, k, n) = self.dimensions();
        if m * n * k <= 64 && !turned {
            return self.products(a, b, |a, b, sum: f64| a.mul_add(b, sum), to_integer);
        }
        let mut product = vec![0f64; batch * m * n];
        for (at, product) in product.chunks_exact_mut(m * n).enumerate() {
            let (a, b) = (
                &a[at * m * k..(at + 1) * m * k],
                &b[at * k * n..(at + 1) * k * n],
            );
            let threads = if m * n * k > 1 << 20 {
                gemm::Parallelism::Rayon(0)
            } else {
                gemm::Parallelism::None
            };
            multiply((m, k, n), a, b, turned, product, threads);
        }
        each(&product, to_integer)
    }

    /// [`Plan::floating`] for a single product with a large second operand, some of its columns after the other.
    fn by_panels(&self, a: &[f64], b: &Array, turned: bool) -> Vec<i64> {
        let (_, m, k, n) = self.dimensions();
        let summed = if turned { 0 } else { self.summed.len() };
        let mut columns = self.columns.iter().enumerate();
        let longer = columns.find(|&(_, &(_, size))| size > 1);
        let Some((first, &(_, size))) = longer.filter(|_| n >= 2 * COLUMNS) else {
            return self.floating(a, &b.to_f64s(), turned);
        };
        let axis = self.batch.len() + summed + first;
        let inner = n / size;
        let most = (PANEL / k).max(COLUMNS).div_ceil(inner);
        let starts: Vec<usize> = (0..size).step_by(most).collect();
        let panels: Vec<Vec<f64>> = { starts.into_par_iter() }
            .map_init(Vec::new, |numbers, start| {
                let len = most.min(size - start);
                let slice = Step::Slice {
                    axis,
                    start,
                    len,
                    step: 1,
                };
                b.clone().step(&slice).write_f64s(numbers);
                let mut product = vec![0f64; m * len * inner];
                let none = gemm::Parallelism::None;
                multiply((m, k, len * inner), a, numbers, turned, &mut product, none);
                product
            })
            .collect();
        let mut values = vec![0; m * n];
        let rows = values.par_chunks_exact_mut(n).enumerate();
        rows.for_each(|(row, mut values)| {
            for panel in &panels {
                let width = panel.len() / m;
                let own;
                (own, values) = values.split_at_mut(width);
                for (value, &number) in own.iter_mut().zip(&panel[row * width..]) {
                    *value = to_integer(number);
                }
            }
        });
        values
    }

    fn integral(&self, a: &[i64], b: &[i64]) -> Vec<i64> {
        self.products(a, b, |a, b, sum| sum + a * b, |value: i64| value)
    }

    fn products<T, U>(
        &self,
        a: &[T],
        b: &[T],
        add: impl Fn(T, T, U) -> U + Sync,
        finish: impl Fn(U) -> i64 + Sync,
    ) -> Vec<i64>
    where
        T: Copy + Sync,
        U: Default + Copy,
    {
        let (_, m, k, n) = self.dimensions();
        let row = |(row, result): (usize, &mut [i64])| {
            let a = &a[row * k..(row + 1) * k];
            let b = &b[row / m * k * n..][..k * n];
            for (column, value) in result.iter_mut().enumerate() {
                let sum = a.iter().enumerate().fold(U::default(), |sum, (at, &x)| {
                    add(x, b[at * n + column], sum)
                });
                *value = finish(sum);
            }
        };
        let (batch, ..) = self.dimensions();
        let mut values = vec![0; batch * m * n];
        if values.len() * k < 1 << 14 {
            values.chunks_exact_mut(n).enumerate().for_each(row);
        } else {
            values.par_chunks_exact_mut(n).enumerate().for_each(row);
        }
        values
    }
}

/// The product of matrices of `m * k` and `k * n` elements, row-major but for a second one that is `turned`: its columns
/// are its rows then.
fn multiply(
    (m, k, n): (usize, usize, usize),
    a: &[f64],
    b: &[f64],
    turned: bool,
    product: &mut [f64],
    threads: gemm::Parallelism,
) {
    let (b_columns, b_rows) = if turned {
        (k.cast_signed(), 1)
    } else {
        (1, n.cast_signed())
    };
    assert_eq!((a.len(), b.len(), product.len()), (m * k, k * n, m * n));
    // SAFETY: the three matrices are slices of m * k, k * n and m * n elements, row-major but for a second one that is
    // turned, which is what sizes and strides say; the result overlaps neither operand.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            product.as_mut_ptr(),
            1,
            n.cast_signed(),
            false,
            a.as_ptr(),
            1,
            k.cast_signed(),
            b.as_ptr(),
            b_columns,
            b_rows,
            0.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an integer below 2^53")]
fn to_integer(value: f64) -> i64 {
    value as i64
}
