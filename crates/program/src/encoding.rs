//! What real numbers the integers of a tensor stand for.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The largest distance of levels; values have at most 62 bits, so the real of each is finite.
pub const MAX_SCALE: f32 = 18_446_744_073_709_551_616.0; // 2^64

/// The largest magnitude of the level that stands for zero.
const MAX_ZERO: u32 = 1 << 16;

/// What real numbers the integers of a tensor stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// `integer / 2^bits`; a real becomes the nearest integer.
    Fixed(i32),
    /// The levels of a quantised tensor.
    Levels(Levels),
    /// The integers themselves; other reals are none of its values.
    Integer,
}

/// The levels of a quantised tensor: `(integer - zero) * scale` in single precision.
///
/// A real `v` becomes `v / scale` in single precision, rounded with halves to even, plus `zero`, and the
/// nearest end of the tensor's interval if it lies beyond: what ONNX says of `QuantizeLinear`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "(u32, i32)", into = "(u32, i32)")]
pub struct Levels {
    /// The bits of the scale in single precision.
    scale: u32,
    /// The integer that stands for zero.
    pub zero: i32,
}

impl Levels {
    /// Levels some distance apart; nothing unless the scale is positive and at most [`MAX_SCALE`], and the zero
    /// has at most 16 bits and a sign.
    ///
    /// So levels that differ stand for reals that differ, as far as single precision tells integers apart: none is
    /// infinite, and a large zero does not swallow small levels.
    pub fn new(scale: f32, zero: i32) -> Option<Self> {
        let is_scale = scale > 0.0 && scale <= MAX_SCALE;
        let is_zero = zero.unsigned_abs() <= MAX_ZERO;
        (is_scale && is_zero).then(|| Self {
            scale: scale.to_bits(),
            zero,
        })
    }

    /// The distance between levels.
    pub const fn scale(&self) -> f32 {
        f32::from_bits(self.scale)
    }
}

impl TryFrom<(u32, i32)> for Levels {
    type Error = &'static str;

    fn try_from((scale, zero): (u32, i32)) -> Result<Self, Self::Error> {
        Self::new(f32::from_bits(scale), zero)
            .ok_or("a scale must be positive and at most 2^64, and a zero have 16 bits")
    }
}

impl From<Levels> for (u32, i32) {
    fn from(levels: Levels) -> Self {
        (levels.scale, levels.zero)
    }
}

impl Encoding {
    /// The fraction bits of a fixed-point number.
    pub const fn fraction_bits(&self) -> Option<i32> {
        match self {
            Self::Fixed(bits) => Some(*bits),
            Self::Levels(_) => None,
            Self::Integer => Some(0),
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(bits) => write!(f, "{bits}"),
            Self::Levels(levels) => write!(f, "levels of {} from {}", levels.scale(), levels.zero),
            Self::Integer => write!(f, "integers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_positive_and_bounded_and_so_are_zeros() {
        for bad in [0.0, -0.0, -1.0, f32::NAN, f32::INFINITY, f32::MAX] {
            assert_eq!(Levels::new(bad, 3), None, "{bad}");
        }
        for bad in [i32::MIN, -65_537, 65_537, i32::MAX] {
            assert_eq!(Levels::new(1.0, bad), None, "{bad}");
        }
        assert!(Levels::new(MAX_SCALE, -65_536).is_some());
        let levels = Levels::new(0.1, 3).map(|levels| (levels.scale(), levels.zero));
        assert_eq!(levels, Some((0.1, 3)));
        assert!(Levels::try_from((f32::NAN.to_bits(), 0)).is_err());
    }
}
