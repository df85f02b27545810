//! The verifier's half of the opening, and what the prover shares with it.

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
pub(super) fn check_statement<P: Profile>(
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
    // As many rates as folds but one.
    for &value in whir.folds.iter().chain(&whir.round_log_inv_rates) {
        number(value);
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
pub(super) fn draw_positions<P: Profile>(
    shape: &OpeningShape,
    challenger: &mut P::Challenger,
) -> Vec<usize> {
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
pub(super) struct Claims<P: Profile> {
    pub(super) points: Vec<Point<P::E>>,
    values: Vec<OpeningEvals<P::E>>,
}

impl<P: Profile> Claims<P> {
    pub(super) fn new(
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
