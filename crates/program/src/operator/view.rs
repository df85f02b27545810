//! The elements of a tensor in another arrangement: what models call reshape, transpose, slice, pad,
//! broadcast, and sums along an axis, windows included.
//!
//! Adds no witness and no relation: the result is a view of what the input is a view of.

use super::{Operate, exactly};
use crate::dim::{Dim, DimError};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::Fact;
use crate::lower::{Expression, Lowering};
use relation::{Source, ViewError};
use serde::{Deserialize, Serialize};

/// One step from an arrangement to the next: a builder of [`relation::View`] with the same meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step<D> {
    /// Axis `a` of the result is axis `order[a]`.
    Permute(Vec<usize>),
    /// `len` elements of an axis, from `start` on, `step` apart.
    Slice {
        /// The axis.
        axis: usize,
        /// The first element.
        start: D,
        /// Number of elements.
        len: D,
        /// Distance between elements.
        step: usize,
    },
    /// Zeros around an axis.
    Pad {
        /// The axis.
        axis: usize,
        /// Zeros before it.
        before: D,
        /// Zeros after it.
        after: D,
    },
    /// `step - 1` zeros between neighbours of an axis.
    Dilate {
        /// The axis.
        axis: usize,
        /// Distance of former neighbours.
        step: usize,
    },
    /// A new axis of size 1 before this one.
    InsertAxis(usize),
    /// Without this axis of size 1.
    RemoveAxis(usize),
    /// Repeats an axis of size 1.
    Broadcast {
        /// The axis.
        axis: usize,
        /// How often.
        size: D,
    },
    /// The sum over an axis, which disappears.
    Sum(usize),
    /// Replaces an axis by two: position, and offset in the window.
    Window {
        /// The axis.
        axis: usize,
        /// Number of positions.
        count: D,
        /// Number of offsets.
        size: usize,
        /// Elements from one position to the next.
        stride: usize,
        /// Elements from one offset to the next.
        dilation: usize,
    },
    /// Elements whose indices on two axes agree; the second axis disappears.
    Diagonal(usize, usize),
    /// The axis backwards.
    Reverse(usize),
    /// The same elements in row-major order under another shape.
    Reshape(Vec<D>),
}

/// Steps, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View<D> {
    /// The steps.
    pub steps: Vec<Step<D>>,
}

impl Step<Dim> {
    fn bind(&self, symbols: &[usize]) -> Result<Step<usize>, DimError> {
        Ok(match self {
            Self::Permute(order) => Step::Permute(order.clone()),
            Self::Slice {
                axis,
                start,
                len,
                step,
            } => Step::Slice {
                axis: *axis,
                start: start.bind(symbols)?,
                len: len.bind(symbols)?,
                step: *step,
            },
            Self::Pad {
                axis,
                before,
                after,
            } => Step::Pad {
                axis: *axis,
                before: before.bind(symbols)?,
                after: after.bind(symbols)?,
            },
            Self::Dilate { axis, step } => Step::Dilate {
                axis: *axis,
                step: *step,
            },
            Self::InsertAxis(axis) => Step::InsertAxis(*axis),
            Self::RemoveAxis(axis) => Step::RemoveAxis(*axis),
            Self::Broadcast { axis, size } => Step::Broadcast {
                axis: *axis,
                size: size.bind(symbols)?,
            },
            Self::Sum(axis) => Step::Sum(*axis),
            Self::Window {
                axis,
                count,
                size,
                stride,
                dilation,
            } => Step::Window {
                axis: *axis,
                count: count.bind(symbols)?,
                size: *size,
                stride: *stride,
                dilation: *dilation,
            },
            Self::Diagonal(a, b) => Step::Diagonal(*a, *b),
            Self::Reverse(axis) => Step::Reverse(*axis),
            Self::Reshape(shape) => {
                let shape: Result<_, _> = shape.iter().map(|dim| dim.bind(symbols)).collect();
                Step::Reshape(shape?)
            }
        })
    }
}

impl View<Dim> {
    pub(crate) fn bind(&self, symbols: &[usize]) -> Result<View<usize>, DimError> {
        let steps: Result<_, _> = self.steps.iter().map(|step| step.bind(symbols)).collect();
        Ok(View { steps: steps? })
    }
}

impl Step<usize> {
    /// The step on a view.
    pub(crate) fn apply(&self, view: relation::View) -> Result<relation::View, ViewError> {
        match self {
            Self::Permute(order) => view.permute(order),
            Self::Slice {
                axis,
                start,
                len,
                step,
            } => view.slice(*axis, *start, *len, *step),
            Self::Pad {
                axis,
                before,
                after,
            } => view.pad(*axis, *before, *after),
            Self::Dilate { axis, step } => view.dilate(*axis, *step),
            Self::InsertAxis(axis) => view.insert_axis(*axis),
            Self::RemoveAxis(axis) => view.remove_axis(*axis),
            Self::Broadcast { axis, size } => view.broadcast(*axis, *size),
            Self::Sum(axis) => view.sum(*axis),
            Self::Window {
                axis,
                count,
                size,
                stride,
                dilation,
            } => view.window(*axis, *count, *size, *stride, *dilation),
            Self::Diagonal(a, b) => view.diagonal(*a, *b),
            Self::Reverse(axis) => view.reverse(*axis),
            Self::Reshape(shape) => view.reshape(shape),
        }
    }
}

impl Operate for View<usize> {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        // The source does not matter for the shape.
        let mut view = relation::View::identity(Source::Column(relation::ColumnId(0)), &x.shape)?;
        let mut interval = Some(x.wide());
        for step in &self.steps {
            let before = view.shape();
            view = step.apply(view)?;
            interval = interval.and_then(|interval| match step {
                Step::Sum(axis) => {
                    let size = before
                        .get(*axis)
                        .and_then(|&size| i128::try_from(size).ok());
                    interval.scale(size?)
                }
                Step::Pad { .. } | Step::Dilate { .. } => {
                    Some(interval.hull(relation::interval::Wide::ZERO))
                }
                _ => Some(interval),
            });
        }
        Ok(vec![Fact::new(view.shape(), interval)?])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        _: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([x], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let build = |view| {
            self.steps
                .iter()
                .try_fold(view, |view, step| step.apply(view))
        };
        let linear = x.rounded()?.clone().map(&fact.shape, build)?;
        Ok(vec![Expression::linear(fact.clone(), linear)])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        _: &[Fact],
        _: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let [x] = exactly(inputs)?;
        let mut array = x.clone();
        for step in &self.steps {
            array = array.step(step);
        }
        Ok(vec![array])
    }
}
