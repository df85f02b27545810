//! What proofs cost, from the sizes of the relations.

use crate::content::{Bound, KeyError};
use crate::verifying::VerifyingKey;
use argument::lookup::MOST_HELD;
use argument::opening::MOST_KEPT;
use relation::{Relation, Role};

/// Codewords of as many bytes lie in a file, not in memory.
pub(crate) const LARGE: u64 = 1 << 28;

/// What proofs would cost.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    /// Integers that each proof commits to.
    pub witness: usize,
    /// Integers that the key commits to.
    pub parameters: usize,
    /// Lookups of each proof.
    pub lookups: usize,
    /// Seconds of a proof on two cores of a recent machine.
    pub seconds: f64,
    /// Bytes of memory of a proof.
    pub bytes: f64,
}

/// What one node of the integer program costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Name of the node.
    pub node: String,
    /// Its operator.
    pub operator: &'static str,
    /// Shape of its first result.
    pub shape: Vec<usize>,
    /// Integers that each proof commits to for it.
    pub committed: usize,
    /// Lookups.
    pub lookups: usize,
}

impl Estimate {
    /// The costs of a proof; see the book's chapter on costs for where the constants come from.
    pub(crate) fn of(bound: &Bound) -> Self {
        let system = &bound.lowered.system;
        let (mut witness, mut parameters) = (0usize, 0usize);
        for column in system.columns() {
            let len: usize = column.shape.iter().product();
            match column.role {
                Role::Parameter => parameters += len,
                _ => witness += len,
            }
        }
        let lookups: usize = { system.relations().iter() }
            .filter(|relation| matches!(relation, Relation::Lookup { .. }))
            .map(|relation| relation.shape().iter().product::<usize>())
            .sum();
        let facts = bound.backend.facts();
        let codewords = |rows: usize| rows.saturating_mul(facts.positions).saturating_mul(8);
        let is_below = |bytes: usize, most| u64::try_from(bytes).is_ok_and(|bytes| bytes < most);
        let [model, own] = facts.rows.map(codewords);
        let held = if is_below(model, LARGE) { model } else { 0 };
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let [values, weights, fractions, row, held, most_held] = [
            witness as f64,
            parameters as f64,
            lookups as f64,
            (1u64 << facts.log_len) as f64,
            held as f64,
            MOST_HELD as f64,
        ];
        let (time, memory, row_memory) = if is_below(own, MOST_KEPT) {
            (150e-9, values * 51.0, 1500.0)
        } else {
            // Either the commitment takes most, a coset after the other, or the lookups do.
            let lookups = values * 2.3 + (fractions * 16.0).min(most_held);
            (165e-9, lookups.max(values * 11.0), 600.0)
        };
        Self {
            witness,
            parameters,
            lookups,
            seconds: 0.015 + values * time + weights * 16e-9 + row * 2.5e-6,
            bytes: 14e6 + memory + weights * 4.0 + row * row_memory + held * 0.87,
        }
    }
}

impl Bound {
    fn layers(&self) -> Vec<Layer> {
        let costs = self.lowered.costs.iter().zip(&self.lowered.facts);
        let layer = |(node, (cost, facts)): (&program::Node<usize>, (&program::Cost, &Vec<_>))| {
            let shape = |fact: &program::Fact| fact.shape.clone();
            Layer {
                node: node.name.clone(),
                operator: node.operator.name(),
                shape: facts.first().map(shape).unwrap_or_default(),
                committed: cost.committed,
                lookups: cost.lookups,
            }
        };
        self.program.nodes.iter().zip(costs).map(layer).collect()
    }
}

impl VerifyingKey {
    /// What a proof costs for some values of the symbols.
    ///
    /// Errors: [`KeyError`].
    pub fn estimate(&self, symbols: &[usize]) -> Result<Estimate, KeyError> {
        Ok(Estimate::of(&*self.bind(symbols)?))
    }

    /// What each node of the integer program costs, in order, for some values of the symbols.
    ///
    /// Errors: [`KeyError`].
    pub fn layers(&self, symbols: &[usize]) -> Result<Vec<Layer>, KeyError> {
        Ok(self.bind(symbols)?.layers())
    }
}
