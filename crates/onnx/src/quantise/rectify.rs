//! Piecewise linear functions by positive and negative parts.

use super::builder::{Refusal, Value, log2_of, meet, nearest, power, real};
use super::narrow::rounded;
use super::piecewise::Piecewise;
use super::walk::Quantiser;
use program::Interval;
use relation::interval::Wide;

impl Quantiser<'_> {
    /// A piecewise linear function by positive and negative parts.
    pub(super) fn rectify(
        &mut self,
        x: &Value,
        function: &Piecewise,
        range: (f64, f64),
    ) -> Result<Value, Refusal> {
        let steepest = function
            .pieces
            .iter()
            .fold(0.0, |most: f64, piece| most.max(piece.0.abs()));
        let bits = self.bits_for(range) + log2_of((0.0, steepest)).max(-8);
        let shift = u32::try_from(x.bits - bits).unwrap_or(0).min(48);
        let x = if self.builder.magnitude_bits(x) > 56 {
            self.narrow(x)?
        } else {
            x.clone()
        };
        let shift = shift.min(u32::try_from(x.bits - bits).unwrap_or(0));
        // Slopes as integers over a power of two.
        let slopes: Vec<f64> = function.pieces.iter().map(|piece| piece.0).collect();
        let exponent = common_exponent(&slopes);
        let parts = match self.level(&x, function, shift, range)? {
            Some((slope, part)) => vec![(nearest(slope * power(exponent)), part)],
            None => self.jumps(&x, function, shift, exponent)?,
        };
        let terms: Vec<(i64, &Value)> = { parts.iter() }
            .filter(|(coefficient, _)| *coefficient != 0)
            .map(|(coefficient, value)| (*coefficient, value))
            .collect();
        let bits = x.bits - shift.cast_signed() + exponent;
        let (slope, offset) = function.pieces[0];
        let start = slope.mul_add(function.knots[0], offset);
        let mut value = self
            .builder
            .sum(&terms, nearest(start * power(bits)), bits)?;
        // The parts of one value are not both large: what is known is where the pieces lead.
        let unit = steepest * power(exponent) + 1.0;
        if let Some(known) = ends(&x, function, bits, unit) {
            value.known = meet(known, value.known);
        }
        Ok(value)
    }

    /// The argument's distance from a knot.
    fn distance(&mut self, x: &Value, knot: f64) -> Result<Value, Refusal> {
        let knot = nearest(knot * power(x.bits));
        self.builder.sum(&[(1, x)], -knot, x.bits)
    }

    /// A function with one slope between level ends, as that slope and the distance from the first knot, cut off
    /// where the function is level; and also, if it could be very wide, far beyond its calibrated range.
    fn level(
        &mut self,
        x: &Value,
        function: &Piecewise,
        shift: u32,
        range: (f64, f64),
    ) -> Result<Option<(f64, Value)>, Refusal> {
        let bits = x.bits - shift.cast_signed();
        let (knots, pieces) = (&function.knots[..], &function.pieces[..]);
        let start = pieces[0].0.mul_add(knots[0], pieces[0].1);
        // The most that is seen on the sloping side of a knot.
        let seen = |slope: f64| ((range.0 - start) / slope, (range.1 - start) / slope);
        let first = self.distance(x, knots[0])?;
        let known = first.known;
        let side = |lo: i128, hi: i128| rounded(Wide { lo, hi }, shift);
        let (slope, to) = match (knots, pieces) {
            ([from, to], [(0.0, _), (slope, _), (0.0, _)]) => {
                let width = nearest((to - from) * power(bits));
                (*slope, (width > 0).then_some((0, width)))
            }
            ([_], [(0.0, _), (slope, _)]) => {
                let log = self.builder.cut(side(0, known.hi), seen(*slope), bits);
                (*slope, log.map(|log| (0, (1 << log) - 1)))
            }
            ([_], [(slope, _), (0.0, _)]) => {
                let log = self.builder.cut(side(known.lo, 0), seen(*slope), bits);
                (*slope, log.map(|log| (1 - (1 << log), 0)))
            }
            _ => return Ok(None),
        };
        let Some((lo, hi)) = to else { return Ok(None) };
        let part = self.builder.clamp(&first, shift, Interval::new(lo, hi))?;
        Ok(Some((slope, part)))
    }

    /// Positive and negative parts of the distances from all knots, and by how much the slope jumps there.
    fn jumps(
        &mut self,
        x: &Value,
        function: &Piecewise,
        shift: u32,
        exponent: i32,
    ) -> Result<Vec<(i64, Value)>, Refusal> {
        let slopes: Vec<i64> = { function.pieces.iter() }
            .map(|piece| nearest(piece.0 * power(exponent)))
            .collect();
        let mut parts = Vec::new();
        for (at, &knot) in function.knots.iter().enumerate() {
            let distance = self.distance(x, knot)?;
            let [above, below] = self.builder.split(&distance, shift)?;
            let (left, jump) = if at == 0 {
                (slopes[0], slopes[1])
            } else {
                (0, slopes[at + 1] - slopes[at])
            };
            parts.push((jump, above));
            parts.push((-left, below));
        }
        Ok(parts)
    }
}

/// Where a function of a value lies, by its knots and the ends of what is known.
fn ends(x: &Value, function: &Piecewise, bits: i32, unit: f64) -> Option<Wide> {
    let scale = power(-x.bits);
    let points = [real(x.known.lo) * scale, real(x.known.hi) * scale];
    let at = |x: f64| {
        let piece = function.knots.iter().filter(|&&knot| knot <= x).count();
        let (slope, offset) = function.pieces[piece];
        slope.mul_add(x, offset) * power(bits)
    };
    let values: Vec<f64> = points
        .iter()
        .chain(&function.knots)
        .map(|&x| at(x))
        .collect();
    let lo = values.iter().copied().fold(f64::INFINITY, f64::min);
    let hi = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Rounding of the argument, the knots and the slopes moves a value by little.
    let margin = |value: f64| value.abs() * power(-13) + 16.0 * unit;
    if lo.abs().max(hi.abs()) > power(60) {
        return None;
    }
    Some(Wide {
        lo: nearest(libm::floor(lo - margin(lo))).into(),
        hi: nearest(libm::ceil(hi + margin(hi))).into(),
    })
}

/// Fraction bits with which all of some slopes are close to integers, as seen from the steepest.
fn common_exponent(slopes: &[f64]) -> i32 {
    const CLOSE: i32 = 14;
    let steepest = slopes
        .iter()
        .fold(0.0, |most: f64, slope| most.max(slope.abs()));
    let most = CLOSE + (-log2_of((0.0, steepest))).clamp(0, 30);
    let exact = |bits: i32| {
        let scale = power(bits);
        slopes
            .iter()
            .all(|slope| libm::trunc(slope * scale) == slope * scale)
    };
    (0..most).find(|&bits| exact(bits)).unwrap_or(most)
}
