//! Fourier transforms of fixed length: products with a matrix of cosines and sines.

pub mod frames;
pub mod transform;

/// A transform of some numbers of elements and frequencies.
#[derive(Clone, Copy, Debug)]
pub struct Matrix {
    /// How many elements there are.
    pub elements: usize,
    /// How many of them count; those that are missing are zeros.
    pub len: usize,
    /// Whether elements are complex.
    pub complex: bool,
    /// How many frequencies are wanted.
    pub frequencies: usize,
}

/// `cos` and `sin` of `2 pi at / len`.
#[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
fn turn(at: usize, len: usize) -> (f64, f64) {
    let angle = std::f64::consts::TAU * (at % len) as f64 / len as f64;
    (libm::cos(angle), libm::sin(angle))
}

/// The most numbers of a matrix.
const MOST_NUMBERS: usize = 1 << 24;

impl Matrix {
    /// Whether there is room for it: a few bytes of a file can ask for gigabytes.
    pub fn fits(self) -> bool {
        let columns = self.frequencies.saturating_mul(2);
        let rows = self.elements.saturating_mul(self.parts());
        rows.saturating_mul(columns) <= MOST_NUMBERS
    }

    /// How many numbers an element has.
    pub fn parts(self) -> usize {
        1 + usize::from(self.complex)
    }

    /// `[element, part, frequency, part]`, the last part being real or imaginary; `inverse` has the other sign, and
    /// divides by the length.
    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
    pub fn values(self, inverse: bool) -> Vec<f64> {
        let scale = if inverse { 1.0 / self.len as f64 } else { 1.0 };
        let sign = if inverse { -1.0 } else { 1.0 };
        let mut all = Vec::new();
        for element in 0..self.elements {
            for part in 0..self.parts() {
                for frequency in 0..self.frequencies {
                    let (cos, sin) = turn(element * frequency, self.len);
                    let (cos, sin) = (cos * scale, sign * sin * scale);
                    let counts = if element < self.len { 1.0 } else { 0.0 };
                    let pair = if part == 0 { [cos, -sin] } else { [sin, cos] };
                    all.extend(pair.map(|value| value * counts));
                }
            }
        }
        all
    }

    /// `[frequency, part, element, 1]` of the real elements that have these frequencies, of which the second half is
    /// left out.
    #[expect(clippy::cast_precision_loss, reason = "lengths are far below 2^53")]
    pub fn real_values(self) -> Vec<f64> {
        let scale = 1.0 / self.len as f64;
        let mut all = Vec::new();
        for frequency in 0..self.elements {
            // Those that are left out are conjugate to those between the ends.
            let is_alone = frequency == 0 || 2 * frequency == self.len;
            let times = match is_alone {
                _ if frequency > self.len / 2 => 0.0,
                true => 1.0,
                false => 2.0,
            };
            for part in 0..2 {
                for element in 0..self.len {
                    let (cos, sin) = turn(element * frequency, self.len);
                    let value = if part == 0 { cos } else { -sin };
                    all.push(value * times * scale);
                }
            }
        }
        all
    }
}
