//! Whole proofs: what is accepted, and what is not.

mod common;

use common::*;
use std::sync::LazyLock;
use vouch::{Expected, Proof, ProveError, ProvingKey, Rejected, VerifyingKey};

/// The key that most tests share: private input and parameters, public output.
static KEY: LazyLock<ProvingKey> = LazyLock::new(|| key(Seen(PRIVATE, PRIVATE, PUBLIC)));
static PROOF: LazyLock<Proof> = LazyLock::new(|| KEY.prove(&inputs(1)).expect("a proof").proof);

#[test]
fn one_key_proves_small_and_large_batches() {
    for batch in [1, 7] {
        let proved = KEY.prove(&inputs(batch)).expect("a proof");
        let bytes = proved.proof.to_bytes();
        let proof = Proof::from_bytes(&bytes).expect("a proof");
        let accepted = { KEY.verifying_key() }.verify(&proof, &Expected::default());
        let accepted = accepted.expect("accepted");
        assert_eq!(accepted.symbols["batch"], batch);
        assert_eq!(accepted.outputs, proved.outputs);
        assert_eq!(accepted.outputs, KEY.run(&inputs(batch)).expect("outputs"));
        assert!(accepted.inputs.is_empty(), "the input is private");
        assert!(accepted.security_bits >= 100.0);
    }
}

#[test]
fn every_choice_of_who_sees_what_has_proofs() {
    for input in [PUBLIC, PRIVATE] {
        for parameters in [PUBLIC, PRIVATE] {
            for output in [PUBLIC, PRIVATE] {
                let key = key(Seen(input, parameters, output));
                let proved = key.prove(&inputs(2)).expect("a proof");
                let vk = VerifyingKey::from_bytes(&key.verifying_key().to_bytes());
                let accepted = { vk.expect("a key") }
                    .verify(&proved.proof, &Expected::default())
                    .expect("accepted");
                assert_eq!(accepted.inputs.contains_key("x"), input == PUBLIC);
                assert_eq!(accepted.outputs.contains_key("y"), output == PUBLIC);
                assert_eq!(
                    key.proofs_left().expect("a count").is_some(),
                    parameters == PRIVATE
                );
            }
        }
    }
}

#[test]
fn what_is_expected_must_be_what_was_proven() {
    let vk = KEY.verifying_key();
    let outputs = KEY.run(&inputs(1)).expect("outputs");
    let right = Expected {
        outputs: outputs.clone(),
        model: Some(*vk.digest()),
        ..Expected::default()
    };
    assert!(vk.verify(&PROOF, &right).is_ok());

    let mut wrong = right.clone();
    wrong.outputs.get_mut("y").expect("y").data[1] += 1.0 / 64.0;
    assert!(matches!(
        vk.verify(&PROOF, &wrong),
        Err(Rejected::Value { index: 1, .. })
    ));
    let mut wrong = right.clone();
    wrong.outputs.get_mut("y").expect("y").shape = vec![3, 1];
    assert!(matches!(
        vk.verify(&PROOF, &wrong),
        Err(Rejected::Expected(_))
    ));
    let wrong = Expected {
        inputs: inputs(1),
        ..right.clone()
    };
    assert!(matches!(
        vk.verify(&PROOF, &wrong),
        Err(Rejected::Expected(_))
    ));
    let wrong = Expected {
        model: Some([0; 32]),
        ..right.clone()
    };
    assert!(matches!(vk.verify(&PROOF, &wrong), Err(Rejected::Model)));
    let wrong = Expected {
        seals: [("y".into(), [0; 32])].into(),
        ..right
    };
    assert!(matches!(
        vk.verify(&PROOF, &wrong),
        Err(Rejected::Seal { .. })
    ));
}

#[test]
fn inputs_that_do_not_fit_are_refused_by_name() {
    let mut bad = inputs(1);
    bad.get_mut("x").expect("x").data[3] = f64::NAN;
    let error = KEY.prove(&bad).expect_err("no number").to_string();
    assert!(
        error.contains("\"x\" at [0, 3]") && error.contains("NaN"),
        "{error}"
    );
    let mut bad = inputs(1);
    bad.get_mut("x").expect("x").data[0] = 2.0;
    let error = KEY.prove(&bad).expect_err("out of range").to_string();
    assert!(error.contains("from -2 to 1.984375, found 2"), "{error}");
    let error = KEY
        .prove(&inputs(9))
        .expect_err("beyond the limit")
        .to_string();
    assert!(
        error.contains("\"batch\": expected 1 to 8, found 9"),
        "{error}"
    );
    let mut bad = inputs(1);
    bad.insert("z".into(), bad["x"].clone());
    let error = KEY.prove(&bad).expect_err("no such input").to_string();
    assert!(error.contains("\"z\" is none"), "{error}");
    let error = KEY
        .prove(&Default::default())
        .expect_err("nothing")
        .to_string();
    assert!(error.contains("input \"x\" is missing"), "{error}");
    let mut bad = inputs(1);
    bad.insert("x".into(), vouch::Array::new([1, 4], [0.0; 4]));
    let error = KEY.prove(&bad).expect_err("wrong shape").to_string();
    assert!(
        error.contains("expected shape [1, 5], found [1, 4]"),
        "{error}"
    );
    assert!(matches!(KEY.prove(&inputs(0)), Err(ProveError::Input(_))));
}

#[test]
fn a_proof_of_another_key_is_rejected() {
    let mut other = network(Seen(PRIVATE, PRIVATE, PUBLIC), &parameters());
    let generate = |program, values| ProvingKey::generate(program, values, &options());
    // One scale.
    other.outputs[0].encoding = program::Encoding::Fixed(20);
    let scale = generate(other, parameters()).expect("a key");
    // One weight.
    let mut values = parameters();
    let mut weights = values[0].to_i64s();
    weights[7] += 1;
    let tensor = vouch::program::Tensor::from_i64s(values[0].shape.clone(), weights);
    values[0] = tensor.expect("a tensor").into();
    let program = network(Seen(PRIVATE, PRIVATE, PUBLIC), &values);
    let weight = generate(program, values).expect("a key");
    // One edge: the bias of the first layer where that of a transposed view was.
    let mut other = network(Seen(PRIVATE, PRIVATE, PUBLIC), &parameters());
    let sum = { other.nodes.iter().position(|node| node.name == "sum") }.expect("a sum");
    let vouch::program::Operator::Sum(operator) = &mut other.nodes[sum].operator else {
        panic!("expected a sum");
    };
    operator.coefficients[1] += 1;
    let factor = generate(other, parameters()).expect("a key");
    // Nothing at all: the same model set up again has another commitment.
    let again = key(Seen(PRIVATE, PRIVATE, PUBLIC));
    for other in [scale, weight, factor, again] {
        let vk = other.verifying_key();
        let rejected = vk.verify(&PROOF, &Expected::default());
        assert!(matches!(rejected, Err(Rejected::Key)));
        // Nor does it help to write the other key's digest into the proof.
        let mut bytes = PROOF.to_bytes();
        bytes[10..42].copy_from_slice(vk.digest());
        let forged = Proof::from_bytes(&bytes).expect("well formed");
        let rejected = vk.verify(&forged, &Expected::default());
        assert!(
            matches!(rejected, Err(Rejected::Argument(_))),
            "{rejected:?}"
        );
    }
}
