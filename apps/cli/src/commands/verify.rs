//! `vouch verify`.

use super::{
    declared, declared_outputs, digest, load_proof, load_verifying_key, show_arrays, size,
};
use crate::arguments::Verify;
use crate::clock::Clock;
use crate::outcome::{Outcome, duration};
use crate::tensors;
use anyhow::{Result, bail};
use measure::peak_bytes;
use vouch::{Accepted, Expected, Rejected, Trusted, Visibility};

/// Checks a proof.
pub fn run(arguments: &Verify) -> Result<Outcome> {
    let mut clock = Clock::new();
    let model = arguments.model.as_deref().map(digest).transpose()?;
    let key = clock.step("load", "loading the key", || {
        load_verifying_key(&arguments.key)
    })?;
    if arguments.input.is_some() && key.inputs(Visibility::Public).next().is_none() {
        bail!("--input: the key has no public input to compare with; see `vouch setup --public`");
    }
    if arguments.output.is_some() && key.outputs(Visibility::Public).next().is_none() {
        bail!("--output: the key has no public output to compare with; see `vouch setup --public`");
    }
    let proof = load_proof(&arguments.proof)?;
    let inputs = match &arguments.input {
        Some(path) => tensors::read(path, &declared(key.inputs(Visibility::Public)))?,
        None => Default::default(),
    };
    // The shapes of outputs follow from the statement, which the proof has to show first.
    let known = Expected {
        inputs,
        model,
        ..Expected::default()
    };
    let trusted = arguments.trusted.as_ref().map(Trusted::at);
    let mut result = clock.step("verify", "verifying", || {
        key.verify_with(&proof, &known, trusted.as_ref())
    });
    if let (Ok(accepted), Some(path)) = (&result, &arguments.output) {
        let declared = declared_outputs(key.outputs(Visibility::Public), &accepted.outputs);
        let outputs = tensors::read(path, &declared)?;
        let expected = Expected { outputs, ..known };
        // The certificate was checked a moment ago; the proof is checked again against the outputs.
        result = clock.step("verify", "verifying", || {
            key.verify_with(&proof, &expected, trusted.as_ref())
        });
    }
    let mut outcome = Outcome {
        proof_bytes: Some(size(&arguments.proof)?),
        model: Some(super::hexadecimal(key.digest())),
        ..Outcome::default()
    };
    match result {
        Ok(accepted) => accept(&mut outcome, &accepted, &clock),
        Err(rejected) => reject(&mut outcome, &rejected),
    }
    outcome.seconds = clock.seconds;
    outcome.peak_bytes = peak_bytes();
    Ok(outcome)
}

fn accept(outcome: &mut Outcome, accepted: &Accepted, clock: &Clock) {
    outcome.verdict = Some("accepted");
    outcome.line(format!("Accepted in {}", duration(clock.seconds["verify"])));
    if let Some(model) = &outcome.model {
        let line = format!("  model {model}");
        outcome.line(line);
    }
    for (name, value) in &accepted.symbols {
        outcome.line(format!("  {name} = {value}"));
    }
    show_arrays(outcome, "public input", &accepted.inputs);
    show_arrays(outcome, "public output", &accepted.outputs);
    for (name, seal) in &accepted.seals {
        outcome.line(format!(
            "  sealed {name}: {}",
            super::hexadecimal(&seal.digest())
        ));
    }
    outcome.line(format!(
        "  {:.1} bits of proven security",
        accepted.security_bits
    ));
    outcome.inputs = Some(tensors::to_json(&accepted.inputs));
    outcome.outputs = Some(tensors::to_json(&accepted.outputs));
    outcome.security_bits = Some(accepted.security_bits);
}

fn reject(outcome: &mut Outcome, rejected: &Rejected) {
    outcome.verdict = Some("rejected");
    outcome.line(format!("Rejected: {rejected}"));
    outcome.reason = Some(rejected.to_string());
}
