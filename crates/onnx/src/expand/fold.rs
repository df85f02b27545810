//! `Col2Im`: blocks of an image, added up where they overlap.

use super::attributes::{integers as list, refuse, unsupported};
use super::held::{integers, shape_by, values};
use super::wires::Wires;
use std::sync::Arc;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Slice;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::{DimLike, StaticName};
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// The largest image along an axis.
const MOST: i64 = 1 << 20;
/// The most elements of an image and its padding, for each element of a block.
const MOST_OF_AN_IMAGE: usize = 1 << 28;
/// The most elements of a block, each of which takes a few nodes.
const MOST_OF_A_BLOCK: usize = 1 << 12;

#[derive(Clone, Debug)]
struct Fold {
    /// The name of the node.
    node: String,
    strides: Vec<i64>,
    dilations: Vec<i64>,
    pads: Vec<i64>,
}

/// What is known about an axis of the image.
#[derive(Clone, Copy, Debug)]
struct Axis {
    image: usize,
    block: usize,
    stride: usize,
    dilation: usize,
    before: usize,
    after: usize,
    /// How many blocks lie along it.
    count: usize,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let all = |name: &str| list(node, name).map(<[i64]>::to_vec);
    let found = Fold {
        node: crate::read::name(node).to_owned(),
        strides: all("strides")?,
        dilations: all("dilations")?,
        pads: all("pads")?,
    };
    let numbers = found.strides.iter().chain(&found.dilations);
    let are_positive = numbers.clone().all(|&number| (1..=MOST).contains(&number));
    if !are_positive || found.pads.iter().any(|pad| !(0..=MOST).contains(pad)) {
        return refuse(node, "strides, gaps or padding that are none");
    }
    Ok((expand(found), Vec::new()))
}

impl Fold {
    fn fail<T>(&self, reason: &str) -> TractResult<T> {
        Err(unsupported(&self.node, "Col2Im", reason))
    }

    /// The axes of the image, from its sizes and those of a block.
    fn axes(&self, held: &[Arc<Tensor>]) -> TractResult<Vec<Axis>> {
        let [image, block] = held else {
            return self.fail("sizes of the image and of a block are expected");
        };
        let (image, block) = (integers(image)?, integers(block)?);
        let mut axes = Vec::new();
        for (at, (&image, &block)) in image.iter().zip(&block).enumerate() {
            let number =
                |list: &[i64], at: usize, default: i64| list.get(at).copied().unwrap_or(default);
            let stride = number(&self.strides, at, 1);
            let dilation = number(&self.dilations, at, 1);
            let before = number(&self.pads, at, 0);
            let after = number(&self.pads, at + self.pads.len() / 2, 0);
            if !(1..=MOST).contains(&image) || !(1..=MOST).contains(&block) {
                return self.fail("an image or a block without a size");
            }
            let room = image + before + after - dilation * (block - 1) - 1;
            if room < 0 {
                return self.fail("a block that is larger than the image");
            }
            axes.push(Axis {
                image: usize::try_from(image)?,
                block: usize::try_from(block)?,
                stride: usize::try_from(stride)?,
                dilation: usize::try_from(dilation)?,
                before: usize::try_from(before)?,
                after: usize::try_from(after)?,
                count: usize::try_from(room / stride + 1)?,
            });
        }
        let area = axes
            .iter()
            .fold(1usize, |area, axis| area.saturating_mul(axis.block));
        let space = { axes.iter() }.fold(area, |space, axis| {
            space.saturating_mul(axis.before + axis.image + axis.after)
        });
        if area > MOST_OF_A_BLOCK || space > MOST_OF_AN_IMAGE {
            return self.fail("a block or an image of more elements than there is room for");
        }
        if axes.is_empty() || image.len() != block.len() {
            return self.fail("as many sizes of the image as of a block are expected");
        }
        Ok(axes)
    }
}

impl Axis {
    /// Offsets of a block, which are axis 2, and blocks, which are axis `at`, as the axis of the image, there.
    fn folded(
        self,
        wires: &mut Wires<'_>,
        what: &str,
        x: OutletId,
        at: usize,
    ) -> TractResult<OutletId> {
        let parts: TractResult<Vec<_>> = (0..self.block)
            .map(|offset| self.placed(wires, &format!("{what}.{offset}"), x, (at, offset)))
            .collect();
        let sum = wires.joined(&format!("{what}.sum"), || Box::new(math::Add), parts?)?;
        let sum = sum.ok_or_else(|| TractError::msg("a block without elements"))?;
        let image = Slice::new(at - 1, self.before, self.before + self.image);
        wires.node(&format!("{what}.image"), image, &[sum])
    }

    /// What all blocks have at an offset, where it belongs on the axis of the padded image.
    fn placed(
        self,
        wires: &mut Wires<'_>,
        what: &str,
        x: OutletId,
        (at, offset): (usize, usize),
    ) -> TractResult<OutletId> {
        let whole = self.before + self.image + self.after;
        let len = (self.count - 1) * self.stride + 1;
        let mut part = wires.select(what, x, 2, offset)?;
        let at = at - 1;
        if self.stride > 1 {
            // Zeros behind each element, as far as the next.
            let spread = format!("{what}.spread");
            let zeros = (0, self.stride - 1);
            part = wires.axis(&format!("{spread}.axis"), AxisOp::Add(at + 1), part)?;
            part = wires.zeros(&format!("{spread}.zeros"), part, at + 1, zeros)?;
            let (from, to) = (
                tvec![self.count.to_dim(), self.stride.to_dim()],
                tvec![(self.count * self.stride).to_dim()],
            );
            part = wires.axis(&spread, AxisOp::Reshape(at, from, to), part)?;
            part = wires.slice(&format!("{spread}.cut"), part, at, 0..len)?;
        }
        let start = offset * self.dilation;
        let around = (start, whole - start - len);
        wires.zeros(&format!("{what}.placed"), part, at, around)
    }
}

impl Expansion for Fold {
    fn name(&self) -> StaticName {
        "Col2Im".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        shape_by(s, inputs, outputs, move |shape, held| {
            let axes = self.axes(held)?;
            let [batch, channels, _] = shape else {
                return self.fail("three axes are expected");
            };
            let block: usize = axes.iter().map(|axis| axis.block).product();
            let sizes = axes.iter().map(|axis| axis.image.to_dim());
            Ok([batch.clone(), channels.clone() / block]
                .into_iter()
                .chain(sizes)
                .collect())
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let [mut x, ref held @ ..] = *inputs else {
            return self.fail("columns are expected");
        };
        let axes = self.axes(&values(graph, (&self.node, "Col2Im"), held)?)?;
        let mut wires = Wires::new(graph, prefix.to_owned());
        let shape = wires.fact(x)?.shape;
        let block: usize = axes.iter().map(|axis| axis.block).product();
        let blocks: usize = axes.iter().map(|axis| axis.count).product();
        let channels = shape[1].to_usize()?;
        if channels % block != 0 || shape[2] != blocks.to_dim() {
            return self.fail("columns that are not the blocks of the image");
        }
        let from = tvec![channels.to_dim(), blocks.to_dim()];
        let to = [channels / block].into_iter();
        let to = to.chain(axes.iter().map(|axis| axis.block));
        let to = to.chain(axes.iter().map(|axis| axis.count));
        let reshape = AxisOp::Reshape(1, from, to.map(|size| size.to_dim()).collect());
        x = wires.axis("blocks", reshape, x)?;
        for (at, axis) in axes.iter().enumerate() {
            // What remains of a block, without its first axis, and the axes of the image come first.
            x = axis.folded(&mut wires, &format!("axis.{at}"), x, axes.len() + 2)?;
        }
        Ok(tvec![x])
    }
}
