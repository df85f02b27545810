//! `vouch prove`.

use super::{declared, load_proving_key, show_arrays, size};
use crate::arguments::Prove;
use crate::clock::{Clock, peak_bytes};
use crate::outcome::{Outcome, bytes, duration};
use crate::{files, tensors};
use anyhow::{Result, bail};
use vouch::Visibility;

/// Makes a proof for one input or a batch.
pub fn run(arguments: &Prove) -> Result<Outcome> {
    let path = arguments
        .output
        .clone()
        .unwrap_or_else(|| arguments.input.with_extension("proof"));
    if [&arguments.key, &arguments.input].contains(&&path) {
        bail!(
            "the proof would overwrite {}; choose another file with -o",
            path.display()
        );
    }
    let mut clock = Clock::new();
    let key = clock.step("load", "loading the key", || {
        load_proving_key(&arguments.key)
    })?;
    let verifying = key.verifying_key();
    let inputs = tensors::read(&arguments.input, &declared(&verifying.program().inputs))?;
    // Before the work, and before the key's budget is touched.
    files::check_writable(&path)?;
    let proved = clock.step("prove", "proving", || key.prove(&inputs))?;
    proved.proof.save(&path)?;
    for (name, sealed) in &proved.sealed {
        sealed.save(path.with_extension(format!("{name}.sealed")))?;
        sealed
            .seal()
            .save(path.with_extension(format!("{name}.seal")))?;
    }
    let is_public = |name: &str| {
        verifying
            .outputs(Visibility::Public)
            .any(|output| output.name == name)
    };
    let (public, hidden): (vouch::Arrays, vouch::Arrays) = proved
        .outputs
        .into_iter()
        .partition(|(name, _)| is_public(name));
    let mut outcome = Outcome::default();
    let proof_bytes = size(&path)?;
    outcome.line(format!(
        "Proved in {}; wrote {} ({})",
        duration(clock.seconds["prove"]),
        path.display(),
        bytes(proof_bytes)
    ));
    show_arrays(&mut outcome, "public output", &public);
    show_arrays(&mut outcome, "hidden output", &hidden);
    if let Some(left) = key.proofs_left()? {
        outcome.line(format!("  {left} more proofs can be made with this key"));
        outcome.more.insert("proofs_left".into(), left.into());
    }
    outcome.outputs = Some(tensors::to_json(&public));
    outcome.proof_bytes = Some(proof_bytes);
    outcome.model = Some(super::hexadecimal(verifying.digest()));
    outcome.seconds = clock.seconds;
    outcome.peak_bytes = peak_bytes();
    Ok(outcome)
}
