//! The prover of the lookups.

use alloc::vec::Vec;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{ExtensionField, Field};
use relation::{Source, System, Tensor};

use super::fractions::{Cell, hold, parents, unpack};
use super::layer::{Statement, prove_packed, prove_scalar};
use super::leaves::Leaves;
use super::shape::{Fingerprint, LookupShape};
use super::{CELL, LOG_CELL};
use crate::channel::sender::Sender;

/// The largest layers are computed when they are proven; the tree holds what is above them.
const TRANSIENT: usize = 2;

/// Proves all lookups of a system: sends what [`verify`](super::verify) receives.
///
/// `read` gives the tensor behind a column or a public tensor; one that it does not give reads as zero.
///
/// Cost: about 11 products of `E` for each fraction, and 16 bytes of memory.
/// If a row is no entry, or (with probability about `2^L / |E|`) if a denominator is zero, the proof will not verify.
pub fn prove<'t, F, E, C>(
    sender: &mut Sender<'_, F, E, C>,
    system: &System,
    shape: &LookupShape,
    read: &(impl Fn(Source) -> Option<&'t Tensor> + Sync),
    work_bits: usize,
) where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    let Some(log_len) = shape.log_len() else {
        return;
    };
    sender.work(work_bits);
    let (alpha, beta) = (sender.challenge(), sender.challenge());
    let fingerprint = Fingerprint::new(alpha, beta);
    let leaves = Leaves::new::<F>(system, shape, &fingerprint, read);
    let mut tree = Tree::<F, E>::new(&leaves, log_len);

    let (mut n, mut d) = (E::ZERO, tree.root);
    sender.send_product(d, d.try_inverse().unwrap_or(E::ZERO));
    let mut point: Vec<E> = Vec::with_capacity(log_len);
    for layer in 0..log_len {
        let lambda = sender.challenge();
        let statement = Statement {
            lambda,
            claim: n + lambda * d,
            anchor: &point,
        };
        let (reduced, finals) = match tree.small.pop() {
            Some(children) => prove_scalar(sender, statement, children),
            // Numerators that are one need no place at the leaves; further up there are none.
            None => {
                let children = match tree.large.pop() {
                    Some(children) => children,
                    None => {
                        tree.transient -= 1;
                        hold(leaves.layer::<F>(tree.transient), log_len - tree.transient)
                    }
                };
                // Numerators that are one need no place at the leaves; further up there are none.
                prove_packed(sender, statement, children, layer + 1 < log_len)
            }
        };
        sender.send_product(finals.n0, finals.d1);
        sender.send_product(finals.d0, finals.y);
        let n1 = finals.y - lambda * finals.d1;
        let side = sender.challenge();
        n = finals.n0 + side * (n1 - finals.n0);
        d = finals.d0 + side * (finals.d1 - finals.d0);
        point = core::iter::once(side).chain(reduced).collect();
    }
}

/// Numerators and denominators, one by one.
type Scalars<E> = (Vec<E>, Vec<E>);

/// The layers above the leaves that are still to be proven, the one next to the root last.
struct Tree<F: Field, E: ExtensionField<F>> {
    /// Layers of more than one cell.
    large: Vec<Vec<Cell<E::ExtensionPacking>>>,
    /// Layers of at most one cell, also of leaves.
    small: Vec<Scalars<E>>,
    /// The number of layers below those, which the leaves give.
    transient: usize,
    root: E,
}

impl<F: Field, E: ExtensionField<F>> Tree<F, E> {
    fn new<'t, R>(leaves: &Leaves<'_, E, R>, log_len: usize) -> Self
    where
        R: Fn(Source) -> Option<&'t Tensor> + Sync,
    {
        let log_cells = log_len.saturating_sub(LOG_CELL);
        let transient = log_cells.min(TRANSIENT);
        let mut large = Vec::new();
        let mut layer = hold(leaves.layer::<F>(transient), log_len - transient);
        for log_len in (LOG_CELL..log_len - transient).rev() {
            let next = hold(parents(&layer), log_len);
            large.push(core::mem::replace(&mut layer, next));
        }
        let mut top = unpack::<F, E>(&layer, CELL.min(1 << log_len));
        let mut small = Vec::new();
        while top.0.len() > 1 {
            let next = halve(&top);
            small.push(core::mem::replace(&mut top, next));
        }
        Self {
            large,
            small,
            transient,
            root: top.1[0],
        }
    }
}

/// Adds the fractions of the first half to those of the second.
fn halve<E: Field>((n, d): &Scalars<E>) -> Scalars<E> {
    let half = n.len() / 2;
    let (n0, n1) = n.split_at(half);
    let (d0, d1) = d.split_at(half);
    let sum = |i: usize| n0[i] * d1[i] + n1[i] * d0[i];
    (
        (0..half).map(sum).collect(),
        d0.iter().zip(d1).map(|(&d0, &d1)| d0 * d1).collect(),
    )
}
