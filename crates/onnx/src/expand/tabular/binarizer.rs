//! `Binarizer`: whether a number is above a threshold.

use super::rows::same_shape;
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::logic::CompGT;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct Binarizer {
    threshold: f64,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let threshold = node.get_attr_opt::<f32>("threshold")?.unwrap_or(0.0).into();
    Ok((expand(Binarizer { threshold }), Vec::new()))
}

impl Expansion for Binarizer {
    fn name(&self) -> StaticName {
        "Binarizer".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        same_shape(s, inputs, outputs)
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("numbers are one input"));
        };
        let kind = f32::datum_type();
        let mut wires = Wires::new(graph, prefix.to_owned());
        let x = wires.cast("rows", x, kind)?;
        let shape = vec![1; wires.fact(x)?.rank()];
        let threshold = wires.parameter("threshold", kind, &shape, vec![self.threshold])?;
        let above = wires.binary("above", Box::new(CompGT), x, threshold)?;
        Ok(tvec![wires.cast("bit", above, kind)?])
    }
}
