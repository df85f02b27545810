//! Models that are quantised already: from the file to a verified proof of what ONNX Runtime gives.
#![cfg(feature = "onnx")]

use std::path::PathBuf;
use vouch::{Array, Arrays, Expected, Rejected, Setup, Visibility};

/// The models and vectors of the importer's tests.
fn file(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    folder.join("../onnx/tests/quantised").join(name)
}

/// The first rows of a tensor.
fn rows(array: &Array, count: usize) -> Array {
    let mut shape = array.shape.clone();
    shape[0] = count;
    let len: usize = shape.iter().product();
    Array::new(shape, &array.data[..len])
}

/// Inputs and outputs of a model, by name.
fn vectors(name: &str, count: usize) -> (Arrays, Arrays) {
    let bytes = std::fs::read(file(&format!("{name}.json"))).expect("vectors");
    let mut all: Arrays = serde_json::from_slice(&bytes).expect("vectors");
    for value in all.values_mut().flat_map(|array| &mut array.data) {
        // Parsing can miss a number of single precision by the last bit of double precision.
        *value = f64::from(*value as f32);
    }
    let one = |name: &str| Arrays::from([(name.to_owned(), rows(&all[name], count))]);
    (one("x"), one("y"))
}

#[test]
fn proofs_of_quantised_models_are_about_what_onnx_runtime_gives() {
    for name in ["cnn_qoperator", "cnn_qdq"] {
        let setup = Setup::new(file(&format!("{name}.onnx"))).expect("a model");
        let made = setup.run().expect("a key");
        assert_eq!(made.accuracy[0].max_error.to_bits(), 0, "{name}");
        let (inputs, outputs) = vectors(name, 6);
        let proved = made.key.prove(&inputs).expect("a proof");
        assert_eq!(proved.outputs, outputs, "{name}");
        let expected = Expected {
            outputs,
            ..Expected::default()
        };
        let vk = made.key.verifying_key();
        let accepted = vk.verify(&proved.proof, &expected).expect("accepted");
        assert_eq!(accepted.outputs, proved.outputs, "{name}");
        // The next level is another result.
        let mut other = expected;
        let value = &mut other.outputs.get_mut("y").expect("an output").data[0];
        *value += 0.02;
        let refused = vk.verify(&proved.proof, &other);
        assert!(matches!(refused, Err(Rejected::Value { .. })), "{name}");
    }
}

#[test]
fn public_inputs_are_compared_as_levels() {
    let mut setup = Setup::new(file("mlp_qdq.onnx")).expect("a model");
    setup.visibility("x", Visibility::Public).expect("an input");
    let key = setup.run().expect("a key").key;
    // Rows far beyond the levels are among them.
    let (inputs, outputs) = vectors("mlp_qdq", 4);
    let proved = key.prove(&inputs).expect("a proof");
    assert_eq!(proved.outputs, outputs);
    let expected = Expected {
        inputs: inputs.clone(),
        ..Expected::default()
    };
    let vk = key.verifying_key();
    assert!(vk.verify(&proved.proof, &expected).is_ok());
    let mut other = expected;
    let value = &mut other.inputs.get_mut("x").expect("an input").data[20];
    *value += 1.0;
    let refused = vk.verify(&proved.proof, &other);
    assert!(matches!(refused, Err(Rejected::Value { .. })));
}
