//! What lies beyond the ends of an interval, where a value is cut off.
//!
//! `x' = y + a - b` for `y` in `lo ..= hi`, with `lo < hi`: `a` beyond the upper end, `b` beyond the lower. Witness: the
//! excess `m = a + b` and, if `x'` can lie beyond both ends, `a`, with
//!
//! ```text
//! a (hi - y) = 0,    b (y - lo) = 0,    a b = 0,    0 <= m < 2^k.
//! ```
//!
//! Unique: one of `a` and `b` is zero and the other is `m`, so neither is negative. If `a` is positive, `y` is at its
//! upper end, and `x' = hi + a > hi`; if `b` is positive, `y` is at the lower end, and `x' = lo - b < lo`. So a value in
//! the interval has no excess, and one outside has `y` at the end that it is beyond, and the excess that is left.

use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Recorder, each};
use crate::fact::standard;
use crate::lower::Lowering;
use relation::{Combination, Interval};

/// What lies beyond an end.
pub(super) struct Excess {
    /// 1 for the upper end, -1 for the lower.
    pub sign: i64,
    /// How far, not negative.
    pub size: Combination,
}

/// How far values can lie above and below an interval.
pub(super) fn beyond(values: Interval, to: Interval) -> [i64; 2] {
    let over = values.hi.saturating_sub(to.hi);
    let under = to.lo.saturating_sub(values.lo);
    [over.max(0), under.max(0)]
}

/// Where an excess lies by its range check, for what [`beyond`] says.
///
/// Errors: [`OperatorError::Overflow`] if that is no interval of moderate size.
pub(super) fn interval([over, under]: [i64; 2]) -> Result<Interval, OperatorError> {
    standard(Interval::new(0, over.max(under)))
}

/// Declares the excesses beyond the ends that can be passed.
///
/// `rest` is the distance of `y` from its upper end, `distance` that from its lower end.
/// Errors: [`OperatorError`].
pub(super) fn relate(
    [over, under]: [i64; 2],
    rest: Combination,
    distance: Combination,
    lowering: &mut Lowering,
) -> Result<Vec<Excess>, OperatorError> {
    let shape = rest.shape().to_vec();
    if over.max(under) == 0 {
        lowering.nothing();
        lowering.nothing();
        return Ok(Vec::new());
    }
    let interval = interval([over, under])?;
    let excess = lowering.witness("excess", &shape, interval)?;
    let mut excesses = Vec::new();
    let mut beyond = |what, sign, size: Combination, inside, lowering: &mut Lowering| {
        lowering.choice(what, size.clone(), inside);
        excesses.push(Excess { sign, size });
    };
    match [over, under] {
        [_, 0] => {
            lowering.nothing();
            beyond("over", 1, excess, rest, lowering);
        }
        [0, _] => {
            lowering.nothing();
            beyond("under", -1, excess, distance, lowering);
        }
        _ => {
            let above = Combination::from(lowering.column("above", &shape, interval)?);
            let below = excess.minus(above.clone())?;
            lowering.choice("side", above.clone(), below.clone());
            beyond("over", 1, above, rest, lowering);
            beyond("under", -1, below, distance, lowering);
        }
    }
    Ok(excesses)
}

/// Records what [`relate`] declares for some values.
#[cfg(feature = "execute")]
pub(super) fn record(values: &[i64], Interval { lo, hi }: Interval, recorder: &mut Recorder<'_>) {
    recorder.witness_with(|| each(values, |x| (x - x.clamp(lo, hi)).abs()));
    recorder.witness_with(|| each(values, |x| (x - hi).max(0)));
}
