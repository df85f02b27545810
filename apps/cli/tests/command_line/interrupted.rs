//! Budgets hold through failures and kills.

use crate::place::Place;
use std::process::{Command, Stdio};

/// Starts a proof that is killed once `is_time` says so, or has ended before.
fn kill_when(place: &Place, mut is_time: impl FnMut() -> bool) {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("vouch"))
        .current_dir(place.path("."))
        .args([
            "prove",
            "keys/model.pk",
            "test_inputs.npy",
            "-o",
            "killed.proof",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process");
    while !is_time() && child.try_wait().expect("a state").is_none() {
        std::thread::yield_now();
    }
    // It may have ended meanwhile.
    let _ = child.kill();
    child.wait().expect("an end");
}

/// That a proof of that name is whole if it is there.
fn expect_whole(place: &Place) {
    if place.path("killed.proof").exists() {
        place.done("verify keys/model.vk killed.proof");
        std::fs::remove_file(place.path("killed.proof")).expect("a file");
    }
}

#[test]
fn the_budget_ends_with_a_clear_word() {
    let place = Place::new();
    place.setup("--max-proofs 1 -o keys");
    assert_eq!(place.proofs_left(), 1);
    let report = place.done("prove keys/model.pk patient.json").stdout;
    assert!(report.contains("0 more proofs"), "{report}");
    let proof = place.read("patient.proof");
    let words = ["keys/model.pk", "all 1 proofs", "spent", "Set up again"];
    place.refused("prove keys/model.pk patient.json", &words);
    place.refused("prove keys/model.pk patient.json -o other.proof", &words);
    assert_eq!(place.read("patient.proof"), proof);
    assert!(!place.path("other.proof").exists());
    // Nothing else needs the budget.
    place.done("run keys/model.pk patient.json");
    place.done("verify keys/model.vk patient.proof");
    assert_eq!(place.proofs_left(), 0);
}

#[test]
fn a_prover_that_is_killed_leaves_no_part_of_a_proof_and_no_proof_uncounted() {
    let place = Place::with_keys();
    let counter = place.path("keys/model.pk.count");
    let spent = || std::fs::metadata(&counter).expect("a counter").len();
    let start = spent();
    // Killed as soon as the proof is counted: the proof is still to be made then.
    kill_when(&place, || spent() > start);
    expect_whole(&place);
    assert_eq!(spent(), start + 1);
    assert_eq!(place.proofs_left(), 99);
    // Killed at once: counted or not, but never twice.
    kill_when(&place, || true);
    expect_whole(&place);
    assert!((start + 1..=start + 2).contains(&spent()));
    // The key goes on.
    let left = place.proofs_left();
    let object = place.json("prove keys/model.pk patient.json", 0);
    assert_eq!(object["proofs_left"], left - 1);
    place.done("verify keys/model.vk patient.proof");
}

#[test]
fn a_proof_that_fails_leaves_the_last_one_and_the_budget_as_they_were() {
    let place = Place::with_proof();
    let (names, proof) = (place.names(), place.read("patient.proof"));
    place.write("bad.json", r#"{"measurements": [[1, 2]]}"#);
    place.refused(
        "prove keys/model.pk bad.json -o patient.proof",
        &["bad.json"],
    );
    std::fs::remove_file(place.path("bad.json")).expect("a file");
    assert_eq!(place.names(), names);
    assert_eq!(place.read("patient.proof"), proof);
    assert_eq!(place.proofs_left(), 99);
}

#[test]
fn provers_at_the_same_time_share_one_budget() {
    let place = Place::new();
    place.setup("--max-proofs 2 -o keys");
    let start = |at: usize| {
        Command::new(assert_cmd::cargo::cargo_bin("vouch"))
            .current_dir(place.path("."))
            .args(["prove", "keys/model.pk", "patient.json", "-o"])
            .arg(format!("{at}.proof"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process")
    };
    let children: Vec<_> = (0..4).map(start).collect();
    let codes: Vec<_> = { children.into_iter() }
        .map(|mut child| child.wait().expect("an end").code())
        .collect();
    let done = codes.iter().filter(|code| **code == Some(0)).count();
    assert_eq!(done, 2, "{codes:?}");
    for (at, code) in codes.iter().enumerate() {
        let proof = format!("{at}.proof");
        assert_eq!(place.path(&proof).exists(), *code == Some(0), "{proof}");
    }
    assert_eq!(place.proofs_left(), 0);
}
