//! The command line of Vouch.
fn main() {}
