//! `vouch run`.

use super::{declared, load_proving_key, prepare, show_arrays};
use crate::arguments::Run;
use crate::clock::Clock;
use crate::outcome::{Outcome, duration};
use crate::tensors;
use anyhow::{Context, Result};
use measure::peak_bytes;
use serde_json::{Map, Value, json};
use vouch::{Arrays, FloatModel};

/// Runs the integer program of a key, and the float model beside it where the key's folder has it.
pub fn run(arguments: &Run) -> Result<Outcome> {
    let mut clock = Clock::new();
    let key = clock.step("load", "loading the key", || {
        load_proving_key(&arguments.key)
    })?;
    let inputs = tensors::read(
        &arguments.input,
        &declared(&key.verifying_key().program().inputs),
    )?;
    if let Some(path) = &arguments.output {
        crate::files::check_writable(path)?;
    }
    let outputs = clock
        .step("execute", "running the integer program", || {
            key.run(&inputs)
        })
        .with_context(|| format!("cannot run the model on {}", arguments.input.display()))?;
    let mut outcome = Outcome::default();
    outcome.line("Outputs of the integer program");
    show_arrays(&mut outcome, "output", &outputs);
    let model = arguments.key.with_extension("onnx");
    if model.exists() {
        let sizes = prepare::sizes("--size", &arguments.size)?;
        let float = clock.step("float", "running the float model", || {
            FloatModel::with_sizes(&model, sizes)?.run(&inputs)
        })?;
        let accuracy = compare(&outputs, &float);
        outcome.line("");
        outcome.line("Distance from the float model");
        let mut rows = vec![["output", "largest", "mean"].map(String::from).to_vec()];
        for (name, found) in &accuracy {
            let cell = |key: &str| format!("{:.3e}", found[key].as_f64().unwrap_or(f64::NAN));
            rows.push(vec![name.clone(), cell("max_error"), cell("mean_error")]);
        }
        outcome.table(&rows);
        outcome.accuracy = Some(Value::Object(accuracy));
    }
    if let Some(path) = &arguments.output {
        tensors::write(path, &outputs)?;
        outcome.line(format!("\nWritten to {}", path.display()));
    }
    outcome.line(format!("\nTook {}", duration(clock.seconds["execute"])));
    outcome.outputs = Some(tensors::to_json(&outputs));
    outcome.model = Some(super::hexadecimal(key.verifying_key().digest()));
    outcome.seconds = clock.seconds;
    outcome.peak_bytes = peak_bytes();
    Ok(outcome)
}

/// The distance between outputs and those of the float model.
pub fn compare(outputs: &Arrays, float: &Arrays) -> Map<String, Value> {
    let distance = |(name, array): (&String, &vouch::Array)| {
        let other = float.get(name)?;
        let errors: Vec<f64> = { array.data.iter().zip(&other.data) }
            .map(|(a, b)| (a - b).abs())
            .collect();
        let largest = errors.iter().copied().fold(0.0, f64::max);
        #[expect(clippy::cast_precision_loss, reason = "a count of values")]
        let mean = errors.iter().sum::<f64>() / errors.len().max(1) as f64;
        Some((
            name.clone(),
            json!({ "max_error": largest, "mean_error": mean }),
        ))
    };
    outputs.iter().filter_map(distance).collect()
}
