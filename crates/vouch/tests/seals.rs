//! Sealed inputs and outputs.

mod common;

use common::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;
use vouch::{Expected, Proof, ProvingKey, Rejected, Seal, Sealed};

static KEY: LazyLock<ProvingKey> = LazyLock::new(|| key(Seen(SEALED, PRIVATE, SEALED)));

#[test]
fn a_seal_stays_the_same_from_proof_to_proof() {
    let sealed = KEY.seal("x", &inputs(1)["x"]).expect("a seal");
    let digest = sealed.seal().digest();
    let published = Seal::from_bytes(&sealed.seal().to_bytes()).expect("a seal");
    let seals = BTreeMap::from([("x".to_owned(), sealed)]);
    for left in [2, 1] {
        let proved = { KEY.prove_sealed(&BTreeMap::new(), &seals) }.expect("a proof");
        let proof = Proof::from_bytes(&proved.proof.to_bytes()).expect("a proof");
        let expected = Expected {
            seals: [("x".into(), digest)].into(),
            ..Expected::default()
        };
        let accepted = { KEY.verifying_key() }
            .verify(&proof, &expected)
            .expect("accepted");
        assert_eq!(accepted.seals["x"], published);
        // The output was sealed for this proof: its opening is the prover's.
        assert_eq!(proved.sealed["y"].seal(), &accepted.seals["y"]);
        assert_eq!(proved.sealed["y"].value(), proved.outputs["y"]);
        assert_eq!(seals["x"].proofs_left().expect("a count"), left);
    }
}

#[test]
fn a_seal_opens_from_its_file_and_only_with_its_budget() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("x.sealed");
    let sealed = KEY.seal("x", &inputs(1)["x"]).expect("a seal");
    sealed.save(&path).expect("stored");
    drop(sealed);
    let load = || Sealed::load(&path, KEY.verifying_key()).expect("a seal");
    for _ in 0..3 {
        let seals = BTreeMap::from([("x".to_owned(), load())]);
        KEY.prove_sealed(&BTreeMap::new(), &seals).expect("a proof");
    }
    let seals = BTreeMap::from([("x".to_owned(), load())]);
    let spent = KEY
        .prove_sealed(&BTreeMap::new(), &seals)
        .expect_err("spent");
    assert!(
        spent
            .to_string()
            .contains("all 3 proofs of this seal are spent"),
        "{spent}"
    );
}

#[test]
fn another_seal_is_not_the_one_that_was_expected() {
    let proved = KEY.prove(&inputs(1)).expect("a proof");
    let again = KEY.seal("x", &inputs(1)["x"]).expect("a seal");
    assert_ne!(
        again.seal().digest(),
        proved.sealed["x"].seal().digest(),
        "seals hide"
    );
    let expect = |sealed: &Sealed| Expected {
        seals: [("x".into(), sealed.seal().digest())].into(),
        ..Expected::default()
    };
    let vk = KEY.verifying_key();
    assert!(
        vk.verify(&proved.proof, &expect(&proved.sealed["x"]))
            .is_ok()
    );
    let rejected = vk.verify(&proved.proof, &expect(&again));
    assert!(matches!(rejected, Err(Rejected::Seal { .. })));
}

#[test]
fn seals_that_do_not_fit_are_refused() {
    let larger = KEY.seal("x", &inputs(2)["x"]).expect("a seal");
    assert!(KEY.seal("z", &inputs(1)["x"]).is_err());
    let proved = KEY.prove(&inputs(1)).expect("a proof");
    // An opening of the output is none of the input, and nothing is given twice.
    let mut seals = proved.sealed;
    let output = seals.remove("y").expect("a seal");
    assert!(KEY.prove_sealed(&inputs(1), &seals).is_err());
    let wrong = BTreeMap::from([("x".to_owned(), output)]);
    assert!(KEY.prove_sealed(&BTreeMap::new(), &wrong).is_err());
    let unknown = BTreeMap::from([("z".to_owned(), larger)]);
    assert!(KEY.prove_sealed(&inputs(1), &unknown).is_err());
}
