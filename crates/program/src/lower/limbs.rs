//! Cutting integers into limbs that one lookup can show to be in range.

use relation::ColumnId;
use std::collections::BTreeMap;

/// A column that holds some bits of each value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limb {
    /// The column.
    pub column: ColumnId,
    /// The lowest of the bits.
    pub shift: u32,
    /// How many bits; all that are left, with the sign, if absent.
    pub bits: Option<u32>,
}

impl Limb {
    /// The values themselves.
    pub const fn whole(column: ColumnId) -> Self {
        Self {
            column,
            shift: 0,
            bits: None,
        }
    }

    /// The part of a value that the column holds.
    pub const fn of(&self, value: i64) -> i64 {
        let value = value >> self.shift;
        match self.bits {
            Some(bits) => value & ((1 << bits) - 1),
            None => value,
        }
    }
}

/// What an operator asked to be recorded, and the columns that hold it: none if the relations have
/// no need of any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The columns.
    pub limbs: Vec<Limb>,
}

/// Sizes of the limbs of `bits` bits, lowest first, each at most `most`: as equal as can be, so that
/// the tables are small.
pub fn sizes(bits: u32, most: u32) -> Vec<u32> {
    let count = bits.div_ceil(most).max(1);
    let (size, larger) = (bits / count, bits % count);
    (0..count).map(|at| size + u32::from(at < larger)).collect()
}

/// The most bits of a limb for which values and tables together cost least.
///
/// `demand` tells how many values have how many bits. A value costs a column and a lookup for each limb,
/// a table an entry and a count for each of its integers; these cost about the same.
pub fn best_limb_bits(demand: &BTreeMap<u32, u64>) -> u32 {
    let cost = |most: u32| {
        let mut tables = std::collections::BTreeSet::new();
        let values = demand.iter().fold(0u64, |sum, (&bits, &values)| {
            let sizes = sizes(bits, most);
            tables.extend(sizes.iter().copied());
            let limbs = u64::try_from(sizes.len()).unwrap_or(u64::MAX);
            sum.saturating_add(values.saturating_mul(limbs))
        });
        tables
            .iter()
            .fold(values, |sum, &bits| sum.saturating_add(1 << bits))
    };
    (4..=MAX_LIMB_BITS)
        .min_by_key(|&most| cost(most))
        .unwrap_or(8)
}

/// The most bits of a limb: tables of `2^20` entries.
pub const MAX_LIMB_BITS: u32 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limbs_add_up_to_the_value() {
        for bits in 0..40 {
            for most in 4..=MAX_LIMB_BITS {
                let sizes = sizes(bits, most);
                assert_eq!(sizes.iter().sum::<u32>(), bits);
                assert!(sizes.iter().all(|&size| size <= most));
            }
        }
        let limb = |shift, bits| Limb {
            column: ColumnId(0),
            shift,
            bits,
        };
        for value in [-40_000i64, -1, 0, 1, 39_999] {
            let (low, high) = (limb(0, Some(9)), limb(9, None));
            assert_eq!(low.of(value) + (high.of(value) << 9), value);
        }
    }

    #[test]
    fn few_values_get_small_limbs_and_many_get_large_ones() {
        assert!(best_limb_bits(&BTreeMap::from([(16, 10)])) <= 6);
        assert_eq!(best_limb_bits(&BTreeMap::from([(16, 10_000_000)])), 16);
        let wide = BTreeMap::from([(15, 10_000_000), (20, 10_000_000)]);
        assert_eq!(best_limb_bits(&wide), 20);
    }
}
