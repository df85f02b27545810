//! Small graphs that the tests build themselves.

mod build;
mod hostile;
mod quantise;
mod vision;
