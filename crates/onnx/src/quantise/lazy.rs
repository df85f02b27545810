//! Values of the graph before anything is computed for them.

use super::builder::Value;
use super::expr::Expr;
use crate::array::Array;
use std::sync::Arc;
use tract_onnx::prelude::Tensor;

/// A tensor that the graph holds.
#[derive(Clone, Debug)]
pub struct Constant {
    /// Its name in the graph.
    pub name: String,
    /// The value.
    pub tensor: Arc<Tensor>,
    /// The value as reals.
    pub array: Arc<Array>,
    /// Whether it is a parameter even if it has one element.
    pub parameter: bool,
}

impl Constant {
    /// The number, if there is one element and it is no parameter.
    pub fn number(&self) -> Option<f64> {
        match self.array.data[..] {
            [number] if !self.parameter => Some(number),
            _ => None,
        }
    }

    /// The constant with other elements.
    pub fn with(&self, array: Array) -> Self {
        Self {
            array: Arc::new(array),
            ..self.clone()
        }
    }

    /// Each element changed.
    pub fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        let data = self.array.data.iter().map(|&value| change(value)).collect();
        let shape = self.array.shape.clone();
        self.with(Array { shape, data })
    }

    /// The same elements under another shape of as many.
    pub fn reshaped(&self, shape: Vec<usize>) -> Self {
        let data = self.array.data.clone();
        self.with(Array { shape, data })
    }
}

/// A function of each element of a value.
#[derive(Clone, Debug)]
pub struct Pointwise {
    /// The value.
    pub base: Value,
    /// The function.
    pub expr: Expr,
    /// Where the results lay in calibration.
    pub range: (f64, f64),
    /// Whether the results are integers or truth values.
    pub integers: bool,
}

/// A value of the graph.
#[derive(Clone, Debug)]
pub enum Lazy {
    /// What the graph holds.
    Constant(Constant),
    /// What depends on inputs.
    Pointwise(Pointwise),
}

impl From<Value> for Lazy {
    fn from(base: Value) -> Self {
        let range = base.range;
        let expr = Expr::Variable;
        let integers = base.integers;
        Self::Pointwise(Pointwise {
            base,
            expr,
            range,
            integers,
        })
    }
}
