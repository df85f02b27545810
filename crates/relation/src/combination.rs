//! Sums of views, and einsums of such sums.

use crate::tensor::Tensor;
use crate::view::{Source, View, ViewError};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A multiple of a view.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Term {
    /// The factor.
    pub coefficient: i64,
    /// The view.
    pub view: View,
}

/// A sum of multiples of views of one shape: an affine expression, as the constant is a view too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Combination {
    pub(crate) shape: Vec<usize>,
    pub(crate) terms: Vec<Term>,
}

impl From<View> for Combination {
    fn from(view: View) -> Self {
        Self {
            shape: view.shape(),
            terms: alloc::vec![Term {
                coefficient: 1,
                view
            }],
        }
    }
}

/// Why a combination was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CombinationError {
    /// A view has another shape than the combination.
    #[error("expected a view of shape {expected:?}, found {found:?}")]
    Shape {
        /// Shape of the combination.
        expected: Vec<usize>,
        /// Shape of the view.
        found: Vec<usize>,
    },
    /// Nothing is concatenated.
    #[error("expected at least one part to concatenate, found none")]
    NoParts,
    /// A coefficient overflows.
    #[error("a coefficient overflows 64 bits")]
    Coefficient,
    /// A builder of a view refused.
    #[error(transparent)]
    View(#[from] ViewError),
}

impl Combination {
    /// A combination of terms.
    ///
    /// Errors: [`CombinationError::Shape`] if a view has another shape.
    pub fn new(shape: &[usize], terms: Vec<Term>) -> Result<Self, CombinationError> {
        let expected = shape.to_vec();
        if let Some(term) = terms.iter().find(|term| term.view.shape() != expected) {
            return Err(CombinationError::Shape {
                expected,
                found: term.view.shape(),
            });
        }
        Ok(Self {
            shape: expected,
            terms,
        })
    }

    /// The tensor that is zero everywhere.
    pub fn zero(shape: &[usize]) -> Self {
        Self {
            shape: shape.to_vec(),
            terms: Vec::new(),
        }
    }

    /// The tensor that is `value` everywhere.
    ///
    /// Errors: [`CombinationError::View`] if the shape is out of bounds.
    pub fn constant(shape: &[usize], value: i64) -> Result<Self, CombinationError> {
        let view = View::ones(shape)?;
        Ok(Self {
            shape: shape.to_vec(),
            terms: alloc::vec![Term {
                coefficient: value,
                view
            }],
        })
    }

    /// Shape of the tensor.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The terms, in the order in which they were added.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The sum of two combinations; terms with the same view are joined.
    ///
    /// Errors: [`CombinationError::Shape`], [`CombinationError::Coefficient`].
    pub fn plus(self, other: impl Into<Self>) -> Result<Self, CombinationError> {
        self.plus_times(1, other)
    }

    /// The difference of two combinations; terms with the same view are joined.
    ///
    /// Errors: [`CombinationError::Shape`], [`CombinationError::Coefficient`].
    pub fn minus(self, other: impl Into<Self>) -> Result<Self, CombinationError> {
        self.plus_times(-1, other)
    }

    /// The sum with a multiple of another combination; terms with the same view are joined.
    ///
    /// Errors: [`CombinationError::Shape`], [`CombinationError::Coefficient`].
    pub fn plus_times(
        mut self,
        factor: i64,
        other: impl Into<Self>,
    ) -> Result<Self, CombinationError> {
        let other = other.into();
        if other.shape != self.shape {
            return Err(CombinationError::Shape {
                expected: self.shape,
                found: other.shape,
            });
        }
        for Term { coefficient, view } in other.terms {
            let added = coefficient
                .checked_mul(factor)
                .ok_or(CombinationError::Coefficient)?;
            match self.terms.iter_mut().find(|term| term.view == view) {
                Some(term) => {
                    let sum = term.coefficient.checked_add(added);
                    term.coefficient = sum.ok_or(CombinationError::Coefficient)?;
                }
                None => self.terms.push(Term {
                    coefficient: added,
                    view,
                }),
            }
        }
        self.terms.retain(|term| term.coefficient != 0);
        Ok(self)
    }

    /// A multiple of the combination.
    ///
    /// Errors: [`CombinationError::Coefficient`].
    pub fn times(self, factor: i64) -> Result<Self, CombinationError> {
        Self::zero(&self.shape).plus_times(factor, self)
    }

    /// Adds `value` to every element.
    ///
    /// Errors: [`CombinationError::Coefficient`], [`CombinationError::View`].
    pub fn plus_constant(self, value: i64) -> Result<Self, CombinationError> {
        let constant = Self::constant(&self.shape, value)?;
        self.plus(constant)
    }

    /// Applies the same builder to every view.
    ///
    /// Every builder is linear, so this is the builder applied to the combination. `shape` is the
    /// result's: a combination without terms has no view that could tell.
    ///
    /// Errors: [`CombinationError::View`]; [`CombinationError::Shape`] if the result has another
    /// shape than `shape`.
    pub fn map(
        self,
        shape: &[usize],
        build: impl Fn(View) -> Result<View, ViewError>,
    ) -> Result<Self, CombinationError> {
        // The limbs of a value are columns of one shape, which are viewed alike.
        let mut last: Option<(View, View)> = None;
        let is_one = self.terms.len() == 1;
        let mapped = |term: Term| {
            let view = match &last {
                Some((from, to)) if from.shares(&term.view) => to.with_source(term.view.source()),
                _ if is_one => build(term.view)?,
                _ => {
                    let to = build(term.view.clone())?;
                    last = Some((term.view, to.clone()));
                    to
                }
            };
            Ok(Term { view, ..term })
        };
        let terms: Result<Vec<Term>, ViewError> = self.terms.into_iter().map(mapped).collect();
        Self::new(shape, terms?)
    }

    /// The parts one after the other along an axis: the sum of the padded parts.
    ///
    /// Errors: [`CombinationError::NoParts`]; [`CombinationError::Shape`] if the parts differ in
    /// another axis; [`CombinationError::View`] if there is no such axis.
    pub fn concatenate(axis: usize, parts: Vec<Self>) -> Result<Self, CombinationError> {
        let first = parts.first().ok_or(CombinationError::NoParts)?;
        let rank = first.shape.len();
        let mut shape = first.shape.clone();
        if axis >= rank {
            return Err(ViewError::Axis { axis, rank }.into());
        }
        let others = |part: &Self| {
            let mut shape = part.shape.clone();
            (axis < shape.len()).then(|| shape.remove(axis));
            shape
        };
        if let Some(part) = parts.iter().find(|part| others(part) != others(first)) {
            let (expected, found) = (first.shape.clone(), part.shape.clone());
            return Err(CombinationError::Shape { expected, found });
        }
        let size = |part: &Self| part.shape.get(axis).copied();
        let total = parts
            .iter()
            .try_fold(0usize, |sum, part| sum.checked_add(size(part)?));
        let total = total.ok_or(ViewError::Limit {
            what: "a concatenated axis overflows",
        })?;
        if let Some(size) = shape.get_mut(axis) {
            *size = total;
        }
        let mut whole = Self::zero(&shape);
        let mut before = 0usize;
        for part in parts {
            let size = size(&part).unwrap_or(0);
            let after = total.saturating_sub(before).saturating_sub(size);
            let padded = |view: View| view.pad(axis, before, after);
            whole.terms.extend(part.map(&shape, padded)?.terms);
            before = before.saturating_add(size);
        }
        Ok(whole)
    }

    /// One element of the tensor, by the reference semantics; `source` gives the tensor behind a
    /// source, or nothing, which reads as zero.
    pub fn get<'a>(&self, x: &[usize], source: impl Fn(Source) -> Option<&'a Tensor>) -> i128 {
        let value = |term: &Term| {
            let read = |y: &[usize]| match (term.view.source(), source(term.view.source())) {
                (Source::One, _) => 1,
                (_, None) => 0,
                (_, Some(tensor)) => {
                    let strides = crate::shape::strides(&tensor.shape);
                    let index = y.iter().zip(strides).map(|(y, stride)| y * stride).sum();
                    tensor.data.get(index).unwrap_or(0)
                }
            };
            i128::from(term.coefficient).wrapping_mul(term.view.get(x, read))
        };
        self.terms
            .iter()
            .fold(0, |sum, term| sum.wrapping_add(value(term)))
    }
}

/// A multiple of the einsum of two combinations.
///
/// Each axis of an operand has a label, and no label occurs twice in one operand. Labels below the
/// rank of the left side are its axes, in order: such a label may occur in `a`, in `b` (a free index)
/// or in both (a batch index). Larger labels occur in both and are summed over.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Einsum {
    /// The factor.
    pub coefficient: i64,
    /// The first operand.
    pub a: Combination,
    /// One label per axis of `a`.
    pub a_labels: Vec<usize>,
    /// The second operand.
    pub b: Combination,
    /// One label per axis of `b`.
    pub b_labels: Vec<usize>,
}
