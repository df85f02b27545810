//! A prover that goes on whatever its own checks say.

use p3_challenger::FieldChallenger;
use rand::distr::{Distribution, StandardUniform};
use relation::Assignment;

use super::Case;
use crate::channel::sender::Liar;
use crate::channel::{Affine, Masked};
use crate::masks::MaskRows;
use crate::profile::{F, Profile, random};
use crate::proof::{Hidden, Proof};
use crate::prove::{Reused, Run, Secret};
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
}

impl<'a, P: Profile> Forgery<'a, P> {
    pub(super) fn of(assignment: &'a Assignment) -> Self {
        use p3_field::PrimeCharacteristicRing;

        Self {
            committed: assignment,
            shown: assignment,
            liar: None,
            combined: P::E::ZERO,
        }
    }
}

/// Proves without any check of the prover's own.
pub(super) fn forge<P: Profile>(case: &mut Case<P>, forgery: &Forgery<'_, P>) -> Proof<P>
where
    StandardUniform: Distribution<P::E>,
{
    let permits: alloc::vec::Vec<_> = case
        .groups
        .iter_mut()
        .map(|group| group.permit().expect("a permit"))
        .collect();
    let description = &case.description;
    let secret = description.masks().map(|shape| Secret {
        masks: MaskRows::random::<F>(*shape, &mut random::generator().expect("randomness")),
        polynomial: random::elements(
            crate::description::degree::<P>() << description.stack().log_len,
        )
        .expect("randomness"),
    });
    let run = |assignment| Run {
        description,
        assignment,
        commitments: &case.commitments,
        secret: secret.as_ref(),
        liar: forgery.liar,
    };
    let (commits, shows) = (run(forgery.committed), run(forgery.shown));
    let rows = commits.rows();
    let (witness, mut committed) = commits.commit(&rows).expect("a commitment");
    let permit = committed.permit().expect("a permit");
    let mut groups: alloc::vec::Vec<_> = case
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
    let hidden = secret.as_ref().map(|secret| {
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
