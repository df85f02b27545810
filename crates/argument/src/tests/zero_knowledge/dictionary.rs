//! An attacker who knows everything but one bit of the input, and tries both.

use p3_commit::Mmcs;
use p3_matrix::dense::RowMajorMatrix;

use super::*;
use crate::opening::{Budget, Code, CommitError, Commitment, Committed};
use crate::parameters::Parameters;
use crate::profile::SALT;
use crate::prove::{GroupRows, budget};
use crate::stack::GroupKind;

type P = Goldilocks2;
type Commit = fn(Code, &dyn Rows, Budget) -> Result<(Commitment<P>, Committed<P>), CommitError>;

/// A sealed bit, and a witness that is one minus the bit.
fn one_bit(bit: bool) -> (System, Assignment) {
    let mut maker = Maker::new(0);
    let interval = Interval::new(0, 1);
    let values = |bit: bool| vec![i64::from(bit)];
    let b = maker.column("b", &[1], Role::Sealed(0), interval, values(bit));
    let x = maker.column("x", &[1], Role::Witness, interval, values(!bit));
    let numbers = maker.range("numbers", 2);
    let row = vec![maker.view(x).into()];
    maker.builder.lookup("x", row, numbers);
    let sum = Combination::from(maker.view(b)).plus(maker.view(x));
    let sum = sum.and_then(|sum| sum.plus_constant(-1));
    maker.builder.linear("sum", sum.expect("same shape"));
    maker.finish()
}

fn case(bit: bool, commit: Commit) -> Case<P> {
    let parameters = Parameters {
        sealed_proofs: 1,
        ..parameters(true)
    };
    let mut case = Case::<P>::new("one bit", one_bit(bit), parameters);
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

/// Attacks the sealed group with description, statement, what a proof shows, and a guess.
///
/// The budget is one proof: as many symbols are revealed as there are hidden coefficients, so given the guess the
/// attacker can compute these.
fn attack(case: &Case<P>, opened: &Opened, guess: bool) -> Evidence {
    let description = &case.description;
    let (code, group) = (
        *description.opening().code(),
        &description.stack().groups[0],
    );
    let (_, guessed) = one_bit(guess);
    let rows = GroupRows::<P>::new(description, group, &guessed.columns, None);
    assert_eq!(rows.rows(), 1);
    let mut coefficients = coefficients(&rows, 0, code.len());
    // x^first * (c_0 + c_1 x + ..) = symbol - data, for each opened x.
    let first = code.len() - group.hidden;
    let mut equations: Vec<Vec<F>> = { opened.points.iter().zip(&opened.rows[0]) }
        .map(|(&x, symbols)| {
            let mut equation = effect(code.len(), group.hidden, x);
            equation.push(symbols[0] - horner(&coefficients, x));
            equation
        })
        .collect();
    assert_eq!(eliminate(&mut equations, group.hidden), group.hidden);
    let hidden: Vec<F> = equations
        .iter()
        .map(|equation| equation[group.hidden])
        .collect();
    coefficients[first..].copy_from_slice(&hidden);
    let leaves: Vec<F> = (0..code.positions())
        .flat_map(|position| {
            let mut leaf = [F::ZERO; 1 + SALT];
            leaf[0] = horner(&coefficients, code.point(position));
            leaf
        })
        .collect();
    let (root, _) = P::tree().commit_matrix(RowMajorMatrix::new(leaves, 1 + SALT));
    Evidence {
        bare: hidden.iter().all(|&coefficient| coefficient == F::ZERO),
        root: root == case.commitments[0].root,
    }
}

/// Proves about the bit and attacks: the evidence for the truth, and for the contrary.
fn evidence(bit: bool, commit: Commit) -> [Evidence; 2] {
    let mut case = case(bit, commit);
    let proof = case.prove();
    let opened = shown(&case, &proof);
    [bit, !bit].map(|guess| attack(&case, &opened, guess))
}

const NONE: Evidence = Evidence {
    bare: false,
    root: false,
};

#[test]
fn a_sealed_bit_is_hidden_by_hidden_coefficients_and_salts_together() {
    for bit in [false, true] {
        assert_eq!(evidence(bit, Committed::new), [NONE, NONE]);
    }
}

/// The controls: each of the two alone is not enough.
#[test]
fn a_sealed_bit_is_found_without_salts_or_without_hidden_coefficients() {
    let found = |bare, root| [Evidence { bare, root }, NONE];
    for bit in [false, true] {
        assert_eq!(
            evidence(bit, Committed::new_without_salts),
            found(false, true)
        );
        assert_eq!(
            evidence(bit, Committed::new_without_hidden),
            found(true, false)
        );
        assert_eq!(evidence(bit, Committed::new_bare), found(true, true));
    }
}
