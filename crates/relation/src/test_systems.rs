//! Small systems with satisfying assignments, for tests and benches.
