//! Quantised models give, bit for bit, what ONNX Runtime gives.
//!
//! `make.py` makes the models and what ONNX Runtime computes for some inputs, among them values far beyond
//! the quantised range and halves of levels.

#[path = "../common/mod.rs"]
mod common;

use common::{integer, real};
use onnx::{Array, Arrays, Limits, Model, Options, quantise};
use program::Tensor;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(serde::Deserialize)]
struct Listed {
    shape: Vec<usize>,
    data: Vec<f64>,
}

#[derive(serde::Deserialize)]
struct Vectors {
    x: Listed,
    y: Listed,
}

fn read(name: &str) -> (Model, Vectors) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/quantised");
    let model = Model::load(folder.join(format!("{name}.onnx")), &Limits::default());
    let model = model.unwrap_or_else(|error| panic!("{name}: {error}"));
    let bytes = std::fs::read(folder.join(format!("{name}.json"))).expect("vectors");
    let mut vectors: Vectors = serde_json::from_slice(&bytes).expect("vectors");
    for value in vectors.x.data.iter_mut().chain(&mut vectors.y.data) {
        *value = single(*value);
    }
    (model, vectors)
}

/// A number of single precision, which parsing can miss by the last bit of double precision.
#[expect(clippy::cast_possible_truncation, reason = "the vectors are single")]
fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// That a model gives what ONNX Runtime gives, and that its relations hold.
fn exact(name: &str, options: &Options) {
    let (model, vectors) = read(name);
    let x = &vectors.x;
    let input = Arrays::from([(
        "x".to_owned(),
        Array {
            shape: x.shape.clone(),
            data: x.data.clone(),
        },
    )]);
    let quantised = quantise(&model, options).unwrap_or_else(|error| panic!("{name}: {error}"));
    let symbols = model.bind(&input).expect("sizes");
    let program = quantised.program.bind(&symbols).expect("a program");
    let declared = &program.inputs[0];
    let integers = x.data.iter().map(|&value| integer(value, declared));
    let integers = Tensor::from_i64s(x.shape.clone(), integers.collect()).expect("a tensor");
    let parameters: Vec<_> = quantised.parameters.iter().cloned().map(Arc::new).collect();
    let found = program::execute::outputs(&program, std::slice::from_ref(&integers), &parameters);
    let found = found.unwrap_or_else(|error| panic!("{name}: {error}"));
    let encoding = program.outputs[0].encoding;
    let values = found[0].to_i64s();
    let reals: Vec<f64> = values.iter().map(|&value| real(value, encoding)).collect();
    assert_eq!(found[0].shape, vectors.y.shape, "{name}");
    let wrong = reals.iter().zip(&vectors.y.data).filter(|(a, b)| a != b);
    assert_eq!(
        wrong.count(),
        0,
        "{name}: {reals:?} for {:?}",
        vectors.y.data
    );
    // What calibration and reports compute is the same.
    let evaluated = model.evaluate(&input).expect("an evaluation");
    assert_eq!(evaluated["y"].data, vectors.y.data, "{name}");

    let lowered = program::Lowered::new(&program).expect("relations");
    let (_, mut assignment) =
        program::execute::assign(&program, &lowered, &[integers], &parameters).expect("a witness");
    let counted = lowered.system.multiplicities(&mut assignment);
    assert_eq!(counted, Ok(()), "{name}");
    assert_eq!(lowered.system.check(&assignment), Ok(()), "{name}");
}

#[test]
fn quantised_operators_are_exact() {
    for name in [
        "cnn_qoperator",
        "cnn_qoperator_signed",
        "mlp_qoperator",
        "mlp_qoperator_signed",
    ] {
        exact(name, &Options::default());
    }
}

#[test]
fn operators_between_dequantised_and_quantised_tensors_are_exact() {
    for name in [
        "cnn_qdq",
        "cnn_qdq_whole",
        "mlp_qdq",
        "mlp_qdq_signed",
        "functions",
    ] {
        exact(name, &Options::default());
    }
}

#[test]
fn integer_operators_are_exact() {
    exact("integers", &Options::default());
}

#[test]
fn few_bits_for_reals_change_nothing() {
    let options = Options {
        weight_bits: 4,
        activation_bits: 4,
        table_bits: 6,
        ..Options::default()
    };
    for name in ["cnn_qdq", "mlp_qoperator_signed", "functions"] {
        exact(name, &options);
    }
}
