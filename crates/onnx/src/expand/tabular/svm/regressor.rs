//! `SVMRegressor`: a sum over support vectors.

use super::kernel::Machine;
use crate::expand::attributes::{integer, reals, refuse};
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::logic::CompGT;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct Regressor {
    machine: Machine,
    /// A factor for each support vector.
    coefficients: Vec<f64>,
    offset: f64,
    /// Whether the result is the side on which a row lies, 1 or -1.
    one_class: bool,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let coefficients = reals(node, "coefficients")?;
    let count = integer(node, "n_supports", 0)?;
    if usize::try_from(count) != Ok(coefficients.len()) {
        return refuse(
            node,
            format!(
                "{} coefficients for {count} support vectors (n_supports)",
                coefficients.len()
            ),
        );
    }
    let offset = reals(node, "rho")?;
    let [offset] = offset[..] else {
        return refuse(node, format!("rho has {} numbers, not one", offset.len()));
    };
    let found = Regressor {
        machine: Machine::read(node, coefficients.len())?,
        coefficients,
        offset,
        one_class: integer(node, "one_class", 0)? != 0,
    };
    Ok((expand(found), Vec::new()))
}

impl Expansion for Regressor {
    fn name(&self) -> StaticName {
        "SVMRegressor".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([x], [y]) = (inputs, outputs) else {
            return Err(TractError::msg("one input and one output are expected"));
        };
        s.equals(&x.rank, 2)?;
        s.equals(&y.datum_type, f32::datum_type())?;
        s.equals(&y.rank, 2)?;
        s.equals(&y.shape[0], &x.shape[0])?;
        s.equals(&y.shape[1], 1.to_dim())
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("a machine has one input"));
        };
        let kind = f32::datum_type();
        let mut wires = Wires::new(graph, prefix.to_owned());
        let kernel = self.machine.wire(&mut wires, x)?;
        let shape = [1, self.coefficients.len()];
        let factors = wires.parameter("coefficients", kind, &shape, self.coefficients.clone())?;
        let sum = wires.einsum("sum", "mk,nk->mn", kernel, factors)?;
        let offset = wires.parameter("rho", kind, &[1, 1], vec![self.offset])?;
        let mut value = wires.binary("value", Box::new(math::Add), sum, offset)?;
        if self.one_class {
            let limit = wires.number("limit", value, 0.0)?;
            let above = wires.binary("above", Box::new(CompGT), value, limit)?;
            let above = wires.node("bit", cast(kind), &[above])?;
            let both = wires.binary("twice", Box::new(math::Add), above, above)?;
            let one = wires.number("one", both, 1.0)?;
            value = wires.binary("side", Box::new(math::Sub), both, one)?;
        }
        Ok(tvec![value])
    }
}
