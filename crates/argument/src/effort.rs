//! What verifying costs in time and memory, bounded before any of it is spent.
//!
//! A system is small in a file and may be large in what it asks for: an axis of 2^40 indices is nine bytes. The
//! bounds here are far above what any statement that can be proven needs, and far below what hurts.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use relation::{Combination, Relation, Role, Source, System};

use crate::description::DescribeError;
use crate::lookup::LookupShape;
use crate::stack::Stack;

/// The most weights and entries of index maps over all functionals; each weight is an element in memory.
const MAX_WEIGHTS: u64 = 1 << 26;

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
    reads: Vec<u64>,
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
            reads: vec![0; system.columns().len()],
        };
        for (combination, times) in lookups.functionals(system) {
            effort.add(system, combination, times);
        }
        for relation in system.relations() {
            match relation {
                Relation::Linear { sum, .. } => effort.add(system, sum, 1),
                Relation::Product { left, right, .. } => {
                    effort.add(system, left, 1);
                    for einsum in right {
                        effort.add(system, &einsum.a, 1);
                        effort.add(system, &einsum.b, 1);
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
    fn add(&mut self, system: &System, combination: &Combination, times: u64) {
        let sizes = combination.shape().iter().copied().map(wide);
        // A vector of weights is made for the next power of two.
        let axes = sizes.fold(0u64, |sum, size| sum.saturating_add(size.saturating_mul(2)));
        let mut weights = axes.saturating_add(1);
        for term in combination.terms() {
            let components = term.view.components();
            weights = components.iter().fold(weights, |sum, component| {
                sum.saturating_add(component.effort())
            });
            match term.view.source() {
                Source::One => {}
                Source::Public(id) => {
                    let shape = system.publics().get(id.0).map(|public| &public.shape);
                    let len = shape.and_then(|shape| relation::shape::len(shape));
                    let read = times.saturating_mul(wide(len.unwrap_or(0)));
                    self.publics = self.publics.saturating_add(read);
                }
                Source::Column(id) => {
                    if let Some(reads) = self.reads.get_mut(id.0) {
                        *reads = reads.saturating_add(times);
                    }
                }
            }
        }
        self.weights = self.weights.saturating_add(weights.saturating_mul(times));
    }

    /// Checks what the functionals cost on the blocks of a stack.
    ///
    /// Errors: [`DescribeError::Effort`].
    pub fn on(&self, stack: &Stack) -> Result<(), DescribeError> {
        let mut products = 0u64;
        for (&reads, blocks) in self.reads.iter().zip(&stack.columns) {
            for axis in blocks.iter().flat_map(|block| &block.axes) {
                let log = u32::try_from(axis.log).unwrap_or(u32::MAX);
                let len = 1u64.checked_shl(log).unwrap_or(u64::MAX);
                products = products.saturating_add(reads.saturating_mul(len));
            }
            products = products.saturating_add(reads.saturating_mul(wide(blocks.len())));
        }
        at_most("products with blocks of columns", MAX_PRODUCTS, products)
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
