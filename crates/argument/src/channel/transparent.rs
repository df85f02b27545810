//! The transparent context: values are what was sent.

use core::marker::PhantomData;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{BasedVectorSpace, ExtensionField, Field};

use super::{Channel, Product};
use crate::reject::Reject;

/// Reads the messages of a proof, absorbing each, and hands out challenges.
///
/// The part that the transparent and the masked context share.
#[derive(Debug)]
pub(super) struct Reader<'a, F, E, C> {
    messages: core::slice::Iter<'a, E>,
    works: core::slice::Iter<'a, F>,
    pub(super) challenger: &'a mut C,
    field: PhantomData<F>,
}

impl<'a, F, E, C> Reader<'a, F, E, C>
where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    pub(super) fn new(messages: &'a [E], works: &'a [F], challenger: &'a mut C) -> Self {
        Self {
            messages: messages.iter(),
            works: works.iter(),
            challenger,
            field: PhantomData,
        }
    }

    pub(super) fn next(&mut self) -> Result<E, Reject> {
        let sent = *self.messages.next().ok_or(Reject::Length {
            part: "messages",
            expected: 1,
            found: 0,
        })?;
        self.challenger.observe_algebra_element(sent);
        Ok(sent)
    }

    pub(super) fn challenge(&mut self) -> E {
        self.challenger.sample_algebra_element()
    }

    pub(super) fn work(&mut self, bits: usize) -> Result<(), Reject> {
        if bits == 0 {
            return Ok(());
        }
        let witness = *self.works.next().ok_or(Reject::Length {
            part: "proofs of work",
            expected: 1,
            found: 0,
        })?;
        if self.challenger.check_witness(bits, witness) {
            Ok(())
        } else {
            Err(Reject::Work {
                step: "channel",
                bits,
            })
        }
    }

    /// Requires that every message was read.
    pub(super) fn finish(self) -> Result<(), Reject> {
        for (part, left) in [
            ("messages", self.messages.len()),
            ("proofs of work", self.works.len()),
        ] {
            if left != 0 {
                return Err(Reject::Length {
                    part,
                    expected: 0,
                    found: left,
                });
            }
        }
        Ok(())
    }
}

/// The context without zero knowledge: for tests, and for statements with nothing private.
#[derive(Debug)]
pub struct Transparent<'a, F, E, C>(Reader<'a, F, E, C>);

impl<'a, F, E, C> Transparent<'a, F, E, C>
where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    /// Reads `messages` and `works`, the scalars and proofs of work of a proof, against `challenger`.
    pub fn new(messages: &'a [E], works: &'a [F], challenger: &'a mut C) -> Self {
        Self(Reader::new(messages, works, challenger))
    }

    /// Ends the reading. Errors: [`Reject::Length`] if something is left over.
    pub fn finish(self) -> Result<(), Reject> {
        self.0.finish()
    }
}

impl<F, E, C> Channel for Transparent<'_, F, E, C>
where
    F: Field,
    E: ExtensionField<F> + BasedVectorSpace<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    type E = E;
    type Value = E;

    fn receive(&mut self) -> Result<E, Reject> {
        self.0.next()
    }

    fn receive_product(&mut self) -> Result<Product<E>, Reject> {
        let (left, right) = (self.0.next()?, self.0.next()?);
        Ok(Product {
            left,
            right,
            product: left * right,
        })
    }

    fn challenge(&mut self) -> E {
        self.0.challenge()
    }

    fn work(&mut self, bits: usize) -> Result<(), Reject> {
        self.0.work(bits)
    }

    fn require_zero(&mut self, step: &'static str, value: E) -> Result<(), Reject> {
        if value == E::ZERO {
            Ok(())
        } else {
            Err(Reject::Equation { step })
        }
    }
}
