//! The layout of tensors in a stack of rows: aligned power-of-two blocks, packed densely.

use crate::shape;
use alloc::collections::{BTreeSet, BinaryHeap};
use alloc::vec::Vec;
use core::cmp::Reverse;
use thiserror::Error;

#[cfg(test)]
mod tests;

/// The largest row is `2^MAX_LOG_LEN` positions.
pub const MAX_LOG_LEN: usize = 40;

/// Blocks that fill a row are not cut below this many halvings of the row, so that the number of
/// blocks per row stays bounded; what is left of a row below that takes blocks that are small anyway.
const GRAIN: usize = 6;

/// The most blocks that a layout may have.
const MAX_BLOCKS: usize = 1 << 16;

/// One axis of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockAxis {
    /// The first index along the axis, a multiple of `2^log`.
    pub start: usize,
    /// The block covers `2^log` indices; those beyond the extent of the tensor hold zeros.
    pub log: usize,
}

/// One aligned power-of-two box of a tensor, and where it lies.
///
/// Within the block the elements are row-major: the last axis is the lowest bits of the position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Which tensor.
    pub tensor: usize,
    /// One entry per axis of the tensor.
    pub axes: Vec<BlockAxis>,
    /// Position of the first element, a multiple of the size; position = row * 2^log_len + index.
    pub offset: usize,
}

/// Where every element of a list of tensors lies in a stack of rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The blocks: by decreasing size, then by tensor, then by place in the tensor.
    pub blocks: Vec<Block>,
    /// A row has `2^log_len` positions.
    pub log_len: usize,
    /// Number of rows.
    pub rows: usize,
    /// Number of elements of all tensors.
    elements: usize,
}

/// Why tensors could not be laid out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// The rows are too long.
    #[error("rows of 2^{log_len} positions: expected at most 2^40")]
    LogLen {
        /// Logarithm of the length of a row.
        log_len: usize,
    },
    /// Nothing is left of a row.
    #[error("{reserved} of 2^{log_len} positions are reserved, expected fewer than all")]
    Reserved {
        /// Reserved positions per row.
        reserved: usize,
        /// Logarithm of the length of a row.
        log_len: usize,
    },
    /// A tensor has an empty axis, too many axes or too many elements.
    #[error("tensor {tensor}: expected at most 16 axes, none empty, and at most 2^40 elements")]
    Shape {
        /// Which tensor.
        tensor: usize,
    },
    /// All tensors together are too large.
    #[error("the tensors need more positions or more blocks than are supported")]
    Size,
}

impl Block {
    /// Logarithm of the number of positions.
    pub fn log_size(&self) -> usize {
        log_size(&self.axes)
    }

    /// Calls `run(element, position, len)` for each run of elements that stay neighbours, where
    /// `element` is the row-major index in the tensor of shape `shape`.
    ///
    /// Positions of the block that no run covers hold zeros.
    pub fn for_each_run(&self, shape: &[usize], mut run: impl FnMut(usize, usize, usize)) {
        let Some((last, outer)) = self.axes.split_last() else {
            run(0, self.offset, 1);
            return;
        };
        let (Some((&last_size, outer_shape)), true) =
            (shape.split_last(), shape.len() == self.axes.len())
        else {
            return;
        };
        let len = last_size.saturating_sub(last.start).min(1 << last.log);
        let mut index = alloc::vec![0usize; outer.len()];
        let count = |(axis, &size): (&BlockAxis, &usize)| {
            size.saturating_sub(axis.start).min(1 << axis.log)
        };
        let counts: Vec<usize> = outer.iter().zip(outer_shape).map(count).collect();
        if len == 0 || counts.contains(&0) {
            return;
        }
        loop {
            let (mut element, mut position) = (0usize, 0usize);
            for ((axis, size), at) in outer.iter().zip(outer_shape).zip(&index) {
                element = element * size + axis.start + at;
                position = (position << axis.log) + at;
            }
            run(
                element * last_size + last.start,
                self.offset + (position << last.log),
                len,
            );
            // The multi-index after this one, last axis fastest.
            let more = index.iter_mut().zip(&counts).rev().any(|(at, &count)| {
                *at += 1;
                let fits = *at < count;
                if !fits {
                    *at = 0;
                }
                fits
            });
            if !more {
                return;
            }
        }
    }
}

impl Layout {
    /// Packs tensors into rows of `2^log_len` positions, the last `reserved` of which stay free.
    ///
    /// Deterministic. Cost: `O(blocks log blocks)`; no element is visited.
    /// Errors: [`LayoutError`].
    pub fn pack(
        shapes: &[Vec<usize>],
        log_len: usize,
        reserved: usize,
    ) -> Result<Self, LayoutError> {
        let too_long = LayoutError::LogLen { log_len };
        if log_len > MAX_LOG_LEN {
            return Err(too_long);
        }
        let len = u32::try_from(log_len)
            .ok()
            .and_then(|log| 1usize.checked_shl(log))
            .ok_or(too_long)?;
        if reserved >= len {
            return Err(LayoutError::Reserved { reserved, log_len });
        }
        let mut elements = 0usize;
        for (tensor, shape) in shapes.iter().enumerate() {
            let len = shape::len(shape).ok_or(LayoutError::Shape { tensor })?;
            elements = elements.checked_add(len).ok_or(LayoutError::Size)?;
        }
        // Every tensor may waste a share of itself and an equal part of a share of everything.
        let common = elements / 64 / shapes.len().max(1);
        let mut boxes = Vec::new();
        for (tensor, shape) in shapes.iter().enumerate() {
            let len = shape::len(shape).unwrap_or(0);
            cut(tensor, shape, (len / 32).max(common), &mut boxes)?;
        }
        let (blocks, rows) = place(boxes, shapes, log_len, len - reserved)?;
        Ok(Self {
            blocks,
            log_len,
            rows,
            elements,
        })
    }

    /// The share of the positions of all blocks that hold no element.
    pub fn waste(&self) -> f64 {
        let positions: usize = self
            .blocks
            .iter()
            .map(|block| 1usize << block.log_size())
            .sum();
        ratio(positions.saturating_sub(self.elements), positions)
    }

    /// The share of the positions of all rows that hold an element.
    pub fn fill(&self) -> f64 {
        ratio(self.elements, self.rows << self.log_len)
    }
}

#[expect(clippy::as_conversions, reason = "a ratio for people to read")]
fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn log_size(axes: &[BlockAxis]) -> usize {
    axes.iter().map(|axis| axis.log).sum()
}

/// A block that has no place yet; ordered so that the largest comes first out of a heap.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    log_size: usize,
    first: Reverse<(usize, Vec<BlockAxis>)>,
}

/// Cuts a tensor into boxes, such that at most `allowance` positions hold no element.
///
/// Each axis is cut by binary expansion, its tail rounded up. Starting from one piece per axis, the
/// axis whose next piece saves the most per added box is cut further.
fn cut(
    tensor: usize,
    shape: &[usize],
    allowance: usize,
    boxes: &mut Vec<Piece>,
) -> Result<(), LayoutError> {
    let mut pieces: Vec<Vec<BlockAxis>> = shape.iter().map(|&size| expansion(size, 1)).collect();
    let len: usize = shape.iter().product();
    loop {
        let padded = |axis: &[BlockAxis]| {
            axis.iter()
                .fold(0usize, |sum, piece| sum.saturating_add(1 << piece.log))
        };
        let total = pieces
            .iter()
            .fold(1usize, |product, axis| product.saturating_mul(padded(axis)));
        if total - len <= allowance {
            break;
        }
        let mut best: Option<(Gain, usize, Vec<BlockAxis>)> = None;
        for (axis, (&size, current)) in shape.iter().zip(&pieces).enumerate() {
            // More pieces do not always mean less padding (7 = 4 + 3): skip to the next that do.
            let whole = usize::try_from(size.count_ones()).unwrap_or(0);
            let count = current.len() + 1..=whole;
            let Some(finer) = count
                .map(|count| expansion(size, count))
                .find(|finer| padded(finer) < padded(current))
            else {
                continue;
            };
            let gain = Gain::new(padded(current), padded(&finer), current.len(), finer.len());
            if best.as_ref().is_none_or(|best| gain.exceeds(best.0)) {
                best = Some((gain, axis, finer));
            }
        }
        let Some((_, axis, finer)) = best else { break };
        if let Some(entry) = pieces.get_mut(axis) {
            *entry = finer;
        }
    }
    let count = pieces
        .iter()
        .fold(1usize, |product, axis| product.saturating_mul(axis.len()));
    if count > MAX_BLOCKS.saturating_sub(boxes.len()) {
        return Err(LayoutError::Size);
    }
    let counts: Vec<usize> = pieces.iter().map(Vec::len).collect();
    for index in 0..count {
        let chosen = shape::unravel(&counts, index);
        let axes: Vec<BlockAxis> = pieces
            .iter()
            .zip(chosen)
            .filter_map(|(axis, at)| axis.get(at).copied())
            .collect();
        boxes.push(Piece {
            log_size: log_size(&axes),
            first: Reverse((tensor, axes)),
        });
    }
    Ok(())
}

/// The share of the padding that is saved, over the share of boxes that is added; an exact fraction,
/// as prover and verifier must agree on it.
#[derive(Clone, Copy)]
struct Gain(u128, u128);

impl Gain {
    fn new(padded: usize, finer: usize, pieces: usize, more: usize) -> Self {
        let wide = |value: usize| u128::try_from(value).unwrap_or(u128::MAX);
        let saved = wide(padded.saturating_sub(finer)) * wide(pieces);
        Self(saved, wide(padded) * wide(more.saturating_sub(pieces)))
    }

    /// Whether the gain is larger. Sizes are at most `2^41` and pieces at most 41.
    const fn exceeds(self, other: Self) -> bool {
        self.0.saturating_mul(other.1) > other.0.saturating_mul(self.1)
    }
}

/// The first `count` pieces of the binary expansion of a size, the last rounded up.
fn expansion(size: usize, count: usize) -> Vec<BlockAxis> {
    let mut pieces = Vec::new();
    let mut start = 0usize;
    while start < size {
        let rest = size - start;
        let log = usize::BITS - rest.leading_zeros() - 1;
        let last = pieces.len() + 1 == count;
        let log = if last && !rest.is_power_of_two() {
            log + 1
        } else {
            log
        };
        pieces.push(BlockAxis {
            start,
            log: usize::try_from(log).unwrap_or(0),
        });
        start += 1 << log;
    }
    pieces
}

/// Gives every box its place; boxes that fit nowhere are halved along their leading axis.
///
/// Boxes come by decreasing size, so free intervals never fragment: while a box of size `s` is
/// placed, all that is taken is a multiple of `s` long. Hence the rows counted here suffice.
fn place(
    boxes: Vec<Piece>,
    shapes: &[Vec<usize>],
    log_len: usize,
    capacity: usize,
) -> Result<(Vec<Block>, usize), LayoutError> {
    let grain = 1usize << log_len.saturating_sub(GRAIN);
    let usable = if capacity >= grain {
        capacity - capacity % grain
    } else {
        capacity
    };
    let mut positions = 0usize;
    for piece in &boxes {
        positions = positions
            .checked_add(1 << piece.log_size)
            .ok_or(LayoutError::Size)?;
    }
    let rows = positions.div_ceil(usable);
    // Each row holds a block; and positions must be numbers of this machine.
    if rows > MAX_BLOCKS || (rows << log_len) >> log_len != rows {
        return Err(LayoutError::Size);
    }
    let mut free = Free::default();
    for row in 0..rows {
        free.add_row(row << log_len, capacity);
    }
    let mut heap: BinaryHeap<Piece> = boxes.into();
    let mut blocks = Vec::new();
    while let Some(Piece {
        log_size,
        first: Reverse((tensor, axes)),
    }) = heap.pop()
    {
        if blocks.len() + heap.len() > MAX_BLOCKS {
            return Err(LayoutError::Size);
        }
        if let Some(offset) = free.take(log_size) {
            blocks.push(Block {
                tensor,
                axes,
                offset,
            });
            continue;
        }
        // By the count of rows a box of one position always fits.
        let Some(leading) = axes.iter().position(|axis| axis.log > 0) else {
            return Err(LayoutError::Size);
        };
        let size = shapes
            .get(tensor)
            .and_then(|shape| shape.get(leading))
            .copied()
            .unwrap_or(0);
        for half in 0..2 {
            let mut axes = axes.clone();
            if let Some(axis) = axes.get_mut(leading) {
                axis.log -= 1;
                axis.start += half << axis.log;
                if axis.start >= size {
                    // Padding alone needs no place.
                    continue;
                }
            }
            heap.push(Piece {
                log_size: log_size - 1,
                first: Reverse((tensor, axes)),
            });
        }
    }
    Ok((blocks, rows))
}

/// The free dyadic intervals of all rows, as a buddy allocator keeps them: by size, then position.
#[derive(Default)]
struct Free {
    intervals: BTreeSet<(usize, usize)>,
}

impl Free {
    /// Adds the positions `start .. start + capacity`, where `start` is aligned.
    fn add_row(&mut self, start: usize, capacity: usize) {
        let (mut start, mut rest) = (start, capacity);
        while rest > 0 {
            let log = usize::try_from(usize::BITS - rest.leading_zeros() - 1).unwrap_or(0);
            self.intervals.insert((log, start));
            start += 1 << log;
            rest -= 1 << log;
        }
    }

    /// Takes an aligned interval out of the smallest free one that is large enough.
    fn take(&mut self, log: usize) -> Option<usize> {
        let &(found, start) = self.intervals.range((log, 0)..).next()?;
        self.intervals.remove(&(found, start));
        for half in log..found {
            self.intervals.insert((half, start + (1 << half)));
        }
        Some(start)
    }
}
