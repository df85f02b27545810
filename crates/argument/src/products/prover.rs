//! The prover's half.

use alloc::vec::Vec;
use core::iter::zip;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{ExtensionField, Field, PrimeField64};
use rayon::prelude::*;
use relation::{Assignment, Combination, Source, System, Tensor, View};

use super::shape::{Axis, EinsumShape, ProductShape};
use super::table::{Pair, Round, Table};
use super::{bind, powers, scale};
use crate::channel::sender::Sender;
use crate::multilinear::log_ceil;
use crate::sumcheck;

/// An einsum on its way through the sumcheck.
struct Running<F, E> {
    pair: Pair<F>,
    /// Whether the first table belongs to the second operand.
    swapped: bool,
    /// Where the tables are cut in each of the einsum's rounds.
    cuts: Vec<usize>,
    /// The factor of its round polynomials.
    scale: E,
    /// What the einsum adds to the claimed sum.
    total: E,
    /// The coming round.
    round: Round<E>,
}

/// Proves all linear and product relations of `system` on `values`; [`verify`](super::verify) leaves the claims.
///
/// A relation that does not hold goes unnoticed here and leaves a false claim.
/// Cost: one pass over the integers of every operand, then `O(1)` products of the challenge field for each index of
/// the batch and contracted labels.
///
/// # Panics
/// If `values` do not have the shapes of `system`, or `shape` is another system's.
pub fn prove<F, E, C>(
    sender: &mut Sender<'_, F, E, C>,
    system: &System,
    shape: &ProductShape,
    values: &Assignment,
) where
    F: PrimeField64,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    let t = sender.challenges(shape.variables);
    if shape.products() == 0 {
        return;
    }
    let products = powers(system, shape, sender.challenge());
    let publics = system.public_values(&values.statement);
    let tensor = |view: &View| match view.source() {
        Source::One => None,
        Source::Column(id) => Some(&values.columns[id.0]),
        Source::Public(id) => publics[id.0],
    };
    let rounds = shape.rounds.unwrap_or(0);
    let einsums: Vec<_> = products
        .iter()
        .flat_map(|product| {
            zip(product.right, product.einsums)
                .map(|(einsum, shape)| (einsum, shape, scale(product.power, einsum, shape, rounds)))
        })
        .collect();
    let mut running: Vec<Running<F, E>> = einsums
        .par_iter()
        .map(|&(einsum, shape, scale)| {
            let (a, b) = rayon::join(
                || operand(&einsum.a, &shape.a, shape, &t, &tensor),
                || operand(&einsum.b, &shape.b, shape, &t, &tensor),
            );
            Running::new(a, b, shape, rounds, scale)
        })
        .collect();
    // The relations hold, so the right sides give the sum of the left ones.
    sender.send(running.iter().map(|einsum| einsum.total).sum());
    let mut sums: E = E::ONE;
    for round in 0..rounds {
        sums = sums.halve();
        let polynomial = running
            .iter()
            .map(|einsum| einsum.polynomial(rounds - round, sums))
            .fold(Round::default(), |x, y| x + y);
        let coefficients = [polynomial.constant, E::ZERO, polynomial.square];
        let r = sumcheck::send_round(sender, &coefficients);
        running
            .par_iter_mut()
            .for_each(|einsum| einsum.bind(rounds - round, r));
    }
    for einsum in &running {
        let (a, b) = (einsum.pair.a.get(0), einsum.pair.b.get(0));
        let (a, b) = if einsum.swapped { (b, a) } else { (a, b) };
        sender.send_product(a, b);
    }
}

/// The table of an operand over the labels that the sumcheck runs over.
fn operand<'a, F: PrimeField64, E: ExtensionField<F>>(
    combination: &Combination,
    axes: &[Axis],
    shape: &EinsumShape,
    t: &[E],
    tensor: &(impl Fn(&View) -> Option<&'a Tensor> + Sync),
) -> Table<F> {
    let weights: Vec<Option<Vec<E>>> = axes
        .iter()
        .map(|axis| match (&axis.common, &axis.own) {
            (Some(range), None) => {
                let mut weights = crate::multilinear::eq_vector(&t[range.clone()]);
                weights.truncate(axis.size);
                Some(weights)
            }
            _ => None,
        })
        .collect();
    let mut order: Vec<usize> = (0..axes.len())
        .filter(|&axis| axes[axis].own.is_some())
        .collect();
    order.sort_by_key(|&axis| axes[axis].own.as_ref().map(|range| range.start));
    let mut table = bind::combination::<F, E>(combination, &weights, &order, tensor);
    let batch: Vec<(&[E], usize)> = order
        .iter()
        .filter_map(|&axis| {
            axes[axis]
                .common
                .as_ref()
                .map(|range| (&t[range.clone()], axes[axis].size))
        })
        .collect();
    if !batch.is_empty() {
        bind::scale(&mut table, &batch);
    }
    debug_assert_eq!(
        table.len(),
        shape
            .summed
            .iter()
            .map(|&(_, size)| size)
            .product::<usize>()
    );
    table
}

impl<F: Field, E: ExtensionField<F>> Running<F, E> {
    fn new(a: Table<F>, b: Table<F>, shape: &EinsumShape, rounds: usize, scale: E) -> Self {
        let mut cuts = Vec::with_capacity(shape.variables);
        for (at, &(_, size)) in shape.summed.iter().enumerate() {
            let inner: usize = shape.summed[at + 1..]
                .iter()
                .map(|&(_, size)| size)
                .product();
            cuts.extend((0..log_ceil(size)).rev().map(|bit| inner << bit));
        }
        let swapped = a.is_base() && !b.is_base();
        let (mut a, b) = if swapped { (b, a) } else { (a, b) };
        if a.is_base() {
            a.promote::<E>();
        }
        let pair = Pair { a, b };
        let (total, round) = pair.first(cuts.first().copied());
        let skipped = rounds - shape.variables;
        Self {
            pair,
            swapped,
            cuts,
            scale,
            total: total * scale * E::TWO.exp_u64(skipped as u64),
            round,
        }
    }

    /// The einsum's part of the round after which `left - 1` rounds are left; `share` of its total before it begins.
    fn polynomial(&self, left: usize, share: E) -> Round<E> {
        if left > self.cuts.len() {
            return Round {
                constant: self.total * share,
                square: E::ZERO,
            };
        }
        Round {
            constant: self.scale * self.round.constant,
            square: self.scale * self.round.square,
        }
    }

    fn bind(&mut self, left: usize, r: E) {
        let Some(at) = self.cuts.len().checked_sub(left) else {
            return;
        };
        let next = self.cuts.get(at + 1).copied();
        self.round = self.pair.bind(self.cuts[at], next, r);
    }
}
