//! What verifying costs in time and memory, bounded before any of it is spent.
//!
//! A system is small in a file and may be large in what it asks for: an axis of 2^40 indices is nine bytes. The
//! bounds here are far above what any statement that can be proven needs, and far below what hurts.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use alloc::vec::Vec;

use relation::{Combination, Relation, Role, Source, System};

use crate::claims::RecentComponents;
use crate::description::DescribeError;
use crate::lookup::LookupShape;
use crate::stack::Stack;

/// The most weights and entries of index maps over all functionals; each weight is an element in memory.
const MAX_WEIGHTS: u64 = 1 << 27;

/// What an axis of a functional takes before its weights are written out, in weights.
const AXIS: u64 = 8;

/// The most products of weights with blocks of columns, and with values of public tensors.
const MAX_PRODUCTS: u64 = 1 << 31;

/// The most sealed groups: a stack looks at all columns for each.
const MAX_SEALED: u64 = 1 << 9;

/// What the functionals of a system ask for.
#[derive(Clone, Debug)]
pub(crate) struct Effort {
    /// Weights along axes, and entries of the index maps that they are pulled back by.
    weights: u64,
    /// Values of public tensors that are read.
    publics: u64,
    /// Per column the functionals that read it.
    reads: Vec<Reads>,
}

/// The functionals that read a column.
#[derive(Clone, Debug, Default)]
struct Reads {
    /// How many there are.
    times: u64,
    /// The axes that a view joins, and in how many functionals: their weights are one for each joint index.
    joint: BTreeMap<Vec<usize>, u64>,
}

impl Effort {
    /// The effort of lookups and relations; `lookups` says how the former are cut into blocks.
    ///
    /// Errors: [`DescribeError::Effort`].
    pub fn new(system: &System, lookups: &LookupShape) -> Result<Self, DescribeError> {
        let sealed: BTreeSet<usize> = { system.columns().iter() }
            .filter_map(|column| match column.role {
                Role::Sealed(group) => Some(group),
                _ => None,
            })
            .collect();
        at_most("sealed groups", MAX_SEALED, wide(sealed.len()))?;
        let mut effort = Self {
            weights: 0,
            publics: 0,
            reads: vec![Reads::default(); system.columns().len()],
        };
        let mut recent = RecentComponents::default();
        for (combination, times) in lookups.functionals(system) {
            effort.add(system, combination, times, &mut recent);
        }
        for relation in system.relations() {
            match relation {
                Relation::Linear { sum, .. } => effort.add(system, sum, 1, &mut recent),
                Relation::Product { left, right, .. } => {
                    effort.add(system, left, 1, &mut recent);
                    for einsum in right {
                        effort.add(system, &einsum.a, 1, &mut recent);
                        effort.add(system, &einsum.b, 1, &mut recent);
                    }
                }
                Relation::Lookup { .. } => {}
            }
        }
        at_most("weights of claims", MAX_WEIGHTS, effort.weights)?;
        at_most(
            "values of public tensors read",
            MAX_PRODUCTS,
            effort.publics,
        )?;
        Ok(effort)
    }

    /// Adds `times` functionals of a combination.
    fn add<'s>(
        &mut self,
        system: &System,
        combination: &'s Combination,
        times: u64,
        recent: &mut RecentComponents<'s>,
    ) {
        let sizes = combination.shape().iter().copied().map(wide);
        // A vector of weights is made for the next power of two; what gives an axis its weights takes room as well.
        let axes = sizes.fold(0u64, |sum, size| {
            sum.saturating_add(size.saturating_mul(2))
                .saturating_add(AXIS)
        });
        let mut weights = axes.saturating_add(1);
        for term in combination.terms() {
            let components = recent.of(&term.view);
            weights = components.iter().fold(weights, |sum, component| {
                sum.saturating_add(component.effort())
            });
            match term.view.source() {
                Source::One => {}
                Source::Public(id) => {
                    let shape = system.publics().get(id.0).map(|public| &public.shape);
                    let len = shape.and_then(|shape| relation::shape::len(shape));
                    // Where a view joins the last axis, each value takes a step for each axis.
                    let rank = shape.map_or(1, |shape| shape.len().max(1));
                    let read = times
                        .saturating_mul(wide(len.unwrap_or(0)))
                        .saturating_mul(wide(rank));
                    self.publics = self.publics.saturating_add(read);
                }
                Source::Column(id) => {
                    let Some(reads) = self.reads.get_mut(id.0) else {
                        continue;
                    };
                    reads.times = reads.times.saturating_add(times);
                    for component in components {
                        if component.source_axes.len() > 1 {
                            let axes = component.source_axes.clone();
                            let joint = reads.joint.entry(axes).or_default();
                            *joint = joint.saturating_add(times);
                        }
                    }
                }
            }
        }
        self.weights = self.weights.saturating_add(weights.saturating_mul(times));
    }

    /// Checks what the functionals cost on the blocks of a stack.
    ///
    /// The check itself takes no more steps than it allows products: it ends at the first block that is too much.
    ///
    /// Errors: [`DescribeError::Effort`].
    pub fn on(&self, stack: &Stack) -> Result<(), DescribeError> {
        const WHAT: &str = "products with blocks of columns";
        let mut products = 0u64;
        let mut add = |times: u64, len: u64| {
            products = products.saturating_add(times.saturating_mul(len));
            at_most(WHAT, MAX_PRODUCTS, products)
        };
        for (reads, blocks) in self.reads.iter().zip(&stack.columns) {
            add(reads.times, wide(blocks.len()))?;
            for block in blocks {
                let len = |axis: &relation::BlockAxis| {
                    let log = u32::try_from(axis.log).unwrap_or(u32::MAX);
                    1u64.checked_shl(log).unwrap_or(u64::MAX)
                };
                for axis in &block.axes {
                    add(reads.times, len(axis))?;
                }
                for (axes, &times) in &reads.joint {
                    let lens = { axes.iter() }
                        .filter_map(|&axis| block.axes.get(axis))
                        .map(len);
                    add(times, lens.fold(1, u64::saturating_mul))?;
                }
            }
        }
        Ok(())
    }
}

fn at_most(what: &'static str, most: u64, found: u64) -> Result<(), DescribeError> {
    if found > most {
        Err(DescribeError::Effort { what, most, found })
    } else {
        Ok(())
    }
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use relation::{Interval, Value, View};

    use super::*;
    use crate::description::Description;
    use crate::parameters::Parameters;
    use crate::profile::Goldilocks2;

    const BIT: Interval = Interval::new(0, 1);

    /// What there is too much of, in a system with rows of 2^10.
    fn refused(system: System) -> Option<&'static str> {
        refused_in_rows(system, 10)
    }

    fn refused_in_rows(system: System, log_len: usize) -> Option<&'static str> {
        let parameters = Parameters {
            security_bits: 30,
            model_proofs: 0,
            sealed_proofs: 0,
            log_len: Some(log_len),
            ..Parameters::default()
        };
        match Description::<Goldilocks2>::new(system, parameters) {
            Ok(_) => None,
            Err(DescribeError::Effort { what, most, found }) => {
                assert!(found > most);
                Some(what)
            }
            Err(error) => panic!("expected too much effort, found {error}"),
        }
    }

    fn sealed(groups: usize) -> System {
        let mut builder = System::builder();
        for group in 0..groups {
            builder.column("sealed", &[1], Role::Sealed(group), BIT);
        }
        builder.build().expect("a system")
    }

    /// `times` relations over a column of parameters of the given shape.
    fn parameters(shape: &[usize], times: usize) -> System {
        let mut builder = System::builder();
        let column = builder.column("parameters", shape, Role::Parameter, BIT);
        for _ in 0..times {
            let view = builder.view(column).expect("the column exists");
            builder.linear("zero", view.into());
        }
        builder.build().expect("a system")
    }

    /// A row of parameters that is looked up among one other.
    fn row(width: usize) -> System {
        let mut builder = System::builder();
        let tuples = ["entry", "row"].map(|name| {
            let column = builder.column(name, &[1, width], Role::Parameter, BIT);
            let values = builder.view(column).expect("the column exists");
            vec![Combination::zero(&[1]), values.into()]
        });
        let [entries, row] = tuples;
        let table = builder.table("rows", entries);
        builder.lookup("row", row, table);
        builder.build().expect("a system")
    }

    /// Parameters with two axes that a view joins, read `times` times.
    fn joined(times: usize) -> System {
        let mut builder = System::builder();
        let column = builder.column("parameters", &[128, 1024, 1024], Role::Parameter, BIT);
        for _ in 0..times {
            let view = builder.view(column).expect("the column exists");
            let view = view.reshape(&[128, 1024 * 1024]).expect("as many values");
            builder.linear("zero", view.into());
        }
        builder.build().expect("a system")
    }

    fn public(side: usize) -> System {
        let mut builder = System::builder();
        let public = builder.public("public", &[side, side], BIT, Value::Statement);
        let view = builder.public_view(public).expect("the tensor exists");
        builder.linear("zero", view.into());
        builder.build().expect("a system")
    }

    /// A view with two factors of `n` entries each and one without any.
    fn factored(n: usize) -> System {
        // An axis is its extent, its offset and its terms.
        type Axis = (usize, i64, Vec<(usize, i64)>);
        let output: [Axis; 2] = [(n, 0, vec![(0, 1)]), (n, 0, vec![(1, 1)])];
        let all = (0..4).map(|digit| (digit, 1)).collect();
        let sources: Vec<Axis> = vec![(2 * n + 4, 0, all)];
        let guards: Vec<Axis> = vec![(1, -10, vec![(2, 1), (3, 1)])];
        let mut builder = System::builder();
        let column = builder.column("parameters", &[2 * n + 4], Role::Parameter, BIT);
        let source = Source::Column(column);
        let parts = (source, vec![n, n, 2, 2], output.to_vec(), sources, guards);
        let bytes = postcard::to_allocvec(&parts).expect("bytes");
        let view: View = postcard::from_bytes(&bytes).expect("a view");
        builder.linear("zero", view.into());
        builder.build().expect("a system")
    }

    #[test]
    fn systems_that_cost_too_much_to_verify_are_refused_by_what_they_ask_for() {
        for (small, large, what) in [
            (sealed(9), sealed(513), "sealed groups"),
            (
                parameters(&[1 << 10], 1),
                parameters(&[1 << 27], 1),
                "weights of claims",
            ),
            (row(1 << 10), row(1 << 26), "weights of claims"),
            (factored(1 << 8), factored(1 << 20), "weights of claims"),
            (
                public(1 << 8),
                public(1 << 16),
                "values of public tensors read",
            ),
            (
                parameters(&[1024, 1024], 1),
                parameters(&[1024, 1024], 3000),
                "products with blocks of columns",
            ),
        ] {
            assert_eq!(refused(small), None, "{what}");
            assert_eq!(refused(large), Some(what));
        }
    }

    /// A block is a matrix here: each weight of the joint axis meets an entry of it, not of its two sides.
    #[test]
    fn joint_axes_are_charged_for_all_their_indices() {
        assert_eq!(refused_in_rows(joined(1), 20), None);
        assert_eq!(
            refused_in_rows(joined(20), 20),
            Some("products with blocks of columns")
        );
    }

    /// Each of many sealed groups may have as many blocks as a layout holds.
    #[test]
    fn blocks_of_many_groups_are_refused_before_they_are_made() {
        let mut builder = System::builder();
        for group in 0..100 {
            builder.column("sealed", &[3; 13], Role::Sealed(group), BIT);
        }
        let parameters = Parameters {
            security_bits: 30,
            model_proofs: 0,
            sealed_proofs: 0,
            log_len: Some(16),
            ..Parameters::default()
        };
        let system = builder.build().expect("a system");
        assert!(matches!(
            Description::<Goldilocks2>::new(system, parameters),
            Err(DescribeError::Layout(relation::LayoutError::Size))
        ));
    }
}
