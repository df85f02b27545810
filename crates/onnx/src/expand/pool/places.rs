//! `MaxPool` with the places of the maxima.

use super::windows::Windows;
use crate::expand::attributes::{integer, unsupported};
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::{Gather, Pad, PadMode};
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::downsample::Downsample;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::{DimLike, StaticName};
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// What a node is called whose places are asked for; tract has an operator of its own for these.
pub const NAME: &str = "MaxPoolWithPlaces";

#[derive(Clone, Debug)]
struct Pool {
    /// The name of the node.
    node: String,
    windows: Vec<Windows>,
    rounds_up: bool,
    column_major: bool,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let windows = Windows::read(node)?;
    let found = Pool {
        node: crate::read::name(node).to_owned(),
        windows,
        rounds_up: integer(node, "ceil_mode", 0)? != 0,
        column_major: integer(node, "storage_order", 0)? != 0,
    };
    Ok((expand(found), Vec::new()))
}

/// A small number as an integer with a sign.
fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Pool {
    fn fail<T>(&self, reason: &str) -> TractResult<T> {
        Err(unsupported(&self.node, "MaxPool", reason))
    }

    fn counts(&self, shape: &[TDim]) -> TractResult<TVec<TDim>> {
        if shape.len() != self.windows.len() + 2 {
            return self.fail(
                "as many sizes of a window as there are axes behind the second are expected",
            );
        }
        let axes = self.windows.iter().zip(&shape[2..]);
        axes.map(|(windows, size)| windows.count(size, self.rounds_up))
            .collect()
    }

    /// The axes of space with their ends repeated: a window that reaches beyond one holds it too, so neither the maximum
    /// nor its first place is another one.
    fn padded(
        &self,
        wires: &mut Wires<'_>,
        x: OutletId,
        counts: &[usize],
    ) -> TractResult<OutletId> {
        let shape = wires.fact(x)?.shape;
        let mut pads = vec![(0, 0); shape.rank()];
        for (at, windows) in self.windows.iter().enumerate() {
            let size = shape[at + 2].to_usize()?;
            let whole = (counts[at] - 1) * windows.stride + windows.reach();
            let after = whole.saturating_sub(size + windows.before);
            if windows.dilation > 1 && after > 0 {
                // The repeated end need not be an element of the window.
                return self.fail("windows with gaps that reach behind the axis (ceil_mode)");
            }
            pads[at + 2] = (windows.before, after);
        }
        if pads.iter().all(|pads| *pads == (0, 0)) {
            return Ok(x);
        }
        let mode = PadMode::Edge;
        wires.node("padded", Pad { pads, mode }, &[x])
    }

    /// The elements of each window along a new last axis, row by row.
    fn elements(
        &self,
        wires: &mut Wires<'_>,
        x: OutletId,
        counts: &[usize],
    ) -> TractResult<OutletId> {
        let rank = self.windows.len() + 2;
        let mut parts = vec![x];
        for (at, windows) in self.windows.iter().enumerate() {
            let mut next = Vec::new();
            for (before, part) in parts.into_iter().enumerate() {
                for offset in 0..windows.kernel {
                    let what = format!("offset.{at}.{before}.{offset}");
                    let start = offset * windows.dilation;
                    let end = start + (counts[at] - 1) * windows.stride + 1;
                    let mut own = wires.slice(&what, part, at + 2, start..end)?;
                    if windows.stride > 1 {
                        let step = Downsample {
                            axis: at + 2,
                            stride: windows.stride.cast_signed(),
                            modulo: 0,
                        };
                        own = wires.node(&format!("{what}.steps"), step, &[own])?;
                    }
                    next.push(own);
                }
            }
            parts = next;
        }
        for (at, part) in parts.iter_mut().enumerate() {
            *part = wires.axis(&format!("element.{at}"), AxisOp::Add(rank), *part)?;
        }
        wires.concatenate("elements", rank, &parts)
    }

    /// Where each maximum lies, from the number of the element in its window.
    fn places(
        &self,
        wires: &mut Wires<'_>,
        shape: &[TDim],
        counts: &[usize],
        element: OutletId,
    ) -> TractResult<OutletId> {
        let kernels: Vec<usize> = self.windows.iter().map(|own| own.kernel).collect();
        let elements: usize = kernels.iter().product();
        let mut all = super::starts(wires, shape)?;
        for (at, windows) in self.windows.iter().enumerate() {
            let size = shape[at + 2].to_usize()?;
            let inner: usize = kernels[at + 1..].iter().product();
            let offset = |element: usize| element / inner % windows.kernel * windows.dilation;
            let offsets: Vec<i64> = (0..elements)
                .map(|element| signed(offset(element)))
                .collect();
            let offsets = wires.integers(&format!("offsets.{at}"), &[elements], &offsets)?;
            let offset =
                wires.node(&format!("offset.{at}"), Gather::new(0), &[offsets, element])?;
            let mut own = vec![1; shape.len()];
            own[at + 2] = counts[at];
            let firsts: Vec<i64> = { 0..counts[at] }
                .map(|window| signed(window * windows.stride) - signed(windows.before))
                .collect();
            let firsts = wires.integers(&format!("firsts.{at}"), &own, &firsts)?;
            let mut place = wires.node(&format!("place.{at}"), math::add(), &[offset, firsts])?;
            if windows.before > 0 {
                let first = wires.number(&format!("first.{at}"), place, 0.0)?;
                place = wires.node(&format!("place.{at}.low"), math::max(), &[place, first])?;
            }
            if windows.after > 0 || self.rounds_up {
                let last = f64::from(u32::try_from(size - 1)?);
                let last = wires.number(&format!("last.{at}"), place, last)?;
                place = wires.node(&format!("place.{at}.high"), math::min(), &[place, last])?;
            }
            let others = if self.column_major {
                &shape[2..at + 2]
            } else {
                &shape[at + 3..]
            };
            let stride = others.iter().product::<TDim>().to_usize()?;
            let stride = f64::from(u32::try_from(stride)?);
            let stride = wires.number(&format!("stride.{at}"), place, stride)?;
            let place = wires.node(&format!("rows.{at}"), math::mul(), &[place, stride])?;
            all = wires.node(&format!("places.{at}"), math::add(), &[place, all])?;
        }
        Ok(all)
    }
}

impl Expansion for Pool {
    fn name(&self) -> StaticName {
        "MaxPool".into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(2)
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([x], [y, places]) = (inputs, outputs) else {
            return self.fail("one input and two outputs are expected");
        };
        s.equals(&x.datum_type, &y.datum_type)?;
        s.equals(&places.datum_type, i64::datum_type())?;
        s.equals(&y.shape, &places.shape)?;
        s.given(&x.shape, move |s, shape| {
            let sizes = shape.iter().take(2).cloned();
            let sizes = sizes.chain(self.counts(&shape)?);
            s.equals(&y.shape, sizes.collect::<TVec<TDim>>())
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return self.fail("one input is expected");
        };
        let mut wires = Wires::new(graph, prefix.to_owned());
        let shape = wires.fact(x)?.shape;
        let counts = self.counts(&shape)?;
        let counts: Result<Vec<usize>, _> = counts.iter().map(TDim::to_usize).collect();
        let Ok(counts) = counts else {
            return self.fail("places in an image of symbolic size; fix it");
        };
        if counts.contains(&0) {
            return self.fail("an image that is smaller than a window");
        }
        let padded = self.padded(&mut wires, x, &counts)?;
        let elements = self.elements(&mut wires, padded, &counts)?;
        let last = shape.rank();
        let reduced = |wires: &mut Wires<'_>, what: &str, reducer: Reducer| {
            let reduce = Reduce::new(tvec![last], reducer);
            let all = wires.node(&format!("{what}.axis"), reduce, &[elements])?;
            wires.axis(what, AxisOp::Rm(last), all)
        };
        let most = reduced(&mut wires, "maximum", Reducer::Max)?;
        let element = reduced(&mut wires, "element", Reducer::ArgMax(false))?;
        let places = self.places(&mut wires, &shape, &counts, element)?;
        Ok(tvec![most, places])
    }
}
