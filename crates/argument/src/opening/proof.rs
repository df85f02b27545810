//! What an opening sends, its canonical bytes and its exact shape.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use alloc::vec::Vec;

use p3_sumcheck::SumcheckData;
use p3_whir::{QueryOpenings, WhirProof, WhirRoundProof};
use serde::{Deserialize, Serialize};

use super::whir::{self, Config, degree};
use super::{OpeningShape, Reject};
use crate::profile::{F, Paths, Profile, Root};

/// Bytes that the encoding of one length takes at most, for lengths below `2^35`.
const LENGTH_BYTES: usize = 5;

/// An opening proof.
///
/// Its lengths follow from the shape, but for the number of digests in pruned paths, which depends on the
/// positions and so on the transcript alone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct OpeningProof<P: Profile> {
    /// Commitment to the combination of all rows.
    pub combination: Root<P>,
    /// Proof of work before the positions are drawn.
    pub grinding: F,
    /// The combination's coordinates at the point, but for the first, which the claimed value determines.
    pub coordinates: Vec<P::E>,
    /// The opened rows of each group.
    pub groups: Vec<GroupOpening<P>>,
    /// The argument about the combination.
    pub whir: WhirProof<F, P::E, P::Tree>,
}

/// The rows of one group at the opened positions.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct GroupOpening<P: Profile> {
    /// Symbols and salts: one leaf per position, positions ascending.
    pub leaves: Vec<F>,
    /// Merkle paths of all positions together.
    pub paths: Paths<P>,
}

impl<P: Profile> OpeningProof<P> {
    /// The canonical bytes of this proof.
    ///
    /// # Panics
    ///
    /// Never: every part of a proof has an encoding.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        // Nothing in a proof refuses to be serialised, so the vector is empty for no proof.
        postcard::to_allocvec(self).unwrap_or_default()
    }

    /// Reads a proof of `shape`.
    ///
    /// Cost: memory at most a small multiple of [`OpeningProof::max_bytes`], whatever the bytes say.
    /// Errors: [`Reject::Size`], [`Reject::Encoding`], [`Reject::Length`] or [`Reject::Canonical`].
    pub fn decode(bytes: &[u8], shape: &OpeningShape) -> Result<Self, Reject> {
        let expected = Self::max_bytes(shape)?;
        if bytes.len() > expected {
            return Err(Reject::Size {
                expected,
                found: bytes.len(),
            });
        }
        let (proof, rest) =
            postcard::take_from_bytes::<Self>(bytes).map_err(|_| Reject::Encoding)?;
        if !rest.is_empty() {
            return Err(Reject::Length {
                what: "bytes after the proof",
                expected: 0,
                found: rest.len(),
            });
        }
        proof.check(shape)?;
        if proof.encode() == bytes {
            Ok(proof)
        } else {
            Err(Reject::Canonical)
        }
    }

    /// The most bytes that a proof of `shape` can have: its own, with no Merkle path pruned.
    ///
    /// Errors: [`Reject::Shape`] if the shape is of another profile.
    pub fn max_bytes(shape: &OpeningShape) -> Result<usize, Reject> {
        let size = Sizes::<P>::new(shape)?;
        Ok(size.total())
    }

    /// Checks every length that the shape fixes, so that nothing after this meets an unexpected one.
    ///
    /// Errors: [`Reject::Length`] names the part.
    pub(super) fn check(&self, shape: &OpeningShape) -> Result<(), Reject> {
        let sizes = Sizes::<P>::new(shape)?;
        equal(
            "roots of the combination",
            1,
            P::digests(Some(&self.combination), None).root,
        )?;
        equal(
            "coordinates",
            degree::<P>().saturating_sub(1),
            self.coordinates.len(),
        )?;
        equal("groups", shape.groups().len(), self.groups.len())?;
        for (group, opening) in shape.groups().iter().zip(&self.groups) {
            let leaves = group.leaf().saturating_mul(shape.queries());
            equal("symbols and salts", leaves, opening.leaves.len())?;
            let most = shape.queries().saturating_mul(shape.code().log_positions());
            at_most(
                "digests",
                most,
                P::digests(None, Some(&opening.paths)).paths,
            )?;
        }
        sizes.check_whir(&self.whir)
    }
}

fn equal(what: &'static str, expected: usize, found: usize) -> Result<(), Reject> {
    if expected == found {
        Ok(())
    } else {
        Err(Reject::Length {
            what,
            expected,
            found,
        })
    }
}

fn at_most(what: &'static str, most: usize, found: usize) -> Result<(), Reject> {
    equal(what, found.min(most), found)
}

/// The sizes of one codeword's opening inside WHIR.
struct Queried {
    positions: usize,
    width: usize,
    height: usize,
    elements: usize,
}

/// The sizes of the inner argument, which its configuration implies.
struct Sizes<'a, P: Profile> {
    shape: &'a OpeningShape,
    config: Config<P>,
}

impl<'a, P: Profile> Sizes<'a, P> {
    fn new(shape: &'a OpeningShape) -> Result<Self, Reject> {
        Ok(Self {
            shape,
            config: whir::config::<P>(shape)?,
        })
    }

    /// Openings in the order of the codewords; those of round `i` are in the proof of round `i`, the last ones
    /// stand alone.
    fn queried(&self) -> impl Iterator<Item = Queried> {
        let rounds = self.config.round_parameters().iter().cloned();
        rounds
            .chain([self.config.final_round_config()])
            .enumerate()
            .map(|(index, round)| {
                let height = round.log_folded_domain_size;
                let leaves = 1usize.checked_shl(u32::try_from(height).unwrap_or(u32::MAX));
                Queried {
                    // A codeword with fewer leaves than queries is opened whole.
                    positions: round.num_queries.min(leaves.unwrap_or(usize::MAX)),
                    width: pow2(round.folding_factor),
                    height,
                    elements: if index == 0 { 1 } else { degree::<P>() },
                }
            })
    }

    /// Rounds and grinding of each sumcheck: before the first commitment, after each, and at the end.
    fn sumchecks(&self) -> impl Iterator<Item = (usize, usize)> {
        let pow = core::iter::once(self.config.starting_folding_pow_bits()).chain(
            self.config
                .round_parameters()
                .iter()
                .map(|round| round.folding_pow_bits),
        );
        self.config
            .folding_schedule()
            .iter()
            .copied()
            .zip(pow)
            .chain([(
                self.config.final_sumcheck_rounds(),
                self.config.final_folding_pow_bits(),
            )])
    }

    fn total(&self) -> usize {
        let field = size_of::<u64>();
        let element = field.saturating_mul(degree::<P>());
        let digest = P::DIGEST_BYTES;
        let mut total = Sum(LENGTH_BYTES.saturating_mul(8));
        total.add(1, digest);
        total.add(2, field);
        total.add(degree::<P>(), element);
        for group in self.shape.groups() {
            total.add(2, LENGTH_BYTES);
            total.add(self.shape.queries().saturating_mul(group.leaf()), field);
            total.add(
                self.shape
                    .queries()
                    .saturating_mul(self.shape.code().log_positions()),
                digest,
            );
        }
        for opening in self.queried() {
            // Besides the rows: a commitment, a proof of work, tags and lengths.
            total.add(1, digest.saturating_add(field));
            total.add(opening.positions.saturating_add(8), LENGTH_BYTES);
            let symbols = opening.width.saturating_mul(opening.elements);
            total.add(opening.positions.saturating_mul(symbols), field);
            total.add(opening.positions.saturating_mul(opening.height), digest);
        }
        for (rounds, _) in self.sumchecks() {
            total.add(2, LENGTH_BYTES);
            total.add(rounds, element.saturating_mul(2).saturating_add(field));
        }
        total.add(pow2(self.config.final_sumcheck_rounds()), element);
        total.0
    }

    fn check_whir(&self, proof: &WhirProof<F, P::E, P::Tree>) -> Result<(), Reject> {
        let out_of_domain = self.config.commitment_ood_samples();
        equal(
            "initial answers",
            out_of_domain,
            proof.initial_ood_answers.len(),
        )?;
        equal("whir rounds", self.config.n_rounds(), proof.rounds.len())?;
        let final_values = proof
            .final_poly
            .as_ref()
            .map_or(0, |poly| poly.as_slice().len());
        equal(
            "final values",
            pow2(self.config.final_sumcheck_rounds()),
            final_values,
        )?;
        for (round, parameters) in proof.rounds.iter().zip(self.config.round_parameters()) {
            let root = P::digests(round.commitment.as_ref(), None).root;
            equal("roots of a round", 1, root)?;
            equal(
                "answers of a round",
                parameters.ood_samples,
                round.ood_answers.len(),
            )?;
        }
        let openings = proof
            .rounds
            .iter()
            .map(|round: &WhirRoundProof<_, _, P::Tree>| &round.openings);
        for (queried, found) in self.queried().zip(openings.chain([&proof.final_openings])) {
            check_openings::<P>(&queried, found)?;
        }
        let closing = self.config.final_sumcheck_rounds();
        equal(
            "final sumchecks",
            closing.min(1),
            usize::from(proof.final_sumcheck.is_some()),
        )?;
        let sumchecks = core::iter::once(&proof.initial_sumcheck)
            .chain(proof.rounds.iter().map(|round| &round.sumcheck))
            .chain(&proof.final_sumcheck);
        for ((rounds, pow_bits), sumcheck) in self.sumchecks().zip(sumchecks) {
            check_sumcheck::<P>(rounds, pow_bits, sumcheck)?;
        }
        Ok(())
    }
}

fn check_openings<P: Profile>(
    expected: &Queried,
    found: &QueryOpenings<F, P::E, Paths<P>>,
) -> Result<(), Reject> {
    let (elements, rows, paths) = match found {
        QueryOpenings::Base(opening) => (1, lengths(&opening.rows, expected.width), &opening.proof),
        QueryOpenings::Extension(opening) => (
            degree::<P>(),
            lengths(&opening.rows, expected.width),
            &opening.proof,
        ),
    };
    equal("elements of an opened symbol", expected.elements, elements)?;
    equal("queried rows", expected.positions, rows.0)?;
    if let Some(found) = rows.1 {
        return Err(Reject::Length {
            what: "symbols of a queried row",
            expected: expected.width,
            found,
        });
    }
    let most = expected.positions.saturating_mul(expected.height);
    at_most("digests", most, P::digests(None, Some(paths)).paths)
}

/// How many rows there are, and the length of the first that is not `width` long.
fn lengths<T>(rows: &[Vec<T>], width: usize) -> (usize, Option<usize>) {
    (
        rows.len(),
        rows.iter().map(Vec::len).find(|&found| found != width),
    )
}

fn check_sumcheck<P: Profile>(
    rounds: usize,
    pow_bits: usize,
    sumcheck: &SumcheckData<F, P::E>,
) -> Result<(), Reject> {
    equal(
        "sumcheck rounds",
        rounds,
        sumcheck.polynomial_evaluations.len(),
    )?;
    let witnesses = if pow_bits > 0 { rounds } else { 0 };
    equal("proofs of work", witnesses, sumcheck.pow_witnesses.len())
}

fn pow2(exponent: usize) -> usize {
    u32::try_from(exponent)
        .ok()
        .and_then(|exponent| 1usize.checked_shl(exponent))
        .unwrap_or(usize::MAX)
}

/// A sum of products that stays at the top of its range instead of wrapping.
struct Sum(usize);

impl Sum {
    fn add(&mut self, count: usize, each: usize) {
        self.0 = self.0.saturating_add(count.saturating_mul(each));
    }
}
