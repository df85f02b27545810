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

    /// Counts the entries that some rows are, by the first of equal ones; returns the first row that is none.
    pub(super) fn tally(
        &self,
        rows: &Rows,
        counts: &mut [i64],
        sources: &Sources<'_>,
    ) -> Option<usize> {
        if self.wide.is_empty() {
            return self.index.tally(&rows.narrow, counts);
        }
        let len = rows.narrow.first().map_or(0, Vec::len);
        (0..len).find(|&at| {
            let entry = self.find(rows, at, sources);
            let count = entry.and_then(|entry| counts.get_mut(entry));
            count.map(|count| *count += 1).is_none()
        })
    }

    /// The entry that is equal to a row.
    fn find(&self, rows: &Rows, at: usize, sources: &Sources<'_>) -> Option<usize> {
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
    /// The first value, if the entries are single values that ascend by one; nothing is sorted then.
    from: Option<i64>,
}

impl Index {
    fn new(components: Vec<Vec<i64>>) -> Self {
        let len = components.first().map_or(0, Vec::len);
        if let Some(from) = ascending(&components) {
            return Self {
                components,
                order: Vec::new(),
                first: (0..len).collect(),
                starts: None,
                from: Some(from),
            };
        }
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
            from: None,
        }
    }

    /// Counts the entries that some rows are, by the first of equal ones; returns the first row that is none.
    fn tally(&self, rows: &[Vec<i64>], counts: &mut [i64]) -> Option<usize> {
        let mut count = |entry: Option<usize>| {
            let count = entry.and_then(|entry| counts.get_mut(entry));
            count.map(|count| *count += 1).is_some()
        };
        if let (Some(from), [values]) = (self.from, rows) {
            let entry = |value: i64| usize::try_from(value.checked_sub(from)?).ok();
            return values.iter().position(|&value| !count(entry(value)));
        }
        let len = rows.first().map_or(0, Vec::len);
        let mut tuple = alloc::vec![0; rows.len()];
        (0..len).find(|&at| {
            for (component, values) in tuple.iter_mut().zip(rows) {
                *component = values.get(at).copied().unwrap_or(0);
            }
            !count(self.find(&tuple))
        })
    }

    /// The first entry with this tuple.
    fn find(&self, tuple: &[i64]) -> Option<usize> {
        if let Some(from) = self.from {
            let entry = usize::try_from(tuple.first()?.checked_sub(from)?).ok()?;
            return (entry < self.first.len()).then_some(entry);
        }
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

/// The first of single values that ascend by one.
fn ascending(components: &[Vec<i64>]) -> Option<i64> {
    let [values] = components else { return None };
    let steps = values.iter().zip(values.iter().skip(1));
    let ascends = { steps }.all(|(&a, &b)| a.checked_add(1) == Some(b));
    values.first().copied().filter(|_| ascends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_alike_whether_entries_ascend_by_one_or_not() {
        let rows = [alloc::vec![7, 5, 7, 6, 7]];
        for (entries, ascend, expected) in [
            ([5, 6, 7], true, [1, 1, 3]),
            ([7, 5, 6], false, [3, 1, 1]),
            ([5, 7, 6], false, [1, 3, 1]),
        ] {
            let index = Index::new(alloc::vec![entries.to_vec()]);
            assert_eq!(index.from.is_some(), ascend);
            let mut counts = alloc::vec![0; 3];
            assert_eq!(index.tally(&rows, &mut counts), None);
            assert_eq!(counts, expected);
            // The first row that is no entry is named, below and above the entries.
            for outside in [4, 8, i64::MIN, i64::MAX] {
                let rows = [alloc::vec![6, outside, 5, outside]];
                assert_eq!(index.tally(&rows, &mut counts), Some(1));
            }
        }
    }

    #[test]
    fn entries_that_are_equal_count_at_the_first() {
        let index = Index::new(alloc::vec![alloc::vec![1, 1, 2]]);
        let mut counts = alloc::vec![0; 3];
        assert_eq!(index.tally(&[alloc::vec![1, 2, 1]], &mut counts), None);
        assert_eq!(counts, [2, 0, 1]);
    }
}
