//! `vouch setup`.

use super::{prepare, size};
use crate::arguments::Setup;
use crate::clock::Clock;
use crate::outcome::{Outcome, bytes, duration};
use anyhow::{Context, Result, bail};
use measure::peak_bytes;
use serde_json::{Value, json};
use std::path::Path;
use vouch::{Accuracy, Made, Visibility};

/// Makes the keys of a model.
pub fn run(arguments: &Setup) -> Result<Outcome> {
    let mut clock = Clock::new();
    let setup = clock.step("read", "reading the model", || {
        prepare::prepare(&arguments.model, &arguments.options)
    })?;
    let folder = &arguments.output;
    check_vacant(folder)?;
    let is_new = !folder.exists();
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    crate::files::check_writable(&folder.join("model.pk"))?;
    let made = clock
        .step(
            "setup",
            "quantising and committing to the parameters",
            || setup.run(),
        )
        .inspect_err(|_| {
            if is_new {
                // It stays if somebody has put something there meanwhile.
                let _ = std::fs::remove_dir(folder);
            }
        })
        .with_context(|| format!("cannot set up {}", arguments.model.display()))?;
    save(&mut clock, &made, &arguments.model, folder)?;
    let mut outcome = Outcome::default();
    let (pk, vk) = (
        size(&folder.join("model.pk"))?,
        size(&folder.join("model.vk"))?,
    );
    outcome.line(format!("Set up in {}", duration(clock.seconds["setup"])));
    outcome.line(format!(
        "  {}  {}  keep it: it holds the parameters",
        folder.join("model.pk").display(),
        bytes(pk)
    ));
    outcome.line(format!(
        "  {}  {}  give it to whoever verifies",
        folder.join("model.vk").display(),
        bytes(vk)
    ));
    describe(&mut outcome, &made);
    outcome.key_bytes = [("proving", pk), ("verifying", vk)].into();
    outcome.seconds = clock.seconds;
    outcome.peak_bytes = peak_bytes();
    Ok(outcome)
}

/// That no key lies in a folder: one that is replaced cannot prove any more, nor be counted.
pub fn check_vacant(folder: &Path) -> Result<()> {
    for name in ["model.pk", "model.pk.count", "model.pk.archive", "model.vk"] {
        let path = folder.join(name);
        if path.exists() {
            bail!(
                "{} is there already; choose another folder with -o, or remove the old keys",
                path.display()
            );
        }
    }
    Ok(())
}

/// Writes the keys, and the float model beside them, for `vouch run` to compare with.
pub fn save(clock: &mut Clock, made: &Made, model: &Path, folder: &Path) -> Result<()> {
    clock.step("write", "writing the keys", || {
        made.key.save(folder.join("model.pk"))?;
        made.key.verifying_key().save(folder.join("model.vk"))?;
        let copy = folder.join("model.onnx");
        if std::fs::canonicalize(&copy).ok() != std::fs::canonicalize(model).ok() {
            crate::files::write(&copy, &std::fs::read(model)?)?;
        }
        Ok(())
    })
}

/// Says what a key is, and how accurate.
pub fn describe(outcome: &mut Outcome, made: &Made) {
    let verifying = made.key.verifying_key();
    let digest = super::hexadecimal(verifying.digest());
    outcome.line(format!("  digest {digest}"));
    let names = |visibility| {
        let inputs = verifying
            .inputs(visibility)
            .map(|input| input.name.as_str());
        let outputs = verifying
            .outputs(visibility)
            .map(|output| output.name.as_str());
        let mut names: Vec<&str> = inputs.chain(outputs).collect();
        let parameters = &verifying.program().parameters;
        if parameters
            .iter()
            .any(|parameter| parameter.visibility == visibility)
        {
            names.push("parameters");
        }
        names.join(", ")
    };
    for (word, visibility) in [
        ("public ", Visibility::Public),
        ("private", Visibility::Private),
        ("sealed ", Visibility::Sealed),
    ] {
        let names = names(visibility);
        if !names.is_empty() {
            outcome.line(format!("  {word} {names}"));
        }
    }
    let limits = verifying.limits();
    if !limits.is_empty() {
        let sizes = limits
            .iter()
            .map(|(name, limit)| format!("{name} up to {limit}"));
        let sizes: Vec<String> = sizes.collect();
        outcome.line(format!(
            "  sizes   {}; others with --limit",
            sizes.join(", ")
        ));
    }
    outcome.more.insert("symbols".into(), json!(limits));
    let data = if made.calibrated {
        "the calibration data"
    } else {
        "random inputs; give real ones with --calibrate"
    };
    outcome.line(format!("\nAccuracy against the float model, on {data}"));
    let mut rows = vec![
        [
            "output",
            "largest error",
            "mean error",
            "same top entry",
            "rows",
        ]
        .map(String::from)
        .to_vec(),
    ];
    rows.extend(made.accuracy.iter().map(|one| {
        vec![
            one.name.clone(),
            format!("{:.2e}", one.max_error),
            format!("{:.2e}", one.mean_error),
            one.top1
                .map_or_else(|| "-".into(), |share| format!("{:.2} %", 100.0 * share)),
            one.rows.to_string(),
        ]
    }));
    outcome.table(&rows);
    remarks(outcome, &made.notes, &made.public_constants);
    outcome.accuracy = Some(accuracy(&made.accuracy));
    outcome.model = Some(digest);
    let smallest = vec![1; verifying.program().symbols.len()];
    outcome.security_bits = verifying.security_bits(&smallest).ok();
}

/// Adds what a person should know.
pub fn remarks(outcome: &mut Outcome, notes: &[String], constants: &[(String, String)]) {
    for note in notes {
        outcome.line(format!("  note: {note}"));
    }
    if !constants.is_empty() {
        outcome.line("\nConstants that the key reveals, as they are part of the program");
        let mut rows = vec![["node", "value"].map(String::from).to_vec()];
        rows.extend(
            constants
                .iter()
                .map(|(name, value)| vec![name.clone(), value.clone()]),
        );
        outcome.table(&rows);
    }
    outcome.more.insert("notes".into(), json!(notes));
    outcome
        .more
        .insert("public_constants".into(), json!(constants));
}

/// Accuracy as an object with a key for each output.
pub fn accuracy(found: &[Accuracy]) -> Value {
    let entry = |one: &Accuracy| {
        let value = json!({
            "max_error": one.max_error,
            "mean_error": one.mean_error,
            "top1": one.top1,
            "rows": one.rows,
        });
        (one.name.clone(), value)
    };
    Value::Object(found.iter().map(entry).collect())
}
