//! Sizes other than those of calibration: where values lie at these says nothing about others.

use crate::build::Graph;
use crate::quantise::{both, close, executed, model, row};
use onnx::{Arrays, Options, quantise};

/// The outputs of the integer program and of the float model, of a program calibrated at other sizes.
fn at(graph: Graph, seen: &Arrays, inputs: &Arrays, range: (f64, f64)) -> [Vec<f64>; 2] {
    let model = model(&graph.bytes());
    assert_eq!(model.symbols(), ["n"], "{:?}", model.notes());
    let options = Options {
        calibration: vec![seen.clone()],
        ranges: [("x".to_owned(), range)].into(),
        ..Options::default()
    };
    let quantised = quantise(&model, &options).expect("a program");
    both(&model, &quantised, inputs).into()
}

/// An input of one number.
fn filled(shape: &[usize], number: f64) -> Arrays {
    row("x", shape, &vec![number; shape.iter().product()])
}

/// That the integer program follows the float model at `size` rows of a number, calibrated at `seen`.
fn follows(graph: Graph, rest: &[usize], (seen, size): (usize, usize), number: f64) {
    let shape = |rows: usize| [&[rows][..], rest].concat();
    let seen = filled(&shape(seen), number);
    let inputs = filled(&shape(size), number);
    let [found, expected] = at(graph, &seen, &inputs, (-1.0, 1.0));
    let most = { expected.iter() }.fold(1.0, |most: f64, value| most.max(value.abs()));
    close(&found, &expected, 1e-3 * most);
}

/// Rows, and their sum.
fn summed(rest: &[i64]) -> Graph {
    let shape: Vec<_> = { [Err("n")].into_iter() }
        .chain(rest.iter().map(|&size| Ok(size)))
        .collect();
    let graph = Graph::default().input("x", &shape).int("rows", 0);
    graph.node("ReduceSum", &["x", "rows"], "sum").output("y")
}

/// The integers from zero up, as many as there are rows.
fn numbers() -> Graph {
    let graph = Graph::default().input("x", &[Err("n")]).output("y");
    let graph = graph.scalar("zero", 0).scalar("one", 1);
    let graph = graph.node("Shape", &["x"], "shape");
    let graph = graph.node("Gather", &["shape", "zero"], "size");
    let graph = graph.node("Range", &["zero", "size", "one"], "sizes");
    graph.node("Cast", &["sizes"], "range").number("to", 7)
}

/// That `found` of a graph of numbers is what is expected of each, at 40 of them, calibrated at few.
fn maps(graph: Graph, seen: usize, expected: impl Fn(i32) -> f64) {
    let graph = graph.node("Cast", &["found"], "real").number("to", 1);
    let graph = graph.node("Add", &["x", "real"], "y");
    let model = model(&graph.bytes());
    let options = Options {
        calibration: vec![filled(&[seen], 0.0)],
        ..Options::default()
    };
    let quantised = quantise(&model, &options).expect("a program");
    let found = executed(&model, &quantised, &filled(&[40], 0.0));
    let expected: Vec<f64> = (0..40).map(expected).collect();
    close(&found, &expected, 1e-3);
}

#[test]
fn a_sum_is_compared_with_numbers_that_calibration_did_not_reach() {
    for number in [0.25, 1.0] {
        let graph = summed(&[1]).tensor("limits", &[2], &[100.0, 3.0]);
        let graph = graph.node("Greater", &["sum", "limits"], "above");
        let graph = graph.node("Cast", &["above"], "y").number("to", 1);
        follows(graph, &[1], (4, 200), number);
    }
}

#[test]
fn any_number_of_updates_is_added_up() {
    let graph = Graph::default()
        .input("x", &[Err("n")])
        .tensor("base", &[3], &[0.5, 0.25, 1.0])
        .node("Sub", &["x", "x"], "places")
        .node("Cast", &["places"], "index")
        .number("to", 7)
        .node("ScatterElements", &["base", "index", "x"], "y")
        .word("reduction", "add")
        .output("y");
    follows(graph, &[], (2, 40), 0.75);
}

#[test]
fn a_sum_is_resized_at_every_size() {
    let graph = summed(&[1, 4, 4]).tensor("scales", &[4], &[1.0, 1.0, 2.0, 2.0]);
    let graph = graph.node("Resize", &["sum", "", "scales"], "y");
    follows(graph.word("mode", "linear"), &[1, 4, 4], (1, 200), 0.75);
}

#[test]
fn quotients_and_remainders_are_right_where_numbers_become_negative() {
    let down = || {
        let graph = numbers().scalar("start", 20).scalar("three", 3);
        graph.node("Sub", &["start", "range"], "down")
    };
    let graph = down().node("Div", &["down", "three"], "found");
    maps(graph, 5, |at| f64::from((20 - at) / 3));
    let graph = down().node("Mod", &["down", "three"], "found");
    maps(graph.number("fmod", 1), 5, |at| f64::from((20 - at) % 3));
}

#[test]
fn bits_of_numbers_of_any_size_are_right() {
    let graph = numbers().version(18);
    let graph = graph.node("Sub", &["range", "one"], "below");
    let graph = graph.node("BitwiseAnd", &["below", "range"], "found");
    maps(graph, 5, |at| f64::from((at - 1) & at));
    let graph = numbers().integers("three", 2, &[], &[3]);
    let graph = graph.node("Cast", &["range"], "bytes").number("to", 2);
    let graph = graph.node("BitShift", &["bytes", "three"], "found");
    maps(graph.word("direction", "LEFT"), 5, |at| {
        f64::from((at << 3) & 255)
    });
}

#[test]
fn a_remainder_by_zero_has_a_proof() {
    let graph = Graph::default()
        .input("x", &[Ok(3)])
        .input("by", &[Ok(3)])
        .node("Cast", &["x"], "above")
        .number("to", 7)
        .node("Cast", &["by"], "below")
        .number("to", 7)
        .node("Mod", &["above", "below"], "left")
        .number("fmod", 1)
        .node("Cast", &["left"], "y")
        .number("to", 1)
        .output("y");
    let model = model(&graph.bytes());
    let inputs = |numbers: [f64; 3], by: [f64; 3]| {
        let mut inputs = row("x", &[3], &numbers);
        inputs.extend(row("by", &[3], &by));
        inputs
    };
    let options = Options {
        calibration: vec![inputs([5.0, 7.0, -7.0], [3.0, -3.0, 2.0])],
        ranges: [("x", 127.0), ("by", 7.0)]
            .map(|(name, end)| (name.to_owned(), (-end, end)))
            .into(),
        ..Options::default()
    };
    let quantised = quantise(&model, &options).expect("a program");
    let found = executed(
        &model,
        &quantised,
        &inputs([100.0, 100.0, -100.0], [0.0, -7.0, 7.0]),
    );
    close(&found, &[0.0, 2.0, -2.0], 1e-6);
}

#[test]
fn a_sine_of_a_sum_has_its_periods_at_every_size() {
    let graph = summed(&[2]).tensor("step", &[], &[0.1]);
    let graph = graph.node("Mul", &["sum", "step"], "angle");
    follows(graph.node("Sin", &["angle"], "y"), &[2], (4, 200), 0.75);
}

#[test]
fn functions_of_positions_go_on_beyond_those_that_calibration_saw() {
    let graph = || numbers().node("Cast", &["range"], "reals").number("to", 1);
    let rounded = graph().tensor("part", &[], &[0.375]);
    let rounded = rounded.node("Mul", &["reals", "part"], "parts");
    let rounded = rounded.node("Round", &["parts"], "found");
    maps(rounded, 5, |at| (0.375 * f64::from(at)).round_ties_even());
    let square = graph().tensor("two", &[], &[2.0]);
    let square = square.node("Pow", &["reals", "two"], "found");
    maps(square, 5, |at| f64::from(at * at));
}

#[test]
fn positions_are_equal_to_themselves_at_every_size() {
    let graph = numbers().int("first", 0).int("next", 1);
    let graph = graph.node("Unsqueeze", &["range", "first"], "row");
    let graph = graph.node("Unsqueeze", &["range", "next"], "column");
    let graph = graph.node("Equal", &["row", "column"], "same");
    let graph = graph.node("Cast", &["same"], "ones").number("to", 7);
    let graph = graph.node("ReduceSum", &["ones", "next"], "found");
    maps(graph.number("keepdims", 0), 5, |_| 1.0);
}

#[test]
fn numbers_that_are_truth_values_in_calibration_become_some() {
    let graph = numbers().node("Cast", &["range"], "truth").number("to", 9);
    let graph = graph.node("Cast", &["truth"], "found").number("to", 7);
    maps(graph, 2, |at| f64::from(at.min(1)));
}

#[test]
fn padding_is_no_maximum_at_any_size() {
    let graph = summed(&[1, 1, 4]).node("MaxPool", &["sum"], "y");
    let graph = graph.ints("kernel_shape", &[1, 3]);
    let graph = graph.ints("pads", &[0, 1, 0, 1]);
    follows(graph, &[1, 1, 4], (1, 40), -1.0);
}
