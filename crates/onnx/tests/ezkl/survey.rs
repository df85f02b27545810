//! Every model of the folder: which work, how far off they are, and why the others are refused.

use crate::files::{error, names, read};
use onnx::Options;

/// Models that are refused, and an operator that is the reason.
const REFUSED: &[(&str, &str)] = &[];

/// The largest error of an output, relative to the largest output.
const TOLERANCE: f64 = 1e-3;

#[test]
fn every_model_is_quantised_or_refused_with_a_reason() {
    let mut wrong = Vec::new();
    for name in names() {
        let Some(example) = read(&name) else {
            wrong.push(format!("{name}: no data"));
            continue;
        };
        let found = example.and_then(|example| {
            let options = Options {
                calibration: vec![example.input.clone()],
                ..Options::default()
            };
            error(&example, &options)
        });
        println!("{name:24} {found:?}");
        let expected = REFUSED.iter().find(|(refused, _)| *refused == name);
        let is_expected = match (&found, expected) {
            (Ok(worst), None) => *worst <= TOLERANCE,
            (Err(reason), Some((_, operator))) => reason.contains(operator),
            _ => false,
        };
        if !is_expected {
            wrong.push(format!("{name}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
