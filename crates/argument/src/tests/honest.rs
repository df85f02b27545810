//! Proofs of honest provers.

use rand::distr::{Distribution, StandardUniform};
use relation::test_systems;

use super::*;
use crate::profile::{Goldilocks2, Goldilocks3};

fn verifies<P: Profile>(case: &mut Case<P>)
where
    StandardUniform: Distribution<P::E>,
{
    let proof = case.prove();
    assert_eq!(case.verify(&proof), Ok(()), "{}", case.name);
    let bytes = proof.encode();
    let most = Proof::max_bytes(&case.description).expect("a size");
    assert!(bytes.len() <= most, "{}: {} bytes", case.name, bytes.len());
    let decoded = Proof::decode(&bytes, &case.description).expect(case.name);
    assert_eq!(case.verify(&decoded), Ok(()), "{}", case.name);
}

#[test]
fn all_test_systems_verify_in_zero_knowledge() {
    for (name, system, assignment) in test_systems::all(1) {
        verifies(&mut Case::<Goldilocks2>::new(
            name,
            (system, assignment),
            parameters(true),
        ));
    }
}

#[test]
fn all_test_systems_verify_transparently() {
    for (name, system, assignment) in test_systems::all(2) {
        let case = &mut Case::<Goldilocks2>::new(name, (system, assignment), parameters(false));
        verifies(case);
    }
}

#[test]
fn the_cubic_profile_verifies_too() {
    for zero_knowledge in [true, false] {
        verifies(&mut Case::<Goldilocks3>::new(
            "tiny",
            tiny(1),
            unlimited(zero_knowledge),
        ));
    }
}

#[test]
fn the_default_security_verifies() {
    let parameters = Parameters {
        model_proofs: 1,
        sealed_proofs: 1,
        ..Parameters::default()
    };
    let mut case = Case::<Goldilocks2>::new("tiny", tiny(1), parameters);
    assert!(case.description.account().total_bits() >= 100.0);
    verifies(&mut case);
}

#[test]
fn work_before_the_lookups_is_proven_and_checked() {
    let (system, assignment) = tiny(1);
    let description = Description::<Goldilocks2>::new(system, unlimited(true))
        .expect("a description")
        .with_lookup_work(5);
    let mut case = Case::of("worked", description, assignment);
    verifies(&mut case);
    let honest = case.prove();
    assert_eq!(honest.works.len(), 1);
    let mut refused = 0;
    for by in 1..65 {
        let mut proof = honest.clone();
        proof.works[0] += <crate::profile::F as p3_field::PrimeCharacteristicRing>::from_u8(by);
        let verdict = case.verify(&proof);
        assert!(verdict.is_err());
        refused += usize::from(matches!(verdict, Err(Reject::Work { bits: 5, .. })));
    }
    assert!(
        refused > 48,
        "31 in 32 others are not enough work, {refused} of 64 were refused"
    );
}
