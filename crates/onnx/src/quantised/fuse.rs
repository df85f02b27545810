//! Real operators between `DequantizeLinear` and `QuantizeLinear` become kernels, by the rules of ONNX
//! Runtime.

use super::arithmetic::{Grid, Scaled};
use super::graph::{Operand, Rewriter, Target};
use super::kernels::{Elementwise, Made, attribute};
use tract_onnx::pb::NodeProto;

/// Operators that move elements, or choose among them: they do to integers what they do to reals.
const MOVES: &[&str] = &[
    "DepthToSpace",
    "Dropout",
    "Flatten",
    "Identity",
    "MaxPool",
    "Reshape",
    "Slice",
    "SpaceToDepth",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
];

/// What an activation before `QuantizeLinear` cuts off.
struct Activation<'a> {
    /// What goes in.
    input: &'a str,
    /// The least and the largest value.
    ends: [f32; 2],
}

impl<'a> Rewriter<'a> {
    /// The integers behind a real tensor, if it is what `DequantizeLinear` makes of some.
    fn integers_behind(&self, name: &str) -> Option<Operand> {
        let node = { self.producer(name) }.filter(|node| node.op_type == "DequantizeLinear")?;
        let [of, scale, ..] = &node.input[..] else {
            return None;
        };
        let zero = node.input.get(2).map(String::as_str);
        let levels = self.constants.quantisation(scale, zero).ok()?;
        let name = of.clone();
        Some(Operand { name, levels })
    }

    /// The integers behind all inputs of a node.
    fn operands(&self, node: &NodeProto, count: usize) -> Option<Vec<Operand>> {
        let inputs = node.input.iter().take(count);
        let found: Option<Vec<Operand>> = inputs.map(|name| self.integers_behind(name)).collect();
        found.filter(|found| {
            let is_bytes = found.iter().all(|operand| operand.levels.is_bytes());
            found.len() == count && is_bytes
        })
    }

    /// The name of the integers of a bias, whose scale is that of the accumulators.
    fn bias(&self, node: &NodeProto) -> Option<Option<String>> {
        match node.input.get(2).filter(|name| !name.is_empty()) {
            None => Some(None),
            Some(name) => {
                let found = self.integers_behind(name)?;
                let is_centred = found.levels.zeros.iter().all(|&zero| zero == 0);
                (is_centred && self.constants.holds(&found.name)).then_some(Some(found.name))
            }
        }
    }

    /// What a rectifier or a clipping does, if a node is one.
    fn activation(&self, node: &'a NodeProto) -> Option<Activation<'a>> {
        let end = |at: usize, none: f32| match node.input.get(at).filter(|name| !name.is_empty()) {
            None => Some(none),
            Some(name) => self.constants.singles(name).ok()?.first().copied(),
        };
        let ends = match &*node.op_type {
            "Relu" => [0.0, f32::INFINITY],
            "Clip" if node.attribute.is_empty() => {
                [end(1, f32::NEG_INFINITY)?, end(2, f32::INFINITY)?]
            }
            _ => return None,
        };
        let input = node.input.first()?;
        Some(Activation { input, ends })
    }

    /// Adds the kernel that ends in a `QuantizeLinear` of a real tensor; nothing if there is none.
    ///
    /// Errors: the reason why the kernel is not supported.
    pub fn fuse(&mut self, real: &str, target: &Target) -> Option<Made> {
        if target.levels.grid.hi - target.levels.grid.lo > 255 {
            return None;
        }
        let is_bytes = |operand: &Operand| operand.levels.is_bytes();
        if let Some(x) = self.integers_behind(real).filter(is_bytes) {
            return Some(self.function(&x, |x| x, target));
        }
        let node = { self.producer(real) }.filter(|_| self.is_used_once(real))?;
        if let Some(Activation { input, ends }) = self.activation(node) {
            if let Some(x) = self.integers_behind(input).filter(is_bytes) {
                let cut = |x: f32| x.max(ends[0]).min(ends[1]);
                return Some(self.function(&x, cut, target));
            }
            // Rounding keeps order, so what is cut off before is cut off after it.
            let [lo, hi] = ends.map(|end| target.levels.quantise(end));
            let grid = Grid {
                lo,
                hi,
                ..target.levels.grid
            };
            let levels = Scaled {
                grid,
                ..target.levels
            };
            let inner = { self.producer(input) }.filter(|_| self.is_used_once(input))?;
            let name = target.name.clone();
            return self.kernel(inner, &Target { name, levels });
        }
        self.kernel(node, target)
    }

    /// The kernel that an operator on dequantised tensors is.
    fn kernel(&mut self, node: &NodeProto, target: &Target) -> Option<Made> {
        let attributes = &node.attribute;
        Some(match &*node.op_type {
            "Conv" | "Gemm" => {
                let (operands, bias) = (self.operands(node, 2)?, self.bias(node)?);
                let (both, bias) = ([&operands[0], &operands[1]], bias.as_deref());
                if node.op_type == "Conv" {
                    self.convolution(attributes, both, bias, target)
                } else {
                    self.general_product(attributes, both, bias, target)
                }
            }
            "MatMul" => {
                let operands = self.operands(node, 2)?;
                self.matrix_product([&operands[0], &operands[1]], target)
            }
            "Add" | "Mul" => {
                let operands = self.operands(node, 2)?;
                // Kernels for bytes with a sign are fused on other processors only.
                let reals = operands.iter().any(|operand| operand.levels.signed_bytes);
                let how = match (&*node.op_type, reals) {
                    ("Add", false) => Elementwise::Add,
                    ("Add", true) => Elementwise::AddReals,
                    (_, false) => Elementwise::Multiply,
                    (_, true) => Elementwise::MultiplyReals,
                };
                self.elementwise(how, [&operands[0], &operands[1]], target)
            }
            "GlobalAveragePool" => {
                let x = self.operands(node, 1)?;
                self.global_average(&x[0], target)
            }
            "LeakyRelu" => {
                let x = self.operands(node, 1)?;
                let alpha = attributes.iter().find(|found| found.name == "alpha");
                let alpha = alpha.map_or(0.01, |found| found.f);
                let leak = |x: f32| if x >= 0.0 { x } else { alpha * x };
                self.function(&x[0], leak, target)
            }
            "Concat" => {
                let parts = self.operands(node, node.input.len())?;
                self.concatenate(attributes, &parts, target)
            }
            kind if MOVES.contains(&kind) && node.output.len() == 1 => {
                let x = self.operands(node, 1)?.swap_remove(0);
                // Rows of padding would be the least real, not the least integer, with other levels.
                if x.levels.whole() != Ok(target.levels)
                    || attribute(node, "storage_order") == Some(1)
                {
                    return None;
                }
                let mut moved = node.clone();
                moved.name.clone_from(&target.name);
                moved.input[0] = x.name;
                moved.output[0].clone_from(&target.name);
                self.nodes.push(moved);
                Ok(())
            }
            _ => return None,
        })
    }
}
