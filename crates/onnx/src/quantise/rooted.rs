//! Functions of a root, and inverses of what is not a line: one step after the other instead of a table, which would
//! have to guess how an inverse goes on beyond what calibration saw.

use super::builder::{Refusal, Value};
use super::expr::Expr;
use super::lazy::Pointwise;
use super::piecewise::{MAX_KNOTS, Piecewise};
use super::walk::Quantiser;
use crate::lower::product;
use program::formula::{Function, Instruction};

impl Quantiser<'_> {
    /// The square of a line, as a product: a table would end where calibration did.
    pub(super) fn square(&mut self, base: &Value, expr: &Expr) -> Result<Option<Value>, Refusal> {
        let inner = match expr {
            Expr::Apply(Function::Square, inner) => inner,
            Expr::Binary(Instruction::Power, inner, two) if **two == Expr::Constant(2.0) => inner,
            _ => return Ok(None),
        };
        let Some((slope, offset)) = inner.line() else {
            return Ok(None);
        };
        if base.exact && base.fixed && self.has_entries_for(base) {
            return Ok(None);
        }
        let base = self.narrow(base)?;
        let x = self.line(&base, slope, offset)?;
        let mut square = product(self, &x.shape, &x, &x.clone())?;
        square.known.lo = square.known.lo.max(0);
        Ok(Some(square))
    }

    /// A root or an inverse of a line, or a function that takes a few of these one after the other.
    pub(super) fn rooted(
        &mut self,
        base: &Value,
        expr: &Expr,
        range: (f64, f64),
    ) -> Result<Option<Value>, Refusal> {
        let expr = &plain(expr);
        if let Some(value) = self.quotient_or_root(base, expr, range)? {
            return Ok(Some(value));
        }
        let Some((outer, inner)) = steps(expr) else {
            return Ok(None);
        };
        let Some(between) = ends(&inner, base.range) else {
            return Ok(None);
        };
        // An inverse through zero is a table's.
        if !outer.is_piecewise() && between.0 <= 0.0 && between.1 >= 0.0 {
            return Ok(None);
        }
        let step = |base: &Value, expr: Expr, range| Pointwise {
            base: base.clone(),
            expr,
            range,
            integers: false,
        };
        let mut value = self.compute(&step(base, inner, between))?;
        value.range = between;
        self.compute(&step(&value, outer, range)).map(Some)
    }
}

impl Expr {
    /// Whether positive and negative parts make the function.
    fn is_piecewise(&self) -> bool {
        Piecewise::of(self).is_some_and(|found| found.knots.len() <= MAX_KNOTS)
    }
}

/// Powers that are roots and inverses as these.
fn plain(expr: &Expr) -> Expr {
    match expr {
        Expr::Binary(Instruction::Power, a, b) => {
            let function = match **b {
                Expr::Constant(0.5) => Function::SquareRoot,
                Expr::Constant(-0.5) => Function::ReciprocalSquareRoot,
                Expr::Constant(-1.0) => Function::Reciprocal,
                _ => return expr.clone(),
            };
            plain(a).apply(function)
        }
        Expr::Apply(function, a) => plain(a).apply(*function),
        Expr::Binary(instruction, a, b) => {
            Expr::Binary(*instruction, plain(a).into(), plain(b).into())
        }
        _ => expr.clone(),
    }
}

/// A function as one after another, of which neither needs a table.
fn steps(expr: &Expr) -> Option<(Expr, Expr)> {
    // A function of one root.
    if let Some(root) = root_of(expr) {
        let outer = expr.through(root)?;
        let is_known =
            outer != Expr::Variable && (outer.is_piecewise() || inverse(&outer).is_some());
        return is_known.then(|| (outer, root.clone()));
    }
    // An inverse of what has corners.
    let (outer, inner) = inverse(expr)?;
    (inner.line().is_none() && inner.is_piecewise()).then(|| (outer, inner.clone()))
}

/// An inverse as a function of what it is the inverse of.
fn inverse(expr: &Expr) -> Option<(Expr, &Expr)> {
    match expr {
        Expr::Apply(
            function @ (Function::Reciprocal
            | Function::ReciprocalSquareRoot
            | Function::SquareRoot),
            inner,
        ) => Some((Expr::Variable.apply(*function), inner)),
        Expr::Binary(Instruction::Divide, top, inner) => {
            let outer = |top: &Expr| {
                Expr::Binary(
                    Instruction::Divide,
                    Box::new(top.clone()),
                    Box::new(Expr::Variable),
                )
            };
            matches!(**top, Expr::Constant(_)).then(|| (outer(top), &**inner))
        }
        _ => None,
    }
}

/// A square root of a line in an expression.
fn root_of(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Apply(Function::SquareRoot, inner) if inner.line().is_some() => Some(expr),
        Expr::Apply(_, a) => root_of(a),
        Expr::Binary(_, a, b) => root_of(a).or_else(|| root_of(b)),
        _ => None,
    }
}

/// Where a function lies between two arguments, if it is monotone there as far as a few points tell.
fn ends(expr: &Expr, range: (f64, f64)) -> Option<(f64, f64)> {
    let at = |part: f64| expr.at((range.1 - range.0).mul_add(part, range.0));
    let points: Option<Vec<f64>> = [0.0, 0.25, 0.5, 0.75, 1.0].into_iter().map(at).collect();
    let points = points?;
    let lo = points.iter().copied().fold(f64::INFINITY, f64::min);
    let hi = points.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (lo.is_finite() && hi.is_finite()).then_some((lo, hi))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at_least(expr: Expr, least: f64) -> Expr {
        expr.binary(Instruction::Maximum, Expr::Constant(least))
    }

    #[test]
    fn inverses_of_guarded_norms_come_in_steps() {
        let norm = Expr::Variable.apply(Function::SquareRoot);
        let guarded = at_least(norm.clone(), 1e-12).apply(Function::Reciprocal);
        let outer = at_least(Expr::Variable, 1e-12).apply(Function::Reciprocal);
        assert_eq!(steps(&guarded), Some((outer.clone(), norm)));
        let inverse = Expr::Variable.apply(Function::Reciprocal);
        assert_eq!(
            steps(&outer),
            Some((inverse, at_least(Expr::Variable, 1e-12)))
        );
        // A table is as good for what comes after a root here.
        let wave = Expr::Variable
            .apply(Function::SquareRoot)
            .apply(Function::Sin);
        assert_eq!(steps(&wave), None);
    }

    #[test]
    fn powers_are_roots() {
        let power = Expr::Variable.binary(Instruction::Power, Expr::Constant(-0.5));
        assert_eq!(
            plain(&power),
            Expr::Variable.apply(Function::ReciprocalSquareRoot)
        );
    }
}
