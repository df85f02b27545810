//! `vouch prove`.

use super::{check_memory, declared, load_proving_key, show_arrays, size};
use crate::arguments::Prove;
use crate::clock::Clock;
use crate::outcome::{Outcome, bytes, duration};
use crate::{files, tensors};
use anyhow::{Result, bail};
use measure::{Spans, peak_bytes};
use std::path::{Path, PathBuf};
use vouch::{ProveError, VerifyingKey, Visibility};

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
    let spans = Spans::install()?;
    let mut clock = Clock::new();
    let key = clock.step("load", "loading the key", || {
        load_proving_key(&arguments.key)
    })?;
    let verifying = key.verifying_key();
    let inputs = tensors::read(&arguments.input, &declared(&verifying.program().inputs))?;
    // Before the work, and before the key's budget is touched.
    files::check_writable(&path)?;
    check_seals(verifying, &path)?;
    let failed = |error: ProveError| {
        let is_spent = matches!(error, ProveError::Budget(_));
        let at_fault = [&arguments.input, &arguments.key][usize::from(is_spent)].display();
        anyhow::Error::new(error).context(format!("cannot prove with {at_fault}"))
    };
    spans.take();
    // Checked as part of the proof, whose relations both need.
    let proved = clock.step("prove", "proving", || {
        if !arguments.skip_memory_check {
            check_memory(&key.estimate(&inputs).map_err(failed)?)?;
        }
        key.prove(&inputs).map_err(failed)
    })?;
    let steps = spans.take();
    // The seals first: a proof without its seals' openings would be of less use than none.
    for (name, sealed) in &proved.sealed {
        let [secret, public] = seal_paths(&path, name);
        sealed.save(secret)?;
        sealed.seal().save(public)?;
    }
    proved.proof.save(&path)?;
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
    outcome.security_bits = Some(verifying.security_bits(proved.proof.symbols())?);
    outcome.outputs = Some(tensors::to_json(&public));
    outcome.proof_bytes = Some(proof_bytes);
    outcome.model = Some(super::hexadecimal(verifying.digest()));
    let steps = { steps.into_iter() }.map(|(name, time)| (name.to_owned(), time.into()));
    outcome.more.insert(
        "prove_steps".into(),
        serde_json::Value::Object(steps.collect()),
    );
    outcome.seconds = clock.seconds;
    outcome.peak_bytes = peak_bytes();
    Ok(outcome)
}

/// Where the opening of a seal goes, and the seal: beside the proof. Names of tensors may hold what no file name does.
fn seal_paths(proof: &Path, name: &str) -> [PathBuf; 2] {
    let keep = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name: String = { name.chars() }
        .map(|c| if keep(c) { c } else { '_' })
        .collect();
    ["sealed", "seal"].map(|ending| proof.with_extension(format!("{name}.{ending}")))
}

/// That no opening of a seal is in the way: one that is replaced is lost, with all that only it can open.
fn check_seals(key: &VerifyingKey, proof: &Path) -> Result<()> {
    let inputs = key.inputs(Visibility::Sealed).map(|input| &input.name);
    let outputs = key.outputs(Visibility::Sealed).map(|output| &output.name);
    let mut paths: Vec<PathBuf> = Vec::new();
    for name in inputs.chain(outputs) {
        for path in seal_paths(proof, name) {
            if path.exists() || paths.contains(&path) {
                bail!(
                    "the seal of {name:?} would overwrite {}; choose another file for the proof with -o",
                    path.display()
                );
            }
            paths.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seals_lie_beside_their_proof_whatever_their_names() {
        let [secret, public] = seal_paths(Path::new("a/b.proof"), "/x/../y:0");
        assert_eq!(secret, Path::new("a/b._x_.._y_0.sealed"));
        assert_eq!(public, Path::new("a/b._x_.._y_0.seal"));
    }
}
