//! Outputs within a tolerance of what is expected, with calibration data and without.

use crate::files::{bound, check, error, folder, integers, read};
use onnx::Options;

/// A model, and the largest error of its outputs, relative to the largest: calibrated on its input, and
/// on random inputs.
const MODELS: &[(&str, f64, f64)] = &[
    ("1l_mlp", 1e-3, 1e-3),
    ("1l_conv", 1e-3, 1e-3),
    ("1l_relu", 1e-3, 1e-3),
    ("1l_sigmoid", 1e-3, 1e-3),
    ("1l_softmax", 1e-3, 1e-3),
    ("1l_max_pool", 1e-3, 1e-2),
    ("1l_average", 1e-3, 1e-2),
    ("1l_batch_norm", 1e-3, 1e-2),
    ("2l_relu_fc", 1e-3, 1e-2),
    ("4l_relu_conv_fc", 1e-3, 1e-2),
    ("layernorm", 1e-3, 1e-3),
    ("linear_regression", 1e-3, 1e-3),
    ("sklearn_mlp", 1e-3, 1e-3),
    ("tutorial", 1e-3, 1e-2),
    ("lstm", 1e-3, 1e-2),
    ("lstm_large", 1e-3, 1e-2),
    ("ltsf", 1e-3, 1e-2),
    ("mnist_gan", 1e-3, 1e-2),
    ("quantize_dequantize", 1e-3, 1e-1),
    ("rnn", 1e-3, 1e-2),
];

fn options(example: &crate::files::Example, calibrated: bool) -> Options {
    let mut options = Options::default();
    if calibrated {
        options.calibration.push(example.input.clone());
    }
    options
}

#[test]
fn outputs_are_close_to_those_of_the_float_model() {
    if folder().is_none() {
        return;
    }
    let mut wrong = Vec::new();
    for &(name, with, without) in MODELS {
        let example = read(name).expect("the model's files").expect("a model");
        for (calibrated, tolerance) in [(true, with), (false, without)] {
            let found = error(&example, &options(&example, calibrated));
            println!("{name:20} calibrated {calibrated:5} {found:?}");
            if !found.as_ref().is_ok_and(|&found| found <= tolerance) {
                wrong.push(format!("{name}, calibrated {calibrated}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn relations_hold_on_the_witness() {
    if folder().is_none() {
        return;
    }
    let mut wrong = Vec::new();
    for (name, ..) in MODELS {
        let example = read(name).expect("the model's files").expect("a model");
        let quantised = onnx::quantise(&example.model, &options(&example, true));
        let Ok(quantised) = quantised else {
            wrong.push(format!("{name}: {:?}", quantised.err()));
            continue;
        };
        let program = bound(&example, &quantised);
        let inputs = integers(&program, &example.input);
        if let Err(reason) = check(&program, &quantised, &inputs) {
            wrong.push(format!("{name}: {reason}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
