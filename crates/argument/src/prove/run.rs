//! One proof in the making: the steps of the argument, from the prover's side.

use alloc::vec::Vec;

use p3_challenger::FieldChallenger;
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};
use relation::{Assignment, Source, Tensor};
use tracing::info_span;

use super::rows::{GroupRows, unread};
use super::{ProveError, Reused, Secret, budget};
#[cfg(test)]
use crate::channel::sender::Liar;
use crate::channel::sender::Sender;
use crate::channel::{Affine, Masked, Transparent};
use crate::claims;
use crate::description::{Combined, Description};
use crate::kernel::{coordinates, dot};
use crate::multilinear::eq_vector;
use crate::opening::{self, Commitment, Committed, Opener, OpeningProof};
use crate::profile::{F, Profile};
use crate::proof::{Hidden, Proof};
use crate::reject::Reject;
use crate::verify::{Statement, column_point, row_weights, start};
use crate::{lookup, products};

/// One proof in the making.
pub(crate) struct Run<'a, P: Profile> {
    pub(crate) description: &'a Description<P>,
    pub(crate) assignment: &'a Assignment,
    pub(crate) commitments: &'a [Commitment<P>],
    pub(crate) secret: Option<&'a Secret<P::E>>,
    /// Replaces what is sent: a cheating prover's tool.
    #[cfg(test)]
    pub(crate) liar: Option<&'a Liar<P::E>>,
}

impl<P: Profile> Run<'_, P> {
    pub(crate) fn statement(&self) -> Statement<'_, P> {
        Statement {
            publics: &self.assignment.statement,
            commitments: self.commitments,
        }
    }

    pub(crate) fn prove(&self, reused: Vec<Reused<'_, P>>) -> Result<Proof<P>, ProveError> {
        let rows = self.rows();
        let (witness, mut committed) = info_span!("commit").in_scope(|| self.commit(&rows))?;
        let permit = committed.permit()?;
        let mut groups = reused;
        groups.push(Reused {
            committed: &committed,
            permit,
        });

        let mut challenger = start(self.description, &self.statement(), &witness);
        let (messages, works, combined) = self.steps(&groups, &challenger)?;
        let (hidden, combined) = info_span!("masks")
            .in_scope(|| self.close(&messages, &works, combined, &mut challenger))
            .map_err(ProveError::Unsatisfied)?;
        let opening = info_span!("opening")
            .in_scope(|| self.open(&witness, groups, &rows, &combined, &mut challenger))?;
        Ok(Proof {
            witness,
            messages,
            works,
            hidden,
            opening,
        })
    }

    /// The rows of all groups.
    pub(crate) fn rows(&self) -> Vec<GroupRows<'_, P>> {
        let groups = self.description.stack().groups.iter();
        groups
            .map(|group| {
                GroupRows::new(
                    self.description,
                    group,
                    &self.assignment.columns,
                    self.secret,
                )
            })
            .collect()
    }

    /// Commits to the last group of rows, the witness.
    pub(crate) fn commit(
        &self,
        rows: &[GroupRows<'_, P>],
    ) -> Result<(Commitment<P>, Committed<P>), ProveError> {
        let groups = &self.description.stack().groups;
        let (Some(rows), Some(group)) = (rows.last(), groups.last()) else {
            return Err(ProveError::Statement(Reject::Statement {
                what: "groups",
                expected: 1,
                found: 0,
            }));
        };
        let budget = budget(self.description, group);
        Ok(Committed::new_once(
            *self.description.opening().code(),
            rows,
            budget,
        )?)
    }

    /// Opens all groups, the witness last.
    pub(crate) fn open(
        &self,
        witness: &Commitment<P>,
        groups: Vec<Reused<'_, P>>,
        rows: &[GroupRows<'_, P>],
        combined: &Combined<P::E, P::E>,
        challenger: &mut P::Challenger,
    ) -> Result<OpeningProof<P>, ProveError> {
        let mut all = self.commitments.to_vec();
        all.push(witness.clone());
        let claim = opening::Statement {
            commitments: &all,
            weights: &row_weights(self.description, combined),
            point: &column_point(self.description, combined),
            value: combined.value,
        };
        let openers = groups
            .into_iter()
            .zip(rows)
            .map(|(group, rows)| Opener {
                committed: group.committed,
                rows,
                permit: group.permit,
            })
            .collect();
        Ok(opening::prove(
            self.description.opening(),
            &claim,
            openers,
            challenger,
        )?)
    }

    fn tensor(&self, source: Source) -> Option<&Tensor> {
        match source {
            Source::One => None,
            Source::Column(id) => self.assignment.columns.get(id.0),
            Source::Public(id) => self
                .description
                .system()
                .public_values(&self.assignment.statement)
                .get(id.0)
                .copied()?,
        }
    }

    /// Steps 2 to 4: what is sent, and what is to be opened.
    #[expect(
        clippy::type_complexity,
        reason = "messages, proofs of work, combination"
    )]
    pub(crate) fn steps(
        &self,
        groups: &[Reused<'_, P>],
        start: &P::Challenger,
    ) -> Result<(Vec<P::E>, Vec<F>, Combined<P::E, P::E>), ProveError> {
        let description = self.description;
        let (system, publics) = (description.system(), self.assignment.statement.as_slice());
        let mut challenger = start.clone();
        let sender = Sender::<F, P::E, _>::new(
            self.secret.map(|secret| secret.masks.masks()),
            &mut challenger,
        );
        #[cfg(test)]
        let sender = sender.lying(self.liar);
        let mut sender = sender;
        let (lookup, work) = (description.lookup(), description.lookup_work());
        info_span!("lookup").in_scope(|| {
            lookup::prove(
                &mut sender,
                system,
                lookup,
                &|source| self.tensor(source),
                work,
            );
        });
        info_span!("products").in_scope(|| {
            products::prove(&mut sender, system, description.products(), self.assignment);
        });
        // What the claims are about is what the verifier makes of the messages so far.
        let (messages, works) = sender.sent();
        let mut replay = start.clone();
        let mut channel = Masked::new(messages, works, &mut replay);
        let claims = info_span!("replay")
            .in_scope(|| description.claims(&mut channel))
            .map_err(ProveError::Unsatisfied)?;
        let reduced = info_span!("claims").in_scope(|| {
            let columns = &self.assignment.columns;
            let (stack, unread) = (description.stack(), unread(description, groups));
            claims::prove(
                &mut sender,
                system,
                publics,
                columns,
                stack,
                unread,
                &claims,
            )
        });
        let mut combined = Combined {
            point: reduced.point,
            rho: None,
            value: reduced.value,
        };
        if let Some(secret) = self.secret {
            let mask = self.mask_value(secret, &combined.point);
            sender.send(mask);
            let rho = sender.challenge();
            combined.rho = Some(rho);
            combined.value += mask * rho;
        }
        let (messages, works) = sender.finish();
        Ok((messages, works, combined))
    }

    /// The value of what `rho` multiplies in the combination: the mask polynomial and the rows of masks.
    fn mask_value(&self, secret: &Secret<P::E>, point: &[P::E]) -> P::E {
        let (stack, masks) = (self.description.stack(), self.description.masks());
        let (z_row, z_col) = point.split_at(stack.log_rows);
        // Coefficients of a row that is spread lie where the last coordinates of their places are zero.
        let log_spread = masks.map_or(0, |shape| shape.log_spread);
        let (short, low) = z_col.split_at(z_col.len() - log_spread);
        let factor: P::E = low.iter().map(|&z| P::E::ONE - z).product();
        let eq = coordinates::<F, P::E>(&eq_vector(short));
        let rows = eq_vector(z_row)
            .into_iter()
            .take(stack.rows())
            .skip(stack.first_mask_row());
        let rows = rows.enumerate().map(|(number, weight)| {
            let row: Vec<F> = secret.masks.row(number).collect();
            weight * P::E::from_basis_coefficients_fn(|e| dot(&eq[e][..row.len()], &row))
        });
        rows.sum::<P::E>() * factor + evaluate::<P>(&secret.polynomial, z_col)
    }

    /// Runs the verifier's body on the messages, which gives the equations, and proves them.
    #[expect(
        clippy::type_complexity,
        reason = "the hidden part of a proof and the combination"
    )]
    fn close(
        &self,
        messages: &[P::E],
        works: &[F],
        combined: Combined<P::E, P::E>,
        challenger: &mut P::Challenger,
    ) -> Result<(Option<Hidden<P::E>>, Combined<P::E, P::E>), Reject> {
        let Some(secret) = self.secret else {
            let mut channel = Transparent::new(messages, works, challenger);
            self.description
                .run(&self.assignment.statement, &mut channel)?;
            channel.finish()?;
            return Ok((None, combined));
        };
        let mut channel = Masked::new(messages, works, challenger);
        let run = self
            .description
            .run(&self.assignment.statement, &mut channel)?;
        let mut equations = channel.finish()?;
        challenger.observe_algebra_element(combined.value);
        equations.push(run.value - Affine::from(combined.value));
        if secret.masks.violated(&equations).is_some() {
            return Err(Reject::Equation { step: "relations" });
        }
        let masks = secret.masks.prove::<F, _>(&equations, challenger);
        Ok((
            Some(Hidden {
                combined: combined.value,
                masks,
            }),
            combined,
        ))
    }
}

/// The value at `point` of a polynomial over `E` that is given by its coordinates, one after the other.
pub(crate) fn evaluate<P: Profile>(polynomial: &[F], point: &[P::E]) -> P::E {
    let eq = coordinates::<F, P::E>(&eq_vector(point));
    polynomial
        .chunks_exact(1 << point.len())
        .enumerate()
        .filter_map(|(d, row)| {
            let value = P::E::from_basis_coefficients_fn(|e| dot(&eq[e], row));
            P::E::ith_basis_element(d).map(|element| element * value)
        })
        .sum()
}
