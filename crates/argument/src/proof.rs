//! Proofs and their canonical bytes.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::description::{Description, degree};
use crate::masks::MaskProof;
use crate::opening::{Commitment, OpeningProof};
use crate::profile::{F, Profile};
use crate::reject::Reject;

/// A proof that a prover knows columns that satisfy a system.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Proof<P: Profile> {
    /// The commitment to witness, multiplicities and masks.
    pub witness: Commitment<P>,
    /// The values that the steps send, masked with zero knowledge.
    pub messages: Vec<P::E>,
    /// The proofs of work of the steps.
    pub works: Vec<F>,
    /// What only a proof in zero knowledge has.
    pub hidden: Option<Hidden<P::E>>,
    /// The opening of all commitments.
    pub opening: OpeningProof<P>,
}

/// The part of a proof that ties the masked values together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden<E> {
    /// The value of the combination that is opened.
    pub combined: E,
    /// The mask argument.
    pub masks: MaskProof<E>,
}

impl<P: Profile> core::fmt::Debug for Proof<P> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Proof")
            .field("messages", &self.messages.len())
            .finish_non_exhaustive()
    }
}

impl<P: Profile> Proof<P> {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        // Nothing in a proof refuses to be serialised.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// Reads a proof for `description`.
    ///
    /// Cost: memory at most a small multiple of [`Proof::max_bytes`], whatever the bytes say.
    /// Errors: [`Reject::Length`], [`Reject::Encoding`], [`Reject::Opening`].
    pub fn decode(bytes: &[u8], description: &Description<P>) -> Result<Self, Reject> {
        let most = Self::max_bytes(description)?;
        if bytes.len() > most {
            return Err(Reject::Length {
                part: "proof",
                expected: most,
                found: bytes.len(),
            });
        }
        let (proof, rest) = postcard::take_from_bytes::<Self>(bytes)
            .map_err(|_| Reject::Encoding { part: "proof" })?;
        if !rest.is_empty() {
            return Err(Reject::Length {
                part: "bytes after the proof",
                expected: 0,
                found: rest.len(),
            });
        }
        proof.check(description)?;
        if proof.encode() == bytes {
            Ok(proof)
        } else {
            Err(Reject::Encoding { part: "proof" })
        }
    }

    /// The most bytes that a proof for `description` can have.
    ///
    /// The length of a proof depends on the description and, by the sharing of Merkle paths, on the transcript; never
    /// on what is hidden.
    pub fn max_bytes(description: &Description<P>) -> Result<usize, Reject> {
        const ELEMENT: usize = 8;
        const LENGTHS: usize = 64;
        let elements = description
            .count()
            .messages()
            .saturating_add(description.masks().map_or(0, |masks| {
                // Without the first coefficient, with the combination.
                masks.test_len()
            }))
            .saturating_mul(degree::<P>())
            .saturating_add(description.count().works);
        let opening = OpeningProof::<P>::max_bytes(description.opening())?;
        Ok(elements
            .saturating_mul(ELEMENT)
            .saturating_add(opening)
            .saturating_add(P::DIGEST_BYTES)
            .saturating_add(LENGTHS))
    }

    /// Checks every length that the description fixes; the mask argument and the opening check their own.
    pub(crate) fn check(&self, description: &Description<P>) -> Result<(), Reject> {
        let count = description.count();
        for (part, expected, found) in [
            ("messages", count.messages(), self.messages.len()),
            ("proofs of work", count.works, self.works.len()),
            (
                "mask arguments",
                usize::from(description.masks().is_some()),
                usize::from(self.hidden.is_some()),
            ),
            (
                "roots of the witness",
                1,
                P::digests(Some(&self.witness.root), None).root,
            ),
        ] {
            if expected != found {
                return Err(Reject::Length {
                    part,
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }
}
