//! Language models as their exporters write them: one quantisation for every batch and every length.

use crate::build::Graph;
use crate::quantise::both;
use onnx::{Array, Arrays, Limits, Model, ModelError, Options, Quantised, quantise};

const MODELS: [(&str, &[u8]); 9] = [
    ("gpt2", include_bytes!("models/gpt2.onnx")),
    ("bert", include_bytes!("models/bert.onnx")),
    ("llama", include_bytes!("models/llama.onnx")),
    ("roberta", include_bytes!("models/roberta.onnx")),
    ("classifier", include_bytes!("models/classifier.onnx")),
    ("traced gpt2", include_bytes!("models/gpt2_traced.onnx")),
    ("traced llama", include_bytes!("models/llama_traced.onnx")),
    (
        "traced roberta",
        include_bytes!("models/roberta_traced.onnx"),
    ),
    (
        "traced mobilebert",
        include_bytes!("models/mobilebert_traced.onnx"),
    ),
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

/// Tokens in no order, of which the last `padding` of the first row are masked and zero, and one less in each row after it.
#[expect(clippy::cast_precision_loss, reason = "small integers")]
fn tokens(batch: usize, length: usize, padding: usize) -> Arrays {
    let shape = vec![batch, length];
    let counts = |at: usize| at % length + padding.saturating_sub(at / length) < length;
    let mask = (0..batch * length).map(|at| f64::from(u8::from(counts(at))));
    let ids = (0..batch * length).map(|at| (at * 17 % VOCABULARY) as f64);
    let ids = ids.zip(mask.clone()).map(|(id, counts)| id * counts);
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
        for (batch, length, padding) in [(1, 1, 0), (2, 5, 0), (3, 8, 3), (1, LONGEST, 0)] {
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
    assert_eq!(intervals, [(0, 49), (0, 1)]);
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

/// Attention of two heads in one operator, over an open sequence.
fn attention() -> Graph {
    let shape = [Ok(1), Ok(2), Err("sequence"), Ok(4)];
    ["q", "k", "v"]
        .into_iter()
        .fold(Graph::default(), |graph, name| graph.input(name, &shape))
        .node("Attention", &["q", "k", "v"], "y")
}

#[test]
fn attention_in_one_operator_serves_every_length() {
    for causal in [0, 1] {
        let graph = attention().number("is_causal", causal).output("y");
        let model = load(&graph.bytes());
        let quantised = quantised(&model);
        for length in [1, 3, 7] {
            let values = |shift: usize| Array {
                shape: vec![1, 2, length, 4],
                data: (0..8 * length)
                    .map(|at| f64::from(u32::try_from((at * 7 + shift) % 23).unwrap()) / 11.0 - 1.0)
                    .collect(),
            };
            let inputs = [("q", 0), ("k", 5), ("v", 11)];
            let inputs = inputs.map(|(name, shift)| (name.to_owned(), values(shift)));
            let error = error(&model, &quantised, &inputs.into());
            assert!(error < 1e-3, "causal {causal}, length {length}: {error}");
        }
    }
}

#[test]
fn attention_that_the_reader_would_get_wrong_is_refused() {
    let refused = |graph: Graph| {
        let parsed = Model::parse(&graph.output("y").bytes(), None, &Limits::default());
        let error = parsed.expect_err("no model");
        assert!(matches!(error, ModelError::Unsupported(_)), "{error}");
        error.to_string()
    };
    let window = refused(attention().number("left_window_size", 2));
    assert!(window.contains("\"y\" (Attention)") && window.contains("window"));
    let shape = [Ok(1), Ok(2), Ok(3), Ok(4)];
    let past = ["q", "k", "v", "past_k", "past_v"]
        .into_iter()
        .fold(Graph::default(), |graph, name| graph.input(name, &shape))
        .node("Attention", &["q", "k", "v", "", "past_k", "past_v"], "y")
        .number("is_causal", 1);
    assert!(refused(past).contains("past"));
}

#[test]
fn triangles_of_an_open_size_keep_what_they_should_at_every_size() {
    for (upper, k) in [(0, 0), (0, -1), (1, 1), (1, 0)] {
        let graph = Graph::default()
            .input("x", &[Ok(1), Err("sequence"), Err("sequence")])
            .scalar("k", k)
            .node("Trilu", &["x", "k"], "y")
            .number("upper", upper)
            .output("y");
        let model = load(&graph.bytes());
        let quantised = quantised(&model);
        for length in [1i32, 2, 5] {
            let size = usize::try_from(length).expect("a size");
            let cells = (0..length).flat_map(|row| (0..length).map(move |column| (row, column)));
            let data = cells
                .clone()
                .map(|(row, column)| f64::from(1 + row + 2 * column) / 16.0);
            let x = Array {
                shape: vec![1, size, size],
                data: data.collect(),
            };
            let kept = cells.zip(&x.data).map(|((row, column), &value)| {
                let offset = i64::from(column - row);
                let is_kept = if upper == 1 { offset >= k } else { offset <= k };
                if is_kept { value } else { 0.0 }
            });
            let kept: Vec<f64> = kept.collect();
            let (found, float) = both(&model, &quantised, &[("x".to_owned(), x)].into());
            for (at, kept) in kept.iter().enumerate() {
                let [found, float] = [found[at], float[at]];
                assert!(
                    (float - kept).abs() < 1e-6,
                    "{upper} {k} {length} {at}: {float}"
                );
                assert!(
                    (found - kept).abs() < 1e-3,
                    "{upper} {k} {length} {at}: {found}"
                );
            }
        }
    }
}

#[test]
fn sums_up_to_each_place_of_an_open_axis_are_exact() {
    for (exclusive, reverse) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
        let sum = |graph: Graph| {
            graph
                .number("exclusive", exclusive)
                .number("reverse", reverse)
        };
        let graph = Graph::default()
            .input("x", &[Err("batch"), Err("sequence"), Ok(2)])
            .scalar("axis", 1)
            .node("Cast", &["x"], "integers")
            .number("to", 7)
            .node("CumSum", &["integers", "axis"], "sums");
        // What tract takes for sizes is summed too.
        let graph = sum(graph)
            .node("Shape", &["x"], "shape")
            .node("Gather", &["shape", "axis"], "length")
            .scalar("zero", 0)
            .node("Range", &["zero", "length", "axis"], "places")
            .node("CumSum", &["places", "zero"], "counts");
        let graph = sum(graph)
            .node("Cast", &["sums"], "a")
            .number("to", 1)
            .node("Cast", &["counts"], "real")
            .number("to", 1)
            .int("last", 1)
            .node("Unsqueeze", &["real", "last"], "b")
            .node("Add", &["a", "b"], "y")
            .output("y");
        let model = load(&graph.bytes());
        assert_eq!(model.symbols().len(), 2, "{:?}", model.notes());
        let quantised = quantised(&model);
        for length in [1usize, 2, 5] {
            let real = |place: usize| f64::from(u8::try_from(place).expect("a place"));
            let shape = vec![2, length, 2];
            let numbers = (0..4 * length).map(|at| real(at * 5 % 7));
            let data: Vec<f64> = numbers.collect();
            let expected = (0..data.len()).map(|at| {
                let (row, place) = (at / (2 * length), at / 2 % length);
                let counts = |other: &usize| match (exclusive, reverse) {
                    (0, 0) => *other <= place,
                    (_, 0) => *other < place,
                    (0, _) => *other >= place,
                    _ => *other > place,
                };
                let others = (0..length).filter(counts);
                let term = |other| real(other) + data[(row * length + other) * 2 + at % 2];
                others.map(term).sum::<f64>()
            });
            let expected: Vec<f64> = expected.collect();
            let x = Array {
                shape,
                data: data.clone(),
            };
            let (found, float) = both(&model, &quantised, &[("x".to_owned(), x)].into());
            assert_eq!(found, expected, "{exclusive} {reverse} {length}");
            assert_eq!(float, expected, "{exclusive} {reverse} {length}");
        }
    }
}
