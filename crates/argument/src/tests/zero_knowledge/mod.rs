//! Zero knowledge of whole proofs. These tests try to refute it; each has a control in which a leak is found.

mod dictionary;
mod masks;
mod rank;
mod simulator;
mod statistics;

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{Field, PrimeCharacteristicRing};
use relation::test_systems::Maker;
use relation::{Assignment, Combination, Einsum, Interval, Role, System};

use super::{Case, QUARTER, parameters, tiny};
use crate::opening::{Opened, Rows};
use crate::profile::{F, Goldilocks2, Profile};
use crate::proof::Proof;
use crate::verify::{Statement, opened};

type E = <Goldilocks2 as Profile>::E;

/// A statement that two witnesses as different as can be satisfy: zeros, and the ends of all intervals.
///
/// `x` and `w` are in `0..4`, `z = x w`, `y = -z`, `v = s`, and `z + y + s - v`, which is zero, is public.
fn extremes(high: bool) -> (System, Assignment) {
    // The two elements of z differ, so that its extension is no constant.
    let values = |highest: [i64; 2]| if high { highest.to_vec() } else { vec![0; 2] };
    let mut maker = Maker::new(0);
    let w = maker.column("w", &[2], Role::Parameter, QUARTER, values([3, 1]));
    let s = maker.column("s", &[2], Role::Sealed(0), QUARTER, values([3, 3]));
    let x = maker.column("x", &[2], Role::Witness, QUARTER, values([3, 3]));
    let numbers = maker.range("numbers", 4);
    let v = maker.column("v", &[2], Role::Witness, QUARTER, values([3, 3]));
    for (name, column) in [("x", x), ("v", v)] {
        let row = vec![maker.view(column).into()];
        maker.builder.lookup(name, row, numbers);
    }
    let z = maker.column(
        "z",
        &[2],
        Role::Witness,
        Interval::new(0, 9),
        values([9, 3]),
    );
    let einsum = Einsum {
        coefficient: 1,
        a: maker.view(x).into(),
        a_labels: vec![0],
        b: maker.view(w).into(),
        b_labels: vec![0],
    };
    let left = maker.view(z).into();
    maker.builder.product("z", left, vec![einsum]);
    let y = maker.column(
        "y",
        &[2],
        Role::Witness,
        Interval::new(-9, 0),
        values([-9, -3]),
    );
    let opposites = Combination::from(maker.view(y)).plus(maker.view(z));
    maker.builder.linear("y", opposites.expect("same shape"));
    let sum = Combination::from(maker.view(z))
        .plus(maker.view(y))
        .and_then(|sum| sum.plus(maker.view(s)))
        .and_then(|sum| sum.plus_times(-1, maker.view(v)))
        .expect("same shape");
    let output = maker.statement("output", &[2], Interval::new(-20, 20), vec![0; 2]);
    let equation = sum.minus(maker.public(output)).expect("same shape");
    maker.builder.linear("output", equation);
    maker.finish()
}

/// What an accepted proof shows of the commitments.
fn shown<P: Profile>(case: &Case<P>, proof: &Proof<P>) -> Opened {
    let statement = Statement {
        publics: &case.assignment.statement,
        commitments: &case.commitments,
    };
    opened(&case.description, &statement, proof).expect("an honest proof")
}

/// The `len` coefficients of a row, without those that its group hides with.
fn coefficients(rows: &dyn Rows, row: usize, len: usize) -> Vec<F> {
    let mut coefficients = F::zero_vec(len);
    for (index, block) in coefficients.chunks_mut(256).enumerate() {
        rows.write(row, 256 * index, block);
    }
    coefficients
}

/// The value of a polynomial, constant coefficient first.
fn horner(coefficients: &[F], x: F) -> F {
    coefficients
        .iter()
        .rev()
        .fold(F::ZERO, |value, &coefficient| value * x + coefficient)
}

/// The effect of the last `hidden` coefficients of a polynomial with `len` of them on its value at `x`.
fn effect(len: usize, hidden: usize, x: F) -> Vec<F> {
    let first = x.exp_u64((len - hidden) as u64);
    x.shifted_powers(first).take(hidden).collect()
}

/// Brings `matrix`, whose rows may have further entries after the first `columns`, to reduced echelon form in these, and
/// says what its rank is there.
fn eliminate(matrix: &mut [Vec<F>], columns: usize) -> usize {
    let mut rank = 0;
    for column in 0..columns {
        let Some(pivot) = (rank..matrix.len()).find(|&row| matrix[row][column] != F::ZERO) else {
            continue;
        };
        matrix.swap(rank, pivot);
        let inverse = matrix[rank][column].inverse();
        matrix[rank].iter_mut().for_each(|entry| *entry *= inverse);
        let pivot = matrix[rank].clone();
        for (row, entries) in matrix.iter_mut().enumerate() {
            let factor = entries[column];
            if row != rank && factor != F::ZERO {
                let pairs = entries.iter_mut().zip(&pivot);
                pairs.for_each(|(entry, &p)| *entry -= factor * p);
            }
        }
        rank += 1;
    }
    rank
}
