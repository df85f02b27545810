//! `vouch bench`.

use super::{prepare, setup};
use crate::arguments::Bench;
use crate::clock::Clock;
use crate::outcome::{Outcome, bytes, duration};
use crate::tensors::{self, Declared};
use anyhow::{Context, Result, bail};
use measure::{Spans, forget_peak, peak_bytes};
use vouch::{Expected, ProvingKey, Trusted};

/// Measures the whole way.
pub fn run(arguments: &Bench) -> Result<Outcome> {
    let spans = Spans::install()?;
    let mut clock = Clock::new();
    let mut prepared = clock.step("read", "reading the model", || {
        prepare::prepare(&arguments.model, &arguments.options)
    })?;
    // Every repetition spends one of the key's proofs.
    let repeat = usize::try_from(arguments.repeat)?;
    prepared.options.max_proofs = prepared.options.max_proofs.max(repeat);
    let inputs: Vec<Declared> = { prepared.inputs().into_iter() }
        .map(|(name, shape)| Declared { name, shape })
        .collect();
    let input = match &arguments.input {
        Some(path) => {
            let input = tensors::read(path, &inputs)?;
            let name = || format!("cannot use {}", path.display());
            prepared.check(&input).with_context(name)?;
            input
        }
        None => prepared.sample(),
    };
    let vouch::Made { key, accuracy, .. } = clock.step("setup", "setting up", || prepared.run())?;
    drop(prepared);
    // As whoever proves has it: from its files, without what set-up needed.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.pk");
    clock.step("write", "writing the keys", || key.save(&path))?;
    let setup_peak = peak_bytes();
    drop(key);
    forget_peak();
    let key = clock.step("load", "reading the key", || ProvingKey::load(&path))?;
    if !arguments.skip_memory_check {
        super::check_memory(&key.estimate(&input)?)?;
    }
    let vk_bytes = key.verifying_key().to_bytes();
    // The certificate is checked once per key, and is not what a verification costs.
    let trusted = Trusted::at(folder.path());
    clock.step("certificate", "checking the key", || {
        key.verifying_key().check_certificate(Some(&trusted))
    })?;
    let mut times = Times::default();
    let mut parts = Times::default();
    let (mut proof_bytes, mut security_bits) = (0, None);
    for _ in 0..arguments.repeat {
        let mut once = Clock::new();
        once.step("execute", "running the integer program", || key.run(&input))?;
        spans.take();
        let proved = once.step("prove", "proving", || key.prove(&input))?;
        parts.add(&spans.take());
        let proof = proved.proof.to_bytes();
        proof_bytes = u64::try_from(proof.len())?;
        // As a fresh process would: from the bytes of key and proof.
        let verdict = once.step("verify", "verifying", || -> Result<_> {
            let key = vouch::VerifyingKey::from_bytes(&vk_bytes)?;
            Ok(key.verify_with(
                &vouch::Proof::from_bytes(&proof)?,
                &Expected::default(),
                Some(&trusted),
            ))
        })?;
        match verdict {
            Ok(accepted) => security_bits = Some(accepted.security_bits),
            Err(rejected) => bail!("the proof was rejected: {rejected}"),
        }
        times.add(&once.seconds);
    }
    let mut outcome = Outcome::default();
    outcome.line(format!(
        "{}, {} runs (medians)",
        arguments.model.display(),
        arguments.repeat
    ));
    let mut seconds = clock.seconds;
    seconds.extend(times.medians());
    let mut rows = vec![["step", "time"].map(String::from).to_vec()];
    for step in [
        "read",
        "setup",
        "write",
        "load",
        "certificate",
        "execute",
        "prove",
        "verify",
    ] {
        if let Some(&time) = seconds.get(step) {
            rows.push(vec![step.to_owned(), duration(time)]);
        }
    }
    outcome.table(&rows);
    // In the order of their time: what to look at first comes first.
    let mut parts: Vec<(&str, f64)> = parts.medians().collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut rows = vec![["of which in prove", "time"].map(String::from).to_vec()];
    rows.extend(
        parts
            .iter()
            .map(|&(name, time)| vec![name.to_owned(), duration(time)]),
    );
    outcome.line("");
    outcome.table(&rows);
    outcome
        .more
        .insert("prove_steps".into(), parts.into_iter().collect());
    outcome.line(format!("\n  proof {}", bytes(proof_bytes)));
    outcome.line(format!(
        "  verifying key {}",
        bytes(u64::try_from(vk_bytes.len())?)
    ));
    let peaks = [("set-up", setup_peak), ("a proof", peak_bytes())];
    for (of, peak) in peaks {
        if let Some(peak) = peak {
            outcome.line(format!("  peak memory of {of} {}", bytes(peak)));
        }
    }
    outcome.peak_bytes = peaks[1].1;
    if let Some(peak) = setup_peak {
        outcome.more.insert("setup_peak_bytes".into(), peak.into());
    }
    outcome.accuracy = Some(setup::accuracy(&accuracy));
    outcome
        .key_bytes
        .insert("verifying", u64::try_from(vk_bytes.len())?);
    outcome.proof_bytes = Some(proof_bytes);
    outcome.security_bits = security_bits;
    outcome.model = Some(super::hexadecimal(key.verifying_key().digest()));
    outcome.seconds = seconds;
    Ok(outcome)
}

/// The times of each step over all runs.
#[derive(Default)]
struct Times(std::collections::BTreeMap<&'static str, Vec<f64>>);

impl Times {
    fn add(&mut self, seconds: &std::collections::BTreeMap<&'static str, f64>) {
        for (&name, &time) in seconds {
            self.0.entry(name).or_default().push(time);
        }
    }

    fn medians(self) -> impl Iterator<Item = (&'static str, f64)> {
        self.0.into_iter().filter_map(|(name, mut times)| {
            times.sort_by(f64::total_cmp);
            times.get(times.len() / 2).map(|&time| (name, time))
        })
    }
}
