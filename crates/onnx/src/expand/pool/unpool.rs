//! `MaxUnpool`: values at their places among zeros.

use crate::expand::attributes::{integers, refuse, unsupported};
use crate::expand::held::{integers as numbers, values};
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::{MultiBroadcastTo, ScatterElements, ScatterReduction};
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct Unpool {
    /// The name of the node.
    node: String,
    /// Kernel, stride and padding on both sides along each axis.
    windows: Vec<[i64; 3]>,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let kernel = integers(node, "kernel_shape")?;
    let (strides, pads) = (integers(node, "strides")?, integers(node, "pads")?);
    let number = |list: &[i64], at: usize, usual: i64| list.get(at).copied().unwrap_or(usual);
    let windows: Vec<[i64; 3]> = { kernel.iter().enumerate() }
        .map(|(at, &kernel)| {
            let padding = number(pads, at, 0) + number(pads, at + pads.len() / 2, 0);
            [kernel, number(strides, at, 1), padding]
        })
        .collect();
    if windows.is_empty()
        || windows
            .iter()
            .flatten()
            .any(|one| !(0..1 << 20).contains(one))
    {
        return refuse(node, "windows without a size");
    }
    let node = crate::read::name(node).to_owned();
    Ok((expand(Unpool { node, windows }), Vec::new()))
}

impl Unpool {
    fn fail<T>(&self, reason: &str) -> TractResult<T> {
        Err(unsupported(&self.node, "MaxUnpool", reason))
    }

    /// The shape from which windows of these sizes come.
    fn whole(&self, shape: &[TDim]) -> TractResult<TVec<TDim>> {
        if shape.len() != self.windows.len() + 2 {
            return self.fail(
                "as many sizes of a window as there are axes behind the second are expected",
            );
        }
        let (planes, space) = shape.split_at(2);
        let sizes = { space.iter().zip(&self.windows) }.map(|(size, [kernel, stride, padding])| {
            (size.clone() - 1) * *stride - *padding + *kernel
        });
        Ok(planes.iter().cloned().chain(sizes).collect())
    }
}

impl Expansion for Unpool {
    fn name(&self) -> StaticName {
        "MaxUnpool".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([x, places, ..], [y]) = (inputs, outputs) else {
            return self.fail("values and their places are expected");
        };
        s.equals(&x.datum_type, &y.datum_type)?;
        s.equals(&x.shape, &places.shape)?;
        s.given(&x.shape, move |s, shape| {
            s.equals(&y.shape, self.whole(&shape)?)
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let [x, places, ref held @ ..] = *inputs else {
            return self.fail("values and their places are expected");
        };
        let shape = graph.outlet_fact(x)?.shape.clone();
        let whole = self.whole(&shape)?;
        if let [stated] = &values(graph, (&self.node, "MaxUnpool"), held)?[..] {
            let stated = numbers(stated)?.into_iter().map(TDim::from);
            if !stated.skip(2).eq(whole.iter().skip(2).cloned()) {
                return self.fail(
                    "a result of another size (output_shape) than its windows have, in which runtimes count places in \
                     different ways; pad it with Pad",
                );
            }
        }
        let area: TDim = whole[2..].iter().product();
        let count: TDim = shape[2..].iter().product();
        let mut wires = Wires::new(graph, prefix.to_owned());
        let starts = super::starts(&mut wires, &whole)?;
        let own = wires.node("places", math::sub(), &[places, starts])?;
        let flat = AxisOp::Reshape(2, shape[2..].iter().cloned().collect(), tvec![count]);
        let own = wires.axis("flat places", flat.clone(), own)?;
        let x = wires.axis("flat values", flat, x)?;
        let zero = wires.number("zero", x, 0.0)?;
        let sizes = tvec![whole[0].clone(), whole[1].clone(), area.clone()];
        let zeros = MultiBroadcastTo {
            shape: sizes.into_iter().collect(),
        };
        let zeros = wires.node("zeros", zeros, &[zero])?;
        let scatter = ScatterElements {
            axis: 2,
            reduction: ScatterReduction::None,
        };
        let put = wires.node("put", scatter, &[zeros, own, x])?;
        let split = AxisOp::Reshape(2, tvec![area], whole[2..].iter().cloned().collect());
        Ok(tvec![wires.axis("image", split, put)?])
    }
}
