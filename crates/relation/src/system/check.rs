//! What a system accepts: the reference that every proof is compared with.

use super::evaluate::Sources;
use super::intervals::factors;
use super::{Assignment, Relation, Role, System, Value};
use crate::combination::{Combination, Einsum};
use crate::interval::Interval;
use crate::shape;
use crate::tensor::{Data, Tensor};
use alloc::{string::String, vec::Vec};
use thiserror::Error;

/// The first thing that an assignment violates.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// There are more or fewer tensors than columns.
    #[error("expected {expected} columns, found {found}")]
    Columns {
        /// Number of columns of the system.
        expected: usize,
        /// Number of tensors.
        found: usize,
    },
    /// There are more or fewer tensors than public tensors that a statement gives.
    #[error("expected {expected} public tensors in the statement, found {found}")]
    Statement {
        /// Number of public tensors that a statement gives.
        expected: usize,
        /// Number of tensors.
        found: usize,
    },
    /// A tensor has another shape than its column or public tensor, or another number of values.
    #[error("{name}: expected shape {expected:?}, found {found:?}")]
    Shape {
        /// Name of the column or public tensor.
        name: String,
        /// Its shape.
        expected: Vec<usize>,
        /// Shape of the tensor.
        found: Vec<usize>,
    },
    /// A value is outside the interval of its column or public tensor.
    #[error("{name}{index:?}: {value} is outside {interval:?}")]
    Interval {
        /// Name of the column or public tensor.
        name: String,
        /// Where.
        index: Vec<usize>,
        /// The value.
        value: i64,
        /// Where it should lie.
        interval: Interval,
    },
    /// A linear relation does not hold.
    #[error("{name}{index:?}: expected 0, found {value}")]
    Linear {
        /// Name of the relation.
        name: String,
        /// The first index at which it fails.
        index: Vec<usize>,
        /// Value of the sum.
        value: i128,
    },
    /// A product relation does not hold.
    #[error("{name}{index:?}: the left side is {left}, the right side {right}")]
    Product {
        /// Name of the relation.
        name: String,
        /// The first index at which it fails.
        index: Vec<usize>,
        /// Value of the left side.
        left: i128,
        /// Value of the right side.
        right: i128,
    },
    /// A tuple is not in the table.
    #[error("{name}{index:?}: {row:?} is no entry of table {table}")]
    Lookup {
        /// Name of the relation.
        name: String,
        /// The first index at which it fails.
        index: Vec<usize>,
        /// The tuple.
        row: Vec<i128>,
        /// Name of the table.
        table: String,
    },
    /// An entry is counted wrongly. Equal entries count together, at the first of them.
    #[error("multiplicity of {table}{index:?}: expected {expected}, found {found}")]
    Multiplicity {
        /// Name of the table.
        table: String,
        /// Where.
        index: Vec<usize>,
        /// How often the entry is looked up.
        expected: i64,
        /// What the column says.
        found: i128,
    },
}

impl System {
    /// Whether an assignment satisfies the system; every relation over the integers.
    ///
    /// Cost: every multiply-add of every einsum. A reference, not a prover.
    /// Errors: the first [`Violation`]: shapes, then intervals, then linear and product relations in
    /// order, then lookups in order, then multiplicities.
    pub fn check(&self, assignment: &Assignment) -> Result<(), Violation> {
        let sources = self.sources(assignment)?;
        for (column, tensor) in self.columns.iter().zip(&assignment.columns) {
            check_shape(&column.name, &column.shape, tensor)?;
            if column.role != Role::Multiplicity {
                check_interval(&column.name, column.interval, tensor)?;
            }
        }
        for relation in &self.relations {
            self.check_relation(relation, &sources)?;
        }
        let counts = self.counts(&sources)?;
        for (table, (counts, index)) in self.tables.iter().zip(counts) {
            let Some(found) = assignment.columns.get(table.multiplicity.0) else {
                continue;
            };
            let mut sums = alloc::vec![0i128; counts.len()];
            for (entry, &first) in index.first.iter().enumerate() {
                if let Some(sum) = sums.get_mut(first) {
                    *sum += i128::from(found.data.get(entry).unwrap_or(0));
                }
            }
            let wrong = sums
                .iter()
                .zip(&counts)
                .position(|(&sum, &count)| sum != count.into());
            if let Some(at) = wrong {
                return Err(Violation::Multiplicity {
                    table: table.name.clone(),
                    index: shape::unravel(&found.shape, at),
                    expected: counts.get(at).copied().unwrap_or(0),
                    found: sums.get(at).copied().unwrap_or(0),
                });
            }
        }
        Ok(())
    }

    /// Fills in the multiplicity columns; what they held does not matter.
    ///
    /// Errors: [`Violation`] if a tensor is missing or has another shape, or if a tuple is in no
    /// table.
    pub fn multiplicities(&self, assignment: &mut Assignment) -> Result<(), Violation> {
        let counts = self.counts(&self.sources(assignment)?)?;
        for (table, (counts, _)) in self.tables.iter().zip(counts) {
            let shape = table
                .entries
                .first()
                .map_or(Vec::new(), |entry| entry.shape().to_vec());
            if let Some(tensor) = assignment.columns.get_mut(table.multiplicity.0) {
                *tensor = Tensor {
                    shape,
                    data: Data::narrowed(counts),
                };
            }
        }
        Ok(())
    }

    /// Checks numbers, shapes and the statement; multiplicities may still have any shape.
    fn sources<'a>(&'a self, assignment: &'a Assignment) -> Result<Sources<'a>, Violation> {
        let (expected, found) = (self.columns.len(), assignment.columns.len());
        if expected != found {
            return Err(Violation::Columns { expected, found });
        }
        self.check_statement(&assignment.statement)?;
        for (column, tensor) in self.columns.iter().zip(&assignment.columns) {
            if column.role != Role::Multiplicity {
                check_shape(&column.name, &column.shape, tensor)?;
            }
        }
        let publics = self.public_values(&assignment.statement);
        Ok(Sources {
            columns: &assignment.columns,
            publics,
        })
    }

    /// Checks the public tensors of a statement: their number, shapes and intervals.
    ///
    /// The verifier calls this before it reads them.
    /// Errors: [`Violation::Statement`], [`Violation::Shape`], [`Violation::Interval`].
    pub fn check_statement(&self, statement: &[Tensor]) -> Result<(), Violation> {
        let given = || {
            self.publics
                .iter()
                .filter(|public| public.value == Value::Statement)
        };
        let (expected, found) = (given().count(), statement.len());
        if expected != found {
            return Err(Violation::Statement { expected, found });
        }
        given().zip(statement).try_for_each(|(public, tensor)| {
            check_shape(&public.name, &public.shape, tensor)?;
            check_interval(&public.name, public.interval, tensor)
        })
    }

    fn check_relation(&self, relation: &Relation, sources: &Sources<'_>) -> Result<(), Violation> {
        let exact = |combination: &Combination, index: &[usize]| {
            combination.get(index, |source| sources.tensor(source))
        };
        match relation {
            Relation::Linear { name, sum } => {
                let values = sources.combination(sum);
                let Some(at) = values.iter().position(|&value| value != 0) else {
                    return Ok(());
                };
                let index = shape::unravel(sum.shape(), at);
                let value = exact(sum, &index);
                Err(Violation::Linear {
                    name: name.clone(),
                    index,
                    value,
                })
            }
            Relation::Product { name, left, right } if let Some([a, b]) = factors(left, right) => {
                // The factors are in range, their product may not be.
                let (a, b) = (sources.combination(a), sources.combination(b));
                let Some(at) = a.iter().zip(&b).position(|(&a, &b)| a != 0 && b != 0) else {
                    return Ok(());
                };
                let value = |values: &[i64]| values.get(at).copied().unwrap_or(0).into();
                Err(Violation::Product {
                    name: name.clone(),
                    index: shape::unravel(left.shape(), at),
                    left: 0,
                    right: i128::wrapping_mul(value(&a), value(&b)),
                })
            }
            Relation::Product { name, left, right } => {
                let values = sources.combination(left);
                let mut products = alloc::vec![0; values.len()];
                for einsum in right {
                    sources.add_einsum(&mut products, left.shape(), einsum);
                }
                let Some(at) = values.iter().zip(&products).position(|(a, b)| a != b) else {
                    return Ok(());
                };
                let index = shape::unravel(left.shape(), at);
                let einsum = |einsum| exact_einsum(einsum, &index, exact);
                let right = right.iter().map(einsum).fold(0, i128::wrapping_add);
                let left = exact(left, &index);
                Err(Violation::Product {
                    name: name.clone(),
                    index,
                    left,
                    right,
                })
            }
            // Lookups are checked while they are counted.
            Relation::Lookup { .. } => Ok(()),
        }
    }

    /// Counts, per table, how often the first of equal entries is looked up.
    fn counts(&self, sources: &Sources<'_>) -> Result<Vec<(Vec<i64>, Index)>, Violation> {
        let evaluate = |tuple: &[Combination]| -> Vec<Vec<i64>> {
            tuple
                .iter()
                .map(|component| sources.combination(component))
                .collect()
        };
        let mut tables: Vec<(Vec<i64>, Index)> = { self.tables.iter() }
            .map(|table| Index::new(evaluate(&table.entries)))
            .map(|index| (alloc::vec![0; index.first.len()], index))
            .collect();
        for relation in &self.relations {
            let Relation::Lookup {
                name,
                row,
                table: id,
            } = relation
            else {
                continue;
            };
            let Some((table, (counts, index))) = self.tables.get(id.0).zip(tables.get_mut(id.0))
            else {
                continue;
            };
            let values = evaluate(row);
            if let Some(at) = index.tally(&values, counts) {
                let index = shape::unravel(relation.shape(), at);
                let exact = |component: &Combination| {
                    component.get(&index, |source| sources.tensor(source))
                };
                let row = row.iter().map(exact).collect();
                let (name, table) = (name.clone(), table.name.clone());
                return Err(Violation::Lookup {
                    name,
                    index,
                    row,
                    table,
                });
            }
        }
        Ok(tables)
    }
}

fn check_shape(name: &str, shape: &[usize], tensor: &Tensor) -> Result<(), Violation> {
    if tensor.shape != shape || Some(tensor.len()) != shape::len(shape) {
        let (expected, found) = (shape.to_vec(), tensor.shape.clone());
        return Err(Violation::Shape {
            name: name.into(),
            expected,
            found,
        });
    }
    Ok(())
}

fn check_interval(name: &str, interval: Interval, tensor: &Tensor) -> Result<(), Violation> {
    let range = tensor.interval();
    if interval.contains(range.lo) && interval.contains(range.hi) {
        return Ok(());
    }
    let values = (0..tensor.len()).map(|at| (at, tensor.data.get(at).unwrap_or(0)));
    match { values }.find(|&(_, value)| !interval.contains(value)) {
        None => Ok(()),
        Some((at, value)) => {
            let index = shape::unravel(&tensor.shape, at);
            Err(Violation::Interval {
                name: name.into(),
                index,
                value,
                interval,
            })
        }
    }
}

/// One element of an einsum, with the operands' elements by `exact`.
fn exact_einsum(
    einsum: &Einsum,
    index: &[usize],
    exact: impl Fn(&Combination, &[usize]) -> i128,
) -> i128 {
    let labels = einsum.labels();
    let summed: Vec<(usize, usize)> = { labels.iter() }
        .filter(|label| label.0 >= index.len())
        .map(|label| (label.0, label.1))
        .collect();
    let sizes: Vec<usize> = summed.iter().map(|label| label.1).collect();
    let count: usize = sizes.iter().product();
    let mut sum = 0i128;
    for at in 0..count {
        let values = shape::unravel(&sizes, at);
        let value = |label: &usize| {
            let inner = summed.iter().position(|other| other.0 == *label);
            index
                .get(*label)
                .or_else(|| values.get(inner?))
                .copied()
                .unwrap_or(0)
        };
        let operand = |operand: &Combination, labels: &[usize]| {
            exact(operand, &labels.iter().map(value).collect::<Vec<usize>>())
        };
        let product =
            operand(&einsum.a, &einsum.a_labels).wrapping_mul(operand(&einsum.b, &einsum.b_labels));
        sum = sum.wrapping_add(product);
    }
    sum.wrapping_mul(einsum.coefficient.into())
}

/// An index of the tuples of a table.
struct Index {
    components: Vec<Vec<i64>>,
    /// The entries by tuple, then by position.
    order: Vec<usize>,
    /// Per entry the first entry with the same tuple.
    first: Vec<usize>,
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
