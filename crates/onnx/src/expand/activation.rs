//! Activations with a factor that tract leaves out.

use super::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::{math, nn};
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
enum Activation {
    /// `max(0, x) + min(0, alpha (exp(x / alpha) - 1))`.
    Celu { alpha: f64 },
    /// `x sigmoid(alpha x)`.
    Swish { alpha: f64 },
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let alpha = node.get_attr_opt::<f32>("alpha")?.unwrap_or(1.0).into();
    let activation = if node.op_type == "Celu" {
        if alpha == 0.0 {
            return super::attributes::refuse(node, "alpha is zero, and it is divided by");
        }
        Activation::Celu { alpha }
    } else {
        Activation::Swish { alpha }
    };
    Ok((expand(activation), Vec::new()))
}

impl Expansion for Activation {
    fn name(&self) -> StaticName {
        match self {
            Self::Celu { .. } => "Celu".into(),
            Self::Swish { .. } => "Swish".into(),
        }
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
        s.equals(&x.datum_type, &y.datum_type)?;
        s.equals(&x.shape, &y.shape)
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("an activation has one input"));
        };
        let mut wires = Wires::new(graph, prefix.to_owned());
        let output = match *self {
            Self::Celu { alpha } => celu(&mut wires, x, alpha)?,
            Self::Swish { alpha } => swish(&mut wires, x, alpha)?,
        };
        Ok(tvec![output])
    }
}

fn celu(wires: &mut Wires<'_>, x: OutletId, alpha: f64) -> TractResult<OutletId> {
    let zero = wires.number("zero", x, 0.0)?;
    let one = wires.number("one", x, 1.0)?;
    let mut below = x;
    // A factor of one is left out, not multiplied by.
    let factor = match alpha {
        1.0 => None,
        _ => Some(wires.number("alpha", x, alpha)?),
    };
    if let Some(alpha) = factor {
        below = wires.binary("over alpha", Box::new(math::Div), below, alpha)?;
    }
    below = wires.node("exp", math::exp(), &[below])?;
    below = wires.binary("minus one", Box::new(math::Sub), below, one)?;
    if let Some(alpha) = factor {
        below = wires.binary("times alpha", Box::new(math::Mul), below, alpha)?;
    }
    let below = wires.binary("below", Box::new(math::Min), zero, below)?;
    let above = wires.binary("above", Box::new(math::Max), zero, x)?;
    wires.binary("sum", Box::new(math::Add), above, below)
}

fn swish(wires: &mut Wires<'_>, x: OutletId, alpha: f64) -> TractResult<OutletId> {
    if alpha == 1.0 {
        return wires.node("silu", nn::silu::silu(), &[x]);
    }
    let alpha = wires.number("alpha", x, alpha)?;
    let scaled = wires.binary("scaled", Box::new(math::Mul), x, alpha)?;
    let gate = wires.node("gate", nn::sigmoid(), &[scaled])?;
    wires.binary("gated", Box::new(math::Mul), x, gate)
}
