//! Elements that an index puts in place of others, or adds to them.
//!
//! With `hit[k, n]` for whether the k-th update goes to place `n`, sums are `x + hit . updates`. Where
//! updates replace, the last of several for one place counts: `last = hit`, unless a later one hits too,
//! and the result is `(1 - sum last) x + last . updates`.

use super::arithmetic::{larger, product};
use super::cumulate::cumulated;
use super::elements::{flat_places, last, product as size_of};
use super::index::{one_hot, whole};
use super::logic::select;
use super::prelude::*;
use program::operator::Contract;
use relation::interval::Wide;
use tract_onnx::tract_core::ops::array::{ScatterElements, ScatterNd, ScatterReduction};

pub const FAMILY: Family = Family { applies, lower };

fn applies(node: &TypedNode) -> bool {
    node.op.is::<ScatterElements>() || node.op.is::<ScatterNd>()
}

fn lower(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Vec<Lazy>, Refusal> {
    let along = node.op_as::<ScatterElements>();
    let tuples = node.op_as::<ScatterNd>();
    let reduction = along.map(|op| op.reduction);
    let reduction = reduction.or(tuples.map(|op| op.reduction));
    let reduction = reduction.ok_or("no scattering")?;
    if reduction == ScatterReduction::None
        && let Some(value) = super::arrange::fixed(q, node, &[0, 2])?
    {
        return Ok(vec![value.into()]);
    }
    let x = q.exact(node.input(0)?)?;
    let index = whole(q, node.input(1)?)?;
    let updates = q.exact(node.input(2)?)?;
    let aligned = q.aligned(&[x, updates])?;
    let scatter = Scatter {
        x: aligned[0].clone(),
        index,
        updates: aligned[1].clone(),
        reduction,
    };
    let value = match along {
        Some(op) => scatter.along(q, op.axis)?,
        None => scatter.tuples(q)?,
    };
    Ok(vec![value.into()])
}

struct Scatter {
    x: Value,
    index: Value,
    updates: Value,
    reduction: ScatterReduction,
}

impl Scatter {
    /// Updates along an axis.
    fn along(self, q: &mut Quantiser<'_>, axis: usize) -> Result<Value, Refusal> {
        let rank = self.x.shape.len();
        let [order, back] = last(rank, axis);
        let size = self.x.shape[axis].known();
        let size = size.ok_or("an index along an axis of symbolic size")?;
        let hits = one_hot(q, &self.index, size)?;
        // Rows without an update are hit by none.
        let mut pads = Vec::new();
        let (mut shape, mut padded) = (self.index.shape.clone(), false);
        for (at, (own, wanted)) in self.index.shape.iter().zip(&self.x.shape).enumerate() {
            if at != axis && own != wanted {
                let sizes = own.known().zip(wanted.known());
                let (own, wanted) = sizes.ok_or("updates of symbolic number")?;
                pads.push(Step::Pad {
                    axis: at,
                    before: Dim::Known(0),
                    after: Dim::from(wanted - own),
                });
                (shape[at], padded) = (Dim::from(wanted), true);
            }
        }
        let (mut hits, mut updates) = (hits, self.updates.clone());
        if padded {
            updates = q.builder.view(&updates, pads.clone(), shape.clone())?;
            let mut dims = shape.clone();
            dims.push(Dim::from(size));
            hits = q.builder.view(&hits, pads, dims)?;
        }
        let outer: Vec<Dim> = order[..rank - 1]
            .iter()
            .map(|&at| shape[at].clone())
            .collect();
        let rows = size_of(&outer);
        let count = shape[axis].clone();
        let mut hit_order = order.clone();
        hit_order.push(rank);
        let mut three = |value: &Value, order: &[usize], dims: [Dim; 3]| {
            let steps = vec![Step::Permute(order.to_vec()), Step::Reshape(dims.to_vec())];
            q.builder.view(value, steps, dims.to_vec())
        };
        let n = Dim::from(size);
        let x = three(&self.x, &order, [rows.clone(), n.clone(), Dim::Known(1)])?;
        let updates = three(
            &updates,
            &order,
            [rows.clone(), count.clone(), Dim::Known(1)],
        )?;
        let hits = three(&hits, &hit_order, [rows, count, n.clone()])?;
        let value = self.reduced(q, &x, &hits, &updates)?;
        let mut permuted = outer;
        permuted.push(n);
        let value = exact(q, &value)?;
        let steps = vec![Step::Reshape(permuted), Step::Permute(back)];
        q.builder.view(&value, steps, self.x.shape.clone())
    }

    /// Updates of slices that tuples of indices name.
    fn tuples(self, q: &mut Quantiser<'_>) -> Result<Value, Refusal> {
        let (places, reached) = flat_places(q, &self.x.shape, &self.index)?;
        let count = reached.len();
        let rest = size_of(&self.x.shape[count..]);
        let n: usize = reached.iter().product();
        let updates = size_of(&places.shape);
        let flat = vec![updates.clone()];
        let places = q
            .builder
            .view(&places, vec![Step::Reshape(flat.clone())], flat)?;
        let hits = one_hot(q, &places, n)?;
        let (mut steps, mut back) = (Vec::new(), Vec::new());
        let mut dims: Vec<Dim> = reached.iter().map(|&size| Dim::from(size)).collect();
        dims.extend_from_slice(&self.x.shape[count..]);
        back.push(Step::Reshape(dims));
        for (axis, &reached) in reached.iter().enumerate() {
            let size = self.x.shape[axis].known().unwrap_or(reached);
            if reached > size {
                steps.push(Step::Pad {
                    axis,
                    before: Dim::Known(0),
                    after: Dim::from(reached - size),
                });
                back.push(Step::Slice {
                    axis,
                    start: Dim::Known(0),
                    len: Dim::from(size),
                    step: 1,
                });
            }
        }
        let mut three = |value: &Value, mut steps: Vec<Step<Dim>>, dims: [Dim; 3]| {
            steps.push(Step::Reshape(dims.to_vec()));
            q.builder.view(value, steps, dims.to_vec())
        };
        let one = Dim::Known(1);
        let n = Dim::from(n);
        let x = three(&self.x, steps, [one.clone(), n.clone(), rest.clone()])?;
        let own = [one.clone(), updates.clone(), rest];
        let new = three(&self.updates, Vec::new(), own)?;
        let hits = three(&hits, Vec::new(), [one, updates, n])?;
        let value = self.reduced(q, &x, &hits, &new)?;
        let value = exact(q, &value)?;
        q.builder.view(&value, back, self.x.shape.clone())
    }

    /// `x [r, n, s]` with updates `[r, k, s]` where `hits [r, k, n]` is one.
    fn reduced(
        &self,
        q: &mut Quantiser<'_>,
        x: &Value,
        hits: &Value,
        updates: &Value,
    ) -> Result<Value, Refusal> {
        match self.reduction {
            ScatterReduction::None => replaced(q, x, hits, updates),
            ScatterReduction::Add => {
                let added = at_hits(q, x, hits, updates)?;
                q.builder.sum(&[(1, x), (1, &added)], 0, x.bits)
            }
            _ => one_by_one(q, x, hits, updates, self.reduction),
        }
    }
}

/// The value without products.
fn exact(q: &mut Quantiser<'_>, x: &Value) -> Result<Value, Refusal> {
    if x.exact {
        Ok(x.clone())
    } else {
        q.builder.rescale(x, 0)
    }
}

/// `sum_k hits[r, k, n] updates[r, k, s]`.
fn at_hits(
    q: &mut Quantiser<'_>,
    x: &Value,
    hits: &Value,
    updates: &Value,
) -> Result<Value, Refusal> {
    let operator = Contract {
        rank: 3,
        a_labels: vec![0, 3, 1],
        b_labels: vec![0, 3, 2],
    };
    q.builder.contract(operator, hits, updates, x.shape.clone())
}

fn replaced(
    q: &mut Quantiser<'_>,
    x: &Value,
    hits: &Value,
    updates: &Value,
) -> Result<Value, Refusal> {
    let last = if is_one(&hits.shape[1]) {
        hits.clone()
    } else {
        let later = cumulated(q, hits, 1, true, true)?;
        let alone = q.builder.sum(&[(1, hits), (-1, &later)], -1, 0)?;
        q.is_at_least_zero(&alone)?
    };
    let shape = vec![x.shape[0].clone(), x.shape[1].clone()];
    let hit = q.builder.view(&last, vec![Step::Sum(1)], shape)?;
    let stays = q.builder.sum(&[(-1, &hit)], 1, 0)?;
    let operator = Contract {
        rank: 3,
        a_labels: vec![0, 1],
        b_labels: vec![0, 1, 2],
    };
    let own = q.builder.contract(operator, &stays, x, x.shape.clone())?;
    let new = at_hits(q, x, &last, updates)?;
    let mut value = q.builder.sum(&[(1, &own), (1, &new)], 0, x.bits)?;
    // At most one of the updates of a place counts.
    value.known = x.known.hull(updates.known).hull(Wide::ZERO);
    value.fixed = x.fixed && updates.fixed;
    value.range = (
        x.range.0.min(updates.range.0),
        x.range.1.max(updates.range.1),
    );
    Ok(value)
}

/// The most updates that are made one after the other.
const MOST: usize = 256;

fn one_by_one(
    q: &mut Quantiser<'_>,
    x: &Value,
    hits: &Value,
    updates: &Value,
    reduction: ScatterReduction,
) -> Result<Value, Refusal> {
    let count = hits.shape[1].known().filter(|&count| count <= MOST);
    let count = count.ok_or_else(|| format!("more than {MOST} updates by a product or extreme"))?;
    let mut value = x.clone();
    for at in 0..count {
        let mut own = |value: &Value, new_axis: usize, size: &Dim| {
            let mut dims = value.shape.clone();
            dims.remove(1);
            dims.insert(new_axis, size.clone());
            let steps = vec![
                Step::Slice {
                    axis: 1,
                    start: Dim::from(at),
                    len: Dim::Known(1),
                    step: 1,
                },
                Step::RemoveAxis(1),
                Step::InsertAxis(new_axis),
                Step::Broadcast {
                    axis: new_axis,
                    size: size.clone(),
                },
            ];
            q.builder.view(value, steps, dims)
        };
        let hit = own(hits, 2, &x.shape[2])?;
        let update = own(updates, 1, &x.shape[1])?;
        let next = match reduction {
            ScatterReduction::Mul => {
                let mut next = product(q, &x.shape, &value, &update)?;
                next.range = x.range;
                next.integers = x.integers;
                q.narrow(&next)?
            }
            ScatterReduction::Min => larger(q, &value, &update, -1)?,
            _ => larger(q, &value, &update, 1)?,
        };
        let range = next.range;
        value = select(q, &[hit, next, value])?;
        value.range = range;
        value.integers = x.integers;
    }
    Ok(value)
}
