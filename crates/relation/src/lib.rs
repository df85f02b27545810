//! Relations between integer tensors: the language that the argument understands.
//!
//! Four nouns and three verbs. A [`Column`] is a committed tensor, a [`Public`] tensor is known to
//! the verifier, a [`View`] is a linear index map of one of those, a [`Table`] is a list of tuples.
//! A [`Relation`] says that a sum of views is zero ([`Relation::Linear`]), that it equals a sum of
//! einsums ([`Relation::Product`]), or that tuples of views lie in a table ([`Relation::Lookup`]).
//! A [`System`] is a set of these; what it accepts is exactly what [`System::check`] accepts.
//!
//! Architecture invariants:
//!
//! - Plain data. No field, no transcript, no I/O, no threads; `no_std` with `alloc`.
//! - A [`System`] that exists is valid: building and deserialising run the same validation, so
//!   nothing downstream checks ids, shapes, labels or intervals again.
//! - A valid system cannot wrap: each relation that holds in the field holds over the integers.
//! - A [`View`] is polyhedral (digits, affine axes, guards). No builder refuses for the sake of the
//!   form: what the form cannot keep separable becomes a larger [`Component`], never a wrong one.
//!
//! A rounded division by 8, `8 q + r - 4 = a` with `r` in a table of `0 .. 8` (the quotient is a
//! parameter here, which keeps the example short):
//!
//! ```
//! use relation::{Assignment, Combination, Interval, Role, System, Tensor, Value};
//!
//! let mut builder = System::builder();
//! let a = builder.public("a", &[3], Interval::new(-100, 100), Value::Statement);
//! let q = builder.column("q", &[3], Role::Parameter, Interval::new(-20, 20));
//! let r = builder.column("r", &[3], Role::Witness, Interval::new(0, 7));
//! let eight = builder.constant("0..8", Tensor::from_i64s(vec![8], (0..8).collect())?);
//! let entries = vec![builder.public_view(eight)?.into()];
//! let range = builder.table("0..8", entries);
//! let row = vec![builder.view(r)?.into()];
//! builder.lookup("remainder", row, range);
//! let sum = Combination::from(builder.view(q)?)
//!     .times(8)?
//!     .plus(builder.view(r)?)?
//!     .plus_constant(-4)?
//!     .minus(builder.public_view(a)?)?;
//! builder.linear("division", sum);
//! let system = builder.build()?;
//!
//! let values = |values: [i64; 3]| Tensor::from_i64s(vec![3], values.to_vec());
//! let columns = vec![values([1, -1, 3])?, values([3, 0, 4])?, Tensor::scalar(0)];
//! let statement = vec![values([7, -12, 24])?];
//! let mut assignment = Assignment { columns, statement };
//! system.multiplicities(&mut assignment)?;
//! assert_eq!(system.check(&assignment), Ok(()));
//!
//! // Rounding the other way at one half: the remainder leaves the table.
//! assignment.columns[0] = values([1, -2, 3])?;
//! assert!(system.check(&assignment).is_err());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]
// All of it is reached by untrusted bytes; the test systems are not.
#![cfg_attr(
    not(any(test, feature = "testing")),
    deny(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]

extern crate alloc;

pub mod combination;
pub mod interval;
pub mod layout;
mod packed;
pub mod shape;
pub mod system;
pub mod tensor;
#[cfg(any(test, feature = "testing"))]
pub mod test_systems;
pub mod view;

pub use combination::{Combination, Einsum, Term};
pub use interval::Interval;
pub use layout::{Block, BlockAxis, Layout, LayoutError};
pub use system::{
    Assignment, Builder, Column, Public, Relation, Role, System, SystemError, Table, TableId,
    Value, Violation,
};
pub use tensor::{Data, Tensor, TensorError};
pub use view::{ColumnId, Component, Factor, PublicId, Source, View, ViewError};
