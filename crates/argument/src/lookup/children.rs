//! The cells that a layer's sumcheck runs over: in memory from the start, or after a few rounds.

use alloc::boxed::Box;
use alloc::vec::Vec;

use p3_field::{Algebra, ExtensionField, Field};
use p3_maybe_rayon::prelude::*;

use super::fractions::{Cell, extend};
use super::layer::{Kernel, Sums};

/// Makes a strip of a layer, given its number.
pub(super) type Make<'a, P> = Box<dyn Fn(usize) -> Vec<Cell<P>> + Sync + 'a>;

/// The cells of a layer.
pub(super) enum Children<'a, P> {
    /// All of them, but for fractions 0/1 at the end; whole groups.
    Held(Vec<Cell<P>>),
    /// Those that are made whenever they are needed, as long as they would take too much memory.
    Made(Strips<'a, P>),
}

impl<P> Children<'_, P> {
    /// The sums of the first round, after the merge if there is one.
    pub fn start<F, E>(&mut self, kernel: &Kernel<F, E>) -> Sums<E, P>
    where
        F: Field,
        E: ExtensionField<F, ExtensionPacking = P>,
        P: Algebra<E> + Copy + Send + Sync,
    {
        match self {
            Self::Held(cells) => kernel.start(cells),
            Self::Made(strips) => strips.fold(kernel, &[]).1,
        }
    }

    /// Binds the variable of the last of the challenges so far, and sums for the round that follows.
    pub fn fold<F, E>(&mut self, kernel: &Kernel<F, E>, challenges: &[E]) -> Sums<E, P>
    where
        F: Field,
        E: ExtensionField<F, ExtensionPacking = P>,
        P: Algebra<E> + Copy + Send + Sync,
    {
        match self {
            Self::Held(cells) => kernel.fold(cells, challenges[challenges.len() - 1]),
            Self::Made(strips) => {
                let (cells, sums) = strips.fold(kernel, challenges);
                if challenges.len() == strips.rounds {
                    *self = Self::Held(cells);
                }
                sums
            }
        }
    }

    /// The cells that are held.
    pub fn last(&self) -> &[Cell<P>] {
        match self {
            Self::Held(cells) => cells,
            Self::Made(_) => &[],
        }
    }
}

/// A layer that is too large to be held: it is made once for each of the first rounds, and once more to be held when
/// these have made it smaller.
pub(super) struct Strips<'a, P> {
    pub make: Make<'a, P>,
    /// How many there are.
    pub count: usize,
    /// Logarithm of the cells of each but the last, which may have fewer.
    pub log_cells: usize,
    /// The rounds that are folded into the strips, at least one and at most `log_cells - 2`.
    pub rounds: usize,
}

impl<P> Strips<'_, P> {
    /// The parts that all strips have in the sums of the round after `challenges`, and their cells if these are to be
    /// held.
    fn fold<F, E>(&self, kernel: &Kernel<F, E>, challenges: &[E]) -> (Vec<Cell<P>>, Sums<E, P>)
    where
        F: Field,
        E: ExtensionField<F, ExtensionPacking = P>,
        P: Algebra<E> + Copy + Send + Sync,
    {
        let is_held = challenges.len() == self.rounds;
        let strips = (0..self.count).into_par_iter().map(|number| {
            let mut cells = (self.make)(number);
            let groups = cells.len().next_multiple_of(4);
            extend(&mut cells, groups);
            kernel.merge(&mut cells);
            for &r in challenges {
                kernel.bind(&mut cells, r);
            }
            let first = (number << self.log_cells) >> (challenges.len() + 2);
            let sums = kernel.sums(first, &mut cells);
            (if is_held { cells } else { Vec::new() }, sums)
        });
        strips.reduce(
            || (Vec::new(), Sums::ZERO),
            |(mut cells, sums), (more, part)| {
                cells.extend(more);
                (cells, sums.plus(part))
            },
        )
    }
}
