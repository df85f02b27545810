//! What a system accepts: the reference that every proof is compared with.

use super::evaluate::Sources;
use super::index::{Entries, Index};
use super::intervals::factors;
use super::{Assignment, Relation, Role, System, Table, TableId, Value};
use crate::combination::{Combination, Einsum};
use crate::interval::Interval;
use crate::shape;
use crate::tensor::{Data, Tensor};
use alloc::{string::String, vec::Vec};
use p3_maybe_rayon::prelude::*;
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
        /// The tuple, without its wide components.
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
        let tables = self.tables.par_iter().enumerate();
        let counts: Vec<_> = tables
            .map(|(id, table)| self.counts_of(TableId(id), table, sources))
            .collect();
        // The first violation, whichever was found first.
        counts.into_iter().collect()
    }

    /// How often each entry of a table is looked up.
    fn counts_of(
        &self,
        id: TableId,
        table: &Table,
        sources: &Sources<'_>,
    ) -> Result<(Vec<i64>, Index), Violation> {
        let entries = Entries::new(&table.entries, sources);
        let mut counts = alloc::vec![0; entries.index.first.len()];
        for relation in &self.relations {
            let Relation::Lookup {
                name,
                row,
                table: of,
            } = relation
            else {
                continue;
            };
            if *of != id {
                continue;
            }
            let rows = entries.rows(row, sources);
            if let Some(at) = entries.tally(&rows, &mut counts, sources) {
                let index = shape::unravel(relation.shape(), at);
                let narrow = row.iter().filter(|part| part.shape() == relation.shape());
                let exact = |part: &Combination| part.get(&index, |source| sources.tensor(source));
                return Err(Violation::Lookup {
                    name: name.clone(),
                    row: narrow.map(exact).collect(),
                    index,
                    table: table.name.clone(),
                });
            }
        }
        Ok((counts, entries.index))
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
