//! A lie in any one message.

use p3_field::PrimeCharacteristicRing;

use super::forge::{Forgery, forge};
use super::*;
use crate::channel::sender::{History, Liar};
use crate::profile::Goldilocks2;

type E = <Goldilocks2 as Profile>::E;

fn case(zero_knowledge: bool) -> Case<Goldilocks2> {
    let mut case = Case::new("tiny", tiny(3), unlimited(zero_knowledge));
    case.description
        .system()
        .multiplicities(&mut case.assignment)
        .expect("rows of tables");
    case
}

/// Without a lie the cheating prover is the honest one.
#[test]
fn the_forger_is_accepted_when_it_does_not_cheat() {
    for zero_knowledge in [true, false] {
        let mut case = case(zero_knowledge);
        let assignment = case.assignment.clone();
        let proof = forge(&mut case, &Forgery::of(&assignment));
        assert_eq!(case.verify(&proof), Ok(()));
    }
}

#[test]
fn a_lie_in_any_message_is_rejected() {
    for zero_knowledge in [true, false] {
        let mut case = case(zero_knowledge);
        let assignment = case.assignment.clone();
        for index in 0..case.description.count().messages() {
            let liar = move |history: &History<E>, value: E| {
                if history.sent.len() == index {
                    value + E::ONE
                } else {
                    value
                }
            };
            let liar: &Liar<E> = &liar;
            let forgery = Forgery {
                liar: Some(liar),
                ..Forgery::of(&assignment)
            };
            let proof = forge(&mut case, &forgery);
            assert!(
                case.verify(&proof).is_err(),
                "message {index}, zero knowledge {zero_knowledge}"
            );
        }
    }
}

#[test]
fn a_lie_about_the_combination_is_rejected() {
    let mut case = case(true);
    let assignment = case.assignment.clone();
    let forgery = Forgery {
        combined: E::ONE,
        ..Forgery::of(&assignment)
    };
    let proof = forge(&mut case, &forgery);
    assert!(case.verify(&proof).is_err());
}
