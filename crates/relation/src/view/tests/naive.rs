//! A naive tensor implementation of every builder.

use super::super::*;
use crate::shape::{len, strides, unravel};
use alloc::{vec, vec::Vec};

/// A tensor in the plainest form there is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Naive {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<i128>,
}

impl Naive {
    /// Values that tell elements, and most sums of elements, apart.
    pub(super) fn source(shape: &[usize]) -> Self {
        let value = |at: usize| 1 + (at as i128) * (at as i128 + 17);
        Self {
            shape: shape.to_vec(),
            values: (0..len(shape).unwrap()).map(value).collect(),
        }
    }

    pub(super) fn at(&self, x: &[usize]) -> i128 {
        let inside = x.iter().zip(&self.shape).all(|(x, size)| x < size);
        let index: usize = x
            .iter()
            .zip(strides(&self.shape))
            .map(|(x, stride)| x * stride)
            .sum();
        if inside { self.values[index] } else { 0 }
    }

    /// The tensor whose element `x` is the sum of the elements that `from` lists.
    pub(super) fn gather(
        &self,
        shape: &[usize],
        from: impl Fn(&[usize]) -> Vec<Vec<usize>>,
    ) -> Self {
        let value = |at: usize| from(&unravel(shape, at)).iter().map(|y| self.at(y)).sum();
        Self {
            shape: shape.to_vec(),
            values: (0..len(shape).unwrap()).map(value).collect(),
        }
    }

    pub(super) fn apply(&self, op: &Op) -> Self {
        let mut shape = self.shape.clone();
        match *op {
            Op::Permute(ref order) => {
                let shape: Vec<usize> = order.iter().map(|&a| self.shape[a]).collect();
                self.gather(&shape, |x| {
                    let mut y = vec![0; x.len()];
                    order.iter().zip(x).for_each(|(&a, &x)| y[a] = x);
                    vec![y]
                })
            }
            Op::Slice(axis, start, len, step) => {
                shape[axis] = len;
                self.gather(&shape, |x| vec![with(x, axis, start + x[axis] * step)])
            }
            Op::Pad(axis, before, after) => {
                shape[axis] += before + after;
                self.gather(&shape, |x| match x[axis].checked_sub(before) {
                    Some(at) if at < self.shape[axis] => vec![with(x, axis, at)],
                    _ => vec![],
                })
            }
            Op::Dilate(axis, step) => {
                shape[axis] = (shape[axis] - 1) * step + 1;
                self.gather(&shape, |x| match x[axis] % step {
                    0 => vec![with(x, axis, x[axis] / step)],
                    _ => vec![],
                })
            }
            Op::Insert(axis) => {
                shape.insert(axis, 1);
                self.gather(&shape, |x| vec![without(x, axis)])
            }
            Op::Broadcast(axis, size) => {
                shape[axis] = size;
                self.gather(&shape, |x| vec![with(x, axis, 0)])
            }
            Op::Sum(axis) => {
                let size = shape.remove(axis);
                self.gather(&shape, |x| {
                    (0..size).map(|at| inserted(x, axis, at)).collect()
                })
            }
            Op::Window(axis, count, size, stride, dilation) => {
                shape[axis] = count;
                shape.insert(axis + 1, size);
                self.gather(&shape, |x| {
                    let at = x[axis] * stride + x[axis + 1] * dilation;
                    vec![with(&without(x, axis + 1), axis, at)]
                })
            }
            Op::Diagonal(a, b) => {
                shape.remove(b);
                self.gather(&shape, |x| {
                    let kept = if a < b { a } else { a - 1 };
                    vec![inserted(x, b, x[kept])]
                })
            }
            Op::Reverse(axis) => self.gather(&shape, |x| {
                vec![with(x, axis, self.shape[axis] - 1 - x[axis])]
            }),
            Op::Reshape(ref shape) => Self {
                shape: shape.clone(),
                values: self.values.clone(),
            },
        }
    }
}

pub(super) fn with(x: &[usize], axis: usize, at: usize) -> Vec<usize> {
    let mut x = x.to_vec();
    x[axis] = at;
    x
}

pub(super) fn without(x: &[usize], axis: usize) -> Vec<usize> {
    let mut x = x.to_vec();
    x.remove(axis);
    x
}

pub(super) fn inserted(x: &[usize], axis: usize, at: usize) -> Vec<usize> {
    let mut x = x.to_vec();
    x.insert(axis, at);
    x
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Permute(Vec<usize>),
    Slice(usize, usize, usize, usize),
    Pad(usize, usize, usize),
    Dilate(usize, usize),
    Insert(usize),
    Broadcast(usize, usize),
    Sum(usize),
    Window(usize, usize, usize, usize, usize),
    Diagonal(usize, usize),
    Reverse(usize),
    Reshape(Vec<usize>),
}

impl Op {
    /// An operation that fits the shape, from arbitrary numbers.
    pub(super) fn choose(shape: &[usize], kind: u8, dice: [usize; 4]) -> Option<Self> {
        let rank = shape.len();
        let axis = |dice: usize| (rank > 0).then(|| dice % rank);
        let total: usize = shape.iter().product();
        let divisor = |size: usize, dice: usize| {
            let divisors: Vec<usize> = (1..=size).filter(|n| size.is_multiple_of(*n)).collect();
            divisors[dice % divisors.len()]
        };
        Some(match kind % 18 {
            0 => {
                let mut order: Vec<usize> = (0..rank).collect();
                for at in (1..rank).rev() {
                    order.swap(at, dice[at % 4] / (at + 2) % (at + 1));
                }
                Self::Permute(order)
            }
            kind @ 1..=4 => {
                let axis = axis(dice[0])?;
                // Most slices are long: short ones end most chains in scalars.
                let start = dice[1] % shape[axis].div_ceil(2);
                let step = if kind == 1 { 1 + dice[3] % 3 } else { 1 };
                let most = (shape[axis] - start).div_ceil(step);
                Self::Slice(axis, start, most - dice[2] % most.div_ceil(2), step)
            }
            5 | 6 => Self::Pad(axis(dice[0])?, dice[1] % 3, dice[2] % 3),
            7 => Self::Dilate(axis(dice[0])?, 1 + dice[1] % 3),
            8 => Self::Insert(dice[0] % (rank + 1)),
            9 => {
                let ones: Vec<usize> = (0..rank).filter(|&axis| shape[axis] == 1).collect();
                Self::Broadcast(*ones.get(dice[0] % ones.len().max(1))?, 1 + dice[1] % 4)
            }
            10 => Self::Sum(axis(dice[0])?),
            11 => {
                let axis = axis(dice[0])?;
                let (stride, dilation) = (1 + dice[2] % 3, 1 + dice[3] % 2);
                let size = 1 + dice[1] % (1 + (shape[axis] - 1) / dilation).min(4);
                let count = 1 + (shape[axis] - 1 - (size - 1) * dilation) / stride;
                Self::Window(axis, count, size, stride, dilation)
            }
            12 => {
                let (a, b) = (axis(dice[0])?, axis(dice[1])?);
                (a != b && shape[a] == shape[b]).then_some(Self::Diagonal(a, b))?
            }
            13 => Self::Reverse(axis(dice[0])?),
            14 | 15 => {
                // Two neighbours become one axis.
                let at = (rank > 1).then(|| dice[0] % (rank - 1))?;
                let mut shape = shape.to_vec();
                shape[at] *= shape.remove(at + 1);
                Self::Reshape(shape)
            }
            16 => {
                let at = axis(dice[0])?;
                let mut shape = shape.to_vec();
                let inner = divisor(shape[at], dice[1]);
                shape[at] /= inner;
                shape.insert(at + 1, inner);
                Self::Reshape(shape)
            }
            _ => {
                let a = divisor(total, dice[0]);
                let b = divisor(total / a, dice[1]);
                Self::Reshape(vec![a, b, total / a / b])
            }
        })
    }

    pub(super) fn build(&self, view: View) -> Result<View, ViewError> {
        match *self {
            Self::Permute(ref order) => view.permute(order),
            Self::Slice(axis, start, len, step) => view.slice(axis, start, len, step),
            Self::Pad(axis, before, after) => view.pad(axis, before, after),
            Self::Dilate(axis, step) => view.dilate(axis, step),
            Self::Insert(axis) => view.insert_axis(axis),
            Self::Broadcast(axis, size) => view.broadcast(axis, size),
            Self::Sum(axis) => view.sum(axis),
            Self::Window(axis, count, size, stride, dilation) => {
                view.window(axis, count, size, stride, dilation)
            }
            Self::Diagonal(a, b) => view.diagonal(a, b),
            Self::Reverse(axis) => view.reverse(axis),
            Self::Reshape(ref shape) => view.reshape(shape),
        }
    }
}
