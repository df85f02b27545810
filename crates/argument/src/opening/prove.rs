//! The prover's half of the opening.

use alloc::vec;
use alloc::vec::Vec;

use p3_challenger::GrindingChallenger;
use p3_commit::MultilinearPcs;
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};
use p3_matrix::dense::RowMajorMatrix;
use p3_maybe_rayon::prelude::*;
use p3_sumcheck::PrescribedPointPcs;
use p3_sumcheck::layout::{Layout, PrefixProver, Table};
use p3_whir::WhirConfigError;
use thiserror::Error;

use super::protocol::{Claims, absorb, check_statement, draw_positions};
use crate::opening::proof::{GroupOpening, OpeningProof};
use crate::opening::whir::{self, degree};
use crate::opening::{
    ArchiveError, Committed, OpeningShape, Permit, Reject, Rows, ShapeError, Statement,
};
use crate::profile::{F, Profile};

/// Coefficients of the combination that one task sums over all rows.
const BLOCK: usize = 256;

/// One group to open: what is kept of it, where its coefficients come from, and the right to open it.
pub struct Opener<'a, P: Profile> {
    /// The group's secret data.
    pub committed: &'a Committed<P>,
    /// The coefficients that were committed.
    pub rows: &'a dyn Rows,
    /// Spent by this opening.
    pub permit: Permit,
}

/// A group whose opening is permitted.
pub(crate) type Group<'a, P> = (&'a Committed<P>, &'a dyn Rows);

/// Why an opening cannot be proven.
#[derive(Debug, Error)]
pub enum ProveError {
    /// Statement or shape are inconsistent.
    #[error(transparent)]
    Statement(#[from] Reject),
    /// A group does not have the shape that the verifier expects of it.
    #[error("group {group}: its commitment does not have the shape of the opening")]
    Group {
        /// Index of the group.
        group: usize,
    },
    /// A permit was issued by another commitment.
    #[error("group {group}: the permit was issued by another commitment")]
    Permit {
        /// Index of the group.
        group: usize,
    },
    /// The archive of a commitment does not give what is opened.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The inner commitment refuses its parameters.
    #[error("inner commitment: {0}")]
    Whir(#[from] WhirConfigError),
}

impl From<ShapeError> for ProveError {
    fn from(error: ShapeError) -> Self {
        Self::Statement(error.into())
    }
}

/// Proves that the statement's combination of rows has the claimed value.
///
/// Shapes: as for [`super::verify()`]; `groups` in the order of the commitments.
/// Cost: one product of `E` with `F` per coefficient; one WHIR opening of `D * 2^c` values.
/// Errors: [`ProveError`] if groups, permits and shape do not fit together.
pub fn prove<P: Profile>(
    shape: &OpeningShape,
    statement: &Statement<'_, P>,
    groups: Vec<Opener<'_, P>>,
    challenger: &mut P::Challenger,
) -> Result<OpeningProof<P>, ProveError> {
    check_statement(shape, statement)?;
    check_groups(shape, &groups)?;
    // The permits end here: from now on the groups are being opened.
    let groups: Vec<Group<'_, P>> = groups
        .into_iter()
        .map(|group| (group.committed, group.rows))
        .collect();
    let columns = combination(shape, statement.weights, &groups);
    prove_columns(shape, statement, &groups, columns, challenger)
}

fn check_groups<P: Profile>(
    shape: &OpeningShape,
    groups: &[Opener<'_, P>],
) -> Result<(), ProveError> {
    if groups.len() != shape.groups().len() {
        let (expected, found) = (shape.groups().len(), groups.len());
        return Err(Reject::Statement {
            what: "groups",
            expected,
            found,
        }
        .into());
    }
    for (group, (opener, expected)) in groups.iter().zip(shape.groups()).enumerate() {
        let committed = opener.committed;
        let fits = committed.code() == shape.code()
            && committed.shape() == *expected
            && committed.shape().rows == opener.rows.rows()
            // More positions per opening than budgeted would reveal too much.
            && (expected.hidden == 0 || shape.queries() <= committed.budget().queries);
        if !fits {
            return Err(ProveError::Group { group });
        }
        if !committed.issued(&opener.permit) {
            return Err(ProveError::Permit { group });
        }
    }
    Ok(())
}

/// The coordinates of `sum_i weight_i * row_i`, one column of `2^c` values after the other.
pub(super) fn combination<P: Profile>(
    shape: &OpeningShape,
    weights: &[P::E],
    groups: &[Group<'_, P>],
) -> Vec<F> {
    let (degree, len) = (degree::<P>(), shape.code().len());
    let block = BLOCK.min(len);
    let weights: Vec<F> = weights
        .iter()
        .flat_map(|weight| weight.as_basis_coefficients_slice().iter().copied())
        .collect();
    let groups: Vec<_> = groups
        .iter()
        .map(|&(committed, rows)| (committed.randomness(), rows))
        .collect();
    let blocks: Vec<Vec<F>> = (0..len / block)
        .into_par_iter()
        .map(|index| {
            let mut sums = vec![F::ZERO; degree * block];
            let mut weights = weights.as_slice();
            for &(randomness, rows) in &groups {
                let (own, rest) = weights.split_at(randomness.shape().rows * degree);
                weights = rest;
                randomness.accumulate(rows, own, index * block, &mut sums, block);
            }
            sums
        })
        .collect();
    let mut columns = vec![F::ZERO; degree * len];
    for (index, sums) in blocks.iter().enumerate() {
        for (column, sums) in columns.chunks_exact_mut(len).zip(sums.chunks_exact(block)) {
            column[index * block..(index + 1) * block].copy_from_slice(sums);
        }
    }
    columns
}

/// The rest of [`prove`], for the combination's coordinate columns.
pub(crate) fn prove_columns<P: Profile>(
    shape: &OpeningShape,
    statement: &Statement<'_, P>,
    groups: &[Group<'_, P>],
    columns: Vec<F>,
    challenger: &mut P::Challenger,
) -> Result<OpeningProof<P>, ProveError> {
    let pcs = whir::pcs::<P>(shape)?;
    absorb(shape, statement, challenger);
    let table = Table::new(RowMajorMatrix::new(columns, shape.code().len()));
    let fold = pcs.round_folding_factor(0);
    let witness = <PrefixProver<F, P::E> as Layout<F, P::E>>::new_witness(vec![table], fold);
    let (combination, data) = pcs.commit(witness, challenger)?;
    let bits = shape.grinding_bits();
    let grinding = if bits > 0 {
        challenger.grind(bits)
    } else {
        F::ZERO
    };
    let positions = draw_positions::<P>(shape, challenger);
    let xs: Vec<F> = positions
        .iter()
        .map(|&position| shape.code().point(position))
        .collect();

    // Only the points matter here: WHIR evaluates the columns itself.
    let zeros = vec![P::E::ZERO; xs.len()];
    let at_point = vec![P::E::ZERO; degree::<P>()];
    let points = Claims::<P>::new(shape, statement.point, at_point, &xs, &zeros).points;
    let inner = pcs.open_at(data, &whir::schedule::<P>(shape), &points, challenger)?;
    let coordinates = inner
        .evals
        .first()
        .map(|batch| batch.current().iter().skip(1).copied().collect())
        .unwrap_or_default();
    let groups = groups
        .iter()
        .map(|(committed, rows)| {
            let (leaves, paths) = committed.open(*rows, &positions)?;
            Ok(GroupOpening {
                leaves: leaves.into_iter().flatten().collect(),
                paths,
            })
        })
        .collect::<Result<_, ArchiveError>>()?;
    Ok(OpeningProof {
        combination,
        grinding,
        coordinates,
        groups,
        whir: inner.whir,
    })
}
