//! Validation of systems: everything that holds of a [`System`] because it exists.

use super::{Builder, Relation, Role, System, Value, intervals};
use crate::combination::{Combination, CombinationError, Einsum};
use crate::interval::{Interval, MODULUS, Wide};
use crate::shape;
use crate::view::{ColumnId, Source, ViewError};
use alloc::{string::String, vec::Vec};
use thiserror::Error;

/// The most rows of all lookups together, and the most entries of all tables: far below the modulus,
/// so that a count of rows is zero in the field only if it is zero.
const MAX_ROWS: usize = 1 << 40;

/// The most products that an einsum may sum up in all, so that its bounds can be computed.
const MAX_PRODUCTS: usize = 1 << 60;

/// Which part of a relation an interval is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The left side of a product.
    Left,
    /// The right side of a product.
    Right,
    /// The sum that must be zero.
    Sum,
    /// This component of a row, minus the same component of an entry of the table.
    Component(usize),
}

/// Why a system was refused. `place` is the name of a relation or a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SystemError {
    /// A column or public tensor has an empty axis, too many axes or too many elements.
    #[error("{name}: shape {shape:?}, expected at most 16 axes, none empty, and 2^40 elements")]
    Shape {
        /// Name of the column or public tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// A declared interval is empty or reaches half the modulus.
    #[error("{name}: expected a nonempty interval within half the modulus, found {interval:?}")]
    Interval {
        /// Name of the column or public tensor.
        name: String,
        /// Its interval.
        interval: Interval,
    },
    /// A constant is not what is declared.
    #[error("{name}: the constant leaves the declared interval or has another shape")]
    Constant {
        /// Name of the public tensor.
        name: String,
    },
    /// A view reads a column or public tensor that does not exist.
    #[error("no such column or public tensor: {found:?}")]
    Unknown {
        /// What is read.
        found: Source,
    },
    /// A lookup names a table that does not exist.
    #[error("{place}: there is no table {table}")]
    UnknownTable {
        /// Where.
        place: String,
        /// The table.
        table: usize,
    },
    /// A view expects its source to have another shape.
    #[error("{place}: a view expects a source of shape {expected:?}, found {found:?}")]
    SourceShape {
        /// Where.
        place: String,
        /// Shape that the view expects.
        expected: Vec<usize>,
        /// Shape of the source.
        found: Vec<usize>,
    },
    /// Shapes that must agree do not: of the views of a combination, of the components of a tuple,
    /// or of a table and its multiplicities.
    #[error("{place}: expected shape {expected:?}, found {found:?}")]
    Disagree {
        /// Where.
        place: String,
        /// The shape that is expected.
        expected: Vec<usize>,
        /// The shape that was found.
        found: Vec<usize>,
    },
    /// A label of an einsum is missing, repeated, unmatched, or has two sizes.
    #[error("{place}: label {label} is missing, repeated, unmatched or has two sizes")]
    Label {
        /// Where.
        place: String,
        /// The label.
        label: usize,
    },
    /// An einsum does not have one label per axis.
    #[error("{place}: expected {expected} labels, found {found}")]
    Labels {
        /// Where.
        place: String,
        /// Number of axes.
        expected: usize,
        /// Number of labels.
        found: usize,
    },
    /// A tuple has another width than its table, or none.
    #[error("{place}: expected tuples of width {expected}, found {found}")]
    Width {
        /// Where.
        place: String,
        /// Width of the table, or 1 if the table has none.
        expected: usize,
        /// Width that was found.
        found: usize,
    },
    /// A multiplicity column occurs in a relation, counts for two tables or for none, or a table's
    /// column has another role.
    #[error("{name}: expected a multiplicity column of exactly one table, in no relation")]
    Multiplicity {
        /// Name of the column.
        name: String,
    },
    /// Lookups or einsums are too large.
    #[error("{place}: expected at most 2^40 rows and entries, and 2^60 products")]
    Size {
        /// Where.
        place: String,
    },
    /// Nothing shows that a witness column stays in its interval.
    #[error("{name}: no lookup and no equation keeps the column in its interval")]
    Unenforced {
        /// The column.
        column: ColumnId,
        /// Name of the column.
        name: String,
    },
    /// Showing that columns stay in their intervals, or bounding combinations of them while the system is built, takes
    /// too many steps: 2^28 for a whole system.
    #[error("expected intervals that show within 2^28 steps; relations in order of computation do")]
    Effort,
    /// A relation could hold in the field but not over the integers.
    #[error("{place}: {side:?} lies in {interval:?} (none: beyond 128 bits) and could wrap")]
    Wraps {
        /// Name of the relation.
        place: String,
        /// Which part of it.
        side: Side,
        /// What is known about its values.
        interval: Option<Wide>,
    },
    /// A view was refused.
    #[error(transparent)]
    View(#[from] ViewError),
    /// A combination was refused.
    #[error(transparent)]
    Combination(#[from] CombinationError),
}

impl Builder {
    /// Validates everything and makes the system.
    ///
    /// Soundness: in the system that comes out, each witness column is kept in its interval by the
    /// relations, and a linear or product relation that holds in the field holds over the integers.
    /// Errors: [`SystemError`].
    pub fn build(self) -> Result<System, SystemError> {
        self.check_columns()?;
        self.check_publics()?;
        self.check_tables()?;
        let mut rows = 0usize;
        for relation in &self.relations {
            self.check_relation(relation, &mut rows)?;
        }
        intervals::check(&self)?;
        let Self {
            columns,
            publics,
            tables,
            relations,
            bounding: _,
            identities: _,
        } = self;
        Ok(System {
            columns,
            publics,
            tables,
            relations,
        })
    }

    fn check_columns(&self) -> Result<(), SystemError> {
        { self.columns.iter() }
            .try_for_each(|column| check_declared(&column.name, &column.shape, column.interval))
    }

    fn check_publics(&self) -> Result<(), SystemError> {
        for public in &self.publics {
            check_declared(&public.name, &public.shape, public.interval)?;
            if let Value::Constant(tensor) = &public.value {
                let found = tensor.interval();
                let inside =
                    public.interval.contains(found.lo) && public.interval.contains(found.hi);
                if !inside
                    || tensor.shape != public.shape
                    || Some(tensor.len()) != shape::len(&tensor.shape)
                {
                    return Err(SystemError::Constant {
                        name: public.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    fn check_tables(&self) -> Result<(), SystemError> {
        let mut counted = alloc::vec![false; self.columns.len()];
        let mut total = 0usize;
        for table in &self.tables {
            let place = &table.name;
            check_tuple(place, &table.entries, None)?;
            table
                .entries
                .iter()
                .try_for_each(|entry| self.check_combination(place, entry))?;
            let shape = table.entries.first().map_or(&[][..], Combination::shape);
            total = check_rows(place, total, shape)?;
            let id = table.multiplicity;
            let (Some(column), Some(counted)) = (self.columns.get(id.0), counted.get_mut(id.0))
            else {
                return Err(SystemError::Unknown {
                    found: Source::Column(id),
                });
            };
            if column.role != Role::Multiplicity || core::mem::replace(counted, true) {
                return Err(SystemError::Multiplicity {
                    name: column.name.clone(),
                });
            }
            if column.shape != shape {
                let (expected, found) = (shape.to_vec(), column.shape.clone());
                return Err(SystemError::Disagree {
                    place: place.clone(),
                    expected,
                    found,
                });
            }
        }
        let uncounted = |(column, counted): &(&super::Column, bool)| {
            column.role == Role::Multiplicity && !counted
        };
        match self.columns.iter().zip(counted).find(uncounted) {
            Some((column, _)) => Err(SystemError::Multiplicity {
                name: column.name.clone(),
            }),
            None => Ok(()),
        }
    }

    fn check_relation(&self, relation: &Relation, rows: &mut usize) -> Result<(), SystemError> {
        match relation {
            Relation::Linear { name, sum } => self.check_combination(name, sum),
            Relation::Product { name, left, right } => {
                self.check_combination(name, left)?;
                right
                    .iter()
                    .try_for_each(|einsum| self.check_einsum(name, left.shape(), einsum))
            }
            Relation::Lookup { name, row, table } => {
                let place = name.clone();
                let found = self.tables.get(table.0);
                let table = found.ok_or(SystemError::UnknownTable {
                    place,
                    table: table.0,
                })?;
                check_tuple(name, row, Some(&table.entries))?;
                *rows = check_rows(name, *rows, relation.shape())?;
                row.iter()
                    .try_for_each(|component| self.check_combination(name, component))
            }
        }
    }

    /// Checks that every view reads something that exists and has the shape of the combination.
    fn check_combination(&self, place: &str, combination: &Combination) -> Result<(), SystemError> {
        if shape::len(combination.shape()).is_none() {
            let (name, shape) = (place.into(), combination.shape().to_vec());
            return Err(SystemError::Shape { name, shape });
        }
        for term in combination.terms() {
            let view = &term.view;
            let found = view.source();
            let shape: &[usize] = match found {
                Source::One => &[],
                Source::Column(id) => {
                    let column = self
                        .columns
                        .get(id.0)
                        .ok_or(SystemError::Unknown { found })?;
                    // Nothing keeps multiplicities in an interval.
                    if column.role == Role::Multiplicity {
                        return Err(SystemError::Multiplicity {
                            name: column.name.clone(),
                        });
                    }
                    &column.shape
                }
                Source::Public(id) => {
                    &self
                        .publics
                        .get(id.0)
                        .ok_or(SystemError::Unknown { found })?
                        .shape
                }
            };
            if view.source_shape() != shape {
                let (expected, found) = (view.source_shape(), shape.to_vec());
                return Err(SystemError::SourceShape {
                    place: place.into(),
                    expected,
                    found,
                });
            }
            if view.shape() != combination.shape() {
                let (expected, found) = (combination.shape().to_vec(), view.shape());
                return Err(SystemError::Disagree {
                    place: place.into(),
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }

    fn check_einsum(
        &self,
        place: &str,
        left: &[usize],
        einsum: &Einsum,
    ) -> Result<(), SystemError> {
        self.check_combination(place, &einsum.a)?;
        self.check_combination(place, &einsum.b)?;
        let operands = [(&einsum.a, &einsum.a_labels), (&einsum.b, &einsum.b_labels)];
        for (operand, labels) in operands {
            let (expected, found) = (operand.shape().len(), labels.len());
            if expected != found {
                return Err(SystemError::Labels {
                    place: place.into(),
                    expected,
                    found,
                });
            }
        }
        let sizes = einsum.labels();
        for (at, &(label, size, in_a, in_b)) in sizes.iter().enumerate() {
            let expected = left.get(label).copied();
            let twice = sizes.iter().skip(at + 1).any(|other| other.0 == label);
            let fits = match expected {
                Some(expected) => expected == size,
                None => in_a && in_b,
            };
            if twice || !fits {
                return Err(SystemError::Label {
                    place: place.into(),
                    label,
                });
            }
        }
        let missing = (0..left.len()).find(|&label| sizes.iter().all(|size| size.0 != label));
        if let Some(label) = missing {
            return Err(SystemError::Label {
                place: place.into(),
                label,
            });
        }
        let products = sizes
            .iter()
            .try_fold(1usize, |product, size| product.checked_mul(size.1));
        if products.is_none_or(|products| products > MAX_PRODUCTS) {
            return Err(SystemError::Size {
                place: place.into(),
            });
        }
        Ok(())
    }
}

impl Einsum {
    /// Each label once, with its size and whether `a` and `b` have it. A label that one operand has
    /// twice, or that has two sizes, is there twice, which validation refuses.
    pub fn labels(&self) -> Vec<(usize, usize, bool, bool)> {
        let sizes = |operand: &Combination| operand.shape().to_vec();
        let a = self.a_labels.iter().copied().zip(sizes(&self.a));
        let mut all: Vec<(usize, usize, bool, bool)> =
            a.map(|(label, size)| (label, size, true, false)).collect();
        for (label, size) in self.b_labels.iter().copied().zip(sizes(&self.b)) {
            let fresh = |entry: &&mut (usize, usize, bool, bool)| {
                entry.0 == label && entry.1 == size && !entry.3
            };
            match all.iter_mut().find(fresh) {
                Some(entry) => entry.3 = true,
                None => all.push((label, size, false, true)),
            }
        }
        all
    }
}

fn check_declared(name: &str, shape: &[usize], interval: Interval) -> Result<(), SystemError> {
    if shape::len(shape).is_none() {
        return Err(SystemError::Shape {
            name: name.into(),
            shape: shape.to_vec(),
        });
    }
    if interval.lo > interval.hi || !Wide::from(interval).below((MODULUS + 1) / 2) {
        return Err(SystemError::Interval {
            name: name.into(),
            interval,
        });
    }
    Ok(())
}

/// Checks the components of a tuple, against those of the table's if it is a row.
fn check_tuple(
    place: &str,
    tuple: &[Combination],
    entries: Option<&[Combination]>,
) -> Result<(), SystemError> {
    let (expected, found) = (entries.map_or(tuple.len().max(1), <[_]>::len), tuple.len());
    if expected != found {
        return Err(SystemError::Width {
            place: place.into(),
            expected,
            found,
        });
    }
    let index = tuple_index(tuple);
    for (at, component) in tuple.iter().enumerate() {
        let found = component.shape();
        let further = found.strip_prefix(index);
        // A row has the further axes that its table has.
        let of_table = entries.and_then(|entries| {
            let index = tuple_index(entries);
            entries.get(at)?.shape().strip_prefix(index)
        });
        let expected = of_table.or(further).unwrap_or(&[]);
        if further != Some(expected) {
            return Err(SystemError::Disagree {
                place: place.into(),
                expected: [index, expected].concat(),
                found: found.to_vec(),
            });
        }
    }
    Ok(())
}

/// The shape of the indices of a tuple: that of its first component.
fn tuple_index(tuple: &[Combination]) -> &[usize] {
    tuple.first().map_or(&[], Combination::shape)
}

fn check_rows(place: &str, rows: usize, shape: &[usize]) -> Result<usize, SystemError> {
    let sum = shape::len(shape).and_then(|len| rows.checked_add(len));
    let bounded = sum.filter(|&rows| rows <= MAX_ROWS);
    bounded.ok_or_else(|| SystemError::Size {
        place: place.into(),
    })
}
