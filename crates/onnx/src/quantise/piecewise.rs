//! Continuous piecewise linear functions of one variable: what needs no table.

use super::expr::Expr;
use program::formula::{Function, Instruction};

/// A continuous piecewise linear function.
#[derive(Clone, Debug, PartialEq)]
pub struct Piecewise {
    /// Where the pieces meet, ascending.
    pub knots: Vec<f64>,
    /// Slope and offset of each piece, one more than knots.
    pub pieces: Vec<(f64, f64)>,
}

/// The most knots for which rectifiers are better than a table.
pub const MAX_KNOTS: usize = 2;

impl Piecewise {
    fn straight(slope: f64, offset: f64) -> Self {
        Self {
            knots: Vec::new(),
            pieces: vec![(slope, offset)],
        }
    }

    /// The function, if it is piecewise linear and continuous by its form.
    pub fn of(expr: &Expr) -> Option<Self> {
        let found = match expr {
            Expr::Variable => Self::straight(1.0, 0.0),
            Expr::Constant(value) => Self::straight(0.0, *value),
            Expr::Apply(Function::Negate, a) => Self::of(a)?.scaled(-1.0),
            Expr::Apply(Function::Absolute, a) => {
                let a = Self::of(a)?;
                let negative = a.scaled(-1.0);
                a.extreme(&negative, true)
            }
            Expr::Binary(instruction, a, b) => {
                let (a, b) = (Self::of(a)?, Self::of(b)?);
                match instruction {
                    Instruction::Add => a.joined(&b, |p, q| (p.0 + q.0, p.1 + q.1)),
                    Instruction::Subtract => a.joined(&b, |p, q| (p.0 - q.0, p.1 - q.1)),
                    Instruction::Multiply => match (a.constant(), b.constant()) {
                        (Some(factor), _) => b.scaled(factor),
                        (_, Some(factor)) => a.scaled(factor),
                        _ => return None,
                    },
                    Instruction::Divide => a.scaled(1.0 / b.constant()?),
                    Instruction::Maximum => a.extreme(&b, true),
                    Instruction::Minimum => a.extreme(&b, false),
                    _ => return None,
                }
            }
            Expr::Choose(condition, then, otherwise) => {
                Self::chosen(condition, &Self::of(then)?, &Self::of(otherwise)?)?
            }
            Expr::Apply(..) => return None,
        };
        let finite = |value: &(f64, f64)| value.0.is_finite() && value.1.is_finite();
        found.pieces.iter().all(finite).then(|| found.merged())
    }

    /// The function between two arguments, without knots beyond them.
    pub fn within(self, lo: f64, hi: f64) -> Self {
        let skipped = self.knots.iter().filter(|&&knot| knot <= lo).count();
        let kept = { self.knots.iter() }
            .filter(|&&knot| lo < knot && knot < hi)
            .count();
        Self {
            knots: self.knots[skipped..skipped + kept].to_vec(),
            pieces: self.pieces[skipped..=skipped + kept].to_vec(),
        }
    }

    /// `(slope, offset)` if there is one piece.
    pub fn line(&self) -> Option<(f64, f64)> {
        match self.pieces[..] {
            [piece] => Some(piece),
            _ => None,
        }
    }

    fn constant(&self) -> Option<f64> {
        self.line()
            .and_then(|(slope, offset)| (slope == 0.0).then_some(offset))
    }

    fn scaled(&self, factor: f64) -> Self {
        let pieces = self.pieces.iter();
        Self {
            knots: self.knots.clone(),
            pieces: pieces
                .map(|(slope, offset)| (slope * factor, offset * factor))
                .collect(),
        }
    }

    fn piece(&self, x: f64) -> (f64, f64) {
        let at = self.knots.iter().filter(|&&knot| knot <= x).count();
        self.pieces[at]
    }

    fn joined(&self, other: &Self, join: impl Fn((f64, f64), (f64, f64)) -> (f64, f64)) -> Self {
        let mut knots: Vec<f64> = self.knots.iter().chain(&other.knots).copied().collect();
        knots.sort_by(f64::total_cmp);
        knots.dedup();
        let pieces = middles(&knots)
            .into_iter()
            .map(|x| join(self.piece(x), other.piece(x)))
            .collect();
        Self { knots, pieces }
    }

    fn extreme(&self, other: &Self, larger: bool) -> Self {
        // Where the two cross, there is a knot.
        let difference = self.joined(other, |p, q| (p.0 - q.0, p.1 - q.1));
        let mut knots = difference.knots.clone();
        for (at, &(slope, offset)) in difference.pieces.iter().enumerate() {
            let crossing = -offset / slope;
            let after = at == 0 || crossing > difference.knots[at - 1];
            let before = difference.knots.get(at).is_none_or(|&knot| crossing < knot);
            if crossing.is_finite() && after && before {
                knots.push(crossing);
            }
        }
        knots.sort_by(f64::total_cmp);
        knots.dedup();
        let pieces = middles(&knots).into_iter().map(|x| {
            let (p, q) = (self.piece(x), other.piece(x));
            let first = p.0.mul_add(x, p.1) >= q.0.mul_add(x, q.1);
            if first == larger { p } else { q }
        });
        Self {
            pieces: pieces.collect(),
            knots,
        }
    }

    /// `then` where a line is below another, else `otherwise`, if the two meet there.
    fn chosen(condition: &Expr, then: &Self, otherwise: &Self) -> Option<Self> {
        if let Some(inner) = negated(condition) {
            return Self::chosen(inner, otherwise, then);
        }
        let Expr::Binary(Instruction::Less, a, b) = condition else {
            return None;
        };
        let (a, b) = (Self::of(a)?.line()?, Self::of(b)?.line()?);
        let (slope, offset) = (a.0 - b.0, a.1 - b.1);
        let crossing = -offset / slope;
        if !crossing.is_finite() {
            return None;
        }
        let (below, above) = if slope > 0.0 {
            (then, otherwise)
        } else {
            (otherwise, then)
        };
        let ends = [below, above].map(|side| {
            let (slope, offset) = side.piece(crossing);
            slope.mul_add(crossing, offset)
        });
        if (ends[0] - ends[1]).abs() > 1e-6 * ends[0].abs().max(1e-3) {
            return None;
        }
        let mut knots: Vec<f64> = below
            .knots
            .iter()
            .copied()
            .filter(|&knot| knot < crossing)
            .collect();
        knots.push(crossing);
        knots.extend(above.knots.iter().filter(|&&knot| knot > crossing));
        let pieces = middles(&knots).into_iter();
        let pieces = pieces.map(|x| {
            if x < crossing {
                below.piece(x)
            } else {
                above.piece(x)
            }
        });
        Some(Self {
            pieces: pieces.collect(),
            knots,
        })
    }

    /// The same function without knots between equal pieces.
    fn merged(self) -> Self {
        let mut simple = Self {
            knots: Vec::new(),
            pieces: vec![self.pieces[0]],
        };
        for (&knot, &piece) in self.knots.iter().zip(&self.pieces[1..]) {
            if simple.pieces.last() != Some(&piece) {
                simple.knots.push(knot);
                simple.pieces.push(piece);
            }
        }
        simple
    }
}

/// What an expression is the other truth value of.
pub fn negated(expr: &Expr) -> Option<&Expr> {
    match expr {
        Expr::Binary(Instruction::Subtract, one, inner) if **one == Expr::Constant(1.0) => {
            Some(inner)
        }
        _ => None,
    }
}

/// A point inside each piece.
fn middles(knots: &[f64]) -> Vec<f64> {
    let (Some(first), Some(last)) = (knots.first(), knots.last()) else {
        return vec![0.0];
    };
    let inner = knots.windows(2).map(|pair| f64::midpoint(pair[0], pair[1]));
    let before = first - 1.0 - first.abs();
    let after = last + 1.0 + last.abs();
    std::iter::once(before)
        .chain(inner)
        .chain([after])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rectifier_family_is_piecewise_linear() {
        let x = Expr::Variable;
        let relu = x.clone().binary(Instruction::Maximum, Expr::Constant(0.0));
        let found = Piecewise::of(&relu).expect("linear pieces");
        assert_eq!(found.knots, [0.0]);
        assert_eq!(found.pieces, [(0.0, 0.0), (1.0, 0.0)]);
        let six = relu.binary(Instruction::Minimum, Expr::Constant(6.0));
        assert_eq!(
            Piecewise::of(&six).expect("linear pieces").knots,
            [0.0, 6.0]
        );
        let leaky = x.clone().binary(Instruction::Maximum, x.clone().times(0.1));
        let found = Piecewise::of(&leaky).expect("linear pieces");
        assert_eq!(found.pieces, [(0.1, 0.0), (1.0, 0.0)]);
        let absolute = x.clone().plus(-1.0).apply(Function::Absolute);
        assert_eq!(
            Piecewise::of(&absolute).expect("linear pieces").knots,
            [1.0]
        );
        assert_eq!(x.clone().times(3.0).plus(2.0).line(), Some((3.0, 2.0)));
        assert_eq!(Piecewise::of(&x.apply(Function::Tanh)), None);
    }
}
