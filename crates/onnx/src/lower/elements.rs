//! Single elements by index when the program runs.

use super::index::{in_range, rows, whole};
use super::prelude::*;
use tract_onnx::tract_core::ops::array::{GatherElements, GatherNd};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<GatherElements>() || node.op.is::<GatherNd>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    if let Some(value) = held_rows(q, node)? {
        return Ok(vec![value.into()]);
    }
    if let Some(value) = super::arrange::fixed(q, node, &[0])? {
        return Ok(vec![value.into()]);
    }
    if let Some(value) = super::locate::at_positions(q, node)? {
        return Ok(vec![value.into()]);
    }
    let table = q.exact(node.input(0)?)?;
    let index = whole(q, node.input(1)?)?;
    let value = if let Some(op) = node.op_as::<GatherElements>() {
        elements(q, &table, &index, op.axis)?
    } else {
        let op = node.op_as::<GatherNd>().ok_or("no gathering")?;
        let count = index.shape.last().and_then(Dim::known);
        let count = count.ok_or("tuples of symbolic length")?;
        let axes = table.shape.iter().skip(op.batch_dims).take(count);
        if axes.clone().all(|size| size.known().is_some()) {
            tuples(q, node, &table, &index, op.batch_dims)?
        } else {
            super::open::tuples(q, &table, &index, op.batch_dims)?
        }
    };
    Ok(vec![value.into()])
}

/// Rows of open size by tuples of indices that the graph holds, if there are such: one table of the axes of the tuples.
fn held_rows(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Option<Value>, Refusal> {
    let (Some(op), Lazy::Constant(index)) = (node.op_as::<GatherNd>(), node.input(1)?) else {
        return Ok(None);
    };
    let shape = node.input_shape(0);
    let Some((&count, outer)) = index.array.shape.split_last() else {
        return Ok(None);
    };
    let sizes: Option<Vec<usize>> = { shape.iter().take(count) }.map(Dim::known).collect();
    let (Some(sizes), true) = (sizes, op.batch_dims == 0 && count > 0) else {
        return Ok(None);
    };
    if shape.iter().all(|size| size.known().is_some()) {
        return Ok(None);
    }
    let mut places = Vec::new();
    for tuple in index.array.data.chunks_exact(count) {
        let mut place = Some(0usize);
        for (&at, &size) in tuple.iter().zip(&sizes) {
            let at = usize::try_from(nearest(at)).ok().filter(|&at| at < size);
            place = place.zip(at).map(|(place, at)| place * size + at);
        }
        let place = place.and_then(|place| i64::try_from(place).ok());
        places.push(place.ok_or("an index outside of the table")?);
    }
    let mut dims = vec![Dim::from(sizes.iter().product::<usize>())];
    dims.extend_from_slice(&shape[count..]);
    let index = q.public(outer.to_vec(), places)?;
    let table = q.exact(node.input(0)?)?;
    let flat = q
        .builder
        .view(&table, vec![Step::Reshape(dims.clone())], dims)?;
    rows(q, &flat, &index).map(Some)
}

/// An axis of a tensor and the order that brings it to the end, with the order back.
pub fn last(rank: usize, axis: usize) -> [Vec<usize>; 2] {
    let mut order: Vec<usize> = (0..rank).filter(|&other| other != axis).collect();
    order.push(axis);
    let mut back: Vec<usize> = (0..rank - 1).collect();
    back.insert(axis, rank - 1);
    [order, back]
}

/// The product of sizes.
pub fn product(dims: &[Dim]) -> Dim {
    match dims {
        [] => Dim::Known(1),
        [only] => only.clone(),
        dims => {
            let known: Option<usize> = dims.iter().map(Dim::known).product();
            known.map_or_else(|| Dim::Product(dims.to_vec()), Dim::from)
        }
    }
}

/// The number of the first element of each of some rows of a flat table, shaped as the rows are, with
/// axes of size one after them.
pub fn starts(
    q: &mut Quantiser<'_>,
    outer: &[Dim],
    row_len: usize,
    after: usize,
) -> Result<Value, Refusal> {
    let row_len = i64::try_from(row_len).map_err(|_| "rows are too long")?;
    let numbers = q.iota(product(outer))?;
    let numbers = q.builder.sum(&[(row_len, &numbers)], 0, 0)?;
    let mut shape = outer.to_vec();
    shape.extend(vec![Dim::Known(1); after]);
    let step = Step::Reshape(shape.clone());
    q.builder.view(&numbers, vec![step], shape)
}

/// `y[.., k, ..] = x[.., index[.., k, ..], ..]` along an axis.
fn elements(
    q: &mut Quantiser<'_>,
    table: &Value,
    index: &Value,
    axis: usize,
) -> Result<Value, Refusal> {
    let rank = table.shape.len();
    // Rows that no index belongs to are left out.
    let mut steps = Vec::new();
    let mut kept = table.shape.clone();
    for (at, wanted) in index.shape.iter().enumerate() {
        if at != axis && kept[at] != *wanted {
            steps.push(Step::Slice {
                axis: at,
                start: Dim::Known(0),
                len: wanted.clone(),
                step: 1,
            });
            kept[at] = wanted.clone();
        }
    }
    let Some(size) = table.shape[axis].known() else {
        let table = q.builder.view(table, steps, kept)?;
        return super::open::elements(q, &table, axis, index);
    };
    let (index, reached) = in_range(q, index, size)?;
    let [order, back] = last(rank, axis);
    let permuted =
        |shape: &[Dim]| -> Vec<Dim> { order.iter().map(|&axis| shape[axis].clone()).collect() };
    let outer = permuted(&index.shape)[..rank - 1].to_vec();
    steps.push(Step::Permute(order.clone()));
    if reached > size {
        steps.push(Step::Pad {
            axis: rank - 1,
            before: Dim::Known(0),
            after: Dim::from(reached - size),
        });
    }
    let mut dims = outer.clone();
    dims.push(Dim::from(reached));
    let len = product(&dims);
    steps.push(Step::Reshape(vec![len.clone()]));
    let flat = q.builder.view(table, steps, vec![len])?;
    let shape = permuted(&index.shape);
    let own = q
        .builder
        .view(&index, vec![Step::Permute(order.clone())], shape.clone())?;
    let starts = starts(q, &outer, reached, 1)?;
    let starts = q.broadcast(&starts, &shape)?;
    let place = q.builder.sum(&[(1, &starts), (1, &own)], 0, 0)?;
    let value = rows(q, &flat, &place)?;
    q.builder
        .view(&value, vec![Step::Permute(back)], index.shape.clone())
}

/// Rows by tuples of indices, which are the last axis of `index`.
fn tuples(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    table: &Value,
    index: &Value,
    batch: usize,
) -> Result<Value, Refusal> {
    let (places, reached) = flat_places(q, &table.shape[batch..], index)?;
    let count = reached.len();
    let (mut steps, mut len) = (Vec::new(), 1);
    for (at, &reached) in reached.iter().enumerate() {
        let size = table.shape[batch + at].known().unwrap_or(reached);
        if reached > size {
            steps.push(Step::Pad {
                axis: batch + at,
                before: Dim::Known(0),
                after: Dim::from(reached - size),
            });
        }
        len *= reached;
    }
    let mut dims = vec![product(&[product(&table.shape[..batch]), Dim::from(len)])];
    dims.extend_from_slice(&table.shape[batch + count..]);
    steps.push(Step::Reshape(dims.clone()));
    let flat = q.builder.view(table, steps, dims)?;
    let place = if batch == 0 {
        places
    } else {
        let after = places.shape.len() - batch;
        let starts = starts(q, &table.shape[..batch], len, after)?;
        let starts = q.broadcast(&starts, &places.shape)?;
        q.builder.sum(&[(1, &starts), (1, &places)], 0, 0)?
    };
    let value = rows(q, &flat, &place)?;
    debug_assert_eq!(value.shape.len(), node.shape().len());
    Ok(value)
}

/// Tuples of indices as positions in the flat tensor of the axes that they belong to, and how far each
/// index can reach.
pub fn flat_places(
    q: &mut Quantiser<'_>,
    axes: &[Dim],
    index: &Value,
) -> Result<(Value, Vec<usize>), Refusal> {
    let (last, outer) = index.shape.split_last().ok_or("indices without an axis")?;
    let count = last.known().ok_or("tuples of symbolic length")?;
    let axis = outer.len();
    let mut parts = Vec::new();
    for at in 0..count {
        let size = axes.get(at).and_then(Dim::known);
        let size = size.ok_or("an index along an axis of symbolic size")?;
        let steps = vec![
            Step::Slice {
                axis,
                start: Dim::from(at),
                len: Dim::Known(1),
                step: 1,
            },
            Step::RemoveAxis(axis),
        ];
        let part = q.builder.view(index, steps, outer.to_vec())?;
        parts.push(in_range(q, &part, size)?);
    }
    let mut weight = 1i64;
    let mut terms = Vec::new();
    for (part, reached) in parts.iter().rev() {
        terms.push((weight, part));
        let reached = i64::try_from(*reached).map_err(|_| "too many elements")?;
        weight = weight.checked_mul(reached).ok_or("too many elements")?;
    }
    if terms.is_empty() {
        return Err("tuples of no index".into());
    }
    let mut place = q.builder.sum(&terms, 0, 0)?;
    place.integers = true;
    Ok((place, parts.iter().map(|(_, reached)| *reached).collect()))
}
