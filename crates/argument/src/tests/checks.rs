//! Each check of lengths and encodings by itself: what it says is what was wrong.

use p3_field::PrimeCharacteristicRing;
use p3_symmetric::MerkleCap;

use super::*;
use crate::channel::{Masked, Transparent};
use crate::profile::{F, Goldilocks2, Root};

type P = Goldilocks2;
type E = <P as Profile>::E;
type Change = (&'static str, usize, fn(&mut Proof<P>));

fn two_roots(root: &Root<P>) -> Root<P> {
    MerkleCap::new(vec![root.roots()[0]; 2])
}

#[test]
fn a_part_of_another_length_is_named_by_parser_and_verifier() {
    let mut case = Case::<P>::new("tiny", tiny(3), unlimited(true));
    let honest = case.prove();
    let messages = case.description.count().messages();
    let changes: [Change; 5] = [
        ("messages", messages, |proof| proof.messages.push(E::ZERO)),
        ("messages", messages, |proof| {
            proof.messages.pop();
        }),
        ("proofs of work", 0, |proof| proof.works.push(F::ZERO)),
        ("mask arguments", 1, |proof| proof.hidden = None),
        ("roots of the witness", 1, |proof| {
            proof.witness.root = two_roots(&proof.witness.root);
        }),
    ];
    for (name, length, change) in changes {
        let mut proof = honest.clone();
        change(&mut proof);
        let decoded = Proof::<P>::decode(&proof.encode(), &case.description);
        for verdict in [case.verify(&proof), decoded.map(drop)] {
            let named = matches!(
                verdict,
                Err(Reject::Length { part, expected, .. }) if part == name && expected == length
            );
            assert!(named, "{name}: {verdict:?}");
        }
    }
    assert_eq!(case.verify(&honest), Ok(()));
}

#[test]
fn bytes_that_are_not_the_one_encoding_of_a_proof_are_not_read() {
    let mut case = Case::<P>::new("tiny", tiny(3), unlimited(true));
    let proof = case.prove();
    let bytes = proof.encode();
    let decode = |bytes: &[u8]| Proof::<P>::decode(bytes, &case.description).map(drop);
    assert_eq!(decode(&bytes), Ok(()));

    let mut long = bytes.clone();
    long.push(0);
    let left = "bytes after the proof";
    assert!(matches!(decode(&long), Err(Reject::Length { part, found: 1, .. }) if part == left));

    // One root, its number written in two bytes.
    let padded: Vec<u8> = [0x81, 0].iter().chain(&bytes[1..]).copied().collect();
    assert_eq!(decode(&padded), Err(Reject::Encoding { part: "proof" }));

    let mut large = proof;
    large.messages.resize(1 << 16, E::ZERO);
    let refused = decode(&large.encode());
    assert!(
        matches!(refused, Err(Reject::Length { part: "proof", .. })),
        "{refused:?}"
    );
}

#[test]
fn a_commitment_of_several_roots_is_no_commitment() {
    let mut case = Case::<P>::new("tiny", tiny(3), unlimited(true));
    let proof = case.prove();
    assert_eq!(case.verify(&proof), Ok(()));
    case.commitments[1].root = two_roots(&case.commitments[1].root);
    let what = "roots of a commitment";
    let verdict = case.verify(&proof);
    assert!(
        matches!(verdict, Err(Reject::Statement { what: found, found: 2, .. }) if found == what),
        "{verdict:?}"
    );
}

#[test]
fn a_message_or_a_proof_of_work_that_nobody_reads_is_rejected() {
    for (messages, works) in [(&[E::ONE][..], &[][..]), (&[], &[F::ONE])] {
        let mut challenger = P::challenger(b"left");
        let clear = Transparent::<F, E, _>::new(messages, works, &mut challenger).finish();
        assert!(matches!(clear, Err(Reject::Length { found: 1, .. })));
        let masked = Masked::<F, E, _>::new(messages, works, &mut challenger).finish();
        assert!(matches!(masked, Err(Reject::Length { found: 1, .. })));
    }
}
