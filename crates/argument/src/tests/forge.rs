//! A prover that goes on whatever its own checks say.

use alloc::vec::Vec;

use p3_challenger::FieldChallenger;
use p3_field::PrimeCharacteristicRing;
use rand::RngExt;
use rand::distr::{Distribution, StandardUniform};
use relation::Assignment;

use super::Case;
use crate::channel::sender::{Liar, Masks};
use crate::channel::{Affine, Masked};
use crate::description::{Description, degree};
use crate::masks::MaskRows;
use crate::opening::Committed;
use crate::profile::{F, Profile, random};
use crate::proof::{Hidden, Proof};
use crate::prove::{Reused, Run, Secret, budget};
use crate::verify::start;

/// What a cheating prover does differently.
pub(super) struct Forgery<'a, P: Profile> {
    /// What is committed.
    pub(super) committed: &'a Assignment,
    /// What the steps are run on.
    pub(super) shown: &'a Assignment,
    /// Replaces what is sent.
    pub(super) liar: Option<&'a Liar<P::E>>,
    /// Added to the published value of the combination.
    pub(super) combined: P::E,
    /// Whether messages hide under other masks, which the mask argument is about, than those that are committed.
    pub(super) other_masks: bool,
    /// The randomness that is left out.
    pub(super) weakness: Option<Weakness>,
}

/// Randomness that a careless prover leaves out; its proofs verify like any other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Weakness {
    /// This mask of a value that is sent alone is zero.
    Mask(usize),
    /// The hidden coefficients of the witness are zero.
    Hidden,
    /// The salts of the witness are zero.
    Salts,
}

impl<'a, P: Profile> Forgery<'a, P> {
    pub(super) fn of(assignment: &'a Assignment) -> Self {
        Self {
            committed: assignment,
            shown: assignment,
            liar: None,
            combined: P::E::ZERO,
            other_masks: false,
            weakness: None,
        }
    }
}

/// The masks of one proof, but for what is left out.
pub(super) fn secret<P: Profile>(
    description: &Description<P>,
    weakness: Option<Weakness>,
) -> Option<Secret<P::E>>
where
    StandardUniform: Distribution<P::E>,
{
    let shape = *description.masks()?;
    let mut rng = random::generator().expect("randomness");
    let mut draw = |count: usize| -> Vec<P::E> { (0..count).map(|_| rng.random()).collect() };
    let mut masks = Masks {
        singles: draw(shape.singles),
        lefts: draw(shape.slots),
        rights: draw(shape.slots),
    };
    if let Some(Weakness::Mask(index)) = weakness {
        masks.singles[index] = P::E::ZERO;
    }
    Some(Secret {
        masks: MaskRows::hiding::<F>(shape, masks, &mut rng),
        polynomial: random::elements(degree::<P>() << description.stack().log_len)
            .expect("randomness"),
    })
}

/// Proves without any check of the prover's own.
pub(super) fn forge<P: Profile>(case: &mut Case<P>, forgery: &Forgery<'_, P>) -> Proof<P>
where
    StandardUniform: Distribution<P::E>,
{
    let permits: Vec<_> = case
        .groups
        .iter_mut()
        .map(|group| group.permit().expect("a permit"))
        .collect();
    let description = &case.description;
    let committed_secret = secret(description, forgery.weakness);
    let other_secret = { forgery.other_masks }
        .then(|| secret(description, None))
        .flatten();
    let secret = other_secret.as_ref().or(committed_secret.as_ref());
    let run = |assignment, secret| Run {
        description,
        assignment,
        commitments: &case.commitments,
        secret,
        liar: forgery.liar,
    };
    let commits = run(forgery.committed, committed_secret.as_ref());
    let shows = run(forgery.shown, secret);
    let rows = commits.rows();
    let commit = match forgery.weakness {
        None | Some(Weakness::Mask(_)) => Committed::new,
        Some(Weakness::Hidden) => Committed::new_without_hidden,
        Some(Weakness::Salts) => Committed::new_without_salts,
    };
    let group = description.stack().groups.last().expect("the witness");
    let (witness, mut committed) = commit(
        *description.opening().code(),
        rows.last().expect("the witness"),
        budget(description, group),
    )
    .expect("a commitment");
    let permit = committed.permit().expect("a permit");
    let mut groups: Vec<_> = case
        .groups
        .iter()
        .zip(permits)
        .map(|(committed, permit)| Reused { committed, permit })
        .collect();
    groups.push(Reused {
        committed: &committed,
        permit,
    });
    let mut challenger = start(description, &shows.statement(), &witness);
    let (messages, works, mut combined) = shows.steps(&groups, &challenger).expect("steps");
    combined.value += forgery.combined;
    let mut channel = Masked::new(&messages, &works, &mut challenger);
    let end = description
        .run(&shows.assignment.statement, &mut channel)
        .expect("a run");
    let mut equations = channel.finish().expect("all messages are read");
    let hidden = secret.map(|secret| {
        challenger.observe_algebra_element(combined.value);
        equations.push(end.value - Affine::from(combined.value));
        let masks = secret.masks.prove::<F, _>(&equations, &mut challenger);
        Hidden {
            combined: combined.value,
            masks,
        }
    });
    let opening = commits
        .open(&witness, groups, &rows, &combined, &mut challenger)
        .expect("an opening");
    Proof {
        witness,
        messages,
        works,
        hidden,
        opening,
    }
}
