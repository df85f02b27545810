//! `OneHotEncoder`: a column for each category, one where a number is it. A number that is no category has no column
//! with a one, whether runtimes allow it (`zeros`) or stop. Reals are cast to integers first, as the standard says.

use super::encoder::{MOST, found, integers_or_reals};
use crate::expand::attributes::{refuse, words};
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct OneHot {
    categories: Vec<f64>,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    if !words(node, "cats_strings")?.is_empty() {
        return refuse(
            node,
            "categories that are words, which no program has; encode them as numbers before the export",
        );
    }
    let categories = integers_or_reals(node, "cats_int64s", "")?;
    if categories.is_empty() || categories.len() > MOST {
        return refuse(
            node,
            format!("{} categories; expected 1 to {MOST}", categories.len()),
        );
    }
    Ok((expand(OneHot { categories }), Vec::new()))
}

/// The categories, but those that come again later, which have no number: runtimes take the last column.
fn last_of_each(categories: &[f64]) -> Vec<f64> {
    /// No integer is it.
    const NOTHING: f64 = 0.5;
    let column = |(at, category): (usize, &f64)| {
        let comes_again = categories[at + 1..].contains(category);
        if comes_again { NOTHING } else { *category }
    };
    categories.iter().enumerate().map(column).collect()
}

impl Expansion for OneHot {
    fn name(&self) -> StaticName {
        "OneHotEncoder".into()
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
        s.equals(&y.datum_type, f32::datum_type())?;
        s.given(&x.shape, move |s, mut shape| {
            shape.push(self.categories.len().to_dim());
            s.equals(&y.shape, shape)
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("an encoder has one input"));
        };
        let mut wires = Wires::new(graph, prefix.to_owned());
        let x = wires.cast("whole", x, i64::datum_type())?;
        let x = wires.cast("rows", x, f32::datum_type())?;
        Ok(tvec![found(
            &mut wires,
            x,
            &last_of_each(&self.categories)
        )?])
    }
}
