//! Rows of a table by index: embeddings.

use super::index::{in_range, rows, whole};
use super::prelude::*;
use tract_onnx::tract_core::ops::array::Gather;

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<Gather>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let op = node.op_as::<Gather>().ok_or("no gathering")?;
    let table = q.arranged(node.input(0)?)?;
    let size = table.shape[op.axis].known();
    if let Some(value) = at_positions(q, node, &table, op.axis)? {
        return Ok(vec![value.into()]);
    }
    let value = match node.input(1)? {
        Lazy::Constant(index) => fixed(q, node, &table, op.axis, index, size)?,
        index @ Lazy::Pointwise(_) => {
            let index = whole(q, index)?;
            match size {
                Some(size) => at_runtime(q, node, &table, op.axis, &index, size)?,
                None => super::open::rows(q, &table, op.axis, &index)?,
            }
        }
    };
    Ok(vec![value.into()])
}

/// Rows at positions that follow from the index alone.
fn at_positions(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    table: &Value,
    axis: usize,
) -> Result<Option<Value>, Refusal> {
    let Lazy::Pointwise(Pointwise { base, expr, .. }) = node.input(1)? else {
        return Ok(None);
    };
    match &base.position {
        Some(position) if *expr == Expr::Variable => {
            let (position, shape) = (position.clone(), base.shape.clone());
            super::locate::located(q, table, axis, &[position], &shape)
        }
        _ => Ok(None),
    }
}

/// Rows that the graph names: slices one after the other.
fn fixed(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    table: &Value,
    axis: usize,
    index: &Constant,
    size: Option<usize>,
) -> Result<Value, Refusal> {
    const MOST: usize = 4096;
    let len = size.map(|size| i64::try_from(size).unwrap_or(i64::MAX));
    let rows: Vec<i64> = { index.array.data.iter() }
        .map(|&row| match (nearest(row), len) {
            // Rows of symbolic number are counted when the program is bound.
            (row, None) => Some(row),
            (row, Some(len)) if row < 0 => (row >= -len).then(|| row + len),
            (row, Some(len)) => (row < len).then_some(row),
        })
        .collect::<Option<Vec<i64>>>()
        .ok_or("an index outside of the table")?;
    if rows.len() > MOST {
        return Err(format!("more than {MOST} fixed indices"));
    }
    let mut parts: Vec<Value> = Vec::new();
    let mut start = 0;
    while start < rows.len() {
        // Runs of neighbours are one slice; the first row does not follow the last one.
        let first = rows[start];
        let run = rows[start..].iter().zip(first..);
        let next = |(row, next): &(&i64, i64)| **row == *next && (*next < 0) == (first < 0);
        let len = run.take_while(next).count();
        let mut shape = table.shape.clone();
        shape[axis] = Dim::from(len);
        let step = Step::Slice {
            axis,
            start: if first < 0 {
                Dim::Sum(vec![table.shape[axis].clone(), Dim::Known(first)])
            } else {
                Dim::Known(first)
            },
            len: Dim::from(len),
            step: 1,
        };
        parts.push(q.builder.view(table, vec![step], shape)?);
        start += len;
    }
    let mut shape = table.shape.clone();
    shape[axis] = Dim::from(rows.len());
    let joined = match &parts[..] {
        [] => return Err("no index".into()),
        [only] => only.clone(),
        _ => q.builder.concatenate(axis, &parts, shape)?,
    };
    if index.array.shape.len() == 1 {
        return Ok(joined);
    }
    let wanted = node.shape().to_vec();
    q.builder
        .view(&joined, vec![Step::Reshape(wanted.clone())], wanted)
}

/// Rows that an index selects when the program runs.
fn at_runtime(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    table: &Value,
    axis: usize,
    index: &Value,
    size: usize,
) -> Result<Value, Refusal> {
    // The table goes on in zeros as far as the index can reach.
    let (index, reached) = in_range(q, index, size)?;
    let rank = table.shape.len();
    let mut order: Vec<usize> = (0..rank).filter(|&other| other != axis).collect();
    order.insert(0, axis);
    let mut shape: Vec<Dim> = order
        .iter()
        .map(|&axis| table.shape[axis].clone())
        .collect();
    let mut steps = vec![Step::Permute(order)];
    if reached > size {
        shape[0] = Dim::from(reached);
        steps.push(Step::Pad {
            axis: 0,
            before: Dim::Known(0),
            after: Dim::from(reached - size),
        });
    }
    let table = q.builder.view(table, steps, shape)?;
    let value = rows(q, &table, &index)?;
    if axis == 0 {
        return Ok(value);
    }
    // The axes of the index go where the axis of the table was.
    let count = index.shape.len();
    let order: Vec<usize> = (count..count + axis)
        .chain(0..count)
        .chain(count + axis..count + rank - 1)
        .collect();
    q.builder
        .view(&value, vec![Step::Permute(order)], node.shape().to_vec())
}
