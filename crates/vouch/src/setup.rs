//! Set-up: from an ONNX file to a key, and how far the integer program is from the float model.

use crate::array::{Array, Arrays};
use crate::estimate::Estimate;
use crate::generate::{GenerateError, Options};
use crate::prove::ProveError;
use crate::proving::ProvingKey;
use onnx::{Limits, Model, ModelError, QuantiseError, Unsupported};
use program::Visibility;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// A float model, run by itself.
pub struct FloatModel {
    model: Model,
}

/// Everything that set-up needs to know; [`Setup::run`] makes the key.
pub struct Setup {
    model: Model,
    quantisation: onnx::Options,
    visibility: BTreeMap<String, Visibility>,
    /// Budgets, limits and typical sizes.
    pub options: Options,
}

/// Why there is no key for a model.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The file is no model that can be read.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model has no integer program.
    #[error(transparent)]
    Quantise(#[from] QuantiseError),
    /// The integer program has no key.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A name is neither an input, nor an output, nor `parameters`.
    #[error("the model has no input or output {name:?}; expected one of {known:?}")]
    Name {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// The parameters of a model cannot be sealed yet.
    #[error("sealed parameters are not supported; parameters can be public or private")]
    SealedParameters,
    /// The integer program failed on the data that it was compared with.
    #[error("comparison with the float model: {0}")]
    Compare(#[from] ProveError),
}

/// What can be said of a model before it is set up.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// Every node that has no integer program: name, operator and reason.
    pub unsupported: Vec<Unsupported>,
    /// Remarks, in sentences.
    pub notes: Vec<String>,
    /// Constants that the key will reveal: name and value.
    pub public_constants: Vec<(String, String)>,
    /// What the model would cost; absent if it is not supported.
    pub estimate: Option<Estimate>,
}

/// How far an output of the integer program is from the float model's.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy {
    /// The output.
    pub name: String,
    /// The largest distance.
    pub max_error: f64,
    /// The mean distance.
    pub mean_error: f64,
    /// The share of rows whose largest entry is the same; absent for rows of one entry.
    pub top1: Option<f64>,
    /// Rows that were compared.
    pub rows: usize,
}

/// What set-up made.
#[derive(Debug)]
pub struct Made {
    /// The key.
    pub key: ProvingKey,
    /// Accuracy of each output, on the calibration data or else on random inputs.
    pub accuracy: Vec<Accuracy>,
    /// Whether that was data that was given.
    pub calibrated: bool,
    /// Remarks, in sentences.
    pub notes: Vec<String>,
    /// Constants that the key reveals: name and value.
    pub public_constants: Vec<(String, String)>,
}

/// Calibration data are cut into pieces of at most this many rows for the comparison.
const MOST_COMPARED: usize = 16;

fn to_onnx(arrays: &Arrays) -> onnx::Arrays {
    let convert = |(name, array): (&String, &Array)| {
        let (shape, data) = (array.shape.clone(), array.data.clone());
        (name.clone(), onnx::Array { shape, data })
    };
    arrays.iter().map(convert).collect()
}

fn from_onnx(arrays: onnx::Arrays) -> Arrays {
    let convert = |(name, array): (String, onnx::Array)| {
        let onnx::Array { shape, data } = array;
        (name, Array { shape, data })
    };
    arrays.into_iter().map(convert).collect()
}

impl FloatModel {
    /// Reads an ONNX file.
    ///
    /// Errors: [`ModelError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        Self::with_sizes(path, BTreeMap::new())
    }

    /// Reads an ONNX file, with numbers for symbolic sizes by name.
    ///
    /// Errors: [`ModelError`].
    pub fn with_sizes(
        path: impl AsRef<Path>,
        sizes: BTreeMap<String, usize>,
    ) -> Result<Self, ModelError> {
        let limits = Limits {
            sizes,
            ..Limits::default()
        };
        let model = Model::load(path, &limits)?;
        Ok(Self { model })
    }

    /// The outputs of the float model.
    ///
    /// Errors: [`ModelError`].
    pub fn run(&self, inputs: &Arrays) -> Result<Arrays, ModelError> {
        Ok(from_onnx(self.model.evaluate(&to_onnx(inputs))?))
    }
}

impl Setup {
    /// Reads an ONNX file. Parameters and inputs are private and outputs public until [`Setup::visibility`] says otherwise.
    ///
    /// Errors: [`SetupError::Model`].
    pub fn new(path: impl AsRef<Path>) -> Result<Self, SetupError> {
        Self::with_sizes(path, BTreeMap::new())
    }

    /// The same with numbers for symbolic sizes, by name: recurrent networks need one for the length of a sequence.
    ///
    /// Errors: [`SetupError::Model`].
    pub fn with_sizes(
        path: impl AsRef<Path>,
        sizes: BTreeMap<String, usize>,
    ) -> Result<Self, SetupError> {
        let limits = Limits {
            sizes,
            ..Limits::default()
        };
        Ok(Self {
            model: Model::load(path, &limits)?,
            quantisation: onnx::Options::default(),
            visibility: BTreeMap::new(),
            options: Options::default(),
        })
    }

    /// Names and sizes of the model's inputs; sizes that are open are absent.
    pub fn inputs(&self) -> Vec<(String, Vec<Option<usize>>)> {
        let sizes = |boundary: &onnx::Boundary| {
            let shape = boundary.shape.as_deref().unwrap_or_default();
            (
                boundary.name.clone(),
                shape.iter().map(program::Dim::known).collect(),
            )
        };
        self.model.inputs().iter().map(sizes).collect()
    }

    /// Adds data to measure ranges on.
    pub fn calibrate(&mut self, inputs: &Arrays) -> &mut Self {
        self.quantisation.calibration.push(to_onnx(inputs));
        self
    }

    /// Bits of a parameter, with its sign.
    pub fn weight_bits(&mut self, bits: u32) -> &mut Self {
        self.quantisation.weight_bits = bits;
        self
    }

    /// Bits of an activation in its calibrated range, with its sign.
    pub fn activation_bits(&mut self, bits: u32) -> &mut Self {
        self.quantisation.activation_bits = bits;
        self
    }

    /// Where the values of an input lie; others have no proof.
    pub fn range(&mut self, input: &str, lo: f64, hi: f64) -> &mut Self {
        self.quantisation.ranges.insert(input.to_owned(), (lo, hi));
        self
    }

    /// Who sees an input, an output or, by the name `parameters`, the parameters.
    ///
    /// Errors: [`SetupError::Name`], [`SetupError::SealedParameters`].
    pub fn visibility(
        &mut self,
        name: &str,
        visibility: Visibility,
    ) -> Result<&mut Self, SetupError> {
        let boundaries = self.model.inputs().iter().chain(self.model.outputs());
        let mut known: Vec<String> = boundaries.map(|boundary| boundary.name.clone()).collect();
        known.push(PARAMETERS.to_owned());
        if !known.iter().any(|other| other == name) {
            let name = name.to_owned();
            return Err(SetupError::Name { name, known });
        }
        if name == PARAMETERS && visibility == Visibility::Sealed {
            return Err(SetupError::SealedParameters);
        }
        self.visibility.insert(name.to_owned(), visibility);
        Ok(self)
    }

    fn quantise(&self) -> Result<onnx::Quantised, SetupError> {
        let mut quantised = onnx::quantise(&self.model, &self.quantisation)?;
        let seen = |name: &str, default| self.visibility.get(name).copied().unwrap_or(default);
        let program = &mut quantised.program;
        for input in &mut program.inputs {
            input.visibility = seen(&input.name, Visibility::Private);
        }
        for output in &mut program.outputs {
            output.visibility = seen(&output.name, Visibility::Public);
        }
        let visibility = seen(PARAMETERS, Visibility::Private);
        for (parameter, value) in program.parameters.iter_mut().zip(&quantised.parameters) {
            parameter.visibility = visibility;
            parameter.value = (visibility == Visibility::Public).then(|| value.clone());
        }
        Ok(quantised)
    }

    /// Tells what is not supported, or what proofs would cost.
    ///
    /// Errors: [`SetupError`] if the model fails on the calibration data.
    pub fn diagnose(&self) -> Result<Diagnosis, SetupError> {
        let found = onnx::diagnose(&self.model, &self.quantisation)?;
        let estimate = match found.unsupported.is_empty() {
            true => Some(self.estimate()?),
            false => None,
        };
        Ok(Diagnosis {
            unsupported: found.unsupported,
            notes: found.report.notes,
            public_constants: found.report.public_constants,
            estimate,
        })
    }

    fn estimate(&self) -> Result<Estimate, SetupError> {
        let quantised = self.quantise()?;
        let typical = |name: &String| self.options.typical.get(name).copied().unwrap_or(1);
        let symbols: Vec<usize> = quantised.program.symbols.iter().map(typical).collect();
        let content = crate::generate::choose(&quantised.program, &self.options)?;
        let bound = content
            .bind(&symbols, &[0; 32])
            .map_err(GenerateError::from)?;
        Ok(Estimate::of(&bound))
    }

    /// An input that the model takes: the first of the calibration data, or else a random one in the declared range.
    pub fn sample(&self) -> Arrays {
        let samples = onnx::samples(&self.model, &self.quantisation);
        samples
            .into_iter()
            .next()
            .map(from_onnx)
            .unwrap_or_default()
    }

    /// Makes the key, and compares the integer program with the float model.
    ///
    /// Errors: [`SetupError`].
    pub fn run(&self) -> Result<Made, SetupError> {
        let onnx::Quantised {
            program,
            parameters,
            report,
        } = self.quantise()?;
        let parameters = parameters.into_iter().map(Arc::new).collect();
        let key = ProvingKey::generate(program, parameters, &self.options)?;
        let accuracy = self.accuracy(&key)?;
        Ok(Made {
            key,
            accuracy,
            calibrated: report.calibrated,
            notes: report.notes,
            public_constants: report.public_constants,
        })
    }

    /// Compares the integer program with the float model, on the calibration data or else on random inputs.
    fn accuracy(&self, key: &ProvingKey) -> Result<Vec<Accuracy>, SetupError> {
        let samples = onnx::samples(&self.model, &self.quantisation);
        let mut found: BTreeMap<String, Comparison> = BTreeMap::new();
        for sample in samples.iter().take(MOST_COMPARED) {
            let float = self.model.evaluate(sample)?;
            let integer = key.run(&from_onnx(sample.clone()))?;
            for (name, array) in &integer {
                if let Some(other) = float.get(name) {
                    found.entry(name.clone()).or_default().add(array, other);
                }
            }
        }
        Ok(found
            .into_iter()
            .map(|(name, comparison)| comparison.finish(name))
            .collect())
    }
}

/// The name by which options refer to the parameters of a model.
const PARAMETERS: &str = "parameters";

#[derive(Default)]
struct Comparison {
    max: f64,
    sum: f64,
    values: usize,
    rows: usize,
    agreeing: usize,
    is_ranked: bool,
}

impl Comparison {
    fn add(&mut self, integer: &Array, float: &onnx::Array) {
        for (a, b) in integer.data.iter().zip(&float.data) {
            let error = (a - b).abs();
            self.max = self.max.max(error);
            self.sum += error;
            self.values += 1;
        }
        let width = integer.shape.last().copied().unwrap_or(1).max(1);
        self.is_ranked |= width > 1;
        for (a, b) in integer.data.chunks(width).zip(float.data.chunks(width)) {
            self.rows += 1;
            // Equal entries of the integer program may be close ones of the float model: any of them agrees.
            let best = largest(b);
            let top = a.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            self.agreeing += usize::from(best.is_some_and(|best| a.get(best) == Some(&top)));
        }
    }

    fn finish(self, name: String) -> Accuracy {
        #[expect(clippy::cast_precision_loss, reason = "counts of values")]
        let share = |part: f64, whole: usize| part / whole.max(1) as f64;
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let agreeing = self.agreeing as f64;
        Accuracy {
            name,
            max_error: self.max,
            mean_error: share(self.sum, self.values),
            top1: self.is_ranked.then(|| share(agreeing, self.rows)),
            rows: self.rows,
        }
    }
}

fn largest(row: &[f64]) -> Option<usize> {
    (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a)))
}
