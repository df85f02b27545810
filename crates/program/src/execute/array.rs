//! Tensors in other arrangements, without moving their elements where strides can say it.

use super::{each, narrowed};
use crate::operator::Step;
use rayon::prelude::*;
use relation::{Data, Tensor, shape};
use std::sync::Arc;

/// Elements that one thread reads at a time; so few in tests that small arrays have several pieces.
const PIECE: usize = if cfg!(test) { 8 } else { 1 << 14 };

/// A strided arrangement of the elements of a tensor.
///
/// Element `x` is `tensor[offset + sum_a strides[a] * x[a]]`; a stride of zero repeats, a negative one
/// reverses, and two axes may run over the same elements, as the windows of a convolution do.
#[derive(Clone, Debug)]
pub struct Array {
    /// Size of each axis.
    pub shape: Vec<usize>,
    strides: Vec<isize>,
    offset: isize,
    tensor: Arc<Tensor>,
}

impl From<Tensor> for Array {
    fn from(tensor: Tensor) -> Self {
        Self {
            shape: tensor.shape.clone(),
            strides: row_major(&tensor.shape),
            offset: 0,
            tensor: Arc::new(tensor),
        }
    }
}

impl From<Arc<Tensor>> for Array {
    fn from(tensor: Arc<Tensor>) -> Self {
        Self {
            shape: tensor.shape.clone(),
            strides: row_major(&tensor.shape),
            offset: 0,
            tensor,
        }
    }
}

fn row_major(shape: &[usize]) -> Vec<isize> {
    shape::strides(shape)
        .into_iter()
        .map(usize::cast_signed)
        .collect()
}

/// The stride of an axis that takes every `step`-th element of one with stride `own`; a single element
/// has none, whatever its step.
const fn stride(own: isize, len: usize, step: usize) -> isize {
    if len == 1 {
        0
    } else {
        own * step.cast_signed()
    }
}

/// Calls `$body` with `$values` bound to the typed slice of a tensor's data.
macro_rules! typed {
    ($data:expr, $values:ident => $body:expr) => {
        match $data {
            Data::I8($values) => $body,
            Data::I16($values) => $body,
            Data::I32($values) => $body,
            Data::I64($values) => $body,
        }
    };
}

impl Array {
    /// An array of row-major values.
    ///
    /// # Panics
    ///
    /// If the number of values is not that of the shape.
    pub fn new(shape: Vec<usize>, values: Vec<i64>) -> Self {
        assert_eq!(
            shape.iter().product::<usize>(),
            values.len(),
            "one value per element"
        );
        let data = narrowed(&values, |value| value);
        Self::from(Tensor { shape, data })
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements in row-major order.
    #[expect(
        clippy::useless_conversion,
        reason = "the body is there for each type, one of them `i64`"
    )]
    pub fn to_vec(&self) -> Vec<i64> {
        if self.is_row_major() {
            return typed!(&self.tensor.data, values => each(values, |value| value.into()));
        }
        let mut values = vec![0; self.len()];
        self.write(&mut values, |entry, value| *entry = value);
        values
    }

    /// The elements as a tensor.
    pub fn to_tensor(&self) -> Tensor {
        if self.is_row_major() {
            return Tensor {
                shape: self.shape.clone(),
                data: self.tensor.data.clone(),
            };
        }
        Tensor {
            shape: self.shape.clone(),
            data: narrowed(&self.to_vec(), |value| value),
        }
    }

    fn is_row_major(&self) -> bool {
        self.offset == 0
            && self.len() == self.tensor.len()
            && self.strides == row_major(&self.shape)
    }

    /// Calls `visit` with each element in row-major order.
    #[expect(
        clippy::useless_conversion,
        reason = "the body is there for each type, one of them `i64`"
    )]
    pub fn for_each(&self, mut visit: impl FnMut(i64)) {
        typed!(&self.tensor.data, values => self.walk(|start, step, len| {
            let mut at = start;
            if step == 1 {
                for &value in &values[at.cast_unsigned()..][..len] {
                    visit(value.into());
                }
                return;
            }
            for _ in 0..len {
                visit(values[at.cast_unsigned()].into());
                at += step;
            }
        }));
    }

    /// The elements as double-precision numbers, row-major; exact below `2^53`.
    pub fn to_f64s(&self) -> Vec<f64> {
        let mut numbers = Vec::new();
        self.write_f64s(&mut numbers);
        numbers
    }

    /// [`Array::to_f64s`] into a vector that is used again.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the caller has checked that values are below 2^53"
    )]
    pub fn write_f64s(&self, numbers: &mut Vec<f64>) {
        numbers.resize(self.len(), 0.0);
        self.write(numbers, |entry, value| *entry = value as f64);
    }

    /// Whether the elements of the last axis are neighbours.
    pub fn is_contiguous_along_last(&self) -> bool {
        self.strides.last().is_none_or(|&stride| stride == 1)
    }

    /// Adds `factor` times the elements to `sum`, in row-major order.
    ///
    /// Sums that are not final may wrap: they are right modulo `2^64`, and a final one is in range.
    pub fn add_times(&self, factor: i64, sum: &mut [i64]) {
        self.write(sum, |entry, value| {
            *entry = entry.wrapping_add(factor.wrapping_mul(value));
        });
    }

    /// Calls `write` with each entry of `out` and the element that belongs there, in row-major order, by all threads.
    fn write<T: Send>(&self, out: &mut [T], write: impl Fn(&mut T, i64) + Sync) {
        let axis = self.shape.iter().position(|&size| size > 1);
        let inner: usize = axis.map_or(1, |axis| self.shape[axis + 1..].iter().product());
        let rows = (PIECE / inner.max(1)).max(1);
        let pieces = out.par_chunks_mut(rows * inner.max(1)).enumerate();
        pieces.for_each(|(piece, out)| {
            let part = axis.map(|axis| Step::Slice {
                axis,
                start: piece * rows,
                len: out.len() / inner,
                step: 1,
            });
            let part = part.map_or_else(|| self.clone(), |part| self.clone().step(&part));
            let mut out = out.iter_mut();
            part.for_each(|value| {
                if let Some(entry) = out.next() {
                    write(entry, value);
                }
            });
        });
    }

    /// Calls `run` with the first index, the step and the length of each run along the last axis.
    fn walk(&self, mut run: impl FnMut(isize, isize, usize)) {
        if self.is_empty() {
            return;
        }
        let Some((&len, outer)) = self.shape.split_last() else {
            run(self.offset, 0, 1);
            return;
        };
        let step = self.strides.last().copied().unwrap_or(0);
        let mut index = vec![0usize; outer.len()];
        let mut at = self.offset;
        loop {
            run(at, step, len);
            let mut axis = outer.len();
            loop {
                let Some(next) = axis.checked_sub(1) else {
                    return;
                };
                axis = next;
                index[axis] += 1;
                at += self.strides[axis];
                if index[axis] < outer[axis] {
                    break;
                }
                at -= self.strides[axis] * outer[axis].cast_signed();
                index[axis] = 0;
            }
        }
    }

    /// The largest magnitude of an element of the tensor behind the array.
    pub fn magnitude(&self) -> u64 {
        let ends = self.tensor.interval();
        ends.lo.unsigned_abs().max(ends.hi.unsigned_abs())
    }

    /// One step of a view; see [`Step`]. The view was found to be valid for this shape.
    pub fn step(mut self, step: &Step<usize>) -> Self {
        match *step {
            Step::Permute(ref order) => {
                self.shape = order.iter().map(|&axis| self.shape[axis]).collect();
                self.strides = order.iter().map(|&axis| self.strides[axis]).collect();
            }
            Step::Slice {
                axis,
                start,
                len,
                step,
            } => {
                self.offset += self.strides[axis] * start.cast_signed();
                self.strides[axis] = stride(self.strides[axis], len, step);
                self.shape[axis] = len;
            }
            Step::Pad {
                axis,
                before,
                after,
            } => return self.spread(axis, before, after, 1),
            Step::Dilate { axis, step } => return self.spread(axis, 0, 0, step),
            Step::InsertAxis(axis) => {
                self.shape.insert(axis, 1);
                self.strides.insert(axis, 0);
            }
            Step::RemoveAxis(axis) => {
                self.shape.remove(axis);
                self.strides.remove(axis);
            }
            Step::Broadcast { axis, size } => {
                self.shape[axis] = size;
                self.strides[axis] = 0;
            }
            Step::Sum(axis) => return self.sum(axis),
            Step::Window {
                axis,
                count,
                size,
                stride: step,
                dilation,
            } => {
                let own = self.strides[axis];
                self.shape[axis] = count;
                self.strides[axis] = stride(own, count, step);
                self.shape.insert(axis + 1, size);
                self.strides.insert(axis + 1, stride(own, size, dilation));
            }
            Step::Diagonal(a, b) => {
                self.strides[a] += self.strides[b];
                self.shape.remove(b);
                self.strides.remove(b);
            }
            Step::Reverse(axis) => {
                let last = self.shape[axis].saturating_sub(1).cast_signed();
                self.offset += self.strides[axis] * last;
                self.strides[axis] = -self.strides[axis];
            }
            Step::Reshape(ref shape) => {
                if !self.is_row_major() {
                    return Self::new(shape.clone(), self.to_vec());
                }
                self.shape.clone_from(shape);
                self.strides = row_major(shape);
            }
        }
        self
    }

    /// Zeros around and between the elements of an axis.
    fn spread(&self, axis: usize, before: usize, after: usize, step: usize) -> Self {
        let mut shape = self.shape.clone();
        let extent = (shape[axis] - 1) * step + 1;
        shape[axis] = before + extent + after;
        let tensor = &self.tensor;
        let data = match &tensor.data {
            Data::I8(values) => Data::I8(self.spread_values(values, axis, before, step, &shape)),
            Data::I16(values) => Data::I16(self.spread_values(values, axis, before, step, &shape)),
            Data::I32(values) => Data::I32(self.spread_values(values, axis, before, step, &shape)),
            Data::I64(values) => Data::I64(self.spread_values(values, axis, before, step, &shape)),
        };
        let spread = Self::from(Tensor { shape, data });
        // Some of the values may fit in a narrower type than all.
        if self.is_row_major() {
            spread
        } else {
            Self::new(spread.shape.clone(), spread.to_vec())
        }
    }

    /// The elements, row-major in an array of `shape`, `before` zeros before those of an axis, which lie `step` apart.
    fn spread_values<T: Copy + Default>(
        &self,
        values: &[T],
        axis: usize,
        before: usize,
        step: usize,
        shape: &[usize],
    ) -> Vec<T> {
        let inner: usize = shape[axis + 1..].iter().product();
        let (own, block) = (self.shape[axis] * inner, shape[axis] * inner);
        // A run along the last axis stays in one row, unless that is the axis.
        let apart = if axis + 1 == shape.len() { step } else { 1 };
        let mut out = vec![T::default(); shape.iter().product()];
        let mut at = 0usize;
        self.walk(|mut start, own_step, len| {
            let (row, column) = (at % own / inner, at % inner);
            let first = at / own * block + (before + row * step) * inner + column;
            for out in out[first..].iter_mut().step_by(apart).take(len) {
                *out = values[start.cast_unsigned()];
                start += own_step;
            }
            at += len;
        });
        out
    }

    fn sum(&self, axis: usize) -> Self {
        let mut order: Vec<usize> = (0..self.shape.len())
            .filter(|&other| other != axis)
            .collect();
        let shape: Vec<usize> = order.iter().map(|&axis| self.shape[axis]).collect();
        order.push(axis);
        let size = self.shape[axis];
        let last = self.clone().step(&Step::Permute(order));
        let sums = last
            .to_vec()
            .chunks(size)
            .map(|row| row.iter().sum())
            .collect();
        Self::new(shape, sums)
    }

    /// Arrays one after the other along an axis; `shape` is that of the result.
    pub fn concatenate(axis: usize, parts: &[&Self], shape: &[usize]) -> Self {
        let inner: usize = shape[axis + 1..].iter().product();
        let outer: usize = shape[..axis].iter().product();
        let parts: Vec<(usize, Vec<i64>)> = { parts.iter() }
            .map(|part| (part.shape[axis] * inner, part.to_vec()))
            .collect();
        let mut values = Vec::with_capacity(shape.iter().product());
        for row in 0..outer {
            for (len, part) in &parts {
                values.extend_from_slice(&part[row * len..(row + 1) * len]);
            }
        }
        Self::new(shape.to_vec(), values)
    }
}
