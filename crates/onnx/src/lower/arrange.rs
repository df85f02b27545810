//! Operators that put elements at other places, the places being fixed by the graph: found by running
//! the operator on the numbers of the elements.

use super::along::along;
use super::places::{Places, places};
use super::prelude::*;
use tract_onnx::prelude::TypedOp;
use tract_onnx::tract_core::ops::array::{StridedSlice, Trilu};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    let op: &dyn TypedOp = node.op.as_ref();
    let by_name = ["Downsample", "NearestUpsample"];
    op.is::<StridedSlice>() || op.is::<Trilu>() || by_name.contains(&&*op.name())
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    // Read as a choice by position where the diagonal is a constant.
    let is_triangle = node.op_as::<Trilu>().is_some();
    if is_triangle
        && node
            .shape()
            .iter()
            .rev()
            .take(2)
            .any(|dim| dim.known().is_none())
    {
        return Err("a triangle of symbolic size whose diagonal is no constant".into());
    }
    let value = fixed(q, node, &[0])?;
    let value = value.ok_or("places that depend on data; they must be constants of the graph")?;
    Ok(vec![value.into()])
}

/// The first result of a node that arranges the elements of some of its inputs, if its other inputs are
/// constants.
pub fn fixed(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    sources: &[usize],
) -> Result<Option<Value>, Refusal> {
    let others = node.inputs.iter().enumerate();
    let are_fixed = others
        .filter(|(at, _)| !sources.contains(at))
        .all(|(_, input)| matches!(input, Lazy::Constant(_)));
    if !are_fixed {
        return Ok(None);
    }
    let places = places(q, node, sources)?;
    let mut values = Vec::new();
    for &at in sources {
        values.push(q.exact(node.input(at)?)?);
    }
    let values = q.aligned(&values)?;
    if let [x] = &values[..] {
        if let Some(maps) = places.by_axis() {
            let mut value = x.clone();
            for (axis, map) in maps.iter().enumerate() {
                if !places.open.contains(&axis) {
                    value = along(q, &value, axis, map)?;
                }
            }
            return Ok(Some(value));
        }
        if places.is_mask() {
            return masked(q, x, &places).map(Some);
        }
    }
    anywhere(q, &values, &places, node.shape()).map(Some)
}

/// The elements where they are, and zeros: the product with a constant.
fn masked(q: &mut Quantiser<'_>, x: &Value, places: &Places) -> Result<Value, Refusal> {
    let (shape, numbers) = places.closed()?;
    let mask = numbers.iter().map(|&number| number.min(1)).collect();
    let mask = q.public(shape, mask)?;
    let rank = x.shape.len();
    let operator = program::operator::Contract {
        rank,
        a_labels: (0..rank).collect(),
        b_labels: (0..rank)
            .filter(|axis| !places.open.contains(axis))
            .collect(),
    };
    let mut value = q.builder.contract(operator, x, &mask, x.shape.clone())?;
    value.known = x.known.hull(relation::interval::Wide::ZERO);
    value.fixed = x.fixed;
    Ok(value)
}

/// Elements from any places: rows of one table of all sources.
fn anywhere(
    q: &mut Quantiser<'_>,
    values: &[Value],
    places: &Places,
    shape: &[Dim],
) -> Result<Value, Refusal> {
    let (closed, numbers) = places.closed()?;
    let rank = shape.len();
    let (mut open, mut order) = (Vec::new(), Vec::new());
    for axis in &places.open {
        open.push(shape[*axis].clone());
    }
    let mut parts = Vec::new();
    let mut len = 0;
    for value in values {
        let axes = 0..value.shape.len();
        let mut order: Vec<usize> = axes.filter(|axis| !places.open.contains(axis)).collect();
        let sizes = order.iter().map(|&axis| value.shape[axis].known());
        let own: Option<usize> = sizes.product();
        let own = own.ok_or("an axis of symbolic size")?;
        order.extend(&places.open);
        let mut flat = vec![Dim::from(own)];
        flat.extend_from_slice(&open);
        let steps = vec![Step::Permute(order), Step::Reshape(flat.clone())];
        parts.push(q.builder.view(value, steps, flat)?);
        len += own;
    }
    let has_zeros = numbers.contains(&0);
    let mut dims = vec![Dim::from(len)];
    dims.extend_from_slice(&open);
    let mut table = match &parts[..] {
        [only] => only.clone(),
        _ => q.builder.concatenate(0, &parts, dims.clone())?,
    };
    if has_zeros {
        dims[0] = Dim::from(len + 1);
        let step = Step::Pad {
            axis: 0,
            before: Dim::Known(1),
            after: Dim::Known(0),
        };
        table = q.builder.view(&table, vec![step], dims)?;
    }
    let first = i64::from(!has_zeros);
    let index = numbers.iter().map(|number| number - first).collect();
    let index = q.public(closed.clone(), index)?;
    let value = super::index::rows(q, &table, &index)?;
    if open.is_empty() {
        return Ok(value);
    }
    // Open axes go back to where they were.
    let (mut next_closed, mut next_open) = (0, closed.len());
    for axis in 0..rank {
        let next = if places.open.contains(&axis) {
            &mut next_open
        } else {
            &mut next_closed
        };
        order.push(*next);
        *next += 1;
    }
    q.builder
        .view(&value, vec![Step::Permute(order)], shape.to_vec())
}
