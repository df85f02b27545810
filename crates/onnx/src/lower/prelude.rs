//! What most families use.

pub use super::Family;
pub use crate::quantise::builder::{nearest, power};
pub use crate::quantise::{Constant, Expr, Lazy, Node, Pointwise, Quantiser, Refusal, Value};
pub use program::Dim;
pub use program::formula::{Function, Instruction};
pub use program::operator::Step;
pub use tract_onnx::prelude::TypedNode;
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::element_wise::{ElementWiseMiniOp, ElementWiseOp};

/// The element-wise operator of a node, if it is a `T`.
pub fn element_wise<T: ElementWiseMiniOp + Clone>(node: &Node<'_>) -> Option<T> {
    let op = node.op_as::<ElementWiseOp>()?;
    op.0.downcast_ref::<T>().cloned()
}

/// Whether a node applies a binary operator of some types.
pub fn is_binary(node: &TypedNode, is: impl Fn(&dyn BinMiniOp) -> bool) -> bool {
    node.op
        .downcast_ref::<TypedBinOp>()
        .is_some_and(|op| is(op.0.as_ref()))
}

/// The binary operator of a node.
pub fn binary<'a>(node: &'a Node<'_>) -> Result<&'a dyn BinMiniOp, Refusal> {
    let op = node.op_as::<TypedBinOp>().ok_or("no binary operator")?;
    Ok(op.0.as_ref())
}

/// Whether a size is one.
pub fn is_one(dim: &Dim) -> bool {
    dim.known() == Some(1)
}

impl Quantiser<'_> {
    /// Repeats a rounded value along axes of size one, to another shape of as many axes.
    pub fn broadcast(&mut self, x: &Value, shape: &[Dim]) -> Result<Value, Refusal> {
        if x.shape.len() != shape.len() {
            return Err(format!(
                "{} axes cannot become {}",
                x.shape.len(),
                shape.len()
            ));
        }
        let axes = x.shape.iter().zip(shape).enumerate();
        let steps: Vec<Step<Dim>> = axes
            .filter(|(_, (own, wanted))| is_one(own) && !is_one(wanted))
            .map(|(axis, (_, size))| Step::Broadcast {
                axis,
                size: size.clone(),
            })
            .collect();
        if steps.is_empty() {
            return Ok(x.clone());
        }
        let x = if x.exact { x.clone() } else { self.narrow(x)? };
        self.builder.view(&x, steps, shape.to_vec())
    }

    /// Values with one number of fraction bits: the largest, but no more than leaves room.
    pub fn aligned(&mut self, values: &[Value]) -> Result<Vec<Value>, Refusal> {
        let mut values = values.to_vec();
        let bits = |values: &[Value]| values.iter().map(|value| value.bits).max().unwrap_or(0);
        let most = bits(&values);
        let wide = values
            .iter()
            .map(|value| self.builder.magnitude_bits(value).cast_signed() + most - value.bits);
        if wide.max().unwrap_or(0) > 56 {
            // What was zero throughout, as a mask's bounded part is, needs no bits.
            let some = values.iter().filter(|value| value.range != (0.0, 0.0));
            let least = some.map(|value| self.bits_for(value.range)).max();
            for value in &mut values {
                *value = self.builder.narrow_to(value, least.unwrap_or(0))?;
            }
        }
        let most = bits(&values);
        let raised = values.iter().map(|value| self.builder.raise(value, most));
        raised.collect()
    }
}
