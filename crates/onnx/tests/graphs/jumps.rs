//! Functions that jump: beside a jump no argument may count as another.

use crate::build::Graph;
use crate::quantise::{both, model, row};
use onnx::{Options, quantise};

/// The outputs of the integer program and of the float model at some numbers, of which a proof may be off by a unit
/// that calibration leaves.
fn at(graph: Graph, range: f64, xs: &[f64]) -> Vec<(f64, f64)> {
    let count = i64::try_from(xs.len()).expect("a size");
    let graph = graph.input("x", &[Ok(count)]).output("y");
    let model = model(&graph.bytes());
    let options = Options {
        ranges: [("x".to_owned(), (-range, range))].into(),
        ..Options::default()
    };
    let quantised = quantise(&model, &options).expect("a program");
    let inputs = row("x", &[xs.len()], xs);
    let (found, expected) = both(&model, &quantised, &inputs);
    found.into_iter().zip(expected).collect()
}

/// Numbers on both sides of a jump, as close to it as a thousandth of the range.
fn around(jump: f64, range: f64) -> Vec<f64> {
    let steps = [-0.1, -0.01, -0.001, 0.001, 0.01, 0.1_f64];
    steps.map(|step| step.mul_add(range, jump)).to_vec()
}

fn follows(graph: impl Fn(Graph) -> Graph, range: f64, jumps: &[f64]) {
    let xs: Vec<f64> = { jumps.iter() }
        .flat_map(|&jump| around(jump, range))
        .collect();
    let pairs = at(graph(Graph::default()), range, &xs);
    for (x, (found, expected)) in xs.iter().zip(pairs) {
        let tolerance = 1e-3 * expected.abs().max(1.0);
        assert!(
            (found - expected).abs() <= tolerance,
            "{found} in place of {expected} at {x}"
        );
    }
}

#[test]
fn a_rectified_number_is_compared() {
    let graph = |graph: Graph| {
        let graph = graph.tensor("limit", &[], &[0.0]).node("Relu", &["x"], "r");
        let graph = graph.node("Greater", &["r", "limit"], "above");
        // The truth value itself decides.
        let graph = graph.tensor("ones", &[6], &[1.0; 6]);
        let graph = graph.tensor("twos", &[6], &[2.0; 6]);
        graph.node("Where", &["above", "twos", "ones"], "y")
    };
    follows(graph, 8.0, &[0.0]);
}

#[test]
fn a_clipped_number_is_rounded() {
    let squares: Vec<f32> = (0u8..=255).map(|at| f32::from(at) / 16.0).collect();
    let graph = |graph: Graph| {
        let graph = graph.tensor("thousand", &[], &[1000.0]);
        let graph = graph.tensor("lo", &[], &[0.0]).tensor("hi", &[], &[255.0]);
        let graph = graph.node("Mul", &["x", "thousand"], "scaled");
        let graph = graph.node("Clip", &["scaled", "lo", "hi"], "clipped");
        let graph = graph.node("Cast", &["clipped"], "index").number("to", 7);
        let graph = graph.tensor("table", &[256], &squares);
        graph.node("Gather", &["table", "index"], "y")
    };
    let xs: Vec<f64> = (0..300).map(|at| (f64::from(at) + 0.5) / 1000.0).collect();
    for (found, expected) in at(graph(Graph::default()), 8.0, &xs) {
        assert!(
            (found - expected).abs() < 1e-3,
            "{found} in place of {expected}"
        );
    }
}

#[test]
fn what_a_comparison_chooses_is_chosen_beside_the_threshold() {
    let graph = |graph: Graph| {
        let graph = graph.tensor("limit", &[], &[3.3]);
        let graph = graph.tensor("other", &[], &[-5.0]);
        let graph = graph.node("Less", &["limit", "x"], "above");
        graph.node("Where", &["above", "x", "other"], "y")
    };
    follows(graph, 8.0, &[3.3]);
}

#[test]
fn signs_are_those_of_small_numbers_too() {
    let graph = |graph: Graph| graph.node("Sign", &["x"], "y");
    follows(graph, 8.0, &[0.0]);
}

#[test]
fn a_share_is_rounded() {
    let graph = |graph: Graph| {
        let graph = graph.tensor("hundred", &[], &[100.0]);
        let graph = graph.node("Sigmoid", &["x"], "share");
        let graph = graph.node("Mul", &["share", "hundred"], "percent");
        graph.node("Floor", &["percent"], "y")
    };
    // Where the percentage is a half more than whole.
    let xs: Vec<f64> = (5..95)
        .map(|at| (f64::from(at) + 0.5) / 100.0)
        .map(|share| (share / (1.0 - share)).ln())
        .collect();
    for (found, expected) in at(graph(Graph::default()), 8.0, &xs) {
        assert!(
            (found - expected).abs() < 1e-3,
            "{found} in place of {expected}"
        );
    }
}

#[test]
fn a_flat_function_is_compared_and_rounded() {
    let xs: Vec<f64> = (0..401).map(|at| f64::from(at) / 20.0 - 10.0).collect();
    let limit = |graph: Graph, value: f32| graph.tensor("limit", &[], &[value]);
    let compared = |value: f32| {
        move |graph: Graph| {
            let graph = limit(graph, value).node("Exp", &["x"], "e");
            let graph = graph.node("Greater", &["e", "limit"], "above");
            graph.node("Cast", &["above"], "y").number("to", 1)
        }
    };
    let rounded = |function: &'static str| {
        move |graph: Graph| {
            let graph = graph.tensor("four", &[], &[4.0]);
            let graph = graph
                .node(function, &["x"], "f")
                .node("Mul", &["f", "four"], "m");
            graph.node("Floor", &["m"], "y")
        }
    };
    // A peak between the points that are looked at.
    let peak = |graph: Graph| {
        let graph = graph
            .tensor("at", &[], &[0.15])
            .tensor("narrow", &[], &[-2500.0]);
        let graph = limit(graph, 0.5).node("Sub", &["x", "at"], "d");
        let graph = graph.node("Mul", &["d", "d"], "square");
        let graph = graph.node("Mul", &["square", "narrow"], "below");
        let graph = graph.node("Exp", &["below"], "e");
        let graph = graph.node("Greater", &["e", "limit"], "above");
        graph.node("Cast", &["above"], "y").number("to", 1)
    };
    let graphs: [&dyn Fn(Graph) -> Graph; 5] = [
        &compared(0.001),
        &compared(200.0),
        &rounded("Tanh"),
        &rounded("Sigmoid"),
        &peak,
    ];
    for (which, graph) in graphs.into_iter().enumerate() {
        let pairs = at(graph(Graph::default()), 10.0, &xs);
        let off = pairs
            .iter()
            .filter(|(found, expected)| (found - expected).abs() > 1e-3);
        let off = off.count();
        assert!(off <= 1, "graph {which}: {off} of 401");
    }
}

#[test]
fn a_far_corner_costs_no_precision() {
    let graph = |graph: Graph| {
        let graph = graph.tensor("lo", &[], &[-1e6]).tensor("hi", &[], &[1e6]);
        let graph = graph.tensor("factor", &[], &[1e-3]);
        let graph = graph.node("Clip", &["x", "lo", "hi"], "clipped");
        graph.node("Mul", &["clipped", "factor"], "y")
    };
    for (found, expected) in at(graph(Graph::default()), 8.0, &[-3.0, 0.5, 4.3, 7.9]) {
        assert!(
            (found - expected).abs() < 1e-5,
            "{found} in place of {expected}"
        );
    }
}

#[test]
fn a_gate_of_tiny_numbers_is_a_line() {
    let graph = |graph: Graph| {
        let graph = graph
            .tensor("tiny", &[], &[1e-9])
            .node("Mul", &["x", "tiny"], "t");
        graph.node("HardSigmoid", &["t"], "y")
    };
    for (found, expected) in at(graph(Graph::default()), 8.0, &[-3.0, 0.5, 7.9]) {
        assert!(
            (found - expected).abs() < 1e-4,
            "{found} in place of {expected}"
        );
    }
}

#[test]
fn a_rectified_number_may_be_scaled_down() {
    for factor in [1.0 / 255.0, 3e-4, 1e-5] {
        let graph = |graph: Graph| {
            let graph = graph.tensor("factor", &[], &[factor]);
            let graph = graph.node("Relu", &["x"], "r");
            graph.node("Mul", &["r", "factor"], "y")
        };
        for (found, expected) in at(graph(Graph::default()), 8.0, &[-3.0, 0.5, 2.0, 7.9]) {
            let tolerance = 1e-3 * f64::from(factor);
            assert!(
                (found - expected).abs() < tolerance,
                "{found} in place of {expected}"
            );
        }
    }
}

#[test]
fn large_numbers_of_two_magnitudes_stay_two() {
    let graph = |graph: Graph| {
        let graph = graph.tensor("mask", &[3], &[1e11, 2e11, 0.0]);
        let graph = graph.node("Add", &["x", "mask"], "masked");
        graph.node("Softmax", &["masked"], "y")
    };
    let model = model(
        &graph(Graph::default())
            .input("x", &[Ok(3)])
            .output("y")
            .bytes(),
    );
    // No program is better than another's result.
    if let Ok(quantised) = quantise(&model, &Options::default()) {
        let (found, expected) = both(&model, &quantised, &row("x", &[3], &[0.0; 3]));
        crate::quantise::close(&found, &expected, 1e-3);
    }
}
