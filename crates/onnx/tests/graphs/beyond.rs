//! Values and sizes beyond those that calibration saw, and of other magnitudes.

use crate::build::Graph;
use crate::quantise::{both, close, model, row};
use onnx::{Array, Arrays, Limits, Model, Options, quantise};

/// A row for each number of rows.
fn rows(rows: usize, values: &[f64]) -> Arrays {
    let x = Array {
        shape: vec![rows, values.len()],
        data: values
            .iter()
            .copied()
            .cycle()
            .take(rows * values.len())
            .collect(),
    };
    [("x".to_owned(), x)].into()
}

/// The largest difference from the float model of a program that was calibrated on `seen`.
fn error(graph: Graph, seen: &Arrays, inputs: &Arrays) -> f64 {
    let model = Model::parse(&graph.bytes(), None, &Limits::default()).expect("a model");
    let names = model.symbols().iter();
    let options = Options {
        calibration: vec![seen.clone()],
        ranges: [("x".to_owned(), (-64.0, 64.0))].into(),
        limits: names.map(|name| (name.clone(), 256)).collect(),
        ..Options::default()
    };
    let quantised = quantise(&model, &options).expect("a program");
    let (found, expected) = both(&model, &quantised, inputs);
    let errors = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
    errors.fold(0.0, f64::max)
}

fn open() -> Graph {
    Graph::default().input("x", &[Err("n"), Ok(4)]).output("y")
}

const SEEN: [f64; 4] = [0.5, -1.25, 0.75, 1.0];

#[test]
fn means_over_open_axes_divide_by_any_size() {
    let graph = || {
        let graph = open().node("ReduceMean", &["x"], "y");
        graph.ints("axes", &[0])
    };
    for (seen, size) in [(128, 1), (128, 5), (1, 200)] {
        let error = error(graph(), &rows(seen, &SEEN), &rows(size, &SEEN));
        assert!(error < 1e-3, "{seen} to {size}: {error}");
    }
}

#[test]
fn functions_of_sizes_are_right_for_all_sizes() {
    let graph = || {
        let graph = open().int("first", 0).int("next", 1);
        let graph = graph.node("Shape", &["x"], "shape");
        let graph = graph.node("Slice", &["shape", "first", "next"], "rows");
        let graph = graph.node("Cast", &["rows"], "real").number("to", 1);
        let graph = graph.node("Log", &["real"], "log");
        graph.node("Mul", &["x", "log"], "y")
    };
    let error = error(graph(), &rows(8, &SEEN), &rows(100, &SEEN));
    assert!(error < 1e-3, "{error}");
}

#[test]
fn inverses_of_guarded_norms_follow_the_inverse() {
    let graph = || {
        let graph = open().tensor("least", &[1], &[1e-12]);
        let graph = graph.node("ReduceL2", &["x"], "norm").ints("axes", &[1]);
        let graph = graph.node("Max", &["norm", "least"], "guarded");
        graph.node("Div", &["x", "guarded"], "y")
    };
    for scale in [0.5, 1.5, 3.0] {
        let far = SEEN.map(|value| value * scale);
        let error = error(graph(), &rows(3, &SEEN), &rows(3, &far));
        assert!(error < 2e-3, "{scale}: {error}");
    }
}

#[test]
fn roundings_are_exact_wherever_a_value_lies() {
    let far = [-2.5, 3.5, 40.75, -63.25];
    for kind in ["Floor", "Ceil", "Round"] {
        let graph = open().node(kind, &["x"], "y");
        let error = error(graph, &rows(2, &SEEN), &rows(2, &far));
        assert!(error < 1e-9, "{kind}: {error}");
    }
}

#[test]
fn sines_and_cosines_are_as_good_far_from_zero() {
    let far = [-40.0, 63.5, 12.0, 0.0];
    for kind in ["Sin", "Cos"] {
        let graph = open().node(kind, &["x"], "y");
        let error = error(graph, &rows(2, &SEEN), &rows(2, &far));
        assert!(error < 5e-4, "{kind}: {error}");
    }
}

#[test]
fn columns_that_are_scaled_by_factors_far_apart_keep_their_digits() {
    let graph = open().tensor("scale", &[4], &[0.02, 100.0, 1.0, 1.0]);
    let graph = graph.node("Mul", &["x", "scale"], "y");
    let rows = rows(2, &[50.0, 0.012_34, 1.0, -1.0]);
    let error = error(graph, &rows, &rows);
    assert!(error < 1e-3, "{error}");
}

#[test]
fn a_number_less_a_rounding_of_another_may_lie_anywhere() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(4)])
        .tensor("quarter", &[1], &[0.25])
        .tensor("one", &[1], &[1.0])
        .node("Mul", &["x", "quarter"], "part")
        .node("Floor", &["part"], "whole")
        .node("Sub", &["x", "whole"], "rest")
        .node("Add", &["rest", "one"], "more")
        .node("Log", &["more"], "y")
        .output("y");
    let model = model(&graph.bytes());
    let mut options = Options::default();
    options.ranges.insert("x".into(), (0.0, 7.9));
    let quantised = quantise(&model, &options).expect("a program");
    let inputs = row("x", &[1, 4], &[0.5, 3.5, 5.5, 7.5]);
    let (found, expected) = both(&model, &quantised, &inputs);
    close(&found, &expected, 0.01);
}
