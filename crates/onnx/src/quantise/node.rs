//! A node of the graph as lowering sees it.

use super::builder::Refusal;
use super::lazy::{Constant, Lazy};
use program::Dim;
use tract_onnx::prelude::{DatumType, TypedOp};

/// A node of the graph.
pub struct Node<'a> {
    /// Its operator.
    pub op: &'a dyn TypedOp,
    /// Its name.
    pub name: &'a str,
    /// What goes in.
    pub inputs: Vec<Lazy>,
    /// Shapes of what goes in.
    pub input_shapes: Vec<Vec<Dim>>,
    /// Types of what goes in.
    pub input_types: Vec<DatumType>,
    /// Shapes of what comes out.
    pub shapes: Vec<Vec<Dim>>,
    /// Types of what comes out.
    pub types: Vec<DatumType>,
    /// Where the results lay in calibration.
    pub ranges: Vec<(f64, f64)>,
}

impl Node<'_> {
    /// The operator, if it is a `T`.
    pub fn op_as<T: TypedOp>(&self) -> Option<&T> {
        self.op.downcast_ref::<T>()
    }

    /// An input.
    pub fn input(&self, at: usize) -> Result<&Lazy, Refusal> {
        { self.inputs.get(at) }.ok_or_else(|| format!("input {at} is missing"))
    }

    /// An input that the graph holds.
    pub fn constant(&self, at: usize) -> Result<&Constant, Refusal> {
        match self.input(at)? {
            Lazy::Constant(constant) => Ok(constant),
            Lazy::Pointwise(_) => Err(format!("input {at} must be a constant")),
        }
    }

    /// Shape of an input.
    pub fn input_shape(&self, at: usize) -> &[Dim] {
        self.input_shapes.get(at).map_or(&[], Vec::as_slice)
    }

    /// Shape of the first result.
    pub fn shape(&self) -> &[Dim] {
        self.shapes.first().map_or(&[], Vec::as_slice)
    }

    /// Range of the first result.
    pub fn range(&self) -> (f64, f64) {
        self.ranges.first().copied().unwrap_or((-1.0, 1.0))
    }
}
