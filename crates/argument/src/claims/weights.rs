//! Weights along an axis, or along some axes together.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::{Deref, Range};

use p3_field::Field;

/// One weight per index, and where they are not zero. Copies share the weights.
#[derive(Clone, Debug)]
pub struct Weights<E> {
    values: Arc<Vec<E>>,
    support: Range<usize>,
}

impl<E> Weights<E> {
    /// The least range outside which all weights are zero.
    pub fn support(&self) -> Range<usize> {
        self.support.clone()
    }

    /// Where the weights lie in memory: the same for copies, and for no others as long as any is held.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.values).addr()
    }

    /// Whether these are copies that share their weights.
    pub fn shares(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.values, &other.values)
    }

    /// The weights of the support.
    pub fn supported(&self) -> &[E] {
        self.values.get(self.support()).unwrap_or_default()
    }
}

impl<E: Field> From<Vec<E>> for Weights<E> {
    fn from(values: Vec<E>) -> Self {
        let start = { values.iter() }.position(|weight| !weight.is_zero());
        let last = { values.iter() }.rposition(|weight| !weight.is_zero());
        let support = match (start, last) {
            (Some(start), Some(last)) => start..last.saturating_add(1),
            _ => 0..0,
        };
        Self {
            values: Arc::new(values),
            support,
        }
    }
}

impl<E: Field> FromIterator<E> for Weights<E> {
    fn from_iter<I: IntoIterator<Item = E>>(weights: I) -> Self {
        weights.into_iter().collect::<Vec<E>>().into()
    }
}

impl<E> Deref for Weights<E> {
    type Target = [E];

    fn deref(&self) -> &[E] {
        &self.values
    }
}

impl<E: PartialEq> PartialEq for Weights<E> {
    fn eq(&self, other: &Self) -> bool {
        self.shares(other) || (self.support == other.support && self.values == other.values)
    }
}

impl<E: Eq> Eq for Weights<E> {}
