//! Forests of decision trees: comparisons, and two dense layers.
//!
//! Every different comparison of the forest is made once, however many nodes ask it. A leaf is reached if all
//! comparisons on its path came out as the path says, so if
//!
//! ```text
//! sum of (bits that have to be 1) - sum of (bits that have to be 0) - (how many have to be 1) + 1
//! ```
//!
//! is 1; it is 0 or less elsewhere. So leaves are rectifiers of a matrix product of bits, and scores a matrix product
//! of leaves. A leaf costs a proof two values, a comparison about four; the paths are parameters.

mod attributes;
mod forest;
mod joint;
mod wire;

pub use attributes::build;

use super::tabular::classes::{Classes, Transform};
use forest::Forest;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::Expansion;

/// A forest with what is done with its scores.
#[derive(Clone, Debug)]
struct Ensemble {
    operator: &'static str,
    forest: Forest,
    /// Added to the scores.
    base: Vec<f64>,
    /// A classifier's classes.
    classes: Option<Classes>,
    transform: Transform,
}

impl Expansion for Ensemble {
    fn name(&self) -> StaticName {
        self.operator.into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.classes.as_ref().map_or(1, Classes::outputs))
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([x], Some(first)) = (inputs, outputs.first()) else {
            return Err(TractError::msg("a forest has one input"));
        };
        s.equals(&x.rank, 2)?;
        if let Some(classes) = &self.classes {
            return classes.rules(s, x, outputs, classes.len());
        }
        s.equals(&first.datum_type, f32::datum_type())?;
        s.equals(&first.rank, 2)?;
        s.equals(&first.shape[0], &x.shape[0])?;
        s.equals(&first.shape[1], self.forest.targets.to_dim())
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("a forest has one input"));
        };
        let mut wires = super::wires::Wires::new(graph, prefix.to_owned());
        let scores = self.scores(&mut wires, x)?;
        match &self.classes {
            Some(classes) => classes.wire(&mut wires, scores, self.transform),
            None => Ok(tvec![self.transform.wire(&mut wires, scores)?]),
        }
    }
}
