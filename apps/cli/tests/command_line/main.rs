//! The program as a person or a script meets it: what it prints, what it leaves behind, how it ends.

mod bad_inputs;
mod bad_keys_and_proofs;
mod embedding;
mod interrupted;
mod place;
mod unwritable;
mod whole_way;
