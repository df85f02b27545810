//! Coordinates along one axis of an image: the elements around each, and their weights.

use crate::expand::Wires;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::logic::{And, CompGTE, CompLTE};
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::grid_sample::{GridSample, InterpolationMode, PaddingMode};

/// An axis of the image.
pub struct Axis<'a> {
    /// Which of them.
    pub at: usize,
    /// How long it is.
    pub size: usize,
    /// How it is sampled.
    pub op: &'a GridSample,
}

/// An element that counts for each coordinate.
#[derive(Clone, Debug)]
pub struct Tap {
    /// Its index.
    pub place: OutletId,
    /// Its weight; one if there is none.
    pub weight: Option<OutletId>,
}

/// Factors of powers, the highest first.
type Polynomial = [f64; 4];

/// The factor of the cubic kernel.
const A: f64 = -0.75;

/// Weights of the four elements around a coordinate, by the distance from the second.
const CUBIC: [Polynomial; 4] = [
    [A, -2.0 * A, A, 0.0],
    [A + 2.0, -A - 3.0, 0.0, 1.0],
    [-A - 2.0, 2.0 * A + 3.0, -A, 0.0],
    [-A, A, 0.0, 0.0],
];

impl Axis<'_> {
    /// The elements around each coordinate between -1 and 1.
    pub fn taps(&self, wires: &mut Wires<'_>, x: OutletId) -> TractResult<Vec<Tap>> {
        let mut x = self.denormalised(wires, x)?;
        let is_nearest = self.op.mode == InterpolationMode::Nearest;
        if is_nearest {
            x = wires.node(&self.name("nearest"), math::round_half_to_even(), &[x])?;
        }
        match self.op.padding_mode {
            PaddingMode::Zeros => {}
            // Runtimes move the elements around a coordinate to the border then, not the coordinate.
            PaddingMode::Border if self.op.mode == InterpolationMode::Bicubic => {}
            PaddingMode::Border => x = self.clamped(wires, "at border", x)?,
            PaddingMode::Reflection => x = self.reflected(wires, "reflected", x)?,
        }
        if is_nearest {
            return Ok(vec![self.tap(wires, "only", x, None)?]);
        }
        let base = wires.node(&self.name("base"), math::floor(), &[x])?;
        let rest = self.binary(wires, "rest", math::sub(), x, base)?;
        let weights: &[(f64, Polynomial)] = match self.op.mode {
            InterpolationMode::Bicubic => &[
                (-1.0, CUBIC[0]),
                (0.0, CUBIC[1]),
                (1.0, CUBIC[2]),
                (2.0, CUBIC[3]),
            ],
            _ => &[(0.0, [0.0, 0.0, -1.0, 1.0]), (1.0, [0.0, 0.0, 1.0, 0.0])],
        };
        let mut taps = Vec::new();
        for (offset, polynomial) in weights {
            let what = format!("tap.{offset}");
            let place = match *offset {
                0.0 => base,
                offset => self.with(wires, &format!("{what}.moved"), math::add(), base, offset)?,
            };
            let weight = self.weight(wires, &what, rest, polynomial)?;
            taps.push(self.tap(wires, &what, place, Some(weight))?);
        }
        Ok(taps)
    }

    fn name(&self, what: &str) -> String {
        format!("axis.{}.{what}", self.at)
    }

    /// The last index.
    #[expect(clippy::cast_precision_loss, reason = "sizes of images")]
    fn last(&self) -> f64 {
        self.size as f64 - 1.0
    }

    fn binary(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        op: TypedBinOp,
        a: OutletId,
        b: OutletId,
    ) -> TractResult<OutletId> {
        wires.node(&self.name(what), op, &[a, b])
    }

    /// A function of each coordinate and a number.
    fn with(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        op: TypedBinOp,
        x: OutletId,
        number: f64,
    ) -> TractResult<OutletId> {
        let number = wires.number(&self.name(&format!("{what}.number")), x, number)?;
        self.binary(wires, what, op, x, number)
    }

    /// From -1 to 1 as from the first index to the last, or from half an index before it to half of one behind.
    fn denormalised(&self, wires: &mut Wires<'_>, x: OutletId) -> TractResult<OutletId> {
        let x = self.with(wires, "from zero", math::add(), x, 1.0)?;
        if self.op.align_corners {
            let half = self.with(wires, "half", math::mul(), x, 0.5)?;
            return self.with(wires, "scaled", math::mul(), half, self.last());
        }
        let scaled = self.with(wires, "scaled", math::mul(), x, self.last() + 1.0)?;
        let moved = self.with(wires, "moved", math::sub(), scaled, 1.0)?;
        self.with(wires, "half", math::mul(), moved, 0.5)
    }

    fn clamped(&self, wires: &mut Wires<'_>, what: &str, x: OutletId) -> TractResult<OutletId> {
        let x = self.with(wires, &format!("{what}.low"), math::max(), x, 0.0)?;
        self.with(wires, &format!("{what}.high"), math::min(), x, self.last())
    }

    /// Back and forth between the ends.
    fn reflected(&self, wires: &mut Wires<'_>, what: &str, x: OutletId) -> TractResult<OutletId> {
        let margin = if self.op.align_corners { 0.0 } else { 0.5 };
        let (low, len) = (-margin, self.last() + 2.0 * margin);
        let name = |part: &str| format!("{what}.{part}");
        if len == 0.0 {
            return self.with(wires, &name("only"), math::mul(), x, 0.0);
        }
        let moved = self.with(wires, &name("moved"), math::sub(), x, low)?;
        let turns = self.with(wires, &name("turns"), math::mul(), moved, 0.5 / len)?;
        let whole = wires.node(&self.name(&name("whole")), math::floor(), &[turns])?;
        let whole = self.with(wires, &name("before"), math::mul(), whole, 2.0 * len)?;
        let there = self.binary(wires, &name("there"), math::sub(), moved, whole)?;
        let back = self.with(wires, &name("negated"), math::mul(), there, -1.0)?;
        let back = self.with(wires, &name("back"), math::add(), back, 2.0 * len)?;
        let near = self.binary(wires, &name("near"), math::min(), there, back)?;
        self.with(wires, &name("from start"), math::add(), near, low)
    }

    /// A polynomial of the distances.
    fn weight(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        x: OutletId,
        polynomial: &Polynomial,
    ) -> TractResult<OutletId> {
        let [cube, square, line, constant] = *polynomial;
        let name = |part: &str| format!("{what}.{part}");
        let mut value = None;
        for (at, factor) in [cube, square, line].into_iter().enumerate() {
            value = match value {
                None if factor == 0.0 => None,
                None => Some(self.with(wires, &name("factor"), math::mul(), x, factor)?),
                Some(sum) => {
                    let sum =
                        self.with(wires, &name(&format!("sum.{at}")), math::add(), sum, factor)?;
                    Some(self.binary(wires, &name(&format!("power.{at}")), math::mul(), sum, x)?)
                }
            };
        }
        let value = value.context("a weight that is constant")?;
        match constant {
            0.0 => Ok(value),
            constant => self.with(wires, &name("weight"), math::add(), value, constant),
        }
    }

    /// An element, where there is one; what stands in its place where there is none.
    fn tap(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        place: OutletId,
        mut weight: Option<OutletId>,
    ) -> TractResult<Tap> {
        let name = |part: &str| format!("{what}.{part}");
        let mut place = place;
        match self.op.padding_mode {
            PaddingMode::Zeros => {
                let op = TypedBinOp(Box::new(CompGTE), None);
                let from = self.with(wires, &name("from first"), op, place, 0.0)?;
                let op = TypedBinOp(Box::new(CompLTE), None);
                let to = self.with(wires, &name("to last"), op, place, self.last())?;
                let is_there = TypedBinOp(Box::new(And), None);
                let is_there = self.binary(wires, &name("is there"), is_there, from, to)?;
                let kind = wires.fact(place)?.datum_type;
                let is_there = wires.cast(&self.name(&name("counts")), is_there, kind)?;
                weight = Some(match weight {
                    None => is_there,
                    Some(weight) => {
                        self.binary(wires, &name("own weight"), math::mul(), weight, is_there)?
                    }
                });
            }
            // Elements further away than the next are reflected once more.
            PaddingMode::Reflection if self.op.mode == InterpolationMode::Bicubic => {
                place = self.reflected(wires, &name("again"), place)?;
            }
            PaddingMode::Border | PaddingMode::Reflection => {}
        }
        let place = self.clamped(wires, &name("inside"), place)?;
        let place = wires.cast(&self.name(&name("place")), place, i64::datum_type())?;
        Ok(Tap { place, weight })
    }
}
