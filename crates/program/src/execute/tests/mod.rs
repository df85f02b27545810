//! Arrays and einsums against their plain definitions.

mod array;
mod einsum;
