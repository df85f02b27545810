//! The verifier's half of the claims step.

use alloc::collections::VecDeque;
use alloc::vec;
use alloc::vec::Vec;
use core::ops::Range;

use p3_field::{ExtensionField, Field, PrimeCharacteristicRing};
use p3_maybe_rayon::prelude::*;
use relation::{Source, System, Tensor};

use super::pull::{Part, Pulled, evaluate_public};
use super::recent::{Recent, remember};
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
    let mut axes: Vec<BlockAxis<E>> = Vec::with_capacity(block.axes.len());
    for (axis, &extent) in block.axes.iter().zip(shape) {
        let (own, rest) = low.split_at(axis.log.min(low.len()));
        let mut eq = eq_vector(own);
        eq.truncate(extent.saturating_sub(axis.start));
        axes.push(BlockAxis {
            extent,
            start: axis.start,
            eq,
        });
        low = rest;
    }
    let index = u32::try_from(log_size)
        .ok()
        .and_then(|s| block.position.checked_shr(s))
        .unwrap_or(0);
    // Most functionals are about other blocks of the column: what they read is a block of the lookups.
    let mut recent = RecentParts::default();
    let sum: E = { pulled.iter() }
        .filter(|functional| functional.parts.iter().all(|part| part.meets(&axes)))
        .map(|functional| {
            let parts = { functional.parts.iter() }.map(|part| recent.weight(part, &axes));
            parts.fold(functional.coefficient, |product, weight| product * weight)
        })
        .sum();
    if sum.is_zero() {
        sum
    } else {
        sum * eq_index(high, index)
    }
}

/// What of an axis of a column lies in a block, with the values of `eq` there.
struct BlockAxis<E> {
    extent: usize,
    start: usize,
    eq: Vec<E>,
}

impl<E> BlockAxis<E> {
    /// The indices of the axis that lie in the block.
    fn range(&self) -> Range<usize> {
        self.start..self.start.saturating_add(self.eq.len())
    }
}

impl<E: Field> Part<E> {
    /// Whether some weight in the block may not be zero: exact for a part of one axis.
    fn meets(&self, block: &[BlockAxis<E>]) -> bool {
        let &[axis] = self.axes.as_slice() else {
            return true;
        };
        let support = self.weights.support();
        { block.get(axis) }.is_some_and(|along| {
            let range = along.range();
            support.start < range.end && range.start < support.end
        })
    }
}

/// How many parts' weights are remembered: the functionals of a relation or a lookup differ in one axis or two.
const REMEMBERED_PARTS: usize = 16;

/// The weights of parts, of one block, that were worked out lately.
struct RecentParts<'a, E> {
    known: VecDeque<(&'a Part<E>, E)>,
}

impl<E> Default for RecentParts<'_, E> {
    fn default() -> Self {
        Self {
            known: VecDeque::new(),
        }
    }
}

impl<'a, E: Field> RecentParts<'a, E> {
    /// [`part_weight`], or that of a part with the same axes and shared weights.
    fn weight(&mut self, part: &'a Part<E>, block: &[BlockAxis<E>]) -> E {
        let same = |(known, _): &&(&Part<E>, E)| {
            known.weights.shares(&part.weights) && known.axes == part.axes
        };
        if let Some(&(_, weight)) = self.known.iter().find(same) {
            return weight;
        }
        let weight = part_weight(part, block);
        remember(&mut self.known, REMEMBERED_PARTS, (part, weight));
        weight
    }
}

/// The sum over the block of the part's weights times `eq`.
fn part_weight<E: Field>(part: &Part<E>, block: &[BlockAxis<E>]) -> E {
    let Some((&last, outer)) = part.axes.split_last() else {
        return part.weights.first().copied().unwrap_or(E::ZERO);
    };
    // Joint indices of the part within the block, with the product of the axes' eq values.
    let mut entries: Vec<(usize, E)> = vec![(0, E::ONE)];
    for along in outer.iter().filter_map(|&axis| block.get(axis)) {
        let step = |(joint, value): (usize, E)| {
            let first = joint.saturating_mul(along.extent);
            let eq = along.range().zip(&along.eq);
            eq.map(move |(y, &e)| (first.saturating_add(y), value * e))
        };
        entries = entries.into_iter().flat_map(step).collect();
    }
    let Some(along) = block.get(last) else {
        return E::ZERO;
    };
    let support = part.weights.support();
    let sum = |(joint, value): (usize, E)| {
        // Of the row of the block only what meets the support.
        let row = joint
            .saturating_mul(along.extent)
            .saturating_add(along.start);
        let skipped = support.start.saturating_sub(row);
        let first = row.saturating_add(skipped);
        let weights = { part.weights.get(first..support.end) }.unwrap_or_default();
        let eq = along.eq.get(skipped..).unwrap_or_default();
        value * weights.iter().zip(eq).map(|(&w, &e)| w * e).sum::<E>()
    };
    entries.into_iter().map(sum).sum()
}
