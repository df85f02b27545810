//! The arithmetic of quantised kernels, operation by operation in single precision, as ONNX Runtime
//! computes it on x86-64.

/// The integers of a quantised tensor, and the one that stands for zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// What stands for zero.
    pub zero: i64,
    /// The least integer.
    pub lo: i64,
    /// The largest integer.
    pub hi: i64,
}

/// A quantised tensor: its grid, and the distance between neighbours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled {
    /// The integers.
    pub grid: Grid,
    /// The distance.
    pub scale: f32,
}

impl Grid {
    /// The integer nearest to a number of steps from zero, halves to even, or the nearest end.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "what is beyond all integers saturates, and is cut off"
    )]
    fn nearest(self, steps: f32) -> i64 {
        let steps = steps.round_ties_even() as i64;
        steps.saturating_add(self.zero).clamp(self.lo, self.hi)
    }

    /// All integers.
    pub fn all(self) -> std::ops::RangeInclusive<i64> {
        self.lo..=self.hi
    }
}

/// An integer as single precision holds it.
#[expect(clippy::cast_precision_loss, reason = "that is the point")]
pub fn single(value: i64) -> f32 {
    value as f32
}

impl Scaled {
    /// `QuantizeLinear`.
    pub fn quantise(self, value: f32) -> i64 {
        self.grid.nearest(value / self.scale)
    }

    /// `DequantizeLinear`.
    pub fn dequantise(self, value: i64) -> f32 {
        single(value.saturating_sub(self.grid.zero)) * self.scale
    }
}

/// The rounding of an accumulator that all kernels with products share.
pub fn requantise(sum: i64, multiplier: f32, grid: Grid) -> i64 {
    grid.nearest(single(sum) * multiplier)
}

/// Accumulators of 32 bits.
pub const ACCUMULATORS: [i64; 2] = [i32::MIN as i64, i32::MAX as i64];

/// For each integer of a grid but the least, the smallest argument that becomes it or a larger one; one
/// more than the largest argument if there is none.
///
/// The function must not fall where its argument rises, so a search by halves finds where it rises.
/// Conversion, product with or quotient by a positive number, rounding and sum do not fall.
pub fn thresholds(grid: Grid, [lo, hi]: [i64; 2], function: impl Fn(i64) -> i64) -> Vec<i64> {
    let reaches = |level: i64| {
        let (mut low, mut high) = (lo, hi + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            if function(middle) >= level {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    };
    (grid.lo + 1..=grid.hi).map(reaches).collect()
}

/// `QLinearAdd` with its fused multiplications.
pub fn add(a: Scaled, b: Scaled, y: Scaled) -> impl Fn(i64, i64) -> i64 {
    let (from_a, from_b) = (a.scale / y.scale, b.scale / y.scale);
    let zeros = from_a.mul_add(single(a.grid.zero), from_b * single(b.grid.zero));
    let offset = single(y.grid.zero) - zeros;
    // The zero is part of the offset here.
    let grid = Grid { zero: 0, ..y.grid };
    move |a, b| {
        let sum = from_b.mul_add(single(b), offset);
        grid.nearest(from_a.mul_add(single(a), sum))
    }
}

/// `QLinearMul`.
pub fn multiply(a: Scaled, b: Scaled, y: Scaled) -> impl Fn(i64, i64) -> i64 {
    let multiplier = a.scale * b.scale / y.scale;
    move |first, second| {
        let product = (first - a.grid.zero) * (second - b.grid.zero);
        requantise(product, multiplier, y.grid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: Grid = Grid {
        zero: 128,
        lo: 0,
        hi: 255,
    };

    #[test]
    fn thresholds_are_where_the_result_rises() {
        for multiplier in [1e-9, 3.1e-6, 0.000_777, 0.25, 1.0, 3.7, 1e9] {
            let of = |sum| requantise(sum, multiplier, BYTES);
            let found = thresholds(BYTES, ACCUMULATORS, of);
            assert_eq!(found.len(), 255);
            assert!(found.is_sorted());
            for (level, &threshold) in (1..).zip(&found) {
                if threshold <= i64::from(i32::MAX) {
                    assert!(of(threshold) >= level);
                }
                if threshold > i64::from(i32::MIN) {
                    assert!(of(threshold - 1) < level);
                }
            }
        }
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let grid = Grid { zero: 0, ..BYTES };
        let found: Vec<i64> = (0..8).map(|sum| requantise(sum, 0.5, grid)).collect();
        assert_eq!(found, [0, 0, 1, 2, 2, 2, 3, 4]);
    }
}
