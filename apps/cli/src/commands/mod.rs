//! The commands, one file each.

pub mod bench;
pub mod demo;
pub mod doctor;
pub mod inspect;
pub mod prepare;
pub mod prove;
pub mod run;
pub mod setup;
pub mod verify;

use crate::outcome::{Outcome, bytes, duration};
use crate::tensors::Declared;
use anyhow::{Context, Result, bail};
use serde_json::json;
use std::path::Path;
use vouch::program::{Dim, Input, Output};
use vouch::{Arrays, Estimate, Proof, ProvingKey, VerifyingKey};

/// What a key says about inputs.
fn declared<'a>(inputs: impl IntoIterator<Item = &'a Input<Dim>>) -> Vec<Declared> {
    let declared = |input: &Input<Dim>| Declared {
        name: input.name.clone(),
        shape: input.shape.iter().map(Dim::known).collect(),
    };
    inputs.into_iter().map(declared).collect()
}

/// What is known of outputs without the sizes of a statement: their names, and the shapes of `found`.
fn declared_outputs<'a>(
    outputs: impl IntoIterator<Item = &'a Output>,
    found: &Arrays,
) -> Vec<Declared> {
    let declared = |output: &Output| Declared {
        name: output.name.clone(),
        shape: found.get(&output.name).map_or(Vec::new(), |array| {
            array.shape.iter().map(|&size| Some(size)).collect()
        }),
    };
    outputs.into_iter().map(declared).collect()
}

fn load_proving_key(path: &Path) -> Result<ProvingKey> {
    ProvingKey::load(path).with_context(|| format!("cannot use the proving key {}", path.display()))
}

fn load_verifying_key(path: &Path) -> Result<VerifyingKey> {
    VerifyingKey::load(path)
        .with_context(|| format!("cannot use the verifying key {}", path.display()))
}

fn load_proof(path: &Path) -> Result<Proof> {
    Proof::load(path).with_context(|| format!("cannot use the proof {}", path.display()))
}

fn size(path: &Path) -> Result<u64> {
    let metadata = std::fs::metadata(path).with_context(|| path.display().to_string())?;
    Ok(metadata.len())
}

/// A digest as hexadecimal digits.
fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest from hexadecimal digits.
fn digest(text: &str) -> Result<[u8; 32]> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        bail!(
            "--model: expected a digest of 64 hexadecimal digits, found {text:?}; `vouch inspect MODEL.vk` shows it"
        );
    }
    let mut digest = [0; 32];
    for (at, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16)?;
    }
    Ok(digest)
}

/// Adds the first values of named tensors to a report.
fn show_arrays(outcome: &mut Outcome, title: &str, arrays: &Arrays) {
    const MOST: usize = 8;
    for (name, array) in arrays {
        let values: Vec<String> = { array.data.iter().take(MOST) }
            .map(|value| format!("{value:.6}"))
            .collect();
        let more = if array.data.len() > MOST { ", .." } else { "" };
        outcome.line(format!(
            "  {title} {name} {:?}: {}{more}",
            array.shape,
            values.join(", ")
        ));
    }
}

/// That there is memory for a proof, as far as the estimate and the system tell: work that would end in a kill does not
/// begin.
pub fn check_memory(estimate: &Estimate) -> Result<()> {
    enough(estimate.bytes, measure::available_bytes())
}

fn enough(needed: f64, available: Option<u64>) -> Result<()> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, which is positive"
    )]
    let needed = needed as u64;
    match available {
        Some(available) if needed > available => bail!(
            "a proof for this input takes about {} of memory, and {} are available: prove fewer rows or a shorter \
             sequence at a time, or use a larger machine; --skip-memory-check tries all the same",
            bytes(needed),
            bytes(available)
        ),
        _ => Ok(()),
    }
}

/// Shows what a proof costs.
pub fn show_estimate(outcome: &mut Outcome, estimate: &Estimate) {
    outcome.line("\nWhat a proof costs, on two cores");
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, which is positive"
    )]
    let memory = estimate.bytes as u64;
    outcome.table(&[
        row("quantity", "about".into()),
        row("time", duration(estimate.seconds)),
        row("memory", bytes(memory)),
        row(
            "integers committed by a proof",
            estimate.witness.to_string(),
        ),
        row("lookups", estimate.lookups.to_string()),
        row(
            "integers committed by the key",
            estimate.parameters.to_string(),
        ),
    ]);
    outcome.more.insert(
        "estimate".into(),
        json!({
            "seconds": estimate.seconds,
            "peak_bytes": memory,
            "witness": estimate.witness,
            "lookups": estimate.lookups,
            "parameters": estimate.parameters,
        }),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_they_are_shown() {
        let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 7).unwrap_or(0));
        assert_eq!(digest(&hexadecimal(&bytes)).expect("a digest"), bytes);
        assert_eq!(
            digest(&format!("0x{}", hexadecimal(&bytes))).expect("a digest"),
            bytes
        );
        for text in ["", "12", &"g".repeat(64), &"é".repeat(32)] {
            assert!(digest(text).is_err());
        }
    }

    #[test]
    fn more_memory_than_there_is_is_refused_with_both_figures() {
        assert!(enough(2e9, Some(2_000_000_000)).is_ok());
        assert!(enough(2e9, None).is_ok());
        let error = enough(8.1e9, Some(3_200_000_000)).expect_err("too little");
        let error = error.to_string();
        assert!(
            error.contains("8.10 GB") && error.contains("3.20 GB"),
            "{error}"
        );
    }
}
