//! Proofs against another key.

use super::*;
use crate::profile::{Goldilocks2, Goldilocks3};

type P = Goldilocks2;

/// A system of one weight and one input, with everything about it a parameter.
fn system(factor: i64, shift: usize, top: i64, entries: usize) -> (System, Assignment) {
    let mut maker = Maker::new(9);
    let w = maker.column(
        "w",
        &[4],
        Role::Parameter,
        Interval::new(0, top),
        vec![1, 2, 3, 1],
    );
    let x = maker.column(
        "x",
        &[4],
        Role::Witness,
        Interval::new(0, 9),
        vec![3, 0, 1, 2],
    );
    let table = maker.range("range", entries);
    maker.builder.lookup("x", vec![maker.view(x).into()], table);
    let view = maker.view(w).slice(0, shift, 2, 1).expect("a slice");
    let other = maker.view(x).slice(0, 1, 2, 1).expect("a slice");
    let sum = Combination::from(view)
        .plus_times(factor, other)
        .expect("same shape");
    let values = maker.evaluate(&sum);
    let y = maker.statement("y", &[2], Interval::new(-100, 100), values);
    let zero = sum.minus(maker.public(y)).expect("same shape");
    maker.builder.linear("y", zero);
    maker.finish()
}

#[test]
fn a_key_that_differs_in_anything_rejects_the_proof() {
    let honest = || system(2, 0, 3, 4);
    let mut case = Case::<P>::new("key", honest(), unlimited(true));
    let proof = case.prove();
    assert_eq!(case.verify(&proof), Ok(()));
    for (name, other, parameters) in [
        ("coefficient", system(1, 0, 3, 4), unlimited(true)),
        ("edge", system(2, 2, 3, 4), unlimited(true)),
        ("interval", system(2, 0, 5, 4), unlimited(true)),
        ("table entry", system(2, 0, 3, 5), unlimited(true)),
        (
            "security",
            honest(),
            Parameters {
                security_bits: 31,
                ..unlimited(true)
            },
        ),
        (
            "proofs",
            honest(),
            Parameters {
                sealed_proofs: 1,
                ..unlimited(true)
            },
        ),
    ] {
        let description = Description::<P>::new(other.0, parameters).expect(name);
        assert_ne!(description.digest(), case.description.digest(), "{name}");
        let statement = Statement {
            publics: &case.assignment.statement,
            commitments: &case.commitments,
        };
        assert!(verify(&description, &statement, &proof).is_err(), "{name}");
    }
}

#[test]
fn a_model_that_differs_in_one_weight_rejects_the_proof() {
    let mut case = Case::<P>::new("key", system(2, 0, 3, 4), unlimited(true));
    let proof = case.prove();
    let mut columns = case.assignment.columns.clone();
    columns[0] = changed(&columns[0], 3, 1);
    let (other, _) = commit(&case.description, GroupKind::Model, &columns).expect("a commitment");
    assert!(
        case.verify_with(&case.assignment.statement, &[other], &proof)
            .is_err()
    );
}

#[test]
fn profiles_have_different_digests() {
    let two =
        Description::<Goldilocks2>::new(system(2, 0, 3, 4).0, unlimited(true)).expect("a key");
    let three =
        Description::<Goldilocks3>::new(system(2, 0, 3, 4).0, unlimited(true)).expect("a key");
    assert_ne!(two.digest(), three.digest());
}

#[test]
fn a_rate_of_one_half_is_refused_in_zero_knowledge() {
    let half = Parameters {
        log_inv_rate: 1,
        ..parameters(true)
    };
    let refused = Description::<P>::new(system(2, 0, 3, 4).0, half);
    assert!(matches!(
        refused,
        Err(crate::description::DescribeError::Parameter {
            name: "log_inv_rate",
            ..
        })
    ));
}

/// What the tuples of a statement cost in security: every position of every row and entry is a degree.
#[test]
fn the_account_counts_every_position_of_wide_tuples() {
    for size in [1, 3, 96] {
        let (system, _) = relation::test_systems::embedding(5, size, 7, 1);
        let description = Description::<P>::new(system, parameters(true)).expect("a key");
        let name = "lookup: false identity";
        let term = { description.account().terms.iter() }.find(|term| term.name == name);
        // Indices among numbers, one position each; rows among entries: the number, `[size, 2]` values, the bias.
        let degree = 12 * (1 + 2 + 2 * size);
        let degree = f64::from(u32::try_from(degree).expect("small"));
        let expected = crate::security::Extension::Quadratic.log_size() - degree.log2();
        let found = term.expect("the term").bits_without_work;
        assert!(
            (found - expected).abs() < 1e-9,
            "{size}: {found} {expected}"
        );
    }
}

/// What a certificate says of a commitment holds for a proof only if both read the same places. Where the numbers of
/// positions differed by one, a sealed value that was certified to be at most three was proven to be a thousand.
#[test]
fn a_reusable_commitment_has_one_layout_for_all_statements() {
    let sealed = |certificate: bool, security_bits: u32| {
        let mut maker = Maker::new(1);
        let column = maker.column("s", &[77], Role::Sealed(0), QUARTER, vec![1; 77]);
        if certificate {
            let table = maker.range("range", 4);
            let row = vec![maker.view(column).into()];
            maker.builder.lookup("s", row, table);
        } else {
            let view = maker.view(column);
            let sum = Combination::from(view.clone())
                .minus(view)
                .expect("same shape");
            maker.builder.linear("nothing", sum);
        }
        let parameters = Parameters {
            security_bits,
            sealed_proofs: 30,
            model_proofs: 0,
            log_len: Some(12),
            ..Parameters::default()
        };
        let description = Description::<Goldilocks2>::new(maker.finish().0, parameters);
        let group = description.expect("a description").stack().groups[0].clone();
        assert_eq!(group.kind, GroupKind::Sealed(0));
        (group.layout, group.hidden)
    };
    let reference = sealed(true, 100);
    for security_bits in [30, 100, 101, 102, 104] {
        for certificate in [false, true] {
            assert_eq!(
                sealed(certificate, security_bits),
                reference,
                "{security_bits}"
            );
        }
    }
}
