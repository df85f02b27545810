//! Where the fractions of all lookups lie, and what a point there means for the columns.

use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use p3_field::{Field, PrimeCharacteristicRing};
use relation::{Block, Combination, Layout, LayoutError, Relation, Source, System, View};

use crate::claims::{Along, Functional, PartOfPoint};
use crate::multilinear::{eq_index, eq_sum};

/// The fractions of a system: one for each row of each lookup and for each entry of each table that is looked up.
///
/// It depends on the system alone; making it costs more than verifying, so keep it.
#[derive(Clone, Debug)]
pub struct LookupShape {
    /// Where the tensors of fractions lie, in one row; `None` without lookups.
    layout: Option<Layout>,
    /// The tensors of fractions, in the layout's order.
    tensors: Vec<Fractions>,
    /// The degrees of all fingerprints together.
    degree: usize,
}

/// A tensor of fractions.
#[derive(Clone, Debug)]
enum Fractions {
    /// `1 / (alpha - fingerprint)` for the rows of the relation of this number.
    Rows(usize),
    /// `-multiplicity / (alpha - fingerprint)` for the entries of the table of this number; the multiplicities.
    Entries(usize, Combination),
}

/// The tuples of a tensor of fractions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuples<'s> {
    /// The components.
    pub components: &'s [Combination],
    /// The table they are in, or should be in.
    pub table: usize,
    /// For entries, how often each is looked up; each row counts once.
    pub multiplicity: Option<&'s Combination>,
}

impl Tuples<'_> {
    /// The shape of the indices of the tuples.
    pub fn shape(&self) -> &[usize] {
        self.components.first().map_or(&[], Combination::shape)
    }

    /// The sizes of the further axes of a component; none if it is narrow.
    pub fn further<'c>(&self, component: &'c Combination) -> &'c [usize] {
        component.shape().get(self.shape().len()..).unwrap_or(&[])
    }

    /// The degrees of the fingerprints of all tuples together, in `alpha` and `beta`.
    fn degree(&self) -> usize {
        let len = |shape: &[usize]| relation::shape::len(shape).unwrap_or(usize::MAX);
        let widths = { self.components.iter() }.map(|component| len(self.further(component)));
        let width = widths.fold(0usize, usize::saturating_add);
        width.max(1).saturating_mul(len(self.shape()))
    }
}

/// The challenges of fingerprints.
///
/// The fingerprint of a tuple of a table is `v_0 + beta (table + 1) + beta^2 v_1 + beta^3 v_2 + ..`, a polynomial in
/// `beta` of degree `max(1, width)`: a narrow tuple's degree is small, whatever other tables there are.
#[derive(Clone, Debug)]
pub(super) struct Fingerprint<E> {
    alpha: E,
    beta: E,
}

/// What a component of a tuple is multiplied with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Factor<E> {
    /// The power of `beta` at the component's first position.
    pub first: E,
    /// For each further axis of a wide component the powers of `beta` that its positions add.
    pub further: Vec<Vec<E>>,
}

#[cfg(feature = "prove")]
impl<E> Factor<E> {
    /// Whether there is one position for each index.
    pub fn is_narrow(&self) -> bool {
        self.further.is_empty()
    }
}

impl<E: Field> Fingerprint<E> {
    pub fn new(alpha: E, beta: E) -> Self {
        Self { alpha, beta }
    }

    /// The part of `alpha - fingerprint` that all tuples of a table share.
    pub fn base(&self, table: usize) -> E {
        self.alpha - self.beta * (E::from_usize(table) + E::ONE)
    }

    /// The factors of the components of a tuple.
    pub fn factors(&self, tuples: &Tuples<'_>) -> Vec<Factor<E>> {
        let mut first = E::ONE;
        let mut factors = Vec::with_capacity(tuples.components.len());
        for (number, component) in tuples.components.iter().enumerate() {
            let further = tuples.further(component);
            // From the last axis to the first: one step along an axis passes all positions of those behind it.
            let mut step = self.beta;
            let mut axes: Vec<Vec<E>> = { further.iter().rev() }
                .map(|&size| {
                    let powers: Vec<E> = step.powers().take(size).collect();
                    step = powers.last().map_or(step, |&last| last * step);
                    powers
                })
                .collect();
            axes.reverse();
            factors.push(Factor {
                first,
                further: axes,
            });
            // `step` is what all positions of the component have passed; the table's identity is behind the first.
            first *= step;
            if number == 0 {
                first *= self.beta;
            }
        }
        factors
    }
}

impl LookupShape {
    /// The fractions of a system.
    ///
    /// Errors: [`LayoutError`] if there are more than the layout supports.
    pub fn new(system: &System) -> Result<Self, LayoutError> {
        let (mut tensors, mut used) = (Vec::new(), BTreeSet::new());
        for (number, relation) in system.relations().iter().enumerate() {
            if let Relation::Lookup { table, .. } = relation {
                tensors.push(Fractions::Rows(number));
                used.insert(table.0);
            }
        }
        for (number, table) in system.tables().iter().enumerate() {
            let shape = table.entries.first().map_or(&[][..], Combination::shape);
            // A table that nobody looks into adds nothing to the sum.
            if !used.contains(&number) {
                continue;
            }
            if let Ok(view) = View::identity(Source::Column(table.multiplicity), shape) {
                tensors.push(Fractions::Entries(number, view.into()));
            }
        }
        let mut shape = Self {
            layout: None,
            tensors,
            degree: 0,
        };
        let tuples = shape.tuples(system);
        let degrees = tuples.iter().map(Tuples::degree);
        let degree = degrees.fold(0usize, usize::saturating_add);
        let shapes: Vec<Vec<usize>> = tuples.iter().map(|t| t.shape().to_vec()).collect();
        if !shapes.is_empty() {
            shape.degree = degree;
            shape.layout = Some(one_row(&shapes)?);
        }
        Ok(shape)
    }

    /// The number of variables of the fractions; `None` without lookups.
    pub fn log_len(&self) -> Option<usize> {
        self.layout.as_ref().map(|layout| layout.log_len)
    }

    /// The degrees of the fingerprints of all rows and entries together; zero without lookups.
    pub fn degree(&self) -> usize {
        self.degree
    }

    /// The blocks of the layout.
    pub(super) fn blocks(&self) -> &[Block] {
        self.layout.as_ref().map_or(&[], |layout| &layout.blocks)
    }

    /// The tuples of the tensors, in the order in which blocks refer to them.
    pub(super) fn tuples<'s>(&'s self, system: &'s System) -> Vec<Tuples<'s>> {
        let tuples = |fractions: &'s Fractions| match fractions {
            Fractions::Rows(relation) => match system.relations().get(*relation) {
                Some(Relation::Lookup { row, table, .. }) => Some(Tuples {
                    components: row,
                    table: table.0,
                    multiplicity: None,
                }),
                _ => None,
            },
            Fractions::Entries(number, multiplicity) => {
                system.tables().get(*number).map(|table| Tuples {
                    components: &table.entries,
                    table: *number,
                    multiplicity: Some(multiplicity),
                })
            }
        };
        self.tensors.iter().filter_map(tuples).collect()
    }

    /// The combinations that [`LookupShape::evaluate`] makes functionals of, with how many it makes of each.
    pub(crate) fn functionals<'s>(
        &'s self,
        system: &'s System,
    ) -> impl Iterator<Item = (&'s Combination, u64)> {
        let tuples = self.tuples(system);
        let mut blocks = vec![0u64; tuples.len()];
        for block in self.blocks() {
            if let Some(count) = blocks.get_mut(block.tensor) {
                *count = count.saturating_add(1);
            }
        }
        tuples.into_iter().zip(blocks).flat_map(|(tuples, blocks)| {
            let combinations = tuples.components.iter().chain(tuples.multiplicity);
            combinations.map(move |combination| (combination, blocks))
        })
    }

    /// Numerators and denominators at `point`, most significant coordinate first.
    ///
    /// Cost: for each block a product for each coordinate; weights are written out when claims are batched.
    pub(super) fn evaluate<'s, E: Field>(
        &'s self,
        system: &'s System,
        fingerprint: &Fingerprint<E>,
        point: &Arc<[E]>,
    ) -> [Evaluation<'s, E>; 2] {
        let tuples = self.tuples(system);
        let (mut numerators, mut denominators) = (Evaluation::default(), Evaluation::default());
        // Where no tuple lies, the fraction is 0/1.
        denominators.constant = E::ONE;
        for block in self.blocks() {
            let Some(tuples) = tuples.get(block.tensor) else {
                continue;
            };
            let weights = Weights::new(block, tuples.shape(), point);
            let total = weights.total;
            match tuples.multiplicity {
                None => numerators.constant += total,
                Some(column) => {
                    numerators
                        .terms
                        .push(weights.functional(E::NEG_ONE, column, Vec::new()))
                }
            }
            denominators.constant += total * (fingerprint.base(tuples.table) - E::ONE);
            let factors = fingerprint.factors(tuples);
            for (component, factor) in tuples.components.iter().zip(factors) {
                let functional = weights.functional(-factor.first, component, factor.further);
                denominators.terms.push(functional);
            }
        }
        [numerators, denominators]
    }
}

/// Packs all tensors into one row, the shortest that holds them.
fn one_row(shapes: &[Vec<usize>]) -> Result<Layout, LayoutError> {
    let total = shapes
        .iter()
        .map(|shape| relation::shape::len(shape).unwrap_or(0))
        .fold(0usize, usize::saturating_add);
    let mut log_len = crate::multilinear::log_ceil(total);
    loop {
        let layout = Layout::pack(shapes, log_len, 0)?;
        if layout.rows <= 1 {
            return Ok(layout);
        }
        log_len = log_len.saturating_add(1);
    }
}

/// A public number plus linear functionals of columns.
#[derive(Clone, Debug)]
pub(super) struct Evaluation<'s, E> {
    /// The public number.
    pub constant: E,
    /// The functionals.
    pub terms: Vec<Functional<'s, E>>,
}

impl<E: PrimeCharacteristicRing> Default for Evaluation<'_, E> {
    fn default() -> Self {
        Self {
            constant: E::ZERO,
            terms: Vec::new(),
        }
    }
}

/// `eq(point, position)` over the positions of a block, as a product over its axes.
struct Weights<E> {
    /// The factor of the block's place in the row.
    coefficient: E,
    /// For each axis the weights of the tensor's indices, zero outside the block.
    axes: Arc<[Along<E>]>,
    /// The sum of all weights.
    total: E,
}

impl<E: Field> Weights<E> {
    fn new(block: &Block, shape: &[usize], point: &Arc<[E]>) -> Self {
        let log_size = block.log_size();
        let mut next = point.len().saturating_sub(log_size);
        let place = point.get(..next).unwrap_or_default();
        let shift = u32::try_from(log_size).unwrap_or(u32::MAX);
        let coefficient = eq_index(place, block.offset.checked_shr(shift).unwrap_or(0));
        let mut total = coefficient;
        let mut axes = Vec::with_capacity(shape.len());
        for (axis, &extent) in block.axes.iter().zip(shape) {
            let end = next.saturating_add(axis.log).min(point.len());
            let own = PartOfPoint::new(point, next..end);
            next = end;
            // What the block has beyond the extent holds no tuple, and no weight.
            let len = extent.saturating_sub(axis.start);
            total *= { own.as_ref() }.map_or(E::ZERO, |own| eq_sum(own.coordinates(), len));
            axes.push(Along::Eq {
                size: extent,
                start: axis.start,
                points: own.into_iter().collect(),
            });
        }
        Self {
            coefficient,
            axes: axes.into(),
            total,
        }
    }

    /// The functional of a component, with weights for its further axes.
    fn functional<'s>(
        &self,
        factor: E,
        combination: &'s Combination,
        further: Vec<Vec<E>>,
    ) -> Functional<'s, E> {
        let weights = if further.is_empty() {
            Arc::clone(&self.axes)
        } else {
            let further = further.into_iter().map(Along::from);
            self.axes.iter().cloned().chain(further).collect()
        };
        Functional {
            coefficient: self.coefficient * factor,
            combination,
            weights,
        }
    }
}
