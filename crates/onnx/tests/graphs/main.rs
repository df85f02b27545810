//! Small graphs: those that the tests build themselves, and exported ones.

mod beyond;
mod build;
#[path = "../common/mod.rs"]
mod common;
mod fixtures;
mod hostile;
mod indices;
mod jumps;
mod language;
mod other_sizes;
mod quantise;
mod quantised;
mod rows;
mod shares;
mod standard;
mod tabular;
mod vision;
