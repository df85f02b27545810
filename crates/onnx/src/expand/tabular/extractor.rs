//! `ArrayFeatureExtractor`: places of the last axis.

use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Gather;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct Extractor;

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    _: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    Ok((expand(Extractor), Vec::new()))
}

/// All sizes multiplied.
fn count(shape: &[TDim]) -> TDim {
    shape.iter().fold(1.to_dim(), |all, size| all * size)
}

impl Expansion for Extractor {
    fn name(&self) -> StaticName {
        "ArrayFeatureExtractor".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([x, at], [y]) = (inputs, outputs) else {
            return Err(TractError::msg("an array and places are expected"));
        };
        s.equals(&x.datum_type, &y.datum_type)?;
        s.given_2(&x.shape, &at.shape, move |s, x, at| {
            // A list becomes one row.
            let mut shape: TVec<TDim> = x.iter().take(x.len().saturating_sub(1)).cloned().collect();
            if shape.is_empty() {
                shape.push(1.to_dim());
            }
            shape.push(count(&at));
            s.equals(&y.shape, shape)
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[mut x, mut at] = inputs else {
            return Err(TractError::msg("an array and places are expected"));
        };
        let mut wires = Wires::new(graph, prefix.to_owned());
        let fact = wires.fact(at)?;
        if fact.rank() != 1 {
            let list = tvec![count(&fact.shape)];
            let reshape = AxisOp::Reshape(0, fact.shape.iter().cloned().collect(), list);
            at = wires.axis("list", reshape, at)?;
        }
        if wires.fact(x)?.rank() == 1 {
            x = wires.axis("row", AxisOp::Add(0), x)?;
        }
        let axis = wires.fact(x)?.rank() - 1;
        Ok(tvec![wires.node(
            "extracted",
            Gather::new(axis),
            &[x, at]
        )?])
    }
}
