//! A function of how far a value lies below the maximum of its row: the exponentials of a softmax.
//!
//! For a row of values rounded to `x'_j = round(x_j / 2^shift)`, half rounded up, and their maximum `m`
//!
//! ```text
//! y_j = T(max(x'_j - m, lo)),
//! ```
//!
//! where `lo ..= 0` are the arguments of the table `T`. Witness: `m`; the bits `p_j = [j < i]` of the index `i` of the
//! first `x'_i = m`, as in [`super::Extreme`]; the argument `q`, the value `t` and the remainder `r` of each element;
//! and, if values can lie so far apart, the excess `u` of [`super::excess`]. With the bits' lookups,
//!
//! ```text
//! x + 2^(shift - 1) = 2^shift * (m + q - u) + r,    0 <= r < 2^shift,
//! u (q - lo) = 0,    0 <= u < 2^k,
//! sum_j (p_(j-1) - p_j) q_j = 0,
//! 0 <= -q_j - p_j < 2^l.
//! ```
//!
//! So neither the rounded values nor their distances have columns of their own, and the input may be a product.
//!
//! Unique: the rounded values are `m + q - u`. No `q` is positive and no `u` is negative, so none of them is larger than
//! `m`. The bits fall once, at an index `i`; there `q` is zero, so `u` is zero too (`lo` is not), and `x'_i = m`: `m` is
//! the maximum. Before `i`, where the bits are one, `q` is negative: `i` is the first. Excess and argument are then those
//! of the distance, and the value is that of the argument.

use super::extreme::Extreme;
#[cfg(feature = "execute")]
use super::extreme::Rows;
#[cfg(feature = "execute")]
use super::function::entry;
use super::rescale::{check_shift, relate_rounded};
#[cfg(feature = "execute")]
use super::rescale::{record_rounded, round};
use super::split::rounded_interval;
use super::{Operate, check_known, exactly, excess};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder, each};
use crate::fact::{Fact, MAX_MAGNITUDE, standard, width};
use crate::formula::Table;
use crate::lower::{Expression, Lowering};
use relation::interval::Wide;
use relation::{Combination, Interval};
use serde::{Deserialize, Serialize};

/// A function of the distance from the maximum along an axis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BelowMaximum {
    /// The axis.
    pub axis: usize,
    /// Bits that are rounded away.
    pub shift: u32,
    /// Where the rounded values lie if that is known better than from the interval of the input; see
    /// [`super::Rescale::interval`].
    pub interval: Option<Interval>,
    /// The function; its arguments end at zero, where the maximum is. Farther below than it begins, values are as there.
    pub table: Table,
}

impl BelowMaximum {
    const fn extreme(&self) -> Extreme {
        Extreme {
            axis: self.axis,
            last: false,
        }
    }

    /// Where the rounded values lie, and what of a distance can be more than the table has.
    fn rounded(&self, x: Interval) -> Result<(Interval, [i64; 2]), OperatorError> {
        let rounded = standard(rounded_interval(x, self.shift, self.interval))?;
        let below = Interval::new(rounded.lo.saturating_sub(rounded.hi), 0);
        Ok((rounded, excess::beyond(below, self.table.arguments)))
    }
}

impl Operate for BelowMaximum {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [x] = exactly(inputs)?;
        self.extreme().size(&x.shape)?;
        check_shift(self.shift)?;
        check_known(self.interval)?;
        self.table.check()?;
        let arguments = self.table.arguments;
        if arguments.hi != 0 || arguments.lo >= 0 {
            return Err(OperatorError::Attribute {
                name: "arguments",
                expected: "from below zero to zero",
                found: format!("{arguments:?}"),
            });
        }
        // What the range checks leave must stay clear of half the modulus.
        let (rounded, beyond) = self.rounded(x.interval)?;
        let most = Wide::from(excess::interval(beyond)?);
        let whole = { most.negate() }
            .and_then(|under| under.plus(rounded.into())?.plus(arguments.into()))
            .and_then(|whole| whole.scale(1 << self.shift));
        if !whole.is_some_and(|whole| whole.below(MAX_MAGNITUDE / 2)) {
            return Err(OperatorError::Overflow { interval: whole });
        }
        let values = Wide::from(self.table.values);
        Ok(vec![Fact::new(x.shape.clone(), Some(values))?])
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
        let (extreme, shape) = (self.extreme(), &fact.shape);
        let (size, table) = (extreme.size(shape)?, lowering.function(&self.table)?);
        let Interval { lo, hi } = self.table.arguments;
        if size == 1 {
            // Each value is the maximum of its row.
            let value = Combination::from(lowering.column("value", shape, self.table.values)?);
            lowering.lookup(
                "table",
                vec![Combination::zero(shape), value.clone()],
                table,
            );
            return Ok(vec![Expression::linear(fact.clone(), value)]);
        }
        let (rounded, beyond) = self.rounded(x.fact.interval)?;
        let rows = extreme.shape(shape, 1);
        let maximum = lowering.witness("maximum", &rows, rounded)?;
        let [before, own] = extreme.bits(shape, size, lowering)?;
        let argument =
            Combination::from(lowering.column("argument", shape, Interval::new(lo, hi))?);
        let value = Combination::from(lowering.column("value", shape, self.table.values)?);
        lowering.lookup("table", vec![argument.clone(), value.clone()], table);
        let mut whole = { maximum }.map(shape, |view| view.broadcast(self.axis, size))?;
        whole = whole.plus(argument.clone())?;
        let above = argument.clone().times(-1)?;
        let distance = argument.clone().plus_constant(-lo)?;
        for excess in excess::relate(beyond, above.clone(), distance, lowering)? {
            whole = whole.plus_times(excess.sign, excess.size)?;
        }
        let strict = above.minus(own.clone())?;
        lowering.range_check("strict", strict, width(Interval::new(0, -lo)))?;
        let zero = Combination::zero(&rows);
        extreme.select(&zero, before.minus(own)?, argument, lowering)?;
        relate_rounded(x, self.shift, whole, lowering)?;
        Ok(vec![Expression::linear(fact.clone(), value)])
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
        let (entry, lo) = (entry(&self.table)?, self.table.arguments.lo);
        let values = x.to_vec();
        let result = |results| Ok(vec![Array::new(fact.shape.clone(), results)]);
        if self.extreme().size(&fact.shape)? == 1 {
            let results = vec![entry(0); values.len()];
            recorder.witness(&results);
            return result(results);
        }
        let rows = Rows::new(
            &self.extreme(),
            fact.shape.as_slice(),
            each(&values, |value| round(value, self.shift)),
        );
        recorder.witness(&rows.maxima);
        recorder.witness_with(|| rows.before());
        let below = each(&rows.distances(), |far| -far);
        let arguments = each(&below, |below| below.max(lo));
        recorder.witness(&arguments);
        let results = each(&arguments, entry);
        recorder.witness(&results);
        excess::record(&below, self.table.arguments, recorder);
        recorder.witness_with(|| {
            let strict = rows.strict(false);
            { arguments.iter().zip(strict) }
                .map(|(argument, strict)| -argument - strict)
                .collect()
        });
        record_rounded(&values, self.shift, recorder);
        result(results)
    }
}
