//! Honest runs, lies and wrong witnesses, in both contexts.

#![cfg(feature = "prove")]

mod cases;

use alloc::vec;
use alloc::vec::Vec;

use cases::{Case, all, read, unravel};
use p3_blake3::Blake3;
use p3_challenger::{HashChallenger, SerializingChallenger64};
use p3_field::extension::BinomialExtensionField;
use p3_field::{Field, PrimeCharacteristicRing};
use p3_goldilocks::Goldilocks;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use relation::{Assignment, System, Tensor};

use super::{ProductShape, prove, verify};
use crate::channel::sender::{Masks, Sender};
use crate::channel::{Affine, Count, Mask, Masked, Sizing, Transparent};
use crate::claims::{Along, Claim, Functional};
use crate::reject::Reject;

type F = Goldilocks;
type E = BinomialExtensionField<F, 2>;
type Challenger = SerializingChallenger64<F, HashChallenger<u8, Blake3, 32>>;

fn challenger() -> Challenger {
    Challenger::from_hasher(vec![], Blake3)
}

fn count(system: &System) -> Count {
    let mut sizing = Sizing::<E>::default();
    verify(&mut sizing, system, &ProductShape::new(system)).unwrap();
    sizing.finish()
}

fn integer(value: i128) -> E {
    let reduced = value.rem_euclid(i128::from(<F as p3_field::PrimeField64>::ORDER_U64));
    E::from_u64(u64::try_from(reduced).unwrap())
}

/// What the claims say of the values: by the definition, index by index.
fn evaluate(system: &System, values: &Assignment, functional: &Functional<'_, E>) -> E {
    let shape = functional.combination.shape();
    let weights: Vec<_> = functional.weights.iter().map(Along::write).collect();
    let sizes: Vec<usize> = weights.iter().map(|w| w.len()).collect();
    assert_eq!(sizes, shape, "one weight per index of each axis");
    let sum: E = (0..shape.iter().product())
        .map(|index| {
            let x = unravel(shape, index);
            let weight: E = core::iter::zip(&weights, &x).map(|(w, &x)| w[x]).product();
            weight * integer(read(system, values, functional.combination, &x))
        })
        .sum();
    sum * functional.coefficient
}

/// The sum that a claim is about.
fn sum<V>(system: &System, values: &Assignment, claim: &Claim<'_, E, V>) -> E {
    let terms = claim.terms.iter();
    terms.map(|term| evaluate(system, values, term)).sum()
}

/// Whether every claim is true, given the values behind what was sent.
fn all_true<V>(
    system: &System,
    values: &Assignment,
    claims: &[Claim<'_, E, V>],
    opened: impl Fn(&V) -> E,
) -> bool {
    claims
        .iter()
        .all(|claim| sum(system, values, claim) == opened(&claim.value))
}

/// The message that a cheating prover changes: everything after it is honest again.
#[derive(Clone, Copy)]
enum Lie {
    None,
    Single(usize),
    Left(usize),
    Right(usize),
}

fn zero_masks(count: Count) -> Masks<E> {
    Masks {
        singles: vec![E::ZERO; count.singles],
        lefts: vec![E::ZERO; count.slots],
        rights: vec![E::ZERO; count.slots],
    }
}

fn random_masks(count: Count, rng: &mut StdRng) -> Masks<E> {
    let mut draw = |n: usize| (0..n).map(|_| rng.random()).collect();
    Masks {
        singles: draw(count.singles),
        lefts: draw(count.slots),
        rights: draw(count.slots),
    }
}

/// The messages of a prover that adds 1 to one of them: it uses another mask than the committed one.
fn messages(case: &Case, values: &Assignment, masks: &Masks<E>, lie: Lie) -> Vec<E> {
    let mut used = Masks {
        singles: masks.singles.clone(),
        lefts: masks.lefts.clone(),
        rights: masks.rights.clone(),
    };
    match lie {
        Lie::None => {}
        Lie::Single(i) => used.singles[i] += E::ONE,
        Lie::Left(i) => used.lefts[i] += E::ONE,
        Lie::Right(i) => used.rights[i] += E::ONE,
    }
    let mut challenger = challenger();
    let mut sender = Sender::new(Some(&used), &mut challenger);
    prove(
        &mut sender,
        &case.system,
        &ProductShape::new(&case.system),
        values,
    );
    sender.finish().0
}

/// Whether the verifier accepts and all claims are true.
fn accepted_in_the_clear(case: &Case, values: &Assignment, lie: Lie) -> bool {
    let messages = messages(case, values, &zero_masks(count(&case.system)), lie);
    let mut challenger = challenger();
    let mut channel = Transparent::<F, E, _>::new(&messages, &[], &mut challenger);
    match verify(&mut channel, &case.system, &ProductShape::new(&case.system)) {
        Ok(claims) => {
            channel.finish().unwrap();
            all_true(&case.system, values, &claims, |&value| value)
        }
        Err(reject) => {
            assert!(matches!(reject, Reject::Equation { .. }), "{reject}");
            false
        }
    }
}

fn open(masks: &Masks<E>, value: &Affine<E>) -> E {
    let mask = |mask: &Mask| match *mask {
        Mask::Single(i) => masks.singles[i as usize],
        Mask::Left(i) => masks.lefts[i as usize],
        Mask::Right(i) => masks.rights[i as usize],
        Mask::Product(i) => masks.lefts[i as usize] * masks.rights[i as usize],
    };
    value.constant + value.masks.iter().map(|(m, c)| mask(m) * *c).sum::<E>()
}

/// Whether all equations hold for the true masks and all claims are true.
fn accepted_behind_masks(case: &Case, values: &Assignment, lie: Lie) -> bool {
    let masks = random_masks(count(&case.system), &mut StdRng::seed_from_u64(77));
    let messages = messages(case, values, &masks, lie);
    let mut challenger = challenger();
    let mut channel = Masked::<F, E, _>::new(&messages, &[], &mut challenger);
    let claims = verify(&mut channel, &case.system, &ProductShape::new(&case.system)).unwrap();
    let equations = channel.finish().unwrap();
    equations
        .iter()
        .all(|equation| open(&masks, equation) == E::ZERO)
        && all_true(&case.system, values, &claims, |value| open(&masks, value))
}

#[test]
fn honest_runs_are_accepted_and_leave_true_claims() {
    for case in all() {
        assert!(
            accepted_in_the_clear(&case, &case.values, Lie::None),
            "{}",
            case.name
        );
        assert!(
            accepted_behind_masks(&case, &case.values, Lie::None),
            "{}",
            case.name
        );
    }
}

#[test]
fn honest_runs_of_random_einsums_leave_true_claims() {
    for seed in 100..160 {
        let case = cases::random(seed);
        assert!(
            accepted_in_the_clear(&case, &case.values, Lie::None),
            "seed {seed}"
        );
        assert!(
            accepted_behind_masks(&case, &case.values, Lie::None),
            "seed {seed}"
        );
    }
}

#[test]
fn a_lie_in_any_message_is_rejected_or_leaves_a_false_claim() {
    for case in all().iter().filter(|case| case.name != "long") {
        let count = count(&case.system);
        let lies = (0..count.singles)
            .map(Lie::Single)
            .chain((0..count.slots).flat_map(|i| [Lie::Left(i), Lie::Right(i)]));
        for (index, lie) in lies.enumerate() {
            assert!(
                !accepted_in_the_clear(case, &case.values, lie),
                "{} {index}",
                case.name
            );
            assert!(
                !accepted_behind_masks(case, &case.values, lie),
                "{} {index}",
                case.name
            );
        }
    }
}

/// Values that violate a relation, by one element of a column.
fn wrong_values(case: &Case, column: usize) -> Assignment {
    let tensor = &case.values.columns[column];
    let wrong = (0..tensor.len()).find_map(|index| {
        let mut elements = tensor.to_i64s();
        elements[index] += if elements[index] > 0 { -1 } else { 1 };
        let mut values = case.values.clone();
        values.columns[column] = Tensor::from_i64s(tensor.shape.clone(), elements).unwrap();
        cases::violated(case, &values).map(|_| values)
    });
    wrong.unwrap()
}

/// What the final equation comes to for `messages` in the clear, and which claims are false.
fn end(case: &Case, values: &Assignment, messages: &[E]) -> (E, Vec<usize>) {
    let zeros = zero_masks(count(&case.system));
    let mut challenger = challenger();
    let mut channel = Masked::<F, E, _>::new(messages, &[], &mut challenger);
    let claims = verify(&mut channel, &case.system, &ProductShape::new(&case.system)).unwrap();
    let equations = channel.finish().unwrap();
    let is_false = |claim: &Claim<'_, E, Affine<E>>| {
        sum(&case.system, values, claim) != open(&zeros, &claim.value)
    };
    let wrong = (0..claims.len()).filter(|&i| is_false(&claims[i]));
    (open(&zeros, &equations[0]), wrong.collect())
}

#[test]
fn a_forged_end_of_the_sumcheck_leaves_the_forged_factor_as_the_only_false_claim() {
    for case in all()
        .iter()
        .filter(|case| !["linear", "long"].contains(&case.name))
    {
        let (system, count) = (&case.system, count(&case.system));
        let values = wrong_values(case, 0);
        // The left sides' true value, which differs from the right sides', is sent as the sum.
        let honest = messages(case, &values, &zero_masks(count), Lie::None);
        let mut challenger = challenger();
        let mut channel = Transparent::<F, E, _>::new(&honest, &[], &mut challenger);
        let claims = verify(&mut channel, system, &ProductShape::new(system)).unwrap();
        let left = sum(system, &values, &claims[0]);
        let mut masks = zero_masks(count);
        masks.singles[0] = left - claims[0].value;
        let sent = messages(case, &values, &masks, Lie::None);
        let (missing, _) = end(case, &values, &sent);
        assert_ne!(missing, E::ZERO, "{}", case.name);
        // One factor makes up for the difference.
        for factor in 0..2 * count.slots {
            let at = count.singles + factor;
            let mut forged = sent.clone();
            forged[at] += E::ONE;
            let slope = end(case, &values, &forged).0 - missing;
            forged[at] = sent[at] - missing * slope.inverse();
            let outcome = end(case, &values, &forged);
            assert_eq!(
                outcome,
                (E::ZERO, vec![1 + factor]),
                "{} {factor}",
                case.name
            );
        }
    }
}

#[test]
fn a_wrong_witness_is_rejected_or_leaves_a_false_claim() {
    for case in all() {
        for column in 0..case.values.columns.len() {
            let values = wrong_values(&case, column);
            assert!(
                !accepted_in_the_clear(&case, &values, Lie::None),
                "{} column {column}",
                case.name
            );
        }
    }
}

#[test]
fn the_prover_sends_what_the_dry_run_counts() {
    for case in all() {
        let (system, count) = (&case.system, count(&case.system));
        let shape = ProductShape::new(system);
        let mut challenger = challenger();
        let mut sender = Sender::<F, E, _>::new(None, &mut challenger);
        prove(&mut sender, system, &shape, &case.values);
        assert_eq!(sender.finish().0.len(), count.messages(), "{}", case.name);
        let sumcheck = shape.rounds().map_or(0, |rounds| 1 + 2 * rounds);
        assert_eq!(count.singles, sumcheck, "{}", case.name);
        assert_eq!(
            count.equations,
            usize::from(shape.products() > 0),
            "{}",
            case.name
        );
    }
}

#[test]
fn a_system_of_linear_relations_sends_nothing() {
    let case = all()
        .into_iter()
        .find(|case| case.name == "linear")
        .unwrap();
    assert_eq!(count(&case.system).messages(), 0);
}

#[test]
fn a_truncated_proof_is_rejected_by_its_length() {
    let case = cases::matmuls();
    let mut messages = messages(
        &case,
        &case.values,
        &zero_masks(count(&case.system)),
        Lie::None,
    );
    messages.pop();
    let mut challenger = challenger();
    let mut channel = Transparent::<F, E, _>::new(&messages, &[], &mut challenger);
    let outcome = verify(&mut channel, &case.system, &ProductShape::new(&case.system));
    assert!(matches!(outcome, Err(Reject::Length { .. })));
}

#[test]
fn the_shape_of_another_system_is_rejected_and_does_not_panic() {
    let (case, other) = (cases::matmuls(), cases::convolution());
    let messages = vec![E::ZERO; 100];
    for (system, shape) in [(&case.system, &other.system), (&other.system, &case.system)] {
        let mut challenger = challenger();
        let mut channel = Transparent::<F, E, _>::new(&messages, &[], &mut challenger);
        // Whatever the outcome, it is an outcome.
        let _ = verify(&mut channel, system, &ProductShape::new(shape));
    }
}

#[test]
fn a_point_that_is_too_short_is_rejected() {
    let axis = super::Axis {
        size: 5,
        common: Some(0..3),
        own: None,
    };
    assert!(matches!(
        axis.weights(&vec![E::ONE].into(), &vec![].into(), 0),
        Err(Reject::Length {
            expected: 3,
            found: 1,
            ..
        })
    ));
    let weights = axis.weights(&vec![E::ONE.halve(); 3].into(), &vec![].into(), 0);
    assert_eq!(weights.unwrap().write().len(), 5);
}
