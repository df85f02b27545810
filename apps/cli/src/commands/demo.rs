//! `vouch demo`.

use super::{prepare, setup, size};
use crate::arguments::{Demo, Options};
use crate::clock::Clock;
use crate::outcome::{Outcome, bytes, duration};
use crate::tensors::{self, Declared};
use anyhow::{Context, Result, bail};
use measure::peak_bytes;
use std::path::{Path, PathBuf};
use vouch::{Arrays, Expected, Proof, VerifyingKey};

/// The files of the example, which the program carries along.
const FILES: [(&str, &[u8]); 4] = [
    (
        "model.onnx",
        include_bytes!("../../../../examples/breast_cancer/model.onnx"),
    ),
    (
        "calibration.npy",
        include_bytes!("../../../../examples/breast_cancer/calibration.npy"),
    ),
    (
        "test_inputs.npy",
        include_bytes!("../../../../examples/breast_cancer/test_inputs.npy"),
    ),
    (
        "patient.json",
        include_bytes!("../../../../examples/breast_cancer/patient.json"),
    ),
];

/// The labels of the test inputs: 1 is benign.
const LABELS: &[u8] = include_bytes!("../../../../examples/breast_cancer/test_labels.npy");

/// Shows the whole way.
pub fn run(arguments: &Demo) -> Result<Outcome> {
    let temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
    let folder = arguments
        .output
        .clone()
        .unwrap_or_else(|| temporary.path().to_owned());
    setup::check_vacant(&folder)?;
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, content) in FILES {
        crate::files::write(&folder.join(name), content)?;
    }
    let mut outcome = Outcome::default();
    let mut clock = Clock::new();
    outcome.line("Vouch: a diagnosis that anybody can check, and nobody can look into\n");
    outcome.line("A hospital owns a network (30-32-16-2 units, trained on the Wisconsin breast-cancer data). It proves what");
    outcome.line("its network says about a patient: the verifier learns the diagnosis, and neither the network nor the patient.\n");

    let options = Options {
        calibrate: vec![folder.join("calibration.npy")],
        public: Vec::new(),
        private: Vec::new(),
        sealed: Vec::new(),
        range: Vec::new(),
        weight_bits: 16,
        activation_bits: 17,
        max_proofs: 100,
        typical: Vec::new(),
        limit: Vec::new(),
        size: Vec::new(),
    };
    let model = folder.join("model.onnx");
    let prepared = clock.step("read", "reading the model", || {
        prepare::prepare(&model, &options)
    })?;
    let inputs: Vec<Declared> = { prepared.inputs().into_iter() }
        .map(|(name, shape)| Declared { name, shape })
        .collect();
    let made = clock.step("setup", "setting up", || prepared.run())?;
    setup::save(&mut clock, &made, &model, &folder)?;
    outcome.line("1. Set up");
    setup::describe(&mut outcome, &made);
    let keys = [
        ("proving", folder.join("model.pk")),
        ("verifying", folder.join("model.vk")),
    ];
    for (name, path) in keys {
        outcome.key_bytes.insert(name, size(&path)?);
    }

    let read = |name: &str| tensors::read(&folder.join(name), &inputs);
    accuracy_on_tests(&mut outcome, &made.key, &read("test_inputs.npy")?)?;

    let patient = read("patient.json")?;
    let proved = clock.step("prove", "proving", || made.key.prove(&patient))?;
    let path = folder.join("patient.proof");
    proved.proof.save(&path)?;
    let proof_bytes = size(&path)?;
    outcome.line("\n2. Prove the diagnosis of one patient");
    outcome.line(format!(
        "  {} in {}",
        bytes(proof_bytes),
        duration(clock.seconds["prove"])
    ));

    let accepted = verify(&mut clock, &folder, &path)?;
    outcome.line("\n3. Verify: with the verifying key and the proof, and nothing else");
    outcome.line(format!(
        "  accepted in {}",
        duration(clock.seconds["verify"])
    ));
    super::show_arrays(&mut outcome, "public output", &accepted.outputs);
    outcome.line("  hidden: the 30 measurements, and all parameters of the network");
    outcome.line(format!(
        "  {:.1} bits of proven security, no trusted set-up, nothing but hashes",
        accepted.security_bits
    ));

    let reason = forge(&folder, &path, &accepted.outputs)?;
    outcome.line("\n4. Claim the opposite diagnosis with the same proof");
    outcome.line(format!("  rejected: {reason}"));

    report_steps(&mut outcome, &clock);
    if arguments.output.is_some() {
        outcome.line(format!("\nKeys and proof are in {}", folder.display()));
    }
    outcome.verdict = Some("accepted");
    outcome.outputs = Some(tensors::to_json(&accepted.outputs));
    outcome.proof_bytes = Some(proof_bytes);
    outcome.security_bits = Some(accepted.security_bits);
    outcome.more.insert("forgery".into(), reason.into());
    outcome.seconds = clock.seconds;
    outcome.peak_bytes = peak_bytes();
    Ok(outcome)
}

/// How the integer program does on data that training has not seen.
fn accuracy_on_tests(
    outcome: &mut Outcome,
    key: &vouch::ProvingKey,
    inputs: &Arrays,
) -> Result<()> {
    let outputs = key.run(inputs)?;
    let labels = tensors::from_npy(LABELS)?;
    let Some(probabilities) = outputs.values().next() else {
        bail!("the model has no output")
    };
    let right = { probabilities.data.chunks(2).zip(&labels.data) }
        .filter(|(row, label)| (row[1] > row[0]) == (**label > 0.5))
        .count();
    outcome.line(format!(
        "  {right} of {} unseen patients get the right diagnosis from the integer program",
        labels.data.len()
    ));
    outcome.more.insert(
        "test_accuracy".into(),
        serde_json::json!({ "right": right, "of": labels.data.len() }),
    );
    Ok(())
}

/// Verifies as somebody else would: from the files.
fn verify(clock: &mut Clock, folder: &Path, proof: &Path) -> Result<vouch::Accepted> {
    let key = VerifyingKey::load(folder.join("model.vk"))?;
    clock.step("certificate", "checking the key", || {
        key.check_certificate(None)
    })?;
    let proof = Proof::load(proof)?;
    match clock.step("verify", "verifying", || {
        key.verify(&proof, &Expected::default())
    }) {
        Ok(accepted) => Ok(accepted),
        Err(rejected) => bail!("the proof was rejected: {rejected}"),
    }
}

/// Exchanges the two probabilities in the expectation, and in the proof itself.
fn forge(folder: &Path, proof: &PathBuf, outputs: &Arrays) -> Result<String> {
    let key = VerifyingKey::load(folder.join("model.vk"))?;
    let mut claimed = outputs.clone();
    claimed.values_mut().for_each(|array| array.data.reverse());
    let expected = Expected {
        outputs: claimed,
        ..Expected::default()
    };
    let reason = match key.verify(&Proof::load(proof)?, &expected) {
        Ok(_) => bail!("a changed output was accepted"),
        Err(rejected) => rejected.to_string(),
    };
    let forged = Proof::load(proof)?.with_reversed_publics();
    match key.verify(&forged, &Expected::default()) {
        Ok(_) => bail!("a proof with a changed output was accepted"),
        Err(rejected) => Ok(format!(
            "{reason}; and with the output changed inside the proof: {rejected}"
        )),
    }
}

fn report_steps(outcome: &mut Outcome, clock: &Clock) {
    outcome.line("\nTime and memory");
    let mut rows = vec![["step", "time"].map(String::from).to_vec()];
    for (step, what) in [
        ("read", "read the model"),
        ("setup", "set up: quantise, commit, certify"),
        ("prove", "prove"),
        ("certificate", "verify the key, once"),
        ("verify", "verify the proof"),
    ] {
        if let Some(&time) = clock.seconds.get(step) {
            rows.push(vec![what.to_owned(), duration(time)]);
        }
    }
    outcome.table(&rows);
    if let Some(peak) = peak_bytes() {
        outcome.line(format!("  peak memory {}", bytes(peak)));
    }
}
