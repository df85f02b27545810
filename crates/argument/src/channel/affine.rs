//! Affine expressions in the prover's masks.

use alloc::vec::Vec;
use core::ops::{Add, Mul, Neg, Sub};

use p3_field::Field;

/// One committed mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mask {
    /// Mask `i` of the values that are sent alone.
    Single(u32),
    /// Mask of the first factor of product slot `i`.
    Left(u32),
    /// Mask of the second factor of product slot `i`.
    Right(u32),
    /// The product of the two masks of slot `i`.
    Product(u32),
}

/// `constant + sum_i coefficient_i * mask_i`: what the verifier knows of a hidden value.
///
/// A mask may occur several times; the sum is what counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affine<E> {
    /// The part in the clear.
    pub constant: E,
    /// Masks with their coefficients.
    pub masks: Vec<(Mask, E)>,
}

impl<E: Field> Affine<E> {
    /// The value behind `sent`, which the prover formed by adding `mask`.
    pub fn hidden(sent: E, mask: Mask) -> Self {
        Self {
            constant: sent,
            masks: alloc::vec![(mask, E::NEG_ONE)],
        }
    }
}

impl<E: Field> From<E> for Affine<E> {
    fn from(constant: E) -> Self {
        Self {
            constant,
            masks: Vec::new(),
        }
    }
}

impl<E: Field> Add for Affine<E> {
    type Output = Self;
    fn add(mut self, other: Self) -> Self {
        self.constant += other.constant;
        self.masks.extend(other.masks);
        self
    }
}

impl<E: Field> Sub for Affine<E> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + (-other)
    }
}

impl<E: Field> Neg for Affine<E> {
    type Output = Self;
    fn neg(self) -> Self {
        self * E::NEG_ONE
    }
}

impl<E: Field> Mul<E> for Affine<E> {
    type Output = Self;
    fn mul(mut self, factor: E) -> Self {
        self.constant *= factor;
        for (_, coefficient) in &mut self.masks {
            *coefficient *= factor;
        }
        self
    }
}
