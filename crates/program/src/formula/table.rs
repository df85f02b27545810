//! Tables of functions between integers.

use super::{Formula, Instruction, MAX_INSTRUCTIONS};
use crate::error::OperatorError;
use crate::fact::MAX_MAGNITUDE;
use relation::interval::Wide;
use relation::{Interval, Tensor};
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

    /// The value for each argument, in order.
    ///
    /// Errors: [`OperatorError::Attribute`] if the table is not well formed, or is a number nowhere.
    pub fn values(&self) -> Result<Vec<i64>, OperatorError> {
        self.check()?;
        // Exact on every machine, which `powi` does not promise.
        let power = |bits: i32| libm::scalbn(1.0, bits);
        let (from, to) = (power(-self.argument_bits), power(self.value_bits));
        let entry = |x: i64| {
            #[expect(
                clippy::cast_precision_loss,
                reason = "arguments have at most 61 bits; only those below 53 are exact, and tables round anyway"
            )]
            let value = self
                .formula
                .at(x as f64 * from)
                .filter(|value| !value.is_nan())?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the conversion saturates, and so does the table"
            )]
            let rounded = libm::floor(value * to + 0.5) as i64;
            Some(rounded.clamp(self.values.lo, self.values.hi))
        };
        let entries: Vec<Option<i64>> =
            (self.arguments.lo..=self.arguments.hi).map(entry).collect();
        fill(&entries).ok_or_else(|| OperatorError::Attribute {
            name: "formula",
            expected: "a number for at least one argument",
            found: format!("{:?}", self.formula),
        })
    }

    /// Arguments and values as tensors.
    ///
    /// Errors: as [`Table::values`].
    pub fn columns(&self) -> Result<(Tensor, Tensor), OperatorError> {
        let values = self.values()?;
        let shape = vec![values.len()];
        let tensor = |values| {
            let shape = shape.clone();
            Tensor::from_i64s(shape.clone(), values).map_err(|_| OperatorError::TooLarge { shape })
        };
        let arguments = (self.arguments.lo..=self.arguments.hi).collect();
        Ok((tensor(arguments)?, tensor(values)?))
    }
}

/// Gives entries without a number that of the nearest one with a number, the later one of two.
fn fill(entries: &[Option<i64>]) -> Option<Vec<i64>> {
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
