//! Where the table of a function of one variable ends, and how fine it is.

use super::builder::{Value, log2_of, power};
use program::formula::Formula;

/// Points at which a function is looked at between its ends.
const POINTS: u32 = 512;

/// How a function goes on beyond a table's end.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// The last argument.
    pub at: f64,
    /// The slope beyond it.
    pub slope: f64,
    /// Whether it is where the function's asymptote begins, whatever was seen of the arguments.
    natural: bool,
    /// Whether the function goes on along its asymptote.
    pub asymptotic: bool,
}

/// What a table holds of a function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub low: End,
    pub high: End,
    /// Fraction bits of the arguments.
    pub argument_bits: i32,
    /// Fraction bits of the values.
    pub bits: i32,
    /// Whether more entries would tell apart arguments whose values differ by more than they should.
    pub coarse: bool,
}

/// A function, and where it is taken.
pub(super) struct Shape<'a> {
    pub formula: &'a Formula,
    /// What the value may be off by.
    pub tolerance: f64,
    /// Where arguments lay in calibration.
    pub seen: (f64, f64),
    /// How far apart these ends are, at least a little.
    pub width: f64,
    /// Where arguments can lie at all.
    pub limits: (f64, f64),
    /// Whether only what was not seen may be taken from an asymptote.
    pub exact: bool,
    /// Whether there is a comparison or a rounding in the function.
    pub can_jump: bool,
}

impl Shape<'_> {
    fn at(&self, x: f64) -> Option<f64> {
        self.formula.at(x).filter(|value| value.is_finite())
    }

    /// The line that the function approaches in a direction: slope and offset.
    ///
    /// Looks far away first, and closer where the formula is no number: an exponential in it overflows.
    fn asymptote(&self, sign: f64, from: f64) -> Option<(f64, f64)> {
        let from = power(log2_of((0.0, from)).max(3));
        [64.0, 16.0, 4.0, 2.0].into_iter().find_map(|factor| {
            let far = sign * from * factor * OFF_GRID;
            let (a, b, c) = (self.at(far)?, self.at(far * 1.49)?, self.at(far * 2.0)?);
            let slope = (c - a) / far;
            let offset = a - slope * far;
            let off = (slope * far * 1.49 + offset - b).abs();
            (off <= self.tolerance * 0.5).then_some((slope, offset))
        })
    }

    /// Where the table may end in a direction: from where on the function is its asymptote, if that is
    /// known and not too far; else somewhat beyond what was seen.
    fn end(&self, sign: f64) -> End {
        let last = if sign > 0.0 { self.seen.1 } else { self.seen.0 };
        self.natural_end(sign, last)
            .unwrap_or_else(|| self.tangent(sign, last))
    }

    fn natural_end(&self, sign: f64, last: f64) -> Option<End> {
        let (slope, offset) = self.asymptote(sign, last.abs() + self.width)?;
        let is_close = |x: f64| {
            let value = self.at(x);
            value.is_some_and(|value| (slope * x + offset - value).abs() <= self.tolerance)
        };
        let reach = last.abs() + 16.0 * self.width + 64.0;
        let at = sign * start_of_tail(reach, |distance| is_close(sign * distance))?;
        if sign * (at - last) > 15.0 * self.width + 60.0 {
            return None;
        }
        let end = |at, natural| End {
            at,
            slope,
            natural,
            asymptotic: true,
        };
        if sign * (last - at) <= 0.0 {
            return Some(end(at, true));
        }
        // Slopes beyond a table are integers: others do for what was not seen.
        let off = (slope - libm::round(slope)) * (last - at);
        if self.exact || off.abs() > self.tolerance {
            return Some(end(last, false));
        }
        // What was seen may hold something narrower than the steps of the search.
        let gap = last_gap(at, last, is_close);
        Some(gap.map_or(end(at, true), |at| end(at, false)))
    }

    /// Goes on along the secant of the last stretch.
    fn tangent(&self, sign: f64, last: f64) -> End {
        let (lo, hi) = self.limits;
        let at = (last + sign * self.width * 0.5).clamp(lo, hi);
        let inner = at - sign * self.width / 64.0;
        let slope = match (self.at(at), self.at(inner)) {
            (Some(outer), Some(inner_value)) => (outer - inner_value) / (at - inner),
            _ => 0.0,
        };
        End {
            at,
            slope,
            natural: false,
            asymptotic: false,
        }
    }

    /// Ends and fraction bits of a table of at most `entries`, with results in `range` of `bits` fraction bits.
    ///
    /// A table between natural ends has fraction bits that follow from the function too, if these are enough: so
    /// layers that saw other ranges share it.
    pub fn extent(&self, x: &Value, range: (f64, f64), bits: i32, entries: f64) -> Extent {
        /// A shared table's argument moves a value by at most so small a part of its magnitude, and of its spread.
        const FINE: (i32, i32) = (10, 9);
        /// Bits of an argument in its range at the least.
        const FEWEST: i32 = 8;
        /// A table of as few entries as there are values moves none by more than half of such a part of the largest.
        const COARSE: i32 = 12;
        let (mut low, mut high) = (self.end(-1.0), self.end(1.0));
        // Where both asymptotes hold, either does.
        if low.at > high.at {
            let middle = f64::midpoint(low.at, high.at);
            (low.at, high.at) = (middle, middle);
        }
        let finest = |(lo, hi): (f64, f64)| log2_of((0.0, entries / (hi - lo).max(1e-30))) - 1;
        // Half a unit of the argument times the slope should be at most half a unit of the value.
        let margin = self.width / 8.0;
        let steep = self.steepest(self.seen.0 - margin, self.seen.1 + margin);
        let wanted = bits + log2_of((0.0, steep)).max(-20);
        // Arguments are told apart where the function is flat too: calibration may have seen no more of it.
        let wanted = wanted.max(FEWEST - log2_of((0.0, self.width)));
        // Beside a jump each unit of the argument counts.
        let jumps = self.jumps(self.seen.0 - margin, self.seen.1 + margin);
        let wanted = if jumps { i32::MAX } else { wanted };
        let shared = finest((low.at, high.at));
        let part = |bits: i32, of: f64| bits + log2_of((0.0, steep)) - log2_of((0.0, of));
        let spread = range.1 - range.0;
        let enough = part(FINE.0, range.0.abs().max(range.1.abs())).max(part(FINE.1, spread));
        let least = if jumps {
            x.bits
        } else {
            part(COARSE, range.0.abs().max(range.1.abs())).min(wanted.min(x.bits))
        };
        let natural = low.natural && high.natural && !self.exact;
        if natural && enough <= shared && shared <= x.bits {
            let argument_bits = shared.min(wanted);
            let steep = self.steepest(low.at, high.at);
            let most = argument_bits + 4 + log2_of((0.0, steep)).max(-20);
            // Values of small ranges have a few bits fewer, but not those of a function that is flat.
            let bits = bits.min(most.max(bits - 3));
            return Extent {
                low,
                high,
                argument_bits,
                bits,
                coarse: argument_bits < least,
            };
        }
        let (lo, hi) = self.limits;
        if hi - lo <= entries * power(-wanted.min(x.bits)) {
            (low.at, high.at) = (lo, hi);
        }
        (low.at, high.at) = (low.at.clamp(lo, hi), high.at.clamp(lo, hi));
        let finest = finest((low.at, high.at));
        let argument_bits = wanted.min(finest).min(x.bits).clamp(-50, 50);
        Extent {
            low,
            high,
            argument_bits,
            bits,
            coarse: argument_bits < least,
        }
    }

    /// Whether the function jumps between two points by more than it may be off.
    fn jumps(&self, lo: f64, hi: f64) -> bool {
        /// Halvings of a stretch: what is as steep as a jump after these is one for every table.
        const HALVINGS: u32 = 16;
        if !self.can_jump {
            return false;
        }
        let step = (hi - lo) / f64::from(POINTS);
        (0..POINTS).any(|at| {
            let from = step.mul_add(f64::from(at), lo);
            let mut stretch = (from, from + step);
            let mut rise = 0.0;
            for _ in 0..=HALVINGS {
                let middle = f64::midpoint(stretch.0, stretch.1);
                let at = |x: f64| self.at(x).unwrap_or_default();
                let (a, b, c) = (at(stretch.0), at(middle), at(stretch.1));
                rise = (c - a).abs();
                if rise <= self.tolerance {
                    return false;
                }
                stretch = if (b - a).abs() > (c - b).abs() {
                    (stretch.0, middle)
                } else {
                    (middle, stretch.1)
                };
            }
            rise > self.tolerance
        })
    }

    /// The largest slope among some points.
    fn steepest(&self, lo: f64, hi: f64) -> f64 {
        let step = (hi - lo) / f64::from(POINTS);
        let slopes = (0..POINTS).filter_map(|at| {
            let x = step.mul_add(f64::from(at), lo);
            let (a, b) = (self.at(x)?, self.at(x + step)?);
            Some(((b - a) / step).abs())
        });
        slopes.fold(0.0, f64::max)
    }
}

/// Points are looked at beside round numbers: a function with steps or periods looks like a line at these.
const OFF_GRID: f64 = 1.013_7;

/// The least number from which on a condition holds, to a sixteenth, as far as numbers up to `reach` tell.
fn start_of_tail(reach: f64, holds: impl Fn(f64) -> bool) -> Option<f64> {
    /// Below these numbers there is zero, and then what is negative.
    const LEAST: i32 = -8;
    let octaves = LEAST..log2_of((0.0, reach));
    let sixteenths =
        |octave: i32| (16..32).map(move |part| f64::from(part) * power(octave - 4) * OFF_GRID);
    let magnitudes: Vec<f64> = octaves.flat_map(sixteenths).collect();
    let falling = magnitudes.iter().rev().copied();
    let below = magnitudes.iter().map(|magnitude| -magnitude);
    { falling.chain([0.0]).chain(below) }
        .take_while(|&at| holds(at))
        .last()
}

/// The point after the last one, on the way from `from` to `to`, at which a condition does not hold.
fn last_gap(from: f64, to: f64, holds: impl Fn(f64) -> bool) -> Option<f64> {
    const STEPS: u32 = 2048;
    let at = |step: u32| from + (to - from) * f64::from(step) / f64::from(STEPS);
    let gap = (0..=STEPS).rev().find(|&step| !holds(at(step)))?;
    Some(at((gap + 1).min(STEPS)))
}
