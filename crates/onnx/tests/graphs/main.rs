//! Small graphs that the tests build themselves.

mod build;
mod fixtures;
mod hostile;
mod quantise;
