//! Tests of systems, and what the tests share.

mod accept;
mod choice;
mod files;
mod hostile;
mod intervals;
mod malformed;

use super::*;
use alloc::vec;

const BYTE: Interval = Interval::new(0, 255);

/// A builder with a witness column `x [3]`, a parameter `w [3]`, and a table of bytes.
struct Fixture {
    builder: Builder,
    x: ColumnId,
    w: ColumnId,
    bytes: TableId,
}

fn fixture() -> Fixture {
    let mut builder = System::builder();
    let x = builder.column("x", &[3], Role::Witness, BYTE);
    let w = builder.column("w", &[3], Role::Parameter, BYTE);
    let numbers = builder.constant(
        "numbers",
        Tensor::from_i64s(vec![256], (0..256).collect()).unwrap(),
    );
    let numbers = builder.public_view(numbers).unwrap();
    let bytes = builder.table("bytes", vec![numbers.into()]);
    Fixture {
        builder,
        x,
        w,
        bytes,
    }
}

impl Fixture {
    fn view(&self, id: ColumnId) -> View {
        self.builder.view(id).unwrap()
    }

    /// Keeps a column in the interval of bytes.
    fn enforce(mut self, id: ColumnId) -> Self {
        let row = vec![self.view(id).into()];
        self.builder.lookup("range", row, self.bytes);
        self
    }
}

fn einsum(a: View, a_labels: &[usize], b: View, b_labels: &[usize]) -> Einsum {
    let (a_labels, b_labels) = (a_labels.to_vec(), b_labels.to_vec());
    Einsum {
        coefficient: 1,
        a: a.into(),
        a_labels,
        b: b.into(),
        b_labels,
    }
}

fn unenforced(name: &str, column: ColumnId) -> Result<System, SystemError> {
    Err(SystemError::Unenforced {
        column,
        name: name.into(),
    })
}

fn tensor(shape: &[usize], values: &[i64]) -> Tensor {
    Tensor::from_i64s(shape.to_vec(), values.to_vec()).unwrap()
}
