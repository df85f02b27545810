//! The verifier's half of the claims step.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{ExtensionField, Field, PrimeCharacteristicRing};
use p3_maybe_rayon::prelude::*;
use relation::{Source, System, Tensor};

use super::pull::{Part, Pulled, Recent, evaluate_public};
use super::{Claim, Functional};
use crate::channel::Channel;
use crate::multilinear::{eq_index, eq_vector};
use crate::reject::Reject;
use crate::stack::{Placed, Stack};
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
    let batched = |functionals: &[(E, &Functional<'_, E>)]| {
        let mut batched = Batched::new(system);
        let mut recent = Recent::new();
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
    recent: &mut Recent<'s, E>,
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
    let weight = weight(system, stack, &batched.columns, &reduced.point);
    channel.require_zero(STEP, reduced.value - value.clone() * weight)?;
    Ok(Reduced {
        point: reduced.point,
        value,
    })
}

/// The value at `z` of the multilinear extension of all weights.
pub fn weight<E: Field>(system: &System, stack: &Stack, columns: &[Vec<Pulled<E>>], z: &[E]) -> E {
    let read: Vec<_> = { system.columns().iter().zip(&stack.columns).zip(columns) }
        .filter(|(_, pulled)| !pulled.is_empty())
        .collect();
    read.par_iter()
        .map(|((column, blocks), pulled)| -> E {
            let blocks = blocks.iter();
            blocks
                .map(|block| block_weight(&column.shape, block, pulled, z))
                .sum()
        })
        .sum()
}

fn block_weight<E: Field>(shape: &[usize], block: &Placed, pulled: &[Pulled<E>], z: &[E]) -> E {
    let log_size = block.log_size();
    let (high, mut low) = z.split_at(z.len().saturating_sub(log_size));
    let mut axes: Vec<Vec<E>> = Vec::with_capacity(block.axes.len());
    for axis in &block.axes {
        let (own, rest) = low.split_at(axis.log.min(low.len()));
        axes.push(eq_vector(own));
        low = rest;
    }
    let index = u32::try_from(log_size)
        .ok()
        .and_then(|s| block.position.checked_shr(s))
        .unwrap_or(0);
    let sum: E = pulled
        .iter()
        .map(|functional| {
            let mut product = functional.coefficient;
            for part in &functional.parts {
                if product.is_zero() {
                    break;
                }
                product *= part_weight(shape, block, part, &axes);
            }
            product
        })
        .sum();
    if sum.is_zero() {
        sum
    } else {
        sum * eq_index(high, index)
    }
}

/// The sum over the block of the part's weights times `eq`.
fn part_weight<E: Field>(shape: &[usize], block: &Placed, part: &Part<E>, eqs: &[Vec<E>]) -> E {
    // Joint indices of the part within the block, with the product of the axes' eq values.
    let mut entries: Vec<(usize, E)> = vec![(0, E::ONE)];
    let Some((&last, outer)) = part.axes.split_last() else {
        return part.weights.first().copied().unwrap_or(E::ZERO);
    };
    let range = |axis: usize| {
        let (start, eq) = (
            block.axes.get(axis).map_or(0, |axis| axis.start),
            eqs.get(axis).map(Vec::as_slice).unwrap_or_default(),
        );
        let size = shape.get(axis).copied().unwrap_or(0);
        (size, start, size.saturating_sub(start).min(eq.len()), eq)
    };
    for &axis in outer {
        let (size, start, len, eq) = range(axis);
        entries = entries
            .iter()
            .flat_map(|&(joint, value)| {
                eq.iter().take(len).enumerate().map(move |(y, &e)| {
                    (
                        joint
                            .saturating_mul(size)
                            .saturating_add(start.saturating_add(y)),
                        value * e,
                    )
                })
            })
            .collect();
    }
    let (size, start, len, eq) = range(last);
    entries
        .into_iter()
        .map(|(joint, value)| {
            let first = joint.saturating_mul(size).saturating_add(start);
            let weights = part.weights.iter().skip(first).take(len);
            value * weights.zip(eq).map(|(&w, &e)| w * e).sum::<E>()
        })
        .sum()
}
