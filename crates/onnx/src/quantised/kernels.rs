//! Quantised kernels as operators on integers: what ONNX calls `QLinear..`, whether a graph has them or
//! they are fused.

use super::arithmetic::{Scaled, add, multiply};
use super::graph::{Operand, Rewriter, Target};
use super::nodes::{levels, whole};
use super::ops;
use tract_onnx::pb::{AttributeProto, NodeProto};

/// Nothing, or the reason why a kernel is not supported.
pub type Made = Result<(), String>;

/// How a sum or product of two tensors is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elementwise {
    /// As `QLinearAdd`.
    Add,
    /// As `QLinearMul`.
    Multiply,
    /// As `Add` of the reals.
    AddReals,
    /// As `Mul` of the reals.
    MultiplyReals,
}

/// An attribute that is an integer.
pub fn attribute(node: &NodeProto, name: &str) -> Option<i64> {
    node.attribute
        .iter()
        .find(|found| found.name == name)
        .map(|found| found.i)
}

impl Rewriter<'_> {
    /// The factors from accumulators to a target: `x w / y` for each scale of `w`.
    fn multipliers(x: f32, w: &[f32], target: &Target) -> Vec<f32> {
        let y = target.levels.scale;
        w.iter().map(|w| x * w / y).collect()
    }

    /// Biases of accumulators, or zero.
    fn biases(&self, name: Option<&str>) -> Result<Vec<i64>, String> {
        match name.filter(|name| !name.is_empty()) {
            None => Ok(vec![0]),
            Some(name) => Ok(self.constants.integers(name)?.1),
        }
    }

    /// A convolution and the rounding of its accumulators, with the attributes of a node.
    ///
    /// Errors: the reason why it is not supported.
    pub fn convolution(
        &mut self,
        attributes: &[AttributeProto],
        [x, w]: [&Operand; 2],
        bias: Option<&str>,
        target: &Target,
    ) -> Made {
        let scale = x.levels.whole()?.scale;
        let multipliers = Self::multipliers(scale, &w.levels.scales, target);
        let biases = self.biases(bias)?;
        let sum = format!("{}/sum", target.name);
        self.convolution_sum(attributes, [x, w], &sum)?;
        self.requantise(&sum, multipliers, biases, 1, target)
    }

    /// The accumulators of a convolution.
    ///
    /// Errors: the reason why it is not supported.
    pub fn convolution_sum(
        &mut self,
        attributes: &[AttributeProto],
        [x, w]: [&Operand; 2],
        sum: &str,
    ) -> Made {
        let centred = self.centred(x, sum)?;
        let weights = self.weights(w, 0, sum)?;
        self.push("Conv", &[&centred, &weights], sum, attributes.to_vec());
        Ok(())
    }

    /// A matrix product and the rounding of its accumulators.
    ///
    /// Errors: the reason why it is not supported.
    pub fn matrix_product(&mut self, [a, b]: [&Operand; 2], target: &Target) -> Made {
        let scale = a.levels.whole()?.scale;
        let multipliers = Self::multipliers(scale, &b.levels.scales, target);
        let sum = format!("{}/sum", target.name);
        self.matrix_sum([a, b], &sum)?;
        self.requantise(&sum, multipliers, vec![0], -1, target)
    }

    /// The accumulators of a matrix product.
    ///
    /// Errors: the reason why it is not supported.
    pub fn matrix_sum(&mut self, [a, b]: [&Operand; 2], sum: &str) -> Made {
        let first = self.centred(a, sum)?;
        let second = if self.constants.holds(&b.name) {
            self.weights(b, -1, sum)?
        } else {
            self.centred(b, sum)?
        };
        self.push("MatMul", &[&first, &second], sum, Vec::new());
        Ok(())
    }

    /// A general matrix product and the rounding of its accumulators, with the attributes of a node.
    ///
    /// Errors: the reason why it is not supported.
    pub fn general_product(
        &mut self,
        attributes: &[AttributeProto],
        [a, b]: [&Operand; 2],
        bias: Option<&str>,
        target: &Target,
    ) -> Made {
        let find = |name: &str| attributes.iter().find(|found| found.name == name);
        let is_transposed = find("transB").is_some_and(|found| found.i != 0);
        let alpha = find("alpha").map_or(1.0, |found| found.f);
        let bias = bias.filter(|name| !name.is_empty());
        if bias.is_some() && find("beta").is_some_and(|found| found.f.to_bits() != 1f32.to_bits()) {
            return Err("a bias with a factor; use a beta of one".into());
        }
        let scale = alpha * a.levels.whole()?.scale;
        let multipliers = Self::multipliers(scale, &b.levels.scales, target);
        let biases = self.biases(bias)?;
        let sum = format!("{}/sum", target.name);
        let first = self.centred(a, &sum)?;
        let second = if self.constants.holds(&b.name) {
            self.weights(b, if is_transposed { 0 } else { 1 }, &sum)?
        } else {
            self.centred(b, &sum)?
        };
        let turns = attributes
            .iter()
            .filter(|found| found.name == "transA" || found.name == "transB");
        let turns = turns.cloned().collect();
        self.push("Gemm", &[&first, &second], &sum, turns);
        self.requantise(&sum, multipliers, biases, 1, target)
    }

    /// A sum or product of two tensors, element by element.
    ///
    /// Errors: the reason why it is not supported.
    pub fn elementwise(
        &mut self,
        how: Elementwise,
        [a, b]: [&Operand; 2],
        target: &Target,
    ) -> Made {
        let (from_a, from_b, to) = (a.levels.whole()?, b.levels.whole()?, target.levels);
        let operands = [(&*a.name, from_a.grid), (&*b.name, from_b.grid)];
        let reals = |found: &[i64]| (from_a.dequantise(found[0]), from_b.dequantise(found[1]));
        match how {
            Elementwise::Add => {
                let function = add(from_a, from_b, to);
                self.table(&operands, |found| function(found[0], found[1]), target)
            }
            Elementwise::Multiply => {
                let function = multiply(from_a, from_b, to);
                self.table(&operands, |found| function(found[0], found[1]), target)
            }
            Elementwise::AddReals => {
                let function = |found: &[i64]| {
                    let (a, b) = reals(found);
                    to.quantise(a + b)
                };
                self.table(&operands, function, target)
            }
            Elementwise::MultiplyReals => {
                let function = |found: &[i64]| {
                    let (a, b) = reals(found);
                    to.quantise(a * b)
                };
                self.table(&operands, function, target)
            }
        }
    }

    /// A function of the reals behind one tensor, element by element.
    ///
    /// Errors: the reason why it is not supported.
    pub fn function(
        &mut self,
        x: &Operand,
        function: impl Fn(f32) -> f32,
        target: &Target,
    ) -> Made {
        let from: Scaled = x.levels.whole()?;
        let value = |found: &[i64]| target.levels.quantise(function(from.dequantise(found[0])));
        self.table(&[(&x.name, from.grid)], value, target)
    }

    /// The mean over all axes of space.
    ///
    /// Errors: the reason why it is not supported.
    pub fn global_average(&mut self, x: &Operand, target: &Target) -> Made {
        x.levels.whole()?;
        let mut attributes = levels("", &whole(target.levels));
        attributes.extend(levels("x_", &x.levels));
        self.push(ops::GLOBAL_AVERAGE, &[&x.name], &target.name, attributes);
        Ok(())
    }

    /// Tensors one after the other, each with levels of its own.
    ///
    /// Errors: the reason why it is not supported.
    pub fn concatenate(
        &mut self,
        attributes: &[AttributeProto],
        parts: &[Operand],
        target: &Target,
    ) -> Made {
        let mut names = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            if part.levels.whole()? == target.levels && !self.constants.holds(&part.name) {
                names.push(part.name.clone());
                continue;
            }
            let own = Target {
                name: format!("{}/{at}", target.name),
                levels: target.levels,
            };
            self.function(part, |x| x, &own)?;
            names.push(own.name);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.push("Concat", &names, &target.name, attributes.to_vec());
        Ok(())
    }
}
