//! The windows of a pool.

use crate::expand::attributes::{integers, unsupported, word};
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::DimLike;

/// The most elements of a window.
const MOST: usize = 1 << 10;
/// The most from one window or element to the next.
const FARTHEST: usize = 1 << 20;

/// Refuses the node, which has a name of its own here, by that of the standard.
fn refused<T>(node: &NodeProto, reason: &str) -> TractResult<T> {
    Err(unsupported(crate::read::name(node), "MaxPool", reason))
}

/// The windows along an axis.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    /// Elements of a window.
    pub kernel: usize,
    /// From one window to the next.
    pub stride: usize,
    /// From one element to the next.
    pub dilation: usize,
    /// How far the first window may lie before the axis.
    pub before: usize,
    /// How far the last one may reach behind it.
    pub after: usize,
}

impl Windows {
    /// Those of a node, along each axis.
    ///
    /// Errors: what is not supported.
    pub fn read(node: &NodeProto) -> TractResult<Vec<Self>> {
        let all = |name: &str| -> TractResult<Vec<usize>> {
            let found = integers(node, name)?.iter();
            let found: Result<Vec<usize>, _> = found.map(|&one| usize::try_from(one)).collect();
            Ok(found?)
        };
        let (kernel, strides) = (all("kernel_shape")?, all("strides")?);
        let (dilations, pads) = (all("dilations")?, all("pads")?);
        let number =
            |list: &[usize], at: usize, usual: usize| list.get(at).copied().unwrap_or(usual);
        if !["NOTSET", "VALID", ""].contains(&word(node, "auto_pad", "NOTSET")?) {
            return refused(
                node,
                "automatic padding of a pool with places; give the padding",
            );
        }
        let windows: Vec<Self> = { kernel.iter().enumerate() }
            .map(|(at, &kernel)| Self {
                kernel,
                stride: number(&strides, at, 1),
                dilation: number(&dilations, at, 1),
                before: number(&pads, at, 0),
                after: number(&pads, at + pads.len() / 2, 0),
            })
            .collect();
        let elements = { kernel.iter() }
            .try_fold(1usize, |all, &own| all.checked_mul(own))
            .unwrap_or(usize::MAX);
        let steps = 1..=FARTHEST;
        let is_none = |own: &Self| !steps.contains(&own.stride) || !steps.contains(&own.dilation);
        if kernel.is_empty() || !(1..=MOST).contains(&elements) || windows.iter().any(is_none) {
            return refused(node, "windows without elements, or of too many");
        }
        let skips = |own: &Self| own.dilation > 1 && own.before.max(own.after) > 0;
        let lies_beyond = |own: &Self| own.before.max(own.after) >= own.kernel;
        if windows.iter().any(skips) || windows.iter().any(lies_beyond) {
            return refused(
                node,
                "padded windows with gaps, or without an element, and their places",
            );
        }
        Ok(windows)
    }

    /// How many elements lie between the first and the last, and one.
    pub const fn reach(self) -> usize {
        (self.kernel - 1) * self.dilation + 1
    }

    /// How many windows there are along an axis of some size.
    pub fn count(self, size: &TDim, rounds_up: bool) -> TractResult<TDim> {
        let room = size.clone() + self.before + self.after - self.reach();
        if !rounds_up {
            return Ok(room / self.stride + 1);
        }
        let (size, room) = (size.to_usize()?, room.to_usize()?);
        let count = room.div_ceil(self.stride) + 1;
        // No window begins behind the axis.
        let is_behind = (count - 1) * self.stride >= size + self.before;
        Ok((count - usize::from(is_behind)).to_dim())
    }
}
