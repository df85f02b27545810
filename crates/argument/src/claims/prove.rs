//! The prover's half of the claims step.

use alloc::vec::Vec;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{ExtensionField, Field};
use p3_maybe_rayon::prelude::*;
use relation::{System, Tensor};

use super::piece::{Piece, Round};
use super::{Claim, batch};
use crate::channel::sender::Sender;
use crate::stack::Stack;
use crate::sumcheck::{Reduced, send_round};

/// What the stack contains beside the columns, by first position: uniform coefficients.
pub type Unread<F> = Vec<(usize, Vec<F>)>;

/// Proves all claims; returns the point on the stack and its value there.
///
/// `columns` are the values of the system's columns, `unread` the other coefficients of the stack in aligned
/// power-of-two ranges. The values in `claims` are not used.
/// Cost: one product `E x F` per value and functional, and one more per value.
pub fn prove<F, E, C, V>(
    sender: &mut Sender<'_, F, E, C>,
    system: &System,
    statement: &[Tensor],
    columns: &[Tensor],
    stack: &Stack,
    unread: Unread<F>,
    claims: &[Claim<'_, E, V>],
) -> Reduced<E, E>
where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    let eta = sender.challenge();
    let batched = batch::<F, E, V>(system, statement, claims, eta);
    let blocks: Vec<_> = columns
        .iter()
        .zip(&stack.columns)
        .zip(&batched.columns)
        .flat_map(|((tensor, blocks), pulled)| {
            blocks.iter().map(move |block| (tensor, block, pulled))
        })
        .collect();
    let mut pieces: Vec<Piece<'_, F, E>> = blocks
        .into_par_iter()
        .map(|(tensor, block, pulled)| Piece::column(block.position, tensor, &block.axes, pulled))
        .collect();
    pieces.extend(
        unread
            .into_iter()
            .map(|(position, values)| Piece::unread(position, values)),
    );

    let mut level = Level::default();
    let mut point = Vec::with_capacity(stack.variables());
    level.take_finished(&mut pieces, &point);
    for _ in 0..stack.variables() {
        let sum = pieces
            .par_iter()
            .map(Piece::round)
            .reduce(|| (E::ZERO, E::ZERO), |x, y| (x.0 + y.0, x.1 + y.1));
        let tail = level.round();
        let r = send_round(sender, &[sum.0 + tail.0, E::ZERO, sum.1 + tail.1]);
        point.push(r);
        pieces
            .par_iter_mut()
            .for_each(|piece| piece.bind(r, &point));
        level.bind(r);
        level.take_finished(&mut pieces, &point);
    }
    let value = level.entries.first().map_or(E::ZERO, |entry| entry.value);
    sender.send(value);
    point.reverse();
    Reduced { point, value }
}

/// The bound pieces: a sparse list of the stack's entries at the current round.
struct Level<E> {
    /// Sorted by index; what is missing is zero.
    entries: Vec<Entry<E>>,
}

#[derive(Clone, Copy)]
struct Entry<E> {
    index: usize,
    value: E,
    weight: E,
}

impl<E> Default for Level<E> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
        }
    }
}

impl<E: Field> Level<E> {
    /// Moves the pieces here whose variables are all bound.
    fn take_finished<F>(&mut self, pieces: &mut Vec<Piece<'_, F, E>>, bound: &[E])
    where
        F: Field,
        E: ExtensionField<F>,
    {
        let round = bound.len();
        pieces.retain_mut(|piece| {
            if piece.log_size > round {
                return true;
            }
            if round == 0 {
                piece.fold_columns(bound);
            }
            let (value, weight) = piece.end();
            self.entries.push(Entry {
                index: piece.position >> round,
                value,
                weight,
            });
            false
        });
        self.entries.sort_unstable_by_key(|entry| entry.index);
    }

    /// Adjacent entries: the pair's values and weights, zero where missing.
    fn pairs(&self) -> impl Iterator<Item = (usize, [E; 2], [E; 2])> + '_ {
        self.entries
            .chunk_by(|a, b| a.index >> 1 == b.index >> 1)
            .map(|chunk| {
                let (mut values, mut weights) = ([E::ZERO; 2], [E::ZERO; 2]);
                for entry in chunk {
                    values[entry.index & 1] = entry.value;
                    weights[entry.index & 1] = entry.weight;
                }
                (chunk[0].index >> 1, values, weights)
            })
    }

    fn round(&self) -> Round<E> {
        self.pairs()
            .map(|(_, a, w)| (a[0] * w[0], (a[1] - a[0]) * (w[1] - w[0])))
            .fold((E::ZERO, E::ZERO), |x, y| (x.0 + y.0, x.1 + y.1))
    }

    fn bind(&mut self, r: E) {
        let line = |[low, high]: [E; 2]| low + r * (high - low);
        self.entries = self
            .pairs()
            .map(|(index, values, weights)| Entry {
                index,
                value: line(values),
                weight: line(weights),
            })
            .collect();
    }
}
