//! Indices into tables of fixed size: where the graph stops, there is no proof.

use crate::build::Graph;
use crate::quantise::{both, close, model, row};
use onnx::{Arrays, BadValue, Model, ModelError, Options, QuantiseError, Quantised, quantise};
use program::{Encoding, Interval, ProgramError, Tensor, execute};
use std::sync::Arc;

/// Rows of the table.
const ROWS: usize = 100;

/// Rows of a table by tokens, of which there are four in each row of a batch.
fn embedding() -> Graph {
    let table: Vec<f32> = (1u8..=200).map(|at| f32::from(at) / 8.0).collect();
    Graph::default()
        .numbers("tokens", &[Err("batch"), Ok(4)])
        .tensor("table", &[100, 2], &table)
}

fn gathered() -> Model {
    let graph = embedding().node("Gather", &["table", "tokens"], "y");
    model(&graph.output("y").bytes())
}

fn tokens(values: [f64; 4]) -> Arrays {
    row("tokens", &[1, 4], &values)
}

fn quantised(model: &Model, range: Option<(f64, f64)>) -> Quantised {
    let mut options = Options::default();
    options
        .ranges
        .extend(range.map(|ends| ("tokens".to_owned(), ends)));
    quantise(model, &options).expect("a program")
}

/// What the integer program says of some tokens, whatever anybody has checked before.
fn executed(quantised: &Quantised, values: [i64; 4]) -> Result<Vec<Tensor>, Box<ProgramError>> {
    let program = quantised.program.bind(&[1])?;
    let tokens = Tensor::from_i64s(vec![1, 4], values.to_vec()).expect("a tensor");
    let parameters: Vec<_> = quantised.parameters.iter().cloned().map(Arc::new).collect();
    Ok(execute::outputs(&program, &[tokens], &parameters)?)
}

#[test]
fn an_index_beyond_its_table_has_no_program() {
    let model = gathered();
    assert_eq!(model.inputs()[0].rows, Some(ROWS));
    for range in [None, Some((0.0, 99.0)), Some((0.0, 5000.0))] {
        let quantised = quantised(&model, range);
        let input = &quantised.program.inputs[0];
        assert_eq!(input.interval, Interval::new(0, 99));
        assert_eq!(input.encoding, Encoding::Integer);
        for (beyond, is_fine) in [(0, true), (99, true), (100, false), (127, false)] {
            let found = executed(&quantised, [1, 2, 3, beyond]);
            assert_eq!(found.is_ok(), is_fine, "{beyond}");
        }
        let is_noted = quantised
            .report
            .notes
            .iter()
            .any(|note| note.contains("0 to 99"));
        assert_eq!(is_noted, range == Some((0.0, 5000.0)));
    }
}

#[test]
fn negative_indices_count_from_the_end_as_far_as_there_are_rows() {
    let model = gathered();
    let quantised = quantised(&model, Some((-100.0, 99.0)));
    let interval = quantised.program.inputs[0].interval;
    assert_eq!(interval, Interval::new(-100, 99));
    let (found, expected) = both(&model, &quantised, &tokens([-100.0, -1.0, 0.0, 99.0]));
    close(&found, &expected, 1e-3);
    close(&found[..2], &[0.125, 0.25], 1e-3);
    assert!(executed(&quantised, [0, 0, 0, -101]).is_err());
    assert!(executed(&quantised, [0, 0, 0, 100]).is_err());
}

#[test]
fn a_narrower_range_stays_narrower() {
    let quantised = quantised(&gathered(), Some((0.0, 30.0)));
    assert_eq!(quantised.program.inputs[0].interval, Interval::new(0, 31));
}

#[test]
fn a_range_without_an_index_is_refused() {
    for ends in [(200.0, 300.0), (-300.0, -200.0), (0.25, 0.75)] {
        let mut options = Options::default();
        options.ranges.insert("tokens".into(), ends);
        let refused = quantise(&gathered(), &options).expect_err("a refusal");
        let QuantiseError::Option { found, .. } = refused else {
            panic!("another error: {refused}");
        };
        assert!(found.contains("tokens"), "{found}");
    }
}

#[test]
fn the_float_model_refuses_indices_and_fractions_by_name_and_place() {
    let model = gathered();
    let index = BadValue::Index { lo: -100, hi: 99 };
    for (bad, expected) in [
        (100.0, index),
        (-101.0, index),
        (f64::INFINITY, index),
        (1.5, BadValue::Fraction),
        (f64::NAN, BadValue::Fraction),
    ] {
        let inputs = tokens([1.0, 2.0, bad, 3.0]);
        let error = model.evaluate(&inputs).expect_err("a refusal");
        let text = error.to_string();
        let ModelError::Value {
            name,
            index,
            reason,
            ..
        } = error
        else {
            panic!("another error: {error}");
        };
        assert_eq!((name.as_str(), index), ("tokens", vec![0, 2]));
        assert_eq!(reason, expected);
        assert!(text.contains(&bad.to_string()), "{text}");
        let options = Options {
            calibration: vec![inputs],
            ..Options::default()
        };
        let refused = quantise(&model, &options);
        assert!(matches!(refused, Err(QuantiseError::Model(_))));
    }
    assert!(model.evaluate(&tokens([-100.0, 3.0, 0.0, 99.0])).is_ok());
}

#[test]
fn only_what_reaches_a_table_has_to_be_an_index() {
    // The first two tokens are indices, and the others are numbers.
    let cut = embedding()
        .int("from", 0)
        .int("to", 2)
        .int("axis", 1)
        .node("Slice", &["tokens", "from", "to", "axis"], "first")
        .node("Gather", &["table", "first"], "y");
    let model = model(&cut.output("y").bytes());
    assert_eq!(model.inputs()[0].rows, None);
    // An arrangement of all of them is one of indices.
    let turned = embedding()
        .node("Transpose", &["tokens"], "turned")
        .ints("perm", &[1, 0])
        .node("Gather", &["table", "turned"], "y");
    let model = crate::quantise::model(&turned.output("y").bytes());
    assert_eq!(model.inputs()[0].rows, Some(ROWS));
}
