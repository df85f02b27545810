//! Real tensors.

use tract_onnx::prelude::tract_ndarray::ArrayD;
use tract_onnx::prelude::{DatumType, TDim, Tensor};

/// A row-major tensor of reals: what goes into a float model and comes out of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// The values, last axis fastest.
    pub data: Vec<f64>,
}

/// Magnitudes from here on stand for infinity, as the least number of a type does in masks: they say nothing about
/// where other values lie.
pub(crate) const UNBOUNDED: f64 = 1e30;

impl Array {
    /// The array as a tensor of the type that a graph takes.
    pub(crate) fn to_tensor(&self, to: DatumType) -> Result<Tensor, String> {
        let array = ArrayD::from_shape_vec(self.shape.clone(), self.data.clone());
        let tensor = Tensor::from(array.map_err(|error| error.to_string())?);
        if to == bool::datum_type() {
            let values: Vec<bool> = self.data.iter().map(|&value| value != 0.0).collect();
            let array = ArrayD::from_shape_vec(self.shape.clone(), values);
            return Ok(array.map_err(|error| error.to_string())?.into());
        }
        let tensor = tensor.cast_to_dt(to).map_err(|error| error.to_string())?;
        Ok(tensor.into_owned())
    }

    /// The values of a tensor as reals.
    pub(crate) fn from_tensor(tensor: &Tensor) -> Result<Self, String> {
        let fail = |error: tract_onnx::prelude::TractError| error.to_string();
        let shape = tensor.shape().to_vec();
        let unquantised = if tensor.datum_type() == bool::datum_type()
            || tensor.datum_type() == TDim::datum_type()
        {
            tensor.cast_to::<i64>().map_err(fail)?.into_owned()
        } else {
            tensor.clone()
        };
        let real = unquantised.cast_to::<f64>().map_err(fail)?;
        let view = real.to_plain_array_view::<f64>().map_err(fail)?;
        Ok(Self {
            shape,
            data: view.iter().copied().collect(),
        })
    }

    /// The index along each axis of a row-major position.
    pub(crate) fn index(&self, mut at: usize) -> Vec<usize> {
        let mut index = vec![0; self.shape.len()];
        for (own, &size) in index.iter_mut().zip(&self.shape).rev() {
            *own = at % size.max(1);
            at /= size.max(1);
        }
        index
    }

    /// The smallest and the largest value that is bounded.
    pub(crate) fn range(&self) -> Option<(f64, f64)> {
        let bounded = |value: &f64| value.abs() < UNBOUNDED;
        let finite = self.data.iter().copied().filter(bounded);
        finite.fold(None, |range, value| {
            let (lo, hi) = range.unwrap_or((value, value));
            Some((f64::min(lo, value), f64::max(hi, value)))
        })
    }
}

use tract_onnx::prelude::Datum;
