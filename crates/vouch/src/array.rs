//! Tensors of real numbers, and how they become integers and come back.

use program::{Encoding, Levels};
use relation::{Interval, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

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

/// Why a tensor of real numbers does not fit the model.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ArrayError {
    /// A tensor that the model needs was not given.
    #[error("input {name:?} is missing; the model takes {expected:?}")]
    Missing {
        /// Its name.
        name: String,
        /// All names.
        expected: Vec<String>,
    },
    /// A tensor was given that the model does not have.
    #[error("{name:?} is none of the tensors that the model has here: {expected:?}")]
    Unknown {
        /// Its name.
        name: String,
        /// The names that would fit.
        expected: Vec<String>,
    },
    /// A tensor has another shape.
    #[error("{name:?}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// The shape that fits.
        expected: Vec<usize>,
        /// The shape that was given.
        found: Vec<usize>,
    },
    /// The number of values is not that of the shape.
    #[error("{name:?}: a tensor of shape {shape:?} has {expected} values, found {found}")]
    Length {
        /// Name of the tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
        /// Number of elements of that shape.
        expected: usize,
        /// Number of values.
        found: usize,
    },
    /// A value is no number, infinite, or outside of the declared range.
    #[error(
        "{name:?} at {index:?}: expected a number from {low} to {high}, found {value}; clip it, or set up the model with a \
         wider range"
    )]
    Value {
        /// Name of the tensor.
        name: String,
        /// Where, one index per axis.
        index: Vec<usize>,
        /// The value.
        value: f64,
        /// The smallest value of the range.
        low: f64,
        /// The largest value of the range.
        high: f64,
    },
}

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
    /// Errors: [`ArrayError::Length`]; [`ArrayError::Value`] if one is no number or outside of `interval`.
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
            };
            match integer.filter(|&integer| interval.contains(integer)) {
                Some(integer) => values.push(integer),
                None => {
                    let [low, high] = range(interval, encoding);
                    return Err(ArrayError::Value {
                        name: name.to_owned(),
                        index: position(&self.shape, at),
                        value,
                        low,
                        high,
                    });
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_within_half_a_step() {
        let array = Array::new([2, 2], [0.5, -1.75, 1.99, -2.0]);
        let tensor = { array.quantise("x", Interval::new(-512, 511), Encoding::Fixed(8)) }
            .expect("integers");
        let back = Array::from_integers(&tensor, Encoding::Fixed(8));
        for (before, after) in array.data.iter().zip(&back.data) {
            assert!((before - after).abs() <= 1.0 / 512.0);
        }
    }

    #[test]
    fn decimals_are_numbers_of_single_precision_first() {
        let single = f64::from(0.0507f32);
        assert_ne!(single, 0.0507);
        assert_eq!(to_integer(0.0507, 34), to_integer(single, 34));
        // What an output was decoded to stays as it is, however many bits it has.
        let integer = (1i64 << 40) + 1;
        assert_eq!(to_integer(to_real(integer, 30), 30), Some(integer));
    }

    #[test]
    fn levels_round_halves_to_even_and_saturate() {
        let levels = Levels::new(0.5, 3).expect("levels");
        let (interval, encoding) = (Interval::new(-128, 127), Encoding::Levels(levels));
        let values = [
            0.0, 0.25, 0.75, -0.25, 1e30, -1e30, 62.0, 62.3, -65.5, -66.0,
        ];
        let tensor = Array::new([10], values).quantise("x", interval, encoding);
        let tensor = tensor.expect("levels");
        let expected = [3, 3, 5, 3, 127, -128, 127, 127, -128, -128];
        assert_eq!(tensor.to_i64s(), expected);
        let back = Array::from_integers(&tensor, encoding).data;
        assert_eq!(back[..3], [0.0, 0.0, 1.0]);
        assert_eq!(back[4..6], [62.0, -65.5]);
    }

    #[test]
    fn levels_are_computed_in_single_precision() {
        let levels = Levels::new(0.003, 0).expect("levels");
        let encoding = Encoding::Levels(levels);
        let tensor = Tensor::from_i64s(vec![1], vec![101]).expect("a tensor");
        let real = Array::from_integers(&tensor, encoding).data[0];
        assert_eq!(real, f64::from(101f32 * 0.003f32));
        for bad in [f64::NAN, f64::INFINITY, 1e39] {
            let refused = Array::new([1], [bad]).quantise("x", Interval::new(0, 255), encoding);
            assert!(matches!(refused, Err(ArrayError::Value { .. })), "{bad}");
        }
    }

    #[test]
    fn what_is_no_number_or_out_of_range_is_refused_by_name_and_place() {
        for bad in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            2.0,
            -2.01,
            1e300,
        ] {
            let array = Array::new([1, 2, 2], [0.0, 0.0, bad, 0.0]);
            let error = array.quantise("pixels", Interval::new(-512, 511), Encoding::Fixed(8));
            let Err(ArrayError::Value {
                name,
                index,
                low,
                high,
                ..
            }) = error
            else {
                panic!("expected a refusal of {bad}, found {error:?}");
            };
            assert_eq!((name.as_str(), index), ("pixels", vec![0, 1, 0]));
            assert_eq!((low, high), (-2.0, 511.0 / 256.0));
        }
    }

    #[test]
    fn a_wrong_number_of_values_is_refused() {
        for (shape, len) in [(vec![2, 3], 5), (vec![2, 0], 0), (vec![usize::MAX, 2], 1)] {
            let array = Array::new(shape, vec![0.0; len]);
            let refused = array.quantise("x", Interval::new(0, 1), Encoding::Fixed(0));
            assert!(matches!(refused, Err(ArrayError::Length { .. })));
        }
    }
}
