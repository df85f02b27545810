//! Cheating provers: false witnesses, and columns that are not what was committed.

use super::forge::{Forgery, forge};
use super::*;
use crate::profile::Goldilocks2;

fn case(zero_knowledge: bool) -> Case<Goldilocks2> {
    let mut case = Case::new("tiny", tiny(5), unlimited(zero_knowledge));
    case.description
        .system()
        .multiplicities(&mut case.assignment)
        .expect("rows of tables");
    case
}

fn with_column(assignment: &Assignment, column: usize, at: usize, by: i64) -> Assignment {
    let mut assignment = assignment.clone();
    assignment.columns[column] = changed(&assignment.columns[column], at, by);
    assignment
}

#[test]
fn a_changed_value_in_any_witness_column_is_rejected() {
    for zero_knowledge in [true, false] {
        let mut case = case(zero_knowledge);
        let honest = case.assignment.clone();
        for (number, column) in case
            .description
            .system()
            .columns()
            .to_vec()
            .iter()
            .enumerate()
        {
            if matches!(column.role, Role::Parameter | Role::Sealed(_)) {
                continue;
            }
            for by in [1, -1, 1 << 40] {
                let false_one = with_column(&honest, number, 0, by);
                let proof = forge(&mut case, &Forgery::of(&false_one));
                assert!(case.verify(&proof).is_err(), "{} by {by}", column.name);
            }
        }
    }
}

#[test]
fn a_column_changed_after_it_was_committed_is_rejected() {
    for zero_knowledge in [true, false] {
        let mut case = case(zero_knowledge);
        let honest = case.assignment.clone();
        for number in 0..case.description.system().columns().len() {
            let other = with_column(&honest, number, 1, 1);
            // The steps run on true values, the commitment holds others; and the other way round.
            if !matches!(
                case.description.system().columns()[number].role,
                Role::Parameter | Role::Sealed(_)
            ) {
                let proof = forge(
                    &mut case,
                    &Forgery {
                        committed: &other,
                        ..Forgery::of(&honest)
                    },
                );
                assert!(case.verify(&proof).is_err(), "column {number} committed");
            }
            let proof = forge(
                &mut case,
                &Forgery {
                    shown: &other,
                    ..Forgery::of(&honest)
                },
            );
            assert!(case.verify(&proof).is_err(), "column {number} shown");
        }
    }
}

#[test]
fn exchanged_multiplicities_are_rejected() {
    let mut case = case(true);
    let honest = case.assignment.clone();
    let columns = case.description.system().columns().to_vec();
    let is_count = |(_, column): &(usize, &relation::Column)| column.role == Role::Multiplicity;
    for (number, _) in columns.iter().enumerate().filter(is_count) {
        let values = honest.columns[number].to_i64s();
        let Some(at) = values.windows(2).position(|pair| pair[0] != pair[1]) else {
            continue;
        };
        let by = values[at + 1] - values[at];
        let forged = with_column(&with_column(&honest, number, at, by), number, at + 1, -by);
        let proof = forge(&mut case, &Forgery::of(&forged));
        assert!(case.verify(&proof).is_err(), "multiplicities {number}");
    }
}

/// Columns of rows of a table of private parameters, found as a whole, that are mixed up; and the last, whose first row
/// is another one with its index, all counted.
fn mixed_up(system: &System, honest: &Assignment) -> Vec<(&'static str, Assignment)> {
    let named = |name: &str| {
        let mut columns = system.columns().iter();
        columns.position(|column| column.name == name)
    };
    let [index, row, bias, counts, indices] =
        ["index", "row", "bias", "rows", "indices"].map(|name| named(name).expect("the column"));
    let get = |column: usize, at: usize| honest.columns[column].get(at);
    let entry = |at: usize| usize::try_from(get(index, at)).expect("an index");
    let (found, width) = (honest.columns[index].len(), honest.columns[row].len());
    let width = width / found;
    let other = (1..found).find(|&other| entry(other) != entry(0));
    let other = other.expect("two indices");
    let copied = |from: &Assignment, to: usize, with: usize| {
        with_column(from, row, to, get(row, with) - get(row, to))
    };
    let recounted = |from: &Assignment, counts: usize| {
        let less = with_column(from, counts, entry(0), -1);
        with_column(&less, counts, entry(other), 1)
    };
    let moved = |from: usize| with_column(&with_column(honest, row, from, -1), bias, 0, 1);
    let whole = (0..width).fold(honest.clone(), |forged, at| {
        copied(&forged, at, other * width + at)
    });
    let whole = with_column(&whole, bias, 0, get(bias, other) - get(bias, 0));
    let indexed = with_column(&whole, index, 0, get(index, other) - get(index, 0));
    vec![
        ("one position", copied(honest, 2, other * width + 2)),
        ("an exchange", copied(&copied(honest, 0, 3), 3, 0)),
        ("another row", whole.clone()),
        ("another row, counted", recounted(&whole, counts)),
        ("other counts", recounted(honest, counts)),
        ("other counts of indices", recounted(honest, indices)),
        ("moved to the bias from before it", moved(width - 1)),
        ("moved to the bias from the start", moved(0)),
        ("none", recounted(&recounted(&indexed, counts), indices)),
    ]
}

#[test]
fn rows_of_a_wide_table_that_are_mixed_up_are_rejected() {
    for zero_knowledge in [true, false] {
        let system = relation::test_systems::embedding(5, 3, 7, 4);
        let mut case = Case::<Goldilocks2>::new("embedding", system, unlimited(zero_knowledge));
        let honest = case.assignment.clone();
        for (name, forged) in mixed_up(case.description.system(), &honest) {
            assert_ne!(forged, honest, "{name}");
            let proof = forge(&mut case, &Forgery::of(&forged));
            let accepted = case.verify(&proof).is_ok();
            assert_eq!(accepted, name == "none", "{name}, {zero_knowledge}");
        }
    }
}

#[test]
fn an_assignment_that_violates_a_relation_gives_no_proof() {
    let mut case = case(true);
    let output = case.assignment.statement[0].clone();
    case.assignment.statement[0] = changed(&output, 0, 1);
    assert!(matches!(case.try_prove(), Err(ProveError::Unsatisfied(_))));
}

#[test]
fn a_budget_that_is_spent_ends_proving() {
    let mut case = Case::<Goldilocks2>::new("tiny", tiny(5), parameters(true));
    for _ in 0..2 {
        let proof = case.prove();
        assert_eq!(case.verify(&proof), Ok(()));
    }
    assert!(matches!(case.try_prove(), Err(ProveError::Budget(_))));
}

/// The masks of the messages are those that are committed, or the proof is rejected.
#[test]
fn masks_that_are_not_the_committed_ones_are_rejected() {
    let mut case = case(true);
    let honest = case.assignment.clone();
    let proof = forge(
        &mut case,
        &Forgery {
            other_masks: true,
            ..Forgery::of(&honest)
        },
    );
    assert!(case.verify(&proof).is_err());
}
