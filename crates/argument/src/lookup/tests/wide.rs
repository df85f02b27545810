//! Tuples with wide components: what tells two of them apart, and provers who mix them up.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::PrimeCharacteristicRing;
use rand::SeedableRng;
use rand::rngs::StdRng;
use relation::{Assignment, Combination};

use super::super::shape::{Fingerprint, Tuples};
use super::forgeries::{get, is_refuted, set};
use super::systems::{self, mixed, tensor, wide};
use super::{Case, E, random};
use crate::claims::outer;

/// Columns of [`mixed`]: counts of the table `rows`, of the shifted one, and the first lookup's index and row.
pub(super) const COUNTS: usize = 5;
pub(super) const SHIFTED_COUNTS: usize = 4;
const INDEX: usize = 6;
const ROW: [usize; 3] = [7, 8, 9];
const WIDTHS: [usize; 3] = [2, 1, 4];
/// Which entry the rows of the first lookup are.
const ENTRIES: [usize; 5] = [0, 2, 2, 1, 3];

/// One row of the first lookup, all components in order.
pub(super) fn row(assignment: &Assignment, at: usize) -> Vec<i64> {
    let parts = ROW.iter().zip(WIDTHS);
    let values = parts.flat_map(|(&column, width)| {
        (0..width).map(move |position| get(assignment, column, at * width + position))
    });
    values.collect()
}

pub(super) fn set_row(assignment: &mut Assignment, at: usize, values: &[i64]) {
    let mut values = values.iter();
    for (&column, width) in ROW.iter().zip(WIDTHS) {
        for (position, &value) in (0..width).zip(&mut values) {
            set(assignment, column, at * width + position, value);
        }
    }
}

pub(super) fn count(assignment: &mut Assignment, column: usize, entry: usize, by: i64) {
    let value = get(assignment, column, entry);
    set(assignment, column, entry, value + by);
}

/// What each position of a tuple is multiplied with, in order.
pub(super) fn factors(fingerprint: &Fingerprint<E>, tuples: &Tuples<'_>) -> Vec<E> {
    let factors = fingerprint.factors(tuples).into_iter();
    let positions = factors.flat_map(|factor| {
        let further = outer(factor.further.iter().map(Vec::as_slice));
        further.into_iter().map(move |power| power * factor.first)
    });
    positions.collect()
}

/// The positions of a tuple, the first component's included.
fn width(tuples: &Tuples<'_>) -> usize {
    let index: usize = tuples.shape().iter().product();
    let values = |part: &Combination| part.shape().iter().product::<usize>() / index;
    tuples.components.iter().map(values).sum()
}

#[test]
fn every_position_of_a_tuple_and_the_table_have_a_power_of_their_own() {
    let mut rng = StdRng::seed_from_u64(8);
    let (alpha, beta) = (random(&mut rng), random(&mut rng));
    let fingerprint = Fingerprint::new(alpha, beta);
    for case in systems::all() {
        for tuples in case.shape.tuples(&case.system) {
            let table = E::from_usize(tuples.table + 1);
            assert_eq!(fingerprint.base(tuples.table), alpha - beta * table);
            let powers = (0u64..).filter(|&power| power != 1);
            let powers = powers.map(|power| beta.exp_u64(power));
            let expected: Vec<E> = powers.take(width(&tuples)).collect();
            assert_eq!(factors(&fingerprint, &tuples), expected, "{}", case.name);
        }
    }
}

#[test]
fn the_degree_is_that_of_all_fingerprints_together() {
    // The highest power of the table's number is one, that of position `j` from the second on is `j + 1`.
    for case in systems::all() {
        let degrees = { case.shape.tuples(&case.system).into_iter() }
            .map(|tuples| width(&tuples).max(1) * tuples.shape().iter().product::<usize>());
        assert_eq!(case.shape.degree(), degrees.sum::<usize>(), "{}", case.name);
    }
    // Six numbers; six rows of 1 + 6 + 5 positions; 21 lookups of an index, and of a row.
    assert_eq!(wide().shape.degree(), 6 + 6 * 12 + 21 + 21 * 12);
}

#[test]
fn positions_of_a_wide_component_that_are_exchanged_are_refuted() {
    let case = wide();
    let row = { case.system.columns().iter() }.position(|column| column.shape == [3, 7, 2, 3]);
    let row = row.expect("the rows");
    // Among them two whose indices along the axes have the same sum.
    for (from, to) in [(0, 1), (0, 3), (1, 5), (1, 3), (2, 4), (0, 6)] {
        let mut forged = case.assignment.clone();
        let (a, b) = (get(&forged, row, from), get(&forged, row, to));
        assert_ne!(a, b, "the exchange changes something");
        set(&mut forged, row, from, b);
        set(&mut forged, row, to, a);
        assert!(is_refuted(&case, &forged, &case, &forged), "{from} {to}");
    }
}

#[test]
fn one_position_from_another_row_is_refuted() {
    let case = mixed();
    for (at, entry) in ENTRIES.into_iter().enumerate() {
        let other = (0..5).find(|&other| ENTRIES[other] != entry).expect("one");
        let (own, others) = (row(&case.assignment, at), row(&case.assignment, other));
        for position in 0..own.len() {
            if own[position] == others[position] {
                continue;
            }
            let mut mix = own.clone();
            mix[position] = others[position];
            let mut forged = case.assignment.clone();
            set_row(&mut forged, at, &mix);
            assert!(is_refuted(&case, &forged, &case, &forged));
            assert!(is_refuted(&case, &forged, &case, &case.assignment));
        }
        // The whole row of another index is none of this one, whichever of the two entries is counted.
        let mut forged = case.assignment.clone();
        set_row(&mut forged, at, &others);
        assert!(is_refuted(&case, &forged, &case, &forged));
        count(&mut forged, COUNTS, entry, -1);
        count(&mut forged, COUNTS, ENTRIES[other], 1);
        assert!(is_refuted(&case, &forged, &case, &forged));
        // With its index it is one: the twin that is accepted.
        set(&mut forged, INDEX, at, get(&case.assignment, INDEX, other));
        count(&mut forged, 0, entry, -1);
        count(&mut forged, 0, ENTRIES[other], 1);
        assert!(!is_refuted(&case, &forged, &case, &forged));
    }
}

#[test]
fn rows_whose_positions_are_all_permuted_alike_are_refuted() {
    let case = mixed();
    let len = row(&case.assignment, 0).len();
    let swaps = (0..len).flat_map(|a| (0..a).map(move |b| (a, b)));
    let rotation: Vec<usize> = (0..len).map(|position| (position + 1) % len).collect();
    let exchanged = |(a, b)| {
        let mut order: Vec<usize> = (0..len).collect();
        order.swap(a, b);
        order
    };
    for order in swaps.map(exchanged).chain([rotation]) {
        let mut forged = case.assignment.clone();
        for at in 0..5 {
            let honest = row(&forged, at);
            let permuted: Vec<i64> = order.iter().map(|&from| honest[from]).collect();
            set_row(&mut forged, at, &permuted);
        }
        assert_ne!(forged, case.assignment, "{order:?} changes something");
        assert!(is_refuted(&case, &forged, &case, &forged), "{order:?}");
    }
}

#[test]
fn what_is_moved_between_two_positions_of_a_row_is_refuted() {
    let case = mixed();
    let honest = row(&case.assignment, 1);
    for (from, to) in (0..honest.len()).flat_map(|a| (0..honest.len()).map(move |b| (a, b))) {
        if from == to {
            continue;
        }
        let mut moved = honest.clone();
        (moved[from], moved[to]) = (moved[from] - 1, moved[to] + 1);
        let mut forged = case.assignment.clone();
        set_row(&mut forged, 1, &moved);
        assert!(is_refuted(&case, &forged, &case, &forged), "{from} {to}");
    }
}

#[test]
fn a_row_of_another_table_of_the_same_form_is_refuted_wherever_the_difference_is_hidden() {
    let case = mixed();
    for (at, entry) in ENTRIES.into_iter().enumerate() {
        let shifted: Vec<i64> = row(&case.assignment, at).iter().map(|x| x + 7).collect();
        let mut forged = case.assignment.clone();
        count(&mut forged, COUNTS, entry, -1);
        count(&mut forged, SHIFTED_COUNTS, entry, 1);
        // The tables' numbers differ by one: no value of the row makes up for it.
        let hidden = (0..shifted.len()).flat_map(|at| [(at, 1), (at, -1)]);
        for (position, by) in hidden.chain([(0, 0)]) {
            let mut values = shifted.clone();
            values[position] += by;
            set_row(&mut forged, at, &values);
            assert!(is_refuted(&case, &forged, &case, &forged));
        }
        // Nor does the index.
        set_row(&mut forged, at, &shifted);
        for other in (0..4).filter(|&other| other != entry) {
            let mut forged = forged.clone();
            set(&mut forged, INDEX, at, i64::try_from(other).expect("small"));
            count(&mut forged, 0, entry, -1);
            count(&mut forged, 0, other, 1);
            assert!(is_refuted(&case, &forged, &case, &forged));
        }
    }
}

#[test]
fn a_table_of_one_wide_row_has_no_other() {
    // The smallest wide tuple: a scalar index, and one position behind it.
    use relation::{Interval, Role, System};
    for further in [&[1][..], &[1, 1], &[3]] {
        let mut builder = System::builder();
        let len = further.iter().product();
        let number = systems::constant(&mut builder, &[], |_| 0);
        let values = systems::constant(&mut builder, further, |i| i + 4);
        let table = builder.table("row", vec![number.clone(), values]);
        let row = builder.column("row", further, Role::Witness, Interval::new(4, 6));
        let row = builder.view(row).expect("it was just added");
        builder.lookup("row", vec![number, row.into()], table);
        let system = builder.build().expect("valid");
        let honest = systems::assign(&system, vec![(4..).take(len).collect()], vec![]);
        let case = Case::new("one row", system, honest);
        assert!(!is_refuted(
            &case,
            &case.assignment,
            &case,
            &case.assignment
        ));
        for at in 0..len {
            let mut forged = case.assignment.clone();
            let value = get(&forged, 1, at);
            set(&mut forged, 1, at, value - 1);
            assert!(is_refuted(&case, &forged, &case, &forged));
        }
        let mut forged = case.assignment.clone();
        forged.columns[0] = tensor(&[], vec![0]);
        assert!(is_refuted(&case, &forged, &case, &forged));
    }
}
