//! The terms of the inner WHIR proof, from its schedule as plain numbers.

use alloc::format;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field};
use p3_whir::WhirConfig;
use serde::Serialize;

use super::terms::{algebraic, positions};
use super::{Extension, Term, power_of_two, real};

/// Where the proximity terms of WHIR are proven.
const SOURCE: &str = "2024/1586, 2020/654 thm 4.1";

/// A run of foldings of one codeword, each by one challenge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fold {
    /// `log2` of the coefficients of the polynomial that is folded.
    pub variables: usize,
    /// `log2` of one over the rate of its codeword.
    pub log_inv_rate: usize,
    /// Challenges of the run.
    pub rounds: usize,
    /// Bits of grinding directly before each challenge.
    pub work_bits: usize,
}

/// One round: positions in the codeword of the round before, then foldings of the new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Round {
    /// Positions drawn in the codeword of the round before.
    pub queries: usize,
    /// Bits of grinding directly before the positions.
    pub work_bits: usize,
    /// Foldings of the codeword that the round commits to.
    pub fold: Fold,
}

/// The schedule of one WHIR proof in the unique-decoding regime.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Whir {
    /// Claims batched by powers of the first challenge.
    pub claims: usize,
    /// Foldings of the committed codeword.
    pub fold: Fold,
    /// The rounds, in order.
    pub rounds: Vec<Round>,
    /// Positions drawn in the last codeword.
    pub final_queries: usize,
    /// Bits of grinding directly before those positions.
    pub final_query_work: usize,
    /// Sumcheck rounds over the polynomial that is sent in the clear.
    pub final_rounds: usize,
    /// Bits of grinding directly before each challenge of these rounds.
    pub final_work: usize,
}

impl Whir {
    /// The schedule of a Plonky3 configuration that proves `claims` claims.
    ///
    /// The configuration has to be one for unique decoding: samples out of the domain, which the
    /// other regimes add, are not read.
    #[must_use]
    pub fn of<E, F, C>(config: &WhirConfig<E, F, C>, claims: usize) -> Self
    where
        F: Field,
        E: ExtensionField<F>,
    {
        let mut folds = config.folding_schedule().iter().copied();
        let fold = Fold {
            variables: config.num_variables(),
            log_inv_rate: config.params().starting_log_inv_rate,
            rounds: folds.next().unwrap_or(0),
            work_bits: config.starting_folding_pow_bits(),
        };
        let rounds = config
            .round_parameters()
            .iter()
            .zip(folds)
            .map(|(round, rounds)| Round {
                queries: round.num_queries,
                work_bits: round.pow_bits,
                fold: Fold {
                    variables: round.num_variables,
                    log_inv_rate: round.log_inv_rate,
                    rounds,
                    work_bits: round.folding_pow_bits,
                },
            });
        Self {
            claims,
            fold,
            rounds: rounds.collect(),
            final_queries: config.terminal().num_queries,
            final_query_work: config.terminal().pow_bits,
            final_rounds: config.final_sumcheck_rounds(),
            final_work: config.final_folding_pow_bits(),
        }
    }

    /// Appends the terms of this proof.
    ///
    /// They follow `p3-whir`'s own account, with two differences: the size of `E` is not rounded
    /// down to whole bits, and the grinding before the positions of a round is not credited to
    /// the challenge that combines them, since the answers lie between the two.
    pub(super) fn terms(&self, extension: Extension, terms: &mut Vec<Term>) {
        terms.extend(algebraic(
            "whir: batching",
            extension,
            real(self.claims),
            0,
            SZ,
        ));
        terms.extend(self.fold.term(0, extension));
        let mut log_inv_rate = self.fold.log_inv_rate;
        for (index, round) in (1..).zip(&self.rounds) {
            let name = format!("whir: positions {index}");
            let bits = positions(log_inv_rate, round.queries);
            terms.push(Term::new(name, bits, round.work_bits, SOURCE));
            // The factor two is the reserve that `p3-security` keeps for this term.
            let name = format!("whir: combination {index}");
            terms.extend(algebraic(name, extension, 2.0 * real(round.queries), 0, SZ));
            terms.extend(round.fold.term(index, extension));
            log_inv_rate = round.fold.log_inv_rate;
        }
        let bits = positions(log_inv_rate, self.final_queries);
        terms.push(Term::new(
            "whir: last positions",
            bits,
            self.final_query_work,
            SOURCE,
        ));
        let degree = 2.0 * real(self.final_rounds);
        terms.extend(algebraic(
            "whir: last sumcheck",
            extension,
            degree,
            self.final_work,
            SZ,
        ));
    }
}

/// Where the batching and sumcheck terms are proven.
const SZ: &str = "Schwartz-Zippel";

impl Fold {
    /// The chance that a folding hides the distance of a word, or a false claim about it.
    ///
    /// Each challenge is one round of a sumcheck of degree two and one point on a line of words
    /// of length `n`. Every folding of the run is charged the length of the first.
    fn term(&self, index: usize, extension: Extension) -> Option<Term> {
        let length = power_of_two(self.variables.saturating_add(self.log_inv_rate));
        let degree = real(self.rounds) * (length + 2.0);
        algebraic(
            format!("whir: folding {index}"),
            extension,
            degree,
            self.work_bits,
            SOURCE,
        )
    }
}
