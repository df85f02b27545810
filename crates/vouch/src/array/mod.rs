//! Tensors of real numbers, and how they become integers and come back.

mod error;
#[cfg(test)]
mod tests;

pub use error::ArrayError;
use program::fact::standard;
use program::{Encoding, Levels};
use relation::{Interval, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A row-major tensor of real numbers: what crosses the boundary of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Array {
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// The values, last axis fastest.
    pub data: Vec<f64>,
}

/// Tensors by the names of the model's inputs or outputs.
pub type Arrays = BTreeMap<String, Array>;

impl Array {
    /// A tensor of a shape and row-major values; whether their number fits is checked where it is used.
    pub fn new(shape: impl Into<Vec<usize>>, data: impl Into<Vec<f64>>) -> Self {
        Self {
            shape: shape.into(),
            data: data.into(),
        }
    }

    /// Checks that there is one value for each element of the shape.
    pub(crate) fn check(&self, name: &str) -> Result<(), ArrayError> {
        let expected = relation::shape::len(&self.shape);
        if expected == Some(self.data.len()) {
            return Ok(());
        }
        Err(ArrayError::Length {
            name: name.to_owned(),
            shape: self.shape.clone(),
            expected: expected.unwrap_or(0),
            found: self.data.len(),
        })
    }

    /// The nearest integers in fixed point, half rounded away from zero, or the nearest levels.
    ///
    /// Errors: [`ArrayError::Length`]; [`ArrayError::Value`] if one is no number or outside of `interval`,
    /// [`ArrayError::Index`] if that is the one of an index; [`ArrayError::Fraction`] if one is no integer and has to be.
    pub(crate) fn quantise(
        &self,
        name: &str,
        interval: Interval,
        encoding: Encoding,
    ) -> Result<Tensor, ArrayError> {
        self.check(name)?;
        let mut values = Vec::with_capacity(self.data.len());
        for (at, &value) in self.data.iter().enumerate() {
            let integer = match encoding {
                Encoding::Fixed(bits) => to_integer(value, bits),
                Encoding::Levels(levels) => to_level(value, levels, interval),
                Encoding::Integer => { value == value.trunc() }.then_some(value as i64),
            };
            match integer.filter(|&integer| interval.contains(integer)) {
                Some(integer) => values.push(integer),
                None => {
                    let (name, index) = (name.to_owned(), position(&self.shape, at));
                    return Err(outside(name, index, value, interval, encoding));
                }
            }
        }
        Tensor::from_i64s(self.shape.clone(), values).map_err(|_| ArrayError::Length {
            name: name.to_owned(),
            shape: self.shape.clone(),
            expected: 0,
            found: self.data.len(),
        })
    }

    /// The real numbers that integers stand for.
    pub(crate) fn from_integers(tensor: &Tensor, encoding: Encoding) -> Self {
        let real = |value| match encoding {
            Encoding::Fixed(bits) => to_real(value, bits),
            Encoding::Levels(levels) => from_level(value, levels),
            Encoding::Integer => value as f64,
        };
        Self {
            shape: tensor.shape.clone(),
            data: tensor.to_i64s().into_iter().map(real).collect(),
        }
    }
}

/// `value * 2^fraction_bits`, rounded, if it is a number of at most 62 bits.
///
/// What is not on the grid is first rounded to single precision, as the float model takes it: a decimal such as 0.0507
/// is then equal to a threshold of the model that was written with the same digits.
fn to_integer(value: f64, fraction_bits: i32) -> Option<i64> {
    let scale = 2f64.powi(fraction_bits);
    let exact = value * scale;
    let scaled = if exact == exact.trunc() {
        exact
    } else {
        (f64::from(value as f32) * scale).round()
    };
    // Comparisons with what is no number are false.
    (scaled.abs() < 2f64.powi(62)).then_some(scaled as i64)
}

fn to_real(value: i64, fraction_bits: i32) -> f64 {
    value as f64 * 2f64.powi(-fraction_bits)
}

/// The level of a number that single precision holds, or the nearest end of the interval.
fn to_level(value: f64, levels: Levels, interval: Interval) -> Option<i64> {
    let value = value as f32;
    // What is beyond all integers saturates, and is cut off by the interval.
    let level = (value / levels.scale()).round_ties_even() as i64;
    let level = level.saturating_add(levels.zero.into());
    { value.is_finite() }.then(|| level.max(interval.lo).min(interval.hi))
}

/// The real that a level stands for, in single precision.
fn from_level(value: i64, levels: Levels) -> f64 {
    let steps = value.saturating_sub(levels.zero.into()) as f32;
    f64::from(steps * levels.scale())
}

/// The numbers that can be encoded.
fn range(interval: Interval, encoding: Encoding) -> [f64; 2] {
    match encoding {
        Encoding::Fixed(bits) => [interval.lo, interval.hi].map(|end| to_real(end, bits)),
        Encoding::Levels(_) => [f32::MIN, f32::MAX].map(f64::from),
        Encoding::Integer => [interval.lo, interval.hi].map(|end| end as f64),
    }
}

/// What is wrong with a value that has no integer in the interval.
fn outside(
    name: String,
    index: Vec<usize>,
    value: f64,
    interval: Interval,
    encoding: Encoding,
) -> ArrayError {
    if encoding == Encoding::Integer {
        if value.is_finite() && value != value.trunc() {
            return ArrayError::Fraction { name, index, value };
        }
        // Intervals that somebody chose are standard ones; others end with a table.
        if standard(interval).is_ok_and(|standard| standard != interval) {
            let (low, high) = (interval.lo, interval.hi);
            return ArrayError::Index {
                name,
                index,
                value,
                low,
                high,
            };
        }
    }
    let [low, high] = range(interval, encoding);
    ArrayError::Value {
        name,
        index,
        value,
        low,
        high,
    }
}

/// The index along each axis of a row-major position.
fn position(shape: &[usize], mut at: usize) -> Vec<usize> {
    let mut index: Vec<usize> = Vec::with_capacity(shape.len());
    for &size in shape.iter().rev() {
        index.push(at.checked_rem(size).unwrap_or(0));
        at = at.checked_div(size).unwrap_or(0);
    }
    index.reverse();
    index
}
