//! `LinearClassifier`: scores are a matrix product.

use super::classes::{Classes, Transform};
use crate::expand::attributes::{reals, refuse, word};
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct Linear {
    /// A row for each score.
    coefficients: Vec<f64>,
    intercepts: Vec<f64>,
    scores: usize,
    classes: Classes,
    transform: Transform,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let classes = Classes::read(node, "classlabels_ints")?;
    let (coefficients, mut intercepts) = (reals(node, "coefficients")?, reals(node, "intercepts")?);
    // Without intercepts there is a score for each class.
    if intercepts.is_empty() {
        intercepts = vec![0.0; classes.len()];
    }
    let scores = intercepts.len();
    let classes = match scores {
        1 if classes.len() == 2 => classes.of_one_score(false),
        other if other == classes.len() => classes,
        other => {
            return refuse(
                node,
                format!("{other} intercepts for {} classes", classes.len()),
            );
        }
    };
    if coefficients.is_empty() || !coefficients.len().is_multiple_of(scores) {
        return refuse(
            node,
            format!("{} coefficients for {scores} scores", coefficients.len()),
        );
    }
    let transform = match Transform::read(word(node, "post_transform", "NONE")?) {
        Ok(transform) => transform,
        Err(reason) => return refuse(node, reason),
    };
    let found = Linear {
        coefficients,
        intercepts,
        scores,
        classes,
        transform,
    };
    Ok((expand(found), Vec::new()))
}

impl Expansion for Linear {
    fn name(&self) -> StaticName {
        "LinearClassifier".into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.classes.outputs())
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let [x] = inputs else {
            return Err(TractError::msg("a classifier has one input"));
        };
        s.equals(&x.rank, 2)?;
        self.classes.rules(s, x, outputs, self.classes.len())
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("a classifier has one input"));
        };
        let kind = f32::datum_type();
        let mut wires = Wires::new(graph, prefix.to_owned());
        let x = wires.cast("rows", x, kind)?;
        let shape = [self.scores, self.coefficients.len() / self.scores];
        let weights = wires.parameter("coefficients", kind, &shape, self.coefficients.clone())?;
        let product = wires.einsum("product", "mk,nk->mn", x, weights)?;
        let bias = wires.parameter(
            "intercepts",
            kind,
            &[1, self.scores],
            self.intercepts.clone(),
        )?;
        let scores = wires.binary("scores", Box::new(math::Add), product, bias)?;
        self.classes.wire(&mut wires, scores, self.transform)
    }
}
