//! Reading the positions of a block out of a tensor.

use alloc::vec::Vec;

use p3_field::Field;
use relation::{BlockAxis, Data, Tensor};

use crate::claims::integer;

/// A block of a tensor as the list of positions that the layout gives it.
#[derive(Debug)]
pub struct BlockReader<'a> {
    tensor: &'a Tensor,
    /// The axes, those merged into one that are contiguous in the tensor.
    axes: Vec<Axis>,
}

/// One axis of a block.
#[derive(Clone, Copy, Debug)]
struct Axis {
    start: usize,
    log: usize,
    /// Entries of the tensor along this axis.
    extent: usize,
    stride: usize,
}

impl<'a> BlockReader<'a> {
    /// A reader for the box `axes` of `tensor`.
    pub fn new(tensor: &'a Tensor, axes: &[BlockAxis]) -> Self {
        let mut merged: Vec<Axis> = Vec::with_capacity(axes.len());
        let mut stride = 1;
        for (axis, &extent) in axes.iter().zip(&tensor.shape).rev() {
            let full = |inner: &Axis| inner.start == 0 && inner.extent == 1 << inner.log;
            match merged.last_mut() {
                // The inner axis is covered exactly: the outer one continues it.
                Some(inner) if full(inner) => {
                    inner.start = axis.start << inner.log;
                    inner.extent = extent << inner.log;
                    inner.log += axis.log;
                }
                _ => merged.push(Axis {
                    start: axis.start,
                    log: axis.log,
                    extent,
                    stride,
                }),
            }
            stride *= extent;
        }
        merged.reverse();
        Self {
            tensor,
            axes: merged,
        }
    }

    /// Reads positions `from..from + out.len()` of the block; what lies beyond the tensor is zero.
    pub fn read<F: Field>(&self, from: usize, out: &mut [F]) {
        let Some((last, outer)) = self.axes.split_last() else {
            out[0] = integer(self.tensor.get(0));
            return;
        };
        let (mut position, mut out) = (from, out);
        while !out.is_empty() {
            let first = last.start + (position & ((1 << last.log) - 1));
            let run = ((1 << last.log) - (first - last.start)).min(out.len());
            let (now, later) = out.split_at_mut(run);
            match offset(outer, position >> last.log) {
                Some(offset) => {
                    let inside = last.extent.saturating_sub(first).min(run);
                    let (inside, beyond) = now.split_at_mut(inside);
                    // The last axis has stride one.
                    if !inside.is_empty() {
                        read_run(self.tensor, offset + first, inside);
                    }
                    beyond.fill(F::ZERO);
                }
                None => now.fill(F::ZERO),
            }
            position += run;
            out = later;
        }
    }
}

/// The offset in the tensor of joint index `index` of the outer axes; `None` beyond an extent.
fn offset(outer: &[Axis], mut index: usize) -> Option<usize> {
    let mut offset = 0;
    for axis in outer.iter().rev() {
        let y = axis.start + (index & ((1 << axis.log) - 1));
        if y >= axis.extent {
            return None;
        }
        index >>= axis.log;
        offset += y * axis.stride;
    }
    Some(offset)
}

/// Reads consecutive values.
fn read_run<F: Field>(tensor: &Tensor, start: usize, out: &mut [F]) {
    fn convert<F: Field, T: Copy + Into<i64>>(from: &[T], out: &mut [F]) {
        for (to, &value) in out.iter_mut().zip(from) {
            *to = integer(value.into());
        }
    }
    let range = start..start + out.len();
    match &tensor.data {
        Data::I8(values) => convert(&values[range], out),
        Data::I16(values) => convert(&values[range], out),
        Data::I32(values) => convert(&values[range], out),
        Data::I64(values) => convert(&values[range], out),
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use p3_field::{PrimeCharacteristicRing, PrimeField64};
    use p3_goldilocks::Goldilocks;
    use relation::Layout;

    use super::*;

    #[test]
    fn every_range_of_every_block_reads_what_the_layout_says() {
        for shape in [
            vec![20, 35],
            vec![3, 12, 10],
            vec![300],
            vec![7, 1, 5],
            vec![4, 8],
            vec![],
        ] {
            let len: usize = shape.iter().product();
            let values = (1..).take(len).collect();
            let tensor = Tensor::from_i64s(shape.clone(), values).unwrap();
            let layout = Layout::pack(core::slice::from_ref(&shape), 10, 13).unwrap();
            let mut seen = vec![false; len];
            for block in &layout.blocks {
                let reader = BlockReader::new(&tensor, &block.axes);
                let size = 1 << block.log_size();
                let mut expected = vec![0u64; size];
                block.for_each_run(&shape, |element, position, len| {
                    for i in 0..len {
                        expected[position - block.offset + i] = (element + i + 1) as u64;
                        seen[element + i] = true;
                    }
                });
                for log in 0..=block.log_size() {
                    for start in (0..size).step_by(1 << log) {
                        let mut out = vec![Goldilocks::TWO; 1 << log];
                        reader.read(start, &mut out);
                        let out: Vec<u64> = out.iter().map(|v| v.as_canonical_u64()).collect();
                        assert_eq!(
                            out,
                            expected[start..start + (1 << log)],
                            "{shape:?} {start}"
                        );
                    }
                }
            }
            assert!(seen.iter().all(|&seen| seen), "{shape:?}");
        }
    }
}
