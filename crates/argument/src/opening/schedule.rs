//! How many variables the inner proof folds in each round, and at which rate it commits to what is left.
//!
//! A codeword that is opened at positions costs its opened symbols and their Merkle paths; one with no more leaves than
//! positions is opened whole, and costs what it holds. So small polynomials are committed at rate 1/2, in as few leaves
//! as a fold allows, and sent whole: shorter than one more round of positions. Nothing is drawn for such a codeword: every
//! leaf is folded and compared. Codewords before it are committed at rate 1/8, whose positions are few and whose
//! paths are short. At 1/4, a quarter more positions; at 1/16, hardly fewer. Rates that fall with every fold, WHIR's usual
//! choice, keep domains (and so paths, and the time to encode) large for the same reason.
#![deny(clippy::arithmetic_side_effects)]

use alloc::vec;
use alloc::vec::Vec;

use p3_util::log2_ceil_usize;

use super::whir::{FINAL_VARIABLES, LOG_INV_RATE};
use crate::security::queries_for;

/// The rate of a codeword that is opened whole.
const WHOLE_LOG_INV_RATE: usize = 1;
/// The most variables that one round folds: leaves of 128 elements.
const MOST_FOLDED: usize = 7;
const DIGEST: u64 = 32;
pub(super) const FIELD: u64 = 8;

/// Folds, and the rate of each codeword after the first: what a proof about `variables` variables is shortest with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    pub(super) folds: Vec<usize>,
    pub(super) log_inv_rates: Vec<usize>,
    /// Bytes of the proof, about.
    pub(super) bytes: u64,
}

/// The cheapest way on from a codeword.
#[derive(Clone, Copy)]
struct Step {
    bytes: u64,
    log_inv_rate: usize,
    fold: usize,
}

/// The schedule for `2^log_len` values in a field of `degree` coordinates; every codeword's positions have `bits` bits.
///
/// Cost: some hundred integer operations per variable.
pub(super) fn schedule(log_len: usize, degree: usize, bits: usize) -> Schedule {
    let variables = log_len.saturating_add(log2_ceil_usize(degree));
    // The first round folds inside a coordinate.
    let most_folded = log_len.min(MOST_FOLDED);
    let positions = |log_inv_rate| queries_for(log_inv_rate, bits).unwrap_or(usize::MAX);
    let (queries, whole) = (positions(LOG_INV_RATE), positions(WHOLE_LOG_INV_RATE));
    // Index: the variables of the codeword.
    let mut steps: Vec<Step> = Vec::new();
    for left in 0..=variables {
        let last = left == variables;
        // The first codeword has symbols of the base field.
        let elements = if last { 1 } else { degree };
        let opened = (1..=left.min(most_folded)).map(|fold| Step {
            bytes: opening(left, LOG_INV_RATE, fold, elements, queries)
                .saturating_add(rest(&steps, left, fold, degree)),
            log_inv_rate: LOG_INV_RATE,
            fold,
        });
        // Whole codewords have the largest fold, so the fewest leaves.
        let fold = left.min(most_folded);
        let whole = (!last && left.saturating_sub(fold) <= FINAL_VARIABLES).then(|| Step {
            bytes: opening(left, WHOLE_LOG_INV_RATE, fold, degree, whole)
                .saturating_add(values(left.saturating_sub(fold), degree)),
            log_inv_rate: WHOLE_LOG_INV_RATE,
            fold,
        });
        let cheapest = opened.chain(whole).min_by_key(|step| step.bytes);
        steps.push(cheapest.unwrap_or(Step {
            bytes: u64::MAX,
            log_inv_rate: LOG_INV_RATE,
            fold: 1,
        }));
    }
    let (mut folds, mut log_inv_rates, mut left) = (vec![], vec![], variables);
    while let Some(step) = steps.get(left) {
        folds.push(step.fold);
        log_inv_rates.push(step.log_inv_rate);
        left = left.saturating_sub(step.fold);
        if left <= FINAL_VARIABLES {
            break;
        }
    }
    log_inv_rates.remove(0);
    Schedule {
        folds,
        log_inv_rates,
        bytes: steps.last().map_or(u64::MAX, |step| step.bytes),
    }
}

/// What comes after a fold: the next codeword, or the values in the clear.
fn rest(steps: &[Step], variables: usize, fold: usize, degree: usize) -> u64 {
    let left = variables.saturating_sub(fold);
    if left <= FINAL_VARIABLES {
        values(left, degree)
    } else {
        steps.get(left).map_or(u64::MAX, |step| step.bytes)
    }
}

/// Bytes of `2^variables` values in the clear.
fn values(variables: usize, degree: usize) -> u64 {
    pow2(variables)
        .saturating_mul(wide(degree))
        .saturating_mul(FIELD)
}

/// Bytes of opening one codeword: symbols and pruned paths.
fn opening(
    variables: usize,
    log_inv_rate: usize,
    fold: usize,
    elements: usize,
    queries: usize,
) -> u64 {
    let height = variables.saturating_add(log_inv_rate).saturating_sub(fold);
    let leaf = values(fold, elements);
    let (queries, leaves) = (wide(queries), pow2(height));
    if queries >= leaves {
        return leaves.saturating_mul(leaf);
    }
    queries.saturating_mul(leaf.saturating_add(path(height, queries)))
}

/// Bytes that one of `queries` paths takes in a tree of `2^height` leaves, about: paths share the levels near the root.
pub(super) fn path(height: usize, queries: u64) -> u64 {
    let shared = u64::from(queries.checked_ilog2().unwrap_or(0));
    wide(height).saturating_sub(shared).saturating_mul(DIGEST)
}

fn pow2(exponent: usize) -> u64 {
    u32::try_from(exponent)
        .ok()
        .and_then(|exponent| 1u64.checked_shl(exponent))
        .unwrap_or(u64::MAX)
}

pub(super) fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_fold_until_a_few_values_are_left() {
        for (log_len, folds, log_inv_rates) in [
            (8, vec![3], vec![]),
            (11, vec![4, 7], vec![1]),
            (15, vec![5, 3, 7], vec![3, 1]),
            (22, vec![5, 4, 3, 3, 7], vec![3, 3, 3, 1]),
        ] {
            let found = schedule(log_len, 2, 88);
            assert_eq!((found.folds, found.log_inv_rates), (folds, log_inv_rates));
        }
    }

    #[test]
    fn every_schedule_is_one_that_whir_takes() {
        for (log_len, degree, bits) in (4..=26)
            .flat_map(|log_len| [2, 3].map(|degree| (log_len, degree)))
            .flat_map(|(log_len, degree)| (20..112).map(move |bits| (log_len, degree, bits)))
        {
            let case = (log_len, degree, bits);
            let schedule = schedule(log_len, degree, bits);
            let mut left = log_len + log2_ceil_usize(degree);
            let mut rate = LOG_INV_RATE;
            for (at, &fold) in schedule.folds.iter().enumerate() {
                assert!((1..=log_len.min(8)).contains(&fold), "{case:?}");
                // Nothing is folded once few enough values are left, and no domain grows.
                assert!(at == 0 || left > FINAL_VARIABLES, "{case:?}");
                left -= fold;
                if let Some(&next) = schedule.log_inv_rates.get(at) {
                    assert!((1..=rate + fold).contains(&next), "{case:?}");
                    rate = next;
                }
            }
            assert!(left <= FINAL_VARIABLES, "{case:?}");
            assert_eq!(schedule.folds.len(), schedule.log_inv_rates.len() + 1);
        }
    }
}
