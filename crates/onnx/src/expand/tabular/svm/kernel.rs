//! How similar rows are to the vectors that support a machine.

use crate::expand::attributes::{reals, refuse, word};
use crate::expand::wires::Wires;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};

/// The most numbers of a matrix of parameters.
const MOST: usize = 1 << 26;

/// A function of a row and a vector.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kernel {
    /// `x v`.
    Linear,
    /// `(gamma x v + offset)^degree`.
    Polynomial {
        gamma: f64,
        offset: f64,
        degree: f64,
    },
    /// `exp(-gamma |x - v|^2)`.
    Radial { gamma: f64 },
    /// `tanh(gamma x v + offset)`.
    Sigmoid { gamma: f64, offset: f64 },
}

/// Support vectors and a kernel.
#[derive(Clone, Debug)]
pub struct Machine {
    kernel: Kernel,
    /// A row for each vector.
    vectors: Vec<f64>,
    count: usize,
}

impl Machine {
    /// Reads the kernel and `count` vectors.
    pub fn read(node: &NodeProto, count: usize) -> TractResult<Self> {
        let vectors = reals(node, "support_vectors")?;
        if count == 0 || vectors.is_empty() || !vectors.len().is_multiple_of(count) {
            return refuse(
                node,
                format!("{} numbers for {count} support vectors", vectors.len()),
            );
        }
        if vectors.len() > MOST {
            return refuse(node, format!("support vectors of more than {MOST} numbers"));
        }
        let parameters = reals(node, "kernel_params")?;
        let name = word(node, "kernel_type", "LINEAR")?;
        let kernel = match (name, &parameters[..]) {
            ("LINEAR", _) => Kernel::Linear,
            ("POLY", &[gamma, offset, degree]) => Kernel::Polynomial {
                gamma,
                offset,
                degree,
            },
            ("RBF", &[gamma, ..]) if gamma >= 0.0 => Kernel::Radial { gamma },
            ("SIGMOID", &[gamma, offset, ..]) => Kernel::Sigmoid { gamma, offset },
            _ => {
                return refuse(
                    node,
                    format!(
                        "kernel {name:?} with the numbers {parameters:?}; expected LINEAR, POLY, RBF or SIGMOID with \
                         gamma, coef0 and degree"
                    ),
                );
            }
        };
        Ok(Self {
            kernel,
            vectors,
            count,
        })
    }

    /// The kernel of each row with each vector: a column for each vector.
    pub fn wire(&self, wires: &mut Wires<'_>, x: OutletId) -> TractResult<OutletId> {
        let x = wires.cast("rows", x, f32::datum_type())?;
        match self.kernel {
            Kernel::Linear => self.product(wires, x, 1.0),
            Kernel::Polynomial {
                gamma,
                offset,
                degree,
            } => {
                let base = self.line(wires, x, gamma, offset)?;
                let degree = wires.number("degree", base, degree)?;
                wires.binary("kernel", Box::new(math::Pow), base, degree)
            }
            Kernel::Radial { gamma } => self.radial(wires, x, gamma.sqrt()),
            Kernel::Sigmoid { gamma, offset } => {
                let line = self.line(wires, x, gamma, offset)?;
                wires.node("kernel", math::tanh(), &[line])
            }
        }
    }

    /// The products of rows with `factor` times the vectors.
    fn product(&self, wires: &mut Wires<'_>, x: OutletId, factor: f64) -> TractResult<OutletId> {
        let shape = [self.count, self.vectors.len() / self.count];
        let vectors = self.vectors.iter().map(|value| factor * value).collect();
        let vectors = wires.parameter("support vectors", f32::datum_type(), &shape, vectors)?;
        wires.einsum("product", "mk,nk->mn", x, vectors)
    }

    /// `gamma x v + offset`.
    fn line(
        &self,
        wires: &mut Wires<'_>,
        x: OutletId,
        gamma: f64,
        offset: f64,
    ) -> TractResult<OutletId> {
        let product = self.product(wires, x, gamma)?;
        let offset = wires.parameter("coef0", f32::datum_type(), &[1, 1], vec![offset])?;
        wires.binary("line", Box::new(math::Add), product, offset)
    }

    /// `exp(2 s x s v - |s x|^2 - |s v|^2)`: a column for each vector, instead of one for each difference.
    fn radial(&self, wires: &mut Wires<'_>, x: OutletId, scale: f64) -> TractResult<OutletId> {
        let kind = f32::datum_type();
        let factor = wires.parameter("root of gamma", kind, &[1, 1], vec![scale])?;
        let x = wires.binary("scaled", Box::new(math::Mul), x, factor)?;
        let product = self.product(wires, x, 2.0 * scale)?;
        let square = wires.node("square", math::square(), &[x])?;
        let sum = Reduce::new(tvec![1], Reducer::Sum);
        let length = wires.node("length", sum, &[square])?;
        let own = self.vectors.chunks(self.vectors.len() / self.count);
        let own = own.map(|vector| vector.iter().map(|value| (scale * value).powi(2)).sum());
        let own = wires.parameter("lengths", kind, &[1, self.count], own.collect())?;
        let lengths = wires.binary("both lengths", Box::new(math::Add), length, own)?;
        let near = wires.binary("nearness", Box::new(math::Sub), product, lengths)?;
        wires.node("kernel", math::exp(), &[near])
    }
}

/// The number of a machine's parameters that a matrix may have.
///
/// Errors: a refusal of the node if there would be more.
pub fn check_size(node: &NodeProto, rows: usize, columns: usize) -> TractResult<()> {
    match rows.checked_mul(columns) {
        Some(size) if size <= MOST => Ok(()),
        _ => refuse(
            node,
            format!(
                "{columns} support vectors for {rows} pairs of classes; the limit is {MOST} numbers"
            ),
        ),
    }
}
