//! Ordinary nodes, by what they do.

use super::attributes::unsupported;
use std::sync::Arc;
use tract_onnx::prelude::tract_ndarray::{ArrayD, IxDyn};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::{MultiBroadcastTo, Pad, PadMode, Slice, TypedConcat};
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::einsum::EinSum;

/// What stands before the number of a step in the name of a node.
const STEP: &str = "@step";

/// The name that a node has in common with those that do the same in other steps: these have one range, so that
/// they have one table.
pub fn without_step(name: &str) -> Option<String> {
    let (before, after) = name.split_once(STEP)?;
    let rest = after.trim_start_matches(|digit: char| digit.is_ascii_digit());
    Some(format!("{before}{STEP}{rest}"))
}

/// What the names of the nodes of a step begin with.
pub fn step_name(prefix: &str, step: usize) -> String {
    format!("{prefix}{STEP}{step}")
}

/// A graph in which nodes are made for one node of ONNX.
pub struct Wires<'a> {
    /// The graph.
    pub graph: &'a mut TypedModel,
    prefix: String,
    step: Option<usize>,
}

impl<'a> Wires<'a> {
    /// Nodes named after a prefix.
    pub const fn new(graph: &'a mut TypedModel, prefix: String) -> Self {
        Self {
            graph,
            prefix,
            step: None,
        }
    }

    /// Nodes from here on belong to a step of a recurrence, or to none.
    pub const fn enter(&mut self, step: Option<usize>) {
        self.step = step;
    }

    /// An error about the node of ONNX.
    pub fn refusal(&self, operator: &str, reason: impl std::fmt::Display) -> TractError {
        unsupported(&self.prefix, operator, reason)
    }

    /// Shape and type.
    pub fn fact(&self, at: OutletId) -> TractResult<TypedFact> {
        self.graph.outlet_fact(at).cloned()
    }

    /// A node.
    pub fn node(
        &mut self,
        what: &str,
        op: impl Into<Box<dyn TypedOp>>,
        inputs: &[OutletId],
    ) -> TractResult<OutletId> {
        let prefix = &self.prefix;
        let name = match self.step {
            Some(step) => format!("{}.{what}", step_name(prefix, step)),
            None => format!("{prefix}.{what}"),
        };
        let found = self.graph.wire_node(name, op, inputs)?;
        { found.first().copied() }.ok_or_else(|| TractError::msg("a node without a result"))
    }

    /// A function of two tensors of as many axes.
    pub fn binary(
        &mut self,
        what: &str,
        op: Box<dyn BinMiniOp>,
        a: OutletId,
        b: OutletId,
    ) -> TractResult<OutletId> {
        self.node(what, TypedBinOp(op, None), &[a, b])
    }

    /// All of several tensors by an operator; none for none.
    pub fn joined(
        &mut self,
        what: &str,
        operator: impl Fn() -> Box<dyn BinMiniOp>,
        parts: impl IntoIterator<Item = OutletId>,
    ) -> TractResult<Option<OutletId>> {
        let mut all = None;
        for (at, part) in parts.into_iter().enumerate() {
            all = Some(match all {
                None => part,
                Some(all) => self.binary(&format!("{what}.{at}"), operator(), all, part)?,
            });
        }
        Ok(all)
    }

    /// A part of an axis.
    pub fn slice(
        &mut self,
        what: &str,
        x: OutletId,
        axis: usize,
        range: std::ops::Range<usize>,
    ) -> TractResult<OutletId> {
        self.node(what, Slice::new(axis, range.start, range.end), &[x])
    }

    /// Zeros before and after an axis.
    pub fn zeros(
        &mut self,
        what: &str,
        x: OutletId,
        axis: usize,
        around: (usize, usize),
    ) -> TractResult<OutletId> {
        let zero = Tensor::zero_scalar_dt(self.fact(x)?.datum_type)?;
        self.padded(what, x, axis, around, &Arc::new(zero))
    }

    /// A number of the tensor's type before and after an axis.
    pub fn padded(
        &mut self,
        what: &str,
        x: OutletId,
        axis: usize,
        around: (usize, usize),
        value: &Arc<Tensor>,
    ) -> TractResult<OutletId> {
        if around == (0, 0) {
            return Ok(x);
        }
        let mut pads = vec![(0, 0); self.fact(x)?.rank()];
        pads[axis] = around;
        let mode = PadMode::Constant(value.clone());
        self.node(what, Pad { pads, mode }, &[x])
    }

    /// One place of an axis; the axis is gone.
    pub fn select(
        &mut self,
        what: &str,
        x: OutletId,
        axis: usize,
        at: usize,
    ) -> TractResult<OutletId> {
        let part = self.slice(&format!("{what}.part"), x, axis, at..at + 1)?;
        self.node(what, AxisOp::Rm(axis), &[part])
    }

    /// Another arrangement of the axes.
    pub fn axis(&mut self, what: &str, op: AxisOp, x: OutletId) -> TractResult<OutletId> {
        self.node(what, op, &[x])
    }

    /// Tensors one after the other.
    pub fn concatenate(
        &mut self,
        what: &str,
        axis: usize,
        parts: &[OutletId],
    ) -> TractResult<OutletId> {
        match parts {
            [only] => Ok(*only),
            _ => self.node(what, TypedConcat::new(axis), parts),
        }
    }

    /// An axis of size one repeated.
    pub fn repeat(
        &mut self,
        what: &str,
        x: OutletId,
        axis: usize,
        times: usize,
    ) -> TractResult<OutletId> {
        if times == 1 {
            return Ok(x);
        }
        let mut shape = self.fact(x)?.shape;
        shape.set(axis, times.to_dim());
        self.node(what, MultiBroadcastTo { shape }, &[x])
    }

    /// An einsum, in letters.
    pub fn einsum(
        &mut self,
        what: &str,
        how: &str,
        a: OutletId,
        b: OutletId,
    ) -> TractResult<OutletId> {
        let kind = self.fact(a)?.datum_type;
        self.node(what, EinSum::new(how.parse()?, kind), &[a, b])
    }

    /// Another type.
    pub fn cast(&mut self, what: &str, x: OutletId, to: DatumType) -> TractResult<OutletId> {
        if self.fact(x)?.datum_type == to {
            return Ok(x);
        }
        self.node(what, cast(to), &[x])
    }

    /// A tensor of some type that the model holds: a parameter.
    pub fn parameter(
        &mut self,
        what: &str,
        kind: DatumType,
        shape: &[usize],
        values: Vec<f64>,
    ) -> TractResult<OutletId> {
        let name = format!("{}.{what}", self.prefix);
        let array = ArrayD::from_shape_vec(IxDyn(shape), values)?;
        let tensor = Tensor::from(array).cast_to_dt(kind)?.into_owned();
        self.graph.add_const(name, tensor)
    }

    /// A size as data.
    pub fn size(&mut self, what: &str, size: TDim) -> TractResult<OutletId> {
        let name = format!("{what} in {}", self.prefix);
        let tensor = tract_onnx::prelude::tensor0(size);
        self.graph.add_const(name, tensor)
    }

    /// Integers that belong to the operator.
    pub fn integers(
        &mut self,
        what: &str,
        shape: &[usize],
        values: &[i64],
    ) -> TractResult<OutletId> {
        let name = format!("{what} in {}", self.prefix);
        let tensor = Tensor::from_shape(shape, values)?;
        self.graph.add_const(name, tensor)
    }

    /// A number that belongs to the operator, not to the model's parameters; it has as many axes as `like`.
    pub fn number(&mut self, what: &str, like: OutletId, value: f64) -> TractResult<OutletId> {
        let fact = self.fact(like)?;
        let shape = vec![1; fact.rank()];
        let tensor = Tensor::from(ArrayD::from_elem(IxDyn(&shape), value));
        let tensor = tensor.cast_to_dt(fact.datum_type)?.into_owned();
        // The name does not begin with the node's, so it counts as a number (see `Quantiser::constant`).
        let step = self
            .step
            .map(|step| format!("{STEP}{step}"))
            .unwrap_or_default();
        self.graph
            .add_const(format!("{what} {value} in {}{step}", self.prefix), tensor)
    }
}
