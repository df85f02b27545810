//! Models that no one here wrote: the example models of another system, with inputs and the outputs
//! that ONNX Runtime gives on them.
//!
//! They are read from `../shared/models/ezkl` beside the workspace, and are no part of the project:
//! where they are missing the tests say so and pass.

#[path = "../common/mod.rs"]
mod common;
mod files;
mod models;
mod random;
mod survey;
