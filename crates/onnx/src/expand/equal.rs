//! `Equal`, of truth values too, which tract compares as numbers alone.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::change_axes::wire_rank_broadcast;
use tract_onnx::tract_core::ops::logic::{CompEq, Xor, not};
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::binary::InferenceBinOp;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct Equal;

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    _: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Equal), Vec::new()))
}

impl Expansion for Equal {
    fn name(&self) -> StaticName {
        "Equal".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        tract_onnx::tract_hir::ops::binary::rules(s, inputs, outputs, |_, _| Ok(bool::datum_type()))
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let mut are_truths = true;
        for input in inputs {
            are_truths &= graph.outlet_fact(*input)?.datum_type == bool::datum_type();
        }
        if !are_truths {
            return InferenceBinOp(Box::new(CompEq)).wire(prefix, graph, inputs);
        }
        let inputs = wire_rank_broadcast(prefix, graph, inputs)?;
        let differ = TypedBinOp(Box::new(Xor), None);
        let differ = graph.wire_node(format!("{prefix}.differ"), differ, &inputs)?;
        graph.wire_node(prefix, not(), &differ)
    }
}
