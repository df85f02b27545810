//! `Pad` by what stands at the other end of an axis, and by numbers less than zero, which cut off.

use super::attributes::{refuse, unsupported};
use super::held::{integers, shape_by, values};
use super::wires::Wires;
use std::sync::Arc;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Slice;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// What a node is called that pads by what stands at the other end; most other ways are tract's.
pub const WRAP: &str = "WrapPad";

/// What a node is called that pads with a number where it does not cut off.
pub const CROP: &str = "CropPad";

/// The most copies of an axis that are put beside it.
const MOST: i64 = 64;

#[derive(Clone, Debug)]
struct Padding {
    /// The name of the node.
    node: String,
    /// Whether it pads with a number, and cuts off where there are less than zero of it.
    crops: bool,
    /// Which of the inputs is the number.
    value: Option<usize>,
    /// Which of the inputs are the axes.
    axes: Option<usize>,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let there = super::attributes::present(&node.input, 4);
    let &[Some(0), Some(1), value, axes] = &there[..] else {
        return refuse(node, "a tensor and how far to pad it are expected");
    };
    let padding = Padding {
        node: crate::read::name(node).to_owned(),
        crops: node.op_type == CROP,
        value,
        axes,
    };
    Ok((expand(padding), Vec::new()))
}

impl Padding {
    /// How far each axis is padded, before and after.
    fn pads(&self, held: &[Arc<Tensor>], rank: usize) -> TractResult<Vec<(i64, i64)>> {
        let [pads, ..] = held else {
            return self.fail("how far to pad is expected");
        };
        let pads = integers(pads)?;
        let count = i64::try_from(rank)?;
        let axes = match self.axes.and_then(|at| held.get(at - 1)) {
            Some(axes) => integers(axes)?,
            None => (0..count).collect(),
        };
        let mut found = vec![(0, 0); rank];
        for (at, axis) in axes.iter().enumerate() {
            let axis = if *axis < 0 { axis + count } else { *axis };
            let own = { usize::try_from(axis).ok() }.and_then(|axis| found.get_mut(axis));
            let ends = (pads.get(at), pads.get(axes.len() + at));
            let (Some(own), (Some(&before), Some(&after))) = (own, ends) else {
                return self.fail("two numbers for each of some axes are expected");
            };
            if !self.crops && (before < 0 || after < 0) {
                return self.fail("negative padding; cut off with Slice");
            }
            *own = (before, after);
        }
        Ok(found)
    }

    fn fail<T>(&self, reason: &str) -> TractResult<T> {
        Err(unsupported(&self.node, "Pad", reason))
    }

    /// An axis without what is cut off, or with a number beside it.
    fn cropped(
        wires: &mut Wires<'_>,
        x: OutletId,
        axis: usize,
        (before, after): (i64, i64),
        value: &Arc<Tensor>,
    ) -> TractResult<OutletId> {
        let size = wires.fact(x)?.shape[axis].clone();
        let (from, to) = (-before.min(0), size + after.min(0));
        if to.to_i64().is_ok_and(|to| to < from) {
            return Err(wires.refusal("Pad", "more than an axis has is cut off"));
        }
        let x = if before < 0 || after < 0 {
            wires.node(&format!("cut.{axis}"), Slice::new(axis, from, to), &[x])?
        } else {
            x
        };
        let around = (
            usize::try_from(before.max(0))?,
            usize::try_from(after.max(0))?,
        );
        wires.padded(&format!("padded.{axis}"), x, axis, around, value)
    }

    /// An axis with copies of its ends at the other ends.
    fn wrapped(
        &self,
        wires: &mut Wires<'_>,
        x: OutletId,
        axis: usize,
        (before, after): (i64, i64),
    ) -> TractResult<OutletId> {
        let size = wires.fact(x)?.shape[axis].clone();
        // How many whole copies stand beside the axis, and how much of another.
        let copies = |pad: i64| match size.to_i64() {
            Ok(size) if size > 0 => (pad / size, pad % size),
            // An axis of open size is at least as long as what is copied, or has no program.
            _ => (0, pad),
        };
        let ((left, start), (right, end)) = (copies(before), copies(after));
        if left > MOST || right > MOST {
            return self.fail("more copies of an axis than there is room for");
        }
        let mut parts = Vec::new();
        if start > 0 {
            let tail = Slice::new(axis, size.clone() - start, size.clone());
            parts.push(wires.node(&format!("tail.{axis}"), tail, &[x])?);
        }
        for _ in 0..=left + right {
            parts.push(x);
        }
        if end > 0 {
            let head = Slice::new(axis, 0, end);
            parts.push(wires.node(&format!("head.{axis}"), head, &[x])?);
        }
        wires.concatenate(&format!("wrapped.{axis}"), axis, &parts)
    }
}

impl Expansion for Padding {
    fn name(&self) -> StaticName {
        "Pad".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        shape_by(s, inputs, outputs, move |shape, held| {
            let pads = self.pads(held, shape.len())?;
            let sizes = shape.iter().zip(pads);
            let sizes = sizes.map(|(size, (before, after))| size.clone() + before + after);
            Ok(sizes.collect())
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let [mut x, ref held @ ..] = *inputs else {
            return self.fail("a tensor is expected");
        };
        let held = values(graph, (&self.node, "Pad"), held)?;
        let fact = graph.outlet_fact(x)?.clone();
        let pads = self.pads(&held, fact.rank())?;
        let value = match self.value.and_then(|at| held.get(at - 1)) {
            Some(value) => value
                .cast_to_dt(fact.datum_type)?
                .into_owned()
                .into_shape(&[])?,
            None => Tensor::zero_scalar_dt(fact.datum_type)?,
        };
        let value = Arc::new(value);
        let mut wires = Wires::new(graph, prefix.to_owned());
        for (axis, pad) in pads.into_iter().enumerate() {
            x = if self.crops {
                Self::cropped(&mut wires, x, axis, pad, &value)?
            } else {
                self.wrapped(&mut wires, x, axis, pad)?
            };
        }
        Ok(tvec![x])
    }
}
