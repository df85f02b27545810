//! Small graphs that the tests build themselves.

mod build;
#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod quantise;
mod quantised;
