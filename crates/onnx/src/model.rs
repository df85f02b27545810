//! Models: the float graph behind an integer program.

use crate::array::Array;
use crate::error::{BadValue, ModelError};
use crate::quantise::real;
use crate::read::{Loaded, dims, implied, limits::Limits, load};
use program::Dim;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tract_onnx::prelude::*;

/// Named tensors of reals.
pub type Arrays = BTreeMap<String, Array>;

/// An input or an output of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The name in the graph.
    pub name: String,
    /// Size of each axis; `None` where it depends on more than the model's symbols.
    pub shape: Option<Vec<Dim>>,
    /// Whether the values are integers or truth values.
    pub integers: bool,
    /// The first and the last integer, if the graph says where they lie: those of an index, or of a truth value.
    pub implied: Option<(i64, i64)>,
    /// Rows of the table that each value is an index into, if the graph says so: the float model stops at any other,
    /// but for negative ones, which count from the end.
    pub rows: Option<usize>,
}

impl Boundary {
    /// The first and the last index into the table that values are indices into, negative ones included.
    pub(crate) fn indices(&self) -> Option<(i64, i64)> {
        let rows = i64::try_from(self.rows?).ok()?;
        Some((-rows, rows - 1))
    }

    /// That all values are integers, and indices of rows that are there.
    fn check(&self, array: &Array) -> Result<(), ModelError> {
        let fraction = |value: &f64| libm::trunc(*value) != *value;
        let indices = self.indices();
        let outside = |value: &f64| {
            indices.is_some_and(|(lo, hi)| !(real(lo.into())..=real(hi.into())).contains(value))
        };
        let bad = |value: &f64| fraction(value) || outside(value);
        let Some(at) = array.data.iter().position(bad) else {
            return Ok(());
        };
        let value = array.data[at];
        let reason = match indices {
            Some((lo, hi)) if !fraction(&value) => BadValue::Index { lo, hi },
            _ => BadValue::Fraction,
        };
        Err(ModelError::Value {
            name: self.name.clone(),
            index: array.index(at),
            value,
            reason,
        })
    }
}

/// A float model.
pub struct Model {
    pub(crate) graph: Arc<TypedModel>,
    pub(crate) loaded: Notes,
    pub(crate) symbols: Vec<Symbol>,
    names: Vec<String>,
    inputs: Vec<Boundary>,
    outputs: Vec<Boundary>,
}

/// What was found on the way.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) single: std::collections::BTreeSet<String>,
    pub(crate) notes: Vec<String>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("inputs", &self.inputs)
            .field("outputs", &self.outputs)
            .field("symbols", &self.names)
            .finish_non_exhaustive()
    }
}

impl Model {
    /// Reads a file.
    ///
    /// Errors: [`ModelError`].
    pub fn load(path: impl AsRef<Path>, limits: &Limits) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let refused = |reason| ModelError::Read {
            path: path.to_owned(),
            reason,
        };
        // The size is checked before anything is read.
        let found = std::fs::metadata(path).map_err(refused)?.len();
        if found > limits.bytes {
            let limit = limits.bytes;
            return Err(ModelError::Size { limit, found });
        }
        let bytes = std::fs::read(path).map_err(refused)?;
        Self::parse(&bytes, path.parent(), limits)
    }

    /// Reads the bytes of a file; `folder` is where its external data are.
    ///
    /// Errors: [`ModelError`].
    pub fn parse(bytes: &[u8], folder: Option<&Path>, limits: &Limits) -> Result<Self, ModelError> {
        let Loaded {
            graph,
            symbols,
            single,
            notes,
        } = load(bytes, folder, limits)?;
        let failed = |error: TractError| ModelError::Graph(format!("{error:#}"));
        let boundary = |outlet: &OutletId, name: String| -> Result<Boundary, ModelError> {
            let fact = graph.outlet_fact(*outlet).map_err(failed)?;
            let kind = fact.datum_type;
            let implied = implied(&graph, *outlet);
            Ok(Boundary {
                name,
                shape: dims::shape(&fact.shape, &symbols),
                integers: kind.is_integer() || kind == bool::datum_type() || kind.is_tdim(),
                implied: implied.ends,
                rows: implied.rows,
            })
        };
        let inputs: Result<Vec<Boundary>, ModelError> = { graph.inputs.iter() }
            .map(|outlet| boundary(outlet, graph.nodes[outlet.node].name.clone()))
            .collect();
        let label = |outlet: &OutletId| {
            let label = graph.outlet_label(*outlet).map(str::to_owned);
            label.unwrap_or_else(|| graph.nodes[outlet.node].name.clone())
        };
        let outputs: Result<Vec<Boundary>, ModelError> = { graph.outputs.iter() }
            .map(|outlet| boundary(outlet, label(outlet)))
            .collect();
        Ok(Self {
            inputs: inputs?,
            outputs: outputs?,
            names: symbols.iter().map(ToString::to_string).collect(),
            graph: Arc::new(graph),
            symbols,
            loaded: Notes { single, notes },
        })
    }

    /// The inputs, in the order of the graph.
    pub fn inputs(&self) -> &[Boundary] {
        &self.inputs
    }

    /// The outputs, in the order of the graph.
    pub fn outputs(&self) -> &[Boundary] {
        &self.outputs
    }

    /// Names of the symbols that sizes depend on.
    pub fn symbols(&self) -> &[String] {
        &self.names
    }

    /// What a person should know about how the model was read.
    pub fn notes(&self) -> &[String] {
        &self.loaded.notes
    }

    /// The outputs of the float model.
    ///
    /// Errors: [`ModelError::Input`], [`ModelError::Run`].
    pub fn evaluate(&self, inputs: &Arrays) -> Result<Arrays, ModelError> {
        let values = self.run(inputs, |_, _| Ok(()))?;
        { self.outputs.iter().zip(values) }
            .map(|(output, value)| {
                let array = Array::from_tensor(&value).map_err(ModelError::Run)?;
                Ok((output.name.clone(), array))
            })
            .collect()
    }

    /// Names every node without an integer program, with its reason, and every number that a key reveals.
    ///
    /// Errors: [`crate::QuantiseError`] if the model fails on random inputs.
    pub fn doctor(&self) -> Result<crate::Diagnosis, crate::QuantiseError> {
        crate::diagnose(self, &crate::Options::default())
    }

    /// Values of the symbols that fit the shapes of the inputs.
    ///
    /// Errors: [`ModelError::Input`] if an input is missing, or a shape does not fit.
    pub fn bind(&self, inputs: &Arrays) -> Result<Vec<usize>, ModelError> {
        let mut values = vec![None; self.names.len()];
        // Symbols that stand alone first: the others follow from them.
        for alone in [true, false] {
            for input in &self.inputs {
                let array = self.input(input, inputs)?;
                let Some(shape) = &input.shape else { continue };
                let mismatch = || ModelError::Input {
                    name: input.name.clone(),
                    expected: format!("shape {}", self.show(shape)),
                    found: format!("shape {:?}", array.shape),
                };
                if shape.len() != array.shape.len() {
                    return Err(mismatch());
                }
                for (dim, &size) in shape.iter().zip(&array.shape) {
                    match dim {
                        Dim::Symbol(at) if alone && values[*at].is_none() => {
                            values[*at] = Some(size)
                        }
                        dim if !alone => {
                            let bound: Vec<usize> =
                                values.iter().map(|value| value.unwrap_or(1)).collect();
                            if dim.bind(&bound) != Ok(size) {
                                return Err(mismatch());
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(values.iter().map(|value| value.unwrap_or(1)).collect())
    }

    /// A shape in the words of the model.
    pub fn show(&self, shape: &[Dim]) -> String {
        let dims: Vec<String> = { shape.iter() }
            .map(|dim| match dim {
                Dim::Symbol(at) => self.names.get(*at).cloned().unwrap_or_default(),
                dim => { dim.known() }.map_or_else(|| format!("{dim:?}"), |size| size.to_string()),
            })
            .collect();
        format!("[{}]", dims.join(", "))
    }

    fn input<'a>(&self, input: &Boundary, inputs: &'a Arrays) -> Result<&'a Array, ModelError> {
        let array = inputs.get(&input.name).ok_or_else(|| ModelError::Input {
            name: input.name.clone(),
            expected: "a tensor".into(),
            found: format!("tensors named {:?}", inputs.keys().collect::<Vec<_>>()),
        })?;
        let len = (array.shape.iter()).try_fold(1usize, |len, &size| len.checked_mul(size));
        if len != Some(array.data.len()) {
            return Err(ModelError::Input {
                name: input.name.clone(),
                expected: format!("the values of shape {:?}", array.shape),
                found: format!("{} values", array.data.len()),
            });
        }
        Ok(array)
    }

    /// That the float model can take some inputs: their shapes, and values that an integer or an index may have.
    ///
    /// Errors: [`ModelError::Input`], [`ModelError::Value`].
    pub fn check(&self, inputs: &Arrays) -> Result<(), ModelError> {
        self.bind(inputs)?;
        for input in self.inputs.iter().filter(|input| input.integers) {
            input.check(self.input(input, inputs)?)?;
        }
        Ok(())
    }

    /// Runs the float model and shows the results of every node.
    pub(crate) fn run(
        &self,
        inputs: &Arrays,
        mut see: impl FnMut(usize, &[TValue]) -> Result<(), String>,
    ) -> Result<Vec<TValue>, ModelError> {
        self.check(inputs)?;
        let mut values = TVec::new();
        for (input, outlet) in self.inputs.iter().zip(&self.graph.inputs) {
            let array = self.input(input, inputs)?;
            let kind = self.graph.nodes[outlet.node].outputs[outlet.slot]
                .fact
                .datum_type;
            let tensor = array.to_tensor(kind).map_err(|found| ModelError::Input {
                name: input.name.clone(),
                expected: format!("values of type {kind:?}"),
                found,
            })?;
            values.push(tensor.into_tvalue());
        }
        let run = || -> TractResult<TVec<TValue>> {
            let plan = TypedSimplePlan::new(self.graph.clone())?;
            let mut state = tract_onnx::tract_core::plan::SimpleState::new(&plan)?;
            state.run_plan_with_eval(values, |context, state, node, inputs| {
                let results = tract_onnx::tract_core::plan::eval(context, state, node, inputs)?;
                see(node.id, &results).map_err(TractError::msg)?;
                Ok::<_, TractError>(results)
            })
        };
        let outputs = crate::read::guard(run).map_err(ModelError::Run)?;
        let outputs = outputs.map_err(|error| ModelError::Run(format!("{error:#}")))?;
        Ok(outputs.into_vec())
    }
}
