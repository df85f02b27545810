//! The command line of Vouch.
mod files;
mod tensors;
fn main() {}
