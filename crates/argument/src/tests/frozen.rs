//! What a coordinated cheat achieves when it knows the challenges, it does not achieve with the transcript's.

use alloc::sync::Arc;
use std::sync::Mutex;

use p3_challenger::FieldChallenger;
use p3_field::{Field, PrimeCharacteristicRing};

use super::forge::{Forgery, forge};
use super::tape::{Event, Taped, repeated, written};
use super::*;
use crate::channel::sender::{History, Liar};
use crate::channel::{Channel, Masked, Product, Transparent};
use crate::profile::{F, Goldilocks2, Profile};
use crate::sumcheck;
use crate::verify::start;

type E = <Goldilocks2 as Profile>::E;

/// A channel whose challenges are known in advance, and which says what comes out of each equation.
struct Frozen {
    messages: alloc::vec::IntoIter<E>,
    challenges: alloc::vec::IntoIter<E>,
    equations: Vec<E>,
}

impl Frozen {
    fn new(messages: Vec<E>, challenges: Vec<E>) -> Self {
        Self {
            messages: messages.into_iter(),
            challenges: challenges.into_iter(),
            equations: Vec::new(),
        }
    }
}

impl Channel for Frozen {
    type E = E;
    type Value = E;

    fn receive(&mut self) -> Result<E, Reject> {
        Ok(self.messages.next().expect("a message"))
    }
    fn receive_product(&mut self) -> Result<Product<E>, Reject> {
        let (left, right) = (self.receive()?, self.receive()?);
        Ok(Product {
            left,
            right,
            product: left * right,
        })
    }
    fn challenge(&mut self) -> E {
        self.challenges.next().expect("a challenge")
    }
    fn work(&mut self, _: usize) -> Result<(), Reject> {
        Ok(())
    }
    fn require_zero(&mut self, _: &'static str, value: E) -> Result<(), Reject> {
        self.equations.push(value);
        Ok(())
    }
}

/// `2 x + 3` summed over one variable is 8. The claim is 9, and the message makes up for it at a known challenge `r`:
/// with constant `a` and linear coefficient `9 - 2 a`, the value at `r` is `a + (9 - 2 a) r`, true for the right `a`.
fn lie(r: E) -> E {
    let (claim, truth) = (E::from_u8(9), E::TWO * r + E::from_u8(3));
    (truth - claim * r) * (E::ONE - E::TWO * r).inverse()
}

#[test]
fn a_cheat_that_knows_the_challenge_wins_and_one_that_does_not_loses() {
    let known = E::from_u32(123_456);
    let value = |r: E| E::TWO * r + E::from_u8(3);
    let message = lie(known);
    let mut frozen = Frozen::new(vec![message], vec![known]);
    let reduced = sumcheck::verify(&mut frozen, E::from_u8(9), 1, 1).expect("one round");
    assert_eq!(
        reduced.value,
        value(known),
        "with the challenge known the false claim passes"
    );

    // The transcript's challenge depends on the message: however the cheat guesses, it is another one.
    let mut guess = known;
    for _ in 0..50 {
        let message = [lie(guess)];
        let mut challenger = Goldilocks2::challenger(b"frozen");
        let mut channel = Transparent::<F, E, _>::new(&message, &[], &mut challenger);
        let reduced = sumcheck::verify(&mut channel, E::from_u8(9), 1, 1).expect("one round");
        assert_ne!(reduced.value, value(reduced.point[0]));
        guess = reduced.point[0];
        let _: E = challenger.sample_algebra_element();
    }
}

/// The steps of a statement whose output is wrong.
#[derive(Clone)]
struct Steps {
    description: Description<Taped>,
    statement: Vec<Tensor>,
}

impl Steps {
    /// What comes out of the last equation, that of the claims, for what was sent (without masks) and drawn.
    fn residue(&self, sent: &[E], drawn: &[E]) -> E {
        let mut channel = Frozen::new(sent.to_vec(), drawn.to_vec());
        self.description
            .run(&self.statement, &mut channel)
            .expect("as many messages as are read");
        let Some((last, before)) = channel.equations.split_last() else {
            panic!("there are equations");
        };
        assert!(before.iter().all(E::is_zero), "the other equations hold");
        *last
    }

    /// The value in place of message `at` for which that equation holds. It is linear in every message of the last
    /// round and after it.
    fn correction(&self, sent: &[E], drawn: &[E], at: usize) -> E {
        let with = |value: E| {
            let mut sent = sent.to_vec();
            sent[at] = value;
            self.residue(&sent, drawn)
        };
        let (zero, one) = (with(E::ZERO), with(E::ONE));
        -zero * (one - zero).inverse()
    }
}

/// A wrong statement, with the challenges of an honest proof of the right one.
struct Frost {
    case: Case<Taped>,
    wrong: Assignment,
    drawn: Vec<u64>,
}

impl Frost {
    fn new(zero_knowledge: bool) -> Self {
        let mut case = Case::<Taped>::new("tiny", tiny(3), unlimited(zero_knowledge));
        let honest = case.prove();
        let (accepted, events) = written(|| case.verify(&honest));
        assert_eq!(accepted, Ok(()));
        let drawn = events.into_iter().filter_map(|event| match event {
            Event::Drawn(value) => Some(value),
            Event::Absorbed(_) => None,
        });
        let drawn = drawn.collect();
        let mut wrong = case.assignment.clone();
        wrong.statement[0] = changed(&wrong.statement[0], 1, 1);
        Self { case, wrong, drawn }
    }

    fn steps(&self) -> Steps {
        Steps {
            description: self.case.description.clone(),
            statement: self.wrong.statement.clone(),
        }
    }

    /// The index of the last message.
    fn last(&self) -> usize {
        self.case.description.count().messages() - 1
    }

    fn forge(&mut self, liar: &Liar<E>) -> Proof<Taped> {
        let forgery = Forgery {
            liar: Some(liar),
            ..Forgery::of(&self.wrong)
        };
        forge(&mut self.case, &forgery)
    }

    fn verify(&self, proof: &Proof<Taped>) -> Result<(), Reject> {
        let commitments = &self.case.commitments;
        self.case
            .verify_with(&self.wrong.statement, commitments, proof)
    }

    /// Checks that `lie` passes with the challenges known and not otherwise, and that without it nothing passes.
    fn check(&mut self, lie: &Liar<E>) {
        let drawn = self.drawn.clone();
        let honest = |_: &History<E>, value: E| value;
        let frozen = repeated(&drawn, || self.forge(lie));
        let live = self.forge(lie);
        let uncorrected = repeated(&drawn, || self.forge(&honest));
        assert_eq!(repeated(&drawn, || self.verify(&frozen)), Ok(()));
        assert!(repeated(&drawn, || self.verify(&uncorrected)).is_err());
        assert!(self.verify(&frozen).is_err());
        assert!(self.verify(&live).is_err());
    }
}

/// Without zero knowledge: the last round polynomial of the claims makes up for a wrong output, at a known challenge.
#[test]
fn a_whole_proof_of_a_wrong_output_passes_only_with_the_challenges_known() {
    let mut frost = Frost::new(false);
    let (drawn, last) = (frost.drawn.clone(), frost.last());
    let seen = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let watch = {
        let seen = seen.clone();
        move |history: &History<E>, value: E| {
            let sent = [history.sent.as_slice(), &[value]].concat();
            *seen.lock().expect("one thread") = (sent, history.drawn.clone());
            value
        }
    };
    repeated(&drawn, || frost.forge(&watch));
    let (sent, challenges) = seen.lock().expect("one thread").clone();
    // The constant coefficient of the last round; the quadratic one and the value of the stack follow.
    let at = last - 2;
    let correction = frost.steps().correction(&sent, &challenges, at);
    assert_ne!(correction, sent[at]);
    frost.check(&move |history, value| {
        if history.sent.len() == at {
            correction
        } else {
            value
        }
    });
}

/// With zero knowledge: the value of the stack is the one that the false claims need, and the mask polynomial's makes up
/// for it at a known `rho`. Everything that is committed and opened is honest.
#[test]
fn a_whole_masked_proof_of_a_wrong_output_passes_only_with_the_challenges_known() {
    let mut frost = Frost::new(true);
    let drawn = frost.drawn.clone();
    let rho = repeated(&drawn, || {
        let honest = frost.case.prove();
        let case = &frost.case;
        let statement = Statement {
            publics: &case.assignment.statement,
            commitments: &case.commitments,
        };
        let mut challenger = start(&case.description, &statement, &honest.witness);
        let mut channel = Masked::new(&honest.messages, &honest.works, &mut challenger);
        let end = case.description.run(statement.publics, &mut channel);
        end.expect("an honest proof").rho.expect("zero knowledge")
    });
    let (steps, last) = (frost.steps(), frost.last());
    let difference = Mutex::new(E::ZERO);
    frost.check(&move |history, value| {
        let mut difference = difference.lock().expect("one thread");
        let sent = history.sent.as_slice();
        if sent.len() + 1 == last {
            // Neither the mask polynomial's value nor rho is part of an equation of the steps.
            let sent = [sent, &[value, E::ZERO]].concat();
            let drawn = [history.drawn.as_slice(), &[E::ZERO]].concat();
            let correction = steps.correction(&sent, &drawn, last - 1);
            *difference = correction - value;
            correction
        } else if sent.len() == last {
            value - *difference * rho.inverse()
        } else {
            value
        }
    });
}
