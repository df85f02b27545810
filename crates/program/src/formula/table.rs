//! Tables of functions between integers.

use super::{Formula, Instruction, MAX_INSTRUCTIONS};
use crate::error::OperatorError;
use crate::fact::MAX_MAGNITUDE;
use p3_maybe_rayon::prelude::*;
use relation::Interval;
use relation::interval::Wide;
use serde::{Deserialize, Serialize};

/// A formula between fixed-point numbers: entry `x` is
/// `round(2^value_bits * formula(x / 2^argument_bits))`, kept in an interval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The function.
    pub formula: Formula,
    /// Fraction bits of the argument.
    pub argument_bits: i32,
    /// Fraction bits of the value.
    pub value_bits: i32,
    /// The arguments: at most `2^16` of them.
    pub arguments: Interval,
    /// Values beyond it become its ends; a value that is no number becomes that of the nearest argument that has one.
    pub values: Interval,
}

/// Entries lie on one axis up to this number.
const SHORT: i64 = 1 << 10;

/// How many entries of a longer table lie on its inner axis: a power of two.
const COLUMNS: i64 = 1 << 8;

/// How many entries are computed at once.
const BLOCK: usize = 1 << 10;

/// The most entries of a table.
pub const MAX_ENTRIES: i64 = 1 << 16;

impl Eq for Table {}

impl PartialOrd for Table {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Table {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |table: &Self| {
            let formula: Vec<(u8, u64)> = { table.formula.instructions.iter() }
                .map(Instruction::key)
                .collect();
            let ends = |interval: Interval| [interval.lo, interval.hi];
            let bits = [table.argument_bits, table.value_bits];
            (formula, bits, ends(table.arguments), ends(table.values))
        };
        key(self).cmp(&key(other))
    }
}

impl Instruction {
    /// A number for each instruction, so that tables can be compared.
    fn key(&self) -> (u8, u64) {
        match *self {
            Self::Variable => (0, 0),
            Self::Constant(value) => (1, value.to_bits()),
            Self::Add => (2, 0),
            Self::Subtract => (3, 0),
            Self::Multiply => (4, 0),
            Self::Divide => (5, 0),
            Self::Power => (6, 0),
            Self::Maximum => (7, 0),
            Self::Minimum => (8, 0),
            Self::Less => (9, 0),
            Self::Choose => (10, 0),
            Self::Apply(function) => (11, function as u64),
        }
    }
}

impl Table {
    /// That the table is well formed.
    ///
    /// Errors: [`OperatorError::Attribute`].
    pub fn check(&self) -> Result<(), OperatorError> {
        let bad = |name, expected, found| {
            Err(OperatorError::Attribute {
                name,
                expected,
                found,
            })
        };
        let Interval { lo, hi } = self.arguments;
        let entries = i128::from(hi) - i128::from(lo) + 1;
        if !Wide::from(self.arguments).below(MAX_MAGNITUDE) {
            let found = format!("{:?}", self.arguments);
            return bad("arguments", "numbers of at most 61 bits", found);
        }
        let known = self.formula.instructions.len() <= MAX_INSTRUCTIONS;
        if !known || self.formula.at(0.0).is_none() {
            return bad(
                "formula",
                "a function of one variable",
                format!("{:?}", self.formula),
            );
        }
        if entries < 1 || entries > MAX_ENTRIES.into() {
            return bad(
                "arguments",
                "at least 1 and at most 2^16",
                entries.to_string(),
            );
        }
        if self.values.lo > self.values.hi {
            return bad("values", "an interval", format!("{:?}", self.values));
        }
        if [self.argument_bits, self.value_bits]
            .iter()
            .any(|bits| bits.abs() > 60)
        {
            let found = format!("{} and {}", self.argument_bits, self.value_bits);
            return bad("fraction bits", "-60 to 60", found);
        }
        Ok(())
    }

    /// The axes on which the entries lie: two for a long table whose entries fill its rows, so that a verifier handles
    /// an index of an axis and not an entry wherever it can.
    pub fn shape(&self) -> Vec<usize> {
        let len = |entries: u64| usize::try_from(entries).unwrap_or(usize::MAX);
        let entries = self
            .arguments
            .hi
            .abs_diff(self.arguments.lo)
            .saturating_add(1);
        let columns = COLUMNS.unsigned_abs();
        if entries > SHORT.unsigned_abs() && entries.is_multiple_of(columns) {
            vec![len(entries / columns), len(columns)]
        } else {
            vec![len(entries)]
        }
    }

    /// Arguments, some more at the upper end if a long table of them would not fill its rows.
    pub fn filled(Interval { lo, hi }: Interval) -> Interval {
        let entries = hi.saturating_sub(lo).saturating_add(1);
        let missing = (-entries).rem_euclid(COLUMNS);
        let more = if entries > SHORT { missing } else { 0 };
        Interval::new(lo, hi.saturating_add(more))
    }

    /// The value for each argument, in order.
    ///
    /// Errors: [`OperatorError::Attribute`] if the table is not well formed, or is a number nowhere.
    pub fn values(&self) -> Result<Vec<i64>, OperatorError> {
        self.check()?;
        // Exact on every machine, which `powi` does not promise.
        let power = |bits: i32| libm::scalbn(1.0, bits);
        let (from, to) = (power(-self.argument_bits), power(self.value_bits));
        #[expect(
            clippy::cast_precision_loss,
            reason = "arguments have at most 61 bits; only those below 53 are exact, and tables round anyway"
        )]
        let argument = |x: i64| x as f64 * from;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the conversion saturates, and so does the table"
        )]
        let rounded = |value: f64| {
            let rounded = libm::floor(value * to + 0.5) as i64;
            (!value.is_nan()).then(|| rounded.clamp(self.values.lo, self.values.hi))
        };
        let Interval { lo, hi } = self.arguments;
        let starts: Vec<i64> = (lo..=hi).step_by(BLOCK).collect();
        let mut entries = vec![None; self.shape().iter().product()];
        let blocks = entries.par_chunks_mut(BLOCK).zip(starts.par_iter());
        blocks.for_each(|(entries, &start)| {
            let arguments: Vec<f64> = (start..=hi).take(BLOCK).map(argument).collect();
            let values = self.formula.at_each(&arguments).unwrap_or_default();
            for (entry, value) in entries.iter_mut().zip(values) {
                *entry = rounded(value);
            }
        });
        fill(&entries).ok_or_else(|| OperatorError::Attribute {
            name: "formula",
            expected: "a number for at least one argument",
            found: format!("{:?}", self.formula),
        })
    }
}

/// Gives entries without a number that of the nearest one with a number, the later one of two.
fn fill(entries: &[Option<i64>]) -> Option<Vec<i64>> {
    if let Some(all) = entries.iter().copied().collect() {
        return Some(all);
    }
    let mut before: Vec<Option<(usize, i64)>> = Vec::with_capacity(entries.len());
    let mut last = None;
    for (at, entry) in entries.iter().enumerate() {
        last = entry.map(|value| (at, value)).or(last);
        before.push(last);
    }
    let mut filled = Vec::with_capacity(entries.len());
    let mut next = None;
    for (at, entry) in entries.iter().enumerate().rev() {
        next = entry.map(|value| (at, value)).or(next);
        let nearest = match (before[at], next) {
            (Some((left, value)), Some((right, other))) => {
                if at - left < right - at {
                    value
                } else {
                    other
                }
            }
            (Some((_, value)), None) | (None, Some((_, value))) => value,
            (None, None) => return None,
        };
        filled.push(nearest);
    }
    filled.reverse();
    Some(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formula::Function;

    fn table(function: Function, arguments: Interval) -> Table {
        Table {
            formula: Formula::of(function),
            argument_bits: 4,
            value_bits: 8,
            arguments,
            values: Interval::new(-1000, 1000),
        }
    }

    #[test]
    fn entries_are_rounded_values() {
        let values = table(Function::Sigmoid, Interval::new(-160, 160)).values();
        let values = values.expect("a table");
        assert_eq!(values.len(), 321);
        assert_eq!((values[0], values[160], values[320]), (0, 128, 256));
    }

    #[test]
    fn arguments_without_a_value_take_the_nearest() {
        let values = table(Function::Reciprocal, Interval::new(-1, 1)).values();
        assert_eq!(values.expect("a table"), [-1000, 1000, 1000]);
        let values = table(Function::SquareRoot, Interval::new(-2, 1)).values();
        assert_eq!(values.expect("a table"), [0, 0, 0, 64]);
    }

    #[test]
    fn long_tables_fill_their_rows() {
        let shape = |arguments| table(Function::Tanh, arguments).shape();
        for (lo, hi) in [
            (-3, 8),
            (0, 1023),
            (0, 1024),
            (-32_768, 32_000),
            (1, 65_536),
        ] {
            let arguments = Interval::new(lo, hi);
            let filled = Table::filled(arguments);
            assert!(filled.lo == lo && (hi..hi + COLUMNS).contains(&filled.hi));
            let len = usize::try_from(filled.hi - lo + 1).expect("a length");
            let short = hi - lo < SHORT;
            let expected = if short {
                vec![len]
            } else {
                vec![len / 256, 256]
            };
            assert_eq!(shape(filled), expected);
        }
        assert_eq!(shape(Interval::new(0, 1024)), [1025]);
    }

    #[test]
    fn malformed_tables_are_refused() {
        let wide = table(Function::Tanh, Interval::new(0, MAX_ENTRIES));
        assert!(wide.values().is_err());
        let far = table(Function::Tanh, Interval::new(i64::MIN, i64::MIN + 1));
        assert!(far.values().is_err());
        let mut short = table(Function::Tanh, Interval::new(0, 1));
        short.formula.instructions = vec![Instruction::Add];
        assert!(short.values().is_err());
        let nowhere = table(Function::Ln, Interval::new(-9, -1));
        assert!(nowhere.values().is_err());
    }
}
