//! What the graph holds, and what can be computed from that alone.

use super::builder::Refusal;
use super::lazy::{Constant, Lazy};
use super::walk::Quantiser;
use crate::array::Array;
use crate::read::guard;
use program::Dim;
use std::sync::Arc;
use tract_onnx::prelude::{Datum, IntoTValue, IntoTensor, TDim, TractError, TypedNode};
use tract_onnx::tract_core::ops::konst::Const;

impl Quantiser<'_> {
    /// A tensor that the graph holds.
    ///
    /// Errors: a reason if it is no tensor of numbers.
    pub(super) fn constant(
        &self,
        name: &str,
        tensor: Arc<tract_onnx::prelude::Tensor>,
    ) -> Result<Constant, Refusal> {
        let array = guard(|| Array::from_tensor(&tensor)).and_then(|found| found);
        let array =
            array.map_err(|error| format!("the constant is no tensor of numbers: {error}"))?;
        // tract names what it makes of a constant after it.
        let single = &self.model.loaded.single;
        let mut names = name.split('.').scan(String::new(), |name, part| {
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(part);
            Some(name.clone())
        });
        Ok(Constant {
            parameter: names.any(|name| single.contains(&name)),
            name: name.to_owned(),
            array: Arc::new(array),
            tensor,
        })
    }

    /// What the graph holds: numbers, or sizes that are used as data.
    pub(super) fn held(&mut self, name: &str, constant: &Const) -> Result<Lazy, Refusal> {
        let tensor = constant.val();
        let is_size = tensor.datum_type() == TDim::datum_type();
        if !is_size || tensor.cast_to::<i64>().is_ok() {
            return self.constant(name, tensor.clone()).map(Lazy::Constant);
        }
        let failed = |error: TractError| error.to_string();
        let sizes = tensor.try_as_plain_ram().map_err(failed)?;
        let sizes = sizes.as_slice::<TDim>().map_err(failed)?;
        let sizes: Result<Vec<Dim>, Refusal> = sizes.iter().map(|size| self.dim(size)).collect();
        let shape: Vec<Dim> = tensor.shape().iter().map(|&size| Dim::from(size)).collect();
        self.sizes(&sizes?, &shape).map(Lazy::from)
    }

    /// The results of a node whose inputs are all held by the graph.
    pub(super) fn fold(&self, node: &TypedNode, inputs: &[Lazy]) -> Option<Vec<Constant>> {
        let tensors = inputs.iter().map(|input| match input {
            Lazy::Constant(constant) => Some(constant.tensor.clone()),
            Lazy::Pointwise(_) => None,
        });
        let tensors: Option<Vec<_>> = tensors.collect();
        let values = tensors?.into_iter().map(IntoTValue::into_tvalue).collect();
        let results = guard(|| node.op.eval_out_of_plan(values)).ok()?.ok()??;
        let parameter = inputs.iter().any(|input| match input {
            Lazy::Constant(constant) => constant.parameter,
            Lazy::Pointwise(_) => false,
        });
        let constants = results.into_iter().map(|result| {
            let constant = self
                .constant(&node.name, Arc::new(result.into_tensor()))
                .ok()?;
            Some(Constant {
                parameter: constant.parameter || parameter,
                ..constant
            })
        });
        constants.collect()
    }
}
