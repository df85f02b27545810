//! Triangles of matrices.

use super::Patch;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{Range, Trilu};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::logic::{Iff, comp_gt};
use tract_onnx::tract_core::ops::math;

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
    let diagonal = *diagonal
        .cast_to::<i64>()?
        .try_as_plain_ram()?
        .to_scalar::<i64>()?;
    let mut patch = TypedModelPatch::default();
    let x = patch.taps(model, &node.inputs)?[0];
    let (rows, columns) = (rows.clone(), columns.clone());
    let place = Place {
        rows: &rows,
        columns: &columns,
        diagonal: TDim::Val(diagonal),
        rank: fact.rank(),
    };
    let left_out = place.beyond(&mut patch, name, op.upper)?;
    let zero = Tensor::zero_scalar_dt(fact.datum_type)?.broadcast_into_rank(fact.rank())?;
    let zero = patch.add_const(format!("{name}.zero"), zero)?;
    let output = patch.wire_node(format!("{name}.triangle"), Iff, &[left_out, zero, x])?[0];
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}

/// A diagonal of matrices.
pub struct Place<'a> {
    /// Their rows.
    pub rows: &'a TDim,
    /// Their columns.
    pub columns: &'a TDim,
    /// The column where it meets the first row.
    pub diagonal: TDim,
    /// How many axes there are, the matrices' last.
    pub rank: usize,
}

impl Place<'_> {
    /// Whether an element lies beyond the diagonal, to its right or, for `left`, to its left.
    ///
    /// Errors: those of tract.
    pub fn beyond(
        &self,
        patch: &mut TypedModelPatch,
        name: &str,
        left: bool,
    ) -> TractResult<OutletId> {
        let mut row = positions(patch, &format!("{name}.row"), self.rows, 1)?;
        let mut column = positions(patch, &format!("{name}.column"), self.columns, 0)?;
        if self.diagonal != TDim::Val(0) {
            // Positions are sizes until the graph runs, and integers then.
            let integer = |patch: &mut TypedModelPatch, which: &str, value: OutletId| {
                let cast = Cast::new(i64::datum_type());
                TractResult::Ok(patch.wire_node(format!("{name}.{which}"), cast, &[value])?[0])
            };
            let diagonal = tensor0(self.diagonal.clone()).broadcast_into_rank(2)?;
            let diagonal = patch.add_const(format!("{name}.diagonal"), diagonal)?;
            let diagonal = integer(patch, "diagonal.integer", diagonal)?;
            row = integer(patch, "row.integer", row)?;
            column = integer(patch, "column.integer", column)?;
            row = patch.wire_node(format!("{name}.moved"), math::add(), &[row, diagonal])?[0];
        }
        let sides = if left { [row, column] } else { [column, row] };
        let greater = TypedBinOp(comp_gt(), None);
        let mut beyond = patch.wire_node(format!("{name}.beyond"), greater, &sides)?[0];
        for axis in 2..self.rank {
            let added = AxisOp::Add(0);
            beyond = patch.wire_node(format!("{name}.beyond.{axis}"), added, &[beyond])?[0];
        }
        Ok(beyond)
    }
}

/// The numbers from zero up, and an axis of size one at `axis`.
fn positions(
    patch: &mut TypedModelPatch,
    name: &str,
    len: &TDim,
    axis: usize,
) -> TractResult<OutletId> {
    let mut number =
        |which: &str, value: TDim| patch.add_const(format!("{name}.{which}"), tensor0(value));
    let ends = [
        number("start", TDim::Val(0))?,
        number("end", len.clone())?,
        number("step", TDim::Val(1))?,
    ];
    let range = patch.wire_node(name, Range::new(len.clone()), &ends)?;
    Ok(patch.wire_node(format!("{name}.axis"), AxisOp::Add(axis), &range)?[0])
}
