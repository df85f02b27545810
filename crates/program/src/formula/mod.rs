//! Real functions of one variable, and their tables.
//!
//! A formula is evaluated in double precision by software (`libm`), so that every machine makes the
//! same table; the table, not the formula, is what a proof is about.

mod table;

use serde::{Deserialize, Serialize};
pub use table::Table;

/// One instruction of a formula: it takes its arguments from a stack and leaves its result there.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Instruction {
    /// The variable.
    Variable,
    /// A number.
    Constant(f64),
    /// The sum of two.
    Add,
    /// The difference of two.
    Subtract,
    /// The product of two.
    Multiply,
    /// The quotient of two.
    Divide,
    /// The first to the power of the second.
    Power,
    /// The larger of two.
    Maximum,
    /// The smaller of two.
    Minimum,
    /// Whether the first is less than the second: 1 or 0.
    Less,
    /// The second if the first is not zero, else the third.
    Choose,
    /// A function of one number.
    Apply(Function),
}

/// Functions of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are those of the functions")]
pub enum Function {
    Negate,
    Absolute,
    Sign,
    Reciprocal,
    Square,
    SquareRoot,
    ReciprocalSquareRoot,
    Exp,
    Ln,
    Sigmoid,
    Tanh,
    Erf,
    Softplus,
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Asinh,
    Acosh,
    Atanh,
    Floor,
    Ceil,
    RoundHalfEven,
    RoundHalfAway,
    Truncate,
}

/// A function of one variable, in postfix order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Formula {
    /// The instructions.
    pub instructions: Vec<Instruction>,
}

/// The most instructions of a formula.
pub const MAX_INSTRUCTIONS: usize = 256;

impl Function {
    /// The value at `x`.
    pub fn at(self, x: f64) -> f64 {
        match self {
            Self::Negate => -x,
            Self::Absolute => x.abs(),
            Self::Sign if x == 0.0 => 0.0,
            Self::Sign => x.signum(),
            Self::Reciprocal => 1.0 / x,
            Self::Square => x * x,
            Self::SquareRoot => libm::sqrt(x),
            Self::ReciprocalSquareRoot => 1.0 / libm::sqrt(x),
            Self::Exp => libm::exp(x),
            Self::Ln => libm::log(x),
            Self::Sigmoid => 1.0 / (1.0 + libm::exp(-x)),
            Self::Tanh => libm::tanh(x),
            Self::Erf => libm::erf(x),
            // ln(1 + e^x) without overflow.
            Self::Softplus => x.max(0.0) + libm::log1p(libm::exp(-x.abs())),
            Self::Sin => libm::sin(x),
            Self::Cos => libm::cos(x),
            Self::Tan => libm::tan(x),
            Self::Asin => libm::asin(x),
            Self::Acos => libm::acos(x),
            Self::Atan => libm::atan(x),
            Self::Sinh => libm::sinh(x),
            Self::Cosh => libm::cosh(x),
            Self::Asinh => libm::asinh(x),
            Self::Acosh => libm::acosh(x),
            Self::Atanh => libm::atanh(x),
            Self::Floor => libm::floor(x),
            Self::Ceil => libm::ceil(x),
            Self::RoundHalfEven => libm::rint(x),
            Self::RoundHalfAway => libm::round(x),
            Self::Truncate => libm::trunc(x),
        }
    }
}

impl Formula {
    /// A single function of the variable.
    pub fn of(function: Function) -> Self {
        let instructions = vec![Instruction::Variable, Instruction::Apply(function)];
        Self { instructions }
    }

    /// The value at `x`; `None` if the formula is not well formed.
    pub fn at(&self, x: f64) -> Option<f64> {
        self.at_each(&[x])?.pop()
    }

    /// The value at each of `xs`; `None` if the formula is not well formed.
    ///
    /// One instruction after the other for all of them: pass as many as lie in a cache.
    pub fn at_each(&self, xs: &[f64]) -> Option<Vec<f64>> {
        let mut stack: Vec<Vec<f64>> = Vec::new();
        for instruction in &self.instructions {
            match *instruction {
                Instruction::Variable => stack.push(xs.to_vec()),
                Instruction::Constant(value) => stack.push(vec![value; xs.len()]),
                Instruction::Apply(function) => {
                    for x in stack.last_mut()? {
                        *x = function.at(*x);
                    }
                }
                Instruction::Choose => {
                    let (otherwise, then) = (stack.pop()?, stack.pop()?);
                    let branches = then.into_iter().zip(otherwise);
                    for (x, (then, otherwise)) in stack.last_mut()?.iter_mut().zip(branches) {
                        *x = if *x == 0.0 { otherwise } else { then };
                    }
                }
                Instruction::Add => combine(&mut stack, |a, b| a + b)?,
                Instruction::Subtract => combine(&mut stack, |a, b| a - b)?,
                Instruction::Multiply => combine(&mut stack, |a, b| a * b)?,
                Instruction::Divide => combine(&mut stack, |a, b| a / b)?,
                Instruction::Power => combine(&mut stack, libm::pow)?,
                Instruction::Maximum => combine(&mut stack, larger)?,
                Instruction::Minimum => combine(&mut stack, |a, b| -larger(-a, -b))?,
                Instruction::Less => combine(&mut stack, |a, b| f64::from(u8::from(a < b)))?,
            }
        }
        let values = stack.pop()?;
        stack.is_empty().then_some(values)
    }
}

/// Replaces the two uppermost entries of a stack by what `operation` makes of them.
fn combine(stack: &mut Vec<Vec<f64>>, operation: impl Fn(f64, f64) -> f64) -> Option<()> {
    let right = stack.pop()?;
    for (a, b) in stack.last_mut()?.iter_mut().zip(right) {
        *a = operation(*a, b);
    }
    Some(())
}

/// The larger of two numbers, the first of equal ones: `f64::max` may return either zero, and a quotient
/// tells them apart. A number if one of the two is.
fn larger(a: f64, b: f64) -> f64 {
    if a < b || a.is_nan() { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_of_two_zeros_is_the_first() {
        for zeros in [[0.0, -0.0], [-0.0, 0.0]] {
            let sign = |instruction| {
                let instructions = vec![
                    Instruction::Constant(1.0),
                    Instruction::Constant(zeros[0]),
                    Instruction::Constant(zeros[1]),
                    instruction,
                    Instruction::Divide,
                ];
                Formula { instructions }.at(0.0)
            };
            assert_eq!(sign(Instruction::Maximum), Some(1.0 / zeros[0]));
            assert_eq!(sign(Instruction::Minimum), Some(1.0 / zeros[0]));
        }
    }

    #[test]
    fn a_number_is_larger_and_smaller_than_none() {
        for operands in [[2.0, f64::NAN], [f64::NAN, 2.0]] {
            let [a, b] = operands.map(Instruction::Constant);
            for instruction in [Instruction::Maximum, Instruction::Minimum] {
                let instructions = vec![a, b, instruction];
                assert_eq!(Formula { instructions }.at(0.0), Some(2.0));
            }
        }
    }
}
