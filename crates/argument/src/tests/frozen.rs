//! What a coordinated cheat achieves when it knows the challenges, it does not achieve with the transcript's.

use p3_challenger::FieldChallenger;
use p3_field::{Field, PrimeCharacteristicRing};

use crate::channel::{Channel, Product, Transparent};
use crate::profile::{F, Goldilocks2, Profile};
use crate::reject::Reject;
use crate::sumcheck;

type E = <Goldilocks2 as Profile>::E;

/// A channel whose challenges are known in advance.
struct Frozen {
    messages: alloc::vec::IntoIter<E>,
    challenges: alloc::vec::IntoIter<E>,
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
    fn require_zero(&mut self, step: &'static str, value: E) -> Result<(), Reject> {
        if value == E::ZERO {
            Ok(())
        } else {
            Err(Reject::Equation { step })
        }
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
    let mut frozen = Frozen {
        messages: alloc::vec![message].into_iter(),
        challenges: alloc::vec![known].into_iter(),
    };
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
