//! Tables that relations look values up in.

use super::Lowering;
use crate::error::OperatorError;
use crate::formula::Table;
use relation::{Combination, TableId, Tensor};

/// The most bits of a table of integers on one axis.
const WHOLE_BITS: u32 = 10;

impl Lowering {
    /// The table of a function: pairs of argument and value.
    ///
    /// Errors: [`OperatorError`].
    pub fn function(&mut self, table: &Table) -> Result<TableId, OperatorError> {
        if let Some(&id) = self.tables.get(table) {
            return Ok(id);
        }
        table.check()?;
        self.effort.table(table)?;
        let values = self.values(table)?;
        self.effort.numbers(values.len().saturating_mul(2))?;
        let name = format!("table {}", self.tables.len());
        let arguments = match *values.shape {
            [rows, columns] => self.grid(&name, rows, columns.ilog2())?,
            _ => self.numbers(&name, values.len(), 0)?,
        };
        let values = self.builder.constant(&name, values);
        let entries = vec![
            arguments.plus_constant(table.arguments.lo)?,
            self.builder.public_view(values)?.into(),
        ];
        let id = self.builder.table(&name, entries);
        self.tables.insert(table.clone(), id);
        Ok(id)
    }

    fn values(&mut self, table: &Table) -> Result<Tensor, OperatorError> {
        if let Some(values) = self.computed.get(table) {
            return Ok(values.clone());
        }
        let (values, shape) = (table.values()?, table.shape());
        let values = Tensor::from_i64s(shape.clone(), values)
            .map_err(|_| OperatorError::TooLarge { shape })?;
        self.computed.insert(table.clone(), values.clone());
        Ok(values)
    }

    /// A table of tuples of values of this program: what a runtime index selects from.
    pub fn entries(&mut self, what: &str, entries: Vec<Combination>) -> TableId {
        let name = self.name(what);
        self.builder.table(&name, entries)
    }

    /// The table of the integers `0 .. 2^bits`.
    pub(super) fn range(&mut self, bits: u32) -> Result<TableId, OperatorError> {
        if let Some(&id) = self.ranges.get(&bits) {
            return Ok(id);
        }
        let name = format!("0 .. 2^{bits}");
        let entries = if bits > WHOLE_BITS {
            self.grid(&name, 1 << (bits - bits / 2), bits / 2)?
        } else {
            self.numbers(&name, 1 << bits, 0)?
        };
        let id = self.builder.table(&name, vec![entries]);
        self.ranges.insert(bits, id);
        Ok(id)
    }

    /// The integers `0 .. rows 2^low` as sums of high and low bits on two axes, which the verifier evaluates one by
    /// one: so it takes no time in proportion to how many they are.
    fn grid(&mut self, name: &str, rows: usize, low: u32) -> Result<Combination, OperatorError> {
        let columns = 1 << low;
        let shape = [rows, columns];
        let high = self.numbers(&format!("{name}, high bits"), rows, low)?;
        let low = self.numbers(&format!("{name}, low bits"), columns, 0)?;
        let high = high.map(&shape, |view| view.insert_axis(1)?.broadcast(1, columns))?;
        let low = low.map(&shape, |view| view.insert_axis(0)?.broadcast(0, rows))?;
        Ok(high.plus(low)?)
    }

    /// The multiples of `2^shift` by the integers `0 .. count`.
    fn numbers(
        &mut self,
        name: &str,
        count: usize,
        shift: u32,
    ) -> Result<Combination, OperatorError> {
        let values = (0i64..).take(count).collect();
        let values = Tensor::from_i64s(vec![count], values);
        let values = values.map_err(|_| OperatorError::TooLarge { shape: vec![count] })?;
        let numbers = self.builder.constant(name, values);
        let numbers = Combination::from(self.builder.public_view(numbers)?);
        Ok(numbers.times(1 << shift)?)
    }
}
