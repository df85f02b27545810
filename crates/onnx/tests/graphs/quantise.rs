//! What quantisation makes of small graphs.

use crate::build::{Graph, small};
use crate::common::{integer, real};
use onnx::{Array, Arrays, Limits, Model, Options, QuantiseError, Quantised, diagnose, quantise};
use program::{Lowered, Tensor, execute};
use proptest::prelude::*;
use std::sync::Arc;

pub fn model(bytes: &[u8]) -> Model {
    Model::parse(bytes, None, &Limits::default()).expect("a model")
}

/// The outputs of the integer program and those of the float model.
pub fn both(model: &Model, quantised: &Quantised, inputs: &Arrays) -> (Vec<f64>, Vec<f64>) {
    let expected = model.evaluate(inputs).expect("float outputs");
    let name = &quantised.program.outputs[0].name;
    let values = executed(model, quantised, inputs);
    (values, expected[name].data.clone())
}

/// The first output of the integer program, whose relations hold.
pub fn executed(model: &Model, quantised: &Quantised, inputs: &Arrays) -> Vec<f64> {
    let symbols = model.bind(inputs).expect("symbols");
    let program = quantised.program.bind(&symbols).expect("a program");
    let tensor = |declared: &program::Input<usize>| {
        let values = { inputs[&declared.name].data.iter() }
            .map(|&value| integer(value, declared))
            .collect();
        Tensor::from_i64s(declared.shape.clone(), values).expect("a tensor")
    };
    let tensors: Vec<Tensor> = program.inputs.iter().map(tensor).collect();
    let parameters: Vec<_> = quantised.parameters.iter().cloned().map(Arc::new).collect();
    let lowered = Lowered::new(&program).expect("a system");
    let found = execute::assign(&program, &lowered, &tensors, &parameters);
    let (outputs, mut assignment) = found.expect("a witness");
    lowered
        .system
        .multiplicities(&mut assignment)
        .expect("counts");
    lowered
        .system
        .check(&assignment)
        .expect("relations that hold");
    let encoding = program.outputs[0].encoding;
    let values = outputs[0].to_i64s();
    values.iter().map(|&value| real(value, encoding)).collect()
}

pub fn close(values: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(values.len(), expected.len());
    for (value, expected) in values.iter().zip(expected) {
        assert!(
            (value - expected).abs() <= tolerance,
            "{value} and {expected}"
        );
    }
}

pub fn row(name: &str, shape: &[usize], data: &[f64]) -> Arrays {
    let array = Array {
        shape: shape.to_vec(),
        data: data.to_vec(),
    };
    Arrays::from([(name.to_owned(), array)])
}

#[test]
fn one_program_serves_every_batch() {
    let model = model(&small());
    let quantised = quantise(&model, &Options::default()).expect("a program");
    assert_eq!(quantised.program.symbols, ["batch"]);
    for batch in [1, 2, 5] {
        let data: Vec<f64> = (0..3 * batch).map(|at| f64::from(at) * 0.7 - 2.0).collect();
        let shape = [usize::try_from(batch).expect("a size"), 3];
        let (values, expected) = both(&model, &quantised, &row("x", &shape, &data));
        close(&values, &expected, 1e-3);
    }
}

#[test]
fn the_program_of_a_dense_layer_is_lean() {
    let quantised = quantise(&model(&small()), &Options::default()).expect("a program");
    let names: Vec<&str> = { quantised.program.nodes.iter() }
        .map(|node| node.operator.name())
        .collect();
    // Product, bias and rounding are one relation of the rectifier.
    let witness = |name: &&&str| matches!(**name, "Rescale" | "Split" | "Function" | "Select");
    let witness: Vec<&&str> = names.iter().filter(witness).collect();
    assert_eq!(witness, [&"Split"], "{names:?}");
}

#[test]
fn factors_after_a_contraction_go_into_its_weights() {
    let graph = Graph::default()
        .input("x", &[Err("batch"), Ok(3)])
        .tensor("w", &[3, 2], &[0.5, -1.0, 2.0, 0.25, -0.75, 1.5])
        .tensor("b", &[2], &[0.1, -0.2])
        .tensor("s", &[2], &[3.0, -0.3])
        .tensor("t", &[2], &[0.7, 0.9])
        .node("MatMul", &["x", "w"], "product")
        .node("Add", &["product", "b"], "sum")
        .node("Mul", &["sum", "s"], "scaled")
        .node("Add", &["scaled", "t"], "moved")
        .node("Relu", &["moved"], "y")
        .output("y");
    let model = model(&graph.bytes());
    let quantised = quantise(&model, &Options::default()).expect("a program");
    assert_eq!(quantised.parameters.len(), 2, "weights and one bias");
    let inputs = row("x", &[2, 3], &[1.0, -2.0, 0.5, 3.0, 2.0, -1.0]);
    let (values, expected) = both(&model, &quantised, &inputs);
    close(&values, &expected, 2e-3);
}

#[test]
fn a_chain_of_functions_is_one_table() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(4)])
        .tensor("c", &[], &[1.702])
        .node("Mul", &["x", "c"], "scaled")
        .node("Sigmoid", &["scaled"], "gate")
        .node("Mul", &["x", "gate"], "y")
        .output("y");
    let model = model(&graph.bytes());
    let quantised = quantise(&model, &Options::default()).expect("a program");
    let tables =
        { quantised.program.nodes.iter() }.filter(|node| node.operator.name() == "Function");
    assert_eq!(tables.count(), 1);
    let revealed: Vec<&str> = { quantised.report.public_constants.iter() }
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(revealed.len(), 1, "{revealed:?}");
    let (values, expected) = both(
        &model,
        &quantised,
        &row("x", &[1, 4], &[-7.5, -0.3, 0.4, 6.0]),
    );
    close(&values, &expected, 2e-3);
}

#[test]
fn everything_that_is_not_supported_is_named_at_once() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(1), Ok(3), Ok(3)])
        .node("RandomUniform", &[], "first")
        .ints("shape", &[1, 1, 3, 3])
        .node("Add", &["x", "first"], "between")
        .node("RandomUniform", &[], "second")
        .ints("shape", &[1, 1, 3, 3])
        .node("Add", &["between", "second"], "y")
        .output("y");
    let model = model(&graph.bytes());
    let found = diagnose(&model, &Options::default()).expect("a diagnosis");
    let names: Vec<&str> = found
        .unsupported
        .iter()
        .map(|found| found.node.as_str())
        .collect();
    assert_eq!(names, ["first", "second"]);
    assert!(
        found
            .unsupported
            .iter()
            .all(|found| found.reason.contains("Random"))
    );
    let Err(QuantiseError::Unsupported(refused)) = quantise(&model, &Options::default()) else {
        panic!("a refusal was expected");
    };
    assert_eq!(refused, found.unsupported);
    assert_eq!(model.doctor().expect("a diagnosis").unsupported, refused);
}

#[test]
fn options_out_of_range_are_refused() {
    let model = model(&small());
    let bits = Options {
        weight_bits: 2,
        ..Options::default()
    };
    let table = Options {
        table_bits: 17,
        ..Options::default()
    };
    let mut range = Options::default();
    range.ranges.insert("x".into(), (1.0, f64::NAN));
    for options in [bits, table, range] {
        let refused = quantise(&model, &options);
        assert!(matches!(refused, Err(QuantiseError::Option { .. })));
    }
}

#[test]
fn functions_saturate_beyond_their_tables() {
    // Calibrated close to zero, used far away: tanh is one there, gelu a line, the exponential nothing.
    for (kind, far) in [
        ("Tanh", 1.0),
        ("Sigmoid", 1.0),
        ("Softplus", 60.0),
        ("HardSwish", 60.0),
    ] {
        let graph = Graph::default()
            .input("x", &[Ok(1), Ok(3)])
            .node(kind, &["x"], "y")
            .output("y");
        let model = model(&graph.bytes());
        let mut options = Options::default();
        options
            .calibration
            .push(row("x", &[1, 3], &[0.5, -0.25, 1.0]));
        options.ranges.insert("x".into(), (-64.0, 64.0));
        let quantised = quantise(&model, &options).expect("a program");
        let (values, expected) = both(&model, &quantised, &row("x", &[1, 3], &[-60.0, 0.75, 60.0]));
        close(&expected, &[expected[0], expected[1], far], 1e-4);
        close(&values, &expected, 2e-3 * far);
    }
}

#[test]
fn a_comparison_is_exact_at_its_threshold() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(4)])
        .tensor("c", &[], &[0.5])
        .tensor("a", &[1, 4], &[1.0, 2.0, 3.0, 4.0])
        .tensor("b", &[1, 4], &[5.0, 6.0, 7.0, 8.0])
        .node("Less", &["x", "c"], "below")
        .node("Where", &["below", "a", "b"], "y")
        .output("y");
    let model = model(&graph.bytes());
    let mut options = Options::default();
    options.ranges.insert("x".into(), (-1.0, 1.0));
    let quantised = quantise(&model, &options).expect("a program");
    // The float model is of single precision, and an input that is only compared may be finer.
    let bits = { quantised.program.inputs[0].encoding }.fraction_bits();
    let unit = 2f64.powi(-bits.expect("fixed point").min(20));
    let near = [0.5 - unit, 0.5, 0.5 + unit, -0.5];
    let (values, expected) = both(&model, &quantised, &row("x", &[1, 4], &near));
    close(&values, &expected, 1e-3);
    close(&values, &[1.0, 6.0, 7.0, 4.0], 1e-3);
}

#[test]
fn a_choice_that_is_a_rectifier_needs_no_table() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(4)])
        .tensor("zero", &[], &[0.0])
        .tensor("slope", &[], &[0.25])
        .node("Less", &["x", "zero"], "negative")
        .node("Mul", &["x", "slope"], "small")
        .node("Where", &["negative", "small", "x"], "y")
        .output("y");
    let model = model(&graph.bytes());
    let quantised = quantise(&model, &Options::default()).expect("a program");
    let names: Vec<&str> = { quantised.program.nodes.iter() }
        .map(|node| node.operator.name())
        .collect();
    assert!(
        names.contains(&"Split") && !names.contains(&"Function"),
        "{names:?}"
    );
    let (values, expected) = both(
        &model,
        &quantised,
        &row("x", &[1, 4], &[-4.0, -0.5, 0.0, 3.0]),
    );
    close(&values, &expected, 1e-3);
}

#[test]
fn values_that_could_be_very_wide_are_cut_off_far_beyond_what_was_seen() {
    // Twelve layers that could each grow sixteenfold.
    let mut graph = Graph::default().input("x", &[Ok(1), Ok(4)]);
    let weights: Vec<f32> = (0..16)
        .map(|at| if at % 5 == 0 { 4.0 } else { -4.0 })
        .collect();
    let mut last = "x".to_owned();
    for layer in 0..12 {
        let (weight, next) = (format!("w{layer}"), format!("y{layer}"));
        graph = graph.tensor(&weight, &[4, 4], &weights);
        graph = graph.node("MatMul", &[&last, &weight], &next);
        last = next;
    }
    let model = model(&graph.output(&last).bytes());
    let mut options = Options::default();
    options
        .calibration
        .push(row("x", &[1, 4], &[1e-9, -1e-9, 2e-9, 1e-9]));
    options.ranges.insert("x".into(), (-1.0, 1.0));
    let quantised = quantise(&model, &options).expect("a program");
    let cuts = { quantised.program.nodes.iter() }.filter(|node| node.operator.name() == "Clamp");
    assert!(cuts.count() >= 2, "nothing is cut off");
    for data in [[-1.0; 4], [1.0, -1.0, 1.0, -1.0], [0.999; 4]] {
        let _ = both(&model, &quantised, &row("x", &[1, 4], &data));
    }
}

/// Operators of one input, by name.
const UNARY: &[&str] = &[
    "Relu",
    "Sigmoid",
    "Tanh",
    "Abs",
    "Neg",
    "Exp",
    "Erf",
    "Softplus",
    "Sqrt",
    "Reciprocal",
    "Elu",
    "Selu",
    "HardSigmoid",
    "LeakyRelu",
    "Floor",
    "Ceil",
    "Sign",
    "Sin",
    "Cos",
    "Atan",
    "Softmax",
    "LogSoftmax",
    "HardSwish",
    "Celu",
    "ThresholdedRelu",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Extreme inputs included: the ends of the declared range, far beyond the calibrated one.
    #[test]
    fn every_input_in_the_declared_range_has_a_witness(
        kind in prop::sample::select(UNARY),
        scale in prop::sample::select(vec![0.01f32, 1.0, 30.0]),
        draws in prop::collection::vec((0u8..4, -1.0f64..1.0), 4),
    ) {
        let graph = Graph::default()
            .input("x", &[Ok(1), Ok(4)])
            .tensor("w", &[4, 4], &[
                1.0, 0.5, -0.25, 0.0, 0.3, -1.0, 0.1, 0.2, -0.4, 0.6, 0.9, -0.8, 0.2, 0.1, 0.0, 1.0,
            ].map(|weight: f32| weight * scale))
            .node("MatMul", &["x", "w"], "product")
            .node(kind, &["product"], "y")
            .output("y");
        let model = model(&graph.bytes());
        // Calibrated on small inputs, declared for large ones.
        let mut options = Options::default();
        options.calibration.push(row("x", &[1, 4], &[0.5, -0.25, 0.75, 0.1]));
        options.ranges.insert("x".into(), (-64.0, 64.0));
        let quantised = quantise(&model, &options).expect("a program");
        let end = |draw: &(u8, f64)| match draw {
            (0, _) => -64.0,
            (1, _) => 63.99,
            (_, value) => value * 64.0,
        };
        let data: Vec<f64> = draws.iter().map(end).collect();
        // The relations are checked there.
        let _ = both(&model, &quantised, &row("x", &[1, 4], &data));
    }
}
