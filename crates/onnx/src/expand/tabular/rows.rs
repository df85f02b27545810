//! Operators that change each row and keep its shape.

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{InferenceResult, Solver, TensorProxy};

/// One input and one output of the same shape, of single precision.
pub fn same_shape<'r, 'p: 'r>(
    s: &mut Solver<'r>,
    inputs: &'p [TensorProxy],
    outputs: &'p [TensorProxy],
) -> InferenceResult {
    let ([x], [y]) = (inputs, outputs) else {
        return Err(TractError::msg("one input and one output are expected"));
    };
    s.equals(&y.datum_type, f32::datum_type())?;
    s.equals(&x.shape, &y.shape)
}
