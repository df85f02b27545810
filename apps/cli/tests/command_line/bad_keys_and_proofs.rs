//! Keys and proofs that are damaged, foreign or changed are never accepted.

use crate::place::Place;

/// Lengths at which files are cut.
fn cuts(len: usize) -> [usize; 7] {
    [0, 4, 8, 30, 42, len / 2, len - 1]
}

#[test]
fn a_key_that_is_cut_short_is_named() {
    let place = Place::with_proof();
    let (pk, vk) = (place.read("keys/model.pk"), place.read("keys/model.vk"));
    for len in cuts(pk.len()) {
        place.write("keys/cut.pk", &pk[..len]);
        std::fs::copy(
            place.path("keys/model.pk.count"),
            place.path("keys/cut.pk.count"),
        )
        .expect("a copy");
        for command in [
            "prove keys/cut.pk patient.json",
            "run keys/cut.pk patient.json",
        ] {
            place.refused(command, &["keys/cut.pk", "proving key"]);
        }
        place.refused("inspect keys/cut.pk", &["keys/cut.pk"]);
    }
    for len in cuts(vk.len()) {
        place.write("keys/cut.vk", &vk[..len]);
        place.refused(
            "verify keys/cut.vk patient.proof",
            &["keys/cut.vk", "verifying key"],
        );
        place.refused("inspect keys/cut.vk", &["keys/cut.vk"]);
    }
}

#[test]
fn a_proof_that_is_cut_short_or_goes_on_is_named() {
    let place = Place::with_proof();
    let mut proof = place.read("patient.proof");
    for len in cuts(proof.len()) {
        place.write("cut.proof", &proof[..len]);
        place.refused("verify keys/model.vk cut.proof", &["cut.proof", "proof"]);
        place.refused("inspect cut.proof", &["cut.proof"]);
    }
    proof.push(0);
    place.write("long.proof", &proof);
    place.refused(
        "verify keys/model.vk long.proof",
        &["long.proof", "damaged"],
    );
}

#[test]
fn files_of_another_kind_are_refused() {
    let place = Place::with_proof();
    place.refused(
        "verify keys/model.pk patient.proof",
        &["keys/model.pk", "no verifying key"],
    );
    place.refused(
        "verify keys/model.vk keys/model.vk",
        &["keys/model.vk", "no proof"],
    );
    place.refused(
        "prove keys/model.vk patient.json",
        &["keys/model.vk", "no proving key"],
    );
    place.refused(
        "prove model.onnx patient.json",
        &["model.onnx", "no proving key"],
    );
    place.refused(
        "inspect patient.json",
        &["patient.json", "a key, a proof or a seal"],
    );
    place.refused("setup patient.proof -o new", &["patient.proof"]);
}

#[test]
fn a_proof_of_another_key_is_rejected() {
    let place = Place::with_proof();
    // The same model, set up again: what commits to the parameters is new.
    place.setup("-o others");
    place.rejected("verify others/model.vk patient.proof", &["another key"]);
    // Even if the proof says that it belongs there.
    let mut proof = place.read("patient.proof");
    let other = place.read("others/model.vk");
    proof[10..42].copy_from_slice(&other[10..42]);
    place.write("claimed.proof", &proof);
    place.rejected(
        "verify others/model.vk claimed.proof",
        &["the proof is rejected"],
    );
    // And a key's counter counts for no other key.
    std::fs::copy(
        place.path("others/model.pk.count"),
        place.path("keys/model.pk.count"),
    )
    .expect("a copy");
    place.refused(
        "prove keys/model.pk patient.json -o b.proof",
        &["model.pk", "counter"],
    );
    std::fs::remove_file(place.path("keys/model.pk.count")).expect("a counter");
    place.refused(
        "prove keys/model.pk patient.json -o b.proof",
        &["model.pk", "counter"],
    );
}

#[test]
fn a_digest_that_is_not_the_keys_is_rejected() {
    let place = Place::with_proof();
    let zeros = "0".repeat(64);
    place.rejected(
        &format!("verify keys/model.vk patient.proof --model {zeros}"),
        &["not the one that was expected"],
    );
    for text in ["12", &"x".repeat(64), &"0".repeat(65)] {
        place.refused(
            &format!("verify keys/model.vk patient.proof --model {text}"),
            &["--model", "64 hexadecimal digits", "vouch inspect"],
        );
    }
}

#[test]
fn a_changed_output_is_rejected() {
    let place = Place::with_proof();
    place.done("run keys/model.pk patient.json -o output.json");
    place.done("verify keys/model.vk patient.proof --output output.json");
    let output =
        place.json("run keys/model.pk patient.json", 0)["outputs"]["probabilities"][0].clone();
    let changed = serde_json::json!({ "probabilities": [[output[1], output[0]]] });
    place.write("changed.json", changed.to_string());
    place.rejected(
        "verify keys/model.vk patient.proof --output changed.json",
        &["probabilities", "expected"],
    );
    place.write("wide.json", r#"{"probabilities": [[0, 0, 1]]}"#);
    place.refused(
        "verify keys/model.vk patient.proof --output wide.json",
        &["wide.json", "probabilities", "[1, 2]", "[1, 3]"],
    );
    place.write("other.json", r#"{"diagnosis": [[0, 1]]}"#);
    place.refused(
        "verify keys/model.vk patient.proof --output other.json",
        &["other.json", "probabilities", "missing"],
    );
}

#[test]
fn no_changed_byte_of_a_proof_is_accepted() {
    let place = Place::with_proof();
    let proof = place.read("patient.proof");
    // All of the statement, and some of what shows it.
    let far = (60..proof.len()).step_by(proof.len() / 20);
    for at in (0..60).step_by(3).chain(far).chain([proof.len() - 1]) {
        let mut changed = proof.clone();
        changed[at] ^= 1;
        place.write("changed.proof", &changed);
        let ended = place.run("verify keys/model.vk changed.proof --json");
        assert!(matches!(ended.code, Some(1 | 2)), "byte {at}: {ended:?}");
        if ended.code == Some(1) {
            assert_eq!(ended.object()["verdict"], "rejected", "byte {at}");
        } else {
            ended.expect_refusal("verify", &["changed.proof"]);
        }
    }
}

#[test]
fn no_changed_byte_of_a_verifying_key_is_accepted() {
    let place = Place::with_proof();
    let key = place.read("keys/model.vk");
    for at in (0..key.len()).step_by(key.len() / 25) {
        let mut changed = key.clone();
        changed[at] ^= 1;
        place.write("changed.vk", &changed);
        let ended = place.run("verify changed.vk patient.proof --json");
        assert!(matches!(ended.code, Some(1 | 2)), "byte {at}: {ended:?}");
        assert!(!ended.stderr.contains("panicked"), "byte {at}: {ended:?}");
    }
}
