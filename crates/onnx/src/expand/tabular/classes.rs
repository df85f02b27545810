//! From scores to a class and its probability.

use crate::expand::attributes::{integers, present, refuse, words};
use crate::expand::wires::Wires;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::Gather;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::logic::CompGT;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer, Softmax, SoftmaxKind, sigmoid};
use tract_onnx::tract_hir::infer::{InferenceResult, Solver, TensorProxy};

/// The largest magnitude of a class's number: a larger one has no exact parameter.
const LARGEST: u64 = 1 << 15;

/// What is done with scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    None,
    Logistic,
    Softmax,
}

impl Transform {
    /// A function by its name.
    pub fn read(name: &str) -> Result<Self, String> {
        match name {
            "NONE" => Ok(Self::None),
            "LOGISTIC" => Ok(Self::Logistic),
            "SOFTMAX" => Ok(Self::Softmax),
            other => Err(format!(
                "the function of scores (post_transform) {other:?}; expected NONE, LOGISTIC or SOFTMAX"
            )),
        }
    }

    /// The function of each row.
    pub fn wire(self, wires: &mut Wires<'_>, scores: OutletId) -> TractResult<OutletId> {
        match self {
            Self::None => Ok(scores),
            Self::Logistic => wires.node("logistic", sigmoid(), &[scores]),
            Self::Softmax => {
                let softmax = Softmax {
                    axes: tvec![1],
                    quant_output_dt: None,
                    kind: SoftmaxKind::Softmax,
                };
                wires.node("softmax", softmax, &[scores])
            }
        }
    }
}

/// The classes of a classifier, and how scores decide between them.
#[derive(Clone, Debug)]
pub struct Classes {
    numbers: Vec<i64>,
    /// One score decides between two: whether it is a probability, so that half is the limit, not zero.
    one_score: Option<bool>,
    /// Whether there are the outputs for class and scores.
    present: [bool; 2],
}

impl Classes {
    /// The classes of a node: numbers, or as many as there are words.
    pub fn read(node: &NodeProto, numbers: &str) -> TractResult<Self> {
        let words = words(node, "classlabels_strings")?;
        let mut found = integers(node, numbers)?.to_vec();
        if found.is_empty() {
            found = (0..i64::try_from(words.len())?).collect();
        }
        if found.len() < 2 || found.iter().any(|number| number.unsigned_abs() >= LARGEST) {
            return refuse(
                node,
                "two classes or more are expected, with numbers below 32768",
            );
        }
        let outputs = present(&node.output, 2);
        let there = |at: usize| outputs.get(at).copied().flatten().is_some();
        Ok(Self {
            numbers: found,
            one_score: None,
            present: [there(0), there(1)],
        })
    }

    /// The same with one score that decides between two.
    pub fn of_one_score(self, is_probability: bool) -> Self {
        Self {
            one_score: Some(is_probability),
            ..self
        }
    }

    /// How many classes there are.
    pub const fn len(&self) -> usize {
        self.numbers.len()
    }

    /// How many outputs a node has.
    pub fn outputs(&self) -> usize {
        self.present.iter().filter(|there| **there).count()
    }

    /// Types and shapes of the outputs, with some columns of scores.
    pub fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        x: &'p TensorProxy,
        outputs: &'p [TensorProxy],
        columns: usize,
    ) -> InferenceResult {
        let mut outputs = outputs.iter();
        if let (true, Some(class)) = (self.present[0], outputs.next()) {
            s.equals(&class.datum_type, i64::datum_type())?;
            s.equals(&class.rank, 1)?;
            s.equals(&class.shape[0], &x.shape[0])?;
        }
        if let (true, Some(scores)) = (self.present[1], outputs.next()) {
            s.equals(&scores.datum_type, f32::datum_type())?;
            s.equals(&scores.rank, 2)?;
            s.equals(&scores.shape[0], &x.shape[0])?;
            s.equals(&scores.shape[1], columns.to_dim())?;
        }
        Ok(())
    }

    /// Class and scores of each row, as far as they are outputs.
    pub fn wire(
        &self,
        wires: &mut Wires<'_>,
        scores: OutletId,
        transform: Transform,
    ) -> TractResult<TVec<OutletId>> {
        let place = match self.one_score {
            Some(is_probability) => Self::sign(wires, scores, is_probability)?,
            None => Self::largest(wires, scores)?,
        };
        let scores = match self.one_score {
            Some(is_probability) => Self::both(wires, scores, is_probability, transform)?,
            None => transform.wire(wires, scores)?,
        };
        self.results(wires, place, scores)
    }

    /// The class at a place and its scores, as far as they are outputs.
    pub fn results(
        &self,
        wires: &mut Wires<'_>,
        place: OutletId,
        scores: OutletId,
    ) -> TractResult<TVec<OutletId>> {
        let mut results = tvec![];
        if self.present[0] {
            results.push(self.named(wires, place)?);
        }
        if self.present[1] {
            results.push(scores);
        }
        Ok(results)
    }

    /// The place of the second class if the score is above the limit, else of the first.
    fn sign(wires: &mut Wires<'_>, score: OutletId, is_probability: bool) -> TractResult<OutletId> {
        let limit = wires.number("limit", score, if is_probability { 0.5 } else { 0.0 })?;
        let above = wires.binary("above", Box::new(CompGT), score, limit)?;
        let above = wires.axis("row", AxisOp::Rm(1), above)?;
        wires.cast("place", above, i64::datum_type())
    }

    /// The place of the first class of the largest score.
    pub fn largest(wires: &mut Wires<'_>, scores: OutletId) -> TractResult<OutletId> {
        let reduce = Reduce {
            axes: tvec![1],
            reducer: Reducer::ArgMax(false),
        };
        let at = wires.node("largest", reduce, &[scores])?;
        wires.axis("place", AxisOp::Rm(1), at)
    }

    /// The number of the class at a place.
    fn named(&self, wires: &mut Wires<'_>, at: OutletId) -> TractResult<OutletId> {
        if self
            .numbers
            .iter()
            .copied()
            .eq(0i64..i64::try_from(self.numbers.len())?)
        {
            return Ok(at);
        }
        #[expect(clippy::cast_precision_loss, reason = "they are below 2^15")]
        let numbers = self.numbers.iter().map(|&number| number as f64).collect();
        let numbers =
            wires.parameter("numbers", i64::datum_type(), &[self.numbers.len()], numbers)?;
        wires.node("class", Gather::new(0), &[numbers, at])
    }

    /// The scores of two classes from that of one.
    fn both(
        wires: &mut Wires<'_>,
        score: OutletId,
        is_probability: bool,
        transform: Transform,
    ) -> TractResult<OutletId> {
        let from = if is_probability && transform != Transform::Logistic {
            1.0
        } else {
            0.0
        };
        let from = wires.number("whole", score, from)?;
        let other = wires.binary("other", Box::new(math::Sub), from, score)?;
        let both = wires.concatenate("both", 1, &[other, score])?;
        match transform {
            Transform::Logistic => transform.wire(wires, both),
            // What runtimes do with a softmax of one score: nothing.
            Transform::None | Transform::Softmax => Ok(both),
        }
    }
}
