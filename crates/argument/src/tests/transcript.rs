//! Everything that is absorbed changes the next challenge.

use p3_challenger::FieldChallenger;

use super::*;
use crate::profile::Goldilocks2;
use crate::verify::start;

type P = Goldilocks2;
type E = <P as Profile>::E;

#[test]
fn each_absorbed_item_changes_the_next_challenge() {
    let mut case = Case::<P>::new("tiny", tiny(3), unlimited(true));
    let other = Case::<P>::new("tiny", tiny(4), unlimited(true));
    let harder = Case::<P>::new(
        "tiny",
        tiny(3),
        Parameters {
            security_bits: 31,
            ..unlimited(true)
        },
    );
    let witness = case.prove().witness;
    let challenge = |case: &Case<P>, publics: &[Tensor], commitments: &[_], witness: &_| -> E {
        let statement = Statement {
            publics,
            commitments,
        };
        start(&case.description, &statement, witness).sample_algebra_element()
    };
    let publics = case.assignment.statement.clone();
    let reference = challenge(&case, &publics, &case.commitments, &witness);
    assert_eq!(
        reference,
        challenge(&case, &publics, &case.commitments, &witness)
    );
    for at in 0..publics[0].len() {
        let publics = [changed(&publics[0], at, 1)];
        assert_ne!(
            reference,
            challenge(&case, &publics, &case.commitments, &witness)
        );
    }
    for at in 0..case.commitments.len() {
        let mut commitments = case.commitments.clone();
        commitments[at] = other.commitments[at].clone();
        assert_ne!(
            reference,
            challenge(&case, &publics, &commitments, &witness)
        );
    }
    assert_ne!(
        reference,
        challenge(&case, &publics, &case.commitments, &case.commitments[0])
    );
    assert_ne!(
        reference,
        challenge(&harder, &publics, &case.commitments, &witness)
    );
}
