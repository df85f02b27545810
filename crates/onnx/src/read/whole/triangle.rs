//! Triangles of matrices.

use super::Patch;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{Range, Trilu};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::logic::{Iff, comp_gt};

/// A triangle of a matrix of open size, as a choice by position.
pub fn triangle(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Trilu) -> Patch {
    let fact = model.outlet_fact(node.inputs[0])?.clone();
    let [.., rows, columns] = fact.shape.dims() else {
        return Ok(None);
    };
    let diagonal = model.outlet_fact(node.inputs[1])?.konst.clone();
    let is_known = rows.to_usize().is_ok() && columns.to_usize().is_ok();
    let Some(diagonal) = diagonal.filter(|_| !is_known) else {
        return Ok(None);
    };
    let diagonal = TDim::Val(
        *diagonal
            .cast_to::<i64>()?
            .try_as_plain_ram()?
            .to_scalar::<i64>()?,
    );
    let mut patch = TypedModelPatch::default();
    let x = patch.taps(model, &node.inputs)?[0];
    let number = |patch: &mut TypedModelPatch, which: &str, value: TDim| {
        patch.add_const(format!("{name}.{which}"), tensor0(value))
    };
    let step = number(&mut patch, "step", TDim::Val(1))?;
    let mut positions =
        |which: &str, from: TDim, len: &TDim, axis: usize| -> TractResult<OutletId> {
            let start = number(&mut patch, &format!("{which}.start"), from.clone())?;
            let end = number(&mut patch, &format!("{which}.end"), from + len)?;
            let range = Range::new(len.clone());
            let range = patch.wire_node(format!("{name}.{which}"), range, &[start, end, step])?;
            let added =
                patch.wire_node(format!("{name}.{which}.axis"), AxisOp::Add(axis), &range)?;
            Ok(added[0])
        };
    let row = positions("row", diagonal, rows, 1)?;
    let column = positions("column", TDim::Val(0), columns, 0)?;
    // Left out is what lies beyond the diagonal.
    let sides = if op.upper {
        [row, column]
    } else {
        [column, row]
    };
    let beyond = TypedBinOp(comp_gt(), None);
    let mut beyond = patch.wire_node(format!("{name}.beyond"), beyond, &sides)?[0];
    for axis in 2..fact.rank() {
        let op = AxisOp::Add(0);
        beyond = patch.wire_node(format!("{name}.beyond.{axis}"), op, &[beyond])?[0];
    }
    let zero = Tensor::zero_scalar_dt(fact.datum_type)?.broadcast_into_rank(fact.rank())?;
    let zero = patch.add_const(format!("{name}.zero"), zero)?;
    let output = patch.wire_node(format!("{name}.triangle"), Iff, &[beyond, zero, x])?[0];
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}
