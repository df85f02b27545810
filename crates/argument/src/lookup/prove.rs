//! The prover of the lookups.

use alloc::boxed::Box;
use alloc::vec::Vec;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{ExtensionField, Field};
use relation::{Source, System, Tensor};

use super::children::{Children, Strips};
use super::fractions::{Cell, hold, parents, unpack};
use super::layer::{Statement, prove_packed, prove_scalar};
use super::leaves::{Leaves, MAX_UP};
use super::shape::{Fingerprint, LookupShape};
use super::{CELL, LOG_CELL, MOST_HELD};
use crate::channel::sender::Sender;

/// The largest layers are computed when they are proven; the tree holds what is above them. At least so many of them.
const TRANSIENT: usize = 2;

/// Logarithm of the cells that are made at a time where a layer is not held.
const LOG_STRIP: usize = 6;

/// Proves all lookups of a system: sends what [`verify`](super::verify) receives.
///
/// `read` gives the tensor behind a column or a public tensor; one that it does not give reads as zero.
///
/// Cost: about 11 products of `E` for each fraction, and 16 bytes of memory, or [`MOST_HELD`] if that is less. Then
/// the fractions are worked out up to four times as often, and a sixteenth of them is held at least.
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
    prove_within(sender, system, shape, read, work_bits, MOST_HELD);
}

/// [`prove`] that holds about `most` bytes of fractions at a time.
pub(super) fn prove_within<'t, F, E, C>(
    sender: &mut Sender<'_, F, E, C>,
    system: &System,
    shape: &LookupShape,
    read: &(impl Fn(Source) -> Option<&'t Tensor> + Sync),
    work_bits: usize,
    most: u64,
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
    let mut tree = Tree::<F, E>::new(&leaves, log_len, most);

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
            None => {
                let children = match tree.large.pop() {
                    Some(children) => Children::Held(children),
                    None => {
                        tree.transient -= 1;
                        transient::<F, E, _>(&leaves, tree.transient, log_len, most)
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

/// Bytes of all fractions of a layer `up` above the leaves; numerators of leaves are one but for a few.
fn bytes<'t, E: Field, R>(leaves: &Leaves<'_, E, R>, up: usize) -> u64
where
    R: Fn(Source) -> Option<&'t Tensor> + Sync,
{
    let fractions = leaves.cells(up).saturating_mul(CELL);
    let elements = fractions.saturating_mul(if up == 0 { 1 } else { 2 });
    u64::try_from(elements.saturating_mul(size_of::<E>())).unwrap_or(u64::MAX)
}

/// The layer `up` above the leaves: in memory if it takes no more than `most` bytes, or else after as many rounds as that
/// takes.
fn transient<'a, 't, F, E, R>(
    leaves: &'a Leaves<'_, E, R>,
    up: usize,
    log_len: usize,
    most: u64,
) -> Children<'a, E::ExtensionPacking>
where
    F: Field,
    E: ExtensionField<F>,
    R: Fn(Source) -> Option<&'t Tensor> + Sync,
{
    let all = bytes(leaves, up);
    // A strip is a whole group at the end; and a node is left for the rounds inside cells.
    let most_rounds = (LOG_STRIP - 2).min((log_len - up - LOG_CELL).saturating_sub(2));
    let rounds = (0..most_rounds).find(|&rounds| all >> rounds <= most);
    match rounds.unwrap_or(most_rounds) {
        0 => Children::Held(hold(leaves.layer::<F>(up), log_len - up)),
        rounds => Children::Made(Strips {
            make: Box::new(move |number| {
                leaves.strip::<F>(up, number << LOG_STRIP..(number + 1) << LOG_STRIP)
            }),
            count: leaves.cells(up).div_ceil(1 << LOG_STRIP),
            log_cells: LOG_STRIP,
            rounds,
        }),
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
    /// The layers that take no more than `most` bytes, if [`MAX_UP`] above the leaves are enough for that.
    fn new<'t, R>(leaves: &Leaves<'_, E, R>, log_len: usize, most: u64) -> Self
    where
        R: Fn(Source) -> Option<&'t Tensor> + Sync,
    {
        let log_cells = log_len.saturating_sub(LOG_CELL);
        // All layers above another are as large as that one.
        let fits = |&up: &usize| bytes(leaves, up).saturating_mul(2) <= most;
        let transient = (TRANSIENT..MAX_UP).find(fits).unwrap_or(MAX_UP);
        let transient = log_cells.min(transient);
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
