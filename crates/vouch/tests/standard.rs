//! Node tests of the ONNX standard through set-up, proof and verification: those that crate `onnx` keeps.

use serde_json::Value;
use std::path::PathBuf;
use vouch::{Array, Arrays, Expected, Setup};

/// Cases that between them use every integer operator, and views of every kind.
const CASES: &[&str] = &[
    "test_argmax_default_axis_example_select_last_index",
    "test_bitwise_xor_i32_2d",
    "test_cumsum_2d_axis_1",
    "test_gather_elements_negative_indices",
    "test_resize_upsample_scales_linear",
    "test_scatter_elements_with_duplicate_indices",
    "test_scatternd_add",
    "test_slice_neg_steps",
    "test_top_k_smallest",
    "test_triu",
];

fn numbers(value: &Value) -> Vec<f64> {
    let number = |value: &Value| match value {
        Value::Bool(value) => f64::from(u8::from(*value)),
        value => value.as_f64().unwrap_or(f64::NAN),
    };
    value.as_array().into_iter().flatten().map(number).collect()
}

fn arrays(value: &Value) -> Arrays {
    let entries = value.as_object().into_iter().flatten();
    let array = |(name, value): (&String, &Value)| {
        let sizes = value["shape"].as_array().into_iter().flatten();
        let sizes = sizes.filter_map(|size| usize::try_from(size.as_u64()?).ok());
        let shape = sizes.collect();
        let data = numbers(&value["data"]);
        (name.clone(), Array { shape, data })
    };
    entries.map(array).collect()
}

/// Proves a case and verifies the proof.
fn check(name: &str) -> Result<(), String> {
    let crates = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = crates.join("onnx/tests/conformance/cases").join(name);
    let text = std::fs::read(folder.join("case.json")).map_err(|error| error.to_string())?;
    let case: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
    let (inputs, expected) = (arrays(&case["inputs"]), arrays(&case["outputs"]));
    let mut setup = Setup::new(folder.join("model.onnx")).map_err(|error| error.to_string())?;
    let made = setup.calibrate(&inputs).run();
    let key = made.map_err(|error| error.to_string())?.key;
    let proved = key.prove(&inputs).map_err(|error| error.to_string())?;
    let accepted = key
        .verifying_key()
        .verify(&proved.proof, &Expected::default());
    let outputs = accepted.map_err(|error| error.to_string())?.outputs;
    for (name, expected) in &expected {
        let found = &outputs[name];
        if found.shape != expected.shape {
            return Err(format!("{name}: shape {:?}", found.shape));
        }
        let most = { expected.data.iter() }.fold(1e-3, |most: f64, value| most.max(value.abs()));
        for (found, expected) in found.data.iter().zip(&expected.data) {
            if (found - expected).abs() > 2e-3 * most {
                return Err(format!("{name}: {found}, expected {expected}"));
            }
        }
    }
    Ok(())
}

#[test]
fn what_the_standard_says_is_proven() {
    let wrong: Vec<String> = { CASES.iter() }
        .filter_map(|name| check(name).err().map(|reason| format!("{name}: {reason}")))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
