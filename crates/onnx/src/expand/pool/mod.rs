//! Maxima of windows with their places, and back.

pub mod places;
pub mod unpool;
mod windows;

use super::wires::Wires;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Range;
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_hir::internal::DimLike;

/// The number of the first element of each image of one channel, `[batch, channels, 1, ..]`: places are counted through
/// a whole tensor.
fn starts(wires: &mut Wires<'_>, shape: &[TDim]) -> TractResult<OutletId> {
    let (planes, space) = shape.split_at(2);
    let area = space.iter().fold(1.to_dim(), |all, size| all * size);
    let count = planes[0].clone() * &planes[1];
    let ends = [
        ("first", 0.to_dim()),
        ("end", count.clone()),
        ("step", 1.to_dim()),
    ];
    let mut inputs = TVec::new();
    for (what, size) in ends {
        inputs.push(wires.size(&format!("planes.{what}"), size)?);
    }
    let numbers = wires.node("planes", Range::new(count.clone()), &inputs)?;
    let numbers = wires.node("planes.integer", cast(i64::datum_type()), &[numbers])?;
    let mut to: TVec<TDim> = planes.iter().cloned().collect();
    to.extend(vec![1.to_dim(); space.len()]);
    let numbers = wires.axis(
        "planes.shape",
        AxisOp::Reshape(0, tvec![count], to),
        numbers,
    )?;
    let area = area.to_usize()?;
    let area = wires.number("area", numbers, f64::from(u32::try_from(area)?))?;
    wires.node(
        "starts",
        tract_onnx::tract_core::ops::math::mul(),
        &[numbers, area],
    )
}
