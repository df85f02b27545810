//! Finding tuples among the entries of a table.

use super::evaluate::Sources;
use crate::combination::Combination;
use crate::shape;
use crate::view::View;
use alloc::vec::Vec;

/// The entries of a table.
pub(super) struct Entries<'a> {
    /// By their components, the wide ones excepted where the others tell all entries apart.
    pub(super) index: Index,
    /// The shape of the entries' indices.
    shape: &'a [usize],
    /// The wide components that the index does not hold: they are evaluated where they are looked up.
    wide: Vec<&'a Combination>,
}

/// Tuples to be found among entries.
pub(super) struct Rows {
    /// What the index is asked for.
    narrow: Vec<Vec<i64>>,
    /// The rest, one row after the other.
    wide: Vec<Vec<i64>>,
}

impl<'a> Entries<'a> {
    pub(super) fn new(tuple: &'a [Combination], sources: &Sources<'_>) -> Self {
        let shape = tuple.first().map_or(&[][..], Combination::shape);
        let (narrow, wide) = parts(tuple);
        let mut components: Vec<Vec<i64>> = { narrow.iter() }
            .map(|part| sources.combination(part))
            .collect();
        let index = Index::new(components.clone());
        let is_first = |(at, &first): (usize, &usize)| at == first;
        if wide.is_empty() || index.first.iter().enumerate().all(is_first) {
            return Self { index, shape, wide };
        }
        components.extend(wide.iter().flat_map(|part| spread(part, shape, sources)));
        Self {
            index: Index::new(components),
            shape,
            wide: Vec::new(),
        }
    }

    /// Evaluates rows that are to be found among these entries.
    pub(super) fn rows(&self, row: &[Combination], sources: &Sources<'_>) -> Rows {
        let shape = row.first().map_or(&[][..], Combination::shape);
        let (narrow, wide) = parts(row);
        let mut rows = Rows {
            narrow: { narrow.iter() }
                .map(|part| sources.combination(part))
                .collect(),
            wide: Vec::new(),
        };
        if self.wide.is_empty() {
            let more = wide.iter().flat_map(|part| spread(part, shape, sources));
            rows.narrow.extend(more);
        } else {
            rows.wide = wide.iter().map(|part| sources.combination(part)).collect();
        }
        rows
    }

    /// The first entry that is equal to a row.
    pub(super) fn find(&self, rows: &Rows, at: usize, sources: &Sources<'_>) -> Option<usize> {
        let narrow: Option<Vec<i64>> = { rows.narrow.iter() }
            .map(|values| values.get(at).copied())
            .collect();
        let entry = self.index.find(&narrow?)?;
        let indices = shape::unravel(self.shape, entry);
        let is_equal = |(part, values): (&&Combination, &Vec<i64>)| {
            let wanted = element(part, &indices, sources)?;
            let start = at.checked_mul(wanted.len())?;
            let found = values.get(start..start.checked_add(wanted.len())?)?;
            Some(found == wanted)
        };
        let mut wide = self.wide.iter().zip(&rows.wide);
        wide.all(|pair| is_equal(pair) == Some(true))
            .then_some(entry)
    }
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.narrow.first().map_or(0, Vec::len)
    }
}

/// The components that have one value per index, and the wide ones.
fn parts(tuple: &[Combination]) -> (Vec<&Combination>, Vec<&Combination>) {
    let rank = tuple.first().map_or(0, |first| first.shape().len());
    { tuple.iter() }.partition(|part| part.shape().len() == rank)
}

/// A wide component as narrow ones.
fn spread(part: &Combination, index: &[usize], sources: &Sources<'_>) -> Vec<Vec<i64>> {
    let values = sources.combination(part);
    let len = shape::len(index).unwrap_or(0);
    let width = values.len().checked_div(len).unwrap_or(0);
    (0..width)
        .map(|at| values.iter().skip(at).step_by(width).copied().collect())
        .collect()
}

/// The values of a wide component at one index.
fn element(part: &Combination, indices: &[usize], sources: &Sources<'_>) -> Option<Vec<i64>> {
    let mut shape = part.shape().to_vec();
    for (size, _) in shape.iter_mut().zip(indices) {
        *size = 1;
    }
    let slice = |view: View| {
        { indices.iter().enumerate() }
            .try_fold(view, |view, (axis, &index)| view.slice(axis, index, 1, 1))
    };
    let part = part.clone().map(&shape, slice).ok()?;
    Some(sources.combination(&part))
}

/// An index of the tuples of a table.
pub(super) struct Index {
    components: Vec<Vec<i64>>,
    /// The entries by tuple, then by position.
    order: Vec<usize>,
    /// Per entry the first entry with the same tuple.
    pub(super) first: Vec<usize>,
    /// Where in `order` the entries with each value of the first component begin, from its smallest
    /// value on, if the values lie dense enough.
    starts: Option<(i64, Vec<usize>)>,
}

impl Index {
    fn new(components: Vec<Vec<i64>>) -> Self {
        let len = components.first().map_or(0, Vec::len);
        let tuple = |entry: usize| {
            components
                .iter()
                .map(move |values| values.get(entry).copied())
        };
        let mut order: Vec<usize> = (0..len).collect();
        order.sort_by(|&a, &b| tuple(a).cmp(tuple(b)).then(a.cmp(&b)));
        let mut first: Vec<usize> = (0..len).collect();
        for (&a, &b) in order.iter().zip(order.iter().skip(1)) {
            if tuple(a).eq(tuple(b)) {
                let same = first.get(a).copied();
                if let (Some(entry), Some(same)) = (first.get_mut(b), same) {
                    *entry = same;
                }
            }
        }
        let starts = components.first().and_then(|values| {
            let (lo, hi) = (values.iter().copied().min()?, values.iter().copied().max()?);
            let span = usize::try_from(hi.checked_sub(lo)?).ok()?;
            if span > 4 * len + 1024 {
                return None;
            }
            let mut starts = alloc::vec![0usize; span + 2];
            for &value in values {
                let bucket = usize::try_from(value.checked_sub(lo)?).ok()?;
                *starts.get_mut(bucket + 1)? += 1;
            }
            let mut sum = 0;
            for start in &mut starts {
                sum += *start;
                *start = sum;
            }
            Some((lo, starts))
        });
        Self {
            components,
            order,
            first,
            starts,
        }
    }

    /// The first entry with this tuple.
    fn find(&self, tuple: &[i64]) -> Option<usize> {
        let bucket = match &self.starts {
            None => self.order.as_slice(),
            Some((lo, starts)) => {
                let value = usize::try_from(tuple.first()?.checked_sub(*lo)?).ok()?;
                self.order
                    .get(*starts.get(value)?..*starts.get(value + 1)?)?
            }
        };
        let entry = |entry: usize| {
            self.components
                .iter()
                .map(move |values| values.get(entry).copied())
        };
        let wanted = || tuple.iter().map(|&value| Some(value));
        let at = bucket.partition_point(|&candidate| entry(candidate).lt(wanted()));
        bucket
            .get(at)
            .copied()
            .filter(|&found| entry(found).eq(wanted()))
    }
}
