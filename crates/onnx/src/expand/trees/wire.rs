//! From a forest to nodes.

use super::Ensemble;
use super::forest::{Leaf, Rule};
use crate::expand::wires::Wires;
use std::collections::{BTreeMap, BTreeSet};
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::binary::BinMiniOp;
use tract_onnx::tract_core::ops::logic::{CompEq, CompLT, CompLTE};
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::internal::DimLike as _;

/// Trees are put together as long as their matrix of paths has at most so many entries: that saves comparisons.
const JOINT: usize = 1 << 20;

/// The most entries of all matrices of paths and of scores.
const MOST: usize = 1 << 26;

/// Some leaves, and the questions on their paths.
#[derive(Default)]
struct Block<'a> {
    questions: BTreeSet<usize>,
    leaves: Vec<&'a Leaf>,
}

/// Whether a tree asks anything.
fn asks(tree: &[Leaf]) -> bool {
    tree.iter().any(|leaf| !leaf.path.is_empty())
}

impl Ensemble {
    /// The scores of each row, with what is added to them.
    pub(super) fn scores(&self, wires: &mut Wires<'_>, x: OutletId) -> TractResult<OutletId> {
        let x = wires.cast("rows", x, f32::datum_type())?;
        let features = wires.fact(x)?.shape[1].to_usize()?;
        if let Some(question) =
            { self.forest.questions.iter() }.find(|question| question.feature >= features)
        {
            let asked = question.feature;
            let reason = format!("a tree asks for feature {asked} of {features}");
            return Err(wires.refusal(self.operator, reason));
        }
        let mut scores = None;
        let blocks = self.blocks();
        let blocks = blocks.map_err(|reason| wires.refusal(self.operator, reason))?;
        for (at, block) in blocks.into_iter().enumerate() {
            let own = self.block(wires, x, &block, at)?;
            scores = Some(match scores {
                None => own,
                Some(sum) => {
                    wires.binary(&format!("scores.{at}"), Box::new(math::Add), sum, own)?
                }
            });
        }
        let scores =
            scores.ok_or_else(|| TractError::msg("a forest without a comparison is a constant"))?;
        let base = self.constants();
        if base.iter().all(|&base| base == 0.0) {
            return Ok(scores);
        }
        let base = wires.parameter("base", f32::datum_type(), &[1, base.len()], base)?;
        wires.binary("based", Box::new(math::Add), scores, base)
    }

    /// What every row gets: the base, and the trees that ask nothing.
    fn constants(&self) -> Vec<f64> {
        let mut base = self.base.clone();
        let alone = self
            .forest
            .trees
            .iter()
            .filter(|tree| !asks(tree.as_slice()));
        for (target, score) in alone.flatten().flat_map(|leaf| &leaf.scores) {
            base[*target] += score;
        }
        base
    }

    /// Trees that share a matrix of paths.
    ///
    /// Errors: a reason if they are too large.
    fn blocks(&self) -> Result<Vec<Block<'_>>, String> {
        let mut blocks: Vec<Block<'_>> = Vec::new();
        let mut open = Block::default();
        for tree in self
            .forest
            .trees
            .iter()
            .filter(|tree| asks(tree.as_slice()))
        {
            let asked = tree
                .iter()
                .flat_map(|leaf| &leaf.path)
                .map(|(question, _)| *question);
            let asked: BTreeSet<usize> = asked.collect();
            let questions = open.questions.union(&asked).count();
            let leaves = open.leaves.len() + tree.len();
            if questions.saturating_mul(leaves) > JOINT && !open.leaves.is_empty() {
                blocks.push(std::mem::take(&mut open));
            }
            open.questions.extend(asked);
            open.leaves.extend(tree);
        }
        if !open.leaves.is_empty() {
            blocks.push(open);
        }
        let entries = |block: &Block<'_>| {
            let columns = block.questions.len() + self.forest.targets;
            block.leaves.len().saturating_mul(columns)
        };
        let all = blocks.iter().map(entries).fold(0, usize::saturating_add);
        if all > MOST {
            return Err(format!(
                "trees that need matrices of {all} entries, more than {MOST}; limit leaves or depth when you train them"
            ));
        }
        Ok(blocks)
    }

    fn block(
        &self,
        wires: &mut Wires<'_>,
        x: OutletId,
        block: &Block<'_>,
        at: usize,
    ) -> TractResult<OutletId> {
        let kind = f32::datum_type();
        let bits = self.answers(wires, x, block, at)?;
        let columns = block.questions.iter().enumerate();
        let columns: BTreeMap<usize, usize> = columns
            .map(|(column, &question)| (question, column))
            .collect();
        let (rows, leaves, targets) = (columns.len(), block.leaves.len(), self.forest.targets);
        let (mut paths, mut needed) = (vec![0.0; rows * leaves], vec![1.0; leaves]);
        let mut values = vec![0.0; leaves * targets];
        for (number, leaf) in block.leaves.iter().enumerate() {
            for (question, answer) in &leaf.path {
                let column = columns.get(question).copied().unwrap_or_default();
                paths[column * leaves + number] = if *answer { 1.0 } else { -1.0 };
                needed[number] -= f64::from(u8::from(*answer));
            }
            for &(target, score) in &leaf.scores {
                values[number * targets + target] += score;
            }
        }
        let name = |what: &str| format!("{what}.{at}");
        let paths = wires.parameter(&name("paths"), kind, &[rows, leaves], paths)?;
        let matched = wires.einsum(&name("matched"), "mk,kn->mn", bits, paths)?;
        let needed = wires.parameter(&name("needed"), kind, &[1, leaves], needed)?;
        let short = wires.binary(&name("short"), Box::new(math::Add), matched, needed)?;
        let zero = wires.number(&name("zero"), short, 0.0)?;
        let reached = wires.binary(&name("reached"), Box::new(math::Max), short, zero)?;
        let values = wires.parameter(&name("values"), kind, &[leaves, targets], values)?;
        wires.einsum(&name("sum"), "mk,kn->mn", reached, values)
    }

    /// The answers to the questions of a block, in their order: 1 for yes.
    fn answers(
        &self,
        wires: &mut Wires<'_>,
        x: OutletId,
        block: &Block<'_>,
        at: usize,
    ) -> TractResult<OutletId> {
        let mut rules: BTreeMap<Rule, BTreeMap<usize, Vec<f64>>> = BTreeMap::new();
        for &question in &block.questions {
            if let Some(question) = self.forest.questions.get(question) {
                let rule = rules.entry(question.rule).or_default();
                rule.entry(question.feature)
                    .or_default()
                    .push(question.threshold);
            }
        }
        let mut all = Vec::new();
        for (rule, features) in rules {
            let name = |what: &str| format!("{what}.{at}.{rule:?}");
            let (mut columns, mut thresholds) = (Vec::new(), Vec::new());
            for (feature, own) in features {
                let column = wires.slice(
                    &name(&format!("feature {feature}")),
                    x,
                    1,
                    feature..feature + 1,
                )?;
                columns.push(wires.repeat(
                    &name(&format!("asked {feature}")),
                    column,
                    1,
                    own.len(),
                )?);
                thresholds.extend(own);
            }
            let asked = wires.concatenate(&name("asked"), 1, &columns)?;
            let shape = [1, thresholds.len()];
            let thresholds =
                wires.parameter(&name("thresholds"), f32::datum_type(), &shape, thresholds)?;
            let op: Box<dyn BinMiniOp> = match rule {
                Rule::AtMost => Box::new(CompLTE),
                Rule::Below => Box::new(CompLT),
                Rule::Equal => Box::new(CompEq),
            };
            let answers = wires.binary(&name("answers"), op, asked, thresholds)?;
            all.push(wires.cast(&name("bits"), answers, f32::datum_type())?);
        }
        wires.concatenate(&format!("bits.{at}"), 1, &all)
    }
}
