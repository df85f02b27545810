//! Rounding by a power of two: the only rounding of the linear layers.
//!
//! `q = floor((x + 2^(shift - 1)) / 2^shift)`, half rounded up. Witness: the quotient `q` and the
//! remainder `r`, with
//!
//! ```text
//! x + 2^(shift - 1) = 2^shift * q + r,    0 <= r < 2^shift,    q in its interval.
//! ```
//!
//! If `x` is a sum of columns, `r` is one too, and needs no column.
//!
//! Unique: `r` is the residue modulo `2^shift` of the left side, and neither side can wrap. Without a
//! shift there is no remainder, and the operator gives a product of tensors, or a long sum, columns
//! of its own.

use super::{Operate, check_known, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder, each};
use crate::fact::{Fact, standard};
use crate::lower::{Expression, Lowering};
use relation::Interval;
use serde::{Deserialize, Serialize};

/// Rounding by a power of two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rescale {
    /// Bits that are rounded away.
    pub shift: u32,
    /// Where the results lie if that is known better than from the interval of the input: from the
    /// real parameters, say. A value outside of it could not be proven.
    pub interval: Option<Interval>,
}

/// The largest shift.
pub const MAX_SHIFT: u32 = 48;

impl Operate for Rescale {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        check_shift(self.shift)?;
        check_known(self.interval)?;
        let interval = super::split::rounded_interval(x.interval, self.shift, self.interval);
        let fact = Fact::new(x.shape.clone(), Some(standard(interval)?.into()))?;
        Ok(vec![fact])
    }

    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let ([x], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let quotient = lowering.witness("quotient", &fact.shape, fact.interval)?;
        relate_rounded(x, self.shift, quotient.clone(), lowering)?;
        Ok(vec![Expression::linear(fact.clone(), quotient)])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        let ([x], [fact]) = (inputs, results) else {
            return Ok(Vec::new());
        };
        let values = x.to_vec();
        let quotient = each(&values, |value| round(value, self.shift));
        recorder.witness(&quotient);
        record_rounded(&values, self.shift, recorder);
        Ok(vec![Array::new(fact.shape.clone(), quotient)])
    }
}

/// `floor((value + 2^(shift - 1)) / 2^shift)`.
pub(crate) const fn round(value: i64, shift: u32) -> i64 {
    (value + ((1 << shift) >> 1)) >> shift
}

/// That a shift is in range.
pub(crate) fn check_shift(shift: u32) -> Result<(), OperatorError> {
    if shift <= MAX_SHIFT {
        return Ok(());
    }
    Err(OperatorError::Attribute {
        name: "shift",
        expected: "at most 48",
        found: shift.to_string(),
    })
}

/// Declares the remainder of a rounding, and that `quotient` is what `x` rounds to.
///
/// The caller shows the interval of `quotient`.
pub(crate) fn relate_rounded(
    x: &Expression,
    shift: u32,
    quotient: relation::Combination,
    lowering: &mut Lowering,
) -> Result<(), OperatorError> {
    if shift == 0 {
        return lowering.equal("rounding", quotient, x);
    }
    let half = 1 << (shift - 1);
    let quotient = quotient.times(1 << shift)?;
    if x.products.is_empty() {
        // What is left of a sum of columns needs no column of its own.
        let remainder = x.linear.clone().plus_constant(half)?.minus(quotient)?;
        return lowering.range_check("remainder", remainder, shift);
    }
    let last = Interval::new(0, (1 << shift) - 1);
    let remainder = lowering.witness("remainder", &x.fact.shape, last)?;
    let whole = quotient.plus(remainder)?.plus_constant(-half)?;
    lowering.equal("rounding", whole, x)
}

/// Records what [`relate_rounded`] declares.
#[cfg(feature = "execute")]
pub(crate) fn record_rounded(values: &[i64], shift: u32, recorder: &mut Recorder<'_>) {
    if shift > 0 {
        recorder.witness_with(|| {
            let half = 1 << (shift - 1);
            let mask = (1 << shift) - 1;
            each(values, |value| (value + half) & mask)
        });
    }
}
