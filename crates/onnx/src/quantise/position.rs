//! Values that say where they are: sums of multiples of the indices of their axes.
//!
//! Graphs with open sizes compute positions: a range, spread over other axes, perhaps times a size. What is such a
//! sum selects elements that are known without any data, so that it becomes a view instead of a lookup.

use program::Dim;
use program::operator::Step;

/// `constant + sum_a factors[a] * index_a`.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// The value at the index zero.
    pub constant: Dim,
    /// The factor of the index of each axis.
    pub factors: Vec<Dim>,
}

/// Zero.
pub const ZERO: Dim = Dim::Known(0);

/// Whether a size is zero for all values of the symbols.
fn is_zero(dim: &Dim) -> bool {
    dim.known() == Some(0)
}

/// Whether a size is zero or more for all values of the symbols.
fn is_at_least_zero(dim: &Dim) -> bool {
    match dim {
        Dim::Known(number) => *number >= 0,
        Dim::Symbol(_) => true,
        Dim::Sum(parts) | Dim::Product(parts) | Dim::Min(parts) => {
            parts.iter().all(is_at_least_zero)
        }
        Dim::Max(parts) => parts.iter().any(is_at_least_zero),
        Dim::Quotient(whole, by) => *by > 0 && is_at_least_zero(whole),
    }
}

/// The sum of two sizes.
pub fn plus(a: &Dim, b: &Dim) -> Dim {
    match (a, b) {
        (Dim::Known(0), other) | (other, Dim::Known(0)) => other.clone(),
        (Dim::Known(a), Dim::Known(b)) => Dim::Known(a + b),
        _ => Dim::Sum(vec![a.clone(), b.clone()]),
    }
}

/// The product of two sizes.
pub fn times(a: &Dim, b: &Dim) -> Dim {
    match (a, b) {
        (Dim::Known(0), _) | (_, Dim::Known(0)) => ZERO,
        (Dim::Known(1), other) | (other, Dim::Known(1)) => other.clone(),
        (Dim::Known(a), Dim::Known(b)) => Dim::Known(a * b),
        _ => Dim::Product(vec![a.clone(), b.clone()]),
    }
}

impl Position {
    /// The same number everywhere.
    pub fn number(constant: Dim, rank: usize) -> Self {
        let factors = vec![ZERO; rank];
        Self { constant, factors }
    }

    /// The number, if it is the same everywhere.
    pub fn as_number(&self) -> Option<&Dim> {
        self.factors.iter().all(is_zero).then_some(&self.constant)
    }

    /// Whether it is zero or more at every index, for all values of the symbols.
    pub fn is_at_least_zero(&self) -> bool {
        is_at_least_zero(&self.constant) && self.factors.iter().all(is_at_least_zero)
    }

    /// The sum with a multiple of another of the same shape.
    pub fn plus(&self, factor: i64, other: &Self) -> Option<Self> {
        if self.factors.len() != other.factors.len() {
            return None;
        }
        let scaled = |dim: &Dim| times(&Dim::Known(factor), dim);
        let pairs = self.factors.iter().zip(&other.factors);
        Some(Self {
            constant: plus(&self.constant, &scaled(&other.constant)),
            factors: pairs.map(|(a, b)| plus(a, &scaled(b))).collect(),
        })
    }

    /// The product with a size.
    pub fn times(&self, by: &Dim) -> Self {
        Self {
            constant: times(&self.constant, by),
            factors: self.factors.iter().map(|dim| times(dim, by)).collect(),
        }
    }

    /// What it is after a step; nothing where that is no such sum.
    pub fn step(mut self, step: &Step<Dim>) -> Option<Self> {
        match step {
            Step::Permute(order) => {
                let factors = { order.iter() }.map(|&axis| self.factors.get(axis).cloned());
                self.factors = factors.collect::<Option<_>>()?;
            }
            Step::Slice {
                axis, start, step, ..
            } => {
                let factor = self.factors.get_mut(*axis)?;
                self.constant = plus(&self.constant, &times(factor, start));
                *factor = times(factor, &Dim::from(*step));
            }
            Step::InsertAxis(axis) if *axis <= self.factors.len() => {
                self.factors.insert(*axis, ZERO);
            }
            Step::RemoveAxis(axis) if *axis < self.factors.len() => {
                self.factors.remove(*axis);
            }
            // An axis of size one has the index zero only.
            Step::Broadcast { axis, .. } => *self.factors.get_mut(*axis)? = ZERO,
            Step::Reshape(shape) if self.as_number().is_some() => {
                self.factors = vec![ZERO; shape.len()];
            }
            _ => return None,
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_move_the_factors_along() {
        let range = Position {
            constant: ZERO,
            factors: vec![Dim::Known(1)],
        };
        let spread = [
            Step::InsertAxis(0),
            Step::Broadcast {
                axis: 0,
                size: Dim::Symbol(0),
            },
            Step::Slice {
                axis: 1,
                start: Dim::Known(3),
                len: Dim::Known(2),
                step: 2,
            },
            Step::Permute(vec![1, 0]),
        ];
        let found = { spread.iter() }.try_fold(range, Position::step);
        let expected = Position {
            constant: Dim::Known(3),
            factors: vec![Dim::Known(2), ZERO],
        };
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn sums_and_multiples_are_taken_factor_by_factor() {
        let row = Position {
            constant: ZERO,
            factors: vec![Dim::Known(1), ZERO],
        };
        let column = Position {
            constant: Dim::Known(5),
            factors: vec![ZERO, Dim::Known(1)],
        };
        let sum = row.times(&Dim::Symbol(0)).plus(1, &column);
        let expected = Position {
            constant: Dim::Known(5),
            factors: vec![Dim::Symbol(0), Dim::Known(1)],
        };
        assert_eq!(sum, Some(expected));
        assert_eq!(row.as_number(), None);
        assert!(row.is_at_least_zero());
        let down = column.plus(-1, &row);
        assert!(!down.is_some_and(|down| down.is_at_least_zero()));
    }
}
