//! Sizes that are known when a program is bound: sums, products and quotients of symbols.

mod token;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use token::Token;

/// The size of an axis, or an offset, in terms of the program's symbols.
///
/// In a file it is a flat list, so that no nesting exhausts the stack of who reads it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<Token>", into = "Vec<Token>")]
pub enum Dim {
    /// A number.
    Known(i64),
    /// A symbol: its position in [`crate::Program::symbols`].
    Symbol(usize),
    /// A sum.
    Sum(Vec<Dim>),
    /// A product.
    Product(Vec<Dim>),
    /// A quotient, rounded towards minus infinity.
    Quotient(Box<Dim>, i64),
    /// The smallest of several.
    Min(Vec<Dim>),
    /// The largest of several.
    Max(Vec<Dim>),
}

/// Why a size has no value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DimError {
    /// A symbol has no value.
    #[error("expected values for at least {expected} symbols, found {found}")]
    Symbol {
        /// Symbols that the size needs.
        expected: usize,
        /// Values that were given.
        found: usize,
    },
    /// A size is negative, too large, or a quotient by less than one.
    #[error("the size {dim:?} is negative or too large for the symbols {symbols:?}")]
    Range {
        /// The size.
        dim: Dim,
        /// The values of the symbols.
        symbols: Vec<usize>,
    },
    /// A size is nested too deeply.
    #[error("a size is nested more than {MAX_DEPTH} deep")]
    Depth,
    /// A stored size is not one expression.
    #[error("a stored size is not one expression")]
    Encoding,
}

/// How deep sizes may be nested: a file cannot exhaust the stack.
const MAX_DEPTH: usize = 32;

/// The largest size.
const MAX: i64 = 1 << 40;

impl From<usize> for Dim {
    fn from(size: usize) -> Self {
        Self::Known(i64::try_from(size).unwrap_or(i64::MAX))
    }
}

impl Dim {
    /// The number, if no symbol is needed for it.
    pub fn known(&self) -> Option<usize> {
        self.bind(&[]).ok()
    }

    /// The value for some values of the symbols.
    ///
    /// Errors: [`DimError`].
    pub fn bind(&self, symbols: &[usize]) -> Result<usize, DimError> {
        let value = self.value(symbols, 0)?;
        usize::try_from(value).map_err(|_| self.range(symbols))
    }

    fn range(&self, symbols: &[usize]) -> DimError {
        DimError::Range {
            dim: self.clone(),
            symbols: symbols.to_vec(),
        }
    }

    fn value(&self, symbols: &[usize], depth: usize) -> Result<i64, DimError> {
        if depth > MAX_DEPTH {
            return Err(DimError::Depth);
        }
        let fold = |parts: &[Self], start: Option<i64>, join: fn(i64, i64) -> Option<i64>| {
            let mut all = start;
            for part in parts {
                let value = part.value(symbols, depth + 1)?;
                all = Some(match all {
                    None => value,
                    Some(all) => join(all, value).ok_or_else(|| self.range(symbols))?,
                });
            }
            all.ok_or_else(|| self.range(symbols))
        };
        let value = match self {
            Self::Known(value) => *value,
            Self::Symbol(at) => {
                let missing = DimError::Symbol {
                    expected: at.saturating_add(1),
                    found: symbols.len(),
                };
                let value = symbols.get(*at).ok_or(missing)?;
                i64::try_from(*value).map_err(|_| self.range(symbols))?
            }
            Self::Sum(parts) => fold(parts, Some(0), i64::checked_add)?,
            Self::Product(parts) => fold(parts, Some(1), i64::checked_mul)?,
            Self::Quotient(whole, by) if *by > 0 => {
                whole.value(symbols, depth + 1)?.div_euclid(*by)
            }
            Self::Quotient(..) => return Err(self.range(symbols)),
            Self::Min(parts) => fold(parts, None, |a, b| Some(a.min(b)))?,
            Self::Max(parts) => fold(parts, None, |a, b| Some(a.max(b)))?,
        };
        if (-MAX..=MAX).contains(&value) {
            Ok(value)
        } else {
            Err(self.range(symbols))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_their_symbols() {
        let batch = Dim::Symbol(0);
        let flat = Dim::Product(vec![batch.clone(), Dim::Known(64)]);
        assert_eq!(flat.bind(&[3]), Ok(192));
        assert_eq!(Dim::Quotient(Box::new(flat), 64).bind(&[3]), Ok(3));
        assert_eq!(Dim::Known(5).known(), Some(5));
        assert_eq!(batch.known(), None);
    }

    #[test]
    fn sizes_without_a_value_are_refused() {
        let missing = DimError::Symbol {
            expected: 2,
            found: 1,
        };
        assert_eq!(Dim::Symbol(1).bind(&[3]), Err(missing));
        let negative = Dim::Sum(vec![Dim::Symbol(0), Dim::Known(-4)]);
        assert!(matches!(negative.bind(&[3]), Err(DimError::Range { .. })));
        let huge = Dim::Product(vec![Dim::Known(1 << 30), Dim::Known(1 << 30)]);
        assert!(matches!(huge.bind(&[]), Err(DimError::Range { .. })));
        let by_zero = Dim::Quotient(Box::new(Dim::Known(4)), 0);
        assert!(matches!(by_zero.bind(&[]), Err(DimError::Range { .. })));
        let deep = (0..100).fold(Dim::Known(1), |dim, _| Dim::Sum(vec![dim]));
        assert_eq!(deep.bind(&[]), Err(DimError::Depth));
    }
}
