//! What a value is in terms of columns and public tensors, before anything is proven about it.

use crate::error::OperatorError;
use crate::fact::Fact;
use relation::combination::CombinationError;
use relation::{Combination, Einsum};

/// A sum of views and of einsums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// Shape and interval.
    pub fact: Fact,
    /// The sum of views.
    pub linear: Combination,
    /// The einsums.
    pub products: Vec<Einsum>,
}

impl Expression {
    /// An expression without einsums.
    pub fn linear(fact: Fact, linear: Combination) -> Self {
        Self {
            fact,
            linear,
            products: Vec::new(),
        }
    }

    /// Zero.
    pub fn zero(fact: Fact) -> Self {
        let linear = Combination::zero(&fact.shape);
        Self::linear(fact, linear)
    }

    /// The sum of views, if there are no einsums.
    ///
    /// Errors: [`OperatorError::Unrounded`].
    pub fn rounded(&self) -> Result<&Combination, OperatorError> {
        if self.products.is_empty() {
            Ok(&self.linear)
        } else {
            Err(OperatorError::Unrounded)
        }
    }

    /// The sum with a multiple of another expression; the fact stays.
    ///
    /// Errors: [`OperatorError::Combination`].
    pub fn plus_times(mut self, factor: i64, other: &Self) -> Result<Self, OperatorError> {
        self.linear = self.linear.plus_times(factor, other.linear.clone())?;
        for einsum in &other.products {
            let coefficient =
                { einsum.coefficient.checked_mul(factor) }.ok_or(CombinationError::Coefficient)?;
            if coefficient != 0 {
                self.products.push(Einsum {
                    coefficient,
                    ..einsum.clone()
                });
            }
        }
        Ok(self)
    }
}
