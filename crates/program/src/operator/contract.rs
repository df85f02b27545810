//! Einsums of two tensors: matrix products, convolutions (through a window view), products element by
//! element.
//!
//! Adds no witness: the result is a product that its consumer rounds, or that [`super::Rescale`]
//! gives columns of its own.

use super::{Operate, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::Fact;
use crate::lower::{Expression, Lowering};
use relation::{Combination, Einsum};
use serde::{Deserialize, Serialize};

/// `result[output] = sum over the other labels of a[..] * b[..]`.
///
/// Each axis of an operand has a label, no label twice in one operand. Labels `0 .. rank` are the axes
/// of the result, in order, and occur in at least one operand; larger labels occur in both and are
/// summed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    /// Number of axes of the result.
    pub rank: usize,
    /// One label per axis of the first input.
    pub a_labels: Vec<usize>,
    /// One label per axis of the second input.
    pub b_labels: Vec<usize>,
}

impl Contract {
    /// Size of each label: those of the result first, then those that are summed over, ascending.
    ///
    /// Errors: [`OperatorError::Shape`], [`OperatorError::Attribute`].
    pub fn sizes(&self, a: &[usize], b: &[usize]) -> Result<Vec<(usize, usize)>, OperatorError> {
        let bad = |found: String| OperatorError::Attribute {
            name: "labels",
            expected: "one per axis, each once; the result's in order, others in both operands",
            found,
        };
        let labels = || format!("{:?} and {:?}", self.a_labels, self.b_labels);
        if self.a_labels.len() != a.len() || self.b_labels.len() != b.len() {
            return Err(bad(labels()));
        }
        let mut sizes: std::collections::BTreeMap<usize, [Option<usize>; 2]> =
            (0..self.rank.min(64))
                .map(|label| (label, [None; 2]))
                .collect();
        for (which, (names, shape)) in [(&self.a_labels, a), (&self.b_labels, b)]
            .into_iter()
            .enumerate()
        {
            for (&label, &size) in names.iter().zip(shape) {
                let entry = sizes.entry(label).or_default();
                if entry[which].replace(size).is_some() {
                    return Err(bad(labels()));
                }
            }
        }
        let size = |(label, found): (usize, [Option<usize>; 2])| match found {
            [Some(a), Some(b)] if a == b => Ok((label, a)),
            [Some(expected), Some(found)] => Err(OperatorError::Shape {
                expected: vec![expected],
                found: vec![found],
            }),
            [Some(size), None] | [None, Some(size)] if label < self.rank => Ok((label, size)),
            _ => Err(bad(labels())),
        };
        sizes.into_iter().map(size).collect()
    }
}

impl Operate for Contract {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [a, b] = exactly(inputs)?;
        let sizes = self.sizes(&a.shape, &b.shape)?;
        let of = |summed: bool| {
            let sizes = sizes
                .iter()
                .filter(move |(label, _)| (*label >= self.rank) == summed);
            sizes.map(|&(_, size)| size)
        };
        let terms: i128 = of(true)
            .try_fold(1i128, |all, size| {
                all.checked_mul(i128::try_from(size).ok()?)
            })
            .unwrap_or(i128::MAX);
        let interval = a
            .wide()
            .multiply(b.wide())
            .and_then(|product| product.scale(terms));
        Ok(vec![Fact::new(of(false).collect(), interval)?])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        _: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([a, b], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let einsum = Einsum {
            coefficient: 1,
            a: a.rounded()?.clone(),
            a_labels: self.a_labels.clone(),
            b: b.rounded()?.clone(),
            b_labels: self.b_labels.clone(),
        };
        Ok(vec![Expression {
            linear: Combination::zero(&fact.shape),
            products: vec![einsum],
            fact: fact.clone(),
        }])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        _: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let ([a, b], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let sizes = self.sizes(&a.shape, &b.shape)?;
        Ok(vec![crate::execute::einsum(
            self,
            &sizes,
            a,
            b,
            &fact.shape,
        )])
    }
}
