//! The mask argument: all equations over the committed masks, products of two of them included.
//!
//! The masks lie in rows of the witness commitment. A row of masks is a polynomial over the challenge field
//! whose values on the subgroup `H` of order `l` are `l` masks and whose multiple of `Z_H(X) = X^l - 1` is uniform,
//! so `q` openings outside `H` say nothing about the masks. The factors of the product slots lie in pairs of rows
//! `P_j`, `Q_j`, so all equations, batched by powers of one challenge, are
//!
//! `sum over H of sum_i w_i(X) row_i(X) + sum_j v_j(X) P_j(X) Q_j(X) = -B`.
//!
//! The prover reveals `y = s + sum_i w_i row_i + sum_j v_j P_j Q_j`, where the blind `s`, one more row, is uniform with
//! sum 0 over `H`. It is checked against the opened rows at the queried positions.
//!
//! Source: the linear test of the interactive proof over a committed linear code of Ligero (Ames, Hazay, Ishai,
//! Venkitasubramaniam 2017, section 4), here with terms of degree two, over equations that come from VEIL's masking
//! (eprint 2026/683).

#[cfg(feature = "prove")]
mod prove;
mod shape;
mod verify;

#[cfg(test)]
mod tests;

#[cfg(feature = "prove")]
pub use prove::MaskRows;
pub use shape::MaskShape;
pub use verify::{MaskProof, Pending, verify};
