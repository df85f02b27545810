//! The sizing context: a dry run that counts.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use core::marker::PhantomData;
use core::ops::{Add, Mul, Neg, Sub};

use p3_field::Field;

use super::{Channel, Product};
use crate::reject::Reject;

/// What a run of the protocol sends, draws and requires.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Values that are sent alone.
    pub singles: usize,
    /// Pairs of values whose product is formed.
    pub slots: usize,
    /// Equations.
    pub equations: usize,
    /// Challenges.
    pub challenges: usize,
    /// Proofs of work.
    pub works: usize,
}

impl Count {
    /// The counts of one run after another.
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            singles: self.singles.saturating_add(other.singles),
            slots: self.slots.saturating_add(other.slots),
            equations: self.equations.saturating_add(other.equations),
            challenges: self.challenges.saturating_add(other.challenges),
            works: self.works.saturating_add(other.works),
        }
    }

    /// The number of elements that are sent.
    pub fn messages(&self) -> usize {
        self.singles.saturating_add(self.slots.saturating_mul(2))
    }
}

/// A value of which nothing is known.
#[derive(Clone, Copy, Debug)]
pub struct Unknown<E>(PhantomData<E>);

impl<E> From<E> for Unknown<E> {
    fn from(_: E) -> Self {
        Self(PhantomData)
    }
}

impl<E> Add for Unknown<E> {
    type Output = Self;
    fn add(self, _: Self) -> Self {
        self
    }
}

impl<E> Sub for Unknown<E> {
    type Output = Self;
    fn sub(self, _: Self) -> Self {
        self
    }
}

impl<E> Neg for Unknown<E> {
    type Output = Self;
    fn neg(self) -> Self {
        self
    }
}

impl<E> Mul<E> for Unknown<E> {
    type Output = Self;
    fn mul(self, _: E) -> Self {
        self
    }
}

/// The context that counts. Its challenges are fixed numbers: a step's shape does not depend on them.
#[derive(Debug)]
pub struct Sizing<E> {
    count: Count,
    field: PhantomData<E>,
}

impl<E> Default for Sizing<E> {
    fn default() -> Self {
        Self {
            count: Count::default(),
            field: PhantomData,
        }
    }
}

impl<E> Sizing<E> {
    /// What was counted.
    pub fn finish(self) -> Count {
        self.count
    }
}

impl<E: Field> Channel for Sizing<E> {
    type E = E;
    type Value = Unknown<E>;

    fn receive(&mut self) -> Result<Unknown<E>, Reject> {
        self.count.singles = self.count.singles.saturating_add(1);
        Ok(Unknown(PhantomData))
    }

    fn receive_product(&mut self) -> Result<Product<Unknown<E>>, Reject> {
        self.count.slots = self.count.slots.saturating_add(1);
        let value = Unknown(PhantomData);
        Ok(Product {
            left: value,
            right: value,
            product: value,
        })
    }

    fn challenge(&mut self) -> E {
        self.count.challenges = self.count.challenges.saturating_add(1);
        E::GENERATOR
    }

    fn work(&mut self, bits: usize) -> Result<(), Reject> {
        if bits > 0 {
            self.count.works = self.count.works.saturating_add(1);
        }
        Ok(())
    }

    fn require_zero(&mut self, _step: &'static str, _value: Unknown<E>) -> Result<(), Reject> {
        self.count.equations = self.count.equations.saturating_add(1);
        Ok(())
    }
}
