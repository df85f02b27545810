//! Sizes in terms of symbols: from tract's to the program's.

use program::Dim;
use tract_onnx::prelude::{Symbol, TDim};

/// The size in terms of `symbols`, in their order; `None` if it holds another symbol or an operation
/// that no program has.
pub fn convert(dim: &TDim, symbols: &[Symbol]) -> Option<Dim> {
    let all = |parts: &[TDim]| -> Option<Vec<Dim>> {
        parts.iter().map(|part| convert(part, symbols)).collect()
    };
    Some(match dim {
        TDim::Val(value) => Dim::Known(*value),
        TDim::Sym(symbol) => Dim::Symbol(symbols.iter().position(|other| other == symbol)?),
        TDim::Add(parts) => Dim::Sum(all(parts)?),
        TDim::Mul(parts) => Dim::Product(all(parts)?),
        TDim::MulInt(factor, part) => {
            Dim::Product(vec![Dim::Known(*factor), convert(part, symbols)?])
        }
        TDim::Div(part, by) => {
            Dim::Quotient(Box::new(convert(part, symbols)?), i64::try_from(*by).ok()?)
        }
        TDim::Min(parts) => Dim::Min(all(parts)?),
        TDim::Max(parts) => Dim::Max(all(parts)?),
        TDim::Broadcast(_) | TDim::Ge(..) | TDim::Eq(..) => return None,
    })
}

/// The sizes of a shape.
pub fn shape(dims: &[TDim], symbols: &[Symbol]) -> Option<Vec<Dim>> {
    dims.iter().map(|dim| convert(dim, symbols)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tract_onnx::prelude::SymbolScope;

    #[test]
    fn sizes_keep_their_meaning() {
        let scope = SymbolScope::default();
        let (a, b) = (scope.sym("a"), scope.sym("b"));
        let symbols = [a.clone(), b.clone()];
        let (a, b) = (TDim::from(a), TDim::from(b));
        let sizes = [
            (TDim::from(7), 7),
            (a.clone() * 3 + 2, 17),
            (a.clone() * b.clone() - 1, 19),
            ((a.clone() + 6) / 2, 5),
        ];
        for (size, expected) in sizes {
            let found = convert(&size, &symbols).expect("a size");
            assert_eq!(found.bind(&[5, 4]), Ok(expected), "{size}");
        }
        assert_eq!(convert(&b, &symbols[..1]), None);
    }
}
