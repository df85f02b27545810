//! Bytes that claim to be a proof.

use argument::proof::Proof;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, RngSeed, TestRunner};
use relation::test_systems::Random;

use super::fixed::{Case, P};
use super::{MEMORY, alone};

/// The most that hostile bytes may make the verifier allocate, in multiples of what the honest proof takes.
const TIMES: usize = 2;

/// What may come on top: serde reserves at most a mebibyte for a length before it has seen the elements, and a proof
/// has lists in lists.
const RESERVED: usize = 2 << 20;

/// A position: near the start of a part of the proof, or anywhere.
#[derive(Clone, Debug)]
enum At {
    Near(Index, usize),
    Anywhere(Index),
}

/// One thing that is done to a proof's bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(At, u8),
    Cut(At),
    Remove(At, usize),
    Insert(At, Vec<u8>),
    /// A length of `2^35 - 1`.
    Claim(At),
    /// Bytes of another accepted proof, from another place of it.
    Splice(At, At, usize),
    Extend(u64, usize),
}

fn at() -> impl Strategy<Value = At> {
    prop_oneof![
        (any::<Index>(), 0..40usize).prop_map(|(part, offset)| At::Near(part, offset)),
        any::<Index>().prop_map(At::Anywhere),
    ]
}

/// Bytes that are uniform, by their seed.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random::new(seed);
    (0..len).map(|_| random.bits().to_le_bytes()[0]).collect()
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        at().prop_map(Change::Cut),
        (at(), 1..70usize).prop_map(|(at, len)| Change::Remove(at, len)),
        (at(), prop::collection::vec(any::<u8>(), 1..70))
            .prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        at().prop_map(Change::Claim),
        (at(), at(), 1..5000usize).prop_map(|(to, from, len)| Change::Splice(to, from, len)),
        (any::<u64>(), 1..300_000usize).prop_map(|(seed, len)| Change::Extend(seed, len)),
    ]
}

/// An honest proof, another one of the same key, and where the parts of a proof start.
struct Honest {
    case: Case,
    proofs: [Vec<u8>; 2],
    parts: Vec<usize>,
}

impl Honest {
    fn new() -> Self {
        let [mut case, mut other] = [Case::new(true), Case::new(true)];
        let (proof, other) = (case.prove(), other.prove());
        let parts = parts(&proof);
        Self {
            proofs: [proof.encode(), other.encode()],
            case,
            parts,
        }
    }

    fn position(&self, at: &At) -> usize {
        let len = self.proofs[0].len();
        match at {
            At::Near(part, offset) => (self.parts[part.index(self.parts.len())] + offset).min(len),
            At::Anywhere(index) => index.index(len),
        }
    }

    fn changed(&self, changes: &[Change]) -> Vec<u8> {
        let mut bytes = self.proofs[0].clone();
        for change in changes {
            self.apply(&mut bytes, change);
        }
        bytes
    }

    fn apply(&self, bytes: &mut Vec<u8>, change: &Change) {
        let put = |bytes: &mut Vec<u8>, at: usize, new: &[u8]| {
            let at = at.min(bytes.len());
            let end = (at + new.len()).min(bytes.len());
            bytes[at..end].copy_from_slice(&new[..end - at]);
        };
        match change {
            Change::Set(at, byte) => put(bytes, self.position(at), &[*byte]),
            Change::Cut(at) => bytes.truncate(self.position(at)),
            Change::Remove(at, len) => {
                let at = self.position(at).min(bytes.len());
                bytes.drain(at..(at + len).min(bytes.len()));
            }
            Change::Insert(at, new) => {
                let at = self.position(at).min(bytes.len());
                bytes.splice(at..at, new.iter().copied());
            }
            Change::Claim(at) => put(bytes, self.position(at), &[0xff, 0xff, 0xff, 0xff, 0x7f]),
            Change::Splice(to, from, len) => {
                let other = &self.proofs[1];
                let from = self.position(from).min(other.len());
                let end = (from + len).min(other.len());
                put(bytes, self.position(to), &other[from..end]);
            }
            Change::Extend(seed, len) => bytes.extend(noise(*seed, *len)),
        }
    }
}

/// Where each part of the encoding starts.
fn parts(proof: &Proof<P>) -> Vec<usize> {
    let hidden = proof.hidden.as_ref().expect("zero knowledge");
    let opening = &proof.opening;
    let size = |part: Result<Vec<u8>, postcard::Error>| part.expect("plain data").len();
    let sizes = [
        size(postcard::to_allocvec(&proof.witness)),
        size(postcard::to_allocvec(&proof.messages)),
        size(postcard::to_allocvec(&proof.works)),
        1 + size(postcard::to_allocvec(&hidden.combined)),
        size(postcard::to_allocvec(&hidden.masks.test)),
        size(postcard::to_allocvec(&opening.combination)),
        size(postcard::to_allocvec(&opening.grinding)),
        size(postcard::to_allocvec(&opening.coordinates)),
        1 + size(postcard::to_allocvec(&opening.groups[0].leaves)),
        size(postcard::to_allocvec(&opening.groups[0].paths)),
        size(postcard::to_allocvec(&opening.groups[1])),
        size(postcard::to_allocvec(&opening.groups[2].leaves)),
        size(postcard::to_allocvec(&opening.groups[2].paths)),
        size(postcard::to_allocvec(&opening.whir.initial_ood_answers)),
        size(postcard::to_allocvec(&opening.whir.initial_sumcheck)),
        size(postcard::to_allocvec(&opening.whir.rounds)),
        size(postcard::to_allocvec(&opening.whir.final_poly)),
    ];
    let starts = sizes.iter().scan(0, |start, size| {
        *start += size;
        Some(*start)
    });
    core::iter::once(0).chain(starts).collect()
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config {
        cases,
        failure_persistence: None,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(2),
        ..Config::default()
    })
}

/// The most bytes that are in use while `run` runs, above what is in use before.
fn memory<T>(run: impl FnOnce() -> T) -> (T, usize) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let result = run();
    (result, MEMORY.peak_usage().saturating_sub(before))
}

#[test]
fn hostile_bytes_are_rejected_in_the_memory_of_an_honest_proof() {
    let _alone = alone();
    let honest = Honest::new();
    let (accepted, most) = memory(|| honest.case.accept(&honest.proofs[0]));
    assert_eq!(accepted, Ok(()));
    let changes = prop::collection::vec(change(), 1..4);
    let result = runner(600).run(&changes, |changes| {
        let bytes = honest.changed(&changes);
        prop_assume!(bytes != honest.proofs[0]);
        let (accepted, peak) = memory(|| honest.case.accept(&bytes));
        prop_assert!(accepted.is_err());
        prop_assert!(
            peak <= TIMES * most + RESERVED,
            "{peak} bytes at the peak, {most} for the honest proof: {accepted:?}"
        );
        Ok(())
    });
    assert_eq!(result.map_err(|error| error.to_string()), Ok(()));
}

#[test]
fn bytes_that_no_prover_made_are_rejected_in_the_memory_of_an_honest_proof() {
    let _alone = alone();
    let honest = Honest::new();
    let (accepted, most) = memory(|| honest.case.accept(&honest.proofs[0]));
    assert_eq!(accepted, Ok(()));
    let seeds = (any::<u64>(), 0..200_000usize);
    let result = runner(300).run(&seeds, |(seed, len)| {
        let bytes = noise(seed, len);
        let (accepted, peak) = memory(|| honest.case.accept(&bytes));
        prop_assert!(accepted.is_err());
        prop_assert!(
            peak <= TIMES * most + RESERVED,
            "{peak} bytes at the peak, {most} honest"
        );
        Ok(())
    });
    assert_eq!(result.map_err(|error| error.to_string()), Ok(()));
}
