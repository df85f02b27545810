//! A case of the conformance suite: a model, its inputs, and the outputs that the standard gives.

use crate::common::{integer, real};
use onnx::{Array, Arrays, Limits, Model, Options};
use program::{Encoding, Lowered, Tensor, execute};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;

/// A model, its inputs, and the outputs that are expected.
pub struct Case {
    pub operators: Vec<String>,
    pub inputs: Arrays,
    pub outputs: Vec<Expected>,
    /// Why there are no values.
    pub skip: Option<String>,
    pub bytes: Vec<u8>,
}

/// An output that is expected.
pub struct Expected {
    pub name: String,
    pub array: Array,
    pub integers: bool,
}

/// How a case ended.
pub enum Outcome {
    /// The outputs are right; the largest error, relative to the largest output.
    Right(f64),
    /// The outputs are wrong.
    Wrong(String),
    /// The model is refused.
    Refused(String),
}

fn numbers(value: &Value) -> Vec<f64> {
    let number = |value: &Value| match value {
        Value::Bool(value) => f64::from(u8::from(*value)),
        value => value.as_f64().unwrap_or(f64::NAN),
    };
    value.as_array().into_iter().flatten().map(number).collect()
}

fn tensors(value: &Value) -> Vec<Expected> {
    let entries = value.as_object().into_iter().flatten();
    let tensor = |(name, value): (&String, &Value)| {
        let kind = value["dtype"].as_str().unwrap_or_default();
        let sizes = numbers(&value["shape"]);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "sizes are small"
        )]
        let shape = sizes.iter().map(|&size| size as usize).collect();
        Expected {
            name: name.clone(),
            array: Array {
                shape,
                data: numbers(&value["data"]),
            },
            integers: !kind.starts_with("float"),
        }
    };
    entries.map(tensor).collect()
}

impl Case {
    /// Reads a case from its folder.
    pub fn read(folder: &Path) -> Self {
        let text = std::fs::read(folder.join("case.json")).expect("the case");
        let json: Value = serde_json::from_slice(&text).expect("JSON");
        let names = json["operators"].as_array().into_iter().flatten();
        let inputs = tensors(&json["inputs"]).into_iter();
        Self {
            operators: names
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
            inputs: inputs.map(|input| (input.name, input.array)).collect(),
            outputs: tensors(&json["outputs"]),
            skip: json["skip"].as_str().map(str::to_owned),
            bytes: std::fs::read(folder.join("model.onnx")).expect("the model"),
        }
    }

    /// Quantises the model for its inputs, executes the program, and checks its relations and its outputs.
    pub fn run(&self) -> Outcome {
        let model = match Model::parse(&self.bytes, None, &Limits::default()) {
            Ok(model) => model,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        let options = Options {
            calibration: vec![self.inputs.clone()],
            ..Options::default()
        };
        let quantised = match onnx::quantise(&model, &options) {
            Ok(quantised) => quantised,
            Err(error) => return Outcome::Refused(error.to_string()),
        };
        match self.execute(&model, &quantised) {
            Ok(outputs) => self.compare(&quantised, &outputs),
            Err(reason) => Outcome::Wrong(reason),
        }
    }

    fn execute(&self, model: &Model, quantised: &onnx::Quantised) -> Result<Vec<Tensor>, String> {
        let symbols = model
            .bind(&self.inputs)
            .map_err(|error| error.to_string())?;
        let program = quantised
            .program
            .bind(&symbols)
            .map_err(|error| error.to_string())?;
        let tensor = |declared: &program::Input<usize>| {
            let array = &self.inputs[&declared.name];
            let values = { array.data.iter() }.map(|&value| integer(value, declared));
            Tensor::from_i64s(declared.shape.clone(), values.collect()).expect("an input")
        };
        let inputs: Vec<Tensor> = program.inputs.iter().map(tensor).collect();
        let parameters: Vec<_> = quantised.parameters.iter().cloned().map(Arc::new).collect();
        let lowered = Lowered::new(&program).map_err(|error| error.to_string())?;
        let found = execute::assign(&program, &lowered, &inputs, &parameters);
        let (outputs, mut assignment) = found.map_err(|error| error.to_string())?;
        let counted = lowered.system.multiplicities(&mut assignment);
        counted.map_err(|error| error.to_string())?;
        let holds = lowered.system.check(&assignment);
        holds.map_err(|error| format!("a relation does not hold: {error}"))?;
        Ok(outputs)
    }

    fn compare(&self, quantised: &onnx::Quantised, outputs: &[Tensor]) -> Outcome {
        let mut worst = 0f64;
        for (at, (declared, output)) in quantised.program.outputs.iter().zip(outputs).enumerate() {
            let named = self
                .outputs
                .iter()
                .find(|output| output.name == declared.name);
            let Some(expected) = named.or_else(|| self.outputs.get(at)) else {
                return Outcome::Wrong(format!("nothing is expected of {:?}", declared.name));
            };
            if expected.array.shape != output.shape {
                return Outcome::Wrong(format!(
                    "an output of shape {:?}, expected {:?}",
                    output.shape, expected.array.shape
                ));
            }
            let most =
                { expected.array.data.iter() }.fold(0f64, |most, value| most.max(value.abs()));
            // A rounding or two of the last bit, and what a table of 2^16 arguments leaves; levels are exact.
            let tolerance = match declared.encoding {
                Encoding::Fixed(bits) if !expected.integers => {
                    most.mul_add(2e-3, 4.0 * 2f64.powi(-bits))
                }
                _ => 0.0,
            };
            for (found, &expected) in output.to_i64s().iter().zip(&expected.array.data) {
                let found = real(*found, declared.encoding);
                let off = (found - expected).abs();
                if off.is_nan() || off > tolerance {
                    return Outcome::Wrong(format!("found {found}, expected {expected}"));
                }
                worst = worst.max(off / most.max(1e-3));
            }
        }
        Outcome::Right(worst)
    }
}
