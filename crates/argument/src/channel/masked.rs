//! The masked context: values are affine in the masks, equations are recorded.

use alloc::vec::Vec;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{ExtensionField, Field};

use super::transparent::Reader;
use super::{Affine, Channel, Mask, Product};
use crate::reject::Reject;

/// The equations that a run of the protocol leaves: each expression must be zero.
pub type Equations<E> = Vec<Affine<E>>;

/// The context of complete zero knowledge.
#[derive(Debug)]
pub struct Masked<'a, F, E, C> {
    reader: Reader<'a, F, E, C>,
    equations: Equations<E>,
    singles: u32,
    slots: u32,
}

impl<'a, F, E, C> Masked<'a, F, E, C>
where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    /// Reads `messages` and `works`, the scalars and proofs of work of a proof, against `challenger`.
    pub fn new(messages: &'a [E], works: &'a [F], challenger: &'a mut C) -> Self {
        Self {
            reader: Reader::new(messages, works, challenger),
            equations: Vec::new(),
            singles: 0,
            slots: 0,
        }
    }

    /// Ends the reading and hands over the equations. Errors: [`Reject::Length`] if something is left over.
    ///
    /// Soundness: the equations hold for the committed masks if and only if the run would have been accepted
    /// transparently with the values `sent - mask`; that they hold is for the mask argument to show.
    pub fn finish(self) -> Result<Equations<E>, Reject> {
        self.reader.finish()?;
        Ok(self.equations)
    }
}

impl<F, E, C> Channel for Masked<'_, F, E, C>
where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    type E = E;
    type Value = Affine<E>;

    fn receive(&mut self) -> Result<Affine<E>, Reject> {
        let mask = Mask::Single(self.singles);
        self.singles = self.singles.saturating_add(1);
        Ok(Affine::hidden(self.reader.next()?, mask))
    }

    fn receive_product(&mut self) -> Result<Product<Affine<E>>, Reject> {
        let slot = self.slots;
        self.slots = self.slots.saturating_add(1);
        let (left, right) = (self.reader.next()?, self.reader.next()?);
        // (left - P)(right - Q) = left right - left Q - right P + S, with S = P Q.
        let product = Affine {
            constant: left * right,
            masks: alloc::vec![
                (Mask::Right(slot), -left),
                (Mask::Left(slot), -right),
                (Mask::Product(slot), E::ONE),
            ],
        };
        Ok(Product {
            left: Affine::hidden(left, Mask::Left(slot)),
            right: Affine::hidden(right, Mask::Right(slot)),
            product,
        })
    }

    fn challenge(&mut self) -> E {
        self.reader.challenge()
    }

    fn work(&mut self, bits: usize) -> Result<(), Reject> {
        self.reader.work(bits)
    }

    fn require_zero(&mut self, _step: &'static str, value: Affine<E>) -> Result<(), Reject> {
        self.equations.push(value);
        Ok(())
    }
}
