//! Proofs with one part changed, exchanged or cut.

use p3_field::PrimeCharacteristicRing;

use super::*;
use crate::masks::MaskProof;
use crate::profile::{F, Goldilocks2};
use crate::proof::Hidden;

type P = Goldilocks2;
type E = <P as Profile>::E;
type Change = (&'static str, fn(&mut Proof<P>, &Proof<P>));

/// Every field of a proof. A field that is added breaks the destructuring, and belongs in the list below.
fn fields(proof: &Proof<P>) -> usize {
    let Proof {
        witness: _,
        messages,
        works,
        hidden,
        opening: _,
    } = proof;
    let Some(Hidden {
        combined: _,
        masks: MaskProof { test },
    }) = hidden
    else {
        return messages.len();
    };
    messages.len() + works.len() + test.len()
}

fn hidden(proof: &mut Proof<P>) -> &mut Hidden<E> {
    proof.hidden.as_mut().expect("a proof in zero knowledge")
}

const CHANGES: [Change; 19] = [
    ("witness exchanged", |proof, other| {
        proof.witness = other.witness.clone()
    }),
    ("message changed", |proof, _| proof.messages[0] += E::ONE),
    ("last message changed", |proof, _| {
        *proof.messages.last_mut().expect("messages") += E::ONE
    }),
    ("messages exchanged", |proof, other| {
        proof.messages.clone_from(&other.messages)
    }),
    ("rounds swapped", |proof, _| proof.messages.swap(2, 4)),
    ("message cut", |proof, _| {
        proof.messages.truncate(proof.messages.len() - 1)
    }),
    ("message added", |proof, _| proof.messages.push(E::ZERO)),
    ("work added", |proof, _| proof.works.push(F::ZERO)),
    ("combination changed", |proof, _| {
        hidden(proof).combined += E::ONE
    }),
    ("combination exchanged", |proof, other| {
        hidden(proof).combined = other.hidden.as_ref().expect("zero knowledge").combined;
    }),
    ("mask argument dropped", |proof, _| proof.hidden = None),
    ("mask argument exchanged", |proof, other| {
        proof.hidden.clone_from(&other.hidden)
    }),
    ("test of the masks changed", |proof, _| {
        hidden(proof).masks.test[0] += E::ONE
    }),
    ("test of the masks cut", |proof, _| {
        hidden(proof).masks.test.truncate(3)
    }),
    ("test of the masks added to", |proof, _| {
        hidden(proof).masks.test.push(E::ZERO)
    }),
    ("opening exchanged", |proof, other| {
        proof.opening = other.opening.clone()
    }),
    ("opened row changed", |proof, _| {
        proof.opening.groups[0].leaves[0] += F::ONE
    }),
    ("coordinates changed", |proof, _| {
        proof.opening.coordinates[0] += E::ONE
    }),
    ("work of the opening changed", |proof, _| {
        proof.opening.grinding += F::ONE
    }),
];

#[test]
fn each_changed_part_of_a_proof_is_rejected() {
    let mut case = Case::<P>::new("tiny", tiny(3), unlimited(true));
    let (honest, other) = (case.prove(), case.prove());
    assert!(fields(&honest) > 0);
    assert_eq!(
        (case.verify(&honest), case.verify(&other)),
        (Ok(()), Ok(()))
    );
    for (name, change) in CHANGES {
        let mut proof = honest.clone();
        change(&mut proof, &other);
        assert!(case.verify(&proof).is_err(), "{name}");
    }
}

#[test]
fn each_public_value_that_is_changed_is_rejected() {
    let mut case = Case::<P>::new("tiny", tiny(3), unlimited(true));
    let proof = case.prove();
    for at in 0..3 {
        let publics = [changed(&case.assignment.statement[0], at, 1)];
        assert!(
            case.verify_with(&publics, &case.commitments, &proof)
                .is_err(),
            "value {at}"
        );
    }
    let outside = [changed(&case.assignment.statement[0], 0, 1 << 20)];
    assert!(matches!(
        case.verify_with(&outside, &case.commitments, &proof),
        Err(Reject::Public { .. })
    ));
    let missing = case.verify_with(&[], &case.commitments, &proof);
    assert!(matches!(missing, Err(Reject::Public { .. })));
}

#[test]
fn each_commitment_that_is_exchanged_or_missing_is_rejected() {
    let mut case = Case::<P>::new("tiny", tiny(3), unlimited(true));
    let mut other = Case::<P>::new("tiny", tiny(4), unlimited(true));
    other.prove();
    let proof = case.prove();
    let publics = case.assignment.statement.clone();
    for at in 0..case.commitments.len() {
        let mut commitments = case.commitments.clone();
        commitments[at] = other.commitments[at].clone();
        assert!(
            case.verify_with(&publics, &commitments, &proof).is_err(),
            "commitment {at}"
        );
    }
    let mut swapped = case.commitments.clone();
    swapped.reverse();
    assert!(case.verify_with(&publics, &swapped, &proof).is_err());
    assert!(matches!(
        case.verify_with(&publics, &case.commitments[1..], &proof),
        Err(Reject::Statement {
            what: "commitments",
            ..
        })
    ));
}

#[test]
fn bytes_that_are_cut_extended_or_flipped_are_rejected() {
    let mut case = Case::<P>::new("tiny", tiny(3), unlimited(true));
    let bytes = case.prove().encode();
    let accepted = |bytes: &[u8]| {
        Proof::<P>::decode(bytes, &case.description).is_ok_and(|proof| case.verify(&proof).is_ok())
    };
    assert!(accepted(&bytes));
    for at in (0..bytes.len()).step_by(bytes.len() / 97) {
        assert!(!accepted(&bytes[..at]), "cut at {at}");
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        assert!(!accepted(&flipped), "flipped at {at}");
    }
    let mut long = bytes.clone();
    long.push(0);
    assert!(!accepted(&long));
}
