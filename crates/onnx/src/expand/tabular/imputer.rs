//! `Imputer`: another number in the place of one that stands for a missing value.
//!
//! If that is NaN there is nothing to do: no input of a program is NaN.

use super::rows::same_shape;
use crate::expand::attributes::{integer, integers, reals, refuse};
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::MultiBroadcastTo;
use tract_onnx::tract_core::ops::logic::{CompEq, Iff};
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct Imputer {
    missing: f64,
    instead: Vec<f64>,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let floats = reals(node, "imputed_value_floats")?;
    let found = if floats.is_empty() {
        #[expect(
            clippy::cast_precision_loss,
            reason = "single precision is what comes out"
        )]
        let real = |&value: &i64| value as f64;
        let missing = real(&integer(node, "replaced_value_int64", 0)?);
        let instead = integers(node, "imputed_value_int64s")?
            .iter()
            .map(real)
            .collect();
        Imputer { missing, instead }
    } else {
        let missing = node
            .get_attr_opt::<f32>("replaced_value_float")?
            .unwrap_or(0.0);
        Imputer {
            missing: missing.into(),
            instead: floats,
        }
    };
    if found.instead.is_empty() {
        return refuse(node, "the numbers to take instead are expected");
    }
    Ok((expand(found), Vec::new()))
}

impl Expansion for Imputer {
    fn name(&self) -> StaticName {
        "Imputer".into()
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
            return Err(TractError::msg("an imputer has one input"));
        };
        let kind = f32::datum_type();
        let mut wires = Wires::new(graph, prefix.to_owned());
        let x = wires.cast("rows", x, kind)?;
        if self.missing.is_nan() {
            return Ok(tvec![x]);
        }
        let missing = wires.number("missing", x, self.missing)?;
        let is_missing = wires.binary("is missing", Box::new(CompEq), x, missing)?;
        let fact = wires.fact(x)?;
        let mut shape = vec![1; fact.rank()];
        if let Some(last) = shape.last_mut() {
            *last = self.instead.len();
        }
        let instead = wires.parameter("instead", kind, &shape, self.instead.clone())?;
        let instead = wires.node(
            "instead of it",
            MultiBroadcastTo { shape: fact.shape },
            &[instead],
        )?;
        Ok(tvec![wires.node(
            "imputed",
            Iff,
            &[is_missing, instead, x]
        )?])
    }
}
