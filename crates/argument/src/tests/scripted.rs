//! A profile whose challenges are chosen in advance: the interactive protocol with an honest verifier, whose coins
//! are fixed. Everything but the transcript is that of [`Goldilocks2`].

use alloc::vec::Vec;
use core::cell::Cell;

use p3_challenger::{
    CanObserve, CanSample, CanSampleBits, CanSampleUniformBits, FieldChallenger,
    GrindingChallenger, ResamplingError,
};
use p3_field::PrimeCharacteristicRing;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::profile::{Digests, F, Goldilocks2, Paths, Profile, Root};

std::thread_local! {
    static SCRIPT: Cell<u64> = const { Cell::new(0) };
}

/// Chooses the challenges of the transcripts that this thread starts from now on.
pub(super) fn script(number: u64) {
    SCRIPT.set(number);
}

/// [`Goldilocks2`] with challenges from a script.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scripted;

/// Challenges that depend on the script alone. No work is demanded: there is no hash to work on.
#[derive(Clone, Debug)]
pub(super) struct Script {
    script: u64,
    drawn: u64,
}

impl Script {
    /// Nothing but the script and the number of draws decides the next one.
    fn next(&mut self) -> StdRng {
        self.drawn += 1;
        StdRng::seed_from_u64((self.script << 32) + self.drawn)
    }
}

impl Profile for Scripted {
    type E = <Goldilocks2 as Profile>::E;
    type Tree = <Goldilocks2 as Profile>::Tree;
    type Challenger = Script;

    const NAME: &'static [u8] = b"scripted";
    const DIGEST_BYTES: usize = Goldilocks2::DIGEST_BYTES;

    fn tree() -> Self::Tree {
        Goldilocks2::tree()
    }

    fn challenger(_: &[u8]) -> Script {
        Script {
            script: SCRIPT.get(),
            drawn: 0,
        }
    }

    fn digests(root: Option<&Root<Self>>, paths: Option<&Paths<Self>>) -> Digests {
        Goldilocks2::digests(root, paths)
    }

    fn siblings(paths: &Paths<Self>) -> &[[u8; 32]] {
        Goldilocks2::siblings(paths)
    }

    fn paths(siblings: Vec<[u8; 32]>) -> Paths<Self> {
        Goldilocks2::paths(siblings)
    }

    fn leaves(leaves: &[F], digests: &mut [[u8; 32]]) {
        Goldilocks2::leaves(leaves, digests);
    }

    fn above(leaves: Vec<[u8; 32]>) -> Vec<Vec<[u8; 32]>> {
        Goldilocks2::above(leaves)
    }

    fn root(digest: [u8; 32]) -> Root<Self> {
        Goldilocks2::root(digest)
    }
}

impl<T> CanObserve<T> for Script {
    fn observe(&mut self, _: T) {}
}

impl CanSample<F> for Script {
    fn sample(&mut self) -> F {
        self.next().random()
    }
}

impl CanSampleBits<usize> for Script {
    fn sample_bits(&mut self, bits: usize) -> usize {
        self.next().random_range(0..1 << bits)
    }
}

impl CanSampleUniformBits<F> for Script {
    fn sample_uniform_bits<const RESAMPLE: bool>(
        &mut self,
        bits: usize,
    ) -> Result<usize, ResamplingError> {
        Ok(self.sample_bits(bits))
    }
}

impl FieldChallenger<F> for Script {}

impl GrindingChallenger for Script {
    type Witness = F;

    fn grind(&mut self, _: usize) -> F {
        F::ZERO
    }

    fn check_witness(&mut self, _: usize, _: F) -> bool {
        true
    }
}
