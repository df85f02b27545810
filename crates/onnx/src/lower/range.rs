//! Ranges: positions along an axis whose size may be open.

use super::prelude::*;
use crate::array::Array;
use crate::quantise::position::Position;
use program::operator::Iota;
use program::{Operator, ValueId};
use tract_onnx::tract_core::ops::array::Range;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<Range>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let [len] = node.shape() else {
        return Err("a range of other than one axis".into());
    };
    let (start, step) = (number(node, 0)?, number(node, 2)?);
    let numbers = q.iota(len.clone())?;
    let step = step.known().and_then(|step| i64::try_from(step).ok());
    let step = step.ok_or("a range with a step that is negative or depends on a size")?;
    let position = Position::number(start.clone(), 1);
    let position = numbers
        .position
        .as_ref()
        .and_then(|numbers| position.plus(step, numbers));
    let mut value = match start.known().and_then(|start| i64::try_from(start).ok()) {
        Some(start) => q.builder.sum(&[(step, &numbers)], start, 0)?,
        None => {
            let start = q.size_value(&start, &[Dim::Known(1)])?;
            let start = q.broadcast(&start, std::slice::from_ref(len))?;
            q.builder.sum(&[(step, &numbers), (1, &start)], 0, 0)?
        }
    };
    value.position = position;
    Ok(vec![value.into()])
}

/// An input that is one integer, perhaps a size.
fn number(node: &Node<'_>, at: usize) -> Result<Dim, Refusal> {
    let found = match node.input(at)? {
        Lazy::Constant(constant) => match constant.array.data[..] {
            [number] if libm::trunc(number) == number => Some(Dim::Known(nearest(number))),
            _ => None,
        },
        Lazy::Pointwise(Pointwise { base, expr, .. }) => {
            let position = base.position.as_ref().filter(|_| *expr == Expr::Variable);
            position.and_then(Position::as_number).cloned()
        }
    };
    found.ok_or_else(|| "a range whose ends depend on data".into())
}

impl Quantiser<'_> {
    /// The numbers `0 .. len`.
    pub fn iota(&mut self, len: Dim) -> Result<Value, Refusal> {
        let operator = Operator::Iota(Iota { len: len.clone() });
        let node = self.builder.push(operator, Vec::new())?;
        let id = ValueId { node, output: 0 };
        let mut value = self.builder.value(id, vec![len.clone()], 0, true);
        value.fixed = len.known().is_some();
        value.integers = true;
        value.position = Some(Position {
            constant: Dim::Known(0),
            factors: vec![Dim::Known(1)],
        });
        Ok(value)
    }

    /// A size as a value with axes of size one.
    pub fn size_value(&mut self, size: &Dim, shape: &[Dim]) -> Result<Value, Refusal> {
        let len = crate::quantise::position::plus(size, &Dim::Known(1));
        let numbers = self.iota(len)?;
        let last = Step::Slice {
            axis: 0,
            start: size.clone(),
            len: Dim::Known(1),
            step: 1,
        };
        let steps = vec![last, Step::Reshape(shape.to_vec())];
        let mut value = self.builder.view(&numbers, steps, shape.to_vec())?;
        value.position = Some(Position::number(size.clone(), shape.len()));
        Ok(value)
    }

    /// Sizes that the graph uses as data, one after the other.
    pub fn sizes(&mut self, sizes: &[Dim], shape: &[Dim]) -> Result<Value, Refusal> {
        if let [size] = sizes {
            return self.size_value(size, shape);
        }
        let mut parts = Vec::new();
        for size in sizes {
            parts.push(self.size_value(size, &[Dim::Known(1)])?);
        }
        let len = vec![Dim::from(parts.len())];
        let joined = self.builder.concatenate(0, &parts, len)?;
        if shape.len() == 1 {
            self.concatenations.insert(joined.id, parts);
            return Ok(joined);
        }
        let steps = vec![Step::Reshape(shape.to_vec())];
        self.builder.view(&joined, steps, shape.to_vec())
    }

    /// What is to be arranged anew: a value, and of a constant that holds positions these, as no constant is needed.
    pub fn arranged(&mut self, lazy: &Lazy) -> Result<Value, Refusal> {
        let Lazy::Constant(constant) = lazy else {
            return self.exact(lazy);
        };
        let is_integer = constant.tensor.datum_type().is_integer();
        let position = if is_integer {
            held(&constant.array)
        } else {
            None
        };
        let Some((start, factors)) = position else {
            return self.exact(lazy);
        };
        let shape: Vec<Dim> = constant
            .array
            .shape
            .iter()
            .map(|&size| Dim::from(size))
            .collect();
        let mut terms = Vec::new();
        for (axis, (&factor, &size)) in factors.iter().zip(&constant.array.shape).enumerate() {
            if factor == 0 && axis > 0 {
                continue;
            }
            let numbers = self.iota(Dim::from(size))?;
            let mut own = vec![Dim::Known(1); shape.len()];
            own[axis] = Dim::from(size);
            let steps = vec![Step::Reshape(own.clone())];
            let mut spread = self.builder.view(&numbers, steps, own)?;
            let mut position = Position::number(Dim::Known(0), shape.len());
            position.factors[axis] = Dim::Known(1);
            spread.position = Some(position);
            terms.push((factor, self.broadcast(&spread, &shape)?));
        }
        let terms: Vec<(i64, &Value)> = terms
            .iter()
            .map(|(factor, value)| (*factor, value))
            .collect();
        self.builder.sum(&terms, start, 0)
    }
}

/// The number at the index zero and the factor of the index of each axis, if integers are such a sum.
fn held(array: &Array) -> Option<(i64, Vec<i64>)> {
    let integers: Vec<i64> = array.data.iter().map(|&value| nearest(value)).collect();
    let start = *integers.first()?;
    let mut strides = vec![1usize; array.shape.len()];
    for axis in (1..array.shape.len()).rev() {
        strides[axis - 1] = strides[axis] * array.shape[axis];
    }
    let axes = array.shape.iter().zip(&strides);
    let factors: Vec<i64> = axes
        .clone()
        .map(|(&size, &stride)| {
            if size > 1 {
                integers[stride] - start
            } else {
                0
            }
        })
        .collect();
    let agrees = |(at, value): (usize, &i64)| {
        let index = axes.clone().map(|(&size, &stride)| at / stride % size);
        let terms = index
            .zip(&factors)
            .map(|(index, factor)| i64::try_from(index).unwrap_or(0) * factor);
        *value == start + terms.sum::<i64>()
    };
    let is_sum = !array.shape.is_empty() && integers.iter().enumerate().all(agrees);
    is_sum.then_some((start, factors))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_that_hold_positions_are_recognised() {
        let array = |shape: &[usize], data: &[f64]| Array {
            shape: shape.to_vec(),
            data: data.to_vec(),
        };
        let rows = array(&[2, 3], &[5.0, 6.0, 7.0, 15.0, 16.0, 17.0]);
        assert_eq!(held(&rows), Some((5, vec![10, 1])));
        assert_eq!(held(&array(&[1, 2], &[0.0, 0.0])), Some((0, vec![0, 0])));
        assert_eq!(held(&array(&[3], &[0.0, 1.0, 3.0])), None);
        assert_eq!(held(&array(&[0], &[])), None);
    }
}
