//! Inputs: tensors that a proof is about, each shown to lie in its interval.
//!
//! A verifier sees for itself where public values lie. The limbs of private values, and the certificate of a seal, show
//! the least [`standard`] interval around the declared one. Where that is wider, as for an index into a table of 100
//! rows, two more range checks show what is left:
//!
//! ```text
//! 0 <= x - lo,    0 <= hi - x.
//! ```
//!
//! Unique: the value is the input itself, and it has one difference from either end.

use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder, each};
use crate::fact::{standard, width};
use crate::lower::Lowering;
#[cfg(feature = "execute")]
use crate::program::Visibility;
use relation::{Combination, Interval};

/// How far a value lies above the lower end of its interval, and below the upper end, where that has to be shown: by
/// a sign for the value and a constant.
fn distances(interval: Interval) -> Result<Vec<(&'static str, i64, i64)>, OperatorError> {
    let shown = standard(interval)?;
    let above = (interval.lo > shown.lo).then_some(("above", 1, -interval.lo));
    let below = (interval.hi < shown.hi).then_some(("below", -1, interval.hi));
    Ok(above.into_iter().chain(below).collect())
}

/// Shows that values of the least standard interval lie in their own; [`record`] has them.
///
/// Errors: [`OperatorError`].
pub(crate) fn relate(
    value: &Combination,
    interval: Interval,
    lowering: &mut Lowering,
) -> Result<(), OperatorError> {
    for (what, sign, constant) in distances(interval)? {
        let zero = Combination::zero(value.shape());
        let distance = zero.plus_times(sign, value.clone())?;
        let distance = distance.plus_constant(constant)?;
        lowering.range_check(what, distance, width(interval))?;
    }
    Ok(())
}

/// Records the witness of an input.
///
/// Errors: [`OperatorError`].
#[cfg(feature = "execute")]
pub(crate) fn record(
    array: &Array,
    interval: Interval,
    visibility: Visibility,
    recorder: &mut Recorder<'_>,
) -> Result<(), OperatorError> {
    if visibility == Visibility::Public {
        return Ok(());
    }
    if visibility == Visibility::Private {
        recorder.witness_with(|| array.to_vec());
    }
    for (_, sign, constant) in distances(interval)? {
        recorder.witness_with(|| each(&array.to_vec(), |x| sign * x + constant));
    }
    Ok(())
}
