//! The prover's sumcheck of one layer of the fraction tree.

use alloc::vec;
use alloc::vec::Vec;

use p3_challenger::{FieldChallenger, GrindingChallenger};
use p3_field::{Algebra, ExtensionField, Field, PackedFieldExtension, PrimeCharacteristicRing};
use p3_maybe_rayon::prelude::*;

use super::LOG_CELL;
use super::children::Children;
use super::fractions::{Cell, pack, unpack};
use super::kernel::{dense, evaluate, quadratic, shifted};
use crate::channel::sender::Sender;
use crate::multilinear::eq_vector;
use crate::sumcheck::send_factored_round;

/// Rounds with fewer groups of cells are not worth a second thread.
const PARALLEL_GROUPS: usize = 8;

/// What a layer's sumcheck ends with: the four tables at its point.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finals<E> {
    /// Left numerator.
    pub n0: E,
    /// Right denominator.
    pub d1: E,
    /// Left denominator.
    pub d0: E,
    /// Right numerator plus `lambda` times the right denominator.
    pub y: E,
}

/// `claim = sum over x of eq(anchor, x) [n0 d1 + d0 y]` with `y = n1 + lambda d1`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement<'a, E> {
    /// The batching challenge.
    pub lambda: E,
    /// The sum.
    pub claim: E,
    /// The point of the claim; round `i` binds the variable of `anchor[i]`.
    pub anchor: &'a [E],
}

/// Proves a layer whose children are given one by one, left halves first.
pub(super) fn prove_scalar<F, E, C>(
    sender: &mut Sender<'_, F, E, C>,
    statement: Statement<'_, E>,
    (mut n0, mut d0): (Vec<E>, Vec<E>),
) -> (Vec<E>, Finals<E>)
where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    let (mut y, d1) = (n0.split_off(n0.len() / 2), d0.split_off(d0.len() / 2));
    for (y, &d1) in y.iter_mut().zip(&d1) {
        *y += statement.lambda * d1;
    }
    bind(sender, statement, [n0, d1, d0, y], Vec::new())
}

/// All rounds on scalar tables, appended to the rounds of `point`.
fn bind<F, E, C>(
    sender: &mut Sender<'_, F, E, C>,
    statement: Statement<'_, E>,
    mut tables: [Vec<E>; 4],
    mut point: Vec<E>,
) -> (Vec<E>, Finals<E>)
where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    let Statement {
        mut claim, anchor, ..
    } = statement;
    for (round, &a) in anchor.iter().enumerate() {
        let eq = eq_vector(&anchor[round + 1..]);
        let [n0, d1, d0, y] = tables.each_ref().map(|table| {
            let (low, high) = table.split_at(table.len() / 2);
            if a == E::ZERO {
                (high, low)
            } else {
                (low, high)
            }
        });
        let q = quadratic(a, dense(&eq, (n0, d0), (d1, y)), claim);
        let r = send_factored_round(sender, &q);
        for table in &mut tables {
            let high = table.split_off(table.len() / 2);
            for (low, high) in table.iter_mut().zip(high) {
                *low += r * (high - *low);
            }
        }
        claim = evaluate(&q, r);
        point.push(r);
    }
    let [n0, d1, d0, y] = tables.map(|table| table[0]);
    (point, Finals { n0, d1, d0, y })
}

/// Proves a layer whose children lie in cells.
///
/// `merge`: right numerators are replaced by `y` at the start, which saves products; no cell may be all ones then.
pub(super) fn prove_packed<F, E, C>(
    sender: &mut Sender<'_, F, E, C>,
    statement: Statement<'_, E>,
    mut children: Children<'_, E::ExtensionPacking>,
    merge: bool,
) -> (Vec<E>, Finals<E>)
where
    F: Field,
    E: ExtensionField<F>,
    C: FieldChallenger<F> + GrindingChallenger<Witness = F>,
{
    let Statement {
        lambda,
        mut claim,
        anchor,
    } = statement;
    let (high, low) = anchor.split_at(anchor.len() - LOG_CELL);
    let mut kernel = Kernel::<F, E>::new(lambda, merge, low);
    let mut point = Vec::with_capacity(anchor.len());
    kernel.set_round(high);
    let mut sums = children.start(&kernel);
    for round in 1..=high.len() {
        let q = kernel.quadratic(&sums, claim);
        let r = send_factored_round(sender, &q);
        claim = evaluate(&q, r);
        point.push(r);
        kernel.set_round(&high[round..]);
        sums = children.fold(&kernel, &point);
    }
    let tables = kernel.tables(children.last());
    let statement = Statement {
        lambda,
        claim,
        anchor: low,
    };
    bind(sender, statement, tables, point)
}

/// The parts of a round's polynomial.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sums<E, P> {
    /// Of the groups with some numerators other than one.
    dense: [P; 2],
    /// Of all others: `(d0 + 1/lambda) (d1 + 1/lambda)`.
    ones: [P; 2],
    /// The weight of those others.
    ones_weight: E,
    /// The weight of all groups.
    weight: E,
}

impl<E: Field, P: PrimeCharacteristicRing + Copy> Sums<E, P> {
    pub const ZERO: Self = Self {
        dense: [P::ZERO; 2],
        ones: [P::ZERO; 2],
        ones_weight: E::ZERO,
        weight: E::ZERO,
    };

    pub fn plus(self, other: Self) -> Self {
        let add = |a: [P; 2], b: [P; 2]| [a[0] + b[0], a[1] + b[1]];
        Self {
            dense: add(self.dense, other.dense),
            ones: add(self.ones, other.ones),
            ones_weight: self.ones_weight + other.ones_weight,
            weight: self.weight + other.weight,
        }
    }
}

/// What the rounds of a layer have in common, and the weights of the current round.
pub(super) struct Kernel<F: Field, E: ExtensionField<F>> {
    lambda: E,
    /// `1 / lambda`, if there are cells of ones that profit.
    shift: Option<E>,
    /// Whether right numerators hold `y`.
    merge: bool,
    /// `eq` of the variables inside a cell.
    eq_low: Vec<E::ExtensionPacking>,
    /// `eq` of the variables between the round's and those inside a cell: one weight for each group of four cells.
    eq_high: Vec<E>,
    /// The coordinate of the anchor that belongs to the round, if one is left.
    anchor: Option<E>,
    ones: Vec<E::ExtensionPacking>,
}

impl<F: Field, E: ExtensionField<F>> Kernel<F, E> {
    fn new(lambda: E, merge: bool, low: &[E]) -> Self {
        let eq_low = pack::<F, E>(&eq_vector(low));
        Self {
            lambda,
            shift: if merge { None } else { lambda.try_inverse() },
            merge,
            ones: vec![E::ExtensionPacking::ONE; eq_low.len()],
            eq_low,
            eq_high: Vec::new(),
            anchor: None,
        }
    }

    /// Turns to the round of the first of the coordinates that are left.
    fn set_round(&mut self, left: &[E]) {
        self.anchor = left.first().copied();
        // Rounds bind the least significant bit of a cell's number first; a point starts with the most significant.
        let rest: Vec<E> = left.iter().skip(1).rev().copied().collect();
        self.eq_high = eq_vector(&rest);
    }

    /// Replaces the right numerators of some nodes by `y`, if that is to be.
    pub fn merge(&self, nodes: &mut [Cell<E::ExtensionPacking>]) {
        if !self.merge {
            return;
        }
        for cell in nodes.iter_mut().skip(1).step_by(2) {
            for (n, &d) in cell.numerators.iter_mut().flatten().zip(&cell.denominators) {
                *n += d * self.lambda;
            }
        }
    }

    /// The sums of the first round, after the merge if there is one.
    pub fn start(&self, cells: &mut [Cell<E::ExtensionPacking>]) -> Sums<E, E::ExtensionPacking> {
        accumulate(cells, 4, |group, cells| {
            self.merge(cells);
            self.group(group, cells)
        })
    }

    /// The sums of groups of cells, the first of which has the number `first`.
    pub fn sums(
        &self,
        first: usize,
        cells: &mut [Cell<E::ExtensionPacking>],
    ) -> Sums<E, E::ExtensionPacking> {
        accumulate(cells, 4, |group, cells| self.group(first + group, cells))
    }

    /// Binds the previous round's variable to `r` and sums for the current one.
    pub fn fold(
        &self,
        cells: &mut Vec<Cell<E::ExtensionPacking>>,
        r: E,
    ) -> Sums<E, E::ExtensionPacking> {
        let whole = self.whole();
        let sums = accumulate(cells, 2 * whole, |group, cells| {
            self.bind_group(cells, r);
            self.group(group, &cells[..whole])
        });
        self.keep_bound(cells);
        sums
    }

    /// Binds the previous round's variable to `r`.
    pub fn bind(&self, cells: &mut Vec<Cell<E::ExtensionPacking>>, r: E) {
        for cells in cells.chunks_mut(2 * self.whole()) {
            self.bind_group(cells, r);
        }
        self.keep_bound(cells);
    }

    /// The cells of a group of the current round.
    fn whole(&self) -> usize {
        if self.anchor.is_some() { 4 } else { 2 }
    }

    /// Makes one group of two of the previous round, in the place of the first.
    fn bind_group(&self, cells: &mut [Cell<E::ExtensionPacking>], r: E) {
        // A pair of nodes, of two children each, becomes one node, and two pairs one group.
        for pair in cells.chunks_exact_mut(4) {
            let (low, high) = pair.split_at_mut(2);
            for (low, high) in low.iter_mut().zip(high) {
                mix(low, core::mem::take(high), r);
            }
        }
        if cells.len() > 4 {
            cells.swap(2, 4);
            cells.swap(3, 5);
        } else if self.whole() == 4 {
            let y = if self.merge { self.lambda } else { E::ZERO };
            for (cell, n) in cells[2..].iter_mut().zip([E::ZERO, y]) {
                *cell = Cell::constant(n.into(), self.eq_low.len());
            }
        }
    }

    /// Keeps what [`Kernel::bind_group`] left of all groups.
    fn keep_bound(&self, cells: &mut Vec<Cell<E::ExtensionPacking>>) {
        let whole = self.whole();
        let groups = cells.chunks_mut(2 * whole);
        *cells = groups
            .flat_map(|cells| cells.iter_mut().take(whole).map(core::mem::take))
            .collect();
    }

    /// The part that one group, two neighbouring nodes, has in the sums.
    fn group(
        &self,
        group: usize,
        cells: &[Cell<E::ExtensionPacking>],
    ) -> Sums<E, E::ExtensionPacking> {
        let (Some(anchor), [a, b, c, d]) = (self.anchor, cells) else {
            return Sums::ZERO;
        };
        let cells = if anchor == E::ZERO {
            [c, d, a, b]
        } else {
            [a, b, c, d]
        };
        let weight = self.eq_high[group];
        let scale = |sums: [E::ExtensionPacking; 2]| sums.map(|sum| sum * weight);
        let mut sums = Sums {
            weight,
            ..Sums::ZERO
        };
        match self.shift {
            Some(shift) if cells.iter().all(|cell| cell.numerators.is_none()) => {
                let [d0, d1, e0, e1] = cells.map(|cell| &cell.denominators[..]);
                let part = shifted(&self.eq_low, (d0, e0), (d1, e1), shift.into());
                sums.ones = scale(part);
                sums.ones_weight = weight;
            }
            _ => sums.dense = scale(self.dense(cells)),
        }
        sums
    }

    fn dense(&self, cells: [&Cell<E::ExtensionPacking>; 4]) -> [E::ExtensionPacking; 2] {
        let [d0, d1, e0, e1] = cells.map(|cell| &cell.denominators[..]);
        let [n0, n1, m0, m1] =
            cells.map(|cell| &cell.numerators.as_ref().unwrap_or(&self.ones)[..]);
        let left = ((n0, m0), (d0, e0));
        if self.merge {
            return dense(&self.eq_low, left, ((d1, e1), (n1, m1)));
        }
        let y = |n: &[E::ExtensionPacking], d: &[E::ExtensionPacking]| -> Vec<_> {
            n.iter()
                .zip(d)
                .map(|(&n, &d)| n + d * self.lambda)
                .collect()
        };
        dense(&self.eq_low, left, ((d1, e1), (&y(n1, d1), &y(m1, e1))))
    }

    /// The current round's polynomial, constant first.
    fn quadratic(&self, sums: &Sums<E, E::ExtensionPacking>, claim: E) -> [E; 3] {
        let total =
            |sum: E::ExtensionPacking| -> E { E::ExtensionPacking::to_ext_iter([sum]).sum() };
        let mut parts = [0, 1].map(|i| total(sums.dense[i]) + self.lambda * total(sums.ones[i]));
        parts[0] -= self.shift.unwrap_or(E::ZERO) * sums.ones_weight;
        // The fractions 0/1 that are not held: n0 d1 + d0 y = lambda there.
        parts[0] += self.lambda * (E::ONE - sums.weight);
        quadratic(self.anchor.unwrap_or(E::ZERO), parts, claim)
    }

    /// The four tables, when one pair of cells is left.
    fn tables(&self, last: &[Cell<E::ExtensionPacking>]) -> [Vec<E>; 4] {
        let (mut n0, mut d0) = unpack::<F, E>(last, 2 << LOG_CELL);
        let (mut y, d1) = (n0.split_off(1 << LOG_CELL), d0.split_off(1 << LOG_CELL));
        if !self.merge {
            for (y, &d1) in y.iter_mut().zip(&d1) {
                *y += self.lambda * d1;
            }
        }
        [n0, d1, d0, y]
    }
}

/// `low + r (high - low)`, in the place of `low`.
fn mix<E: Field, P: Algebra<E> + Copy>(low: &mut Cell<P>, high: Cell<P>, r: E) {
    for (low, high) in low.denominators.iter_mut().zip(high.denominators) {
        *low += (high - *low) * r;
    }
    low.numerators = match (low.numerators.take(), high.numerators) {
        (None, None) => None,
        (Some(mut low), None) => {
            low.iter_mut().for_each(|low| *low += (P::ONE - *low) * r);
            Some(low)
        }
        (None, Some(mut high)) => {
            high.iter_mut()
                .for_each(|high| *high = P::ONE + (*high - P::ONE) * r);
            Some(high)
        }
        (Some(mut low), Some(high)) => {
            for (low, high) in low.iter_mut().zip(high) {
                *low += (high - *low) * r;
            }
            Some(low)
        }
    };
}

/// Adds up what `part` gives for groups of `count` cells, in parallel if there are many.
fn accumulate<E, P>(
    cells: &mut [Cell<P>],
    count: usize,
    part: impl Fn(usize, &mut [Cell<P>]) -> Sums<E, P> + Sync + Send,
) -> Sums<E, P>
where
    E: Field,
    P: PrimeCharacteristicRing + Copy + Send + Sync,
{
    if cells.len() < PARALLEL_GROUPS * count {
        let groups = cells.chunks_mut(count).enumerate();
        return groups.fold(Sums::ZERO, |sums, (group, cells)| {
            sums.plus(part(group, cells))
        });
    }
    cells
        .par_chunks_mut(count)
        .enumerate()
        .map(|(group, cells)| part(group, cells))
        .reduce(|| Sums::ZERO, Sums::plus)
}
