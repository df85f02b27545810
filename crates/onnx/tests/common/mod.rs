//! What integers at the boundary of a program stand for, as the library encodes and decodes them.

use program::{Encoding, Input};

/// The integer for a real; what is not on the grid is of single precision first.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what is too large saturates"
)]
pub fn integer<D>(value: f64, input: &Input<D>) -> i64 {
    match input.encoding {
        Encoding::Fixed(bits) => {
            let exact = value * 2f64.powi(bits);
            if exact == exact.trunc() {
                return exact as i64;
            }
            (f64::from(value as f32) * 2f64.powi(bits)).round() as i64
        }
        Encoding::Levels(levels) => {
            let level = (value as f32 / levels.scale()).round_ties_even() as i64;
            let level = level.saturating_add(levels.zero.into());
            level.clamp(input.interval.lo, input.interval.hi)
        }
        Encoding::Integer => value as i64,
    }
}

/// The real for an integer.
#[expect(clippy::cast_precision_loss, reason = "values are small")]
pub fn real(value: i64, encoding: Encoding) -> f64 {
    match encoding {
        Encoding::Fixed(bits) => value as f64 * 2f64.powi(-bits),
        Encoding::Levels(levels) => {
            f64::from((value - i64::from(levels.zero)) as f32 * levels.scale())
        }
        Encoding::Integer => value as f64,
    }
}
