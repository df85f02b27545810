//! Reading the example models, and running them as integer programs.

use crate::common::{integer, real};
use onnx::{Array, Arrays, Limits, Model, Options, Quantised};
use program::{Lowered, Program, Tensor, execute};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// The folder of the models, if it is there.
pub fn folder() -> Option<PathBuf> {
    let workspace = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    // A checkout may itself be in a folder beside the workspace.
    let places = ["../shared/models/ezkl", "../../shared/models/ezkl"];
    let found = places
        .iter()
        .map(|place| workspace.join(place))
        .find(|path| path.is_dir());
    if found.is_none() {
        eprintln!("SKIPPED: no models in ../shared/models/ezkl beside the workspace");
    }
    found
}

/// Names of all models, in order; none if they are missing.
pub fn names() -> Vec<String> {
    let entries = folder().and_then(|folder| std::fs::read_dir(folder).ok());
    let names = entries.into_iter().flatten();
    let mut names: Vec<String> = names
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

/// A model, its input, and the outputs that are expected.
pub struct Example {
    pub model: Model,
    pub input: Arrays,
    pub expected: Vec<(String, Array)>,
}

fn numbers(value: &Value, into: &mut Vec<f64>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| numbers(value, into)),
        Value::Bool(value) => into.push(f64::from(u8::from(*value))),
        value => into.push(value.as_f64().unwrap_or(f64::NAN)),
    }
}

fn shape(value: &Value) -> Vec<usize> {
    let sizes = value["shape"].as_array().expect("a shape");
    let size = |size: &Value| usize::try_from(size.as_u64().expect("a size")).expect("a size");
    sizes.iter().map(size).collect()
}

/// Reads a model; `None` if its files are not as described.
pub fn read(name: &str) -> Option<Result<Example, String>> {
    let folder = folder()?.join(name);
    let json = |name: &str| -> Option<Value> {
        serde_json::from_slice(&std::fs::read(folder.join(name)).ok()?).ok()
    };
    let (input, expected) = (json("input.json")?, json("expected.json")?);
    // The sequence of the recurrent networks; the others have no such size, or keep theirs open.
    let sizes: BTreeMap<String, usize> = match name {
        "lstm" | "rnn" => [("batch_size".to_owned(), 1)].into(),
        _ => BTreeMap::new(),
    };
    let limits = Limits {
        sizes,
        ..Limits::default()
    };
    let model = match Model::load(folder.join("model.onnx"), &limits) {
        Ok(model) => model,
        Err(error) => return Some(Err(error.to_string())),
    };
    let mut inputs = Arrays::new();
    for (boundary, data) in model.inputs().iter().zip(input["input_data"].as_array()?) {
        let shape = shape(&expected["inputs"][&boundary.name]);
        let mut values = Vec::new();
        numbers(data, &mut values);
        let data = values;
        inputs.insert(boundary.name.clone(), Array { shape, data });
    }
    let outputs = expected["outputs"].as_object()?;
    let expected = outputs.iter().map(|(name, output)| {
        let mut data = Vec::new();
        numbers(&output["data"], &mut data);
        let shape = shape(output);
        (name.clone(), Array { shape, data })
    });
    Some(Ok(Example {
        expected: expected.collect(),
        model,
        input: inputs,
    }))
}

/// An input as integers.
pub fn integers(program: &Program<usize>, input: &Arrays) -> Vec<Tensor> {
    let tensor = |declared: &program::Input<usize>| {
        let array = &input[&declared.name];
        let values = array.data.iter();
        let values = values.map(|&value| integer(value, declared)).collect();
        Tensor::from_i64s(declared.shape.clone(), values).expect("an input")
    };
    program.inputs.iter().map(tensor).collect()
}

/// The program for the shapes of an input.
pub fn bound(example: &Example, quantised: &Quantised) -> Program<usize> {
    let symbols = example.model.bind(&example.input).expect("symbols");
    quantised.program.bind(&symbols).expect("a bound program")
}

/// Parameters for execution.
pub fn parameters(quantised: &Quantised) -> Vec<Arc<Tensor>> {
    quantised.parameters.iter().cloned().map(Arc::new).collect()
}

/// The largest distance of the program's outputs from those that are expected, over the largest output.
pub fn error(example: &Example, options: &Options) -> Result<f64, String> {
    let quantised = onnx::quantise(&example.model, options).map_err(|error| error.to_string())?;
    let program = bound(example, &quantised);
    let inputs = integers(&program, &example.input);
    let outputs = execute::outputs(&program, &inputs, &parameters(&quantised));
    let outputs = outputs.map_err(|error| error.to_string())?;
    let mut worst = 0f64;
    for (declared, output) in quantised.program.outputs.iter().zip(&outputs) {
        let (_, expected) = { example.expected.iter() }
            .find(|(name, _)| *name == declared.name)
            .ok_or_else(|| format!("no expected output {:?}", declared.name))?;
        if expected.data.len() != output.len() {
            return Err(format!(
                "output of shape {:?}, expected {:?}",
                output.shape, expected.shape
            ));
        }
        let values: Vec<f64> = output
            .to_i64s()
            .iter()
            .map(|&value| real(value, declared.encoding))
            .collect();
        let most = expected
            .data
            .iter()
            .fold(0f64, |most, value| most.max(value.abs()));
        for (value, expected) in values.iter().zip(&expected.data) {
            let off = (value - expected).abs() / most.max(1e-3);
            worst = worst.max(if off.is_nan() { f64::INFINITY } else { off });
        }
    }
    Ok(worst)
}

/// Lowers the program and checks its relations on the witness of an input.
pub fn check(
    program: &Program<usize>,
    quantised: &Quantised,
    inputs: &[Tensor],
) -> Result<(), String> {
    let lowered = Lowered::new(program).map_err(|error| error.to_string())?;
    let (_, mut assignment) = execute::assign(program, &lowered, inputs, &parameters(quantised))
        .map_err(|error| error.to_string())?;
    let counted = lowered.system.multiplicities(&mut assignment);
    counted.map_err(|error| error.to_string())?;
    lowered
        .system
        .check(&assignment)
        .map_err(|error| error.to_string())
}
