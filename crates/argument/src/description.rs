//! The description of a statement: everything that prover and verifier agree on before there is a proof.

mod shape;

use alloc::sync::Arc;
use alloc::vec::Vec;

use p3_field::BasedVectorSpace;
use p3_maybe_rayon::prelude::join;
use p3_symmetric::CryptographicHasher;
use relation::{LayoutError, System, Tensor};
use thiserror::Error;

use crate::channel::{Channel, Count, Sizing};
use crate::claims;
use crate::effort::Effort;
use crate::lookup::{self, LookupShape};
use crate::masks::MaskShape;
use crate::opening::{OpeningShape, ShapeError};
use crate::parameters::Parameters;
use crate::products::{self, ProductShape};
use crate::profile::{F, Profile};
use crate::reject::Reject;
use crate::security::{Account, MAX_GRINDING, Refused, TERM_BITS, queries_for};
use crate::stack::Stack;
use shape::{Draft, Shape};

/// Names protocol and version in the transcript and in every digest.
pub const LABEL: &[u8] = b"vouch argument 8";

/// Why there is no description for a system and its parameters.
#[derive(Debug, Error)]
pub enum DescribeError {
    /// The statement would have fewer proven bits than required; a profile with a larger challenge field may help.
    #[error(transparent)]
    Insecure(#[from] Refused),
    /// The columns do not fit the chosen length.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The opening cannot have this shape.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A parameter is out of range.
    #[error("parameter {name}: expected {expected}, found {found}")]
    Parameter {
        /// The parameter.
        name: &'static str,
        /// The range.
        expected: &'static str,
        /// Its value.
        found: usize,
    },
    /// Verifying would take more time or memory than any statement needs.
    #[error("expected at most {most} {what}, found {found}: the system is too large to verify")]
    Effort {
        /// What there is too much of.
        what: &'static str,
        /// The most that is supported.
        most: u64,
        /// How much there is.
        found: u64,
    },
    /// The dry run failed: a defect of this crate.
    #[error("the dry run of the protocol failed: {0}")]
    DryRun(Reject),
}

/// A system with the shape of its proofs: what a verifying key consists of, but for the model's commitment.
#[derive(Clone, Debug)]
pub struct Description<P: Profile> {
    system: Arc<System>,
    parameters: Parameters,
    lookup: LookupShape,
    products: ProductShape,
    shape: Shape,
    digest: [u8; 32],
    profile: core::marker::PhantomData<P>,
}

/// What is left to open when all steps are done.
#[derive(Clone, Debug)]
pub struct Combined<E, V> {
    /// The point on the stack, `z_row` then `z_col`.
    pub point: Vec<E>,
    /// The weight of the mask polynomial; absent without zero knowledge.
    pub rho: Option<E>,
    /// The value of the rows of columns plus `rho` times that of the rows of masks and the mask polynomial.
    pub value: V,
}

impl<P: Profile> Description<P> {
    /// Works out the shape of the proofs of `system`.
    ///
    /// Errors: [`DescribeError`]; in particular a statement below the required bits is refused.
    pub fn new(
        system: impl Into<Arc<System>>,
        parameters: Parameters,
    ) -> Result<Self, DescribeError> {
        let system = system.into();
        check(&parameters)?;
        let queries = queries_for(
            parameters.log_inv_rate,
            TERM_BITS.saturating_sub(MAX_GRINDING),
        )
        .unwrap_or(usize::MAX);
        let (digest, worked_out) = join(
            || digest::<P>(&system, &parameters),
            || Self::work_out(&system, parameters, queries),
        );
        let (lookup, products, shape) = worked_out?;
        Ok(Self {
            digest,
            system,
            parameters,
            lookup,
            products,
            shape,
            profile: core::marker::PhantomData,
        })
    }

    /// The shapes of the steps and of the whole.
    fn work_out(
        system: &System,
        parameters: Parameters,
        queries: usize,
    ) -> Result<(LookupShape, ProductShape, Shape), DescribeError> {
        let (lookup, products) = (LookupShape::new(system)?, ProductShape::new(system));
        // Before anything of the size of an axis is allocated.
        let effort = Effort::new(system, &lookup)?;
        // Steps 2 and 3 do not depend on the length of the polynomials: they are counted once.
        let mut sizing = Sizing::<P::E>::default();
        let claims = run_claims::<P, _>(system, &lookup, &products, 0, &mut sizing)
            .map_err(DescribeError::DryRun)?
            .len();
        let count = sizing.finish();
        let draft = Draft {
            system,
            parameters,
            lookup: &lookup,
            products: &products,
            effort: &effort,
            queries,
            count,
            claims,
        };
        let shape = draft.cheapest::<P>()?;
        Ok((lookup, products, shape))
    }

    /// The relations.
    pub fn system(&self) -> &System {
        &self.system
    }

    /// The choices that the description was made with.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Where the columns lie.
    pub fn stack(&self) -> &Stack {
        &self.shape.stack
    }

    /// The sizes of the mask argument; absent without zero knowledge.
    pub fn masks(&self) -> Option<&MaskShape> {
        self.shape.masks.as_ref()
    }

    /// The shape of the opening.
    pub fn opening(&self) -> &OpeningShape {
        &self.shape.opening
    }

    /// What a proof sends, as the dry run counted it.
    pub fn count(&self) -> &Count {
        &self.shape.count
    }

    /// The security account.
    pub fn account(&self) -> &Account {
        &self.shape.account
    }

    /// The BLAKE3 digest of system, parameters and profile.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The same description with a digest that also covers `context`: what a statement means beyond its relations
    /// (the scale of its numbers, the key that it is made under). A proof in one context is no proof in another.
    #[must_use]
    pub fn within(mut self, context: &[u8]) -> Self {
        self.digest = crate::profile::digest(&[LABEL, b"within", &self.digest, context]);
        self
    }

    /// The shape of the lookup step.
    pub fn lookup(&self) -> &LookupShape {
        &self.lookup
    }

    /// The shape of the products step.
    pub fn products(&self) -> &ProductShape {
        &self.products
    }

    /// Bits of work before the lookup challenges.
    pub fn lookup_work(&self) -> usize {
        self.shape.grinding.lookup
    }

    /// Demands work before the lookup challenges, which only statements too large for a test need.
    #[cfg(test)]
    pub(crate) fn with_lookup_work(mut self, bits: usize) -> Self {
        self.shape.count.works = usize::from(bits > 0 && self.lookup.log_len().is_some());
        self.shape.grinding.lookup = bits;
        self
    }

    /// Steps 2 and 3: reduces lookups, linear relations and products to claims.
    pub fn claims<C: Channel<E = P::E>>(
        &self,
        channel: &mut C,
    ) -> Result<claims::Claims<'_, C>, Reject> {
        run_claims::<P, C>(
            &self.system,
            &self.lookup,
            &self.products,
            self.shape.grinding.lookup,
            channel,
        )
    }

    /// Steps 2 to 4, and the combination that is opened: the one body that every context runs.
    ///
    /// Errors: [`Reject`].
    pub fn run<C: Channel<E = P::E>>(
        &self,
        statement: &[Tensor],
        channel: &mut C,
    ) -> Result<Combined<P::E, C::Value>, Reject> {
        let claims = self.claims(channel)?;
        run_combination::<P, C>(
            &self.system,
            statement,
            &self.shape.stack,
            self.parameters.zero_knowledge,
            &claims,
            channel,
        )
    }
}

fn run_claims<'s, P: Profile, C: Channel<E = P::E>>(
    system: &'s System,
    lookup: &'s LookupShape,
    products: &ProductShape,
    work: usize,
    channel: &mut C,
) -> Result<claims::Claims<'s, C>, Reject> {
    let mut claims = lookup::verify(channel, system, lookup, work)?;
    claims.extend(products::verify(channel, system, products)?);
    Ok(claims)
}

fn run_combination<P: Profile, C: Channel<E = P::E>>(
    system: &System,
    statement: &[Tensor],
    stack: &Stack,
    zero_knowledge: bool,
    claims: &[claims::Claim<'_, P::E, C::Value>],
    channel: &mut C,
) -> Result<Combined<P::E, C::Value>, Reject> {
    let reduced = claims::verify::<F, C>(channel, system, statement, stack, claims)?;
    if !zero_knowledge {
        return Ok(Combined {
            point: reduced.point,
            rho: None,
            value: reduced.value,
        });
    }
    // The value of the masks is sent before rho is drawn: a false value of the columns needs rho to be foreseen.
    let mask = channel.receive()?;
    let rho = channel.challenge();
    Ok(Combined {
        point: reduced.point,
        rho: Some(rho),
        value: reduced.value + mask * rho,
    })
}

/// The degree of the profile's challenge field.
pub fn degree<P: Profile>() -> usize {
    <P::E as BasedVectorSpace<F>>::DIMENSION
}

fn check(parameters: &Parameters) -> Result<(), DescribeError> {
    let least = if parameters.zero_knowledge { 2 } else { 1 };
    if !(least..=6).contains(&parameters.log_inv_rate) {
        return Err(DescribeError::Parameter {
            name: "log_inv_rate",
            expected: "2 to 6 (1 without zero knowledge)",
            found: parameters.log_inv_rate,
        });
    }
    Ok(())
}

/// The digest of everything that fixes the shape and the meaning of proofs.
fn digest<P: Profile>(system: &System, parameters: &Parameters) -> [u8; 32] {
    let mut bytes = Vec::from(LABEL);
    bytes.push(0);
    bytes.extend_from_slice(P::NAME);
    bytes.push(0);
    // Plain data without maps or floats: it has one encoding, and nothing in it refuses to be serialised.
    bytes.extend(postcard::to_allocvec(&(system, parameters)).unwrap_or_default());
    p3_blake3::Blake3.hash_iter_slices([bytes.as_slice()])
}
