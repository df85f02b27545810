//! How a model is quantised.

use crate::error::QuantiseError;
use crate::model::Arrays;
use std::collections::BTreeMap;

/// How a model is quantised.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Bits of a parameter, with its sign.
    pub weight_bits: u32,
    /// Bits of an activation in its calibrated range, with its sign.
    pub activation_bits: u32,
    /// Bits of the number of entries of a table: more are finer, and cost each proof more.
    pub table_bits: u32,
    /// Inputs that show where activations lie; random ones are taken if there are none.
    pub calibration: Vec<Arrays>,
    /// Where the values of an input lie, by its name; else as calibration says, with a margin.
    pub ranges: BTreeMap<String, (f64, f64)>,
    /// Values of symbols in calibration on random inputs, by name.
    pub symbols: BTreeMap<String, usize>,
    /// The largest values of symbols, by name: what depends on sizes alone is calibrated for these too.
    pub limits: BTreeMap<String, usize>,
    /// Seed of the random inputs.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            weight_bits: 16,
            activation_bits: 17,
            table_bits: 16,
            calibration: Vec::new(),
            ranges: BTreeMap::new(),
            symbols: BTreeMap::new(),
            limits: BTreeMap::new(),
            seed: 1,
        }
    }
}

/// Where the values of an input lie if nothing is said about it.
pub const DEFAULT_RANGE: (f64, f64) = (-8.0, 8.0);

impl Options {
    pub(crate) fn check(&self) -> Result<(), QuantiseError> {
        for (name, found) in [
            ("weight_bits", self.weight_bits),
            ("activation_bits", self.activation_bits),
        ] {
            if !(4..=24).contains(&found) {
                return Err(QuantiseError::Option {
                    name,
                    expected: "4 to 24",
                    found: found.to_string(),
                });
            }
        }
        if !(6..=16).contains(&self.table_bits) {
            return Err(QuantiseError::Option {
                name: "table_bits",
                expected: "6 to 16",
                found: self.table_bits.to_string(),
            });
        }
        for (lo, hi) in self.ranges.values() {
            if !(lo.is_finite() && hi.is_finite() && lo < hi && lo.abs().max(hi.abs()) < 1e12) {
                return Err(QuantiseError::Option {
                    name: "ranges",
                    expected: "a smaller number and a larger one, below 1e12 in magnitude",
                    found: format!("{lo} to {hi}"),
                });
            }
        }
        Ok(())
    }
}
