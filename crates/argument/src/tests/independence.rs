//! What a mask hides does not depend on any mask.
//!
//! A uniform mask makes a message uniform whatever the value is, if the value is fixed before the mask is drawn. A value
//! that depends on its own mask may cancel it.

use std::sync::{Arc, Mutex};

use super::scripted::{Scripted, script};
use super::*;
use crate::channel::sender::{History, Liar};
use crate::description::degree;
use crate::masks::MaskRows;
use crate::profile::{F, Goldilocks2, random};
use crate::prove::{Run, Secret};
use crate::stack::Stack;
use crate::verify::start;

type P = Scripted;
type E = <P as Profile>::E;

fn secret(description: &Description<P>) -> Secret<E> {
    let shape = *description.masks().expect("zero knowledge");
    Secret {
        masks: MaskRows::random::<F>(shape, &mut random::generator().expect("randomness")),
        polynomial: random::elements(degree::<P>() << description.stack().log_len)
            .expect("randomness"),
    }
}

/// The values behind the messages, for one commitment to the witness and two draws of all that masks.
fn values(case: &mut Case<P>) -> [Vec<E>; 2] {
    let system = case.description.system();
    system
        .multiplicities(&mut case.assignment)
        .expect("rows of tables");
    let secrets = [secret(&case.description), secret(&case.description)];
    let mut permits = Vec::new();
    for group in &mut case.groups {
        permits.push(group.permit().expect("a permit"));
    }
    let values = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&values);
    let recorder = move |_: &History<E>, value: E| {
        told.lock().expect("no panic").push(value);
        value
    };
    let recorder: &Liar<E> = &recorder;
    let run = |secret| Run {
        description: &case.description,
        assignment: &case.assignment,
        commitments: &case.commitments,
        secret: Some(secret),
        liar: Some(recorder),
    };
    let committer = run(&secrets[0]);
    let (witness, mut committed) = committer.commit(&committer.rows()).expect("a commitment");
    let permit = committed.permit().expect("a permit");
    let reused = case.groups.iter().zip(permits);
    let mut groups: Vec<_> = reused
        .map(|(committed, permit)| Reused { committed, permit })
        .collect();
    groups.push(Reused {
        committed: &committed,
        permit,
    });
    [&secrets[0], &secrets[1]].map(|secret| {
        let run = run(secret);
        let challenger = start(&case.description, &run.statement(), &witness);
        run.steps(&groups, &challenger).expect("steps");
        core::mem::take(&mut *values.lock().expect("no panic"))
    })
}

#[test]
fn no_value_behind_a_message_depends_on_the_masks() {
    let systems = test_systems::all(1);
    let named = |(name, system, assignment)| (name, (system, assignment));
    for (name, system) in systems.into_iter().map(named).chain([("tiny", tiny(1))]) {
        script(7);
        let mut case = Case::<P>::new(name, system, parameters(true));
        let [one, two] = values(&mut case);
        assert_eq!(one.len(), case.description.count().messages(), "{name}");
        // The last value is the mask polynomial's, which is drawn for it alone.
        let (last, one) = one.split_last().expect("values");
        let (other, two) = two.split_last().expect("values");
        assert_ne!(last, other, "{name}");
        let differs = one.iter().zip(two).position(|(one, two)| one != two);
        assert_eq!(differs, None, "{name}: of {} values", one.len());
    }
}

/// The rows of masks and the mask polynomial have weights that cannot cancel, as there are other rows.
#[test]
fn a_statement_without_columns_has_a_row_that_is_no_row_of_masks() {
    let mut maker = Maker::new(0);
    let interval = Interval::new(-9, 9);
    let [one, two] = ["one", "two"].map(|name| maker.statement(name, &[3], interval, vec![1; 3]));
    let equation = Combination::from(maker.public(one)).minus(maker.public(two));
    maker.builder.linear("equal", equation.expect("same shape"));
    let (system, assignment) = maker.finish();
    for masks in 1..20 {
        let stack = Stack::new(&system, 8, |_| 1).expect("a stack");
        let stack = stack.with_mask_rows(masks);
        assert_eq!((stack.rows(), stack.first_mask_row()), (masks, 0));
        assert!(masks < 1 << stack.log_rows);
    }
    let mut case = Case::<Goldilocks2>::new("publics", (system, assignment), parameters(true));
    let proof = case.prove();
    assert_eq!(case.verify(&proof), Ok(()));
    case.assignment.statement[0] = changed(&case.assignment.statement[0], 1, 1);
    assert!(case.verify(&proof).is_err());
    assert!(case.try_prove().is_err());
}

#[test]
fn a_log_of_the_masks_shows_none() {
    let description = Description::<P>::new(tiny(1).0, parameters(true)).expect("a description");
    let secret = secret(&description);
    let shown = alloc::format!("{:?} {:?}", secret.masks, secret.masks.masks());
    assert_eq!(shown, "MaskRows { .. } Masks { .. }");
}

/// Scripted proofs are proofs like others: the verifier with the same script accepts them, with another one it does
/// not.
#[test]
fn the_script_decides_what_is_accepted() {
    let mut case = Case::<P>::new("tiny", tiny(1), parameters(true));
    script(1);
    let proof = case.prove();
    assert_eq!(case.verify(&proof), Ok(()));
    script(2);
    assert!(case.verify(&proof).is_err());
}
