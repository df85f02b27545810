//! Images sampled at the places of a grid.

mod coordinates;

use super::Patch;
use crate::expand::{Wires, unsupported};
use coordinates::{Axis, Tap};
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{GatherNd, MultiBroadcastTo};
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::grid_sample::GridSample;

/// The most elements that are mixed for one of the result.
const MOST: usize = 64;

/// For each place the elements around it, times their weights. Indices and weights of a grid that the graph holds follow from
/// constants; those of a computed one are computed.
pub fn sampled(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &GridSample) -> Patch {
    let &[image, grid] = &node.inputs[..] else {
        return Ok(None);
    };
    let shape = model.outlet_fact(image)?.shape.clone();
    let sizes: Result<TVec<usize>, _> = shape[2..].iter().map(TDim::to_usize).collect();
    let Ok(sizes) = sizes else {
        return refuse(name, "an image of symbolic size; fix it");
    };
    let rank = shape.rank();
    let mut patch = TypedModelPatch::default();
    let x = patch.tap_model(model, image)?;
    let grid = Grid::of(&mut patch, model, grid, name)?;
    let mut wires = Wires::new(&mut patch, name.to_owned());
    let places = model.outlet_fact(node.id.into())?.shape[2..].to_vec();
    let count = places.iter().fold(1.to_dim(), |all, size| all * size);
    let own = wires.fact(grid.outlet)?.shape;
    let flat = AxisOp::Reshape(1, places.iter().cloned().collect(), tvec![count.clone()]);
    debug_assert_eq!(own.rank(), rank);
    let list = wires.axis("places", flat, grid.outlet)?;
    let mut taps = Vec::new();
    for (at, &size) in sizes.iter().enumerate() {
        // The first coordinate is along the last axis.
        let along = sizes.len() - 1 - at;
        let coordinate = wires.slice(&format!("coordinate.{at}"), list, 2, along..along + 1)?;
        let axis = Axis { at, size, op };
        taps.push(axis.taps(&mut wires, coordinate)?);
    }
    if taps.iter().map(Vec::len).product::<usize>() > MOST {
        return refuse(name, "more elements around a place than there is room for");
    }
    let area: usize = sizes.iter().product();
    let mut table = wires.axis("channels last", AxisOp::Move(1, rank - 1), x)?;
    let space = sizes.iter().map(|size| size.to_dim()).collect();
    let flat = AxisOp::Reshape(1, space, tvec![area.to_dim()]);
    table = wires.axis("flat image", flat, table)?;
    if grid.is_shared {
        table = wires.axis("rows first", AxisOp::Move(1, 0), table)?;
    }
    let mut terms = Vec::new();
    for (at, corner) in corners(&taps).into_iter().enumerate() {
        terms.push(grid.term(&mut wires, &format!("corner.{at}"), table, &corner, &sizes)?);
    }
    let sum = wires.joined("sum", || Box::new(math::Add), terms)?;
    let Some(sum) = sum else { return Ok(None) };
    let split = AxisOp::Reshape(1, tvec![count], places.into_iter().collect());
    let mut output = wires.axis("places of the result", split, sum)?;
    output = wires.axis("sampled", AxisOp::Move(rank - 1, 1), output)?;
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}

fn refuse(name: &str, reason: &str) -> Patch {
    Err(unsupported(name, "GridSample", reason))
}

/// All ways to choose a tap along each axis.
fn corners(taps: &[Vec<Tap>]) -> Vec<Vec<Tap>> {
    taps.iter().fold(vec![Vec::new()], |all, own| {
        let with = |before: &Vec<Tap>| {
            let before = before.clone();
            own.iter().map(move |tap| {
                let mut corner = before.clone();
                corner.push(tap.clone());
                corner
            })
        };
        all.iter().flat_map(with).collect()
    })
}

/// Where to sample.
struct Grid {
    outlet: OutletId,
    /// Whether it is the same for all images.
    is_shared: bool,
}

impl Grid {
    /// The grid of a node; one that the graph holds for one image, and repeats, is that of all.
    fn of(
        patch: &mut TypedModelPatch,
        model: &TypedModel,
        mut grid: OutletId,
        name: &str,
    ) -> TractResult<Self> {
        let before = model.node(grid.node);
        if before.op_is::<MultiBroadcastTo>() {
            let own = model.outlet_fact(before.inputs[0])?;
            let other = model.outlet_fact(grid)?;
            let keeps = own.rank() == other.rank() && own.shape[1..] == other.shape[1..];
            if keeps && super::computed::computed(model, before.inputs[0]).is_some() {
                grid = before.inputs[0];
            }
        }
        let is_single = model.outlet_fact(grid)?.shape[0].is_one();
        match super::computed::computed(model, grid).filter(|_| is_single) {
            Some(held) => Ok(Self {
                outlet: patch.add_const(format!("{name}.grid"), held)?,
                is_shared: true,
            }),
            None => Ok(Self {
                outlet: patch.tap_model(model, grid)?,
                is_shared: false,
            }),
        }
    }

    /// The elements of a corner times their weights: `[batch, place, channel]`.
    fn term(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        table: OutletId,
        corner: &[Tap],
        sizes: &[usize],
    ) -> TractResult<OutletId> {
        let mut rows = Vec::with_capacity(corner.len());
        for (at, tap) in corner.iter().enumerate() {
            let stride: usize = sizes[at + 1..].iter().product();
            rows.push(if stride == 1 {
                tap.place
            } else {
                let stride = f64::from(u32::try_from(stride)?);
                let stride = wires.number(&format!("{what}.stride.{at}"), tap.place, stride)?;
                let name = format!("{what}.row.{at}");
                wires.binary(&name, Box::new(math::Mul), tap.place, stride)?
            });
        }
        let index = wires.joined(&format!("{what}.index"), || Box::new(math::Add), rows)?;
        let mut index = index.context("an image without axes")?;
        let mut value = if self.is_shared {
            index = wires.axis(&format!("{what}.list"), AxisOp::Rm(0), index)?;
            let gather = GatherNd { batch_dims: 0 };
            let rows = wires.node(&format!("{what}.rows"), gather, &[table, index])?;
            wires.axis(&format!("{what}.batch first"), AxisOp::Move(1, 0), rows)?
        } else {
            let gather = GatherNd { batch_dims: 1 };
            wires.node(&format!("{what}.rows"), gather, &[table, index])?
        };
        let weights = corner.iter().filter_map(|tap| tap.weight);
        let name = format!("{what}.weight");
        if let Some(weight) = wires.joined(&name, || Box::new(math::Mul), weights)? {
            let name = format!("{what}.weighted");
            value = wires.binary(&name, Box::new(math::Mul), value, weight)?;
        }
        Ok(value)
    }
}
