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
