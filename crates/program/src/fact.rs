//! What is known about a value before any execution: its shape and its interval.

use crate::error::OperatorError;
use relation::Interval;
use relation::interval::Wide;

/// The largest magnitude of a value: sums of a few stay clear of `i64` and of half the modulus.
pub const MAX_MAGNITUDE: i128 = 1 << 61;

/// Shape and interval of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// Where all values lie, whatever the inputs and parameters are in their intervals.
    pub interval: Interval,
}

impl Fact {
    /// A fact from an interval that was computed or declared.
    ///
    /// Errors: [`OperatorError::Overflow`] if the interval exceeds what a value may be, [`OperatorError::Inverted`] if
    /// its lower end is above its upper end, [`OperatorError::TooLarge`] if the shape is out of bounds.
    pub fn new(shape: Vec<usize>, interval: Option<Wide>) -> Result<Self, OperatorError> {
        if let Some(interval) = interval
            && interval.lo > interval.hi
        {
            return Err(OperatorError::Inverted { interval });
        }
        let narrow = |interval: Wide| {
            let lo = i64::try_from(interval.lo).ok()?;
            let hi = i64::try_from(interval.hi).ok()?;
            interval.below(MAX_MAGNITUDE).then(|| Interval::new(lo, hi))
        };
        let interval = interval
            .and_then(narrow)
            .ok_or(OperatorError::Overflow { interval })?;
        if relation::shape::len(&shape).is_none() {
            return Err(OperatorError::TooLarge { shape });
        }
        Ok(Self { shape, interval })
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements; no fact that [`Fact::new`] makes is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The interval for arithmetic.
    pub fn wide(&self) -> Wide {
        self.interval.into()
    }
}

/// Bits that hold every distance from the lower end of an interval: the least `n` with
/// `hi - lo < 2^n`.
pub fn width(interval: Interval) -> u32 {
    let distance = i128::from(interval.hi) - i128::from(interval.lo);
    128 - distance.max(0).leading_zeros()
}

/// The least interval `0 ..= 2^n - 1` or `-2^n ..= 2^n - 1` that holds another: what range checks show,
/// and all that a key says about the values behind it.
///
/// Errors: [`OperatorError::Overflow`] beyond 61 bits.
pub fn standard(interval: Interval) -> Result<Interval, OperatorError> {
    // The bits of the magnitude, a negative number's by its complement.
    let bits = |value: i64| 64 - (if value < 0 { !value } else { value }).leading_zeros();
    let most = bits(interval.lo).max(bits(interval.hi));
    if most > 60 {
        let interval = Some(interval.into());
        return Err(OperatorError::Overflow { interval });
    }
    let hi = (1 << most) - 1;
    Ok(Interval::new(if interval.lo < 0 { -hi - 1 } else { 0 }, hi))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_intervals_are_the_least_that_hold() {
        let of = |lo, hi| standard(Interval::new(lo, hi));
        assert_eq!(of(0, 0), Ok(Interval::new(0, 0)));
        assert_eq!(of(0, 255), Ok(Interval::new(0, 255)));
        assert_eq!(of(3, 256), Ok(Interval::new(0, 511)));
        assert_eq!(of(-1, 0), Ok(Interval::new(-1, 0)));
        assert_eq!(of(-128, 5), Ok(Interval::new(-128, 127)));
        assert_eq!(of(-129, 5), Ok(Interval::new(-256, 255)));
        assert!(of(i64::MIN, 0).is_err());
    }

    #[test]
    fn a_fact_is_about_an_interval_of_moderate_values() {
        let of = |lo, hi| Fact::new(vec![2], Some(Wide { lo, hi }));
        let inverted = |lo, hi| {
            Err(OperatorError::Inverted {
                interval: Wide { lo, hi },
            })
        };
        assert!(of(3, 3).is_ok());
        assert_eq!(of(1, 0), inverted(1, 0));
        assert_eq!(of(0, -1), inverted(0, -1));
        assert_eq!(of(1 << 70, -(1 << 70)), inverted(1 << 70, -(1 << 70)));
        assert!(matches!(
            of(0, MAX_MAGNITUDE),
            Err(OperatorError::Overflow { .. })
        ));
    }

    #[test]
    fn widths_hold_every_distance() {
        assert_eq!(width(Interval::new(5, 5)), 0);
        assert_eq!(width(Interval::new(-128, 127)), 8);
        assert_eq!(width(Interval::new(0, 256)), 9);
    }
}
