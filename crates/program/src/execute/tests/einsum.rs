//! Einsums against a plain loop over all labels.

use crate::execute::{Array, einsum};
use crate::operator::{Contract, Step};
use proptest::prelude::*;
use relation::shape;

/// `sum over all labels of a[..] b[..]`, one term after the other.
fn naive(contract: &Contract, sizes: &[(usize, usize)], a: &Array, b: &Array) -> Vec<i128> {
    let all: Vec<usize> = sizes.iter().map(|&(_, size)| size).collect();
    let own = |label: usize| sizes.iter().position(|&(other, _)| other == label);
    let len = (0..contract.rank).map(|label| all[label]).product();
    let strides = shape::strides(&all[..contract.rank]);
    let mut results = vec![0i128; len];
    let (a_values, b_values) = (a.to_vec(), b.to_vec());
    for at in 0..all.iter().product() {
        let index = shape::unravel(&all, at);
        let read = |array: &Array, values: &[i64], labels: &[usize]| {
            let strides = shape::strides(&array.shape);
            let at = { labels.iter().zip(strides) }
                .map(|(&label, stride)| own(label).map_or(0, |label| index[label] * stride))
                .sum::<usize>();
            i128::from(values[at])
        };
        let result: usize = index
            .iter()
            .zip(&strides)
            .map(|(x, stride)| x * stride)
            .sum();
        results[result] +=
            read(a, &a_values, &contract.a_labels) * read(b, &b_values, &contract.b_labels);
    }
    results
}

fn compare(contract: &Contract, a: &Array, b: &Array) {
    let sizes = contract.sizes(&a.shape, &b.shape).expect("an einsum");
    let shape: Vec<usize> = sizes[..contract.rank]
        .iter()
        .map(|&(_, size)| size)
        .collect();
    let found = einsum(contract, &sizes, a, b, &shape);
    assert_eq!(found.shape, shape);
    let found: Vec<i128> = found.to_vec().into_iter().map(i128::from).collect();
    assert_eq!(found, naive(contract, &sizes, a, b), "{contract:?}");
}

/// Numbers of up to `bits` bits, the extremes among them.
fn array(shape: &[usize], bits: u32, seed: u64) -> Array {
    let len = shape.iter().product();
    let mut state = seed;
    let values = (0..len).map(|at| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(u64::try_from(at).unwrap_or(0));
        let end = (1i64 << bits) - 1;
        match state >> 61 {
            0 => end,
            1 => -end,
            _ => ((state >> 1).cast_signed() >> 8).rem_euclid(2 * end + 1) - end,
        }
    });
    Array::new(shape.to_vec(), values.collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn einsums_are_sums_of_products(
        // Per label: where it occurs (a, b, both, both and summed over), and its size.
        labels in prop::collection::vec((0u8..4, 1usize..5), 0..6),
        turns in any::<[usize; 2]>(),
        bits in (0u32..28, 0u32..28),
        seed in any::<u64>(),
    ) {
        let (kept, summed): (Vec<_>, Vec<_>) = labels.into_iter().partition(|&(kind, _)| kind < 3);
        let rank = kept.len();
        let all: Vec<(u8, usize)> = kept.into_iter().chain(summed).collect();
        let operand = |kinds: [u8; 3], turn: usize| {
            let mut labels: Vec<usize> =
                (0..all.len()).filter(|&label| kinds.contains(&all[label].0)).collect();
            if !labels.is_empty() {
                let by = turn % labels.len();
                labels.rotate_left(by);
            }
            let shape: Vec<usize> = labels.iter().map(|&label| all[label].1).collect();
            (labels, shape)
        };
        let (a_labels, a_shape) = operand([0, 2, 3], turns[0]);
        let (b_labels, b_shape) = operand([1, 2, 3], turns[1]);
        let (a, b) = (array(&a_shape, bits.0, seed), array(&b_shape, bits.1, !seed));
        compare(&Contract { rank, a_labels, b_labels }, &a, &b);
    }
}

fn matrix_product(batch: bool) -> Contract {
    let (rank, a_labels, b_labels) = if batch {
        (3, vec![0, 1, 3], vec![0, 3, 2])
    } else {
        (2, vec![0, 2], vec![2, 1])
    };
    Contract {
        rank,
        a_labels,
        b_labels,
    }
}

#[test]
fn matrix_products_are_exact_on_both_sides_of_two_to_the_53() {
    // 32 terms of 24 bits each way are 2^53 at most, and go through floating point; one more bit does not.
    for bits in [8, 24, 25, 26] {
        compare(
            &matrix_product(false),
            &array(&[7, 32], bits, 1),
            &array(&[32, 9], 24, 2),
        );
    }
    let ends = |bits: u32, shape: &[usize]| {
        let len = shape.iter().product();
        Array::new(shape.to_vec(), vec![(1 << bits) - 1; len])
    };
    for bits in [24, 25, 29, 30] {
        compare(
            &matrix_product(false),
            &ends(bits, &[3, 32]),
            &ends(24, &[32, 5]),
        );
    }
}

#[test]
fn large_and_batched_matrix_products_are_exact() {
    compare(
        &matrix_product(true),
        &array(&[3, 17, 40], 12, 3),
        &array(&[3, 40, 21], 12, 4),
    );
    compare(
        &matrix_product(true),
        &array(&[3, 17, 40], 30, 3),
        &array(&[3, 40, 21], 24, 4),
    );
    compare(
        &matrix_product(false),
        &array(&[110, 100], 8, 5),
        &array(&[100, 120], 8, 6),
    );
    compare(
        &matrix_product(false),
        &array(&[110, 100], 28, 5),
        &array(&[100, 120], 24, 6),
    );
}

#[test]
fn matrices_that_lie_turned_are_multiplied_where_they_lie() {
    let turned = |shape: &[usize], order: &[usize], bits| {
        array(shape, bits, 4).step(&Step::Permute(order.to_vec()))
    };
    for bits in [12, 28] {
        let (x, weights) = (array(&[7, 40], 24, 3), turned(&[30, 40], &[1, 0], bits));
        assert!(!weights.is_contiguous_along_last());
        compare(&matrix_product(false), &x, &weights);
        let (x, weights) = (
            array(&[3, 7, 40], 24, 3),
            turned(&[3, 30, 40], &[0, 2, 1], bits),
        );
        compare(&matrix_product(true), &x, &weights);
        // Neither order is that of the memory.
        let weights = turned(&[40, 30, 3], &[2, 0, 1], bits);
        compare(&matrix_product(true), &x, &weights);
    }
    // Few products go through the same path.
    let (x, weights) = (array(&[1, 2], 8, 3), turned(&[3, 2], &[1, 0], 8));
    compare(&matrix_product(false), &x, &weights);
}

#[test]
fn large_operands_are_multiplied_some_columns_at_a_time() {
    let x = array(&[2, 70], 12, 3);
    let product = matrix_product(false);
    compare(&product, &x, &array(&[70, 2000], 12, 4));
    let turned = array(&[2000, 70], 12, 4).step(&Step::Permute(vec![1, 0]));
    compare(&product, &x, &turned);
    // Columns on two axes, the first of which may have one index only.
    let columns = Contract {
        rank: 3,
        a_labels: vec![0, 3],
        b_labels: vec![3, 1, 2],
    };
    for shape in [[70, 40, 50], [70, 1, 2000], [70, 2000, 1], [70, 3, 701]] {
        compare(&columns, &x, &array(&shape, 12, 5));
    }
    // A single column, and few that are longer than a panel.
    compare(
        &product,
        &array(&[1, 140_000], 12, 3),
        &array(&[140_000, 1], 12, 4),
    );
    compare(
        &product,
        &array(&[1, 5000], 12, 3),
        &array(&[5000, 67], 12, 4),
    );
}

#[test]
fn windows_are_contracted_where_they_lie() {
    // A convolution: [channels, positions, offsets] with [filters, channels, offsets].
    let window = Step::Window {
        axis: 1,
        count: 9,
        size: 3,
        stride: 2,
        dilation: 2,
    };
    for bits in [10, 30] {
        let x = array(&[4, 21], bits, 7)
            .step(&Step::Reverse(1))
            .step(&window);
        let contract = Contract {
            rank: 2,
            a_labels: vec![2, 1, 3],
            b_labels: vec![0, 2, 3],
        };
        compare(&contract, &x, &array(&[5, 4, 3], 20, 8));
        let repeated = array(&[1, 3], 9, 9).step(&Step::Broadcast { axis: 0, size: 9 });
        let contract = Contract {
            rank: 2,
            a_labels: vec![1, 0, 2],
            b_labels: vec![0, 2],
        };
        compare(&contract, &x, &repeated);
    }
}
