//! Trees as their leaves and the comparisons on the way to them, from lists that nobody has checked.

use std::collections::BTreeMap;

/// The most comparisons on the paths of all leaves.
const MOST_ON_PATHS: usize = 1 << 24;

/// What a node asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// `x <= threshold`.
    AtMost,
    /// `x < threshold`.
    Below,
    /// `x = threshold`.
    Equal,
}

/// A question about a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question {
    pub rule: Rule,
    pub feature: usize,
    pub threshold: f64,
}

/// A node of a tree as it is listed.
#[derive(Clone, Debug)]
pub enum Listed {
    /// A question; where to go if the answer is yes, and if it is no.
    Branch {
        question: Question,
        yes: usize,
        no: usize,
    },
    /// Scores that are added, by target.
    Leaf(Vec<(usize, f64)>),
}

/// A leaf.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Questions on the path, and the answers that lead here.
    pub path: Vec<(usize, bool)>,
    /// Scores, by target.
    pub scores: Vec<(usize, f64)>,
}

/// Some trees.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    /// All different questions, in order.
    pub questions: Vec<Question>,
    /// The leaves of each tree.
    pub trees: Vec<Vec<Leaf>>,
    /// How many scores there are.
    pub targets: usize,
}

impl Forest {
    /// Follows the paths of trees from their roots.
    ///
    /// Errors: a reason, if nodes are missing, have two parents, or form a cycle.
    pub fn grow(nodes: &[Listed], roots: &[usize], targets: usize) -> Result<Self, String> {
        let Asked { questions, places } = Asked::of(nodes)?;
        let mut seen = vec![false; nodes.len()];
        let mut spent = 0usize;
        let mut trees = Vec::new();
        for &root in roots {
            let mut leaves = Vec::new();
            let mut open: Vec<(usize, Vec<(usize, bool)>)> = vec![(root, Vec::new())];
            while let Some((at, path)) = open.pop() {
                let found = nodes.get(at).zip(seen.get_mut(at));
                let (node, seen) = found
                    .ok_or_else(|| format!("a branch leads to node {at}, which is missing"))?;
                if std::mem::replace(seen, true) {
                    return Err("a node has two parents, or is its own ancestor".into());
                }
                spent += path.len();
                if spent > MOST_ON_PATHS {
                    return Err(format!(
                        "paths of more than {MOST_ON_PATHS} comparisons in all; limit the depth"
                    ));
                }
                match node {
                    Listed::Leaf(scores) => {
                        if scores
                            .iter()
                            .any(|&(target, score)| target >= targets || !score.is_finite())
                        {
                            return Err(format!(
                                "a leaf with a score that is no number, or not for one of {targets}"
                            ));
                        }
                        leaves.push(Leaf {
                            path,
                            scores: scores.clone(),
                        });
                    }
                    &Listed::Branch { yes, no, .. } => {
                        let place = places.get(at).copied().flatten().unwrap_or_default();
                        // The tree asks a second time: only one way can be taken.
                        let known = path
                            .iter()
                            .find(|(asked, _)| *asked == place)
                            .map(|(_, answer)| *answer);
                        for (answer, child) in [(false, no), (true, yes)] {
                            let mut path = path.clone();
                            if known.is_none() {
                                path.push((place, answer));
                            } else if known != Some(answer) {
                                continue;
                            }
                            open.push((child, path));
                        }
                    }
                }
            }
            trees.push(leaves);
        }
        Ok(Self {
            questions,
            trees,
            targets,
        })
    }
}

/// What nodes ask.
struct Asked {
    /// All different questions, in order.
    questions: Vec<Question>,
    /// Which one each node asks.
    places: Vec<Option<usize>>,
}

impl Asked {
    fn of(nodes: &[Listed]) -> Result<Self, String> {
        // Numbers in the order of their values.
        let key = |question: &Question| {
            let bits = (question.threshold + 0.0).to_bits();
            let ordered = if bits >> 63 == 1 {
                !bits
            } else {
                bits | 1 << 63
            };
            (question.rule, question.feature, ordered)
        };
        let mut all = BTreeMap::new();
        for node in nodes {
            if let Listed::Branch { question, .. } = node {
                if question.threshold.is_nan() {
                    return Err("a threshold that is no number".into());
                }
                all.insert(key(question), (0usize, *question));
            }
        }
        for (at, (place, _)) in all.values_mut().enumerate() {
            *place = at;
        }
        let place = |node: &Listed| match node {
            Listed::Branch { question, .. } => all.get(&key(question)).map(|(place, _)| *place),
            Listed::Leaf(_) => None,
        };
        Ok(Self {
            places: nodes.iter().map(place).collect(),
            questions: all.values().map(|(_, question)| *question).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(threshold: f64, yes: usize, no: usize) -> Listed {
        let question = Question {
            rule: Rule::AtMost,
            feature: 0,
            threshold,
        };
        Listed::Branch { question, yes, no }
    }

    fn leaf(score: f64) -> Listed {
        Listed::Leaf(vec![(0, score)])
    }

    #[test]
    fn equal_questions_are_asked_once_and_in_order() {
        let nodes = [
            branch(2.0, 1, 2),
            branch(-1.0, 3, 4),
            branch(-1.0, 5, 6),
            leaf(1.0),
            leaf(2.0),
            leaf(3.0),
            leaf(4.0),
        ];
        let forest = Forest::grow(&nodes, &[0], 1).expect("a forest");
        let thresholds: Vec<f64> = forest
            .questions
            .iter()
            .map(|question| question.threshold)
            .collect();
        assert_eq!(thresholds, [-1.0, 2.0]);
        assert_eq!(forest.trees[0].len(), 4);
        assert_eq!(forest.trees[0][0].path, [(1, true), (0, true)]);
    }

    #[test]
    fn a_question_asked_twice_on_a_path_has_one_answer() {
        let nodes = [
            branch(0.0, 1, 2),
            branch(0.0, 3, 4),
            leaf(1.0),
            leaf(2.0),
            leaf(3.0),
        ];
        let forest = Forest::grow(&nodes, &[0], 1).expect("a forest");
        let scores: Vec<f64> = forest.trees[0]
            .iter()
            .map(|leaf| leaf.scores[0].1)
            .collect();
        assert_eq!(scores, [2.0, 1.0]);
    }

    #[test]
    fn cycles_and_missing_nodes_are_refused() {
        for nodes in [
            vec![branch(0.0, 0, 1), leaf(1.0)],
            vec![branch(0.0, 1, 1), leaf(1.0)],
            vec![branch(0.0, 1, 9), leaf(1.0)],
            vec![branch(0.0, 1, 2), leaf(1.0), Listed::Leaf(vec![(3, 1.0)])],
            vec![branch(f64::NAN, 1, 2), leaf(1.0), leaf(1.0)],
        ] {
            assert!(Forest::grow(&nodes, &[0], 1).is_err(), "{nodes:?}");
        }
        assert!(Forest::grow(&[leaf(1.0)], &[3], 1).is_err());
    }
}
