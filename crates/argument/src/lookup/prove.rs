//! The prover of the lookups.

use alloc::vec::Vec;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{ExtensionField, Field};
use relation::{Source, System, Tensor};

use super::fractions::{Cell, parents, unpack};
use super::layer::{Finals, Statement, prove_packed, prove_scalar};
use super::shape::{Fingerprint, LookupShape};
use super::{CELL, LOG_CELL, leaves};
use crate::channel::sender::Sender;

/// Proves all lookups of a system: sends what [`verify`](super::verify) receives.
///
/// `read` gives the tensor behind a column or a public tensor; one that it does not give reads as zero.
///
/// Cost: about 11 products of `E` for each fraction, and 48 to 64 bytes of memory.
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
    let fingerprint = Fingerprint::new(alpha, beta, shape.width());
    let mut tree = Tree::<F, E>::new(
        leaves::fill::<F, E>(system, shape, &fingerprint, read),
        log_len,
    );

    let (mut n, mut d) = (E::ZERO, tree.root());
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
            None => tree.prove_large(sender, statement, layer + 1 < log_len),
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

/// The layers that are still to be proven, the one next to the root last.
struct Tree<F: Field, E: ExtensionField<F>> {
    /// Layers of more than one cell, the leaves first.
    large: Vec<Vec<Cell<E::ExtensionPacking>>>,
    /// Layers of at most one cell; the root is the last.
    small: Vec<Scalars<E>>,
    root: E,
}

impl<F: Field, E: ExtensionField<F>> Tree<F, E> {
    fn new(leaves: Vec<Cell<E::ExtensionPacking>>, log_len: usize) -> Self {
        let mut large = Vec::new();
        let mut layer = leaves;
        for log_cells in (0..log_len.saturating_sub(LOG_CELL)).rev() {
            let next = parents(&layer, 1 << log_cells);
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
            root: top.1[0],
        }
    }

    fn root(&self) -> E {
        self.root
    }

    /// Proves the next layer whose children lie in cells.
    fn prove_large<C>(
        &mut self,
        sender: &mut Sender<'_, F, E, C>,
        statement: Statement<'_, E>,
        merge: bool,
    ) -> (Vec<E>, Finals<E>)
    where
        C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
    {
        let children = self
            .large
            .pop()
            .expect("the tree has as many layers as the leaves have variables");
        prove_packed(sender, statement, children, merge)
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
