//! From the attributes of a node to a forest.

use super::Ensemble;
use super::forest::{Forest, Listed, Question, Rule};
use super::joint::joint;
use crate::expand::attributes::{integer, integers, reals, refuse, word, words};
use crate::expand::tabular::classes::{Classes, Transform};
use std::collections::BTreeMap;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::InferenceOp;
use tract_onnx::tract_hir::ops::expandable::expand;

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let found = match node.op_type.as_str() {
        "TreeEnsembleClassifier" => classifier(node),
        "TreeEnsembleRegressor" => regressor(node),
        _ => joint(node),
    };
    match found {
        Ok(ensemble) => Ok((expand(ensemble), Vec::new())),
        Err(reason) => refuse(node, reason),
    }
}

fn classifier(node: &NodeProto) -> Result<Ensemble, String> {
    let classes = Classes::read(node, "classlabels_int64s").map_err(text)?;
    let transform = transform(node)?;
    let base = reals(node, "base_values").map_err(text)?;
    let targets = classes.len();
    let Lists {
        nodes,
        roots,
        scores: weights,
    } = lists(node, "class")?;
    if targets > 2 {
        let forest = Forest::grow(&nodes, &roots, targets)?;
        let base = bases(base, targets)?;
        let classes = Some(classes);
        return Ok(Ensemble {
            operator: "TreeEnsembleClassifier",
            forest,
            base,
            classes,
            transform,
        });
    }
    // Scores of one class decide between two.
    if targets < 2 || base.len() > 1 || weights.iter().any(|(target, _)| *target != 0) {
        return Err(
            "two classes are expected to have scores for one, as scikit-learn, LightGBM and XGBoost export them; \
             about other forms runtimes disagree"
                .into(),
        );
    }
    let forest = Forest::grow(&nodes, &roots, 1)?;
    let is_probability = weights.iter().all(|(_, weight)| *weight >= 0.0);
    let base = bases(base, 1)?;
    let classes = Some(classes.of_one_score(is_probability));
    Ok(Ensemble {
        operator: "TreeEnsembleClassifier",
        forest,
        base,
        classes,
        transform,
    })
}

fn regressor(node: &NodeProto) -> Result<Ensemble, String> {
    let targets = targets(node)?;
    let Lists {
        mut nodes, roots, ..
    } = lists(node, "target")?;
    average(
        &mut nodes,
        roots.len(),
        word(node, "aggregate_function", "SUM").map_err(text)?,
    )?;
    let forest = Forest::grow(&nodes, &roots, targets)?;
    let base = bases(reals(node, "base_values").map_err(text)?, targets)?;
    let transform = transform(node)?;
    Ok(Ensemble {
        operator: "TreeEnsembleRegressor",
        forest,
        base,
        classes: None,
        transform,
    })
}

/// How many scores a node gives.
pub(super) fn targets(node: &NodeProto) -> Result<usize, String> {
    let targets = usize::try_from(integer(node, "n_targets", 1).map_err(text)?);
    let targets = { targets.ok() }.filter(|targets| (1..=1 << 16).contains(targets));
    targets.ok_or_else(|| "a number of targets (n_targets) between 1 and 65536 is expected".into())
}

pub(super) fn text(error: TractError) -> String {
    format!("{error:#}")
}

pub(super) fn index(value: i64) -> Result<usize, String> {
    usize::try_from(value).map_err(|_| format!("the negative index {value}"))
}

fn transform(node: &NodeProto) -> Result<Transform, String> {
    Transform::read(word(node, "post_transform", "NONE").map_err(text)?)
}

fn bases(base: Vec<f64>, targets: usize) -> Result<Vec<f64>, String> {
    match base.len() {
        0 => Ok(vec![0.0; targets]),
        len if len == targets && base.iter().all(|base| base.is_finite()) => Ok(base),
        len => Err(format!(
            "{len} numbers to add (base_values) for {targets} scores"
        )),
    }
}

/// Divides the scores by the number of trees, if they are averaged.
pub(super) fn average(nodes: &mut [Listed], trees: usize, aggregate: &str) -> Result<(), String> {
    let trees = u32::try_from(trees).map_err(|_| "too many trees")?;
    match aggregate {
        "SUM" => {}
        "AVERAGE" => {
            for node in nodes {
                if let Listed::Leaf(scores) = node {
                    for (_, score) in scores {
                        *score /= f64::from(trees.max(1));
                    }
                }
            }
        }
        other => return Err(format!("the aggregation {other}; expected SUM or AVERAGE")),
    }
    Ok(())
}

pub(super) fn branch(
    mode: &str,
    feature: i64,
    threshold: f64,
    yes: usize,
    no: usize,
) -> Result<Listed, String> {
    let (rule, is_negated) = match mode {
        "BRANCH_LEQ" => (Rule::AtMost, false),
        "BRANCH_LT" => (Rule::Below, false),
        "BRANCH_GTE" => (Rule::Below, true),
        "BRANCH_GT" => (Rule::AtMost, true),
        "BRANCH_EQ" => (Rule::Equal, false),
        "BRANCH_NEQ" => (Rule::Equal, true),
        other => return Err(format!("a node of the unknown kind {other:?}")),
    };
    let question = Question {
        rule,
        feature: index(feature)?,
        threshold,
    };
    let (yes, no) = if is_negated { (no, yes) } else { (yes, no) };
    Ok(Listed::Branch { question, yes, no })
}

/// The nodes of a forest.
struct Lists {
    nodes: Vec<Listed>,
    /// Which of them are roots.
    roots: Vec<usize>,
    /// All scores of leaves.
    scores: Vec<(usize, f64)>,
}

fn lists(node: &NodeProto, leaf: &str) -> Result<Lists, String> {
    let ints = |name: &str| integers(node, name).map_err(text);
    let (trees, ids) = (ints("nodes_treeids")?, ints("nodes_nodeids")?);
    let features = ints("nodes_featureids")?;
    let modes = words(node, "nodes_modes").map_err(text)?;
    let values = reals(node, "nodes_values").map_err(text)?;
    let (yes, no) = (ints("nodes_truenodeids")?, ints("nodes_falsenodeids")?);
    let count = ids.len();
    if count == 0
        || [
            trees.len(),
            features.len(),
            modes.len(),
            values.len(),
            yes.len(),
            no.len(),
        ] != [count; 6]
    {
        return Err("the lists of nodes are empty, or have different lengths".into());
    }
    let places: BTreeMap<(i64, i64), usize> =
        (0..count).map(|at| ((trees[at], ids[at]), at)).collect();
    if places.len() != count {
        return Err("two nodes of a tree have one number".into());
    }
    let mut scores: BTreeMap<(i64, i64), Vec<(usize, f64)>> = BTreeMap::new();
    let own = |name: &str| format!("{leaf}_{name}");
    let (leaf_trees, leaf_nodes) = (ints(&own("treeids"))?, ints(&own("nodeids"))?);
    let (targets, weights) = (
        ints(&own("ids"))?,
        reals(node, &own("weights")).map_err(text)?,
    );
    if [leaf_nodes.len(), targets.len(), weights.len()] != [leaf_trees.len(); 3] {
        return Err("the lists of leaves have different lengths".into());
    }
    let mut all = Vec::new();
    for at in 0..leaf_trees.len() {
        let score = (index(targets[at])?, weights[at]);
        scores
            .entry((leaf_trees[at], leaf_nodes[at]))
            .or_default()
            .push(score);
        all.push(score);
    }
    let mut is_child = vec![false; count];
    let mut nodes = Vec::with_capacity(count);
    for at in 0..count {
        if modes[at] == "LEAF" {
            nodes.push(Listed::Leaf(
                scores.remove(&(trees[at], ids[at])).unwrap_or_default(),
            ));
            continue;
        }
        let mut child = |id: i64| {
            let place = places.get(&(trees[at], id)).copied();
            let place = place.ok_or_else(|| format!("tree {} has no node {id}", trees[at]))?;
            is_child[place] = true;
            Ok::<_, String>(place)
        };
        let (yes, no) = (child(yes[at])?, child(no[at])?);
        nodes.push(branch(modes[at], features[at], values[at], yes, no)?);
    }
    if let Some(((tree, id), _)) = scores.first_key_value() {
        return Err(format!(
            "scores for node {id} of tree {tree}, which is no leaf"
        ));
    }
    let roots: Vec<usize> = (0..count).filter(|&at| !is_child[at]).collect();
    let numbers: std::collections::BTreeSet<i64> = trees.iter().copied().collect();
    if roots.len() != numbers.len() {
        return Err(format!(
            "{} trees with {} roots",
            numbers.len(),
            roots.len()
        ));
    }
    Ok(Lists {
        nodes,
        roots,
        scores: all,
    })
}
