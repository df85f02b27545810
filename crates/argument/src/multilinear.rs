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

/// The number of variables that index `len` entries.
pub fn log_ceil(len: usize) -> usize {
    p3_util::log2_ceil_usize(len)
}
