//! `Scaler`: `(x - offset) * scale`, column by column.

use super::rows::same_shape;
use crate::expand::attributes::{reals, refuse};
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// Up to so many columns are scaled one by one.
const MOST_COLUMNS: usize = 512;

#[derive(Clone, Debug)]
struct Scaler {
    offset: Vec<f64>,
    scale: Vec<f64>,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let (offset, scale) = (reals(node, "offset")?, reals(node, "scale")?);
    if offset.is_empty() || scale.is_empty() {
        return refuse(node, "offset and scale are expected");
    }
    Ok((expand(Scaler { offset, scale }), Vec::new()))
}

impl Expansion for Scaler {
    fn name(&self) -> StaticName {
        "Scaler".into()
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
            return Err(TractError::msg("a scaler has one input"));
        };
        let kind = f32::datum_type();
        let mut wires = Wires::new(graph, prefix.to_owned());
        let x = wires.cast("rows", x, kind)?;
        let shape = wires.fact(x)?.shape;
        let rank = shape.len();
        let columns = self.offset.len().max(self.scale.len());
        let is_wide =
            shape.last().is_none_or(|size| *size != columns.to_dim()) || columns > MOST_COLUMNS;
        let mut scaled = Vec::new();
        // Columns may be of very different magnitude, so each has fraction bits of its own.
        for column in 0..if is_wide { 1 } else { columns } {
            let own = |values: &[f64]| match (is_wide, values) {
                (true, _) | (_, [_]) => values.to_vec(),
                _ => values.get(column).copied().into_iter().collect(),
            };
            let name = |what: &str| format!("{what}.{column}");
            let x = match is_wide {
                true => x,
                false => wires.slice(&name("column"), x, rank - 1, column..column + 1)?,
            };
            let mut parameter = |what: &str, values: Vec<f64>| {
                let mut shape = vec![1; rank];
                if let Some(last) = shape.last_mut() {
                    *last = values.len();
                }
                wires.parameter(&name(what), kind, &shape, values)
            };
            let offset = parameter("offset", own(&self.offset))?;
            let scale = parameter("scale", own(&self.scale))?;
            let moved = wires.binary(&name("moved"), Box::new(math::Sub), x, offset)?;
            scaled.push(wires.binary(&name("scaled"), Box::new(math::Mul), moved, scale)?);
        }
        Ok(tvec![wires.concatenate(
            "scaled",
            rank.saturating_sub(1),
            &scaled
        )?])
    }
}
