//! `TreeEnsemble`, the operator of version 5 for classifiers and regressors alike.

use super::Ensemble;
use super::attributes::{average, branch, index, targets, text};
use super::forest::{Forest, Listed};
use crate::expand::attributes::{integer, integers, tensor};
use crate::expand::tabular::classes::Transform;
use crate::quantise::builder::nearest;
use tract_onnx::pb::NodeProto;

/// The operator of version 5, for both.
pub(super) fn joint(node: &NodeProto) -> Result<Ensemble, String> {
    let targets = targets(node)?;
    let ints = |name: &str| integers(node, name).map_err(text);
    let (features, modes) = (
        ints("nodes_featureids")?,
        tensor(node, "nodes_modes").map_err(text)?,
    );
    let splits = tensor(node, "nodes_splits").map_err(text)?;
    let (yes, yes_leaf) = (ints("nodes_truenodeids")?, ints("nodes_trueleafs")?);
    let (no, no_leaf) = (ints("nodes_falsenodeids")?, ints("nodes_falseleafs")?);
    let (leaf_targets, weights) = (
        ints("leaf_targetids")?,
        tensor(node, "leaf_weights").map_err(text)?,
    );
    let count = features.len();
    if [
        modes.len(),
        splits.len(),
        yes.len(),
        yes_leaf.len(),
        no.len(),
        no_leaf.len(),
    ] != [count; 6]
        || leaf_targets.len() != weights.len()
    {
        return Err("the lists of nodes or leaves have different lengths".into());
    }
    // Leaves come after the nodes; one that several branches lead to is a leaf for each.
    let mut nodes: Vec<Listed> = Vec::new();
    let mut leaves: Vec<Listed> = Vec::new();
    let mut child = |at: i64, is_leaf: i64| -> Result<usize, String> {
        let at = index(at)?;
        if is_leaf == 0 {
            return Ok(at);
        }
        let found = leaf_targets.get(at).zip(weights.get(at));
        let (&target, &weight) = found.ok_or_else(|| format!("leaf {at} is missing"))?;
        leaves.push(Listed::Leaf(vec![(index(target)?, weight)]));
        Ok(count + leaves.len() - 1)
    };
    for at in 0..count {
        const MODES: [(i64, &str); 6] = [
            (0, "BRANCH_LEQ"),
            (1, "BRANCH_LT"),
            (2, "BRANCH_GTE"),
            (3, "BRANCH_GT"),
            (4, "BRANCH_EQ"),
            (5, "BRANCH_NEQ"),
        ];
        let mode = nearest(modes[at]);
        let mode = MODES.iter().find(|(number, _)| *number == mode);
        let (_, mode) =
            mode.ok_or("a node that asks for membership in a set, or something unknown")?;
        let (yes, no) = (child(yes[at], yes_leaf[at])?, child(no[at], no_leaf[at])?);
        nodes.push(branch(mode, features[at], splits[at], yes, no)?);
    }
    nodes.extend(leaves);
    let roots: Result<Vec<usize>, String> = ints("tree_roots")?
        .iter()
        .map(|&root| index(root))
        .collect();
    let roots = roots?;
    let aggregate = match integer(node, "aggregate_function", 1).map_err(text)? {
        0 => "AVERAGE",
        1 => "SUM",
        _ => "MIN or MAX",
    };
    average(&mut nodes, roots.len(), aggregate)?;
    let transform = match integer(node, "post_transform", 0).map_err(text)? {
        0 => Transform::None,
        1 => Transform::Softmax,
        2 => Transform::Logistic,
        other => {
            return Err(format!(
                "the function of scores (post_transform) number {other}"
            ));
        }
    };
    let forest = Forest::grow(&nodes, &roots, targets)?;
    Ok(Ensemble {
        operator: "TreeEnsemble",
        forest,
        base: vec![0.0; targets],
        classes: None,
        transform,
    })
}
