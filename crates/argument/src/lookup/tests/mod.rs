//! Tests of the lookups: honest proofs, lies, forged columns, and the parts of the prover.

mod counts;
mod forgeries;
mod lies;
mod parts;
mod systems;
mod wide;

use alloc::vec::Vec;

use p3_blake3::Blake3;
use p3_challenger::{HashChallenger, SerializingChallenger64};
use p3_field::PrimeCharacteristicRing;
use p3_field::extension::BinomialExtensionField;
use p3_goldilocks::Goldilocks;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use relation::{Assignment, Source, System, Tensor};

use super::prove::prove_within;
use super::{LookupShape, prove, verify};
use crate::channel::sender::{Masks, Sender};
use crate::channel::{Affine, Count, Mask, Masked, Sizing, Transparent};
use crate::claims::{Along, Claim};
use crate::reject::Reject;

type F = Goldilocks;
type E = BinomialExtensionField<F, 2>;
type Challenger = SerializingChallenger64<F, HashChallenger<u8, Blake3, 32>>;

fn challenger() -> Challenger {
    Challenger::from_hasher(b"lookup".to_vec(), Blake3)
}

fn random(rng: &mut StdRng) -> E {
    E::new([F::from_u64(rng.random()), F::from_u64(rng.random())])
}

/// A system with an assignment that fulfils it.
struct Case {
    name: &'static str,
    system: System,
    assignment: Assignment,
    shape: LookupShape,
}

impl Case {
    fn new(name: &'static str, system: System, mut assignment: Assignment) -> Self {
        let counted = system.multiplicities(&mut assignment);
        assert!(counted.is_ok(), "{name}: {counted:?}");
        let checked = system.check(&assignment);
        assert!(checked.is_ok(), "{name}: {checked:?}");
        let shape = LookupShape::new(&system).expect("a layout");
        Self {
            name,
            system,
            assignment,
            shape,
        }
    }

    fn count(&self) -> Count {
        let mut sizing = Sizing::<E>::default();
        let claims = verify(&mut sizing, &self.system, &self.shape, 0);
        assert!(claims.is_ok(), "{}: a dry run rejects nothing", self.name);
        sizing.finish()
    }

    fn masks(&self, rng: &mut StdRng) -> Masks<E> {
        let count = self.count();
        let mut draw = |n| (0..n).map(|_| random(rng)).collect::<Vec<E>>();
        Masks {
            singles: draw(count.singles),
            lefts: draw(count.slots),
            rights: draw(count.slots),
        }
    }

    /// The prover's messages for some columns, which need not fulfil the system.
    fn messages(&self, assignment: &Assignment, masks: Option<&Masks<E>>) -> Vec<E> {
        let publics = self.system.public_values(&assignment.statement);
        let read = reader(assignment, &publics);
        let mut challenger = challenger();
        let mut sender = Sender::<F, E, _>::new(masks, &mut challenger);
        prove(&mut sender, &self.system, &self.shape, &read, 0);
        sender.finish().0
    }

    /// The verdict on messages in the clear: rejected, or whether all claims are true of `assignment`.
    fn transparent(&self, messages: &[E], assignment: &Assignment) -> Result<bool, Reject> {
        let mut challenger = challenger();
        let mut channel = Transparent::<F, E, _>::new(messages, &[], &mut challenger);
        let claims = verify(&mut channel, &self.system, &self.shape, 0)?;
        channel.finish()?;
        Ok({ claims.iter() }.all(|claim| self.functional(claim, assignment) == claim.value))
    }

    /// The same in the masked context: whether all equations hold for `masks`, and all claims.
    fn masked(&self, messages: &[E], assignment: &Assignment, masks: &Masks<E>) -> bool {
        let mut challenger = challenger();
        let mut channel = Masked::<F, E, _>::new(messages, &[], &mut challenger);
        let claims = verify(&mut channel, &self.system, &self.shape, 0).expect("the right length");
        let equations = channel.finish().expect("the right length");
        assert_eq!(equations.len(), self.count().equations);
        { equations.iter() }.all(|equation| unmask(equation, masks) == E::ZERO) && { claims.iter() }
            .all(|claim| self.functional(claim, assignment) == unmask(&claim.value, masks))
    }

    /// What the functionals of a claim really add up to.
    fn functional<V>(&self, claim: &Claim<'_, E, V>, assignment: &Assignment) -> E {
        let publics = self.system.public_values(&assignment.statement);
        let read = reader(assignment, &publics);
        let term = |term: &crate::claims::Functional<'_, E>| {
            let shape = term.combination.shape();
            let weights: Vec<_> = term.weights.iter().map(Along::write).collect();
            let sizes: Vec<usize> = weights.iter().map(|w| w.len()).collect();
            assert_eq!(sizes, shape);
            let value = |index| {
                let x = relation::shape::unravel(shape, index);
                let weights = weights.iter().zip(&x).map(|(weights, &x)| weights[x]);
                let weight: E = weights.product();
                if weight == E::ZERO {
                    return E::ZERO;
                }
                weight * F::from_i128(term.combination.get(&x, &read))
            };
            let sum: E = (0..sizes.iter().product()).map(value).sum();
            term.coefficient * sum
        };
        claim.terms.iter().map(term).sum()
    }
}

fn reader<'t>(
    assignment: &'t Assignment,
    publics: &[Option<&'t Tensor>],
) -> impl Fn(Source) -> Option<&'t Tensor> + Sync {
    move |source| match source {
        Source::One => None,
        Source::Column(id) => assignment.columns.get(id.0),
        Source::Public(id) => publics.get(id.0).copied().flatten(),
    }
}

fn unmask(value: &Affine<E>, masks: &Masks<E>) -> E {
    let at = |masks: &[E], i: u32| masks[usize::try_from(i).expect("small")];
    let mask = |mask: Mask| match mask {
        Mask::Single(i) => at(&masks.singles, i),
        Mask::Left(i) => at(&masks.lefts, i),
        Mask::Right(i) => at(&masks.rights, i),
        Mask::Product(i) => at(&masks.lefts, i) * at(&masks.rights, i),
    };
    let terms = value.masks.iter();
    terms.fold(value.constant, |sum, &(m, coefficient)| {
        sum + coefficient * mask(m)
    })
}

#[test]
fn honest_proofs_are_accepted_and_their_claims_are_true() {
    let mut rng = StdRng::seed_from_u64(1);
    for case in systems::all() {
        let messages = case.messages(&case.assignment, None);
        assert_eq!(messages.len(), case.count().messages(), "{}", case.name);
        let verdict = case.transparent(&messages, &case.assignment);
        assert_eq!(verdict, Ok(true), "{}", case.name);
        let masks = case.masks(&mut rng);
        let messages = case.messages(&case.assignment, Some(&masks));
        assert!(
            case.masked(&messages, &case.assignment, &masks),
            "{}",
            case.name
        );
    }
}

#[test]
fn the_proof_has_the_length_that_the_documentation_states() {
    for case in systems::all() {
        let l = case.shape.log_len().expect("lookups");
        assert_eq!(case.count().messages(), l * (l + 3) + 2, "{}", case.name);
        assert_eq!(case.count().equations, l + 1, "{}", case.name);
    }
}

#[test]
fn without_lookups_nothing_is_sent() {
    let system = systems::without_lookups();
    let shape = LookupShape::new(&system).expect("a layout");
    let mut sizing = Sizing::<E>::default();
    let claims = verify(&mut sizing, &system, &shape, 7).expect("nothing to reject");
    assert!(claims.is_empty());
    assert_eq!(sizing.finish(), Count::default());
    let mut challenger = challenger();
    let mut sender = Sender::<F, E, _>::new(None, &mut challenger);
    prove(&mut sender, &system, &shape, &|_| None, 7);
    assert_eq!(sender.finish(), (Vec::new(), Vec::new()));
}

/// The tree's layers are held, or made again for some rounds, as memory allows; nobody can tell from the proof.
#[test]
fn the_memory_that_a_prover_has_changes_nothing() {
    let case = systems::long();
    let publics = case.system.public_values(&case.assignment.statement);
    let read = reader(&case.assignment, &publics);
    let expected = case.messages(&case.assignment, None);
    // Leaves take 2^20 bytes: from all of a layer made anew for four rounds to none of it.
    for most in [0, 1 << 16, 1 << 18, 1 << 19, 1 << 21] {
        let mut challenger = challenger();
        let mut sender = Sender::<F, E, _>::new(None, &mut challenger);
        prove_within(&mut sender, &case.system, &case.shape, &read, 0, most);
        assert!(sender.finish().0 == expected, "{most} bytes");
    }
}

#[test]
fn the_work_before_the_challenges_is_demanded() {
    let case = systems::pair();
    let publics = case.system.public_values(&case.assignment.statement);
    let read = reader(&case.assignment, &publics);
    let mut prover = challenger();
    let mut sender = Sender::<F, E, _>::new(None, &mut prover);
    prove(&mut sender, &case.system, &case.shape, &read, 6);
    let (messages, works) = sender.finish();
    let verdict = |works: &[F]| {
        let mut challenger = challenger();
        let mut channel = Transparent::<F, E, _>::new(&messages, works, &mut challenger);
        verify(&mut channel, &case.system, &case.shape, 6).map(|claims| claims.len())
    };
    assert_eq!(verdict(&works), Ok(2));
    assert!(matches!(verdict(&[]), Err(Reject::Length { .. })));
    let wrong = (1..).map(|shift| works[0] + F::from_u64(shift));
    let rejected = wrong.take(8).filter(|&work| verdict(&[work]).is_err());
    assert!(rejected.count() > 4);
}

#[test]
fn a_proof_of_another_length_is_rejected() {
    let case = systems::pair();
    let messages = case.messages(&case.assignment, None);
    for len in 0..messages.len() {
        let verdict = case.transparent(&messages[..len], &case.assignment);
        assert!(matches!(verdict, Err(Reject::Length { .. })), "{len}");
    }
    let longer: Vec<E> = messages.into_iter().chain([E::ONE]).collect();
    let verdict = case.transparent(&longer, &case.assignment);
    assert!(matches!(verdict, Err(Reject::Length { .. })));
}
