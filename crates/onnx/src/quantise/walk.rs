//! Visits the nodes of a graph in order.

use super::builder::{Builder, Refusal, Value, log2_of, nearest, power};
use super::calibrate::{Calibration, declared};
use super::expr::Expr;
use super::lazy::{Constant, Lazy, Pointwise};
use super::linear::Linear;
use super::node::Node;
use super::options::Options;
use super::precision::compared_bits;
use super::prune::prune;
use super::report::{Diagnosis, Quantised, Report};
use crate::array::Array;
use crate::error::{QuantiseError, Unsupported};
use crate::lower;
use crate::model::Model;
use crate::read::dims;
use program::{Dim, Interval, ValueId, Visibility};
use std::collections::BTreeMap;
use std::sync::Arc;
use tract_onnx::prelude::{Datum, DatumType, OutletId, TypedFact, TypedNode};
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::source::TypedSource;

/// A parameter by name, values and fraction bits, and where it is.
type Known = ((String, Arc<Array>, i32), Value);

/// A quantisation in progress.
pub struct Quantiser<'a> {
    /// The program so far.
    pub builder: Builder,
    /// How to quantise.
    pub options: &'a Options,
    pub(super) parameters: Vec<Known>,
    pub(super) functions: Vec<(ValueId, i32, Expr, Value)>,
    /// Values that are contractions with constants.
    pub(crate) linears: BTreeMap<ValueId, Linear>,
    /// What concatenations along the last axis are made of.
    pub(crate) concatenations: BTreeMap<ValueId, Vec<Value>>,
    pub(super) model: &'a Model,
    calibration: Calibration,
    /// What each outlet is; nothing for those that could not be lowered.
    values: BTreeMap<(usize, usize), Lazy>,
    report: Report,
}

/// Quantises a model.
///
/// Errors: [`QuantiseError::Unsupported`] names every node without an integer program.
pub fn quantise(model: &Model, options: &Options) -> Result<Quantised, QuantiseError> {
    let mut walk = Quantiser::new(model, options)?;
    let unsupported = walk.nodes()?;
    if !unsupported.is_empty() {
        return Err(QuantiseError::Unsupported(unsupported));
    }
    walk.outputs()?;
    let Quantiser {
        builder, report, ..
    } = walk;
    let reference = builder.reference().to_vec();
    let (program, parameters) = prune(builder.program, builder.parameters);
    program.bind(&reference)?.infer()?;
    Ok(Quantised {
        program,
        parameters,
        report,
    })
}

/// Finds every node without an integer program.
///
/// Errors: [`QuantiseError`] if the model fails on the calibration data.
pub fn diagnose(model: &Model, options: &Options) -> Result<Diagnosis, QuantiseError> {
    let mut walk = Quantiser::new(model, options)?;
    let mut unsupported = walk.nodes()?;
    if unsupported.is_empty()
        && let Err(QuantiseError::Unsupported(found)) = walk.outputs()
    {
        unsupported = found;
    }
    Ok(Diagnosis {
        unsupported,
        report: walk.report,
    })
}

impl<'a> Quantiser<'a> {
    fn new(model: &'a Model, options: &'a Options) -> Result<Self, QuantiseError> {
        options.check()?;
        let calibration = Calibration::run(model, options)?;
        let builder = Builder::new(model.symbols().to_vec(), calibration.symbols.clone());
        let report = Report {
            notes: model.notes().to_vec(),
            calibrated: calibration.given,
            ..Report::default()
        };
        Ok(Self {
            builder,
            options,
            parameters: Vec::new(),
            functions: Vec::new(),
            linears: BTreeMap::new(),
            concatenations: BTreeMap::new(),
            model,
            calibration,
            values: BTreeMap::new(),
            report,
        })
    }

    /// Lowers all nodes; returns those that cannot be.
    fn nodes(&mut self) -> Result<Vec<Unsupported>, QuantiseError> {
        let mut unsupported = Vec::new();
        let graph = self.model.graph.clone();
        let order = graph.eval_order();
        let order = order.map_err(|error| {
            QuantiseError::Model(crate::error::ModelError::Graph(error.to_string()))
        })?;
        // Inputs come first, in the order of the model.
        for at in 0..self.model.inputs().len() {
            if let Err(reason) = self.input(at) {
                let node = self.model.inputs()[at].name.clone();
                let operator = "Input".into();
                unsupported.push(Unsupported {
                    node,
                    operator,
                    reason,
                });
            }
        }
        for at in order {
            let node = &graph.nodes[at];
            if node.op.is::<TypedSource>() {
                continue;
            }
            self.builder.name.clone_from(&node.name);
            // What failed for want of another node is that node's failure.
            if let Err(Some(reason)) = self.node(node) {
                let operator = node.op.name().to_string();
                let node = node.name.clone();
                unsupported.push(Unsupported {
                    node,
                    operator,
                    reason,
                });
            }
        }
        Ok(unsupported)
    }

    fn input(&mut self, at: usize) -> Result<(), Refusal> {
        let input = &self.model.inputs()[at];
        let outlet = self.model.graph.inputs[at];
        let seen = self.calibration.range(outlet);
        let shape = input.shape.clone();
        let shape = shape.ok_or("the shape depends on more than the symbols of the inputs")?;
        let given = self.options.ranges.get(&input.name).copied();
        let is_stated = given.is_some() || input.implied.is_some();
        let range = match self.calibration.given && !is_stated {
            true => seen,
            false => declared(self.options, input),
        };
        // One bit more than was seen, unless somebody or the graph says where the values lie.
        let spare = i32::from(!is_stated && (self.calibration.given || input.integers));
        let (log, bits) = if input.integers {
            let most = range.0.abs().max(range.1.abs()) + 1.0;
            (log2_of((0.0, most)) + spare, 0)
        } else {
            // The upper end of a range belongs to it, also where it is a power of two.
            let end = i32::from(range.1 == power(log2_of(range)));
            let log = log2_of(range) + spare.max(end);
            let usual = self.options.activation_bits.cast_signed() - log;
            let finer = compared_bits(&self.model.graph, outlet, log);
            (log, finer.map_or(usual, |bits| bits.max(usual)))
        };
        let kind = self
            .model
            .graph
            .outlet_fact(outlet)
            .map(|fact| fact.datum_type);
        let is_truth = kind.is_ok_and(|kind| kind == bool::datum_type());
        let most = nearest(power((log + bits).clamp(1, 40))) - 1;
        let most = if is_truth { 1 } else { most };
        let negative = range.0 < 0.0 || (!input.integers && given.is_none());
        let interval = Interval::new(if negative { -most - 1 } else { 0 }, most);
        self.builder.name.clone_from(&input.name);
        let mut value = self.builder.input(program::Input {
            name: input.name.clone(),
            shape,
            interval,
            fraction_bits: bits,
            visibility: Visibility::Private,
        })?;
        value.range = if self.calibration.given { seen } else { range };
        value.integers = input.integers;
        self.values.insert((outlet.node, outlet.slot), value.into());
        Ok(())
    }

    /// Lowers a node.
    ///
    /// Errors: the reason; none if an input is missing.
    fn node(&mut self, node: &TypedNode) -> Result<(), Option<Refusal>> {
        let fact = |outlet: &OutletId| self.model.graph.outlet_fact(*outlet).ok();
        let inputs: Option<Vec<Lazy>> = { node.inputs.iter() }
            .map(|outlet| self.values.get(&(outlet.node, outlet.slot)).cloned())
            .collect();
        let Some(inputs) = inputs else {
            // Also behind another failure an operator that nobody knows is worth a word.
            return if lower::is_known(node) {
                Err(None)
            } else {
                Err(Some(lower::unknown(node)))
            };
        };
        if let Some(constant) = node.op.downcast_ref::<Const>() {
            let value = self.held(&node.name, constant).map_err(Some)?;
            self.values.insert((node.id, 0), value);
            return Ok(());
        }
        if let Some(folded) = self.fold(node, &inputs) {
            for (slot, constant) in folded.into_iter().enumerate() {
                self.values
                    .insert((node.id, slot), Lazy::Constant(constant));
            }
            return Ok(());
        }
        let dims = |fact: &TypedFact| -> Result<Vec<Dim>, Option<Refusal>> {
            dims::shape(&fact.shape, &self.model.symbols).ok_or_else(|| {
                Some(format!(
                    "the shape {:?} depends on data, but a proof says how large each tensor is",
                    fact.shape
                ))
            })
        };
        let input_facts: Vec<&TypedFact> = node.inputs.iter().filter_map(fact).collect();
        let input_shapes: Result<_, _> = input_facts.iter().map(|fact| dims(fact)).collect();
        let shapes: Result<_, _> = node
            .outputs
            .iter()
            .map(|output| dims(&output.fact))
            .collect();
        let ranges: Vec<(f64, f64)> = (0..node.outputs.len())
            .map(|slot| self.calibration.range(OutletId::new(node.id, slot)))
            .collect();
        let seen = Node {
            op: node.op.as_ref(),
            name: &node.name,
            inputs,
            input_types: input_facts.iter().map(|fact| fact.datum_type).collect(),
            input_shapes: input_shapes?,
            shapes: shapes?,
            types: { node.outputs.iter() }
                .map(|output| output.fact.datum_type)
                .collect(),
            ranges,
        };
        let results = lower::lower(self, &seen, node).map_err(Some)?;
        for (slot, result) in results.into_iter().enumerate() {
            let range = seen.ranges.get(slot).copied().unwrap_or((-1.0, 1.0));
            let kind = seen.types.get(slot).copied();
            let result = self.result(result, range, kind.is_some_and(holds_integers));
            let result = result.map_err(Some)?;
            self.values.insert((node.id, slot), result);
        }
        Ok(())
    }

    /// The result of a node, with what calibration and the graph's types say about it.
    fn result(&mut self, result: Lazy, range: (f64, f64), integers: bool) -> Result<Lazy, Refusal> {
        Ok(match result {
            Lazy::Pointwise(Pointwise { mut base, expr, .. }) => {
                if expr == Expr::Variable {
                    base.range = range;
                    if integers {
                        base = self.builder.whole(&base)?;
                    }
                    base.integers = integers;
                }
                Lazy::Pointwise(Pointwise {
                    base,
                    expr,
                    range,
                    integers,
                })
            }
            constant @ Lazy::Constant(_) => constant,
        })
    }

    fn outputs(&mut self) -> Result<(), QuantiseError> {
        let mut unsupported = Vec::new();
        for (at, output) in self.model.outputs().iter().enumerate() {
            let outlet = self.model.graph.outputs[at];
            self.builder.name.clone_from(&output.name);
            let found = self.values.get(&(outlet.node, outlet.slot)).cloned();
            let result = found
                .ok_or_else(|| "nothing computes it".to_owned())
                .and_then(|lazy| self.finish(&lazy));
            match result {
                Ok(value) => self
                    .builder
                    .output(&output.name, &value, Visibility::Public),
                Err(reason) => unsupported.push(Unsupported {
                    node: output.name.clone(),
                    operator: "Output".into(),
                    reason,
                }),
            }
        }
        if unsupported.is_empty() {
            Ok(())
        } else {
            Err(QuantiseError::Unsupported(unsupported))
        }
    }

    /// An output: rounded, so that its low bits say nothing about parameters.
    fn finish(&mut self, lazy: &Lazy) -> Result<Value, Refusal> {
        let value = self.value(lazy)?;
        let bits = self.bits_of(&value);
        if value.exact && value.bits <= bits + 4 {
            return Ok(value);
        }
        self.builder.narrow_to(&value, bits)
    }

    /// Notes that a key reveals a number.
    pub fn reveal(&mut self, constant: &Constant) {
        let values = format!("{:?}", constant.array.data);
        let entry = (constant.name.clone(), values);
        if !self.report.public_constants.contains(&entry) {
            self.report.public_constants.push(entry);
        }
    }

    /// A size of the graph in terms of the model's symbols.
    pub fn dim(&self, dim: &tract_onnx::prelude::TDim) -> Result<Dim, Refusal> {
        dims::convert(dim, &self.model.symbols)
            .ok_or_else(|| format!("the size {dim} depends on data"))
    }
}

/// Whether the values of a type are integers, which are exact.
pub fn holds_integers(kind: DatumType) -> bool {
    kind.is_integer() || kind == bool::datum_type() || kind.is_tdim()
}
