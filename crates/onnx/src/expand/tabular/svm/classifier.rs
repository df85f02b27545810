//! `SVMClassifier`: a score for each pair of classes, each of which votes for one of the two.

use super::kernel::{Machine, check_size};
use crate::expand::attributes::{integers, reals, refuse, word};
use crate::expand::tabular::classes::Classes;
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::logic::CompGT;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::sigmoid;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

#[derive(Clone, Debug)]
struct Classifier {
    machine: Machine,
    /// A row for each pair: the factors of all support vectors.
    coefficients: Vec<f64>,
    offsets: Vec<f64>,
    classes: Classes,
    /// Slope and offset of the line whose logistic is the probability of the second of two classes.
    probability: Option<[f64; 2]>,
}

/// The pairs of classes, in the order of their scores.
fn pairs(classes: usize) -> impl Iterator<Item = [usize; 2]> {
    (0..classes).flat_map(move |first| (first + 1..classes).map(move |second| [first, second]))
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let classes = Classes::read(node, "classlabels_ints")?;
    let transform = word(node, "post_transform", "NONE")?;
    if transform != "NONE" {
        return refuse(
            node,
            format!("the function of scores (post_transform) {transform:?}; expected NONE"),
        );
    }
    let counts: Result<Vec<usize>, _> = { integers(node, "vectors_per_class")?.iter() }
        .map(|&count| usize::try_from(count))
        .collect();
    let counts = counts?;
    let total = { counts.iter() }.try_fold(0usize, |sum, &count| sum.checked_add(count));
    let total = total.unwrap_or(usize::MAX);
    let offsets = reals(node, "rho")?;
    if counts.len() != classes.len() || offsets.len() != pairs(classes.len()).count() {
        return refuse(
            node,
            format!(
                "support vectors of {} classes and {} offsets (rho) for {} classes; a machine without support vectors is a \
                 LinearClassifier",
                counts.len(),
                offsets.len(),
                classes.len()
            ),
        );
    }
    check_size(node, offsets.len(), total)?;
    let found = Classifier {
        machine: Machine::read(node, total)?,
        coefficients: coefficients(node, &counts, total)?,
        offsets,
        probability: probability(node, classes.len())?,
        classes,
    };
    Ok((expand(found), Vec::new()))
}

/// The factors of all support vectors, pair by pair: those of the first class stand in the row of the second class less
/// one, those of the second in the row of the first.
fn coefficients(node: &NodeProto, counts: &[usize], total: usize) -> TractResult<Vec<f64>> {
    let found = reals(node, "coefficients")?;
    if found.len() != total * (counts.len() - 1) {
        return refuse(
            node,
            format!("{} coefficients for {total} support vectors", found.len()),
        );
    }
    let starts: Vec<usize> = { counts.iter() }
        .scan(0, |next, count| {
            *next += count;
            Some(*next - count)
        })
        .collect();
    let mut all = Vec::new();
    for [first, second] in pairs(counts.len()) {
        let mut row = vec![0.0; total];
        for (of, from) in [(first, second - 1), (second, first)] {
            let own = starts[of]..starts[of] + counts[of];
            row[own.clone()].copy_from_slice(&found[from * total..][own]);
        }
        all.extend(row);
    }
    Ok(all)
}

/// How a score becomes a probability.
fn probability(node: &NodeProto, classes: usize) -> TractResult<Option<[f64; 2]>> {
    match (&reals(node, "prob_a")?[..], &reals(node, "prob_b")?[..]) {
        ([], []) => Ok(None),
        (&[slope], &[offset]) if classes == 2 => Ok(Some([slope, offset])),
        _ => refuse(
            node,
            "probabilities of more than two classes, which take as many steps as the data need; export the scores \
             (probability=False)",
        ),
    }
}

impl Classifier {
    /// The place of the class with most votes, the first of several.
    fn place(&self, wires: &mut Wires<'_>, scores: OutletId) -> TractResult<OutletId> {
        let count = self.classes.len();
        let limit = wires.number("limit", scores, 0.0)?;
        let above = wires.binary("above", Box::new(CompGT), scores, limit)?;
        let above = wires.cast("bits", above, f32::datum_type())?;
        // A pair votes for its first class if the bit is one, else for its second.
        let mut votes = vec![0.0; count * self.offsets.len()];
        let mut others = vec![0.0; count];
        for (at, [first, second]) in pairs(count).enumerate() {
            votes[first * self.offsets.len() + at] = 1.0;
            votes[second * self.offsets.len() + at] = -1.0;
            others[second] += 1.0;
        }
        let kind = f32::datum_type();
        let votes = wires.parameter("votes", kind, &[count, self.offsets.len()], votes)?;
        let votes = wires.einsum("counted", "mk,nk->mn", above, votes)?;
        let others = wires.parameter("others", kind, &[1, count], others)?;
        let votes = wires.binary("all votes", Box::new(math::Add), votes, others)?;
        Classes::largest(wires, votes)
    }

    /// The scores as an output: of two classes one for each.
    fn output(&self, wires: &mut Wires<'_>, scores: OutletId) -> TractResult<OutletId> {
        if self.classes.len() != 2 {
            return Ok(scores);
        }
        let kind = f32::datum_type();
        let Some([slope, offset]) = self.probability else {
            let other = wires.node("other", math::neg(), &[scores])?;
            return wires.concatenate("both", 1, &[other, scores]);
        };
        let slope = wires.parameter("prob_a", kind, &[1, 1], vec![slope])?;
        let offset = wires.parameter("prob_b", kind, &[1, 1], vec![offset])?;
        let line = wires.binary("slope", Box::new(math::Mul), scores, slope)?;
        let line = wires.binary("line", Box::new(math::Add), line, offset)?;
        let other = wires.node("other", math::neg(), &[line])?;
        let both = wires.concatenate("both", 1, &[other, line])?;
        wires.node("probabilities", sigmoid(), &[both])
    }
}

impl Expansion for Classifier {
    fn name(&self) -> StaticName {
        "SVMClassifier".into()
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
        self.classes.rules(s, x, outputs, self.offsets.len().max(2))
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
        let kernel = self.machine.wire(&mut wires, x)?;
        let pairs = self.offsets.len();
        let shape = [pairs, self.coefficients.len() / pairs];
        let factors = wires.parameter("coefficients", kind, &shape, self.coefficients.clone())?;
        let sums = wires.einsum("sums", "mk,nk->mn", kernel, factors)?;
        let offsets = wires.parameter("rho", kind, &[1, pairs], self.offsets.clone())?;
        let scores = wires.binary("scores", Box::new(math::Add), sums, offsets)?;
        let place = self.place(&mut wires, scores)?;
        let output = self.output(&mut wires, scores)?;
        self.classes.results(&mut wires, place, output)
    }
}
