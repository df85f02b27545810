//! Contractions with constants, and what constants are added to them: a later factor goes into the
//! constants, and costs nothing.

use super::builder::{Refusal, Value};
use super::lazy::Constant;
use super::walk::Quantiser;
use crate::array::Array;
use program::Dim;
use program::operator::Contract;

/// A contraction of a value with a constant, and a bias.
#[derive(Clone, Debug)]
pub struct Linear {
    /// The contraction.
    pub operator: Contract,
    /// The value.
    pub x: Value,
    /// The constant, of the shape that the contraction takes.
    pub kernel: Constant,
    /// Whether the constant is the second operand.
    pub second: bool,
    /// Shape of the result.
    pub shape: Vec<Dim>,
    /// The result without the bias.
    pub product: Value,
    /// The bias: as many axes as the result, of its size or one.
    pub bias: Option<Constant>,
}

impl Quantiser<'_> {
    /// The contraction with its kernel and bias multiplied by a constant of as many axes as the result;
    /// nothing if the factor varies along an axis that the kernel does not have.
    pub fn scaled(&mut self, linear: &Linear, factor: &Constant) -> Result<Option<Value>, Refusal> {
        let labels = if linear.second {
            &linear.operator.b_labels
        } else {
            &linear.operator.a_labels
        };
        let by = &factor.array.shape;
        let in_kernel = |axis: usize| labels.contains(&axis);
        let fits = by.len() == linear.shape.len()
            && by
                .iter()
                .enumerate()
                .all(|(axis, &size)| size == 1 || in_kernel(axis));
        if !fits {
            return Ok(None);
        }
        // The factor's axes in the order of the kernel's.
        let shape = labels
            .iter()
            .map(|&label| by.get(label).copied().unwrap_or(1))
            .collect();
        let mut order = labels.iter().filter(|&&label| label < by.len()).copied();
        let sorted: Vec<usize> = order.by_ref().collect();
        if !sorted.is_sorted() && by.iter().filter(|&&size| size > 1).count() > 1 {
            return Ok(None);
        }
        let own = Array {
            shape,
            data: factor.array.data.clone(),
        };
        let Some(kernel) = combined(&linear.kernel.array, &own, |a, b| a * b) else {
            return Ok(None);
        };
        let bias = match &linear.bias {
            None => None,
            Some(bias) => match combined(&bias.array, &factor.array, |a, b| a * b) {
                Some(array) => Some(bias.with(array)),
                None => return Ok(None),
            },
        };
        let kernel = linear.kernel.with(kernel);
        let weights = self.parameter(&kernel, 60)?;
        let product = if linear.second {
            let operands = [&linear.x, &weights];
            let real = [None, Some(&kernel)];
            self.contract(linear.operator.clone(), operands, real, &linear.shape)?
        } else {
            let operands = [&weights, &linear.x];
            let real = [Some(&kernel), None];
            self.contract(linear.operator.clone(), operands, real, &linear.shape)?
        };
        let Some(bias) = bias else {
            return Ok(Some(product));
        };
        self.biased(&product, &bias).map(Some)
    }

    /// The sum of a value and a constant of as many axes; both biases of a contraction are one.
    pub fn biased(&mut self, value: &Value, bias: &Constant) -> Result<Value, Refusal> {
        let linear = self.linear(value);
        let joined = linear.as_ref().and_then(|linear| {
            let array = match &linear.bias {
                None => Array::clone(&bias.array),
                Some(own) => combined(&own.array, &bias.array, |a, b| a + b)?,
            };
            Some((linear.product.clone(), bias.with(array)))
        });
        let (product, total) = joined.unwrap_or_else(|| (value.clone(), bias.clone()));
        let parameter = self.parameter(&total, product.bits)?;
        let parameter = self.broadcast(&parameter, &product.shape)?;
        let aligned = self.aligned(&[product, parameter])?;
        let bits = aligned[0].bits;
        let sum = self
            .builder
            .sum(&[(1, &aligned[0]), (1, &aligned[1])], 0, bits)?;
        if let Some(linear) = linear {
            self.linears.insert(
                sum.id,
                Linear {
                    bias: Some(total),
                    ..linear
                },
            );
        }
        Ok(sum)
    }

    /// The contraction that a value is.
    pub fn linear(&self, value: &Value) -> Option<Linear> {
        self.linears
            .get(&value.id)
            .filter(|linear| linear.product.bits == value.bits)
            .cloned()
    }
}

/// A function of the elements of two arrays of as many axes, those of size one repeated.
fn combined(a: &Array, b: &Array, join: impl Fn(f64, f64) -> f64) -> Option<Array> {
    if a.shape.len() != b.shape.len() {
        return None;
    }
    let mut shape = Vec::new();
    for (&a, &b) in a.shape.iter().zip(&b.shape) {
        shape.push(match (a, b) {
            (a, b) if a == b => a,
            (1, other) | (other, 1) => other,
            _ => return None,
        });
    }
    let len = shape.iter().product();
    let place = |of: &[usize], mut at: usize| {
        let (mut index, mut stride) = (0, 1);
        for (&size, &own) in shape.iter().zip(of).rev() {
            if own > 1 {
                index += at % size * stride;
            }
            stride *= own;
            at /= size;
        }
        index
    };
    let data = (0..len).map(|at| join(a.data[place(&a.shape, at)], b.data[place(&b.shape, at)]));
    Some(Array {
        data: data.collect(),
        shape,
    })
}
