//! Sizes in files: postfix lists.

use super::{Dim, DimError, MAX_DEPTH};
use serde::{Deserialize, Serialize};

/// One entry of the list: a leaf, or an operation on the entries before it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Token {
    Known(i64),
    Symbol(usize),
    Sum(usize),
    Product(usize),
    Quotient(i64),
    Min(usize),
    Max(usize),
}

impl From<Dim> for Vec<Token> {
    fn from(dim: Dim) -> Self {
        let mut tokens = Self::new();
        push(&dim, &mut tokens);
        tokens
    }
}

fn push(dim: &Dim, tokens: &mut Vec<Token>) {
    let (parts, token) = match dim {
        Dim::Known(value) => (&[][..], Token::Known(*value)),
        Dim::Symbol(at) => (&[][..], Token::Symbol(*at)),
        Dim::Sum(parts) => (&parts[..], Token::Sum(parts.len())),
        Dim::Product(parts) => (&parts[..], Token::Product(parts.len())),
        Dim::Quotient(whole, by) => (std::slice::from_ref(&**whole), Token::Quotient(*by)),
        Dim::Min(parts) => (&parts[..], Token::Min(parts.len())),
        Dim::Max(parts) => (&parts[..], Token::Max(parts.len())),
    };
    for part in parts {
        push(part, tokens);
    }
    tokens.push(token);
}

impl TryFrom<Vec<Token>> for Dim {
    type Error = DimError;

    fn try_from(tokens: Vec<Token>) -> Result<Self, DimError> {
        // Each expression with its depth.
        let mut stack: Vec<(Self, usize)> = Vec::new();
        for token in tokens {
            let count = match token {
                Token::Known(_) | Token::Symbol(_) => 0,
                Token::Quotient(_) => 1,
                Token::Sum(count)
                | Token::Product(count)
                | Token::Min(count)
                | Token::Max(count) => count,
            };
            let first = stack.len().checked_sub(count).ok_or(DimError::Encoding)?;
            let parts = stack.split_off(first);
            let depth = parts.iter().map(|&(_, depth)| depth + 1).max().unwrap_or(0);
            if depth > MAX_DEPTH {
                return Err(DimError::Depth);
            }
            let mut parts: Vec<Self> = parts.into_iter().map(|(part, _)| part).collect();
            let dim = match token {
                Token::Known(value) => Self::Known(value),
                Token::Symbol(at) => Self::Symbol(at),
                Token::Sum(_) => Self::Sum(parts),
                Token::Product(_) => Self::Product(parts),
                Token::Quotient(by) => {
                    let whole = parts.pop().ok_or(DimError::Encoding)?;
                    Self::Quotient(Box::new(whole), by)
                }
                Token::Min(_) => Self::Min(parts),
                Token::Max(_) => Self::Max(parts),
            };
            stack.push((dim, depth));
        }
        match (stack.pop(), stack.is_empty()) {
            (Some((dim, _)), true) => Ok(dim),
            _ => Err(DimError::Encoding),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_survives_its_list() {
        let product = Dim::Product(vec![Dim::Symbol(1), Dim::Known(-3), Dim::Sum(Vec::new())]);
        let least = Dim::Min(vec![Dim::Quotient(Box::new(product), 4), Dim::Symbol(0)]);
        let dim = Dim::Max(vec![least, Dim::Known(7)]);
        let tokens: Vec<Token> = dim.clone().into();
        assert_eq!(Dim::try_from(tokens), Ok(dim));
    }

    #[test]
    fn lists_that_are_not_one_expression_are_refused() {
        let lists = [
            vec![],
            vec![Token::Known(1), Token::Known(2)],
            vec![Token::Known(1), Token::Sum(2)],
            vec![Token::Quotient(2)],
            vec![Token::Known(1), Token::Product(usize::MAX)],
        ];
        for list in lists {
            assert_eq!(Dim::try_from(list), Err(DimError::Encoding));
        }
        let mut deep = vec![Token::Known(1)];
        deep.extend(vec![Token::Quotient(2); 100_000]);
        assert_eq!(Dim::try_from(deep), Err(DimError::Depth));
    }
}
