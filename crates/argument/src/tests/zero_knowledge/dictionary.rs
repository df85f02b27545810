//! An attacker who knows everything but one bit of the input, and tries both.

use p3_commit::Mmcs;
use p3_matrix::dense::RowMajorMatrix;

use super::*;
use crate::opening::{Budget, Code, CommitError, Commitment, Committed};
use crate::parameters::Parameters;
use crate::profile::UNKNOWNS;
use crate::prove::{GroupRows, budget};
use crate::stack::GroupKind;

type P = Goldilocks2;
type Commit = fn(Code, &dyn Rows, Budget) -> Result<(Commitment<P>, Committed<P>), CommitError>;

/// Sealed numbers, all zero but the first, which is a bit, and a witness that is one minus the numbers.
fn one_bit(numbers: usize, bit: bool) -> (System, Assignment) {
    let mut maker = Maker::new(0);
    let interval = Interval::new(0, 1);
    let first = |first: bool, others: i64| {
        let mut values = vec![others; numbers];
        values[0] = i64::from(first);
        values
    };
    let shape = [numbers];
    let b = maker.column("b", &shape, Role::Sealed(0), interval, first(bit, 0));
    let x = maker.column("x", &shape, Role::Witness, interval, first(!bit, 1));
    let numbers = maker.range("numbers", 2);
    let row = vec![maker.view(x).into()];
    maker.builder.lookup("x", row, numbers);
    let sum = Combination::from(maker.view(b)).plus(maker.view(x));
    let sum = sum.and_then(|sum| sum.plus_constant(-1));
    maker.builder.linear("sum", sum.expect("same shape"));
    maker.finish()
}

fn case(numbers: usize, bit: bool, commit: Commit) -> Case<P> {
    let parameters = Parameters {
        sealed_proofs: 1,
        log_len: Some(10),
        ..parameters(true)
    };
    let mut case = Case::<P>::new("one bit", one_bit(numbers, bit), parameters);
    let group = &case.description.stack().groups[0];
    assert_eq!(group.kind, GroupKind::Sealed(0));
    let rows = GroupRows::<P>::new(&case.description, group, &case.assignment.columns, None);
    let budget = budget(&case.description, group);
    let (commitment, committed) =
        commit(*case.description.opening().code(), &rows, budget).expect("a commitment");
    drop(rows);
    case.commitments[0] = commitment;
    case.groups[0] = committed;
    case
}

/// What speaks for a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Evidence {
    /// The hidden coefficients that the opened symbols imply are all zero.
    bare: bool,
    /// The commitment is that of the guess with these coefficients and no salt.
    root: bool,
}

/// Attacks the sealed group with description, statement, what a proof shows, and a guess of the bit and of the last hidden
/// coefficient of each row.
///
/// The budget is one proof: all but one of the hidden coefficients follow from the symbols that are revealed, if the guesses
/// are right.
fn attack(case: &Case<P>, opened: &Opened, guess: bool, last: &[F]) -> Evidence {
    let description = &case.description;
    let (code, group) = (
        *description.opening().code(),
        &description.stack().groups[0],
    );
    let (_, guessed) = one_bit(case.assignment.columns[0].len(), guess);
    let rows = GroupRows::<P>::new(description, group, &guessed.columns, None);
    let (first, unknown) = (code.len() - group.hidden, group.hidden - 1);
    let guessed: Vec<Vec<F>> = (0..rows.rows())
        .map(|row| {
            let mut coefficients = coefficients(&rows, row, code.len());
            // x^first * (c_0 + c_1 x + ..) = symbol - data, for each opened x.
            let mut equations: Vec<Vec<F>> = { opened.points.iter().zip(&opened.rows[0]) }
                .map(|(&x, symbols)| {
                    let mut equation = effect(code.len(), group.hidden, x);
                    let power = equation.pop().expect("a hidden coefficient");
                    let noise = symbols[row] - horner(&coefficients, x);
                    equation.push(noise - power * last[row]);
                    equation
                })
                .collect();
            assert_eq!(eliminate(&mut equations, unknown), unknown);
            let hidden = equations.iter().map(|equation| equation[unknown]);
            let hidden: Vec<F> = hidden.chain([last[row]]).collect();
            coefficients[first..].copy_from_slice(&hidden);
            coefficients
        })
        .collect();
    let leaf = description.opening().groups()[0].leaf();
    assert_eq!(leaf, guessed.len().max(UNKNOWNS));
    let leaves: Vec<F> = (0..code.positions())
        .flat_map(|position| {
            let symbols = { guessed.iter() }.map(|row| horner(row, code.point(position)));
            let mut symbols: Vec<F> = symbols.collect();
            symbols.resize(leaf, F::ZERO);
            symbols
        })
        .collect();
    let (root, _) = P::tree().commit_matrix(RowMajorMatrix::new(leaves, leaf));
    let mut hidden = guessed.iter().flat_map(|row| &row[first..]);
    Evidence {
        bare: hidden.all(|&coefficient| coefficient == F::ZERO),
        root: root == case.commitments[0].root,
    }
}

/// Proves about the bit and attacks: the evidence for the truth, and for the contrary. The last hidden coefficients of rows
/// are guessed to be zero, but for the first `told`.
fn evidence(numbers: usize, bit: bool, commit: Commit, told: usize) -> [Evidence; 2] {
    let mut case = case(numbers, bit, commit);
    let proof = case.prove();
    let opened = shown(&case, &proof);
    let last = |row: usize| {
        { case.groups[0].hidden(row).last() }
            .copied()
            .filter(|_| row < told)
    };
    let rows = case.description.opening().groups()[0].rows;
    let last: Vec<F> = (0..rows).map(|row| last(row).unwrap_or_default()).collect();
    [bit, !bit].map(|guess| attack(&case, &opened, guess, &last))
}

const NONE: Evidence = Evidence {
    bare: false,
    root: false,
};

#[test]
fn a_sealed_bit_is_hidden_by_hidden_coefficients_and_salts_together() {
    for bit in [false, true] {
        for told in [0, 1] {
            assert_eq!(evidence(1, bit, Committed::new, told), [NONE, NONE]);
        }
    }
}

/// The controls: each of the two alone is not enough.
#[test]
fn a_sealed_bit_is_found_without_salts_or_without_hidden_coefficients() {
    let found = |bare, root| [Evidence { bare, root }, NONE];
    for bit in [false, true] {
        // The one coefficient that no opening determines hides the bit from who does not guess it: one of 2^64, which is
        // too few, so that a group of one row has salt as well.
        let salted = |told| evidence(1, bit, Committed::new_without_salts, told);
        assert_eq!(salted(1), found(false, true));
        assert_eq!(salted(0), [NONE, NONE]);
        let hidden = evidence(1, bit, Committed::new_without_hidden, 0);
        assert_eq!(hidden, found(true, false));
        assert_eq!(evidence(1, bit, Committed::new_bare, 0), found(true, true));
    }
}

/// Four rows have no salt; the control is told what no opening determines.
#[test]
fn a_sealed_bit_in_four_rows_is_hidden_by_each_coefficient_that_no_opening_determines() {
    const NUMBERS: usize = 3300;
    let found = [Evidence { root: true, ..NONE }, NONE];
    assert_eq!(evidence(NUMBERS, true, Committed::new, 0), [NONE, NONE]);
    assert_eq!(evidence(NUMBERS, true, Committed::new, 3), [NONE, NONE]);
    assert_eq!(evidence(NUMBERS, true, Committed::new, 4), found);
}
