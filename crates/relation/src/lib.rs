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
pub use view::{ColumnId, Component, PublicId, Source, View, ViewError};
