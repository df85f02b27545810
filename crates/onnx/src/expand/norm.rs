//! Norms that tract has in another way: the norm of an image is of the sum, not of the mean, and a row is divided by its
//! maximum, not by that of its magnitudes.

use super::attributes::{integer, refuse, word};
use super::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::logic::{CompEq, Iff};
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// `(sum |x|^p)^(1/p)` along the axes behind batch and channels.
#[derive(Clone, Debug)]
struct GlobalLpPool {
    p: i64,
}

/// Rows over a number that they have.
#[derive(Clone, Debug)]
enum Normalizer {
    Maximum,
    /// The norm by the first or the second power.
    Norm(i64),
}

/// Reads a pool.
pub fn global(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let p = integer(node, "p", 2)?;
    if p < 1 {
        return refuse(node, format!("p is {p}, expected at least 1"));
    }
    Ok((expand(GlobalLpPool { p }), Vec::new()))
}

/// Reads a normalisation of rows.
pub fn rows(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let by = match word(node, "norm", "MAX")? {
        "MAX" => Normalizer::Maximum,
        "L1" => Normalizer::Norm(1),
        "L2" => Normalizer::Norm(2),
        other => return refuse(node, format!("norm {other:?}; expected MAX, L1 or L2")),
    };
    Ok((expand(by), Vec::new()))
}

/// `(sum |x|^p)^(1/p)` along some axes, which have size one afterwards.
fn norm(wires: &mut Wires<'_>, x: OutletId, p: i64, axes: TVec<usize>) -> TractResult<OutletId> {
    let powers = match p {
        1 => wires.node("magnitude", math::abs(), &[x])?,
        2 => wires.node("square", math::square(), &[x])?,
        _ => {
            let magnitude = wires.node("magnitude", math::abs(), &[x])?;
            let exponent = wires.number("exponent", x, f64::from(u32::try_from(p)?))?;
            wires.binary("power", Box::new(math::Pow), magnitude, exponent)?
        }
    };
    let sum = wires.node("sum", Reduce::new(axes, Reducer::Sum), &[powers])?;
    match p {
        1 => Ok(sum),
        2 => wires.node("root", math::sqrt(), &[sum]),
        _ => {
            let exponent = f64::from(u32::try_from(p)?).recip();
            let exponent = wires.number("exponent of root", sum, exponent)?;
            wires.binary("root", Box::new(math::Pow), sum, exponent)
        }
    }
}

impl Expansion for GlobalLpPool {
    fn name(&self) -> StaticName {
        "GlobalLpPool".into()
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
        s.given(&x.shape, move |s, shape| {
            let sizes = shape.iter().enumerate().map(|(axis, size)| match axis {
                0 | 1 => size.clone(),
                _ => 1.to_dim(),
            });
            s.equals(&y.shape, sizes.collect::<TVec<TDim>>())
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("a pool has one input"));
        };
        let axes = 2..graph.outlet_fact(x)?.rank();
        let mut wires = Wires::new(graph, prefix.to_owned());
        Ok(tvec![norm(&mut wires, x, self.p, axes.collect())?])
    }
}

impl Expansion for Normalizer {
    fn name(&self) -> StaticName {
        "Normalizer".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        super::tabular::same_shape(s, inputs, outputs)
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("rows are one input"));
        };
        let mut wires = Wires::new(graph, prefix.to_owned());
        let x = wires.cast("rows", x, f32::datum_type())?;
        let Some(last) = wires.fact(x)?.rank().checked_sub(1) else {
            return Err(TractError::msg("rows without an axis"));
        };
        let by = match self {
            Self::Maximum => wires.node("most", Reduce::new(tvec![last], Reducer::Max), &[x])?,
            Self::Norm(p) => norm(&mut wires, x, *p, tvec![last])?,
        };
        // A row that would be divided by zero stays as it is.
        let (zero, one) = (
            wires.number("zero", by, 0.0)?,
            wires.number("one", by, 1.0)?,
        );
        let is_zero = wires.binary("is zero", Box::new(CompEq), by, zero)?;
        let by = wires.node("divisor", Iff, &[is_zero, one, by])?;
        Ok(tvec![wires.binary(
            "divided",
            Box::new(math::Div),
            x,
            by
        )?])
    }
}
