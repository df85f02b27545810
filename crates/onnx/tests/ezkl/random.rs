//! No input in its declared range can fail.

use crate::files::{bound, check, names, read};
use onnx::Options;
use program::Tensor;

/// A generator that gives the same numbers everywhere (splitmix64).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn extreme_inputs_in_the_declared_range_have_a_witness() {
    let mut wrong = Vec::new();
    for name in names() {
        let Some(Ok(example)) = read(&name) else {
            continue;
        };
        let mut options = Options::default();
        options.calibration.push(example.input.clone());
        let quantised = match onnx::quantise(&example.model, &options) {
            Ok(quantised) => quantised,
            // The survey says which models are refused.
            Err(_) => continue,
        };
        let program = bound(&example, &quantised);
        let mut state = 7;
        for round in 0..6 {
            let tensor = |declared: &program::Input<usize>| {
                let (lo, hi) = (declared.interval.lo, declared.interval.hi);
                let mut value = || match (round, next(&mut state)) {
                    (0, _) => lo,
                    (1, _) => hi,
                    (2, _) => 0i64.clamp(lo, hi),
                    (3, draw) => [lo, hi][usize::from(draw % 2 == 1)],
                    (_, draw) => {
                        let width = u64::try_from(hi - lo).expect("an interval") + 1;
                        lo + i64::try_from(draw % width).expect("a value")
                    }
                };
                let len = declared.shape.iter().product();
                let values = (0..len).map(|_| value()).collect();
                Tensor::from_i64s(declared.shape.clone(), values).expect("an input")
            };
            let mut tensor = tensor;
            let inputs: Vec<Tensor> = program.inputs.iter().map(&mut tensor).collect();
            if let Err(reason) = check(&program, &quantised, &inputs) {
                wrong.push(format!("{name}, round {round}: {reason}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
