//! The verifier of whole proofs, and what it shares with the prover.

use alloc::string::ToString;
use alloc::vec::Vec;

use p3_challenger::{CanObserve, FieldChallenger};
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};
use p3_multilinear_util::point::Point;
use relation::Tensor;

use crate::channel::{Masked, Transparent};
use crate::claims::integer;
use crate::description::{Combined, Description, LABEL};
use crate::masks;
use crate::multilinear::eq_vector;
use crate::opening::{self, Commitment, Opened};
use crate::profile::{F, Profile};
use crate::proof::Proof;
use crate::reject::Reject;
use crate::stack::GroupKind;

/// What a proof is about, beside the description: everything that the verifier knows and the prover cannot choose.
#[derive(Debug)]
pub struct Statement<'a, P: Profile> {
    /// The public tensors that come with the statement, in the order of [`relation::System::statement`].
    pub publics: &'a [Tensor],
    /// The commitments that exist before the proof, in stack order: the model's, if there are parameters, then the
    /// sealed groups'.
    pub commitments: &'a [Commitment<P>],
}

/// Verifies a proof.
///
/// `description` and `statement` come from the caller, who has pinned the description's digest.
/// Cost: independent of the depth of the model; see the book's chapter on each step.
/// Errors: [`Reject`]; nothing in a proof or a statement makes this panic.
/// Soundness: [`Description::account`].
pub fn verify<P: Profile>(
    description: &Description<P>,
    statement: &Statement<'_, P>,
    proof: &Proof<P>,
) -> Result<(), Reject> {
    opened(description, statement, proof).map(|_| ())
}

/// [`verify`], and what the proof shows of the commitments.
pub(crate) fn opened<P: Profile>(
    description: &Description<P>,
    statement: &Statement<'_, P>,
    proof: &Proof<P>,
) -> Result<Opened, Reject> {
    check_statement(description, statement)?;
    proof.check(description)?;
    let mut challenger = start(description, statement, &proof.witness);
    match (description.masks(), &proof.hidden) {
        (Some(shape), Some(hidden)) => {
            let mut channel = Masked::new(&proof.messages, &proof.works, &mut challenger);
            let combined = description.run(statement.publics, &mut channel)?;
            let mut equations = channel.finish()?;
            challenger.observe_algebra_element(hidden.combined);
            equations.push(combined.value.clone() - hidden.combined.into());
            let pending =
                masks::verify::<F, P::E, _>(shape, &equations, &hidden.masks, &mut challenger)?;
            let combined = Combined {
                value: hidden.combined,
                point: combined.point,
                rho: combined.rho,
            };
            let opened = open(description, statement, proof, &combined, &mut challenger)?;
            pending.check(&opened.points, &mask_rows(description, &opened))?;
            Ok(opened)
        }
        _ => {
            let mut channel = Transparent::new(&proof.messages, &proof.works, &mut challenger);
            let combined = description.run(statement.publics, &mut channel)?;
            channel.finish()?;
            open(description, statement, proof, &combined, &mut challenger)
        }
    }
}

/// Checks that a statement has the counts, shapes and intervals of the description.
pub(crate) fn check_statement<P: Profile>(
    description: &Description<P>,
    statement: &Statement<'_, P>,
) -> Result<(), Reject> {
    description
        .system()
        .check_statement(statement.publics)
        .map_err(|violation| Reject::Public {
            reason: violation.to_string(),
        })?;
    let reject = |what, expected, found| {
        Err(Reject::Statement {
            what,
            expected,
            found,
        })
    };
    let expected = description.stack().groups.len().saturating_sub(1);
    if statement.commitments.len() != expected {
        return reject("commitments", expected, statement.commitments.len());
    }
    let mut roots = { statement.commitments.iter() }
        .map(|commitment| P::digests(Some(&commitment.root), None).root);
    match roots.find(|&roots| roots != 1) {
        None => Ok(()),
        Some(found) => reject("roots of a commitment", 1, found),
    }
}

/// Step 1: a transcript that has absorbed everything that the steps are about.
///
/// The digest covers version, profile, parameters and system; every length below follows from it, so the absorbed
/// sequence has one reading.
pub(crate) fn start<P: Profile>(
    description: &Description<P>,
    statement: &Statement<'_, P>,
    witness: &Commitment<P>,
) -> P::Challenger {
    let mut challenger = P::challenger(LABEL);
    for half in description.digest().chunks(4) {
        let word = half
            .iter()
            .rev()
            .fold(0u32, |word, &byte| (word << 8) | u32::from(byte));
        challenger.observe(F::from_u32(word));
    }
    for tensor in statement.publics {
        for y in 0..tensor.len() {
            challenger.observe(integer::<F>(tensor.get(y)));
        }
    }
    for commitment in statement.commitments.iter().chain([witness]) {
        challenger.observe(commitment.root.clone());
    }
    challenger
}

/// The weight of every row of every group in the combination that is opened, group after group.
pub(crate) fn row_weights<P: Profile>(
    description: &Description<P>,
    combined: &Combined<P::E, P::E>,
) -> Vec<P::E> {
    let stack = description.stack();
    let (z_row, _) = combined
        .point
        .split_at(stack.log_rows.min(combined.point.len()));
    let mut weights: Vec<P::E> = eq_vector(z_row).into_iter().take(stack.rows()).collect();
    if let Some(rho) = combined.rho {
        // No message may depend on the mask that hides it, so the rows of masks are no part of the claims' value.
        for weight in weights.iter_mut().skip(stack.first_mask_row()) {
            *weight *= rho;
        }
        // The mask polynomial is over E: one row for each coordinate.
        let basis = (0..crate::description::degree::<P>())
            .filter_map(<P::E as BasedVectorSpace<F>>::ith_basis_element);
        weights.extend(basis.map(|element| element * rho));
    }
    weights
}

/// The part of the point that belongs to the coefficients of a row.
pub(crate) fn column_point<P: Profile>(
    description: &Description<P>,
    combined: &Combined<P::E, P::E>,
) -> Point<P::E> {
    Point::new(
        combined
            .point
            .iter()
            .skip(description.stack().log_rows)
            .copied()
            .collect(),
    )
}

fn open<P: Profile>(
    description: &Description<P>,
    statement: &Statement<'_, P>,
    proof: &Proof<P>,
    combined: &Combined<P::E, P::E>,
    challenger: &mut P::Challenger,
) -> Result<Opened, Reject> {
    let mut commitments = statement.commitments.to_vec();
    commitments.push(proof.witness.clone());
    let claim = opening::Statement {
        commitments: &commitments,
        weights: &row_weights(description, combined),
        point: &column_point(description, combined),
        value: combined.value,
    };
    Ok(opening::verify(
        description.opening(),
        &claim,
        &proof.opening,
        challenger,
    )?)
}

/// The opened values of the mask rows, position after position.
fn mask_rows<'a, P: Profile>(description: &Description<P>, opened: &'a Opened) -> Vec<&'a [F]> {
    let count = description.masks().map_or(0, |masks| masks.base_rows());
    let first = description
        .stack()
        .groups
        .iter()
        .find(|group| group.kind == GroupKind::Witness)
        .map_or(0, |group| group.layout.rows);
    let witness = opened.rows.last().map(Vec::as_slice).unwrap_or_default();
    witness
        .iter()
        .map(|row| {
            row.get(first..first.saturating_add(count))
                .unwrap_or_default()
        })
        .collect()
}
