//! The functions of gates.

use crate::expand::wires::Wires;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn;

/// A function of gates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    Affine { alpha: f64, beta: f64 },
    HardSigmoid { alpha: f64, beta: f64 },
    LeakyRelu { alpha: f64 },
    Relu,
    ScaledTanh { alpha: f64, beta: f64 },
    Sigmoid,
    Tanh,
}

impl Activation {
    /// A function by its name, without regard to case; `alpha` and `beta` hold the numbers of those that take some,
    /// in their order.
    pub fn read(
        name: &str,
        alpha: &mut impl Iterator<Item = f64>,
        beta: &mut impl Iterator<Item = f64>,
    ) -> Result<Self, String> {
        let mut both = |a: f64, b: f64| (alpha.next().unwrap_or(a), beta.next().unwrap_or(b));
        Ok(match name.to_ascii_lowercase().as_str() {
            "relu" => Self::Relu,
            "sigmoid" => Self::Sigmoid,
            "tanh" => Self::Tanh,
            "affine" => {
                let (alpha, beta) = both(1.0, 0.0);
                Self::Affine { alpha, beta }
            }
            "hardsigmoid" => {
                let (alpha, beta) = both(0.2, 0.5);
                Self::HardSigmoid { alpha, beta }
            }
            "scaledtanh" => {
                let (alpha, beta) = both(1.0, 1.0);
                Self::ScaledTanh { alpha, beta }
            }
            "leakyrelu" => Self::LeakyRelu {
                alpha: alpha.next().unwrap_or(0.01),
            },
            _ => {
                return Err(format!(
                    "the activation {name:?}; expected Affine, HardSigmoid, LeakyRelu, Relu, ScaledTanh, Sigmoid or Tanh"
                ));
            }
        })
    }

    /// The function of a value.
    pub fn wire(self, wires: &mut Wires<'_>, what: &str, x: OutletId) -> TractResult<OutletId> {
        let name = |part: &str| format!("{what}.{part}");
        let mut line = |x: OutletId, alpha: f64, beta: f64| -> TractResult<OutletId> {
            let alpha = wires.number(&name("alpha"), x, alpha)?;
            let scaled = wires.binary(&name("scaled"), Box::new(math::Mul), x, alpha)?;
            let beta = wires.number(&name("beta"), x, beta)?;
            wires.binary(&name("moved"), Box::new(math::Add), scaled, beta)
        };
        match self {
            Self::Affine { alpha, beta } => line(x, alpha, beta),
            Self::HardSigmoid { alpha, beta } => {
                let x = line(x, alpha, beta)?;
                let zero = wires.number(&name("zero"), x, 0.0)?;
                let x = wires.binary(&name("low"), Box::new(math::Max), x, zero)?;
                let one = wires.number(&name("one"), x, 1.0)?;
                wires.binary(&name("high"), Box::new(math::Min), x, one)
            }
            #[expect(
                clippy::cast_possible_truncation,
                reason = "it was a single-precision number"
            )]
            Self::LeakyRelu { alpha } => {
                wires.node(&name("leaky"), nn::leaky_relu(alpha as f32), &[x])
            }
            Self::Relu => {
                let zero = wires.number(&name("zero"), x, 0.0)?;
                wires.binary(&name("relu"), Box::new(math::Max), x, zero)
            }
            Self::ScaledTanh { alpha, beta } => {
                let inner = line(x, beta, 0.0)?;
                let value = wires.node(&name("tanh"), math::tanh(), &[inner])?;
                let alpha = wires.number(&name("height"), value, alpha)?;
                wires.binary(&name("high"), Box::new(math::Mul), value, alpha)
            }
            Self::Sigmoid => wires.node(&name("sigmoid"), nn::sigmoid(), &[x]),
            Self::Tanh => wires.node(&name("tanh"), math::tanh(), &[x]),
        }
    }
}
