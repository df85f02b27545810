//! `Gemm`, in double precision too, for which tract has factors of single precision.

use super::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// `alpha a b + beta c`.
#[derive(Clone, Debug)]
struct Gemm {
    alpha: f64,
    beta: f64,
    /// Whether each of the first two is transposed.
    transposed: [bool; 2],
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let factor = |name: &str| -> TractResult<f64> {
        Ok(node.get_attr_opt::<f32>(name)?.unwrap_or(1.0).into())
    };
    let is_set =
        |name: &str| -> TractResult<bool> { Ok(super::attributes::integer(node, name, 0)? != 0) };
    let found = Gemm {
        alpha: factor("alpha")?,
        beta: factor("beta")?,
        transposed: [is_set("transA")?, is_set("transB")?],
    };
    Ok((expand(found), Vec::new()))
}

impl Expansion for Gemm {
    fn name(&self) -> StaticName {
        "Gemm".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([a, b, others @ ..], [y]) = (inputs, outputs) else {
            return Err(TractError::msg("two matrices are expected"));
        };
        for matrix in [a, b, y] {
            s.equals(&matrix.rank, 2)?;
            s.equals(&matrix.datum_type, &y.datum_type)?;
        }
        for other in others {
            s.equals(&other.datum_type, &y.datum_type)?;
        }
        let [turned_a, turned_b] = self.transposed.map(usize::from);
        s.equals(&a.shape[turned_a], &y.shape[0])?;
        s.equals(&a.shape[1 - turned_a], &b.shape[turned_b])?;
        s.equals(&b.shape[1 - turned_b], &y.shape[1])
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let [a, b, ref others @ ..] = *inputs else {
            return Err(TractError::msg("two matrices are expected"));
        };
        let mut wires = Wires::new(graph, prefix.to_owned());
        let [a_axes, b_axes] = [
            (self.transposed[0], "mk", "km"),
            (self.transposed[1], "kn", "nk"),
        ]
        .map(|(is_turned, straight, turned)| if is_turned { turned } else { straight });
        let mut value = wires.einsum("ab", &format!("{a_axes},{b_axes}->mn"), a, b)?;
        // A factor of one is left out, not multiplied by.
        if self.alpha != 1.0 {
            let alpha = wires.number("alpha", value, self.alpha)?;
            value = wires.binary("scaled", Box::new(math::Mul), value, alpha)?;
        }
        if let (&[mut other], true) = (others, self.beta != 0.0) {
            for axis in wires.fact(other)?.rank()..2 {
                other = wires.axis(&format!("c.{axis}"), AxisOp::Add(0), other)?;
            }
            if self.beta != 1.0 {
                let beta = wires.number("beta", other, self.beta)?;
                other = wires.binary("beta c", Box::new(math::Mul), other, beta)?;
            }
            value = wires.binary("sum", Box::new(math::Add), value, other)?;
        }
        Ok(tvec![value])
    }
}
