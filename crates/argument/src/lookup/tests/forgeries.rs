//! Columns that do not fulfil the system, and provers that claim they do.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{BasedVectorSpace, Field, PrimeCharacteristicRing, PrimeField64};
use rand::SeedableRng;
use rand::rngs::StdRng;
use relation::{Assignment, Interval, Role, System};

use super::systems::{assign, column, constant, mixed, pair, tensor, turned, values, views, wide};
use super::{Case, E, F, challenger};
use crate::channel::sender::Sender;

/// Whether a proof that `prover` makes from `shown` is refuted, in both contexts, when `committed` is what was
/// committed to under the system of `case`.
pub(super) fn is_refuted(
    case: &Case,
    committed: &Assignment,
    prover: &Case,
    shown: &Assignment,
) -> bool {
    let messages = prover.messages(shown, None);
    let transparent = case.transparent(&messages, committed) != Ok(true);
    let masks = prover.masks(&mut StdRng::seed_from_u64(3));
    let messages = prover.messages(shown, Some(&masks));
    transparent && !case.masked(&messages, committed, &masks)
}

/// Replaces one value of a column.
pub(super) fn set(assignment: &mut Assignment, column: usize, index: usize, value: i64) {
    let tensor_of = &assignment.columns[column];
    let mut values = tensor_of.to_i64s();
    values[index] = value;
    assignment.columns[column] = tensor(&tensor_of.shape.clone(), values);
}

pub(super) fn get(assignment: &Assignment, column: usize, index: usize) -> i64 {
    assignment.columns[column].get(index)
}

#[test]
fn every_changed_value_is_refuted_whatever_is_shown() {
    for case in [pair(), views(), wide(), mixed(), turned()] {
        for (number, column) in case.assignment.columns.iter().enumerate() {
            for index in [0, column.len() / 2, column.len() - 1] {
                let mut forged = case.assignment.clone();
                let value = get(&forged, number, index);
                set(&mut forged, number, index, value + 1);
                assert!(
                    is_refuted(&case, &forged, &case, &forged),
                    "{number} {index}"
                );
                assert!(
                    is_refuted(&case, &forged, &case, &case.assignment),
                    "{number} {index}"
                );
            }
        }
    }
}

#[test]
fn multiplicities_that_are_exchanged_are_refuted() {
    let case = views();
    let mut forged = case.assignment.clone();
    let first = get(&forged, 0, 0);
    let other = (1..300)
        .find(|&i| get(&forged, 0, i) != first)
        .expect("uneven counts");
    let value = get(&forged, 0, other);
    set(&mut forged, 0, 0, value);
    set(&mut forged, 0, other, first);
    assert!(is_refuted(&case, &forged, &case, &forged));
    assert!(is_refuted(&case, &forged, &case, &case.assignment));
}

/// Two tables with the same entry 3, the second of pairs `(x, 0)`.
fn twins(same_width: bool) -> Case {
    let mut builder = System::builder();
    let small = constant(&mut builder, &[4], |i| i);
    let large = constant(&mut builder, &[4], |i| i + 2);
    let zero = constant(&mut builder, &[4], |_| 0);
    let small = builder.table("small", vec![small]);
    let large = match same_width {
        true => builder.table("large", vec![large]),
        false => builder.table("pairs", vec![large, zero]),
    };
    let x = column(&mut builder, &[4], 3);
    let y = builder.column("y", &[4], Role::Witness, Interval::new(2, 5));
    let y = builder.view(y).expect("it was just added");
    let mut row = vec![y.clone().into()];
    if !same_width {
        row.push(relation::Combination::zero(&[4]));
    }
    builder.lookup("x", vec![x.into()], small);
    builder.lookup("y", row, large);
    let system = builder.build().expect("valid");
    let assignment = assign(&system, vec![vec![0, 1, 2, 3], vec![2, 3, 4, 5]], vec![]);
    Case::new("twins", system, assignment)
}

#[test]
fn a_row_of_another_table_is_refuted() {
    for case in [twins(true), twins(false)] {
        // Row 0 of `x`, now 5, is counted at the entry 5 of the other table.
        let mut forged = case.assignment.clone();
        set(&mut forged, 2, 0, 5);
        set(&mut forged, 0, 0, 0);
        set(&mut forged, 1, 3, 2);
        assert!(is_refuted(&case, &forged, &case, &forged));
        assert!(is_refuted(&case, &forged, &case, &case.assignment));
        // The twin that is accepted: the value is an entry of its own table.
        let mut honest = case.assignment.clone();
        set(&mut honest, 2, 0, 3);
        set(&mut honest, 0, 0, 0);
        set(&mut honest, 0, 3, 2);
        assert!(!is_refuted(&case, &honest, &case, &honest));
    }
}

/// Nine values from one on, in a table of `entries`.
fn range(entries: usize) -> Case {
    let mut builder = System::builder();
    let list = constant(&mut builder, &[entries], |i| i + 1);
    let table = builder.table("range", vec![list]);
    let hi = i64::try_from(entries).expect("small");
    let x = builder.column("x", &[9], Role::Witness, Interval::new(1, hi));
    let x = builder.view(x).expect("it was just added");
    builder.lookup("x", vec![x.into()], table);
    let system = builder.build().expect("valid");
    let x = values(9, 5).into_iter().map(|x| x + 1).collect();
    let assignment = assign(&system, vec![x], vec![]);
    Case::new("range", system, assignment)
}

#[test]
fn padding_is_no_entry() {
    // The prover adds up a table with one more entry, in what is padding for the verifier.
    let (case, prover) = (range(5), range(6));
    assert_eq!(case.shape.log_len(), prover.shape.log_len());
    let mut shown = prover.assignment.clone();
    set(&mut shown, 1, 0, 6);
    let counted = prover.system.multiplicities(&mut shown);
    assert!(counted.is_ok() && prover.system.check(&shown).is_ok());
    let mut committed = case.assignment.clone();
    let counts: Vec<i64> = shown.columns[0].to_i64s();
    committed.columns[0] = tensor(&[5], counts[..5].to_vec());
    set(&mut committed, 1, 0, 6);
    assert!(is_refuted(&case, &committed, &prover, &shown));
    assert!(is_refuted(&case, &committed, &case, &committed));
    // A zero, as padding would be if it were an entry, is none either.
    set(&mut committed, 1, 0, 0);
    assert!(is_refuted(&case, &committed, &case, &committed));
}

/// The coordinates of an element over the base field.
pub(super) fn parts(e: E) -> [F; 2] {
    let parts: &[F] = e.as_basis_coefficients_slice();
    [parts[0], parts[1]]
}

/// The integer nearest to zero that is this element.
pub(super) fn integer(f: F) -> i64 {
    let (value, order) = (i128::from(f.as_canonical_u64()), i128::from(F::ORDER_U64));
    let signed = if value > order / 2 {
        value - order
    } else {
        value
    };
    i64::try_from(signed).expect("at most half the modulus")
}

#[test]
fn rows_that_hit_the_pole_are_refuted() {
    // Nothing is absorbed before the lookups in this test, so the challenges are known in advance: the rows are chosen
    // after them, which the real transcript prevents. Two rows whose denominators are zero make numerator and
    // denominator of the root zero.
    let case = pair();
    let mut known = challenger();
    let mut sender = Sender::<F, E, _>::new(None, &mut known);
    let (alpha, beta) = (sender.challenge(), sender.challenge());
    // alpha = x + 2 beta + beta^2 y has one solution in the base field.
    let (rest, square) = (parts(alpha - beta.double()), parts(beta.square()));
    let y = rest[1] * square[1].inverse();
    let x = rest[0] - y * square[0];
    let mut forged = case.assignment.clone();
    let before: Vec<i64> = [0, 1].map(|index| get(&forged, 2, index)).to_vec();
    for (index, before) in before.into_iter().enumerate() {
        set(&mut forged, 2, index, integer(x));
        set(&mut forged, 3, index, integer(y));
        let entry = usize::try_from(before).expect("a small square root");
        let count = get(&forged, 1, entry);
        set(&mut forged, 1, entry, count - 1);
    }
    let messages = case.messages(&forged, None);
    assert_eq!(
        messages[..2],
        [E::ZERO; 2],
        "the denominators multiply to zero"
    );
    assert!(is_refuted(&case, &forged, &case, &forged));
}
