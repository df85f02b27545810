//! Integer tensors in memory.

use crate::{interval::Interval, shape};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Row-major values in the narrowest signed type that holds them all: small integers stay small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Data {
    /// Values that fit in 8 bits.
    I8(#[serde(with = "crate::packed")] Vec<i8>),
    /// Values that fit in 16 bits.
    I16(#[serde(with = "crate::packed")] Vec<i16>),
    /// Values that fit in 32 bits.
    I32(#[serde(with = "crate::packed")] Vec<i32>),
    /// Any other values.
    I64(#[serde(with = "crate::packed")] Vec<i64>),
}

impl Data {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::I8(values) => values.len(),
            Self::I16(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
        }
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<i64> {
        match self {
            Self::I8(values) => values.get(index).map(|&value| value.into()),
            Self::I16(values) => values.get(index).map(|&value| value.into()),
            Self::I32(values) => values.get(index).map(|&value| value.into()),
            Self::I64(values) => values.get(index).copied(),
        }
    }

    /// The values in the narrowest type that holds them all.
    pub fn narrowed(values: Vec<i64>) -> Self {
        fn all<T: TryFrom<i64>>(values: &[i64]) -> Option<Vec<T>> {
            values
                .iter()
                .map(|&value| T::try_from(value).ok())
                .collect()
        }
        let narrow = all(&values)
            .map(Self::I8)
            .or_else(|| all(&values).map(Self::I16))
            .or_else(|| all(&values).map(Self::I32));
        narrow.unwrap_or(Self::I64(values))
    }
}

/// A row-major integer tensor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawTensor")]
pub struct Tensor {
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// The values, last axis fastest.
    pub data: Data,
}

/// A tensor as it stands in a file, before its length is compared with its shape.
#[derive(Deserialize)]
struct RawTensor {
    shape: Vec<usize>,
    data: Data,
}

impl TryFrom<RawTensor> for Tensor {
    type Error = TensorError;

    fn try_from(raw: RawTensor) -> Result<Self, TensorError> {
        Self::new(raw.shape, raw.data)
    }
}

/// Why a tensor was refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TensorError {
    /// The shape has an empty axis, too many axes or too many elements.
    #[error("shape {shape:?}: expected at most 16 axes, none empty, and at most 2^40 elements")]
    Shape {
        /// The shape that was found.
        shape: Vec<usize>,
    },
    /// The number of values is not the number of elements of the shape.
    #[error("shape {shape:?} has {expected} elements, found {found} values")]
    Length {
        /// The shape.
        shape: Vec<usize>,
        /// Its number of elements.
        expected: usize,
        /// The number of values.
        found: usize,
    },
}

impl Tensor {
    /// A tensor of a shape and as many values.
    ///
    /// Errors: [`TensorError`] if the shape is out of bounds or the lengths differ.
    pub fn new(shape: Vec<usize>, data: Data) -> Result<Self, TensorError> {
        let Some(expected) = shape::len(&shape) else {
            return Err(TensorError::Shape { shape });
        };
        if data.len() != expected {
            return Err(TensorError::Length {
                shape,
                expected,
                found: data.len(),
            });
        }
        Ok(Self { shape, data })
    }

    /// As [`Tensor::new`], with the values narrowed to the smallest type that holds them.
    ///
    /// Errors: as [`Tensor::new`].
    pub fn from_i64s(shape: Vec<usize>, values: Vec<i64>) -> Result<Self, TensorError> {
        Self::new(shape, Data::narrowed(values))
    }

    /// A scalar.
    pub fn scalar(value: i64) -> Self {
        Self {
            shape: Vec::new(),
            data: Data::narrowed(alloc::vec![value]),
        }
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there are no elements; no tensor that [`Tensor::new`] accepts is empty.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The value at a row-major index.
    ///
    /// # Panics
    ///
    /// If the index is not below [`Tensor::len`].
    pub fn get(&self, index: usize) -> i64 {
        let value = self.data.get(index);
        assert!(
            value.is_some(),
            "index {index} is not below the length {}",
            self.len()
        );
        value.unwrap_or_default()
    }

    /// All values, widened.
    pub fn to_i64s(&self) -> Vec<i64> {
        match &self.data {
            Data::I8(values) => values.iter().map(|&value| value.into()).collect(),
            Data::I16(values) => values.iter().map(|&value| value.into()).collect(),
            Data::I32(values) => values.iter().map(|&value| value.into()).collect(),
            Data::I64(values) => values.clone(),
        }
    }

    /// The smallest interval that holds every value; `0..=0` for an empty tensor.
    pub fn interval(&self) -> Interval {
        fn range<T: Copy + Ord + Into<i64>>(values: &[T]) -> Interval {
            let lo = values.iter().copied().min().map_or(0, Into::into);
            let hi = values.iter().copied().max().map_or(0, Into::into);
            Interval::new(lo, hi)
        }
        match &self.data {
            Data::I8(values) => range(values),
            Data::I16(values) => range(values),
            Data::I32(values) => range(values),
            Data::I64(values) => range(values),
        }
    }
}
