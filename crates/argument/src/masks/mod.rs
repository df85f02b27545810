//! The mask argument: all equations over the committed masks, and the products of the slots.
//!
//! The masks lie in rows of the witness commitment. A row of masks is a polynomial over the challenge field
//! whose values on the subgroup `H` of order `l` are `l` masks and whose multiple of `Z_H(X) = X^l - 1` is uniform,
//! so `q` openings outside `H` say nothing about the masks. Two more rows blind what is revealed:
//!
//! - *linear*: all equations, batched by powers of one challenge, are `sum over H of sum_i w_i(X) row_i(X) = -B`.
//!   The prover reveals `y = s + sum_i w_i row_i`, where `s` is uniform with sum 0 over `H`;
//! - *quadratic*: `P Q - S` vanishes on `H` for the rows of the product slots. The prover reveals the quotient by
//!   `Z_H` of `t + sum_i delta^(i+1) (P_i Q_i - S_i)`, where `t` is a uniform multiple of `Z_H`.
//!
//! Both are checked against the opened rows at the queried positions.
//!
//! Source: the interactive proof over a committed linear code of Ligero (Ames, Hazay, Ishai, Venkitasubramaniam
//! 2017, section 4), over equations that come from VEIL's masking (eprint 2026/683).

#[cfg(feature = "prove")]
mod prove;
mod shape;
mod verify;

#[cfg(test)]
mod tests;

#[cfg(feature = "prove")]
pub use prove::MaskRows;
pub use shape::{MaskShape, RowKind};
pub use verify::{MaskProof, Pending, verify};
