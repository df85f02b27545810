//! Set-up: from an ONNX file to a key, and how far the integer program is from the float model.

use crate::accuracy::{Accuracy, Comparison};
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

impl SetupError {
    /// The nodes for which there is no key, if that is the reason.
    pub fn unsupported(&self) -> &[Unsupported] {
        match self {
            Self::Model(ModelError::Unsupported(nodes))
            | Self::Quantise(QuantiseError::Unsupported(nodes)) => nodes,
            _ => &[],
        }
    }
}

/// What can be said of a model before it is set up.
#[derive(Clone, Debug, Default)]
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

/// What a model on disk may ask for: its weights may be in other files of its folder, as exporters write large ones.
fn limits(sizes: BTreeMap<String, usize>) -> Limits {
    Limits {
        sizes,
        external_data: true,
        ..Limits::default()
    }
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
        let limits = limits(sizes);
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
        let limits = limits(sizes);
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

    /// What a person should know about how the model was read.
    pub fn notes(&self) -> &[String] {
        self.model.notes()
    }

    /// That the model can take some inputs: by their shapes, and by the values of integers and indices.
    ///
    /// Errors: [`SetupError::Model`].
    pub fn check(&self, inputs: &Arrays) -> Result<(), SetupError> {
        Ok(self.model.check(&to_onnx(inputs))?)
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
        let limit = |name: &String| {
            let given = self.options.limits.get(name).copied();
            (name.clone(), given.unwrap_or(Options::DEFAULT_LIMIT))
        };
        let quantisation = onnx::Options {
            limits: self.model.symbols().iter().map(limit).collect(),
            ..self.quantisation.clone()
        };
        let mut quantised = onnx::quantise(&self.model, &quantisation)?;
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
        let mut notes = report.notes;
        notes.extend(accuracy.iter().filter_map(Accuracy::remark));
        Ok(Made {
            key,
            accuracy,
            calibrated: report.calibrated,
            notes,
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
