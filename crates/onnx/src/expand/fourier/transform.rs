//! `DFT`.

use super::Matrix;
use crate::expand::SymbolicSize;
use crate::expand::attributes::{integer, present, refuse, unsupported};
use crate::expand::held::{integers, shape_by, values};
use crate::expand::wires::Wires;
use std::sync::Arc;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::{DimLike, StaticName};
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// The longest transform.
const MOST: usize = 1 << 14;

#[derive(Clone, Debug)]
struct Transform {
    /// The name of the node.
    node: String,
    /// The axis, if it is no input.
    axis: i64,
    /// Which inputs behind the first are length and axis.
    length_at: Option<usize>,
    axis_at: Option<usize>,
    inverse: bool,
    one_sided: bool,
}

/// A transform of a tensor of known shape.
struct Plan {
    axis: usize,
    matrix: Matrix,
}

/// Reads a node.
pub fn build(
    context: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let is_older = context.onnx_operator_set_version < 20;
    let there = present(&node.input, 3);
    let behind = |at: usize| there.get(at).copied().flatten().map(|at| at - 1);
    if there.first() != Some(&Some(0)) {
        return refuse(node, "there is nothing to transform");
    }
    let found = Transform {
        node: crate::read::name(node).to_owned(),
        axis: if is_older {
            integer(node, "axis", 1)?
        } else {
            -2
        },
        length_at: behind(1),
        axis_at: behind(2),
        inverse: integer(node, "inverse", 0)? != 0,
        one_sided: integer(node, "onesided", 0)? != 0,
    };
    Ok((expand(found), Vec::new()))
}

impl Transform {
    fn fail<T>(&self, reason: &str) -> TractResult<T> {
        Err(unsupported(&self.node, "DFT", reason))
    }

    fn plan(&self, shape: &[TDim], held: &[Arc<Tensor>]) -> TractResult<Plan> {
        let number = |at: Option<usize>| -> TractResult<Option<i64>> {
            let Some(tensor) = at.and_then(|at| held.get(at)) else {
                return Ok(None);
            };
            Ok(integers(tensor)?.first().copied())
        };
        let rank = i64::try_from(shape.len())?;
        let axis = number(self.axis_at)?.unwrap_or(self.axis);
        let axis = if axis < 0 { axis + rank } else { axis };
        let [outer @ .., parts] = shape else {
            return self.fail("a tensor without axes");
        };
        let own = usize::try_from(axis).ok().and_then(|at| outer.get(at));
        let parts = parts.to_usize().ok().filter(|parts| [1, 2].contains(parts));
        let (Some(own), Some(parts)) = (own, parts) else {
            return self.fail("an axis before the last, which has one part or two, is expected");
        };
        let Ok(elements) = own.to_usize() else {
            return Err(TractError::from(SymbolicSize {
                node: self.node.clone(),
                operator: "DFT",
                what: "the number of elements",
                size: own.to_string(),
            }));
        };
        let is_real = self.inverse && self.one_sided;
        let usual = if is_real {
            2 * elements.saturating_sub(1)
        } else {
            elements
        };
        let len = number(self.length_at)?.map_or(Ok(usual), usize::try_from)?;
        if len == 0 || len.max(elements) > MOST {
            return self.fail("a transform of no or too many elements");
        }
        if is_real && parts == 1 {
            return self.fail("frequencies without imaginary parts");
        }
        let matrix = Matrix {
            elements,
            len,
            complex: parts == 2,
            frequencies: match self.one_sided {
                _ if is_real => len,
                true => len / 2 + 1,
                false => len,
            },
        };
        if !matrix.fits() {
            return self.fail("more elements and frequencies than there is room for");
        }
        Ok(Plan {
            axis: usize::try_from(axis)?,
            matrix,
        })
    }

    /// How many parts an element of the result has.
    fn parts(&self) -> usize {
        if self.inverse && self.one_sided { 1 } else { 2 }
    }
}

impl Expansion for Transform {
    fn name(&self) -> StaticName {
        "DFT".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        shape_by(s, inputs, outputs, move |shape, held| {
            let plan = self.plan(shape, held)?;
            let sizes = shape.iter().enumerate().map(|(axis, size)| match axis {
                axis if axis == plan.axis => plan.matrix.frequencies.to_dim(),
                axis if axis + 1 == shape.len() => self.parts().to_dim(),
                _ => size.clone(),
            });
            Ok(sizes.collect())
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let [x, ref held @ ..] = *inputs else {
            return self.fail("there is nothing to transform");
        };
        let held = values(graph, (&self.node, "DFT"), held)?;
        let fact = graph.outlet_fact(x)?.clone();
        let Plan { axis, matrix } = self.plan(&fact.shape, &held)?;
        let rows = if self.parts() == 1 {
            matrix.real_values()
        } else {
            matrix.values(self.inverse)
        };
        let shape = [
            matrix.elements,
            matrix.parts(),
            matrix.frequencies,
            self.parts(),
        ];
        let mut wires = Wires::new(graph, prefix.to_owned());
        let rows = wires.parameter("matrix", fact.datum_type, &shape, rows)?;
        let last = fact.rank() - 1;
        if last > 20 {
            return self.fail("more axes than there are letters");
        }
        let letters = |own: char, parts: char| -> String {
            let letter = |at: usize| match at {
                at if at == axis => own,
                at if at == last => parts,
                at => char::from(b'a' + u8::try_from(at).unwrap_or(0)),
            };
            (0..=last).map(letter).collect()
        };
        let how = format!("{},wxyz->{}", letters('w', 'x'), letters('y', 'z'));
        Ok(tvec![wires.einsum("transformed", &how, x, rows)?])
    }
}
