//! Multiples of an open size: tract simplifies a product by a constant as if that were a number.

use super::Patch;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::math::Mul;

/// A product that stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times;

impl BinMiniOp for Times {
    fn name(&self) -> &'static str {
        "Times"
    }

    fn result_datum_type(&self, a: DatumType, b: DatumType) -> TractResult<DatumType> {
        Mul.result_datum_type(a, b)
    }

    fn eval_in_a(&self, a: &mut Tensor, b: &Tensor) -> TractResult<()> {
        Mul.eval_in_a(a, b)
    }

    fn eval_out_of_place(&self, c: &mut Tensor, a: &Tensor, b: &Tensor) -> TractResult<()> {
        Mul.eval_out_of_place(c, a, b)
    }
}

/// A product by an open size as one that tract lets be.
pub fn by_size(_: &(), model: &TypedModel, node: &TypedNode, _: &str, op: &TypedBinOp) -> Patch {
    if !op.0.is::<Mul>() {
        return Ok(None);
    }
    let is_open = |outlet: &OutletId| -> TractResult<bool> {
        let held = &model.outlet_fact(*outlet)?.konst;
        Ok(held
            .as_ref()
            .is_some_and(|held| held.cast_to::<i64>().is_err()))
    };
    let mut any = false;
    for input in &node.inputs {
        any |= is_open(input)?;
    }
    if !any {
        return Ok(None);
    }
    let times = TypedBinOp(Box::new(Times), None);
    TypedModelPatch::replace_single_op(model, node, &node.inputs, times).map(Some)
}
