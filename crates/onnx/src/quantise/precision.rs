//! How fine a value has to be where it is only compared.

use super::builder::{Refusal, Value, log2_of, nearest, power};
use super::lazy::{Constant, Lazy};
use super::walk::Quantiser;
use crate::array::Array;
use program::Tensor;
use tract_onnx::prelude::{OutletId, TypedModel, TypedNode};
use tract_onnx::tract_core::ops::array::{MultiBroadcastTo, Slice, TypedConcat};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::identity::Identity;
use tract_onnx::tract_core::ops::logic::{CompEq, CompGT, CompGTE, CompLT, CompLTE, CompNE};
use tract_onnx::tract_core::ops::math::{Add, Mul, Sub, SubF};

/// The most bits of an input that is only compared with numbers that the model holds.
const COMPARED_BITS: i32 = 38;

/// Bits of a number of single precision.
const SINGLE: i32 = 24;

/// Fraction bits for an outlet that goes nowhere but into comparisons with constants, or, column by column, into
/// differences from them or products with them: as fine as the least of the constants is, or the unit of the least column. Columns may be of very different magnitude there,
/// and more bits cost no more than a limb. `log` is that of the values.
pub fn compared_bits(graph: &TypedModel, outlet: OutletId, log: i32) -> Option<i32> {
    let least = least_constant(graph, outlet)?;
    let wanted = SINGLE - log2_of((0.0, least));
    Some(wanted.min(COMPARED_BITS - log))
}

/// The smallest magnitude of the constants that an outlet is compared with; nothing if that is not all.
fn least_constant(graph: &TypedModel, outlet: OutletId) -> Option<f64> {
    let mut seen = std::collections::BTreeSet::new();
    let mut open = vec![(outlet, false)];
    let mut least = f64::INFINITY;
    while let Some((at, is_column)) = open.pop() {
        if !seen.insert((at.node, at.slot)) {
            continue;
        }
        let found = graph.nodes.get(at.node)?.outputs.get(at.slot)?;
        if graph.outputs.contains(&at) || found.successors.is_empty() {
            return None;
        }
        for inlet in &found.successors {
            let node = &graph.nodes[inlet.node];
            if arranges(node) {
                let is_column = is_column || node.op.is::<Slice>();
                open.push((OutletId::new(node.id, 0), is_column));
            } else if compares(node) || (is_column && moves(node)) {
                least = least.min(other_constant(graph, node, at)?);
            } else {
                least = least.min(scaled_unit(graph, node, at)?);
            }
        }
    }
    (least < f64::INFINITY).then_some(least)
}

fn moves(node: &TypedNode) -> bool {
    node.op.downcast_ref::<TypedBinOp>().is_some_and(|op| {
        let op = op.0.as_ref();
        op.is::<Add>() || op.is::<Sub>() || op.is::<SubF>()
    })
}

fn arranges(node: &TypedNode) -> bool {
    let op: &dyn tract_onnx::prelude::TypedOp = node.op.as_ref();
    op.is::<AxisOp>()
        || op.is::<Identity>()
        || op.is::<MultiBroadcastTo>()
        || op.is::<Slice>()
        || op.is::<TypedConcat>()
}

fn compares(node: &TypedNode) -> bool {
    node.op.downcast_ref::<TypedBinOp>().is_some_and(|op| {
        let op = op.0.as_ref();
        op.is::<CompEq>()
            || op.is::<CompGT>()
            || op.is::<CompGTE>()
            || op.is::<CompLT>()
            || op.is::<CompLTE>()
            || op.is::<CompNE>()
    })
}

/// The smallest magnitude, zeros apart, of the constant that is the other operand.
fn other_constant(graph: &TypedModel, node: &TypedNode, at: OutletId) -> Option<f64> {
    let magnitudes = magnitudes(graph, node, at)?;
    Some(magnitudes.into_iter().fold(1.0, f64::min))
}

/// What becomes one of the column with the largest factor, where columns are multiplied by factors that are far apart:
/// they are of very different magnitude then, and of one magnitude after it.
fn scaled_unit(graph: &TypedModel, node: &TypedNode, at: OutletId) -> Option<f64> {
    const FAR_APART: f64 = 16.0;
    let op = node.op.downcast_ref::<TypedBinOp>()?;
    if !op.0.as_ref().is::<Mul>() {
        return None;
    }
    let magnitudes = magnitudes(graph, node, at)?;
    let most = magnitudes.iter().copied().fold(0.0, f64::max);
    let least = magnitudes.iter().copied().fold(most, f64::min);
    (least > 0.0 && most > FAR_APART * least).then(|| 1.0 / most)
}

/// By how many bits few factors differ, if that is by more than a few; at most 15.
fn bits_apart(array: &Array) -> i32 {
    const FEW: usize = 1 << 12;
    const APART: i32 = 4;
    let magnitudes = array.data.iter().map(|value| value.abs());
    let least = { magnitudes.filter(|value| *value > 0.0) }.fold(f64::INFINITY, f64::min);
    let apart = log2_of(array.range().unwrap_or_default()) - log2_of((0.0, least));
    let is_apart = array.data.len() <= FEW && least.is_finite() && apart > APART;
    if is_apart { apart.min(15) } else { 0 }
}

/// The magnitudes, zeros apart, of the constant that is the other operand.
fn magnitudes(graph: &TypedModel, node: &TypedNode, at: OutletId) -> Option<Vec<f64>> {
    let mut others = node.inputs.iter().filter(|input| **input != at);
    let fact = graph.outlet_fact(*others.next()?).ok()?;
    let array = Array::from_tensor(fact.konst.as_ref()?).ok()?;
    let magnitudes = array.data.iter().map(|value| value.abs());
    let magnitudes = magnitudes.filter(|value| *value > 0.0 && value.is_finite());
    Some(magnitudes.collect())
}

impl Quantiser<'_> {
    /// The value with columns of its own and all the fraction bits that it has; rounded only if it has products.
    pub fn rounded(&mut self, lazy: &Lazy) -> Result<Value, Refusal> {
        const ROOM: u32 = 50;
        let value = self.value(lazy)?;
        if value.exact && self.builder.magnitude_bits(&value) <= ROOM {
            return Ok(value);
        }
        self.narrow(&value)
    }

    /// The operands of a product, element by element.
    ///
    /// Factors that are far apart, as those of columns of different magnitude, have more bits than weights do, and what
    /// they are multiplied with has all of its bits: so the columns of small numbers keep their digits.
    pub fn factors(&mut self, a: &Lazy, b: &Lazy) -> Result<[Value; 2], Refusal> {
        let apart = |lazy: &Lazy| match lazy {
            Lazy::Constant(constant) => bits_apart(&constant.array),
            Lazy::Pointwise(_) => 0,
        };
        let more = apart(a).max(apart(b));
        let mut operand = |lazy: &Lazy| match lazy {
            Lazy::Constant(constant) => {
                let bits = self.options.weight_bits.cast_signed();
                self.parameter_of(constant, 60, bits + more)
            }
            other if more > 0 => self.rounded(other),
            other => self.exact(other),
        };
        Ok([operand(a)?, operand(b)?])
    }

    /// A constant that a value is compared with.
    ///
    /// It is rounded as the value was: so equal numbers stay equal, no two numbers in order come out in the other
    /// order, and only numbers that round to the same integer are taken for equal. Integers were not rounded: a
    /// constant between two of them stays there. What lies beyond the value's interval is cut off just outside of it,
    /// or where the interval differs from size to size, far from all values.
    pub fn threshold(&mut self, constant: &Constant, like: &Value) -> Result<Value, Refusal> {
        let array = &constant.array;
        if array.data.iter().any(|value| value.is_nan()) {
            return Err(format!("the constant {:?} is not a number", constant.name));
        }
        let scale = power(like.bits);
        // Twice as much, and a difference from it, is no wider than values may be.
        const FAR: i64 = 1 << 54;
        let interval = self.builder.interval(like);
        let interval = interval.unwrap_or(program::Interval::new(-FAR, FAR));
        let (lo, hi) = (interval.lo.saturating_sub(1), interval.hi.saturating_add(1));
        let are_integers = like.bits <= 0;
        let values = array.data.iter().map(|value| {
            let value = value * scale;
            if !are_integers {
                return nearest(value).clamp(lo, hi);
            }
            let below = nearest(libm::floor(value)).clamp(lo, hi);
            2 * below + i64::from(libm::floor(value) < value)
        });
        let tensor = Tensor::from_i64s(array.shape.clone(), values.collect());
        let tensor = tensor.map_err(|error| error.to_string())?;
        let bits = like.bits + i32::from(are_integers);
        let mut value = self.builder.parameter(&constant.name, tensor, bits)?;
        value.range = array.range().unwrap_or((0.0, 0.0));
        Ok(value)
    }
}
