//! The inner commitment: WHIR over the combination of all rows, as one column per coordinate of `E`.

use alloc::vec;
use alloc::vec::Vec;

use p3_dft::Radix2DFTSmallBatch;
use p3_field::BasedVectorSpace;
use p3_sumcheck::layout::PrefixProver;
use p3_sumcheck::{OpeningBatch, OpeningProtocol, TableShape, TableSpec};
use p3_util::log2_ceil_usize;
use p3_whir::{FoldingFactor, ProtocolParameters, SecurityAssumption, WhirConfig, WhirProver};

use super::schedule::{self, Schedule};
use super::{OpeningShape, ShapeError};
use crate::profile::{F, Profile};

/// Most variables of the polynomial that is sent in the clear at the end: 64 values.
pub(super) const FINAL_VARIABLES: usize = 6;

/// The rate of codewords that are opened at positions.
///
/// The combination is `R` times smaller than the rows, so a low rate is cheap; see [`schedule`](super::schedule).
pub(super) const LOG_INV_RATE: usize = 3;

/// WHIR for profile `P`.
pub(super) type Pcs<P> = WhirProver<
    <P as Profile>::E,
    F,
    Radix2DFTSmallBatch<F>,
    <P as Profile>::Tree,
    <P as Profile>::Challenger,
    PrefixProver<F, <P as Profile>::E>,
>;

/// WHIR's configuration for profile `P`.
pub(super) type Config<P> = WhirConfig<<P as Profile>::E, F, <P as Profile>::Challenger>;

/// The parameters of the inner commitment; part of the verifying key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhirParameters {
    /// Base-two logarithm of the inverse of the first codeword's rate.
    pub log_inv_rate: usize,
    /// Variables folded per round; at most six remain after the last.
    pub folds: Vec<usize>,
    /// Base-two logarithms of the inverse rates of the codewords after the first: one fewer than folds.
    pub round_log_inv_rates: Vec<usize>,
    /// Bits that each error term keeps, grinding included.
    pub security_bits: usize,
    /// Most bits that any one step grinds.
    pub pow_bits: usize,
}

/// Coordinates of `E` over `F`.
pub(super) fn degree<P: Profile>() -> usize {
    <P::E as BasedVectorSpace<F>>::DIMENSION
}

/// Chooses parameters for a combination of `2^log_len` coefficients in profile `P`.
///
/// The schedule is the one with the shortest proofs, by a model of their bytes.
#[must_use]
pub fn whir_parameters<P: Profile>(
    log_len: usize,
    security_bits: usize,
    pow_bits: usize,
) -> WhirParameters {
    let Schedule {
        folds,
        log_inv_rates,
        ..
    } = schedule_of::<P>(log_len, security_bits, pow_bits);
    WhirParameters {
        log_inv_rate: LOG_INV_RATE,
        folds,
        round_log_inv_rates: log_inv_rates,
        security_bits,
        pow_bits,
    }
}

/// The shortest schedule for a combination of `2^log_len` coefficients.
pub(super) fn schedule_of<P: Profile>(
    log_len: usize,
    security_bits: usize,
    pow_bits: usize,
) -> Schedule {
    let bits = security_bits.saturating_sub(pow_bits);
    schedule::schedule(log_len, degree::<P>(), bits)
}

/// Derives WHIR's configuration and refuses what it cannot reach.
pub(super) fn config<P: Profile>(shape: &OpeningShape) -> Result<Config<P>, ShapeError> {
    let whir = shape.whir();
    let variables = shape
        .code()
        .log_len()
        .saturating_add(log2_ceil_usize(degree::<P>()));
    let folded = whir
        .folds
        .iter()
        .fold(0usize, |sum, &fold| sum.saturating_add(fold));
    let range = |what, found, low, high| {
        if (low..=high).contains(&found) {
            Ok(())
        } else {
            Err(ShapeError::Range {
                what,
                low,
                high,
                found,
            })
        }
    };
    range("folds", whir.folds.len(), 1, variables)?;
    for &fold in &whir.folds {
        range("fold", fold, 1, shape.code().log_len().min(8))?;
    }
    range(
        "folded variables",
        folded,
        variables.saturating_sub(FINAL_VARIABLES),
        variables,
    )?;
    range("whir log_inv_rate", whir.log_inv_rate, 1, 6)?;
    let rounds = whir.folds.len().saturating_sub(1);
    range(
        "whir round_log_inv_rates",
        whir.round_log_inv_rates.len(),
        rounds,
        rounds,
    )?;
    for &rate in &whir.round_log_inv_rates {
        range("whir round_log_inv_rate", rate, 1, 32)?;
    }
    range("whir security_bits", whir.security_bits, 1, 256)?;
    range("whir pow_bits", whir.pow_bits, 0, 30)?;
    let parameters = ProtocolParameters {
        starting_log_inv_rate: whir.log_inv_rate,
        round_log_inv_rates: whir.round_log_inv_rates.clone(),
        folding_factor: FoldingFactor::PerRound(whir.folds.clone()),
        soundness_type: SecurityAssumption::UniqueDecoding,
        security_level: whir.security_bits,
        pow_bits: whir.pow_bits,
    };
    Config::<P>::new_with_initial_claims(variables, parameters, claims::<P>(shape))
        .map_err(ShapeError::Whir)
}

/// Values that WHIR proves: the coordinates at the point and at each position.
fn claims<P: Profile>(shape: &OpeningShape) -> usize {
    degree::<P>().saturating_mul(shape.queries().saturating_add(1))
}

/// WHIR with its tree and transform.
pub(super) fn pcs<P: Profile>(shape: &OpeningShape) -> Result<Pcs<P>, ShapeError> {
    Ok(Pcs::<P>::new(
        config::<P>(shape)?,
        Radix2DFTSmallBatch::default(),
        P::tree(),
    ))
}

/// One table with a column per coordinate, all opened at the point and at each position.
pub(super) fn schedule<P: Profile>(shape: &OpeningShape) -> OpeningProtocol {
    let columns: Vec<usize> = (0..degree::<P>()).collect();
    let batch = OpeningBatch::new(columns, Vec::new());
    let points = shape.queries().saturating_add(1);
    OpeningProtocol::new(vec![TableSpec::new(
        TableShape::new(shape.code().log_len(), degree::<P>()),
        vec![batch; points],
    )])
}

/// The inner proof's schedule, for the security account.
///
/// Errors: [`ShapeError`] as for [`OpeningShape::new`].
pub fn inner<P: Profile>(shape: &OpeningShape) -> Result<crate::security::Whir, ShapeError> {
    Ok(crate::security::Whir::of(
        &config::<P>(shape)?,
        claims::<P>(shape),
    ))
}

#[cfg(test)]
mod tests {
    use p3_sumcheck::PrescribedPointPcs;

    use super::*;
    use crate::opening::{Code, GroupShape};
    use crate::profile::{Goldilocks2, Goldilocks3};

    fn shape<P: Profile>(log_len: usize) -> OpeningShape {
        let groups = vec![GroupShape {
            rows: 10,
            own: 0,
            hidden: 0,
        }];
        let code = Code::new(log_len, 2).expect("in range");
        let whir = whir_parameters::<P>(log_len, 106, 16);
        let queries = 124.min(code.positions() / 2);
        OpeningShape::new::<P>(code, queries, groups, 16, whir).expect("a shape")
    }

    /// Bits of the whole argument by Plonky3's own account: a union bound over all its steps, grinding included.
    fn total_bits<P: Profile>(shape: &OpeningShape) -> f64 {
        let security = pcs::<P>(shape)
            .expect("a shape")
            .prescribed_security(&schedule::<P>(shape));
        security.map_or(0.0, |security| security.error().bits())
    }

    #[test]
    fn every_size_reaches_one_hundred_bits() {
        for log_len in 4..=26 {
            let (two, three) = (shape::<Goldilocks2>(log_len), shape::<Goldilocks3>(log_len));
            for (bits, inner) in [
                (total_bits::<Goldilocks2>(&two), inner::<Goldilocks2>(&two)),
                (
                    total_bits::<Goldilocks3>(&three),
                    inner::<Goldilocks3>(&three),
                ),
            ] {
                let whir = inner.expect("a shape");
                assert!(bits >= 100.0, "log_len {log_len}: {bits} bits, {whir:?}");
                let folds =
                    || core::iter::once(whir.fold).chain(whir.rounds.iter().map(|r| r.fold));
                let folded: usize = folds().map(|fold| fold.rounds).sum();
                assert_eq!(folded + whir.final_rounds, whir.fold.variables);
                assert!(folds().all(|fold| fold.work_bits <= 16));
            }
        }
    }

    #[test]
    fn impossible_parameters_are_refused() {
        let good = shape::<Goldilocks2>(10);
        let refused = |change: &dyn Fn(&mut WhirParameters)| {
            let mut whir = good.whir().clone();
            change(&mut whir);
            let groups = good.groups().to_vec();
            OpeningShape::new::<Goldilocks2>(*good.code(), good.queries(), groups, 16, whir)
                .expect_err("a bad shape")
        };
        assert!(matches!(
            refused(&|w| w.folds.clear()),
            ShapeError::Range { what: "folds", .. }
        ));
        assert!(matches!(
            refused(&|w| w.folds[0] = 0),
            ShapeError::Range { what: "fold", .. }
        ));
        let folded = refused(&|w| w.folds = vec![1]);
        assert!(matches!(
            folded,
            ShapeError::Range {
                what: "folded variables",
                ..
            }
        ));
        assert!(matches!(
            refused(&|w| w.security_bits = 128),
            ShapeError::Whir(_)
        ));
        for rates in [0, 2] {
            let rates = refused(&|w| w.round_log_inv_rates.resize(rates, 1));
            assert!(matches!(
                rates,
                ShapeError::Range {
                    what: "whir round_log_inv_rates",
                    ..
                }
            ));
        }
        let rate = refused(&|w| w.round_log_inv_rates[0] = 0);
        assert!(matches!(
            rate,
            ShapeError::Range {
                what: "whir round_log_inv_rate",
                ..
            }
        ));
        let rate = refused(&|w| w.log_inv_rate = 0);
        assert!(matches!(
            rate,
            ShapeError::Range {
                what: "whir log_inv_rate",
                ..
            }
        ));
    }
}
