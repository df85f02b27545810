//! `Cast` to integers of 64 bits, which tract takes for sizes: it divides sizes in another way than integers.

use super::attributes::refuse;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct Cast {
    to: DatumType,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let to = node.get_attr::<DatumType>("to")?;
    if to == String::datum_type() {
        return refuse(node, "a cast to strings, of which a program has none");
    }
    Ok((expand(Cast { to }), Vec::new()))
}

impl Cast {
    /// What a type becomes: sizes stay sizes, as they may be symbols.
    fn target(&self, from: DatumType) -> DatumType {
        let is_size = from == TDim::datum_type() && self.to == i64::datum_type();
        if is_size { from } else { self.to }
    }
}

impl Expansion for Cast {
    fn name(&self) -> StaticName {
        "Cast".into()
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
        s.equals(&x.shape, &y.shape)?;
        s.given(&x.datum_type, move |s, from| {
            s.equals(&y.datum_type, self.target(from))
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("a cast has one input"));
        };
        let from = graph.outlet_fact(x)?.datum_type;
        graph.wire_node(prefix, cast(self.target(from)), &[x])
    }
}
