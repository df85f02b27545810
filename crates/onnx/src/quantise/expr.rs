//! Functions of one variable as they are collected from the graph.

use program::formula::{Formula, Function, Instruction};

/// A function of one variable.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// The variable.
    Variable,
    /// A number.
    Constant(f64),
    /// A function of an expression.
    Apply(Function, Box<Expr>),
    /// An instruction on two expressions.
    Binary(Instruction, Box<Expr>, Box<Expr>),
    /// The second where the first is not zero, else the third.
    Choose(Box<Expr>, Box<Expr>, Box<Expr>),
}

impl Expr {
    /// A function of an expression.
    pub fn apply(self, function: Function) -> Self {
        Self::Apply(function, Box::new(self))
    }

    /// An instruction on two expressions.
    pub fn binary(self, instruction: Instruction, other: Self) -> Self {
        if let (Self::Constant(_), Self::Constant(_)) = (&self, &other) {
            let both = Self::Binary(instruction, Box::new(self), Box::new(other));
            return both.at(0.0).map_or(both, Self::Constant);
        }
        Self::Binary(instruction, Box::new(self), Box::new(other))
    }

    /// The sum with a number.
    pub fn plus(self, number: f64) -> Self {
        self.binary(Instruction::Add, Self::Constant(number))
    }

    /// The product with a number.
    pub fn times(self, number: f64) -> Self {
        self.binary(Instruction::Multiply, Self::Constant(number))
    }

    /// Whether there is a comparison, a sign or a rounding in it.
    pub fn can_jump(&self) -> bool {
        match self {
            Self::Constant(_) | Self::Variable => false,
            Self::Binary(Instruction::Less, ..) => true,
            Self::Apply(function, a) => jumps(*function) || a.can_jump(),
            Self::Binary(_, a, b) => a.can_jump() || b.can_jump(),
            Self::Choose(a, b, c) => a.can_jump() || b.can_jump() || c.can_jump(),
        }
    }

    /// The expression as one of another, if it depends on the variable through that alone.
    pub fn through(&self, inner: &Self) -> Option<Self> {
        let of = |expr: &Self| expr.through(inner).map(Box::new);
        Some(match self {
            expr if expr == inner => Self::Variable,
            Self::Variable => return None,
            Self::Constant(_) => self.clone(),
            Self::Apply(function, a) => Self::Apply(*function, of(a)?),
            Self::Binary(instruction, a, b) => Self::Binary(*instruction, of(a)?, of(b)?),
            Self::Choose(a, b, c) => Self::Choose(of(a)?, of(b)?, of(c)?),
        })
    }

    /// The same function in postfix order.
    pub fn formula(&self) -> Formula {
        let mut instructions = Vec::new();
        self.write(&mut instructions);
        Formula { instructions }
    }

    fn write(&self, to: &mut Vec<Instruction>) {
        match self {
            Self::Variable => to.push(Instruction::Variable),
            Self::Constant(value) => to.push(Instruction::Constant(*value)),
            Self::Apply(function, a) => {
                a.write(to);
                to.push(Instruction::Apply(*function));
            }
            // Verifiers work out tables too, and a power takes them several times as long as two products.
            Self::Binary(Instruction::Power, x, power)
                if **x == Self::Variable
                    && [2.0, 3.0].map(Self::Constant).contains(power.as_ref()) =>
            {
                to.extend([Instruction::Variable; 2]);
                to.push(Instruction::Multiply);
                if **power == Self::Constant(3.0) {
                    to.extend([Instruction::Variable, Instruction::Multiply]);
                }
            }
            Self::Binary(instruction, a, b) => {
                a.write(to);
                b.write(to);
                to.push(*instruction);
            }
            Self::Choose(c, a, b) => {
                c.write(to);
                a.write(to);
                b.write(to);
                to.push(Instruction::Choose);
            }
        }
    }

    /// The value at `x`, if it is a number.
    pub fn at(&self, x: f64) -> Option<f64> {
        self.formula().at(x).filter(|value| !value.is_nan())
    }

    /// `(slope, offset)` if the function is a line.
    pub fn line(&self) -> Option<(f64, f64)> {
        super::piecewise::Piecewise::of(self).and_then(|found| found.line())
    }
}

/// Whether a function jumps.
const fn jumps(function: Function) -> bool {
    rounds(function) || matches!(function, Function::Sign)
}

/// Whether a function is a rounding to integers.
pub const fn rounds(function: Function) -> bool {
    matches!(
        function,
        Function::Floor
            | Function::Ceil
            | Function::RoundHalfEven
            | Function::RoundHalfAway
            | Function::Truncate
    )
}

#[cfg(test)]
mod tests {
    use super::{Expr, Instruction};

    #[test]
    fn squares_and_cubes_are_written_as_products() {
        for (power, is_product) in [(2.0, true), (3.0, true), (4.0, false), (-1.0, false)] {
            let expr = Expr::Variable.binary(Instruction::Power, Expr::Constant(power));
            let instructions = expr.formula().instructions;
            assert_eq!(!instructions.contains(&Instruction::Power), is_product);
            for x in [-1.75, 0.5, 3.0_f64] {
                let value = expr.at(x).expect("a number");
                assert!(
                    (value - x.powf(power)).abs() < 1e-12,
                    "{x}^{power}: {value}"
                );
            }
        }
    }
}
