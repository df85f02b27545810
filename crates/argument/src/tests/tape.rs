//! Transcripts that are written down, and transcripts that repeat what was written down.

use alloc::sync::Arc;
use alloc::vec::Vec;
use std::cell::RefCell;
use std::sync::Mutex;

use p3_challenger::{
    CanObserve, CanSample, CanSampleBits, CanSampleUniformBits, FieldChallenger,
    GrindingChallenger, ResamplingError,
};
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use p3_symmetric::MerkleCap;

use crate::profile::{Digests, F, Goldilocks2, Paths, Profile, Root};

/// [`Goldilocks2`] with a transcript that the tests can look into. Digests, proofs and challenges are the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taped;

/// What passes through a transcript.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Absorbed(u64),
    Drawn(u64),
}

/// How the transcripts of this thread behave.
#[derive(Clone, Debug)]
enum Mode {
    Live,
    Written(Arc<Mutex<Vec<Event>>>),
    Repeated(Arc<Vec<u64>>),
}

std::thread_local! {
    static MODE: RefCell<Mode> = const { RefCell::new(Mode::Live) };
}

fn within<T>(mode: Mode, run: impl FnOnce() -> T) -> T {
    let before = MODE.replace(mode);
    let result = run();
    MODE.set(before);
    result
}

/// Writes down what passes through the transcripts that are started in `run`. Work is never missing, so that a changed
/// proof is read to its end.
pub(super) fn written<T>(run: impl FnOnce() -> T) -> (T, Vec<Event>) {
    let events = Arc::new(Mutex::new(Vec::new()));
    let result = within(Mode::Written(events.clone()), run);
    let events = events.lock().expect("one thread").clone();
    (result, events)
}

/// Gives every transcript that is started in `run` the challenges `drawn`, whatever it absorbs. Work is never missing.
pub(super) fn repeated<T>(drawn: &[u64], run: impl FnOnce() -> T) -> T {
    within(Mode::Repeated(Arc::new(drawn.to_vec())), run)
}

/// A transcript of [`Taped`].
#[derive(Clone, Debug)]
pub(super) struct Tape {
    live: <Goldilocks2 as Profile>::Challenger,
    mode: Mode,
    drawn: usize,
}

impl Tape {
    fn absorbed(&self, value: u64) {
        if let Mode::Written(events) = &self.mode {
            let mut events = events.lock().expect("one thread");
            events.push(Event::Absorbed(value));
        }
    }

    /// The next challenge: `live` of the transcript itself, or the one that was written down.
    fn draw(&mut self, live: impl FnOnce(&mut <Goldilocks2 as Profile>::Challenger) -> u64) -> u64 {
        self.drawn += 1;
        match &self.mode {
            Mode::Live => live(&mut self.live),
            Mode::Written(events) => {
                let value = live(&mut self.live);
                let mut events = events.lock().expect("one thread");
                events.push(Event::Drawn(value));
                value
            }
            Mode::Repeated(drawn) => drawn[self.drawn - 1],
        }
    }
}

impl CanObserve<F> for Tape {
    fn observe(&mut self, value: F) {
        self.absorbed(value.as_canonical_u64());
        self.live.observe(value);
    }
}

impl CanObserve<MerkleCap<F, [u8; 32]>> for Tape {
    fn observe(&mut self, root: MerkleCap<F, [u8; 32]>) {
        for word in root.roots().iter().flat_map(|digest| digest.chunks(8)) {
            self.absorbed(u64::from_le_bytes(word.try_into().expect("eight bytes")));
        }
        self.live.observe(root);
    }
}

impl CanSample<F> for Tape {
    fn sample(&mut self) -> F {
        let drawn = self.draw(|live| CanSample::<F>::sample(live).as_canonical_u64());
        F::from_u64(drawn)
    }
}

impl CanSampleBits<usize> for Tape {
    fn sample_bits(&mut self, bits: usize) -> usize {
        self.draw(|live| live.sample_bits(bits) as u64) as usize
    }
}

impl CanSampleUniformBits<F> for Tape {
    fn sample_uniform_bits<const RESAMPLE: bool>(
        &mut self,
        bits: usize,
    ) -> Result<usize, ResamplingError> {
        let draw = |live: &mut <Goldilocks2 as Profile>::Challenger| {
            let bits = live.sample_uniform_bits::<true>(bits);
            bits.expect("bytes are uniform") as u64
        };
        Ok(self.draw(draw) as usize)
    }
}

impl FieldChallenger<F> for Tape {}

impl GrindingChallenger for Tape {
    type Witness = F;

    fn grind(&mut self, bits: usize) -> F {
        match self.mode {
            Mode::Repeated(_) => F::ZERO,
            Mode::Live | Mode::Written(_) => self.live.grind(bits),
        }
    }

    fn check_witness(&mut self, bits: usize, witness: F) -> bool {
        if bits > 0 {
            self.absorbed(witness.as_canonical_u64());
        }
        self.live.check_witness(bits, witness) || !matches!(self.mode, Mode::Live)
    }
}

impl Profile for Taped {
    type E = <Goldilocks2 as Profile>::E;
    type Tree = <Goldilocks2 as Profile>::Tree;
    type Challenger = Tape;

    const NAME: &'static [u8] = Goldilocks2::NAME;
    const DIGEST_BYTES: usize = Goldilocks2::DIGEST_BYTES;

    fn tree() -> Self::Tree {
        Goldilocks2::tree()
    }

    fn challenger(label: &[u8]) -> Tape {
        Tape {
            live: Goldilocks2::challenger(label),
            mode: MODE.with_borrow(Mode::clone),
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
