//! All that is revealed of a reused commitment, over its whole budget.

use alloc::collections::BTreeMap;

use p3_field::PrimeField64;

use super::*;
use crate::opening::Committed;
use crate::parameters::Parameters;
use crate::prove::GroupRows;
use crate::stack::GroupKind;

type P = Goldilocks2;

/// The proofs that the model's commitment is made for.
const PROOFS: usize = 4;

/// The symbols of the model's rows that some proofs reveal, by point.
fn revealed(case: &mut Case<P>, proofs: usize) -> BTreeMap<u64, Vec<F>> {
    let mut revealed = BTreeMap::new();
    for _ in 0..proofs {
        let proof = case.prove();
        let opened = shown(case, &proof);
        for (x, row) in opened.points.iter().zip(&opened.rows[0]) {
            let before = revealed.insert(x.as_canonical_u64(), row.clone());
            assert!(before.is_none_or(|before| before == *row));
        }
    }
    revealed
}

/// The rank of all that is revealed, over the hidden coefficients, and the number of symbols.
fn rank(case: &Case<P>, hidden: usize, revealed: &BTreeMap<u64, Vec<F>>) -> (usize, usize) {
    let len = case.description.opening().code().len();
    let points = revealed.keys().map(|&x| F::from_u64(x));
    let mut matrix: Vec<_> = points.map(|x| effect(len, hidden, x)).collect();
    (eliminate(&mut matrix, hidden), revealed.len())
}

#[test]
fn a_whole_budget_of_proofs_has_full_rank_over_the_hidden_coefficients_and_one_more_has_not() {
    let parameters = Parameters {
        model_proofs: PROOFS,
        sealed_proofs: 0,
        ..parameters(true)
    };
    let mut case = Case::<P>::new("tiny", tiny(7), parameters);
    let group = case.description.stack().groups[0].clone();
    assert_eq!(group.kind, GroupKind::Model);
    let hidden = group.hidden;
    assert_eq!(hidden, PROOFS * case.description.opening().queries() + 1);

    // A restored commitment that forgets what it has spent.
    let mut parts = case.groups[0].parts();
    let mut all = revealed(&mut case, PROOFS);
    assert!(case.try_prove().is_err(), "the budget is spent");
    // Each symbol is that of the data plus what the matrix makes of the hidden coefficients: no symbol, of any proof, is
    // without them.
    let columns = case.assignment.columns.clone();
    let len = case.description.opening().code().len();
    let data = GroupRows::<P>::new(&case.description, &group, &columns, None);
    for row in 0..group.layout.rows {
        let coefficients = coefficients(&data, row, len);
        for (&x, symbols) in &all {
            let x = F::from_u64(x);
            let effect = effect(len, hidden, x);
            let noise = case.groups[0].hidden(row).iter().zip(effect);
            let noise: F = noise.map(|(&coefficient, power)| coefficient * power).sum();
            assert_eq!(symbols[row], horner(&coefficients, x) + noise);
        }
    }
    // So whatever the data are, the symbols are uniform: the matrix is onto.
    let (full, symbols) = rank(&case, hidden, &all);
    assert_eq!(full, symbols);

    // Nor do they determine the symbols at any other position: a leaf that was not opened cannot be guessed.
    let code = *case.description.opening().code();
    for x in (0..code.positions()).map(|position| code.point(position)) {
        let mut more = all.clone();
        if more.insert(x.as_canonical_u64(), Vec::new()).is_none() {
            assert_eq!(rank(&case, hidden, &more), (full + 1, symbols + 1));
            break;
        }
    }

    // The control: one more proof, and some combination of the symbols is the data's alone.
    parts.spent = 0;
    case.groups[0] = Committed::from_parts(parts, &case.commitments[0]).expect("its parts");
    all.extend(revealed(&mut case, 1));
    let (rank, symbols) = rank(&case, hidden, &all);
    assert_eq!(rank, hidden);
    assert!(rank < symbols, "{rank} for {symbols} symbols");
}
