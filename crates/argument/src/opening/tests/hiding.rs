//! Budgets, stored commitments, and what an opening reveals.

use alloc::vec;
use alloc::vec::Vec;

use p3_commit::Mmcs;
use p3_field::{Field, PrimeCharacteristicRing};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::super::*;
use super::{Table, case};
use crate::profile::Goldilocks2;

#[test]
fn permits_end_with_the_budget() {
    let mut case = case::<Goldilocks2>(6, 10, &[(2, 2), (1, 0)]);
    for _ in 0..2 {
        let proof = case.prove();
        case.verify(&proof).expect("within the budget");
    }
    assert_eq!(case.committed[0].permit(), Err(BudgetSpent { allowed: 2 }));
    assert_eq!(case.committed[0].spent(), 2);
    // Nothing is hidden in the other group, so nothing is spent.
    assert!((0..100).all(|_| case.committed[1].permit().is_ok()));
}

#[test]
fn a_permit_of_another_commitment_is_refused() {
    let mut case = case::<Goldilocks2>(6, 10, &[(2, 5), (2, 5)]);
    let (shape, weights) = (case.shape.clone(), case.weights.clone());
    let (commitments, point, value) = (case.commitments.clone(), case.point.clone(), case.value);
    let statement = Statement {
        commitments: &commitments,
        weights: &weights,
        point: &point,
        value,
    };
    fn try_prove(
        shape: &OpeningShape,
        statement: &Statement<'_, Goldilocks2>,
        openers: Vec<Opener<'_, Goldilocks2>>,
    ) -> Result<(), ProveError> {
        prove(
            shape,
            statement,
            openers,
            &mut Goldilocks2::challenger(b"test"),
        )
        .map(|_| ())
    }
    try_prove(&shape, &statement, case.openers()).expect("the honest twin");

    let mut openers = case.openers();
    let (first, second) = openers.split_at_mut(1);
    core::mem::swap(&mut first[0].permit, &mut second[0].permit);
    assert!(matches!(
        try_prove(&shape, &statement, openers),
        Err(ProveError::Permit { group: 0 })
    ));

    let mut openers = case.openers();
    openers.pop();
    let error = try_prove(&shape, &statement, openers);
    assert!(matches!(
        error,
        Err(ProveError::Statement(Reject::Statement {
            what: "groups",
            ..
        }))
    ));

    // More positions than each opening may reveal.
    let groups = shape.groups().to_vec();
    let wide = OpeningShape::new::<Goldilocks2>(*shape.code(), 11, groups, 3, shape.whir().clone())
        .expect("a shape");
    assert!(matches!(
        try_prove(&wide, &statement, case.openers()),
        Err(ProveError::Group { group: 0 })
    ));
}

#[test]
fn a_stored_commitment_is_restored_with_what_it_has_spent() {
    let mut case = case::<Goldilocks2>(6, 10, &[(2, 2), (1, 0)]);
    case.prove();
    for group in 0..2 {
        let parts = case.committed[group].parts();
        let restored =
            Committed::<Goldilocks2>::from_parts(parts.clone(), &case.commitments[group])
                .expect("its own parts");
        assert_eq!(restored.spent(), case.committed[group].spent());
        case.committed[group] = restored;

        let refused = |change: &dyn Fn(&mut Parts)| {
            let mut parts = parts.clone();
            change(&mut parts);
            Committed::<Goldilocks2>::from_parts(parts, &case.commitments[group]).err()
        };
        assert_eq!(
            refused(&|parts| parts.codewords[7] += F::ONE),
            Some(CommitError::Root)
        );
        let what = |error| match error {
            Some(CommitError::Parts { what, .. }) => what,
            other => panic!("expected wrong parts, found {other:?}"),
        };
        assert_eq!(
            what(refused(&|parts| parts.codewords.truncate(9))),
            "symbols"
        );
        assert_eq!(
            what(refused(&|parts| parts.hidden.push(F::ONE))),
            "hidden coefficients"
        );
        assert_eq!(what(refused(&|parts| parts.salts.push(F::ONE))), "salts");
        assert_eq!(refused(&|parts| parts.rows = 0), Some(CommitError::Empty));
    }
    let proof = case.prove();
    case.verify(&proof).expect("a restored commitment opens");
    assert_eq!(case.committed[0].permit(), Err(BudgetSpent { allowed: 2 }));
}

#[test]
fn rows_without_room_for_randomness_are_refused() {
    let code = Code::new(6, 2).expect("a code");
    let table = Table {
        rows: vec![vec![F::ZERO; 64]],
    };
    let refused = |table: &Table, queries| {
        Committed::<Goldilocks2>::new(code, table, Budget { queries, uses: 1 }).err()
    };
    assert_eq!(refused(&table, 62), None);
    assert_eq!(
        refused(&table, 63),
        Some(CommitError::NoRoom {
            hidden: 64,
            len: 64
        })
    );
    assert_eq!(
        refused(&Table { rows: Vec::new() }, 1),
        Some(CommitError::Empty)
    );
}

/// Rank of the map from a row's hidden coefficients to its symbols at `positions`.
fn rank(code: Code, hidden: usize, positions: &[usize]) -> usize {
    let mut matrix: Vec<Vec<F>> = positions
        .iter()
        .map(|&position| {
            let x = code.point(position);
            (code.len() - hidden..code.len())
                .map(|b| x.powers().nth(b).expect("endless"))
                .collect()
        })
        .collect();
    let mut rank = 0;
    for column in 0..hidden {
        let Some(pivot) = (rank..matrix.len()).find(|&row| matrix[row][column] != F::ZERO) else {
            continue;
        };
        matrix.swap(rank, pivot);
        let inverse = matrix[rank][column].inverse();
        let pivot = matrix[rank].clone();
        for row in matrix.iter_mut().skip(rank + 1) {
            let factor = row[column] * inverse;
            row.iter_mut()
                .zip(&pivot)
                .for_each(|(value, &p)| *value -= factor * p);
        }
        rank += 1;
    }
    rank
}

#[test]
fn revealed_symbols_are_uniform_with_as_many_random_coefficients() {
    let code = Code::new(8, 2).expect("a code");
    let mut rng = StdRng::seed_from_u64(3);
    for _ in 0..10 {
        let mut positions = alloc::collections::BTreeSet::new();
        while positions.len() < 24 {
            positions.insert(rng.random_range(0..code.positions()));
        }
        let positions: Vec<usize> = positions.into_iter().collect();
        assert_eq!(rank(code, 24, &positions), 24);
        // One coefficient fewer, and some combination of the symbols is the data's alone.
        assert_eq!(rank(code, 23, &positions), 23);
    }
}

#[test]
fn one_committed_bit_reveals_itself_without_salt_only() {
    // The attacker knows everything but one bit of the data, and even the random coefficients; it looks at
    // leaves that were not opened. (It learns the other leaves' digests from Merkle paths.)
    let code = Code::new(6, 2).expect("a code");
    let bit = |bit: bool| {
        let mut row = vec![F::ZERO; 64];
        row[0] = F::from_bool(bit);
        Table { rows: vec![row] }
    };
    let budget = Budget {
        queries: 4,
        uses: 1,
    };
    for secret in [false, true] {
        for salted in [false, true] {
            let new = if salted {
                Committed::<Goldilocks2>::new
            } else {
                Committed::new_without_salts
            };
            let (commitment, committed) = new(code, &bit(secret), budget).expect("a commitment");
            // The guess: the same codewords, shifted by the difference that the bit makes (the constant one),
            // under the salt that an attacker can assume, none.
            let parts = committed.parts();
            let confirms = |guess: bool| {
                let change = F::from_bool(guess) - F::from_bool(secret);
                let leaves: Vec<F> = parts
                    .codewords
                    .iter()
                    .flat_map(|&symbol| [symbol + change, F::ZERO, F::ZERO, F::ZERO])
                    .collect();
                let matrix = p3_matrix::dense::RowMajorMatrix::new(leaves, 4);
                Goldilocks2::tree().commit_matrix(matrix).0 == commitment.root
            };
            assert_eq!(confirms(secret), !salted);
            assert!(!confirms(!secret));
        }
    }
}

#[test]
fn every_leaf_has_four_elements_that_no_opening_determines() {
    for (rows, own) in [(1, 0), (3, 0), (4, 0), (9, 0), (5, 2), (6, 6)] {
        let shape = |hidden| GroupShape { rows, own, hidden };
        let unknown = rows - own + shape(1).salt();
        assert_eq!(unknown, (rows - own).max(4), "{rows} rows, {own} their own");
        assert_eq!(shape(0).salt(), 0);
    }
    // Whatever is opened of a whole budget, the value at one more position is as uniform as before.
    let code = Code::new(8, 2).expect("a code");
    let (queries, uses) = (7, 3);
    let count = hidden(queries, uses);
    let mut rng = StdRng::seed_from_u64(5);
    for _ in 0..10 {
        let mut positions = alloc::collections::BTreeSet::new();
        while positions.len() < queries * uses + 1 {
            positions.insert(rng.random_range(0..code.positions()));
        }
        let positions: Vec<usize> = positions.into_iter().collect();
        assert_eq!(rank(code, count, &positions), positions.len());
        // Without the last coefficient it follows from the others.
        assert!(rank(code, count - 1, &positions) < positions.len());
    }
}

#[test]
fn two_commitments_to_one_table_share_nothing() {
    let code = Code::new(6, 2).expect("a code");
    let table = Table {
        rows: vec![vec![F::ZERO; 64]; 3],
    };
    let budget = Budget {
        queries: 4,
        uses: 2,
    };
    let (first, one) = Committed::<Goldilocks2>::new(code, &table, budget).expect("a commitment");
    let (second, two) = Committed::<Goldilocks2>::new(code, &table, budget).expect("a commitment");
    assert_ne!(first, second);
    let (one, two) = (one.parts(), two.parts());
    assert!(one.hidden.iter().zip(&two.hidden).all(|(a, b)| a != b));
    assert!(one.salts.iter().zip(&two.salts).all(|(a, b)| a != b));

    // With nothing to hide the commitment is a function of the table.
    let public = Budget::public(4);
    let (first, _) = Committed::<Goldilocks2>::new(code, &table, public).expect("a commitment");
    let (second, _) = Committed::<Goldilocks2>::new(code, &table, public).expect("a commitment");
    assert_eq!(first, second);
}
