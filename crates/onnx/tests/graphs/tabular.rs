//! Encoders of libraries for tables, as ONNX Runtime computes them.

use crate::build::Graph;
use crate::quantise::{close, executed, model, row};
use onnx::{Options, quantise};

/// The outputs of an encoder of three numbers.
fn encoded(graph: Graph, numbers: [f64; 3]) -> Vec<f64> {
    let graph = graph.domain("ai.onnx.ml").output("y");
    let model = model(&graph.bytes());
    let inputs = row("x", &[3], &numbers);
    let options = Options {
        calibration: vec![inputs.clone()],
        ranges: [("x".to_owned(), (-8.0, 8.0))].into(),
        ..Options::default()
    };
    let quantised = quantise(&model, &options).expect("a program");
    executed(&model, &quantised, &inputs)
}

fn encoder(kind: &str) -> Graph {
    Graph::default()
        .input("x", &[Ok(3)])
        .node(kind, &["x"], "y")
}

#[test]
fn a_real_belongs_to_the_category_of_its_integer_part() {
    let graph = encoder("OneHotEncoder").ints("cats_int64s", &[1, -2, 0]);
    let expected = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    close(&encoded(graph, [1.75, -2.5, -0.75]), &expected, 1e-6);
}

#[test]
fn a_category_that_is_there_twice_has_the_last_column() {
    let graph = encoder("OneHotEncoder").ints("cats_int64s", &[1, 2, 1]);
    let expected = [0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    close(&encoded(graph, [1.0, 2.0, 3.0]), &expected, 1e-6);
}

#[test]
fn a_label_that_is_there_twice_has_the_first_value() {
    let graph = encoder("LabelEncoder").ints("keys_int64s", &[1, 2, 1]);
    let graph = graph.ints("values_int64s", &[5, 6, 7]);
    let graph = graph.number("default_int64", -1);
    close(&encoded(graph, [1.0, 2.0, 3.0]), &[5.0, 6.0, -1.0], 1e-6);
}
