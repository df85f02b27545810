//! Small graphs: those that the tests build themselves, and exported ones.

mod build;
mod fixtures;
mod hostile;
mod language;
mod quantise;
mod vision;
