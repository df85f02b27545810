//! The opening's two halves.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use p3_challenger::CanObserve;
use p3_commit::{Mmcs, MultilinearPcs};
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing, dot_product};
use p3_matrix::Dimensions;
use p3_multilinear_util::point::Point;
use p3_sumcheck::{OpeningBatch, OpeningEvals, PrescribedPointPcs};
use p3_whir::PcsProof;

use super::proof::OpeningProof;
use super::whir::{self, degree};
use super::{Opened, OpeningShape, Reject, Statement};
use crate::profile::{F, Profile};

#[cfg(feature = "prove")]
pub use prover::{Opener, ProveError, prove};

/// Verifies that the statement's combination of rows has the claimed value.
///
/// Shapes: `statement` has one commitment per group, one weight per row and `log_len` coordinates.
/// Cost: `queries * rows` products of `E` with `F`, the Merkle paths, and one WHIR verification.
/// Errors: [`Reject`]; no bytes in the proof make this panic.
/// Soundness: module documentation; the whole statement is absorbed here, but the caller must have drawn the
/// weights and the point after absorbing the commitments.
pub fn verify<P: Profile>(
    shape: &OpeningShape,
    statement: &Statement<'_, P>,
    proof: &OpeningProof<P>,
    challenger: &mut P::Challenger,
) -> Result<Opened, Reject> {
    check_statement(shape, statement)?;
    proof.check(shape)?;
    let pcs = whir::pcs::<P>(shape)?;
    let positions = positions(shape, statement, proof, challenger)?;
    let points: Vec<F> = positions
        .iter()
        .map(|&position| shape.code().point(position))
        .collect();

    let rows = opened_rows(shape, statement, proof, &positions)?;
    let combined = combine::<P>(statement.weights, &rows, positions.len());
    let first = first_coordinate::<P>(statement.value, &proof.coordinates);
    let at_point = core::iter::once(first)
        .chain(proof.coordinates.iter().copied())
        .collect();
    let claims = Claims::<P>::new(shape, statement.point, at_point, &points, &combined);
    let inner = PcsProof {
        whir: proof.whir.clone(),
        evals: claims.values,
    };
    let schedule = whir::schedule::<P>(shape);
    pcs.verify_at(
        &proof.combination,
        &inner,
        &schedule,
        &claims.points,
        challenger,
    )?;
    Ok(Opened { points, rows })
}

/// The positions at which the groups are opened: the transcript up to there.
pub(crate) fn positions<P: Profile>(
    shape: &OpeningShape,
    statement: &Statement<'_, P>,
    proof: &OpeningProof<P>,
    challenger: &mut P::Challenger,
) -> Result<Vec<usize>, Reject> {
    absorb(shape, statement, challenger);
    whir::pcs::<P>(shape)?.observe_commitment(&proof.combination, challenger);
    check_grinding::<P>(shape, proof.grinding, challenger)?;
    Ok(draw_positions::<P>(shape, challenger))
}

/// Checks that the caller's statement has the shape's counts.
fn check_statement<P: Profile>(
    shape: &OpeningShape,
    statement: &Statement<'_, P>,
) -> Result<(), Reject> {
    let mut roots = { statement.commitments.iter() }
        .map(|commitment| P::digests(Some(&commitment.root), None).root);
    for (what, expected, found) in [
        (
            "commitments",
            shape.groups().len(),
            statement.commitments.len(),
        ),
        (
            "roots of each commitment",
            1,
            roots.find(|&roots| roots != 1).unwrap_or(1),
        ),
        ("weights", shape.rows(), statement.weights.len()),
        (
            "coordinates",
            shape.code().log_len(),
            statement.point.num_variables(),
        ),
    ] {
        if expected != found {
            return Err(Reject::Statement {
                what,
                expected,
                found,
            });
        }
    }
    Ok(())
}

/// Absorbs shape and statement, so that everything drawn later depends on both.
pub(super) fn absorb<P: Profile>(
    shape: &OpeningShape,
    statement: &Statement<'_, P>,
    challenger: &mut P::Challenger,
) {
    let mut number = |number: usize| challenger.observe(F::from_usize(number));
    for value in [
        shape.code().log_len(),
        shape.code().log_inv_rate(),
        shape.queries(),
    ] {
        number(value);
    }
    number(shape.grinding_bits());
    number(shape.groups().len());
    for group in shape.groups() {
        number(group.rows);
        number(group.own);
        number(group.hidden);
    }
    // WHIR absorbs its configuration only after the positions are drawn.
    let whir = shape.whir();
    for value in [
        whir.log_inv_rate,
        whir.security_bits,
        whir.pow_bits,
        whir.folds.len(),
    ] {
        number(value);
    }
    for &fold in &whir.folds {
        number(fold);
    }
    for commitment in statement.commitments {
        challenger.observe(commitment.root.clone());
    }
    for &element in statement
        .weights
        .iter()
        .chain(statement.point.iter())
        .chain([&statement.value])
    {
        for &coordinate in element.as_basis_coefficients_slice() {
            challenger.observe(coordinate);
        }
    }
}

/// Checks the work done before the positions are drawn.
fn check_grinding<P: Profile>(
    shape: &OpeningShape,
    witness: F,
    challenger: &mut P::Challenger,
) -> Result<(), Reject> {
    use p3_challenger::GrindingChallenger;

    let bits = shape.grinding_bits();
    // Without work the witness is not absorbed, so only one is allowed.
    let canonical = bits > 0 || witness == F::ZERO;
    if canonical && challenger.check_witness(bits, witness) {
        Ok(())
    } else {
        Err(Reject::Grinding { bits })
    }
}

/// Draws distinct positions, ascending.
///
/// Distinct positions catch a bad word at least as often as independent ones, and reveal the same number of
/// values every time.
fn draw_positions<P: Profile>(shape: &OpeningShape, challenger: &mut P::Challenger) -> Vec<usize> {
    use p3_challenger::CanSampleUniformBits;

    let mut positions = BTreeSet::new();
    while positions.len() < shape.queries() {
        // Resampling inside never gives up; at most half of all positions are asked for.
        if let Ok(position) = challenger.sample_uniform_bits::<true>(shape.code().log_positions()) {
            positions.insert(position);
        }
    }
    positions.into_iter().collect()
}

/// Checks the groups' leaves against their commitments and strips the salt.
fn opened_rows<P: Profile>(
    shape: &OpeningShape,
    statement: &Statement<'_, P>,
    proof: &OpeningProof<P>,
    positions: &[usize],
) -> Result<Vec<Vec<Vec<F>>>, Reject> {
    let groups = shape
        .groups()
        .iter()
        .zip(statement.commitments)
        .zip(&proof.groups);
    groups
        .enumerate()
        .map(|(group, ((size, commitment), opening))| {
            let dimensions = [Dimensions {
                width: size.leaf(),
                height: shape.code().positions(),
            }];
            let leaves: Vec<Vec<&[F]>> = opening
                .leaves
                .chunks(size.leaf())
                .map(|leaf| Vec::from([leaf]))
                .collect();
            P::tree()
                .verify_multi_batch(
                    &commitment.root,
                    &dimensions,
                    positions,
                    &leaves,
                    &opening.paths,
                )
                .map_err(|_| Reject::Merkle { group })?;
            let rows = leaves.iter().flatten();
            Ok(rows
                .map(|leaf| leaf.iter().take(size.rows).copied().collect())
                .collect())
        })
        .collect()
}

/// The weighted sum of all rows at each position.
fn combine<P: Profile>(weights: &[P::E], rows: &[Vec<Vec<F>>], positions: usize) -> Vec<P::E> {
    (0..positions)
        .map(|position| {
            let symbols = rows
                .iter()
                .filter_map(|group| group.get(position))
                .flatten();
            dot_product(weights.iter().copied(), symbols.copied())
        })
        .collect()
}

/// The coordinate column that makes the coordinates combine to `value`.
fn first_coordinate<P: Profile>(value: P::E, others: &[P::E]) -> P::E {
    let rest = others.iter().enumerate().map(|(index, &coordinate)| {
        let index = index.saturating_add(1);
        P::E::ith_basis_element(index).map_or(P::E::ZERO, |basis| basis * coordinate)
    });
    value - rest.sum::<P::E>()
}

/// The claims about the combination, in the order in which WHIR takes them.
struct Claims<P: Profile> {
    points: Vec<Point<P::E>>,
    values: Vec<OpeningEvals<P::E>>,
}

impl<P: Profile> Claims<P> {
    fn new(
        shape: &OpeningShape,
        point: &Point<P::E>,
        at_point: Vec<P::E>,
        xs: &[F],
        combined: &[P::E],
    ) -> Self {
        let mut points = Vec::from([point.clone()]);
        let mut values = Vec::from([OpeningBatch::new(at_point, Vec::new())]);
        for ((scale, y), value) in shape.code().multilinear(xs).into_iter().zip(combined) {
            points.push(Point::new(y.iter().map(|&y| P::E::from(y)).collect()));
            let coordinates: &[F] = value.as_basis_coefficients_slice();
            let scaled = coordinates.iter().map(|&v| P::E::from(v * scale)).collect();
            values.push(OpeningBatch::new(scaled, Vec::new()));
        }
        debug_assert!(values.iter().all(|batch| batch.len() == degree::<P>()));
        Self { points, values }
    }
}

#[cfg(feature = "prove")]
#[expect(clippy::indexing_slicing, reason = "the prover indexes its own tables")]
mod prover {
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

    use super::{Claims, absorb, check_statement, draw_positions};
    use crate::opening::proof::{GroupOpening, OpeningProof};
    use crate::opening::whir::{self, degree};
    use crate::opening::{Committed, OpeningShape, Permit, Reject, Rows, ShapeError, Statement};
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
    /// Shapes: as for [`super::verify`]; `groups` in the order of the commitments.
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
    pub(in crate::opening) fn combination<P: Profile>(
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
            .map(|(committed, _)| {
                let (leaves, paths) = committed.open(&positions);
                GroupOpening {
                    leaves: leaves.into_iter().flatten().collect(),
                    paths,
                }
            })
            .collect();
        Ok(OpeningProof {
            combination,
            grinding,
            coordinates,
            groups,
            whir: inner.whir,
        })
    }
}

#[cfg(all(test, feature = "prove"))]
pub(super) use prover::combination;
#[cfg(all(test, feature = "prove"))]
pub(crate) use prover::prove_columns;
