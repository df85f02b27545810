//! Builds a system and its assignment together.

use crate::combination::{Combination, Einsum};
use crate::interval::Interval;
use crate::system::evaluate::Sources;
use crate::system::{Assignment, Builder, Role, System, TableId, Value};
use crate::tensor::Tensor;
use crate::view::{ColumnId, PublicId, View};
use alloc::{format, vec::Vec};

/// The splitmix64 generator: deterministic, not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator; equal seeds give equal values.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A value of an interval of fewer than `2^63` members.
    pub fn value(&mut self, interval: Interval) -> i64 {
        let size = interval.hi - interval.lo + 1;
        interval.lo + i64::try_from(self.bits() >> 1).expect("63 bits") % size
    }

    /// As many values of an interval as a shape has elements.
    pub fn values(&mut self, shape: &[usize], interval: Interval) -> Vec<i64> {
        (0..shape.iter().product())
            .map(|_| self.value(interval))
            .collect()
    }
}

/// A system that is being built, with values for everything in it so far.
pub struct Maker {
    /// The system so far; relations may be added to it directly.
    pub builder: Builder,
    /// Source of values.
    pub random: Random,
    columns: Vec<Tensor>,
    constants: Vec<Option<Tensor>>,
    statement: Vec<Tensor>,
    bytes: Option<TableId>,
}

impl Maker {
    /// An empty system.
    pub fn new(seed: u64) -> Self {
        Self {
            builder: System::builder(),
            random: Random::new(seed),
            columns: Vec::new(),
            constants: Vec::new(),
            statement: Vec::new(),
            bytes: None,
        }
    }

    /// Adds a column with values.
    pub fn column(
        &mut self,
        name: &str,
        shape: &[usize],
        role: Role,
        interval: Interval,
        values: Vec<i64>,
    ) -> ColumnId {
        self.columns.push(tensor(shape, values));
        self.builder.column(name, shape, role, interval)
    }

    /// Adds a column with random values.
    pub fn random_column(
        &mut self,
        name: &str,
        shape: &[usize],
        role: Role,
        interval: Interval,
    ) -> ColumnId {
        let values = self.random.values(shape, interval);
        self.column(name, shape, role, interval, values)
    }

    /// Adds a public tensor of the statement with values.
    pub fn statement(
        &mut self,
        name: &str,
        shape: &[usize],
        interval: Interval,
        values: Vec<i64>,
    ) -> PublicId {
        self.statement.push(tensor(shape, values));
        self.constants.push(None);
        self.builder.public(name, shape, interval, Value::Statement)
    }

    /// Adds a public constant.
    pub fn constant(&mut self, name: &str, shape: &[usize], values: Vec<i64>) -> PublicId {
        let tensor = tensor(shape, values);
        self.constants.push(Some(tensor.clone()));
        self.builder.constant(name, tensor)
    }

    /// Adds a table.
    pub fn table(&mut self, name: &str, entries: Vec<Combination>) -> TableId {
        // The values are filled in when the system is finished.
        self.columns.push(Tensor::scalar(0));
        self.builder.table(name, entries)
    }

    /// Adds a table of the integers from 0 to `size - 1`.
    pub fn range(&mut self, name: &str, size: usize) -> TableId {
        let values = (0..).take(size).collect();
        let numbers = self.constant(name, &[size], values);
        let numbers = self.public(numbers);
        self.table(name, alloc::vec![numbers.into()])
    }

    /// A column as a view.
    pub fn view(&self, id: ColumnId) -> View {
        self.builder.view(id).expect("the column exists")
    }

    /// A public tensor as a view.
    pub fn public(&self, id: PublicId) -> View {
        self.builder
            .public_view(id)
            .expect("the public tensor exists")
    }

    fn sources<'a>(&'a self) -> Sources<'a> {
        let mut statement = self.statement.iter();
        let value = |constant: &'a Option<Tensor>| match constant {
            Some(tensor) => Some(tensor),
            None => statement.next(),
        };
        Sources {
            columns: &self.columns,
            publics: self.constants.iter().map(value).collect(),
        }
    }

    /// The values of a combination of what is there.
    pub fn evaluate(&self, combination: &Combination) -> Vec<i64> {
        self.sources().combination(combination)
    }

    /// The values of a sum of einsums of what is there.
    pub fn contract(&self, shape: &[usize], einsums: &[Einsum]) -> Vec<i64> {
        let mut sum = alloc::vec![0; shape.iter().product()];
        einsums
            .iter()
            .for_each(|einsum| self.sources().add_einsum(&mut sum, shape, einsum));
        sum
    }

    /// Keeps a column in `lo .. lo + 2^(8 * bytes)`, by a lookup of each byte of its distance to `lo`.
    pub fn range_check(&mut self, name: &str, id: ColumnId, lo: i64, bytes: usize) {
        let table = match self.bytes {
            Some(table) => table,
            None => {
                let table = self.range("bytes", 256);
                *self.bytes.insert(table)
            }
        };
        let distance = Combination::from(self.view(id))
            .plus_constant(-lo)
            .expect("small values");
        if bytes == 1 {
            self.builder.lookup(name, alloc::vec![distance], table);
            return;
        }
        let values = self.evaluate(&distance);
        let shape: Vec<usize> = [bytes]
            .into_iter()
            .chain(distance.shape().iter().copied())
            .collect();
        let byte = |at: usize| values.iter().map(move |value| (value >> (8 * at)) & 255);
        let limbs = (0..bytes).flat_map(byte).collect();
        let limbs = self.column(
            &format!("{name}.limbs"),
            &shape,
            Role::Witness,
            Interval::new(0, 255),
            limbs,
        );
        self.builder.lookup(
            &format!("{name}.limbs"),
            alloc::vec![self.view(limbs).into()],
            table,
        );
        let mut sum = distance;
        for at in 0..bytes {
            let limb = self.view(limbs).slice(0, at, 1, 1).expect("in range");
            let limb = limb.remove_axis(0).expect("one limb");
            sum = sum.plus_times(-(1 << (8 * at)), limb).expect("same shape");
        }
        self.builder.linear(name, sum);
    }

    /// Adds `floor((a + 2^(shift - 1)) / 2^shift)` as a column of two bytes, where `a` is the sum of
    /// a combination and some einsums.
    ///
    /// Unique: the remainder is looked up in `0 .. 2^shift`, so quotient and remainder are those of
    /// the division, and quotients are far from the modulus.
    pub fn rescale(
        &mut self,
        name: &str,
        sum: &Combination,
        einsums: Vec<Einsum>,
        shift: u32,
    ) -> ColumnId {
        let shape = sum.shape().to_vec();
        let products = self.contract(&shape, &einsums);
        let values = self
            .evaluate(sum)
            .into_iter()
            .zip(products)
            .map(|(a, b)| a + b);
        let half = 1 << shift >> 1;
        let (quotients, remainders): (Vec<i64>, Vec<i64>) = values
            .map(|value| ((value + half) >> shift, (value + half) & ((1 << shift) - 1)))
            .unzip();
        let interval = Interval::new(-(1 << 15), (1 << 15) - 1);
        let quotient = self.column(name, &shape, Role::Witness, interval, quotients);
        self.range_check(&format!("{name}.range"), quotient, interval.lo, 2);
        let last = (1 << shift) - 1;
        let remainder_name = format!("{name}.remainder");
        let interval = Interval::new(0, last);
        let remainder = self.column(&remainder_name, &shape, Role::Witness, interval, remainders);
        let table = self.range(&remainder_name, 1 << shift);
        self.builder.lookup(
            &remainder_name,
            alloc::vec![self.view(remainder).into()],
            table,
        );
        let scaled = Combination::from(self.view(quotient)).times(1 << shift);
        let whole = scaled.and_then(|scaled| scaled.plus(self.view(remainder)));
        let left = whole.and_then(|whole| whole.plus_constant(-half)?.minus(sum.clone()));
        let left = left.expect("same shape");
        if einsums.is_empty() {
            self.builder.linear(name, left);
        } else {
            self.builder.product(name, left, einsums);
        }
        quotient
    }

    /// Builds the system and completes the assignment.
    ///
    /// # Panics
    ///
    /// If the system is not valid or the assignment does not satisfy it.
    pub fn finish(self) -> (System, Assignment) {
        let system = self.builder.build().expect("the system is valid");
        let mut assignment = Assignment {
            columns: self.columns,
            statement: self.statement,
        };
        system
            .multiplicities(&mut assignment)
            .expect("every tuple is in its table");
        (system, assignment)
    }
}

fn tensor(shape: &[usize], values: Vec<i64>) -> Tensor {
    Tensor::from_i64s(shape.to_vec(), values).expect("one value per element")
}
