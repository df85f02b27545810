//! The numbers 0, 1, 2, ..

use super::case::Case;
use crate::dim::Dim;
use crate::error::OperatorError;
use crate::operator::{Gather, Iota, Operate, Operator, Sum};
use crate::program::{Node, Program};

pub(super) fn cases() -> Vec<Case> {
    let sum = Sum {
        coefficients: vec![3, 1],
        constant: 0,
    };
    let case = |name, inputs| Case {
        nodes: Vec::new(),
        ..Case::new(name, Gather, inputs)
    };
    vec![
        case("numbers", &[(&[5], -8, 7)])
            .then(Operator::Iota(Iota { len: 5 }), &[])
            .then(sum, &[(1, 0), (0, 0)]),
        case("one", &[]).then(Operator::Iota(Iota { len: 1 }), &[]),
        // The rows in order.
        case("table", &[(&[6, 2], -8, 7)])
            .then(Operator::Iota(Iota { len: 6 }), &[])
            .then(Gather, &[(0, 0), (1, 0)]),
    ]
}

#[test]
fn the_length_follows_a_symbol() {
    let program = Program {
        symbols: vec!["sequence".into()],
        inputs: Vec::new(),
        parameters: Vec::new(),
        nodes: vec![Node {
            name: "positions".into(),
            operator: Operator::Iota(Iota {
                len: Dim::Symbol(0),
            }),
            inputs: Vec::new(),
        }],
        outputs: Vec::new(),
    };
    for len in [1usize, 7] {
        let facts = { program.bind(&[len]) }.and_then(|bound| bound.infer());
        let facts = facts.expect("facts");
        assert_eq!(facts[0][0].shape, [len]);
        assert_eq!(
            facts[0][0].interval.hi + 1,
            i64::try_from(len).expect("small")
        );
    }
    let none = program.bind(&[0]).and_then(|bound| bound.infer());
    assert!(none.is_err());
}

#[test]
fn no_numbers_and_too_many_are_refused() {
    for len in [0, (1 << 24) + 1] {
        let refused = Iota { len }.infer(&[]);
        assert!(matches!(refused, Err(OperatorError::Attribute { .. })));
    }
    assert!(Iota { len: 1 << 24 }.infer(&[]).is_ok());
}
