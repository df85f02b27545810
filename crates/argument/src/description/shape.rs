//! What of a description depends on the length of the polynomials, and the length that costs least.

use alloc::vec::Vec;

use p3_maybe_rayon::prelude::*;
use relation::System;

use super::{DescribeError, degree, run_combination};
use crate::channel::{Count, Sizing};
use crate::effort::Effort;
use crate::lookup::LookupShape;
use crate::masks::MaskShape;
use crate::opening::{self, Code, GroupShape, OpeningShape, whir_parameters};
use crate::parameters::Parameters;
use crate::products::ProductShape;
use crate::profile::Profile;
use crate::security::{self, Account, Extension, Grinding, MAX_GRINDING, Sizes};
use crate::stack::{Group, GroupKind, Stack};

/// The lengths of polynomials that are tried.
const LOG_LENS: core::ops::RangeInclusive<usize> = 8..=23;

/// A description in the making: what does not depend on the length of the polynomials.
pub(super) struct Draft<'a> {
    pub system: &'a System,
    pub parameters: Parameters,
    pub lookup: &'a LookupShape,
    pub products: &'a ProductShape,
    pub effort: &'a Effort,
    pub queries: usize,
    /// What steps 2 and 3 send.
    pub count: Count,
    /// How many claims they leave.
    pub claims: usize,
}

/// What depends on the length of the polynomials.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub stack: Stack,
    pub masks: Option<MaskShape>,
    pub opening: OpeningShape,
    pub grinding: Grinding,
    pub count: Count,
    pub account: Account,
}

impl Shape {
    /// An estimate of what a proof costs, in nanoseconds: the measure by which the length of the polynomials is chosen.
    ///
    /// A byte of the proof counts as three microseconds: it is made once, but sent, kept and checked more often.
    fn cost<P: Profile>(&self) -> u64 {
        // Transform, hashes, and the passes of the opening; rows of masks need hardly a transform, reused ones neither,
        // but they are encoded once and kept.
        const WITNESS: u64 = 60;
        const REUSED: u64 = 20;
        const INNER: u64 = 150;
        const BYTE: u64 = 3000;
        let wide = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let len = wide(self.opening.code().len());
        let coefficient = { self.stack.groups.iter() }.fold(0u64, |sum, group| {
            let each = match group.kind {
                GroupKind::Witness => WITNESS,
                GroupKind::Model | GroupKind::Sealed(_) => REUSED,
            };
            let own = wide(group.layout.rows).saturating_mul(each);
            let masks = wide(group.mask_rows).saturating_mul(REUSED);
            sum.saturating_add(own).saturating_add(masks)
        });
        let coefficient = coefficient.saturating_add(wide(degree::<P>()).saturating_mul(INNER));
        let bytes = self.opening.estimated_bytes::<P>();
        len.saturating_mul(coefficient)
            .saturating_add(bytes.saturating_mul(BYTE))
    }
}

impl Draft<'_> {
    /// The shape with the length of polynomials that costs least.
    pub fn cheapest<P: Profile>(&self) -> Result<Shape, DescribeError> {
        let asked = self.parameters.log_len;
        let mut best: Option<(u64, Shape)> = None;
        let mut last = None;
        let log_lens: Vec<usize> = asked
            .map_or(LOG_LENS, |log_len| log_len..=log_len)
            .collect();
        // As many at a time as there are threads; they are looked at one after the other, whatever that number is.
        let together = |log_lens: &[usize]| -> Vec<Result<Shape, DescribeError>> {
            let shapes = log_lens.par_iter();
            shapes.map(|&log_len| self.shape::<P>(log_len)).collect()
        };
        let chunks = log_lens.chunks(current_num_threads());
        for shape in chunks.flat_map(together) {
            let shape = match shape {
                Ok(shape) => shape,
                Err(error) => {
                    last = Some(error);
                    continue;
                }
            };
            let cost = shape.cost::<P>();
            match &best {
                // Costs only rise from here on: the inner proof doubles with every step.
                Some((least, _)) if cost > least.saturating_mul(2) => break,
                Some((least, _)) if cost >= *least => {}
                _ => best = Some((cost, shape)),
            }
        }
        match (best, last) {
            (Some((_, shape)), _) => Ok(shape),
            (None, Some(error)) => Err(error),
            (None, None) => Err(DescribeError::Parameter {
                name: "log_len",
                expected: "8 to 23",
                found: asked.unwrap_or(0),
            }),
        }
    }

    fn shape<P: Profile>(&self, log_len: usize) -> Result<Shape, DescribeError> {
        let parameters = self.parameters;
        let hidden = |kind: GroupKind| -> usize {
            let proofs = match kind {
                GroupKind::Model => parameters.model_proofs,
                GroupKind::Sealed(_) => parameters.sealed_proofs,
                GroupKind::Witness => 1,
            };
            if parameters.zero_knowledge {
                opening::hidden(self.queries, proofs)
            } else {
                0
            }
        };
        // The number of rounds depends on the rows, the rows on the masks, the masks on the rounds. More rounds need more
        // masks, but these may fit fewer, longer rows: rows that are left over then hold nothing.
        let mut mask_rows = 0usize;
        let mut stack = Stack::new(self.system, log_len, hidden)?;
        self.effort.on(&stack)?;
        let (masks, count) = loop {
            let count = self.count::<P>(&stack)?;
            let masks = parameters
                .zero_knowledge
                .then(|| MaskShape::new(&count, self.queries, degree::<P>()).spread_over(log_len));
            let needed = masks.map_or(0, |masks| masks.base_rows());
            if needed <= mask_rows {
                break (masks, count);
            }
            mask_rows = needed;
            stack = stack.with_mask_rows(mask_rows);
        };
        if let Some(masks) = &masks
            && masks.test_len() > 1 << log_len
        {
            return Err(DescribeError::Parameter {
                name: "log_len",
                expected: "room for a row of masks",
                found: log_len,
            });
        }
        let code = Code::new(log_len, parameters.log_inv_rate)?;
        let groups: Vec<GroupShape> = stack
            .groups
            .iter()
            .map(|group| self.group_shape::<P>(group))
            .collect();
        let sizes = self.sizes::<P>(&stack, masks.as_ref(), &count, log_len, &groups);
        let shape = |bits: usize, grinding: usize| {
            let whir = whir_parameters::<P>(log_len, bits, MAX_GRINDING);
            OpeningShape::new::<P>(code, self.queries, groups.clone(), grinding, whir)
        };
        // The bits of the schedule that was tried last are those of the one that was chosen.
        let mut bits = 0usize;
        let chosen = security::choose(&sizes, parameters.security_bits, |extension, term_bits| {
            bits = usize::try_from(term_bits).ok()?;
            if extension.degree() == degree::<P>() {
                opening::inner::<P>(&shape(bits, MAX_GRINDING).ok()?).ok()
            } else {
                None
            }
        })?;
        // The work before the lookup challenges is chosen last, and is one more proof of work.
        let lookups = self.lookup.log_len().is_some() && chosen.grinding.lookup > 0;
        let count = Count {
            works: count.works.saturating_add(usize::from(lookups)),
            ..count
        };
        Ok(Shape {
            masks,
            opening: shape(bits, chosen.grinding.query)?,
            grinding: chosen.grinding,
            count,
            account: security::account(&chosen),
            stack,
        })
    }

    /// What a whole proof sends.
    fn count<P: Profile>(&self, stack: &Stack) -> Result<Count, DescribeError> {
        let mut sizing = Sizing::<P::E>::default();
        run_combination::<P, _>(
            self.system,
            &[],
            stack,
            self.parameters.zero_knowledge,
            &[],
            &mut sizing,
        )
        .map_err(DescribeError::DryRun)?;
        Ok(self.count.plus(&sizing.finish()))
    }

    fn group_shape<P: Profile>(&self, group: &Group) -> GroupShape {
        // The mask polynomial lies in the last rows of the witness.
        let mask = match group.kind {
            GroupKind::Witness if self.parameters.zero_knowledge => degree::<P>(),
            _ => 0,
        };
        let own = group.mask_rows.saturating_add(mask);
        GroupShape {
            rows: group.layout.rows.saturating_add(own),
            own,
            hidden: group.hidden,
        }
    }

    fn sizes<P: Profile>(
        &self,
        stack: &Stack,
        masks: Option<&MaskShape>,
        count: &Count,
        log_len: usize,
        groups: &[GroupShape],
    ) -> Sizes {
        Sizes {
            extension: if degree::<P>() == 2 {
                Extension::Quadratic
            } else {
                Extension::Cubic
            },
            log_fractions: self.lookup.log_len().unwrap_or(0),
            lookup_degree: self.lookup.degree(),
            point_variables: self.products.variables(),
            products: self.products.products(),
            product_rounds: self.products.rounds().unwrap_or(0),
            claims: self.claims,
            claim_rounds: stack.variables(),
            // The published value of the combination is one more equation.
            equations: masks.map_or(0, |_| count.equations.saturating_add(1)),
            slots: masks.map_or(0, |_| count.slots),
            log_len,
            log_inv_rate: self.parameters.log_inv_rate,
            rows: groups.iter().map(|group| group.rows).sum(),
            queries: self.queries,
            grinding: Grinding {
                lookup: 0,
                query: MAX_GRINDING,
            },
            whir: security::Whir::default(),
            others: self.parameters.others,
        }
    }
}
