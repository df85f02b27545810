//! `Upsample`: what versions of the standard before 10 have in place of `Resize`.

use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::InferenceOp;

/// Reads a node as the `Resize` of version 10.
pub fn build(
    context: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let mut context = context.clone();
    context.onnx_operator_set_version = 10;
    let readers = &context.framework.op_register.0;
    match readers.get("Resize") {
        Some(resize) => resize(&context, node),
        None => super::attributes::refuse(node, "there is no reader for Resize"),
    }
}
