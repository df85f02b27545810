//! Packed loops over the base field that several steps share.

use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, PackedFieldExtension, PackedValue, PrimeCharacteristicRing};

/// `sum_i a_i b_i` of two vectors of one length.
pub fn dot<F: Field>(a: &[F], b: &[F]) -> F {
    debug_assert_eq!(a.len(), b.len(), "two vectors of one length");
    let (packed_a, rest_a) = F::Packing::pack_slice_with_suffix(a);
    let (packed_b, rest_b) = F::Packing::pack_slice_with_suffix(b);
    let mut packed = F::Packing::ZERO;
    for (&a, &b) in packed_a.iter().zip(packed_b) {
        packed += a * b;
    }
    let rest: F = rest_a.iter().zip(rest_b).map(|(&a, &b)| a * b).sum();
    packed.as_slice().iter().copied().sum::<F>() + rest
}

/// `sum_i a_i b_i` over the shorter of two vectors of extension elements.
pub fn dot_extension<F: Field, E: ExtensionField<F>>(a: &[E], b: &[E]) -> E {
    let pairs = a.chunks(F::Packing::WIDTH).zip(b.chunks(F::Packing::WIDTH));
    let (mut packed, mut rest) = (E::ExtensionPacking::ZERO, E::ZERO);
    for (a, b) in pairs {
        if a.len() == F::Packing::WIDTH && b.len() == F::Packing::WIDTH {
            let pack = E::ExtensionPacking::from_ext_slice;
            packed += pack(a) * pack(b);
        } else {
            rest += a.iter().zip(b).map(|(&a, &b)| a * b).sum::<E>();
        }
    }
    E::ExtensionPacking::to_ext_iter([packed]).sum::<E>() + rest
}

/// The coordinates of extension elements, one vector per coordinate.
pub fn coordinates<F: Field, E: ExtensionField<F>>(values: &[E]) -> Vec<Vec<F>> {
    (0..E::DIMENSION)
        .map(|d| {
            values
                .iter()
                .filter_map(|value| value.as_basis_coefficients_slice().get(d).copied())
                .collect()
        })
        .collect()
}

/// Extension elements from their coordinates, one vector per coordinate.
#[cfg(feature = "prove")]
pub fn from_coordinates<F: Field, E: ExtensionField<F>>(coordinates: &[Vec<F>]) -> Vec<E> {
    let len = coordinates.first().map_or(0, Vec::len);
    (0..len)
        .map(|i| E::from_basis_coefficients_fn(|d| coordinates[d][i]))
        .collect()
}

#[cfg(test)]
mod tests {
    use p3_field::extension::BinomialExtensionField;
    use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};
    use p3_goldilocks::Goldilocks;

    use super::*;

    #[test]
    fn packed_sums_of_products_are_those_of_single_products() {
        type E = BinomialExtensionField<Goldilocks, 2>;
        let numbers = |seed: u64| -> Vec<E> {
            let number =
                |i: u64| Goldilocks::from_u64((i + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            (0..40u64)
                .map(|i| {
                    E::from_basis_coefficients_fn(|d| number(2 * i) + Goldilocks::from_usize(d))
                })
                .collect()
        };
        let (a, b) = (numbers(3), numbers(71));
        for (left, right) in [(0, 9), (1, 1), (7, 8), (8, 8), (17, 16), (16, 25), (40, 40)] {
            let (a, b) = (&a[..left], &b[..right]);
            let expected: E = a.iter().zip(b).map(|(&a, &b)| a * b).sum();
            assert_eq!(
                dot_extension::<Goldilocks, E>(a, b),
                expected,
                "{left} {right}"
            );
        }
    }
}
