//! The verifier's half of the claims step.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, PrimeCharacteristicRing};
use p3_maybe_rayon::prelude::*;
use relation::{Source, System, Tensor};

use super::along::Written;
use super::pull::{Pulled, evaluate_public};
use super::recent::Recent;
use super::weight::weight;
use super::{Claim, Functional};
use crate::channel::Channel;
use crate::reject::Reject;
use crate::stack::Stack;
use crate::sumcheck::{self, Reduced};

const STEP: &str = "claims";

/// All claims as one: for every column the functionals of it, and what the public tensors contribute.
#[derive(Clone, Debug)]
pub struct Batched<E> {
    /// The functionals of every column.
    pub columns: Vec<Vec<Pulled<E>>>,
    /// The sum over the public tensors.
    pub public: E,
}

/// Batches functionals with powers of `eta` (claim 0 has factor one) and evaluates what is public.
///
/// `statement` holds the values of the publics that come with the statement, in order; one that is missing counts as
/// zero (the dry run has none).
pub fn batch<F, E, V>(
    system: &System,
    statement: &[Tensor],
    claims: &[Claim<'_, E, V>],
    eta: E,
) -> Batched<E>
where
    F: Field,
    E: ExtensionField<F>,
{
    let publics = system.public_values(statement);
    let powers = eta.powers();
    let functionals: Vec<(E, &Functional<'_, E>)> = { claims.iter().zip(powers) }
        .flat_map(|(claim, power)| claim.terms.iter().map(move |term| (power, term)))
        .collect();
    let axes = functionals.iter().flat_map(|(_, term)| term.weights.iter());
    let written = Written::new(axes);
    let batched = |functionals: &[(E, &Functional<'_, E>)]| {
        let mut batched = Batched::new(system);
        let mut recent = Recent::new(&written);
        for &(power, functional) in functionals {
            add::<F, E>(&publics, functional, power, &mut recent, &mut batched);
        }
        batched
    };
    let parts: Vec<Batched<E>> = functionals.par_chunks(CHUNK).map(batched).collect();
    let mut all = Batched::new(system);
    for part in parts {
        all.public += part.public;
        for (column, more) in all.columns.iter_mut().zip(part.columns) {
            column.extend(more);
        }
    }
    all
}

/// How many functionals are pulled back by one thread at a time.
const CHUNK: usize = 64;

impl<E: Field> Batched<E> {
    /// Nothing about the columns of a system.
    fn new(system: &System) -> Self {
        Self {
            columns: vec![Vec::new(); system.columns().len()],
            public: E::ZERO,
        }
    }
}

fn add<'s, F, E>(
    publics: &[Option<&Tensor>],
    functional: &Functional<'s, E>,
    power: E,
    recent: &mut Recent<'s, '_, E>,
    batched: &mut Batched<E>,
) where
    F: Field,
    E: ExtensionField<F>,
{
    for term in functional.combination.terms() {
        let coefficient =
            functional.coefficient * power * super::pull::integer::<F>(term.coefficient);
        let pulled = recent.pull_back(&term.view, coefficient, &functional.weights);
        match term.view.source() {
            Source::One => batched.public += evaluate_public::<F, E>(&pulled, &[], |_| 1),
            Source::Public(id) => {
                if let Some(Some(tensor)) = publics.get(id.0) {
                    batched.public +=
                        evaluate_public::<F, E>(&pulled, &tensor.shape, |y| tensor.get(y));
                }
            }
            Source::Column(id) => {
                if let Some(column) = batched.columns.get_mut(id.0) {
                    column.push(pulled);
                }
            }
        }
    }
}

/// Reduces all claims to the value of the stack at one point.
///
/// Cost: 2 elements a round and one more; the verifier evaluates the weights per axis.
/// Errors: [`Reject::Length`], [`Reject::Equation`].
/// Soundness: a false claim survives with probability at most
/// `(claims - 1 + 2 variables) / |E|`, over the choice of `eta` and the rounds.
pub fn verify<F, C>(
    channel: &mut C,
    system: &System,
    statement: &[Tensor],
    stack: &Stack,
    claims: &[Claim<'_, C::E, C::Value>],
) -> Result<Reduced<C::E, C::Value>, Reject>
where
    F: Field,
    C: Channel<E: ExtensionField<F>>,
{
    let eta = channel.challenge();
    let batched = batch::<F, C::E, C::Value>(system, statement, claims, eta);
    let mut sum = C::Value::from(-batched.public);
    let mut power = C::E::ONE;
    for claim in claims {
        sum = sum + claim.value.clone() * power;
        power *= eta;
    }
    let mut reduced = sumcheck::verify(channel, sum, stack.variables(), 2)?;
    // The first round binds the least significant variable.
    reduced.point.reverse();
    let value = channel.receive()?;
    let weight = weight::<F, C::E>(system, stack, &batched.columns, &reduced.point);
    channel.require_zero(STEP, reduced.value - value.clone() * weight)?;
    Ok(Reduced {
        point: reduced.point,
        value,
    })
}
