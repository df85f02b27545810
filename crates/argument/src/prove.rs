//! The prover of whole proofs.

use alloc::vec;
use alloc::vec::Vec;

use p3_challenger::FieldChallenger;
use p3_field::{BasedVectorSpace, PrimeCharacteristicRing};
use rand::distr::{Distribution, StandardUniform};
use relation::{Assignment, Source, Tensor, Violation};
use thiserror::Error;
use tracing::info_span;

use crate::block::BlockReader;
#[cfg(test)]
use crate::channel::sender::Liar;
use crate::channel::sender::Sender;
use crate::channel::{Affine, Masked, Transparent};
use crate::claims::{self, Unread};
use crate::description::{Combined, Description, degree};
use crate::kernel::{coordinates, dot};
use crate::masks::MaskRows;
use crate::multilinear::eq_vector;
use crate::opening::{
    self, Budget, BudgetSpent, CommitError, Commitment, Committed, Opener, OpeningProof, Permit,
    Rows, Stored,
};
use crate::profile::random::{self, EntropyError};
use crate::profile::{F, Profile};
use crate::proof::{Hidden, Proof};
use crate::reject::Reject;
use crate::stack::{Group, GroupKind, tail};
use crate::verify::{Statement, check_statement, column_point, row_weights, start};
use crate::{lookup, products};

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum ProveError {
    /// The assignment does not fit the system, or violates a relation.
    #[error("the assignment does not satisfy the system: {0}")]
    Violation(#[from] Violation),
    /// The statement does not fit the description.
    #[error(transparent)]
    Statement(Reject),
    /// The relations do not hold: a proof would be rejected.
    #[error("the relations do not hold for the assignment: {0}")]
    Unsatisfied(Reject),
    /// The witness could not be committed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// A reusable commitment has no opening left.
    #[error(transparent)]
    Budget(#[from] BudgetSpent),
    /// The operating system gave no randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The commitments could not be opened.
    #[error(transparent)]
    Opening(#[from] opening::ProveError),
}

/// A commitment made before the proof, with the right to open it once.
pub struct Reused<'a, P: Profile> {
    /// What the prover keeps of it.
    pub committed: &'a Committed<P>,
    /// Spent by the proof.
    pub permit: Permit,
}

/// Commits to the columns of a reusable group: the model or a sealed group.
///
/// `columns` are those of the whole system, in order; only the group's are read.
/// Errors: [`ProveError::Statement`] if the description has no such group.
pub fn commit<P: Profile>(
    description: &Description<P>,
    kind: GroupKind,
    columns: &[Tensor],
) -> Result<(Commitment<P>, Committed<P>), ProveError> {
    let group = find(description, kind)?;
    let rows = GroupRows::<P>::new(description, group, columns, None);
    Ok(Committed::new(
        *description.opening().code(),
        &rows,
        budget(description, group),
    )?)
}

/// Restores what [`commit`] made, from the same columns and the randomness that was stored.
///
/// Errors: [`ProveError::Statement`] if the description has no such group; [`ProveError::Commit`] if the columns or the
/// randomness are not those of `expected`.
pub fn restore<P: Profile>(
    description: &Description<P>,
    kind: GroupKind,
    columns: &[Tensor],
    stored: Stored,
    expected: &Commitment<P>,
) -> Result<Committed<P>, ProveError> {
    let group = find(description, kind)?;
    let rows = GroupRows::<P>::new(description, group, columns, None);
    Ok(Committed::restore(
        *description.opening().code(),
        &rows,
        budget(description, group),
        stored,
        expected,
    )?)
}

fn find<P: Profile>(description: &Description<P>, kind: GroupKind) -> Result<&Group, ProveError> {
    let missing = Reject::Statement {
        what: "groups of this kind",
        expected: 1,
        found: 0,
    };
    { description.stack().groups.iter() }
        .find(|group| group.kind == kind)
        .ok_or(ProveError::Statement(missing))
}

/// How often the group's commitment may be opened.
pub(crate) fn budget<P: Profile>(description: &Description<P>, group: &Group) -> Budget {
    let queries = description.opening().queries();
    Budget {
        queries,
        uses: group.hidden / queries,
    }
}

/// Proves that `assignment` satisfies the description's system.
///
/// The multiplicities in `assignment` are computed here. `reused` are the groups of `commitments`, in stack order.
/// Cost: see the book's chapter on costs.
/// Errors: [`ProveError`]; an assignment that violates a relation gives no proof.
pub fn prove<P: Profile>(
    description: &Description<P>,
    assignment: &mut Assignment,
    commitments: &[Commitment<P>],
    reused: Vec<Reused<'_, P>>,
) -> Result<Proof<P>, ProveError>
where
    StandardUniform: Distribution<P::E>,
{
    info_span!("multiplicities").in_scope(|| description.system().multiplicities(assignment))?;
    let statement = Statement {
        publics: &assignment.statement,
        commitments,
    };
    check_statement(description, &statement).map_err(ProveError::Statement)?;
    let secret = match description.masks() {
        Some(shape) => Some(Secret {
            masks: MaskRows::random::<F>(*shape, &mut random::generator()?),
            polynomial: random::elements(degree::<P>() << description.stack().log_len)?,
        }),
        None => None,
    };
    Run {
        description,
        assignment,
        commitments,
        secret: secret.as_ref(),
        #[cfg(test)]
        liar: None,
    }
    .prove(reused)
}

/// The randomness of one proof.
pub(crate) struct Secret<E> {
    pub(crate) masks: MaskRows<E>,
    /// The mask polynomial, one row for each coordinate.
    pub(crate) polynomial: Vec<F>,
}

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
        Ok(Committed::new(
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
        let claims = description
            .claims(&mut channel)
            .map_err(ProveError::Unsatisfied)?;
        let reduced = info_span!("claims").in_scope(|| {
            let columns = &self.assignment.columns;
            let (stack, unread) = (description.stack(), self.unread(groups));
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
        let eq = coordinates::<F, P::E>(&eq_vector(z_col));
        let mut row = vec![F::ZERO; masks.map_or(0, |shape| shape.longest_row())];
        let rows = eq_vector(z_row)
            .into_iter()
            .take(stack.rows())
            .skip(stack.first_mask_row());
        let rows = rows.enumerate().map(|(number, weight)| {
            secret.masks.write(number, 0, &mut row);
            weight * P::E::from_basis_coefficients_fn(|e| dot(&eq[e][..row.len()], &row))
        });
        rows.sum::<P::E>() + evaluate::<P>(&secret.polynomial, z_col)
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

    /// What the claims step finds in the stack beside the columns.
    fn unread(&self, groups: &[Reused<'_, P>]) -> Unread<F> {
        let stack = self.description.stack();
        let mut unread = Unread::new();
        for (group, reused) in stack.groups.iter().zip(groups) {
            for row in 0..group.layout.rows {
                let first = (group.first_row + row) << stack.log_len;
                let mut hidden = reused.committed.hidden(row);
                for (offset, len) in tail(stack.log_len, group.hidden) {
                    let (now, later) = hidden.split_at(len);
                    unread.push((first + offset, now.to_vec()));
                    hidden = later;
                }
            }
        }
        unread
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

/// The rows of a group, read out of the columns on demand.
pub(crate) struct GroupRows<'a, P: Profile> {
    log_len: usize,
    /// The blocks of every row, by position in the row.
    blocks: Vec<Vec<(usize, usize, BlockReader<'a>)>>,
    mask_rows: usize,
    secret: Option<&'a Secret<P::E>>,
}

impl<'a, P: Profile> GroupRows<'a, P> {
    pub(crate) fn new(
        description: &Description<P>,
        group: &Group,
        columns: &'a [Tensor],
        secret: Option<&'a Secret<P::E>>,
    ) -> Self {
        let log_len = description.stack().log_len;
        let mut blocks: Vec<Vec<_>> = (0..group.layout.rows).map(|_| Vec::new()).collect();
        for block in &group.layout.blocks {
            let reader = BlockReader::new(&columns[group.columns[block.tensor]], &block.axes);
            let start = block.offset & ((1 << log_len) - 1);
            blocks[block.offset >> log_len].push((start, 1 << block.log_size(), reader));
        }
        for row in &mut blocks {
            row.sort_by_key(|(start, ..)| *start);
        }
        let secret = secret.filter(|_| group.kind == GroupKind::Witness);
        Self {
            log_len,
            blocks,
            mask_rows: group.mask_rows,
            secret,
        }
    }
}

impl<P: Profile> Rows for GroupRows<'_, P> {
    fn rows(&self) -> usize {
        let mask = if self.secret.is_some() {
            degree::<P>()
        } else {
            0
        };
        self.blocks.len() + self.mask_rows + mask
    }

    fn own(&self) -> usize {
        self.rows() - self.blocks.len()
    }

    fn write(&self, row: usize, start: usize, coefficients: &mut [F]) {
        let Some(blocks) = self.blocks.get(row) else {
            let Some(secret) = self.secret else {
                coefficients.fill(F::ZERO);
                return;
            };
            let row = row - self.blocks.len();
            match row.checked_sub(self.mask_rows) {
                None => secret.masks.write(row, start, coefficients),
                Some(coordinate) => {
                    let from = (coordinate << self.log_len) + start;
                    coefficients
                        .copy_from_slice(&secret.polynomial[from..from + coefficients.len()]);
                }
            }
            return;
        };
        coefficients.fill(F::ZERO);
        let end = start + coefficients.len();
        let first = blocks.partition_point(|(at, len, _)| at + len <= start);
        for (at, len, reader) in blocks[first..].iter().take_while(|(at, ..)| *at < end) {
            let (from, to) = ((*at).max(start), (at + len).min(end));
            reader.read(from - at, &mut coefficients[from - start..to - start]);
        }
    }
}
