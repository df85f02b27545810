//! The prover's side of the transcript.

use alloc::vec::Vec;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{ExtensionField, Field};

/// The masks of one proof: uniform in the whole challenge field, each used once.
///
/// There is no way to copy or to serialise them.
pub struct Masks<E> {
    /// Masks of values that are sent alone.
    pub(crate) singles: Vec<E>,
    /// Masks of the first factors.
    pub(crate) lefts: Vec<E>,
    /// Masks of the second factors.
    pub(crate) rights: Vec<E>,
}

/// Says nothing of the values: they are secret.
impl<E> core::fmt::Debug for Masks<E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Masks").finish_non_exhaustive()
    }
}

/// What a cheating prover knows when it is about to send a value: all that it sent before, without masks, and all that
/// it drew.
#[cfg(test)]
#[derive(Clone, Debug)]
pub(crate) struct History<E> {
    pub(crate) sent: Vec<E>,
    pub(crate) drawn: Vec<E>,
}

/// Replaces the value that an honest prover would send.
#[cfg(test)]
pub(crate) type Liar<E> = dyn Fn(&History<E>, E) -> E + Sync;

/// What the tests' cheating provers need of a sender.
#[cfg(test)]
struct Lies<'a, E> {
    liar: Option<&'a Liar<E>>,
    history: History<E>,
}

#[cfg(test)]
impl<E> core::fmt::Debug for Lies<'_, E> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Lies").finish_non_exhaustive()
    }
}

#[cfg(test)]
impl<'a, E: Field> Lies<'a, E> {
    const fn new(liar: Option<&'a Liar<E>>) -> Self {
        let history = History {
            sent: Vec::new(),
            drawn: Vec::new(),
        };
        Self { liar, history }
    }

    fn tell(&mut self, value: E) -> E {
        let value = self.liar.map_or(value, |liar| liar(&self.history, value));
        self.history.sent.push(value);
        value
    }
}

/// Sends values, masked or in the clear, and draws the challenges that the verifier will draw.
#[derive(Debug)]
pub struct Sender<'a, F, E, C> {
    masks: Option<&'a Masks<E>>,
    singles: usize,
    slots: usize,
    messages: Vec<E>,
    works: Vec<F>,
    challenger: &'a mut C,
    #[cfg(test)]
    lies: Lies<'a, E>,
}

impl<'a, F, E, C> Sender<'a, F, E, C>
where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    /// A sender that adds `masks`, or sends in the clear without.
    pub fn new(masks: Option<&'a Masks<E>>, challenger: &'a mut C) -> Self {
        Self {
            masks,
            singles: 0,
            slots: 0,
            messages: Vec::new(),
            works: Vec::new(),
            challenger,
            #[cfg(test)]
            lies: Lies::new(None),
        }
    }

    /// Lets `liar` replace the values that are sent: a cheating prover's tool.
    #[cfg(test)]
    pub(crate) fn lying(mut self, liar: Option<&'a Liar<E>>) -> Self {
        self.lies = Lies::new(liar);
        self
    }

    fn push(&mut self, message: E) {
        self.challenger.observe_algebra_element(message);
        self.messages.push(message);
    }

    /// Sends one value.
    ///
    /// # Panics
    /// If the dry run counted fewer values: a mask is never used twice.
    pub fn send(&mut self, value: E) {
        #[cfg(test)]
        let value = self.lies.tell(value);
        let mask = self
            .masks
            .map_or(E::ZERO, |masks| masks.singles[self.singles]);
        self.singles += 1;
        self.push(value + mask);
    }

    /// Sends two values whose product the verifier forms.
    ///
    /// # Panics
    /// If the dry run counted fewer pairs: a mask is never used twice.
    pub fn send_product(&mut self, left: E, right: E) {
        #[cfg(test)]
        let (left, right) = (self.lies.tell(left), self.lies.tell(right));
        let slot = self.slots;
        let (p, q) = self
            .masks
            .map_or((E::ZERO, E::ZERO), |m| (m.lefts[slot], m.rights[slot]));
        self.slots += 1;
        self.push(left + p);
        self.push(right + q);
    }

    /// Draws a uniform element that depends on everything absorbed so far.
    #[must_use = "a challenge that is drawn and not used checks nothing"]
    pub fn challenge(&mut self) -> E {
        let challenge = self.challenger.sample_algebra_element();
        #[cfg(test)]
        self.lies.history.drawn.push(challenge);
        challenge
    }

    /// Draws `count` challenges.
    #[must_use = "a challenge that is drawn and not used checks nothing"]
    pub fn challenges(&mut self, count: usize) -> Vec<E> {
        (0..count).map(|_| self.challenge()).collect()
    }

    /// Does `bits` bits of work on everything absorbed so far.
    pub fn work(&mut self, bits: usize) {
        if bits > 0 {
            let witness = self.challenger.grind(bits);
            self.works.push(witness);
        }
    }

    /// What was sent so far: the scalars and the proofs of work.
    pub fn sent(&self) -> (&[E], &[F]) {
        (&self.messages, &self.works)
    }

    /// What was sent: the scalars and the proofs of work.
    pub fn finish(self) -> (Vec<E>, Vec<F>) {
        (self.messages, self.works)
    }
}
