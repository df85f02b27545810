//! Inputs of a node that the model holds: shapes, paddings, places.

use super::attributes::unsupported;
use std::sync::Arc;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{InferenceResult, Solver, TensorProxy};

/// The integers of a tensor.
pub fn integers(tensor: &Tensor) -> TractResult<Vec<i64>> {
    let tensor = tensor.cast_to::<i64>()?;
    Ok(tensor.try_as_plain_ram()?.as_slice::<i64>()?.to_vec())
}

/// What the model holds as each of some inputs of a node, which has a name and an operator.
///
/// Errors: one of them is computed, which is not supported.
pub fn values(
    graph: &TypedModel,
    (node, operator): (&str, &str),
    inputs: &[OutletId],
) -> TractResult<Vec<Arc<Tensor>>> {
    let held = inputs.iter().map(|input| {
        let held = graph.outlet_fact(*input)?.konst.clone();
        held.ok_or_else(|| {
            let name = &graph.node(input.node).name;
            let reason = format!("its input {name:?} has to be a constant of the graph");
            unsupported(node, operator, reason)
        })
    });
    held.collect()
}

/// That the result has the type of the first input, and the shape that follows from its shape and the values of the
/// others.
pub fn shape_by<'r, 'p: 'r, F>(
    s: &mut Solver<'r>,
    inputs: &'p [TensorProxy],
    outputs: &'p [TensorProxy],
    shape: F,
) -> InferenceResult
where
    F: Fn(&[TDim], &[Arc<Tensor>]) -> TractResult<TVec<TDim>> + Copy + 'r,
{
    let ([x, held @ ..], [y]) = (inputs, outputs) else {
        return Err(TractError::msg("an input and one output are expected"));
    };
    s.equals(&x.datum_type, &y.datum_type)?;
    s.given(&x.shape, move |s, own| {
        if held.is_empty() {
            return s.equals(&y.shape, shape(&own, &[])?);
        }
        s.given_all(held.iter().map(|input| &input.value), move |s, values| {
            s.equals(&y.shape, shape(&own, &values)?)
        })
    })
}
