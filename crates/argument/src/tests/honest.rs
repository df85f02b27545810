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
