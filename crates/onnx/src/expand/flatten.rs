//! `Flatten`: tract has it for one open axis only.

use super::attributes::refuse;
use super::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// The axes before one as the first, and all others as the second.
#[derive(Clone, Debug)]
struct Flatten {
    axis: i64,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let axis = super::attributes::integer(node, "axis", 1)?;
    if axis.unsigned_abs() > 1 << 8 {
        return refuse(node, format!("axis {axis}"));
    }
    Ok((expand(Flatten { axis }), Vec::new()))
}

impl Flatten {
    fn sizes(&self, shape: &[TDim]) -> TractResult<TVec<TDim>> {
        let rank = i64::try_from(shape.len())?;
        let axis = if self.axis < 0 {
            self.axis + rank
        } else {
            self.axis
        };
        let parts = { usize::try_from(axis).ok() }.and_then(|axis| shape.split_at_checked(axis));
        let Some((before, after)) = parts else {
            return Err(TractError::msg(format!("axis {axis} of {rank}")));
        };
        Ok([before, after]
            .into_iter()
            .map(|part| part.iter().product())
            .collect())
    }
}

impl Expansion for Flatten {
    fn name(&self) -> StaticName {
        "Flatten".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([x], [y]) = (inputs, outputs) else {
            return Err(TractError::msg("one input and one output are expected"));
        };
        s.equals(&x.datum_type, &y.datum_type)?;
        s.given(&x.shape, move |s, shape| {
            s.equals(&y.shape, self.sizes(&shape)?)
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("one input is expected"));
        };
        let shape: TVec<TDim> = graph.outlet_fact(x)?.shape.iter().cloned().collect();
        let sizes = self.sizes(&shape)?;
        if shape == sizes {
            return Ok(tvec![x]);
        }
        let mut wires = Wires::new(graph, prefix.to_owned());
        Ok(tvec![wires.axis(
            "sizes",
            AxisOp::Reshape(0, shape, sizes),
            x
        )?])
    }
}
