//! Functions of one variable, element by element: they are collected until something else needs the
//! values, and become one operator then.

use super::prelude::*;
use tract_onnx::prelude::TypedOp;
use tract_onnx::tract_core::ops::element_wise::{ElementWiseMiniOp, ElementWiseOp};
use tract_onnx::tract_core::ops::math::{
    Abs, Acos, Acosh, Asin, Asinh, Atan, Atanh, Ceil, Cos, Cosh, Erf, Exp, Floor, IsInf, IsNan, Ln,
    Neg, PowConst, Recip, Round, RoundHalfToEven, Rsqrt, Sign, Sin, Sinh, Sqrt, Square, Tan, Tanh,
};
use tract_onnx::tract_core::ops::nn::gelu_approximate::GeluApproximate;
use tract_onnx::tract_core::ops::nn::gelu_exact::GeluExact;
use tract_onnx::tract_core::ops::nn::silu::Silu;
use tract_onnx::tract_core::ops::nn::{HardSwish, LeakyRelu, Sigmoid};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    function(node.op.as_ref(), Expr::Variable).is_some()
}

fn lower(_: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let Lazy::Pointwise(pointwise) = node.input(0)?.clone() else {
        return Err("a function of a constant that cannot be computed".into());
    };
    let expr = function(node.op, pointwise.expr).ok_or("the function is unknown")?;
    Ok(vec![Lazy::Pointwise(Pointwise {
        base: pointwise.base,
        expr,
        range: pointwise.range,
        integers: pointwise.integers,
    })])
}

/// The function that an operator applies to an expression.
fn function(op: &dyn TypedOp, x: Expr) -> Option<Expr> {
    let op = op.downcast_ref::<ElementWiseOp>()?;
    let op: &dyn ElementWiseMiniOp = op.0.as_ref();
    if let Some(function) = simple(op) {
        return Some(x.apply(function));
    }
    composed(op, x)
}

/// A table of operators that are functions by name.
fn simple(op: &dyn ElementWiseMiniOp) -> Option<Function> {
    macro_rules! table {
        ($($operator:ident => $function:ident),* $(,)?) => {
            $(if op.is::<$operator>() {
                return Some(Function::$function);
            })*
        };
    }
    table! {
        Abs => Absolute,
        Acos => Acos,
        Acosh => Acosh,
        Asin => Asin,
        Asinh => Asinh,
        Atan => Atan,
        Atanh => Atanh,
        Ceil => Ceil,
        Cos => Cos,
        Cosh => Cosh,
        Erf => Erf,
        Exp => Exp,
        Floor => Floor,
        Ln => Ln,
        Neg => Negate,
        Recip => Reciprocal,
        Round => RoundHalfAway,
        RoundHalfToEven => RoundHalfEven,
        Rsqrt => ReciprocalSquareRoot,
        Sigmoid => Sigmoid,
        Sign => Sign,
        Sin => Sin,
        Sinh => Sinh,
        Sqrt => SquareRoot,
        Square => Square,
        Tan => Tan,
        Tanh => Tanh,
    }
    None
}

fn composed(op: &dyn ElementWiseMiniOp, x: Expr) -> Option<Expr> {
    let number = Expr::Constant;
    if let Some(op) = op.downcast_ref::<LeakyRelu>() {
        let alpha = f64::from(op.alpha);
        let larger = if alpha <= 1.0 {
            Instruction::Maximum
        } else {
            Instruction::Minimum
        };
        return Some(x.clone().binary(larger, x.times(alpha)));
    }
    if let Some(op) = op.downcast_ref::<PowConst>() {
        return Some(x.binary(Instruction::Power, number(op.exponent.into())));
    }
    if op.is::<IsInf>() || op.is::<IsNan>() {
        // No value of an integer program is either.
        return Some(number(0.0));
    }
    if op.is::<HardSwish>() {
        let gate = x.clone().times(1.0 / 6.0).plus(0.5);
        let gate = gate.binary(Instruction::Maximum, number(0.0));
        let gate = gate.binary(Instruction::Minimum, number(1.0));
        return Some(x.binary(Instruction::Multiply, gate));
    }
    if op.is::<Silu>() {
        let gate = x.clone().apply(Function::Sigmoid);
        return Some(x.binary(Instruction::Multiply, gate));
    }
    if op.is::<GeluExact>() {
        let gate = x
            .clone()
            .times(std::f64::consts::FRAC_1_SQRT_2)
            .apply(Function::Erf);
        let gate = gate.plus(1.0).times(0.5);
        return Some(x.binary(Instruction::Multiply, gate));
    }
    if let Some(op) = op.downcast_ref::<GeluApproximate>() {
        let exponent = if op.fast_impl { 2.0 } else { 3.0 };
        let power = x.clone().binary(Instruction::Power, number(exponent));
        let inner = x.clone().binary(Instruction::Add, power.times(0.044_715));
        let root = libm::sqrt(std::f64::consts::FRAC_2_PI);
        let gate = inner.times(root).apply(Function::Tanh).plus(1.0).times(0.5);
        return Some(x.binary(Instruction::Multiply, gate));
    }
    None
}
