//! Where the values of every node lie.

use super::builder::real;
use super::options::{DEFAULT_RANGE, Options};
use crate::array::Array;
use crate::error::QuantiseError;
use crate::expand::without_step;
use crate::model::{Arrays, Boundary, Model};
use program::Dim;
use std::collections::BTreeMap;
use tract_onnx::prelude::OutletId;

/// Smallest and largest value of each outlet.
pub type Ranges = BTreeMap<(usize, usize), (f64, f64)>;

/// What calibration found.
#[derive(Debug, Default)]
pub struct Calibration {
    /// Smallest and largest value of each outlet.
    pub ranges: Ranges,
    /// Values of the symbols in the last run.
    pub symbols: Vec<usize>,
    /// Whether inputs were given.
    pub given: bool,
}

/// How many random inputs are tried.
const RANDOM_RUNS: u64 = 8;

impl Calibration {
    /// Runs the float model on the calibration inputs, or on random ones.
    ///
    /// Errors: [`QuantiseError::Model`].
    pub fn run(model: &Model, options: &Options) -> Result<Self, QuantiseError> {
        let mut found = Self {
            given: !options.calibration.is_empty(),
            symbols: symbols(model, options),
            ..Self::default()
        };
        for inputs in &options.calibration {
            found.see(model, inputs)?;
        }
        if !found.given {
            for run in 0..RANDOM_RUNS {
                let inputs = random(model, options, &found.symbols, run);
                // One bad draw (a division by zero, say) is no reason to give up.
                if let Err(error) = found.see(model, &inputs)
                    && run + 1 == RANDOM_RUNS
                    && found.ranges.is_empty()
                {
                    return Err(error);
                }
            }
        }
        super::sizes::see(&mut found, model, options);
        found.join_steps(model);
        Ok(found)
    }

    /// Gives nodes that do the same in several steps of a recurrence one range, so that they have one table.
    fn join_steps(&mut self, model: &Model) {
        let step = |node: usize| without_step(&model.graph.nodes[node].name);
        let mut joint: BTreeMap<(String, usize), (f64, f64)> = BTreeMap::new();
        for (&(node, slot), &(lo, hi)) in &self.ranges {
            if let Some(name) = step(node) {
                let entry = joint.entry((name, slot)).or_insert((lo, hi));
                *entry = (entry.0.min(lo), entry.1.max(hi));
            }
        }
        for (&(node, slot), range) in &mut self.ranges {
            let found = step(node).and_then(|name| joint.get(&(name, slot)));
            *range = found.copied().unwrap_or(*range);
        }
    }

    /// The range of an outlet; nothing is known about one that was never computed.
    pub fn range(&self, outlet: OutletId) -> (f64, f64) {
        let found = self.ranges.get(&(outlet.node, outlet.slot)).copied();
        found.unwrap_or((-1.0, 1.0))
    }

    fn see(&mut self, model: &Model, inputs: &Arrays) -> Result<(), QuantiseError> {
        self.symbols = model.bind(inputs)?;
        let ranges = &mut self.ranges;
        // Also of inputs that nothing reads.
        for (input, outlet) in model.inputs().iter().zip(&model.graph.inputs) {
            if let Some(array) = inputs.get(&input.name) {
                widen(ranges, (outlet.node, outlet.slot), array);
            }
        }
        model.run(inputs, |node, results| {
            for (slot, result) in results.iter().enumerate() {
                // Strings and the like have no range.
                let Ok(array) = Array::from_tensor(result) else {
                    continue;
                };
                widen(ranges, (node, slot), &array);
            }
            Ok(())
        })?;
        Ok(())
    }
}

/// Adds the values of an array to the range of an outlet.
pub(super) fn widen(ranges: &mut Ranges, outlet: (usize, usize), array: &Array) {
    if let Some((lo, hi)) = array.range() {
        let entry = ranges.entry(outlet).or_insert((lo, hi));
        *entry = (entry.0.min(lo), entry.1.max(hi));
    }
}

/// The inputs that calibration runs on: those that were given, or else random ones in the declared ranges.
pub fn samples(model: &Model, options: &Options) -> Vec<Arrays> {
    if !options.calibration.is_empty() {
        return options.calibration.clone();
    }
    let symbols = symbols(model, options);
    (0..RANDOM_RUNS)
        .map(|run| random(model, options, &symbols, run))
        .collect()
}

/// Values of the symbols for random inputs: those that were given; else few along first axes, which mostly are
/// batches, and some more along others, unless the model refuses that.
fn symbols(model: &Model, options: &Options) -> Vec<usize> {
    let first = |at: usize| {
        let mut shapes = model.inputs().iter().flat_map(|input| &input.shape);
        shapes.any(|shape| shape.first() == Some(&Dim::Symbol(at)))
    };
    let sizes = |inner: usize| -> Vec<usize> {
        let names = model.symbols().iter().enumerate();
        let size = |(at, name)| match options.symbols.get(name) {
            Some(&size) => size,
            None if first(at) => FEW,
            None => inner,
        };
        names.map(size).collect()
    };
    let (some, few) = (sizes(SOME), sizes(FEW));
    let works = some == few || model.evaluate(&random(model, options, &some, 0)).is_ok();
    if works { some } else { few }
}

/// The size of a batch of random inputs.
const FEW: usize = 2;

/// The size of other open axes of random inputs.
const SOME: usize = 16;

fn random(model: &Model, options: &Options, symbols: &[usize], run: u64) -> Arrays {
    let mut state = options.seed.wrapping_add(run.wrapping_mul(0x9e37_79b9));
    let mut inputs = Arrays::new();
    for input in model.inputs() {
        let (lo, hi) = declared(options, input);
        // Most masks are whole, and what is masked altogether says little.
        let is_mask = input.implied == Some((0, 1)) && run.is_multiple_of(2);
        let lo = if is_mask { 1.0 } else { lo };
        let dims = input.shape.iter().flatten();
        let shape: Vec<usize> = dims.map(|dim| dim.bind(symbols).unwrap_or(1)).collect();
        let len = shape.iter().product();
        // Half of the draws stay close to zero, where most data are.
        let shrink = if run.is_multiple_of(2) { 1.0 } else { 0.125 };
        let data = (0..len).map(|_| {
            if input.integers {
                let x = (hi - lo + 1.0).mul_add(next(&mut state), lo) * shrink;
                return libm::floor(x).clamp(lo, hi);
            }
            ((hi - lo).mul_add(next(&mut state), lo) * shrink).clamp(lo, hi)
        });
        let data = data.collect();
        inputs.insert(input.name.clone(), Array { shape, data });
    }
    inputs
}

/// Where the values of an input lie, both ends included: no further than the rows of a table that they are indices into.
pub fn declared(options: &Options, input: &Boundary) -> (f64, f64) {
    let ends = |(first, last): (i64, i64)| (real(first.into()), real(last.into()));
    let implied = input.implied.map(ends);
    let default = if input.integers {
        (0.0, 1.0)
    } else {
        DEFAULT_RANGE
    };
    let given = options.ranges.get(&input.name).copied();
    let (mut lo, mut hi) = given.or(implied).unwrap_or(default);
    if input.integers {
        (lo, hi) = (libm::ceil(lo), libm::floor(hi));
    }
    if let Some((first, last)) = input.indices().map(ends) {
        (lo, hi) = (lo.clamp(first, last), hi.min(last));
    }
    (lo, hi.max(lo))
}

/// That every range that somebody gave has an integer if the input takes integers, and an index that the input can have
/// if it is one.
///
/// Errors: [`QuantiseError::Option`].
pub fn check_ranges(model: &Model, options: &Options) -> Result<(), QuantiseError> {
    for input in model.inputs().iter().filter(|input| input.integers) {
        let Some(&(lo, hi)) = options.ranges.get(&input.name) else {
            continue;
        };
        let (first, last) = input.indices().unwrap_or((i64::MIN, i64::MAX));
        let lo = libm::ceil(lo).max(real(first.into()));
        if lo > libm::floor(hi).min(real(last.into())) {
            return Err(QuantiseError::Option {
                name: "ranges",
                expected: "an integer that the input can have",
                found: format!("none in that of {:?}", input.name),
            });
        }
    }
    Ok(())
}

/// A number in `0 .. 1` (splitmix64).
#[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn next(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 * power_of_minus_53()
}

fn power_of_minus_53() -> f64 {
    super::builder::power(-53)
}
