//! What the owner of a key chooses.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use serde::{Deserialize, Serialize};

/// The choices that fix, with a system, everything else about its proofs. They are part of the verifying key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameters {
    /// Bits of proven security that the statement must have, proofs of work and other arguments included.
    pub security_bits: u32,
    /// What the statement rests on besides this argument.
    pub others: Others,
    /// Logarithm of one over the rate of the commitments. At least 2: the mask argument's products need it.
    pub log_inv_rate: usize,
    /// Whether private columns are hidden. Without it a proof reveals linear combinations of them.
    pub zero_knowledge: bool,
    /// Proofs that the commitment to the parameters can take part in; 0 if the parameters are public.
    pub model_proofs: usize,
    /// Proofs that a sealed commitment can take part in; 0 if what it seals is public.
    pub sealed_proofs: usize,
    /// Logarithm of the length of the committed polynomials; chosen for the smallest cost if absent. Groups that are
    /// opened together have the same.
    pub log_len: Option<usize>,
}

/// Arguments of their own that a statement rests on as well: to break one of them is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Others {
    /// How many there are.
    pub count: u32,
    /// Bits of proven security that each of them has, of no meaning where there are none.
    pub bits: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            security_bits: crate::security::REQUIRED_BITS,
            others: Others::default(),
            log_inv_rate: 2,
            zero_knowledge: true,
            model_proofs: 1000,
            sealed_proofs: 100,
            log_len: None,
        }
    }
}
