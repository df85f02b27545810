//! Multilinear extensions: the few functions that the verifier needs.
//!
//! Order: coordinate 0 of a point belongs to the most significant bit of an index.

use alloc::vec::Vec;

use p3_field::Field;
use p3_multilinear_util::poly::Poly;

/// `eq(point, b)` for every `b` of the cube, in index order.
pub fn eq_vector<E: Field>(point: &[E]) -> Vec<E> {
    Poly::new_from_point(point, E::ONE).into_evals()
}

/// `eq(x, y) = prod_i (x_i y_i + (1 - x_i)(1 - y_i))`, over the shorter of the two.
pub fn eq<E: Field>(x: &[E], y: &[E]) -> E {
    x.iter()
        .zip(y)
        .map(|(&x, &y)| E::ONE - x - y + (x * y).double())
        .product()
}

/// `eq(point, index)`: the weight of one vertex.
pub fn eq_index<E: Field>(point: &[E], index: usize) -> E {
    point
        .iter()
        .rev()
        .enumerate()
        .map(|(bit, &x)| {
            let set = u32::try_from(bit)
                .ok()
                .and_then(|bit| index.checked_shr(bit))
                .unwrap_or(0)
                & 1
                == 1;
            if set { x } else { E::ONE - x }
        })
        .product()
}

/// The sum of `eq(point, b)` over the first `len` vertices of the cube, or over all if there are fewer.
pub fn eq_sum<E: Field>(point: &[E], len: usize) -> E {
    let bit = |variable: usize| {
        let place = u32::try_from(point.len().saturating_sub(variable).saturating_sub(1));
        place
            .ok()
            .and_then(|place| len.checked_shr(place))
            .unwrap_or(0)
    };
    // All of the cube: the vertices of a cube sum to one.
    if bit(0) > 1 || (point.is_empty() && len > 0) {
        return E::ONE;
    }
    // The vertices before `len` part from its bits at one of the set ones.
    let (mut sum, mut common) = (E::ZERO, E::ONE);
    for (variable, &x) in point.iter().enumerate() {
        if bit(variable) & 1 == 1 {
            sum += common * (E::ONE - x);
            common *= x;
        } else {
            common *= E::ONE - x;
        }
    }
    sum
}

/// The number of variables that index `len` entries.
pub fn log_ceil(len: usize) -> usize {
    p3_util::log2_ceil_usize(len)
}

#[cfg(test)]
mod tests {
    use p3_field::PrimeCharacteristicRing;
    use p3_goldilocks::Goldilocks;

    use super::*;

    #[test]
    fn sums_of_eq_are_those_of_its_values() {
        for variables in 0..6 {
            let point: Vec<Goldilocks> = { 0..variables }
                .map(|i| Goldilocks::from_u64(i * i + 1234567))
                .collect();
            let values = eq_vector(&point);
            for len in (0..40).chain([usize::MAX]) {
                let sum: Goldilocks = values.iter().take(len).copied().sum();
                assert_eq!(eq_sum(&point, len), sum, "{len} of 2^{variables}");
            }
        }
    }
}
