//! Tables that relations look values up in.

use super::Lowering;
use crate::error::OperatorError;
use crate::formula::Table;
use relation::{Combination, TableId, Tensor};

/// The most bits of a table of integers that is one public tensor.
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
        let [arguments, values] = self.columns(table)?;
        self.effort.numbers(arguments.len().saturating_mul(2))?;
        let name = format!("table {}", self.tables.len());
        let arguments = self.builder.constant(&name, arguments);
        let values = self.builder.constant(&name, values);
        let entries = vec![
            self.builder.public_view(arguments)?.into(),
            self.builder.public_view(values)?.into(),
        ];
        let id = self.builder.table(&name, entries);
        self.tables.insert(table.clone(), id);
        Ok(id)
    }

    fn columns(&mut self, table: &Table) -> Result<[Tensor; 2], OperatorError> {
        if let Some(columns) = self.computed.get(table) {
            return Ok(columns.clone());
        }
        let (arguments, values) = table.columns()?;
        let columns = [arguments, values];
        self.computed.insert(table.clone(), columns.clone());
        Ok(columns)
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
        // Long ones are sums of high and low bits on two axes, which the verifier evaluates one by one: so it takes
        // no time in proportion to the table.
        let low = if bits > WHOLE_BITS { bits / 2 } else { bits };
        let numbers = self.numbers(&format!("{name}, low bits"), low, 0)?;
        let entries = if low == bits {
            numbers
        } else {
            let high = self.numbers(&format!("{name}, high bits"), bits - low, low)?;
            let (rows, columns) = (1 << (bits - low), 1 << low);
            let shape = [rows, columns];
            let high = high.map(&shape, |view| view.insert_axis(1)?.broadcast(1, columns))?;
            let low = numbers.map(&shape, |view| view.insert_axis(0)?.broadcast(0, rows))?;
            high.plus(low)?
        };
        let entries = vec![entries];
        let id = self.builder.table(&name, entries);
        self.ranges.insert(bits, id);
        Ok(id)
    }

    /// The multiples of `2^shift` by the integers `0 .. 2^bits`.
    fn numbers(&mut self, name: &str, bits: u32, shift: u32) -> Result<Combination, OperatorError> {
        let size = 1usize << bits;
        let values = Tensor::from_i64s(vec![size], (0i64..1 << bits).collect());
        let values = values.map_err(|_| OperatorError::TooLarge { shape: vec![size] })?;
        let numbers = self.builder.constant(name, values);
        let numbers = Combination::from(self.builder.public_view(numbers)?);
        Ok(numbers.times(1 << shift)?)
    }
}
