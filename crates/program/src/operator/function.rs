//! A function of one variable, by a table and by lines beyond its ends.
//!
//! `x' = round(x / 2^shift)`, half rounded up. Inside the table's arguments `lo ..= hi` the result is the
//! table's value; beyond them it goes on along a line:
//!
//! ```text
//! y = T(min(max(x', lo), hi)) + above * max(x' - hi, 0) - below * max(lo - x', 0).
//! ```
//!
//! Witness: the argument `q` and the value `t`, a row of the table; the remainder `r` of the rounding; if
//! `x'` can leave the table, the excesses `over` and `under` of [`super::excess`], with
//!
//! ```text
//! x + 2^(shift - 1) = 2^shift * (q + over - under) + r,    0 <= r < 2^shift.
//! ```
//!
//! Unique: `q + over - under` is the rounded value, and the excesses are those of a table of two arguments or more
//! (shorter ones are refused where the value can leave them). The value is determined by the argument, since a table
//! has one row for each.

#[cfg(feature = "execute")]
use super::rescale::record_rounded;
use super::rescale::{check_shift, relate_rounded, round};
use super::{Operate, exactly, excess};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder, each};
use crate::fact::Fact;
use crate::formula::Table;
use crate::lower::{Expression, Lowering};
use relation::{Combination, Interval};
use serde::{Deserialize, Serialize};

/// A function of one variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Bits that are rounded away.
    pub shift: u32,
    /// The function where it is tabulated.
    pub table: Table,
    /// What the value grows by, per unit of the argument, below the table.
    pub below: i64,
    /// What the value grows by, per unit of the argument, above the table.
    pub above: i64,
}

/// The largest slope beyond the ends of a table.
const MAX_SLOPE: u64 = 1 << 32;

impl Function {
    /// How far the rounded argument can lie above and below the table.
    fn beyond(&self, x: Interval) -> [i64; 2] {
        let rounded = Interval::new(round(x.lo, self.shift), round(x.hi, self.shift));
        excess::beyond(rounded, self.table.arguments)
    }
}

/// The value of a table at one of its arguments.
#[cfg(feature = "execute")]
pub(super) fn entry(table: &Table) -> Result<impl Fn(i64) -> i64 + Send + Sync, OperatorError> {
    let (entries, lo) = (table.values()?, table.arguments.lo);
    Ok(move |argument: i64| {
        let at = usize::try_from(argument - lo).unwrap_or(0);
        entries.get(at).copied().unwrap_or(0)
    })
}

impl Operate for Function {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        check_shift(self.shift)?;
        self.table.check()?;
        if self.above.unsigned_abs().max(self.below.unsigned_abs()) > MAX_SLOPE {
            return Err(OperatorError::Attribute {
                name: "slope",
                expected: "at most 2^32",
                found: format!("{} and {}", self.above, self.below),
            });
        }
        let [over, under] = self.beyond(x.interval);
        let arguments = self.table.arguments;
        if over.max(under) > 0 && arguments.lo == arguments.hi {
            return Err(OperatorError::Attribute {
                name: "arguments",
                expected: "at least two where the input can leave them",
                found: format!("{arguments:?}"),
            });
        }
        // Beyond the ends by as much as the range check allows.
        let most = excess::interval([over, under])?;
        let reach = |beyond: i64, slope: i64| {
            let most = if beyond > 0 {
                most
            } else {
                Interval::new(0, 0)
            };
            relation::interval::Wide::from(most).scale(slope.into())
        };
        let (above, below) = (reach(over, self.above), reach(under, -self.below));
        let interval = { above.zip(below) }
            .and_then(|(above, below)| above.plus(below)?.plus(self.table.values.into()));
        Ok(vec![Fact::new(x.shape.clone(), interval)?])
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
        let shape = &fact.shape;
        let Interval { lo, hi } = self.table.arguments;
        let argument =
            Combination::from(lowering.column("argument", shape, Interval::new(lo, hi))?);
        let value = Combination::from(lowering.column("value", shape, self.table.values)?);
        let table = lowering.function(&self.table)?;
        lowering.lookup("table", vec![argument.clone(), value.clone()], table);
        let (mut rounded, mut result) = (argument.clone(), value);
        let rest = Combination::zero(shape).minus(argument.clone())?;
        let rest = rest.plus_constant(hi)?;
        let distance = argument.plus_constant(-lo)?;
        for excess in excess::relate(self.beyond(x.fact.interval), rest, distance, lowering)? {
            let slope = if excess.sign > 0 {
                self.above
            } else {
                self.below
            };
            rounded = rounded.plus_times(excess.sign, excess.size.clone())?;
            result = result.plus_times(excess.sign * slope, excess.size)?;
        }
        relate_rounded(x, self.shift, rounded, lowering)?;
        Ok(vec![Expression::linear(fact.clone(), result)])
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
        let Interval { lo, hi } = self.table.arguments;
        let entry = entry(&self.table)?;
        let values = x.to_vec();
        let rounded = each(&values, |value| round(value, self.shift));
        let arguments = each(&rounded, |x| x.clamp(lo, hi));
        recorder.witness(&arguments);
        recorder.witness(&each(&arguments, &entry));
        let results = each(&rounded, |x| {
            let beyond = self.above * (x - hi).max(0) - self.below * (lo - x).max(0);
            entry(x.clamp(lo, hi)) + beyond
        });
        excess::record(&rounded, self.table.arguments, recorder);
        record_rounded(&values, self.shift, recorder);
        Ok(vec![Array::new(fact.shape.clone(), results)])
    }
}
