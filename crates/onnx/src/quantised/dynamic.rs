//! Levels that follow from the data of each run, as `onnxruntime.quantization.quantize_dynamic` leaves them.
//!
//! Scale and zero are numbers like any other here. ONNX Runtime rounds `x / scale` of single precision; a quotient that is as
//! close to the middle between two levels as a program's rounding may get the other one.

use super::graph::{Operand, Rewriter};
use super::kernels::Made;
use super::nodes::{int, tensor};
use tract_onnx::pb::NodeProto;

/// The operator of the standard.
pub const OPERATOR: &str = "DynamicQuantizeLinear";

/// The largest level; the least is zero.
const LARGEST: f32 = 255.0;

/// The least scale: that of a tensor of zeros is not divided by.
const LEAST: f32 = 1e-12;

impl Rewriter<'_> {
    /// A node that chooses levels for its input: the integers, the scale and the zero.
    pub fn dynamic(&mut self, node: &NodeProto) -> Made {
        let [x] = &node.input[..] else {
            return Err("one input is expected".into());
        };
        let [levels, scale, zero] = &node.output[..] else {
            return Err("three outputs are expected".into());
        };
        let name = |what: &str| format!("{levels}/{what}");
        let mut number = |what: &str, value: f32| {
            let name = name(what);
            self.tensors.push(tensor(&name, &[], vec![value]));
            name
        };
        let (none, largest) = (number("least level", 0.0), number("largest", LARGEST));
        let least = number("least scale", LEAST);
        let mut step = |operator: &str, inputs: &[&str], output: &str| {
            let attributes = match operator {
                "ReduceMin" | "ReduceMax" => vec![int("keepdims", 0)],
                _ => Vec::new(),
            };
            self.push(operator, inputs, output, attributes);
            output.to_owned()
        };
        // Zero has a level.
        let lowest = step("ReduceMin", &[x], &name("lowest"));
        let lowest = step("Min", &[&lowest, &none], &name("from"));
        let highest = step("ReduceMax", &[x], &name("highest"));
        let highest = step("Max", &[&highest, &none], &name("to"));
        let width = step("Sub", &[&highest, &lowest], &name("width"));
        let share = step("Div", &[&width, &largest], &name("share"));
        let scale = step("Max", &[&share, &least], scale);
        let below = step("Div", &[&lowest, &scale], &name("below"));
        let below = step("Round", &[&below], &name("rounded below"));
        let below = step("Sub", &[&none, &below], &name("zero"));
        let zero = step("Min", &[&below, &largest], zero);
        let quotient = step("Div", &[x, &scale], &name("quotient"));
        let rounded = step("Round", &[&quotient], &name("rounded"));
        let moved = step("Add", &[&rounded, &zero], &name("moved"));
        let cut = step("Max", &[&moved, &none], &name("cut"));
        step("Min", &[&cut, &largest], levels);
        Ok(())
    }

    /// Whether a name is one of the results of a node that chooses levels.
    fn is_dynamic(&self, name: &str, slot: usize) -> bool {
        self.producer(name).is_some_and(|node| {
            node.op_type == OPERATOR && node.output.get(slot).is_some_and(|found| found == name)
        })
    }

    /// The reals behind levels that follow from the data of a run, if a node asks for those.
    pub fn dynamic_reals(&mut self, node: &NodeProto) -> Option<Made> {
        let [_, scale, ..] = &node.input[..] else {
            return None;
        };
        if !self.is_dynamic(scale, 1) {
            return None;
        }
        let Some(levels) = self.less_its_zero(node, 0, 2) else {
            return Some(Err(format!("its zero does not come with {scale:?}")));
        };
        let output = node.output.first()?;
        self.push("Mul", &[&levels.name, scale], output, Vec::new());
        Some(Ok(()))
    }

    /// An input less its zero, if that follows from the data of a run.
    pub fn less_its_zero(&mut self, node: &NodeProto, at: usize, zero: usize) -> Option<Operand> {
        let (from, zero) = (node.input.get(at)?, node.input.get(zero)?);
        if !self.is_dynamic(zero, 2) || self.constants.holds(from) {
            return None;
        }
        let name = format!("{}/{at} less its zero", node.output.first()?);
        self.push("Sub", &[from, zero], &name, Vec::new());
        Some(super::without_scale(name, vec![0]))
    }
}
