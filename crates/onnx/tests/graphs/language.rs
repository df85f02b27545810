//! Language models as their exporters write them: one quantisation for every batch and every length.

use crate::quantise::both;
use onnx::{Array, Arrays, Limits, Model, Options, Quantised, quantise};

const MODELS: [(&str, &[u8]); 3] = [
    ("gpt2", include_bytes!("models/gpt2.onnx")),
    ("bert", include_bytes!("models/bert.onnx")),
    ("llama", include_bytes!("models/llama.onnx")),
];

/// Rows of the embeddings.
const VOCABULARY: usize = 50;

/// The longest sequence.
const LONGEST: usize = 40;

fn load(bytes: &[u8]) -> Model {
    Model::parse(bytes, None, &Limits::default()).expect("a model")
}

fn quantised(model: &Model) -> Quantised {
    quantise(model, &Options::default()).expect("a program")
}

/// Tokens in no order, with the last `padding` of each row masked.
#[expect(clippy::cast_precision_loss, reason = "small integers")]
fn tokens(batch: usize, length: usize, padding: usize) -> Arrays {
    let shape = vec![batch, length];
    let ids = (0..batch * length).map(|at| (at * 17 % VOCABULARY) as f64);
    let mask = (0..batch * length).map(|at| f64::from(u8::from(at % length + padding < length)));
    let ids = Array {
        shape: shape.clone(),
        data: ids.collect(),
    };
    let mask = Array {
        shape,
        data: mask.collect(),
    };
    [
        ("input_ids".to_owned(), ids),
        ("attention_mask".to_owned(), mask),
    ]
    .into()
}

/// The largest error of an output, relative to the largest output.
fn error(model: &Model, quantised: &Quantised, inputs: &Arrays) -> f64 {
    let (found, expected) = both(model, quantised, inputs);
    assert_eq!(found.len(), expected.len());
    let largest = expected
        .iter()
        .fold(0.0, |most: f64, value| most.max(value.abs()));
    let errors = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
    errors.fold(0.0, f64::max) / largest
}

#[test]
fn one_program_serves_every_batch_and_length() {
    let mut wrong = Vec::new();
    for (name, bytes) in MODELS {
        let model = load(bytes);
        if model.symbols().len() != 2 {
            wrong.push(format!("{name}: {:?}", model.notes()));
            continue;
        }
        let program = match quantise(&model, &Options::default()) {
            Ok(program) => program,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        // Rotary angles grow with the length, and their tables end where calibration ended.
        let is_rotary = name == "llama";
        for (batch, length, padding) in [(1, 1, 0), (2, 5, 0), (3, 8, 3), (1, LONGEST, 0)] {
            if is_rotary && length == LONGEST {
                continue;
            }
            let error = error(&model, &program, &tokens(batch, length, padding));
            println!("{name} {batch} x {length}: {error:e}");
            if error > 2e-3 {
                wrong.push(format!("{name} {batch} x {length}: error {error}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_index_takes_every_row_of_its_table_without_calibration() {
    for (name, bytes) in MODELS {
        let model = load(bytes);
        let implied = |at: usize| model.inputs()[at].implied;
        assert_eq!(implied(0), Some((0, 49)), "{name}");
        assert_eq!(implied(1), Some((0, 1)), "{name}");
    }
}

#[test]
fn calibration_data_do_not_narrow_an_index() {
    let model = load(MODELS[0].1);
    let mut inputs = tokens(1, 4, 0);
    inputs.get_mut("input_ids").expect("tokens").data.fill(3.0);
    let options = Options {
        calibration: vec![inputs],
        ..Options::default()
    };
    let program = quantise(&model, &options).expect("a program").program;
    let intervals: Vec<(i64, i64)> = { program.inputs.iter() }
        .map(|input| (input.interval.lo, input.interval.hi))
        .collect();
    assert_eq!(intervals, [(0, 63), (0, 1)]);
}

#[test]
fn a_sequence_longer_than_the_table_of_positions_has_no_program() {
    let program = quantised(&load(MODELS[0].1)).program;
    assert!(program.bind(&[1, LONGEST]).expect("sizes").infer().is_ok());
    let longer = program.bind(&[1, LONGEST + 1]);
    assert!(longer.is_err() || longer.is_ok_and(|bound| bound.infer().is_err()));
}

#[test]
fn a_tied_embedding_is_committed_once() {
    let program = quantised(&load(MODELS[0].1)).program;
    let elements = |shape: &Vec<usize>| shape.iter().product::<usize>();
    let parameters = program.parameters.iter();
    let tables = parameters.filter(|one| elements(&one.shape) == VOCABULARY * 16);
    assert_eq!(tables.count(), 1);
}
