//! Visits the nodes of a graph in order.

use super::builder::{Builder, Refusal, Value};
use super::calibrate::{Calibration, check_ranges};
use super::expr::Expr;
use super::lazy::{Constant, Lazy, Pointwise};
use super::linear::Linear;
use super::node::Node;
use super::options::Options;
use super::prune::prune;
use super::report::{Diagnosis, Quantised, Report};
use crate::array::Array;
use crate::error::{QuantiseError, Unsupported};
use crate::lower;
use crate::lower::Shares;
use crate::model::Model;
use crate::read::dims;
use program::{Dim, ValueId};
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
    /// Values that are shares of a softmax.
    pub(crate) shares: BTreeMap<ValueId, Shares>,
    /// What concatenations along the last axis are made of.
    pub(crate) concatenations: BTreeMap<ValueId, Vec<Value>>,
    pub(super) model: &'a Model,
    pub(super) calibration: Calibration,
    /// What each outlet is; nothing for those that could not be lowered.
    pub(super) values: BTreeMap<(usize, usize), Lazy>,
    pub(super) report: Report,
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
        check_ranges(model, options)?;
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
            shares: BTreeMap::new(),
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

    /// Lowers a node.
    ///
    /// Errors: the reason; none if an input is missing.
    fn node(&mut self, node: &TypedNode) -> Result<(), Option<Refusal>> {
        if self.values.contains_key(&(node.id, 0)) {
            // The levels of an input.
            return Ok(());
        }
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
