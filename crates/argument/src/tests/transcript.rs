//! Everything that is absorbed changes the next challenge.

use p3_challenger::FieldChallenger;
use p3_field::PrimeCharacteristicRing;

use super::tape::{Event, Taped, written};
use super::*;
use crate::profile::Goldilocks2;
use crate::verify::start;

type P = Goldilocks2;
type E = <P as Profile>::E;

#[test]
fn each_absorbed_item_changes_the_next_challenge() {
    let mut case = Case::<P>::new("tiny", tiny(3), unlimited(true));
    let other = Case::<P>::new("tiny", tiny(4), unlimited(true));
    let harder = Case::<P>::new(
        "tiny",
        tiny(3),
        Parameters {
            security_bits: 31,
            ..unlimited(true)
        },
    );
    let witness = case.prove().witness;
    let challenge = |case: &Case<P>, publics: &[Tensor], commitments: &[_], witness: &_| -> E {
        let statement = Statement {
            publics,
            commitments,
        };
        start(&case.description, &statement, witness).sample_algebra_element()
    };
    let publics = case.assignment.statement.clone();
    let reference = challenge(&case, &publics, &case.commitments, &witness);
    assert_eq!(
        reference,
        challenge(&case, &publics, &case.commitments, &witness)
    );
    for at in 0..publics[0].len() {
        let publics = [changed(&publics[0], at, 1)];
        assert_ne!(
            reference,
            challenge(&case, &publics, &case.commitments, &witness)
        );
    }
    for at in 0..case.commitments.len() {
        let mut commitments = case.commitments.clone();
        commitments[at] = other.commitments[at].clone();
        assert_ne!(
            reference,
            challenge(&case, &publics, &commitments, &witness)
        );
    }
    assert_ne!(
        reference,
        challenge(&case, &publics, &case.commitments, &case.commitments[0])
    );
    assert_ne!(
        reference,
        challenge(&harder, &publics, &case.commitments, &witness)
    );
}

/// A part of a proof: its name, how many elements it has, and a change of one of them.
type Part = (
    &'static str,
    fn(&Proof<Taped>) -> usize,
    fn(&mut Proof<Taped>, usize),
);

fn hidden(proof: &mut Proof<Taped>) -> &mut crate::proof::Hidden<E> {
    proof.hidden.as_mut().expect("zero knowledge")
}

/// Every part that the transcript absorbs; opened leaves and paths are bound by the roots.
const PARTS: [Part; 9] = [
    (
        "witness",
        |_| 1,
        |proof, _| proof.witness.root = proof.opening.combination.clone(),
    ),
    (
        "messages",
        |proof| proof.messages.len(),
        |proof, at| proof.messages[at] += E::ONE,
    ),
    (
        "combination",
        |_| 1,
        |proof, _| hidden(proof).combined += E::ONE,
    ),
    (
        "test of the masks",
        |proof| {
            proof
                .hidden
                .as_ref()
                .map_or(0, |hidden| hidden.masks.test.len())
        },
        |proof, at| hidden(proof).masks.test[at] += E::ONE,
    ),
    (
        "opened combination",
        |_| 1,
        |proof, _| proof.opening.combination = proof.witness.root.clone(),
    ),
    (
        "coordinates",
        |proof| proof.opening.coordinates.len(),
        |proof, at| proof.opening.coordinates[at] += E::ONE,
    ),
    (
        "first sumcheck",
        |proof| {
            proof
                .opening
                .whir
                .initial_sumcheck
                .polynomial_evaluations
                .len()
        },
        |proof, at| proof.opening.whir.initial_sumcheck.polynomial_evaluations[at][0] += E::ONE,
    ),
    (
        "inner commitments",
        |proof| proof.opening.whir.rounds.len(),
        |proof, at| {
            let root = proof.witness.root.clone();
            proof.opening.whir.rounds[at].commitment = Some(root);
        },
    ),
    (
        "final values",
        |proof| {
            let values = proof.opening.whir.final_poly.as_ref();
            values.map_or(0, |values| values.as_slice().len())
        },
        |proof, at| {
            let values = proof
                .opening
                .whir
                .final_poly
                .as_mut()
                .expect("final values");
            values.as_mut_slice()[at] += E::ONE;
        },
    ),
];

#[test]
fn each_absorbed_part_of_a_proof_changes_the_next_challenge() {
    let mut case = Case::<Taped>::new("tiny", tiny(3), unlimited(true));
    let honest = case.prove();
    let (accepted, events) = written(|| case.verify(&honest));
    assert_eq!(accepted, Ok(()));
    let mut last = 0;
    for (name, count, change) in PARTS {
        for at in 0..count(&honest) {
            let mut proof = honest.clone();
            change(&mut proof, at);
            let (rejected, found) = written(|| case.verify(&proof));
            assert!(rejected.is_err(), "{name} {at}");
            let first = events.iter().zip(&found).position(|(a, b)| a != b);
            let first = first.unwrap_or_else(|| panic!("{name} {at} is not absorbed"));
            assert!(matches!(found[first], Event::Absorbed(_)), "{name} {at}");
            // Parts are absorbed in the order of the list.
            assert!(first >= last, "{name} {at}");
            last = first;
            // A position has few bits and may come again by chance; eight draws do not.
            let next = |events: &[Event]| -> Vec<Event> {
                let drawn = |event: &&Event| matches!(event, Event::Drawn(_));
                let later = events[first..].iter();
                later.filter(drawn).take(8).copied().collect()
            };
            assert!(!next(&events).is_empty(), "{name} {at}");
            assert!(!next(&found).is_empty(), "{name} {at}");
            assert_ne!(next(&events), next(&found), "{name} {at}");
        }
    }
}
