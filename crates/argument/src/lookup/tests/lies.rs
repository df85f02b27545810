//! A lie in any one message, told by a prover that goes on as if it were the truth.

use alloc::format;
use alloc::vec;

use p3_field::PrimeCharacteristicRing;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::systems::{large, mixed, pair, single, views};
use super::{Case, E};
use crate::channel::sender::Masks;

/// Calls `lie` with masks that shift one message by one, for every message.
///
/// The prover does not know: a mask that nobody takes off is a lie.
fn for_each_lie(case: &Case, mut lie: impl FnMut(&str, &Masks<E>)) {
    let count = case.count();
    let zeros = |n| vec![E::ZERO; n];
    let mut masks = Masks {
        singles: zeros(count.singles),
        lefts: zeros(count.slots),
        rights: zeros(count.slots),
    };
    for i in 0..count.singles {
        masks.singles[i] = E::ONE;
        lie(&format!("{}, single {i}", case.name), &masks);
        masks.singles[i] = E::ZERO;
    }
    for i in 0..count.slots {
        masks.lefts[i] = E::ONE;
        lie(&format!("{}, first factor {i}", case.name), &masks);
        masks.lefts[i] = E::ZERO;
        masks.rights[i] = E::ONE;
        lie(&format!("{}, second factor {i}", case.name), &masks);
        masks.rights[i] = E::ZERO;
    }
}

#[test]
fn a_lie_in_any_message_is_rejected_or_ends_in_a_false_claim() {
    for case in [single(), pair(), views(), mixed(), large()] {
        for_each_lie(&case, |name, lie| {
            let messages = case.messages(&case.assignment, Some(lie));
            let verdict = case.transparent(&messages, &case.assignment);
            assert_ne!(verdict, Ok(true), "{name}");
        });
    }
}

#[test]
fn a_lie_in_any_masked_message_breaks_an_equation_or_ends_in_a_false_claim() {
    let mut rng = StdRng::seed_from_u64(2);
    for case in [single(), pair(), mixed()] {
        let masks = case.masks(&mut rng);
        for_each_lie(&case, |name, lie| {
            let add = |a: &[E], b: &[E]| a.iter().zip(b).map(|(&a, &b)| a + b).collect();
            let shifted = Masks {
                singles: add(&masks.singles, &lie.singles),
                lefts: add(&masks.lefts, &lie.lefts),
                rights: add(&masks.rights, &lie.rights),
            };
            let messages = case.messages(&case.assignment, Some(&shifted));
            assert!(!case.masked(&messages, &case.assignment, &masks), "{name}");
        });
    }
}
