//! Elements at positions that follow from the index alone: views instead of lookups.

use super::prelude::*;
use crate::quantise::position::Position;
use tract_onnx::tract_core::ops::array::{GatherElements, GatherNd};

/// What a GatherElements or GatherND selects, if its indices follow from their own places; else nothing.
pub fn at_positions(q: &mut Quantiser<'_>, node: &Node<'_>) -> Result<Option<Value>, Refusal> {
    let Lazy::Pointwise(Pointwise { base, expr, .. }) = node.input(1)? else {
        return Ok(None);
    };
    if *expr != Expr::Variable {
        return Ok(None);
    }
    let base = base.clone();
    if let Some(op) = node.op_as::<GatherElements>() {
        return elements(q, node, op.axis, &base);
    }
    let op = node.op_as::<GatherNd>().ok_or("no gathering")?;
    let positions = components(q, &base).into_iter().collect::<Option<Vec<_>>>();
    let Some(positions) = positions.filter(|_| op.batch_dims == 0) else {
        return Ok(None);
    };
    let mut shape = base.shape.clone();
    shape.pop();
    let table = q.arranged(node.input(0)?)?;
    located(q, &table, 0, &positions, &shape)
}

/// Elements at one position along an axis and at the index itself along all others.
fn elements(
    q: &mut Quantiser<'_>,
    node: &Node<'_>,
    axis: usize,
    index: &Value,
) -> Result<Option<Value>, Refusal> {
    let Some(own) = index.position.clone() else {
        return Ok(None);
    };
    let rank = index.shape.len();
    let at = |other: usize| {
        let mut position = Position::number(Dim::Known(0), rank);
        position.factors[other] = Dim::Known(1);
        position
    };
    let positions = (0..rank).map(|other| {
        if other == axis {
            own.clone()
        } else {
            at(other)
        }
    });
    let positions: Vec<Position> = positions.collect();
    let table = q.arranged(node.input(0)?)?;
    located(q, &table, 0, &positions, &index.shape)
}

/// Where each of the tuples that are the last axis of an index points, as far as that follows from its own place.
pub fn components(q: &Quantiser<'_>, index: &Value) -> Vec<Option<Position>> {
    match q.concatenations.get(&index.id) {
        Some(parts) => parts.iter().map(component).collect(),
        None => vec![component(index)],
    }
}

/// The position without the last axis, which has size one.
fn component(part: &Value) -> Option<Position> {
    part.shape.last().filter(|dim| is_one(dim))?;
    let mut position = part.position.clone()?;
    position.factors.pop();
    Some(position)
}

/// An axis of the elements that are being selected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    /// One of the table.
    Table(usize),
    /// One of the index.
    Index(usize),
}

/// Steps in the making, with what each axis is and how long.
struct Path {
    steps: Vec<Step<Dim>>,
    axes: Vec<(Axis, Dim)>,
}

/// The elements of a table whose axes from `first` on are at these positions, of indices of some shape; the axes of
/// the index stand where those of the table were. Nothing if the positions are no arrangement of whole axes.
///
/// Where a position lies outside of the table for some sizes, these sizes have no program.
pub fn located(
    q: &mut Quantiser<'_>,
    table: &Value,
    first: usize,
    positions: &[Position],
    index: &[Dim],
) -> Result<Option<Value>, Refusal> {
    let rank = table.shape.len();
    let axes = table.shape.iter().enumerate();
    let mut path = Path {
        steps: Vec::new(),
        axes: axes
            .map(|(axis, dim)| (Axis::Table(axis), dim.clone()))
            .collect(),
    };
    for (at, position) in positions.iter().enumerate() {
        if path.select(q, first + at, position, index).is_none() {
            return Ok(None);
        }
    }
    for (axis, size) in index.iter().enumerate() {
        if !path.axes.iter().any(|(own, _)| *own == Axis::Index(axis)) {
            path.repeat(axis, size);
        }
    }
    let after = first + positions.len();
    let order = { (0..first).map(Axis::Table) }
        .chain((0..index.len()).map(Axis::Index))
        .chain((after..rank).map(Axis::Table));
    let places: Option<Vec<usize>> = order
        .map(|axis| path.axes.iter().position(|(own, _)| *own == axis))
        .collect();
    let Some(places) = places.filter(|places| places.len() == path.axes.len()) else {
        return Ok(None);
    };
    let shape = places
        .iter()
        .map(|&place| path.axes[place].1.clone())
        .collect();
    path.steps.push(Step::Permute(places));
    q.builder.view(table, path.steps, shape).map(Some)
}

impl Path {
    /// Replaces an axis of the table by those axes of the index that its positions depend on.
    fn select(
        &mut self,
        q: &Quantiser<'_>,
        axis: usize,
        position: &Position,
        index: &[Dim],
    ) -> Option<()> {
        let place = self
            .axes
            .iter()
            .position(|(own, _)| *own == Axis::Table(axis))?;
        let factors = position.factors.iter().enumerate();
        let mut used: Vec<(usize, &Dim)> =
            factors.filter(|(_, dim)| dim.known() != Some(0)).collect();
        let is_free = |(at, _): &(usize, &Dim)| {
            { self.axes.iter() }.all(|(own, _)| *own != Axis::Index(*at)) && *at < index.len()
        };
        if !used.iter().all(is_free) {
            return None;
        }
        // The axis that varies fastest comes last.
        used.sort_by_key(|(_, factor)| std::cmp::Reverse(q.size(factor).unwrap_or(usize::MAX)));
        let start = position.constant.clone();
        match &used[..] {
            [] => {
                self.steps.push(slice(place, start, Dim::Known(1), 1));
                self.steps.push(Step::RemoveAxis(place));
                self.axes.remove(place);
            }
            [(at, factor)] => {
                let step = factor.known().filter(|&step| step > 0)?;
                self.steps
                    .push(slice(place, start, index[*at].clone(), step));
                self.axes[place] = (Axis::Index(*at), index[*at].clone());
            }
            several => {
                // Row-major order of several axes, all of the table's.
                let mut stride = Dim::Known(1);
                for (at, factor) in several.iter().rev() {
                    same(q, factor, &stride).then_some(())?;
                    stride = crate::quantise::position::times(&stride, &index[*at]);
                }
                let whole = start.known() == Some(0) && same(q, &stride, &self.axes[place].1);
                whole.then_some(())?;
                let own = several
                    .iter()
                    .map(|(at, _)| (Axis::Index(*at), index[*at].clone()));
                self.axes.splice(place..=place, own);
                let shape = self.axes.iter().map(|(_, dim)| dim.clone());
                self.steps.push(Step::Reshape(shape.collect()));
            }
        }
        Some(())
    }

    /// A new axis at the end, along which nothing changes.
    fn repeat(&mut self, axis: usize, size: &Dim) {
        let place = self.axes.len();
        self.steps.push(Step::InsertAxis(place));
        if !is_one(size) {
            let size = size.clone();
            self.steps.push(Step::Broadcast { axis: place, size });
        }
        self.axes.push((Axis::Index(axis), size.clone()));
    }
}

fn slice(axis: usize, start: Dim, len: Dim, step: usize) -> Step<Dim> {
    Step::Slice {
        axis,
        start,
        len,
        step,
    }
}

/// Whether two sizes agree; where they do not after all, some sizes have no program.
fn same(q: &Quantiser<'_>, a: &Dim, b: &Dim) -> bool {
    agree(q.builder.reference().len(), a, b)
}

/// Whether two sizes agree for some values of so many symbols: small ones, and others without a pattern.
fn agree(count: usize, a: &Dim, b: &Dim) -> bool {
    let starts = [1, 2, 3, 4, 5, 6, 7, 11, 29];
    let samples = starts
        .iter()
        .flat_map(|start| [(start, 0), (start, 1), (start, 6)]);
    let mut sizes = samples.map(|(start, step)| {
        let symbols: Vec<usize> = (0..count).map(|at| start + step * at).collect();
        [a.bind(&symbols).ok(), b.bind(&symbols).ok()]
    });
    // Where neither is a size there is nothing to agree on.
    a == b || (a.bind(&vec![29; count]).is_ok() && sizes.all(|[a, b]| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_differ_for_small_symbols_do_not_agree() {
        let n = || Dim::Symbol(0);
        let sum = Dim::Sum(vec![n(), n()]);
        let product = Dim::Product(vec![Dim::Known(2), n()]);
        assert!(agree(1, &sum, &product));
        for least in [2, 7] {
            let most = Dim::Max(vec![n(), Dim::Known(least)]);
            assert!(!agree(1, &most, &n()));
        }
        // No size below four, and the same from there.
        let less = |from: i64| Dim::Sum(vec![n(), Dim::Known(from), Dim::Known(-from - 3)]);
        assert!(agree(1, &less(0), &less(1)));
    }
}
