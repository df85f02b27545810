//! Interval tracking: which columns are kept in their intervals, and that no relation wraps.
//!
//! Everything here bounds from outside: a bound may be too wide, never too narrow.

use super::validate::Side;
use super::{Builder, Relation, Role, SystemError, Value};
use crate::combination::{Combination, Einsum};
use crate::interval::{MODULUS, Wide};
use crate::view::{ColumnId, Source, View};
use alloc::{vec, vec::Vec};
use core::sync::atomic::{AtomicU64, Ordering};
use p3_maybe_rayon::prelude::*;

/// The most steps that a bound of one combination may take; beyond them it is the plain sum.
const MAX_STEPS: usize = 1 << 22;

/// The most steps that all bounds of a system and all rounds of the search may take, and as many for the bounds that
/// are asked for while it is built: seconds, whatever a file says. A system whose relations come in the order of its
/// computation takes a few per term.
const MAX_EFFORT: u64 = 1 << 28;

/// Checks that every witness column is enforced and that no relation can wrap.
///
/// Errors: [`SystemError::Unenforced`], [`SystemError::Wraps`], [`SystemError::Effort`].
pub(super) fn check(builder: &Builder) -> Result<(), SystemError> {
    let tracker = Tracker::new(builder);
    let checked = tracker.check_enforced().and_then(|()| {
        let relations = builder.relations.par_iter().zip(&tracker.relations);
        let checked: Vec<Result<(), SystemError>> = relations
            .map(|(relation, facts)| tracker.check_relation(relation, facts))
            .collect();
        // The first that fails is the one to name.
        checked.into_iter().collect()
    });
    // Bounds that were cut short are too wide, never wrong; but then what they miss is no reason.
    match (checked, tracker.left()) {
        (Err(_), 0) => Err(SystemError::Effort),
        (checked, _) => checked,
    }
}

impl Builder {
    /// Bounds the values of a combination from the intervals that its columns and public tensors declare:
    /// what [`Builder::build`] will know about them, or less. `None` beyond 128 bits.
    ///
    /// Errors: [`SystemError::Effort`] if all bounds of this builder together take more steps than one system may.
    pub fn bound(&mut self, combination: &Combination) -> Result<Option<Wide>, SystemError> {
        let tracker = Tracker {
            builder: self,
            publics: Vec::new(),
            tables: Vec::new(),
            relations: Vec::new(),
            effort: AtomicU64::new(MAX_EFFORT.saturating_sub(self.bounding)),
        };
        let bound = tracker.bound(&tracker.sum(combination), None);
        let left = tracker.left();
        self.bounding = MAX_EFFORT.saturating_sub(left);
        // A bound that was cut short is too wide, and what follows would depend on how much was left for it.
        if left == 0 {
            return Err(SystemError::Effort);
        }
        Ok(bound)
    }
}

/// One term of a combination: where it is not zero and what it contributes there.
struct Piece<'a> {
    view: &'a View,
    coefficient: i64,
    /// Per axis the first and the last index of the support.
    support: Vec<(usize, usize)>,
    bound: Option<Wide>,
}

/// A combination with its pieces.
struct Sum<'a> {
    shape: &'a [usize],
    pieces: Vec<Piece<'a>>,
}

/// What is known about a relation, in the order of its parts.
enum Facts<'a> {
    Linear(Sum<'a>),
    Product {
        left: Sum<'a>,
        right: Option<Wide>,
        columns: Vec<ColumnId>,
        /// The operands, if the relation says no more than that at each index one of them is zero.
        factors: Option<[Sum<'a>; 2]>,
    },
    Lookup {
        row: Vec<Sum<'a>>,
        table: usize,
    },
}

impl Facts<'_> {
    /// What a round of the search spends on the relation, in steps of a bound.
    fn effort(&self, tables: &[Vec<Sum<'_>>]) -> u64 {
        const LOOK: u64 = 8;
        let pieces = |sums: &[Sum<'_>]| {
            sums.iter()
                .fold(0usize, |all, sum| sum.pieces.len().saturating_add(all))
        };
        let looked_at = match self {
            Self::Linear(sum) => sum.pieces.len(),
            Self::Product {
                left,
                columns,
                factors,
                ..
            } => {
                let factors = factors.as_ref().map_or(0, |factors| pieces(factors));
                { left.pieces.len() }
                    .saturating_add(columns.len())
                    .saturating_add(factors)
            }
            Self::Lookup { row, table } => {
                let entries = tables.get(*table).map_or(0, |entries| pieces(entries));
                pieces(row).saturating_add(entries)
            }
        };
        let looked_at = u64::try_from(looked_at).unwrap_or(u64::MAX);
        looked_at.saturating_add(1).saturating_mul(LOOK)
    }
}

struct Tracker<'a> {
    builder: &'a Builder,
    /// Where public tensors lie, if that is known better than it is declared.
    publics: Vec<Wide>,
    tables: Vec<Vec<Sum<'a>>>,
    relations: Vec<Facts<'a>>,
    /// Steps that are left. Threads that take them at a time may overdraw them; where all that is asked for is there, each
    /// has what it asks for, whatever the order.
    effort: AtomicU64,
}

impl<'a> Tracker<'a> {
    fn new(builder: &'a Builder) -> Self {
        // The values of a constant are known; those of a statement lie where they are declared.
        let publics = { builder.publics.iter() }
            .map(|public| match &public.value {
                Value::Constant(tensor) => tensor.interval().into(),
                Value::Statement => public.interval.into(),
            })
            .collect();
        let mut tracker = Self {
            builder,
            publics,
            tables: Vec::new(),
            relations: Vec::new(),
            effort: AtomicU64::new(MAX_EFFORT),
        };
        let sums = |parts: &'a [Combination]| parts.iter().map(|part| tracker.sum(part)).collect();
        let tables = builder
            .tables
            .iter()
            .map(|table| sums(&table.entries))
            .collect();
        let relations = { builder.relations.par_iter() }
            .map(|relation| match relation {
                Relation::Linear { sum, .. } => Facts::Linear(tracker.sum(sum)),
                Relation::Lookup { row, table, .. } => Facts::Lookup {
                    row: sums(row),
                    table: table.0,
                },
                Relation::Product { left, right, .. } => {
                    let start = Some(Wide::ZERO);
                    let bound = right.iter().fold(start, |sum, einsum| {
                        sum?.plus(tracker.einsum(einsum, left.shape().len())?)
                    });
                    let operands = right.iter().flat_map(|einsum| [&einsum.a, &einsum.b]);
                    let columns = operands.flat_map(columns).collect();
                    Facts::Product {
                        left: tracker.sum(left),
                        right: bound,
                        columns,
                        factors: factors(left, right)
                            .map(|factors| factors.map(|factor| tracker.sum(factor))),
                    }
                }
            })
            .collect();
        (tracker.tables, tracker.relations) = (tables, relations);
        tracker
    }

    fn source(&self, source: Source) -> Wide {
        match source {
            Source::One => Wide { lo: 1, hi: 1 },
            Source::Column(id) => self
                .builder
                .columns
                .get(id.0)
                .map_or(Wide::ZERO, |column| column.interval.into()),
            Source::Public(id) => {
                let declared = self.builder.publics.get(id.0);
                let declared = declared.map(|public| public.interval.into());
                let known = self.publics.get(id.0).copied();
                known.or(declared).unwrap_or(Wide::ZERO)
            }
        }
    }

    fn sum(&self, combination: &'a Combination) -> Sum<'a> {
        let piece = |term: &'a crate::Term| {
            let reads = self.spend(|effort| term.view.reads_within(effort));
            let support = reads.support?;
            let all = { self.source(term.view.source()).scale(reads.most.into()) }
                .and_then(|sum| sum.scale(term.coefficient.into()));
            let bound = if reads.full {
                all
            } else {
                all.map(|all| all.hull(Wide::ZERO))
            };
            Some(Piece {
                view: &term.view,
                coefficient: term.coefficient,
                support,
                bound,
            })
        };
        let pieces = combination.terms().iter().filter_map(piece).collect();
        Sum {
            shape: combination.shape(),
            pieces,
        }
    }

    /// Runs something with the steps that are left.
    fn spend<T>(&self, run: impl FnOnce(&mut u64) -> T) -> T {
        let before = self.left();
        let mut effort = before;
        let result = run(&mut effort);
        let used = before.saturating_sub(effort);
        // What others took in the meantime is gone as well.
        let take = |left: u64| Some(left.saturating_sub(used));
        let _ = self
            .effort
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        result
    }

    fn left(&self) -> u64 {
        self.effort.load(Ordering::Relaxed)
    }

    /// Bounds a sum of all pieces but one with the steps that are left.
    fn bound(&self, sum: &Sum<'a>, without: Option<usize>) -> Option<Wide> {
        self.spend(|effort| sum.bound(without, effort))
    }

    fn einsum(&self, einsum: &'a Einsum, rank: usize) -> Option<Wide> {
        let product = self
            .bound(&self.sum(&einsum.a), None)?
            .multiply(self.bound(&self.sum(&einsum.b), None)?)?;
        let mut summed = 1i128;
        for (_, size, ..) in einsum
            .labels()
            .into_iter()
            .filter(|&(label, ..)| label >= rank)
        {
            summed = summed.checked_mul(i128::try_from(size).ok()?)?;
        }
        product.scale(summed)?.scale(einsum.coefficient.into())
    }

    /// Finds the columns that the relations keep in their intervals, until no more are found.
    fn check_enforced(&self) -> Result<(), SystemError> {
        let columns = &self.builder.columns;
        // Parameters and sealed columns come with a certificate. Multiplicities need no interval: a
        // row that is no entry is a pole of the sum over the rows with its count as residue, which is
        // not zero in the field as there are fewer rows than the characteristic, and no choice of
        // multiplicities makes it a pole of the sum over the entries.
        let mut enforced: Vec<bool> = columns
            .iter()
            .map(|column| column.role != Role::Witness)
            .collect();
        loop {
            let before = enforced.iter().filter(|&&enforced| enforced).count();
            for facts in &self.relations {
                self.enforce(facts, &mut enforced);
            }
            if self.left() == 0 {
                return Err(SystemError::Effort);
            }
            let after = enforced.iter().filter(|&&enforced| enforced).count();
            if after == enforced.len() {
                return Ok(());
            }
            if after == before {
                break;
            }
        }
        let column = ColumnId(enforced.iter().position(|&enforced| !enforced).unwrap_or(0));
        let name = columns
            .get(column.0)
            .map_or_else(Default::default, |column| column.name.clone());
        Err(SystemError::Unenforced { column, name })
    }

    /// Marks the columns that one relation keeps in their intervals, given those marked already.
    fn enforce(&self, facts: &Facts<'a>, enforced: &mut [bool]) {
        self.spend(|effort| *effort = effort.saturating_sub(facts.effort(&self.tables)));
        match facts {
            Facts::Linear(sum) => self.enforce_by(sum, Some(Wide::ZERO), enforced),
            Facts::Product {
                factors: Some([a, b]),
                ..
            } => self.enforce_choice(a, b, enforced),
            Facts::Product {
                left,
                right,
                columns,
                factors: None,
            } => {
                // A column of the right side that is not enforced yet could also be one of the left.
                if columns.iter().all(|id| enforced.get(id.0) == Some(&true)) {
                    self.enforce_by(left, *right, enforced);
                }
            }
            Facts::Lookup { row, table } => {
                // The row is some entry of the table, component by component.
                for (component, entry) in row
                    .iter()
                    .zip(self.tables.get(*table).into_iter().flatten())
                {
                    if entry.columns().all(|id| enforced.get(id.0) == Some(&true)) {
                        self.enforce_by(component, self.bound(entry, None), enforced);
                    }
                }
            }
        }
    }

    /// Marks the one column of `left` that is not enforced, if `left[x] = right[x]` for every index
    /// and a bound on the right side make it enforced.
    fn enforce_by(&self, left: &Sum<'a>, right: Option<Wide>, enforced: &mut [bool]) {
        if let Some((id, view, value)) = self.solve(left, right, enforced) {
            self.mark(id, view, value, enforced);
        }
    }

    /// Marks the one column that is not enforced, if `a[x] b[x] = 0` for every index does it.
    ///
    /// The field has no divisors of zero: each element of the column is what makes `a` zero or what
    /// makes `b` zero. So both must have it, at the same place.
    fn enforce_choice(&self, a: &Sum<'a>, b: &Sum<'a>, enforced: &mut [bool]) {
        let zero = Some(Wide::ZERO);
        let solutions = self
            .solve(a, zero, enforced)
            .zip(self.solve(b, zero, enforced));
        // Equal views have the same source.
        if let Some(((id, view, in_a), (_, same, in_b))) = solutions
            && view == same
        {
            self.mark(id, view, in_a.hull(in_b), enforced);
        }
    }

    /// Solves `left[x] = right[x]` for the one column of `left` that is not enforced: the column, how
    /// it is read, and a bound of what is read.
    ///
    /// The column must occur in one term, with coefficient 1 or -1: the field would let any other
    /// coefficient divide.
    fn solve(
        &self,
        left: &Sum<'a>,
        right: Option<Wide>,
        enforced: &[bool],
    ) -> Option<(ColumnId, &'a View, Wide)> {
        let open = |piece: &&(usize, &Piece<'a>)| match piece.1.view.source() {
            Source::Column(id) => enforced.get(id.0) != Some(&true),
            Source::One | Source::Public(_) => false,
        };
        let pieces: Vec<(usize, &Piece<'a>)> = left.pieces.iter().enumerate().collect();
        let mut unknown = pieces.iter().filter(open);
        let (Some(&(at, piece)), None) = (unknown.next(), unknown.next()) else {
            return None;
        };
        let Source::Column(id) = piece.view.source() else {
            return None;
        };
        if piece.coefficient.checked_abs() != Some(1) {
            return None;
        }
        let value = { right.zip(self.bound(left, Some(at))) }
            .and_then(|(right, rest)| right.plus(rest.negate()?)?.scale(piece.coefficient.into()));
        Some((id, piece.view, value?))
    }

    /// Marks a column whose elements, as far as `view` reads them, are bounded by `value`.
    ///
    /// The view must read every element, each alone.
    fn mark(&self, id: ColumnId, view: &View, value: Wide, enforced: &mut [bool]) {
        let column = self.builder.columns.get(id.0);
        if column.is_some_and(|column| value.within(column.interval.into()))
            && self.spend(|effort| view.is_cover_within(effort))
            && let Some(entry) = enforced.get_mut(id.0)
        {
            *entry = true;
        }
    }

    /// Checks that both sides, or their difference, are too small to wrap.
    fn check_relation(&self, relation: &Relation, facts: &Facts<'a>) -> Result<(), SystemError> {
        let demand = |side: Side, interval: Option<Wide>, bound: i128| match interval {
            Some(interval) if interval.below(bound) => Ok(()),
            _ => Err(SystemError::Wraps {
                place: relation.name().into(),
                side,
                interval,
            }),
        };
        match facts {
            Facts::Linear(sum) => demand(Side::Sum, self.bound(sum, None), MODULUS),
            // The product may wrap: it is zero if and only if a factor is, and the factors do not.
            Facts::Product {
                factors: Some([a, b]),
                ..
            } => {
                demand(Side::Left, self.bound(a, None), (MODULUS + 1) / 2)?;
                demand(Side::Right, self.bound(b, None), (MODULUS + 1) / 2)
            }
            Facts::Product { left, right, .. } => {
                demand(Side::Left, self.bound(left, None), (MODULUS + 1) / 2)?;
                demand(Side::Right, *right, (MODULUS + 1) / 2)
            }
            Facts::Lookup { row, table } => {
                let entries = self.tables.get(*table).into_iter().flatten();
                for (at, (component, entry)) in row.iter().zip(entries).enumerate() {
                    let entry = self.bound(entry, None).and_then(Wide::negate);
                    let difference = { self.bound(component, None) }
                        .zip(entry)
                        .and_then(|(a, b)| a.plus(b));
                    demand(Side::Component(at), difference, MODULUS)?;
                }
                Ok(())
            }
        }
    }
}

/// The operands of a product that is zero, element by element.
pub(super) fn factors<'a>(left: &Combination, right: &'a [Einsum]) -> Option<[&'a Combination; 2]> {
    let [einsum] = right else { return None };
    let own: Vec<usize> = (0..left.shape().len()).collect();
    let elementwise = einsum.a_labels == own && einsum.b_labels == own;
    let is_zero = left.terms().is_empty() && einsum.coefficient != 0;
    (is_zero && elementwise).then_some([&einsum.a, &einsum.b])
}

fn columns(combination: &Combination) -> impl Iterator<Item = ColumnId> {
    { combination.terms().iter() }.filter_map(|term| match term.view.source() {
        Source::Column(id) => Some(id),
        Source::One | Source::Public(_) => None,
    })
}

impl<'a> Sum<'a> {
    fn columns(&self) -> impl Iterator<Item = ColumnId> {
        self.pieces
            .iter()
            .filter_map(|piece| match piece.view.source() {
                Source::Column(id) => Some(id),
                Source::One | Source::Public(_) => None,
            })
    }

    /// Bounds the sum of all pieces but one, and takes the steps off `effort`.
    fn bound(&self, without: Option<usize>, effort: &mut u64) -> Option<Wide> {
        let pieces = self
            .pieces
            .iter()
            .enumerate()
            .filter(|&(at, _)| Some(at) != without);
        let pieces: Vec<&Piece<'a>> = pieces.map(|(_, piece)| piece).collect();
        let most = usize::try_from(*effort).unwrap_or(MAX_STEPS).min(MAX_STEPS);
        let mut steps = most;
        let exact = bound(&pieces, self.shape, 0, &mut steps);
        let used = u64::try_from(most.saturating_sub(steps)).unwrap_or(u64::MAX);
        let cut_short = exact.is_none() && most < MAX_STEPS;
        *effort = if cut_short {
            0
        } else {
            effort.saturating_sub(used)
        };
        exact.or_else(|| plain(&pieces))
    }
}

/// Bounds the sum at every index by cutting one axis after the other where supports begin and end,
/// so that parts of a concatenation are not added up. `None` if that takes too long or overflows.
fn bound(pieces: &[&Piece<'_>], shape: &[usize], axis: usize, steps: &mut usize) -> Option<Wide> {
    *steps = steps.checked_sub(pieces.len().max(1))?;
    let (Some(&size), false) = (shape.get(axis), pieces.is_empty()) else {
        return pieces
            .iter()
            .try_fold(Wide::ZERO, |sum, piece| sum.plus(piece.bound?));
    };
    let range = |piece: &Piece<'_>| {
        piece
            .support
            .get(axis)
            .map_or((0, size), |&(first, last)| (first, last + 1))
    };
    let mut cuts: Vec<usize> = vec![0, size];
    cuts.extend(
        pieces
            .iter()
            .flat_map(|piece| [range(piece).0, range(piece).1]),
    );
    cuts.sort_unstable();
    cuts.dedup();
    let mut hull: Option<Wide> = None;
    for (&start, &end) in cuts.iter().zip(cuts.iter().skip(1)) {
        let there = |piece: &&&Piece<'_>| range(piece).0 <= start && end <= range(piece).1;
        let active: Vec<&Piece<'_>> = pieces.iter().filter(there).copied().collect();
        *steps = steps.checked_sub(pieces.len())?;
        let part = bound(&active, shape, axis + 1, steps)?;
        hull = Some(hull.map_or(part, |hull| hull.hull(part)));
    }
    hull
}

/// Bounds the sum when each piece may be there or not.
fn plain(pieces: &[&Piece<'_>]) -> Option<Wide> {
    pieces.iter().try_fold(Wide::ZERO, |sum, piece| {
        sum.plus(piece.bound?.hull(Wide::ZERO))
    })
}
