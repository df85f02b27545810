//! Systems of relations: what a proof is about.

mod check;
pub(crate) mod evaluate;
mod index;
mod intervals;
mod validate;

#[cfg(test)]
mod tests;

use crate::combination::{Combination, Einsum};
use crate::interval::Interval;
use crate::tensor::Tensor;
use crate::view::{ColumnId, PublicId, Source, View, ViewError};
use alloc::{collections::BTreeMap, string::String, vec::Vec};
pub use check::Violation;
use serde::{Deserialize, Serialize};
pub use validate::{Side, SystemError};

/// Which table of a system: its position in [`System::tables`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TableId(pub usize);

/// What a column is, which decides when it is committed and what keeps it in its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// Committed once with the key; a certificate in the key shows its interval.
    Parameter,
    /// Committed in every proof; the relations must show its interval.
    Witness,
    /// Committed by someone before the proof, in the sealed group of this number; a certificate that
    /// comes with the commitment shows its interval.
    Sealed(usize),
    /// Counts how often each entry of a table is looked up. Occurs in no relation.
    Multiplicity,
}

/// A tensor whose values are committed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// A name for messages.
    pub name: String,
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// What the column is.
    pub role: Role,
    /// Where all its values lie.
    pub interval: Interval,
}

/// Where the values of a public tensor come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Fixed with the system.
    Constant(Tensor),
    /// Given with each statement.
    Statement,
}

/// A tensor that the verifier knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Public {
    /// A name for messages.
    pub name: String,
    /// Size of each axis.
    pub shape: Vec<usize>,
    /// Where all its values lie; the verifier checks the values of a statement.
    pub interval: Interval,
    /// Where the values come from.
    pub value: Value,
}

/// A list of tuples, one for each index of one shape.
///
/// The first component has that shape. A further component may have more axes behind it, and is *wide* then: each
/// position along these axes is a component of its own, in row-major order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// A name for messages.
    pub name: String,
    /// The components of the tuples; of public tensors or of columns.
    pub entries: Vec<Combination>,
    /// Counts how often each entry is looked up; a column of the shape of the entries.
    pub multiplicity: ColumnId,
}

/// One statement about columns and public tensors, for every index of a shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Relation {
    /// `sum[x] = 0`.
    Linear {
        /// A name for messages.
        name: String,
        /// What is zero.
        sum: Combination,
    },
    /// `left[x] = sum of the einsums[x]`.
    Product {
        /// A name for messages.
        name: String,
        /// What the einsums add up to.
        left: Combination,
        /// The einsums.
        right: Vec<Einsum>,
    },
    /// `(row_1[x], .., row_k[x])` is an entry of the table.
    Lookup {
        /// A name for messages.
        name: String,
        /// The components of the tuple, wide where those of the table are.
        row: Vec<Combination>,
        /// The table.
        table: TableId,
    },
}

impl Relation {
    /// The name for messages.
    pub fn name(&self) -> &str {
        match self {
            Self::Linear { name, .. } | Self::Product { name, .. } | Self::Lookup { name, .. } => {
                name
            }
        }
    }

    /// Shape of the indices for which the relation holds.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Linear { sum, .. } => sum.shape(),
            Self::Product { left, .. } => left.shape(),
            Self::Lookup { row, .. } => row.first().map_or(&[], Combination::shape),
        }
    }
}

/// A valid set of relations.
///
/// Made by [`Builder::build`] or by deserialising; both validate everything, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Builder")]
pub struct System {
    columns: Vec<Column>,
    publics: Vec<Public>,
    tables: Vec<Table>,
    relations: Vec<Relation>,
}

/// A system that is being put together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builder {
    columns: Vec<Column>,
    publics: Vec<Public>,
    tables: Vec<Table>,
    relations: Vec<Relation>,
    /// Steps that [`Builder::bound`] has taken.
    #[serde(skip)]
    bounding: u64,
    /// Of each shape of a column or public tensor the tensor itself as a view, so that all of one shape share it.
    #[serde(skip)]
    identities: BTreeMap<Vec<usize>, View>,
}

impl TryFrom<Builder> for System {
    type Error = SystemError;

    fn try_from(builder: Builder) -> Result<Self, SystemError> {
        builder.build()
    }
}

/// Values for the columns and for the public tensors of a statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// One tensor per column, in the order of [`System::columns`].
    pub columns: Vec<Tensor>,
    /// One tensor per public with [`Value::Statement`], in the order of [`System::publics`].
    pub statement: Vec<Tensor>,
}

impl System {
    /// A builder without columns, publics, tables or relations.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The columns; a [`ColumnId`] is a position in this list.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The public tensors; a [`PublicId`] is a position in this list.
    pub fn publics(&self) -> &[Public] {
        &self.publics
    }

    /// The tables; a [`TableId`] is a position in this list.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The relations.
    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }

    /// The public tensors whose values each statement gives, in the order of
    /// [`Assignment::statement`].
    pub fn statement(&self) -> impl Iterator<Item = (PublicId, &Public)> {
        let given = |(_, public): &(usize, &Public)| public.value == Value::Statement;
        { self.publics.iter().enumerate().filter(given) }.map(|(id, public)| (PublicId(id), public))
    }

    /// The values of every public tensor, given those of a statement; `None` where they are missing.
    pub fn public_values<'a>(&'a self, statement: &'a [Tensor]) -> Vec<Option<&'a Tensor>> {
        let mut statement = statement.iter();
        let value = |public: &'a Public| match &public.value {
            Value::Constant(tensor) => Some(tensor),
            Value::Statement => statement.next(),
        };
        self.publics.iter().map(value).collect()
    }
}

impl Builder {
    /// Adds a column.
    pub fn column(
        &mut self,
        name: &str,
        shape: &[usize],
        role: Role,
        interval: Interval,
    ) -> ColumnId {
        let id = ColumnId(self.columns.len());
        self.identify(Source::Column(id), shape);
        self.columns.push(Column {
            name: name.into(),
            shape: shape.to_vec(),
            role,
            interval,
        });
        id
    }

    /// Adds a public tensor.
    pub fn public(
        &mut self,
        name: &str,
        shape: &[usize],
        interval: Interval,
        value: Value,
    ) -> PublicId {
        let id = PublicId(self.publics.len());
        self.identify(Source::Public(id), shape);
        self.publics.push(Public {
            name: name.into(),
            shape: shape.to_vec(),
            interval,
            value,
        });
        id
    }

    /// Adds a public constant.
    pub fn constant(&mut self, name: &str, tensor: Tensor) -> PublicId {
        let (shape, interval) = (tensor.shape.clone(), tensor.interval());
        self.public(name, &shape, interval, Value::Constant(tensor))
    }

    /// Adds a table, and the column that counts its lookups.
    pub fn table(&mut self, name: &str, entries: Vec<Combination>) -> TableId {
        let shape = entries
            .first()
            .map_or(Vec::new(), |entry| entry.shape().to_vec());
        let count = Interval::new(0, i64::from(u32::MAX));
        let multiplicity = self.column(name, &shape, Role::Multiplicity, count);
        let id = TableId(self.tables.len());
        self.tables.push(Table {
            name: name.into(),
            entries,
            multiplicity,
        });
        id
    }

    /// Adds `sum[x] = 0` for every index.
    pub fn linear(&mut self, name: &str, sum: Combination) {
        self.relations.push(Relation::Linear {
            name: name.into(),
            sum,
        });
    }

    /// Adds `left[x] = sum of the einsums[x]` for every index.
    pub fn product(&mut self, name: &str, left: Combination, right: Vec<Einsum>) {
        self.relations.push(Relation::Product {
            name: name.into(),
            left,
            right,
        });
    }

    /// Adds that the tuple of `row` is an entry of the table at every index.
    pub fn lookup(&mut self, name: &str, row: Vec<Combination>, table: TableId) {
        self.relations.push(Relation::Lookup {
            name: name.into(),
            row,
            table,
        });
    }

    /// The column itself as a view.
    ///
    /// Errors: [`SystemError::Unknown`] if there is no such column; [`SystemError::View`] if its
    /// shape is out of bounds.
    pub fn view(&self, id: ColumnId) -> Result<View, SystemError> {
        let column = self.columns.get(id.0).ok_or(SystemError::Unknown {
            found: Source::Column(id),
        })?;
        Ok(self.identity(Source::Column(id), &column.shape)?)
    }

    /// The public tensor itself as a view.
    ///
    /// Errors: as [`Builder::view`].
    pub fn public_view(&self, id: PublicId) -> Result<View, SystemError> {
        let public = self.publics.get(id.0).ok_or(SystemError::Unknown {
            found: Source::Public(id),
        })?;
        Ok(self.identity(Source::Public(id), &public.shape)?)
    }

    /// Keeps the identity of a shape, if it is one that has a view.
    fn identify(&mut self, source: Source, shape: &[usize]) {
        if !self.identities.contains_key(shape)
            && let Ok(view) = View::identity(source, shape)
        {
            self.identities.insert(shape.to_vec(), view);
        }
    }

    fn identity(&self, source: Source, shape: &[usize]) -> Result<View, ViewError> {
        match self.identities.get(shape) {
            Some(view) => Ok(view.with_source(source)),
            None => View::identity(source, shape),
        }
    }
}
