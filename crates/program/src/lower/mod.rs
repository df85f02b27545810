//! Lowering: a bound program as a system of relations, and where its columns get their values.

mod certificate;
mod cost;
mod effort;
mod expression;
mod limbs;
mod lowered;
mod tables;

use crate::error::OperatorError;
use crate::fact::{standard, width};
use crate::formula::Table;
pub use certificate::Certificate;
pub use cost::Cost;
use effort::Effort;
pub use expression::Expression;
pub use limbs::{Limb, Request};
pub use lowered::{Lowered, Place};
use relation::interval::Wide;
use relation::{
    Builder, ColumnId, Combination, Einsum, Interval, Role, TableId, Tensor, Value, View,
};
use std::collections::BTreeMap;

/// A system in the making: what operators declare their witness and relations to.
#[derive(Debug)]
pub struct Lowering {
    builder: Builder,
    /// The most bits that one lookup shows.
    limb_bits: u32,
    /// Name of the node at hand.
    node: String,
    /// What the node at hand asked for.
    requests: Vec<Request>,
    /// What the node at hand costs.
    cost: Cost,
    ranges: BTreeMap<u32, TableId>,
    tables: BTreeMap<Table, TableId>,
    /// The values of the tables, from an earlier lowering of the same program too: they are what takes time.
    computed: BTreeMap<Table, Tensor>,
    /// How many values were shown to have how many bits.
    demand: BTreeMap<u32, u64>,
    effort: Effort,
}

impl Lowering {
    fn new(limb_bits: u32) -> Self {
        Self {
            builder: Builder::default(),
            limb_bits,
            node: String::new(),
            requests: Vec::new(),
            cost: Cost::default(),
            ranges: BTreeMap::new(),
            tables: BTreeMap::new(),
            computed: BTreeMap::new(),
            demand: BTreeMap::new(),
            effort: Effort::default(),
        }
    }

    fn name(&self, what: &str) -> String {
        format!("{}.{what}", self.node)
    }

    /// A column that nothing shows to be in `interval` yet: the caller adds a lookup of the column
    /// alone, or a relation that bounds it.
    ///
    /// Errors: [`OperatorError::System`] if the shape is out of bounds.
    pub fn column(
        &mut self,
        what: &str,
        shape: &[usize],
        interval: Interval,
    ) -> Result<View, OperatorError> {
        let name = self.name(what);
        let column = self.commit(&name, shape, interval);
        self.requests.push(Request {
            limbs: vec![Limb::whole(column)],
        });
        Ok(self.builder.view(column)?)
    }

    /// Witness values that are shown to lie in an interval: a column, or the sum of several that hold
    /// a few bits each.
    ///
    /// `interval` must be a [`standard`] one. Cost: a column and a lookup for each `limb_bits` bits.
    /// Errors: [`OperatorError`].
    pub fn witness(
        &mut self,
        what: &str,
        shape: &[usize],
        interval: Interval,
    ) -> Result<Combination, OperatorError> {
        if standard(interval)? != interval {
            return Err(OperatorError::Interval {
                what: "a witness",
                expected: standard(interval)?,
                found: interval,
            });
        }
        let name = self.name(what);
        let bits = width(interval);
        let len: usize = shape.iter().product();
        self.demand(bits, len);
        let sizes = limbs::sizes(bits, self.limb_bits);
        let mut sum = Combination::zero(shape);
        let (mut request, mut shift) = (Request::default(), 0);
        for (at, &size) in sizes.iter().enumerate() {
            let is_last = at + 1 == sizes.len();
            // The last limb carries the sign.
            let lo = if is_last && interval.lo < 0 {
                -(1i64 << (size - 1))
            } else {
                0
            };
            let own = Interval::new(lo, lo + (1 << size) - 1);
            let limb_name = if sizes.len() == 1 {
                name.clone()
            } else {
                format!("{name}.{at}")
            };
            let column = self.commit(&limb_name, shape, own);
            let view = Combination::from(self.builder.view(column)?);
            let table = self.range(size)?;
            let distance = view.clone().plus_constant(-lo)?;
            self.look_up(&limb_name, vec![distance], table);
            sum = sum.plus_times(1 << shift, view)?;
            request.limbs.push(Limb {
                column,
                shift,
                bits: (!is_last).then_some(size),
            });
            shift += size;
        }
        self.requests.push(request);
        Ok(sum)
    }

    /// Asks for nothing where an operator records values that its relations have no need of.
    pub fn nothing(&mut self) {
        self.requests.push(Request::default());
    }

    /// Where a value lies as far as each column and public tensor behind it says alone; `None` if that
    /// is beyond 128 bits.
    ///
    /// Wider than the fact of the value where several of its columns depend on each other.
    /// Errors: [`OperatorError::System`] if the bounds of all nodes together take too many steps.
    pub fn bound(&mut self, value: &Combination) -> Result<Option<Wide>, OperatorError> {
        Ok(self.builder.bound(value)?)
    }

    /// Shows that `0 <= value < 2^bits`; the operator records the value.
    ///
    /// Errors: [`OperatorError`].
    pub fn range_check(
        &mut self,
        what: &str,
        value: Combination,
        bits: u32,
    ) -> Result<(), OperatorError> {
        if bits <= self.limb_bits {
            self.demand(bits, value.shape().iter().product());
            let table = self.range(bits)?;
            let name = self.name(what);
            self.look_up(&name, vec![value], table);
            self.nothing();
            return Ok(());
        }
        let interval = Interval::new(0, (1 << bits) - 1);
        let shape = value.shape().to_vec();
        let limbs = self.witness(what, &shape, interval)?;
        let name = self.name(what);
        self.builder.linear(&name, value.minus(limbs)?);
        Ok(())
    }

    /// States that two values are equal at every index.
    ///
    /// Errors: [`OperatorError`].
    pub fn equal(
        &mut self,
        what: &str,
        left: Combination,
        right: &Expression,
    ) -> Result<(), OperatorError> {
        let left = left.minus(right.linear.clone())?;
        let name = self.name(what);
        if right.products.is_empty() {
            self.builder.linear(&name, left);
        } else {
            self.builder.product(&name, left, right.products.clone());
        }
        Ok(())
    }

    /// States that `left` is the sum of einsums at every index.
    pub fn product(&mut self, what: &str, left: Combination, right: Vec<Einsum>) {
        let name = self.name(what);
        self.builder.product(&name, left, right);
    }

    /// States that at every index one of two values is zero.
    ///
    /// A column that occurs in both, unchecked so far, is thereby one of two values.
    pub fn choice(&mut self, what: &str, a: Combination, b: Combination) {
        let labels: Vec<usize> = (0..a.shape().len()).collect();
        let zero = Combination::zero(a.shape());
        let product = Einsum {
            coefficient: 1,
            a,
            a_labels: labels.clone(),
            b,
            b_labels: labels,
        };
        self.product(what, zero, vec![product]);
    }

    /// States that tuples are entries of a table.
    pub fn lookup(&mut self, what: &str, row: Vec<Combination>, table: TableId) {
        let name = self.name(what);
        self.look_up(&name, row, table);
    }

    fn commit(&mut self, name: &str, shape: &[usize], interval: Interval) -> ColumnId {
        let len = shape.iter().product();
        self.cost.committed = self.cost.committed.saturating_add(len);
        self.builder.column(name, shape, Role::Witness, interval)
    }

    fn look_up(&mut self, name: &str, row: Vec<Combination>, table: TableId) {
        let shape = row.first().map_or(&[][..], Combination::shape);
        let len = shape.iter().product();
        self.cost.lookups = self.cost.lookups.saturating_add(len);
        self.builder.lookup(name, row, table);
    }

    /// A public constant.
    ///
    /// Errors: [`OperatorError::System`] if the shape is out of bounds.
    pub fn constant(&mut self, value: Tensor) -> Result<View, OperatorError> {
        self.effort.numbers(value.len())?;
        let name = self.name("constant");
        let id = self.builder.constant(&name, value);
        Ok(self.builder.public_view(id)?)
    }

    fn public(
        &mut self,
        name: &str,
        shape: &[usize],
        interval: Interval,
    ) -> Result<View, OperatorError> {
        let id = self.builder.public(name, shape, interval, Value::Statement);
        Ok(self.builder.public_view(id)?)
    }

    fn demand(&mut self, bits: u32, values: usize) {
        let values = u64::try_from(values).unwrap_or(u64::MAX);
        let entry = self.demand.entry(bits).or_default();
        *entry = entry.saturating_add(values);
    }
}
