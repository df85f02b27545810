//! The prover's half.

use alloc::vec::Vec;
use core::iter::zip;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{ExtensionField, PrimeField64};
use rayon::prelude::*;
use relation::{Assignment, Combination, Einsum, Source, System, Tensor, View};

use super::shape::{Axis, EinsumShape, ProductShape};
use super::table::{Pair, Round, Table};
use super::weights::{Weighted, scale as scale_table};
use super::whole::{self, Whole};
use super::{bind, powers, scale};
use crate::channel::sender::Sender;
use crate::multilinear::{eq_vector, log_ceil};
use crate::sumcheck;

/// An einsum on its way through the sumcheck.
struct Running<F, E> {
    operands: Operands<F, E>,
    /// Where the tables are cut in each of the einsum's rounds.
    cuts: Vec<usize>,
    /// The factor of its round polynomials.
    scale: E,
    /// What the einsum adds to the claimed sum.
    total: E,
    /// The coming round.
    round: Round<E>,
}

/// The operands of an einsum, over the labels that the sumcheck runs over.
enum Operands<F, E> {
    /// Integers, of which nothing has met a challenge yet.
    Whole(Whole<E>),
    /// Tables of field elements.
    Bound {
        pair: Pair<F>,
        /// Whether the first table belongs to the second operand.
        swapped: bool,
    },
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
            let operands = Operands::new(einsum, shape, &t, &tensor);
            Running::new(operands, shape, rounds, scale)
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
        let (a, b) = einsum.operands.last();
        sender.send_product(a, b);
    }
}

/// The axes of an operand that the sumcheck runs over, in the order of its variables.
fn order(axes: &[Axis]) -> Vec<usize> {
    let summed = |axis: &usize| axes[*axis].own.is_some();
    let mut order: Vec<usize> = (0..axes.len()).filter(summed).collect();
    order.sort_by_key(|&axis| axes[axis].own.as_ref().map(|range| range.start));
    order
}

/// The axes that the sumcheck runs over, with the weights that they give to an operand.
fn weighted<'t, E>(axes: &[Axis], t: &'t [E]) -> Vec<Weighted<'t, E>> {
    let point = |axis: &Axis| axis.common.clone().map(|range| &t[range]);
    order(axes)
        .into_iter()
        .map(|axis| (point(&axes[axis]), axes[axis].size))
        .collect()
}

/// The table of an operand over the labels that the sumcheck runs over.
fn bound<'a, F: PrimeField64, E: ExtensionField<F>>(
    combination: &Combination,
    axes: &[Axis],
    t: &[E],
    tensor: &(impl Fn(&View) -> Option<&'a Tensor> + Sync),
) -> Table<F> {
    let weights: Vec<Option<Vec<E>>> = axes
        .iter()
        .map(|axis| match (&axis.common, &axis.own) {
            (Some(range), None) => {
                let mut weights = eq_vector(&t[range.clone()]);
                weights.truncate(axis.size);
                Some(weights)
            }
            _ => None,
        })
        .collect();
    let mut table = bind::combination::<F, E>(combination, &weights, &order(axes), tensor);
    let weighted = weighted(axes, t);
    if weighted.iter().any(|(point, _)| point.is_some()) {
        scale_table(&mut table, &weighted);
    }
    table
}

impl<F: PrimeField64, E: ExtensionField<F>> Operands<F, E> {
    fn new<'a>(
        einsum: &Einsum,
        shape: &EinsumShape,
        t: &[E],
        tensor: &(impl Fn(&View) -> Option<&'a Tensor> + Sync),
    ) -> Self {
        if let Some(whole) = Self::whole(einsum, shape, t, tensor) {
            return Self::Whole(whole);
        }
        let (mut a, mut b) = rayon::join(
            || bound::<F, E>(&einsum.a, &shape.a, t, tensor),
            || bound::<F, E>(&einsum.b, &shape.b, t, tensor),
        );
        let swapped = a.is_base() && !b.is_base();
        if swapped {
            core::mem::swap(&mut a, &mut b);
        }
        if a.is_base() {
            a.promote::<E>();
        }
        Self::Bound {
            pair: Pair { a, b },
            swapped,
        }
    }

    /// The integers of both operands, if no axis is free and they are small.
    fn whole<'a>(
        einsum: &Einsum,
        shape: &EinsumShape,
        t: &[E],
        tensor: &(impl Fn(&View) -> Option<&'a Tensor> + Sync),
    ) -> Option<Whole<E>> {
        let free = |axis: &Axis| axis.own.is_none();
        if shape.variables == 0 || shape.a.iter().chain(&shape.b).any(free) {
            return None;
        }
        let (a, a_bound) = bind::small::<E>(&einsum.a, &order(&shape.a), tensor)?;
        let (b, b_bound) = bind::small::<E>(&einsum.b, &order(&shape.b), tensor)?;
        whole::fits(a_bound, b_bound).then(|| Whole::new::<F>(a, b, &weighted(&shape.a, t)))
    }

    /// The values that are left after the last round.
    fn last(&self) -> (E, E) {
        match self {
            Self::Bound { pair, swapped } => {
                let (a, b) = (pair.a.get(0), pair.b.get(0));
                if *swapped { (b, a) } else { (a, b) }
            }
            Self::Whole(_) => unreachable!("an einsum without variables is no whole"),
        }
    }
}

impl<F: PrimeField64, E: ExtensionField<F>> Running<F, E> {
    fn new(operands: Operands<F, E>, shape: &EinsumShape, rounds: usize, scale: E) -> Self {
        let mut cuts = Vec::with_capacity(shape.variables);
        for (at, &(_, size)) in shape.summed.iter().enumerate() {
            let inner: usize = shape.summed[at + 1..]
                .iter()
                .map(|&(_, size)| size)
                .product();
            cuts.extend((0..log_ceil(size)).rev().map(|bit| inner << bit));
        }
        let (total, round) = match &operands {
            Operands::Whole(whole) => whole.first(),
            Operands::Bound { pair, .. } => pair.first(cuts.first().copied()),
        };
        let skipped = rounds - shape.variables;
        Self {
            operands,
            cuts,
            scale,
            total: total * scale * E::TWO.exp_u64(skipped as u64),
            round,
        }
    }

    /// The einsum's part of the round from which on `left` rounds are left.
    ///
    /// Before the einsum's own rounds this is the constant `share` of its total: half of what the last round left.
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

    /// Binds the variable of the round from which on `left` rounds are left.
    fn bind(&mut self, left: usize, r: E) {
        let Some(at) = self.cuts.len().checked_sub(left) else {
            return;
        };
        let next = self.cuts.get(at + 1).copied();
        self.round = match &mut self.operands {
            Operands::Bound { pair, .. } => pair.bind(self.cuts[at], next, r),
            Operands::Whole(whole) => match whole.bind::<F>(r) {
                Ok(round) => round,
                Err(pair) => {
                    let (_, round) = pair.first(next);
                    self.operands = Operands::Bound {
                        pair,
                        swapped: false,
                    };
                    round
                }
            },
        };
    }
}
