//! Recurrent networks, forests and what comes with them, as libraries export them: what ONNX Runtime says about
//! these models is what the float model and the integer program say (`tests/fixtures/make.py`).

use crate::common::{integer, real};
use onnx::{Array, Arrays, Limits, Model, ModelError, Options, Quantised, quantise};
use program::operator::Function;
use program::{Lowered, Operator, Tensor, execute};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A model with inputs, and the outputs that are expected.
struct Case {
    model: Model,
    inputs: Arrays,
    expected: Arrays,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn cases() -> BTreeMap<String, Value> {
    let bytes = std::fs::read(folder().join("cases.json")).expect("the cases");
    serde_json::from_slice(&bytes).expect("an object")
}

fn arrays(found: &Value) -> Arrays {
    let array = |(name, array): (&String, &Value)| {
        let list = |key: &str| array[key].as_array().expect("a list").clone();
        let size = |size: &Value| usize::try_from(size.as_u64().expect("a size")).expect("a size");
        let shape = list("shape").iter().map(size).collect();
        let data = list("data")
            .iter()
            .map(|value| value.as_f64().expect("a number"))
            .collect();
        (name.clone(), Array { shape, data })
    };
    found
        .as_object()
        .expect("an object")
        .iter()
        .map(array)
        .collect()
}

fn limits(sizes: &[(&str, usize)]) -> Limits {
    let sizes = sizes.iter().map(|(name, size)| ((*name).to_owned(), *size));
    Limits {
        sizes: sizes.collect(),
        ..Limits::default()
    }
}

fn read(name: &str) -> Case {
    let found = &cases()[name];
    let path = folder().join(format!("{name}.onnx"));
    Case {
        model: Model::load(
            path,
            &limits(if name == "rnn_open" {
                &[("steps", 2)]
            } else {
                &[]
            }),
        )
        .unwrap_or_else(|error| panic!("{name}: {error}")),
        inputs: arrays(&found["inputs"]),
        expected: arrays(&found["outputs"]),
    }
}

fn quantised(case: &Case) -> Quantised {
    let options = Options {
        calibration: vec![case.inputs.clone()],
        ..Options::default()
    };
    quantise(&case.model, &options).expect("a program")
}

/// The outputs of the integer program, whose relations hold.
fn run(case: &Case, quantised: &Quantised) -> Arrays {
    let symbols = case.model.bind(&case.inputs).expect("symbols");
    let program = quantised.program.bind(&symbols).expect("a program");
    let integers = |declared: &program::Input<usize>| {
        let values = case.inputs[&declared.name].data.iter();
        let values = values.map(|&value| integer(value, declared)).collect();
        Tensor::from_i64s(declared.shape.clone(), values).expect("an input")
    };
    let inputs: Vec<Tensor> = program.inputs.iter().map(integers).collect();
    let parameters: Vec<_> = quantised.parameters.iter().cloned().map(Arc::new).collect();
    let lowered = Lowered::new(&program).expect("a system");
    let found = execute::assign(&program, &lowered, &inputs, &parameters);
    let (outputs, mut assignment) = found.expect("a witness");
    lowered
        .system
        .multiplicities(&mut assignment)
        .expect("counts");
    lowered
        .system
        .check(&assignment)
        .expect("relations that hold");
    let reals = |(declared, found): (&program::Output, &Tensor)| {
        let values = found.to_i64s().into_iter();
        let data = values.map(|value| real(value, declared.encoding)).collect();
        let shape = found.shape.clone();
        (declared.name.clone(), Array { shape, data })
    };
    program.outputs.iter().zip(&outputs).map(reals).collect()
}

/// The largest distance of two outputs over the largest value.
fn distance(found: &Arrays, expected: &Arrays) -> f64 {
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
    let mut worst = 0f64;
    for (name, expected) in expected {
        let found = &found[name];
        assert_eq!(found.shape, expected.shape, "{name}");
        let most = expected
            .data
            .iter()
            .fold(1e-3, |most: f64, value| most.max(value.abs()));
        for (a, b) in found.data.iter().zip(&expected.data) {
            worst = worst.max((a - b).abs() / most);
        }
    }
    worst
}

#[test]
fn float_models_agree_with_onnx_runtime() {
    for name in cases().keys() {
        let case = read(name);
        let outputs = case
            .model
            .evaluate(&case.inputs)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = distance(&outputs, &case.expected);
        println!("{name:20} {found:.1e}");
        assert!(found < 1e-5, "{name}: {found}");
    }
}

#[test]
fn integer_programs_agree_with_onnx_runtime() {
    let mut wrong = Vec::new();
    for name in cases().keys() {
        let case = read(name);
        let options = Options {
            calibration: vec![case.inputs.clone()],
            ..Options::default()
        };
        let quantised = match quantise(&case.model, &options) {
            Ok(quantised) => quantised,
            Err(error) => {
                wrong.push(format!("{name}: {error}"));
                continue;
            }
        };
        let outputs = run(&case, &quantised);
        let found = distance(&outputs, &case.expected);
        println!(
            "{name:20} {found:.1e} {} nodes",
            quantised.program.nodes.len()
        );
        if found > 1e-3 {
            wrong.push(format!("{name}: {found}"));
        }
        // Classes are the same, also where a value lies on a threshold.
        for (output, boundary) in case
            .model
            .outputs()
            .iter()
            .map(|output| (&output.name, output))
        {
            if boundary.integers && outputs[output].data != case.expected[output].data {
                wrong.push(format!("{name}: the classes {output} differ"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_program_of_a_recurrence_serves_every_batch() {
    let mut case = read("torch_lstm");
    let quantised = quantised(&case);
    assert_eq!(quantised.program.symbols.len(), 1);
    let x = case.inputs.values_mut().next().expect("an input");
    x.shape[0] = 1;
    x.data.truncate(15);
    let one = run(&case, &quantised);
    case.expected = case.model.evaluate(&case.inputs).expect("outputs");
    assert!(distance(&one, &case.expected) < 1e-3);
}

#[test]
fn all_steps_share_weights_and_tables() {
    let case = read("lstm");
    let quantised = quantised(&case);
    // In each of two directions four gates, with weights for input and state and a bias at most.
    let found = quantised.parameters.len();
    assert!(found <= 24, "{found} parameters");
    let mut tables: Vec<&Function> = Vec::new();
    let mut lookups = 0;
    for node in &quantised.program.nodes {
        if let Operator::Function(function) = &node.operator {
            lookups += 1;
            if !tables.iter().any(|other| other.table == function.table) {
                tables.push(function);
            }
        }
    }
    println!(
        "{lookups} functions, {} tables, {found} parameters",
        tables.len()
    );
    assert!(tables.len() < lookups);
}

#[test]
fn an_open_number_of_steps_is_refused_with_what_to_do() {
    let path = folder().join("rnn_open.onnx");
    let error = Model::load(&path, &Limits::default()).expect_err("a refusal");
    let ModelError::Graph(reason) = error else {
        panic!("another error: {error}");
    };
    assert!(
        reason.contains("\"cell\" (RNN)") && reason.contains("--size steps="),
        "{reason}"
    );
    let model = Model::load(&path, &limits(&[("steps", 2)])).expect("a model");
    assert_eq!(model.symbols(), ["batch"]);
    let unknown = Model::load(&path, &limits(&[("step", 2)]));
    assert!(matches!(unknown, Err(ModelError::Graph(reason)) if reason.contains("\"step\"")));
}

#[test]
fn inputs_of_forests_are_finer_than_others() {
    let bits = |name: &str| {
        let case = read(name);
        let encoding = quantised(&case).program.inputs[0].encoding;
        encoding.fraction_bits().expect("fixed point")
    };
    // Columns of the first range from thousandths to thousands.
    assert!(bits("cancer_forest") >= 22, "{}", bits("cancer_forest"));
    assert!(bits("iris_forest") >= 24, "{}", bits("iris_forest"));
    assert!(bits("rnn") <= 16, "{}", bits("rnn"));
}

#[test]
fn parameters_of_a_forest_are_not_revealed() {
    for name in ["iris_tree", "cancer_xgboost", "diabetes_forest"] {
        let report = quantised(&read(name)).report;
        let numbers = ["zero", "limit", "whole"];
        for (constant, _) in &report.public_constants {
            assert!(
                numbers.iter().any(|number| constant.starts_with(number)),
                "{name}: {constant}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_of_expanded_operators_are_a_model_or_a_typed_error(
        name in prop::sample::select(vec!["iris_tree", "joint_trees", "iris_logistic", "rnn", "gru_clip"]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = std::fs::read(folder().join(format!("{name}.onnx"))).expect("a file");
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let limits = Limits { elements: 1 << 20, ..Limits::default() };
        let _ = Model::parse(&bytes, None, &limits);
    }
}
