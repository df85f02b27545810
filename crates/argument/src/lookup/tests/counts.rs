//! Counts of tables with wide components that are not what is looked up.

use alloc::vec::Vec;

use p3_challenger::CanObserve;
use p3_field::{Field, PrimeCharacteristicRing};
use relation::Assignment;
use relation::shape::unravel;

use super::super::shape::{Fingerprint, Tuples};
use super::forgeries::{get, integer, is_refuted, parts, set};
use super::systems::mixed;
use super::wide::{COUNTS, SHIFTED_COUNTS, count, factors, row, set_row};
use super::{Case, E, F, challenger, prove, reader, verify};
use crate::channel::Transparent;
use crate::channel::sender::Sender;

#[test]
fn counts_of_a_wide_table_that_are_wrong_are_refuted() {
    let case = mixed();
    for (from, to) in [(2, 0), (0, 3), (1, 2)] {
        for by in [1, 5, 1 << 40] {
            let mut forged = case.assignment.clone();
            count(&mut forged, COUNTS, from, -by);
            count(&mut forged, COUNTS, to, by);
            assert!(is_refuted(&case, &forged, &case, &forged));
            assert!(is_refuted(&case, &forged, &case, &case.assignment));
        }
    }
    // Nor do counts of another table make up for them.
    let mut forged = case.assignment.clone();
    count(&mut forged, COUNTS, 0, -1);
    count(&mut forged, SHIFTED_COUNTS, 0, 1);
    assert!(is_refuted(&case, &forged, &case, &forged));
}

/// What each row or entry of a case is divided by, inverted, tensor after tensor.
fn fractions(case: &Case, assignment: &Assignment, fingerprint: &Fingerprint<E>) -> Vec<Vec<E>> {
    let publics = case.system.public_values(&assignment.statement);
    let read = reader(assignment, &publics);
    let fraction = |tuples: &Tuples<'_>, at: usize| -> E {
        let rank = tuples.shape().len();
        let values = tuples.components.iter().flat_map(|part| {
            let further: usize = part.shape()[rank..].iter().product();
            let index = |position| unravel(part.shape(), at * further + position);
            let values = (0..further).map(|position| part.get(&index(position), &read));
            values.collect::<Vec<i128>>()
        });
        let terms = factors(fingerprint, tuples).into_iter().zip(values);
        let tuple: E = terms.map(|(factor, v)| factor * F::from_i128(v)).sum();
        (fingerprint.base(tuples.table) - tuple).inverse()
    };
    let tensor = |tuples: Tuples<'_>| {
        let len: usize = tuples.shape().iter().product();
        (0..len).map(|at| fraction(&tuples, at)).collect()
    };
    let tuples = case.shape.tuples(&case.system);
    tuples.into_iter().map(tensor).collect()
}

/// Counts are any field elements. Whoever knows the challenges solves for two of them, and any row is accepted: so they
/// have to be committed before. Nothing is absorbed before the lookups here, so the challenges are known.
#[test]
fn counts_that_are_chosen_after_the_challenges_are_refuted_under_all_others() {
    let case = mixed();
    let mut known = challenger();
    let mut sender = Sender::<F, E, _>::new(None, &mut known);
    let fingerprint = Fingerprint::new(sender.challenge(), sender.challenge());
    let mut forged = case.assignment.clone();
    let mut mix = row(&forged, 0);
    mix[4] += 1;
    set_row(&mut forged, 0, &mix);

    let fractions = fractions(&case, &forged, &fingerprint);
    let (mut sum, mut solved) = (E::ZERO, None);
    for (tuples, fractions) in case.shape.tuples(&case.system).iter().zip(&fractions) {
        for (at, &fraction) in fractions.iter().enumerate() {
            let counts = match tuples.table {
                0 => 0,
                1 => SHIFTED_COUNTS,
                _ => COUNTS,
            };
            let count = tuples.multiplicity.map(|_| get(&forged, counts, at));
            sum += count.map_or(fraction, |count| -(fraction * F::from_i64(count)));
        }
        if tuples.table == 2 && tuples.multiplicity.is_some() {
            solved = Some([fractions[0], fractions[1]]);
        }
    }
    // sum = x f_0 + y f_1 over the base field.
    let [[a, b], [c, d]] = solved.expect("the entries").map(parts);
    let ([s, t], determinant) = (parts(sum), (a * d - b * c).inverse());
    let solution = [(s * d - c * t) * determinant, (a * t - s * b) * determinant];
    for (entry, x) in solution.into_iter().enumerate() {
        let count = F::from_i64(get(&forged, COUNTS, entry)) + x;
        set(&mut forged, COUNTS, entry, integer(count));
    }
    assert!(!is_refuted(&case, &forged, &case, &forged));

    // The same columns, and one more message before the challenges.
    for tweak in 0..8u8 {
        assert!(!passes_after(&case, &forged, tweak));
        assert!(passes_after(&case, &case.assignment, tweak));
    }
}

/// Whether a proof of columns is accepted when the transcript has absorbed something else before.
fn passes_after(case: &Case, assignment: &Assignment, tweak: u8) -> bool {
    let absorbed = || {
        let mut challenger = challenger();
        challenger.observe(F::from_u8(tweak));
        challenger
    };
    let publics = case.system.public_values(&assignment.statement);
    let read = reader(assignment, &publics);
    let mut challenger = absorbed();
    let mut sender = Sender::<F, E, _>::new(None, &mut challenger);
    prove(&mut sender, &case.system, &case.shape, &read, 0);
    let messages = sender.finish().0;
    let mut challenger = absorbed();
    let mut channel = Transparent::<F, E, _>::new(&messages, &[], &mut challenger);
    let claims = verify(&mut channel, &case.system, &case.shape, 0);
    claims.is_ok_and(|claims| {
        { claims.iter() }.all(|claim| case.functional(claim, assignment) == claim.value)
    })
}
