//! The Reed-Solomon code that every opened polynomial is encoded with.

use alloc::vec::Vec;

use p3_field::{Field, PrimeCharacteristicRing, TwoAdicField, batch_multiplicative_inverse};
use p3_multilinear_util::point::Point;

use super::ShapeError;
use crate::profile::F;

/// Largest `log_len + log_inv_rate`: the two-adicity of the field.
const MAX_LOG_POSITIONS: usize = F::TWO_ADICITY;

/// Polynomials with `2^c` coefficients, evaluated at `2^(c + r)` points.
///
/// The points are the coset `g * <w>` of the subgroup of size `2^(c + r)`, `g` the generator of the field's
/// multiplicative group. Position `p = k * 2^c + j` (`k < 2^r`, `j < 2^c`) is the point `g * w^(k + j * 2^r)`:
/// the codeword is `2^r` transforms of size `2^c`, one per coset of the smaller subgroup, one after the other.
///
/// **One vector, two polynomials.** Coefficient `f_b` of `X^b` is also the value at the vertex of the cube
/// `{0,1}^c` whose coordinates are the bits of `b`, the most significant first (the order of Plonky3's `Poly`
/// and `Point`). As `prod_i ((1 - y_i)[b_i = 0] + y_i [b_i = 1])` is `prod_i x^(2^i b_i) / (1 + x^(2^i))` at
/// `y_i = x^(2^i) / (1 + x^(2^i))`,
///
/// ```text
/// f(x) = prod_i (1 + x^(2^i)) * f~(y_(c-1), ..., y_0)
/// ```
///
/// No `1 + x^(2^i)` vanishes: it would make the order of `x` a power of two, and `x` is `g`, whose order
/// `p - 1` is not, times an element whose order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    log_len: usize,
    log_inv_rate: usize,
}

impl Code {
    /// The code for `2^log_len` coefficients at rate `2^-log_inv_rate`.
    ///
    /// Errors: [`ShapeError`] unless `1 <= log_inv_rate`, `4 <= log_len <= 26` and the points fit the field.
    pub fn new(log_len: usize, log_inv_rate: usize) -> Result<Self, ShapeError> {
        let within = |what, value, low, high| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(ShapeError::Range {
                    what,
                    low,
                    high,
                    found: value,
                })
            }
        };
        within("log_len", log_len, 4, 26)?;
        within(
            "log_inv_rate",
            log_inv_rate,
            1,
            MAX_LOG_POSITIONS.saturating_sub(log_len),
        )?;
        Ok(Self {
            log_len,
            log_inv_rate,
        })
    }

    /// `c`: base-two logarithm of the number of coefficients.
    #[must_use]
    pub const fn log_len(&self) -> usize {
        self.log_len
    }

    /// `r`: base-two logarithm of the inverse of the rate.
    #[must_use]
    pub const fn log_inv_rate(&self) -> usize {
        self.log_inv_rate
    }

    /// Coefficients of one polynomial.
    #[must_use]
    pub const fn len(&self) -> usize {
        1 << self.log_len
    }

    /// Never: a code has at least sixteen coefficients.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Base-two logarithm of the number of positions.
    #[must_use]
    pub const fn log_positions(&self) -> usize {
        self.log_len.saturating_add(self.log_inv_rate)
    }

    /// Symbols of one codeword.
    #[must_use]
    pub const fn positions(&self) -> usize {
        1 << self.log_positions()
    }

    /// The field point at a position.
    ///
    /// Positions are taken modulo their number.
    pub fn point(&self, position: usize) -> F {
        let coset = (position >> self.log_len) & ((1 << self.log_inv_rate) - 1);
        let within = position & (self.len() - 1);
        let exponent = coset | (within << self.log_inv_rate);
        let root = F::two_adic_generator(self.log_positions());
        // An exponent has at most 32 bits.
        F::GENERATOR * root.exp_u64(u64::try_from(exponent).unwrap_or(u64::MAX))
    }

    /// The shift of one coset: position `k * 2^c + j` is the shift of `k` times the `j`-th root of unity of
    /// order `2^c`.
    #[cfg(feature = "prove")]
    pub(super) fn shift(&self, coset: usize) -> F {
        self.point(coset << self.log_len)
    }

    /// The multilinear points `y` of the field points `xs`, each with `1 / prod_i (1 + x^(2^i))`, so that
    /// `f~(y) = scale * f(x)`.
    ///
    /// Shapes: one entry per `x`; each point has `log_len` coordinates, most significant first.
    /// Soundness: the map is exact; `xs` must come from [`Code::point`], so that no inverse is of zero.
    #[must_use]
    pub fn multilinear(&self, xs: &[F]) -> Vec<(F, Point<F>)> {
        let denominators: Vec<F> = xs
            .iter()
            .flat_map(|&x| {
                core::iter::successors(Some(x), |power| Some(power.square()))
                    .take(self.log_len)
                    .map(|power| F::ONE + power)
            })
            .collect();
        batch_multiplicative_inverse(&denominators)
            .chunks(self.log_len)
            .map(|inverses| {
                let scale = inverses.iter().copied().product();
                // x^(2^i) / (1 + x^(2^i)) = 1 - 1 / (1 + x^(2^i)).
                let y = inverses
                    .iter()
                    .rev()
                    .map(|&inverse| F::ONE - inverse)
                    .collect();
                (scale, Point::new(y))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use p3_field::PrimeField64;
    use p3_multilinear_util::poly::Poly;

    use super::*;

    #[test]
    fn an_evaluation_is_a_factor_times_the_multilinear_extension() {
        let code = Code::new(5, 2).expect("in range");
        let coefficients: Vec<F> = (0..32u64).map(|b| F::from_u64(b * b + 3)).collect();
        let xs: Vec<F> = (0..code.positions()).map(|p| code.point(p)).collect();
        for ((scale, y), &x) in code.multilinear(&xs).into_iter().zip(&xs) {
            let value = coefficients
                .iter()
                .rev()
                .fold(F::ZERO, |sum, &f| sum * x + f);
            assert_eq!(Poly::new(coefficients.clone()).eval_base(&y), scale * value);
        }
    }

    #[test]
    fn positions_are_distinct_points_of_one_coset() {
        let code = Code::new(4, 3).expect("in range");
        let mut points: Vec<u64> = (0..code.positions())
            .map(|p| code.point(p).as_canonical_u64())
            .collect();
        points.sort_unstable();
        points.dedup();
        assert_eq!(points.len(), code.positions());
        for &x in &points {
            let quotient = F::from_u64(x) * F::GENERATOR.inverse();
            assert_eq!(quotient.exp_power_of_2(code.log_positions()), F::ONE);
        }
    }

    #[test]
    fn a_code_outside_the_field_is_refused() {
        assert!(Code::new(26, 6).is_ok());
        assert!(matches!(
            Code::new(26, 7),
            Err(ShapeError::Range {
                what: "log_inv_rate",
                ..
            })
        ));
        assert!(matches!(
            Code::new(27, 1),
            Err(ShapeError::Range {
                what: "log_len",
                ..
            })
        ));
        assert!(matches!(
            Code::new(3, 1),
            Err(ShapeError::Range {
                what: "log_len",
                ..
            })
        ));
        assert!(matches!(
            Code::new(4, 0),
            Err(ShapeError::Range {
                what: "log_inv_rate",
                ..
            })
        ));
    }
}
