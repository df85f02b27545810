//! What systems accept.

use super::*;
use crate::test_systems;

/// A system with one relation of each kind over given columns, and values that satisfy it.
fn verbs() -> (System, Assignment) {
    let Fixture {
        mut builder,
        x,
        w,
        bytes,
    } = fixture();
    let m = builder.column("m", &[3, 2], Role::Parameter, BYTE);
    let y = builder.column("y", &[2], Role::Witness, Interval::new(0, 255 * 255 * 3));
    let view = |builder: &Builder, id| builder.view(id).unwrap();
    builder.lookup("range", vec![view(&builder, x).into()], bytes);
    let right = einsum(view(&builder, x), &[1], view(&builder, m), &[1, 0]);
    builder.product("y = x m", view(&builder, y).into(), vec![right]);
    let sum = Combination::from(view(&builder, x)).minus(view(&builder, w).reverse(0).unwrap());
    builder.linear("x = reversed w", sum.unwrap());
    let system = builder.build().unwrap();
    let columns = vec![
        tensor(&[3], &[1, 2, 3]),
        tensor(&[3], &[3, 2, 1]),
        Tensor::scalar(0),
        tensor(&[3, 2], &[10, 20, 30, 40, 50, 60]),
        tensor(&[2], &[10 + 60 + 150, 20 + 80 + 180]),
    ];
    let mut assignment = Assignment {
        columns,
        statement: vec![],
    };
    system.multiplicities(&mut assignment).unwrap();
    (system, assignment)
}

fn set(assignment: &mut Assignment, column: usize, at: usize, value: i64) {
    let tensor = &mut assignment.columns[column];
    let mut values = tensor.to_i64s();
    values[at] = value;
    *tensor = Tensor::from_i64s(tensor.shape.clone(), values).unwrap();
}

#[test]
fn each_verb_names_the_relation_the_index_and_both_sides() {
    let (system, honest) = verbs();
    assert_eq!(system.check(&honest), Ok(()));
    let violation = |column, at, value| {
        let mut forged = honest.clone();
        set(&mut forged, column, at, value);
        system.check(&forged).unwrap_err()
    };
    assert_eq!(
        violation(4, 1, 281),
        Violation::Product {
            name: "y = x m".into(),
            index: vec![1],
            left: 281,
            right: 280
        }
    );
    assert_eq!(
        violation(1, 0, 4),
        Violation::Linear {
            name: "x = reversed w".into(),
            index: vec![2],
            value: -1
        }
    );
    assert_eq!(
        violation(0, 2, 256),
        Violation::Interval {
            name: "x".into(),
            index: vec![2],
            value: 256,
            interval: BYTE
        }
    );
    assert_eq!(
        violation(2, 7, 1),
        Violation::Multiplicity {
            table: "bytes".into(),
            index: vec![7],
            expected: 0,
            found: 1
        }
    );
    assert_eq!(
        violation(2, 2, 0),
        Violation::Multiplicity {
            table: "bytes".into(),
            index: vec![2],
            expected: 1,
            found: 0
        }
    );
}

#[test]
fn a_tuple_outside_the_table_is_named() {
    let (system, honest) = test_systems::function_lookup(5, 1);
    let mut forged = honest.clone();
    let y = honest.columns.len() - 1;
    let x = honest.columns[0].get(3);
    let value = honest.columns[y].get(3) + 1;
    set(&mut forged, y, 3, value);
    let row = vec![x.into(), value.into()];
    let (name, table) = ("y".into(), "function".into());
    let expected = Violation::Lookup {
        name,
        index: vec![3],
        row,
        table,
    };
    assert_eq!(system.check(&forged), Err(expected.clone()));
    assert_eq!(system.multiplicities(&mut forged), Err(expected));
}

#[test]
fn an_assignment_of_another_form_is_refused() {
    let (system, honest) = test_systems::rescale(5, 3, 1);
    let check = |change: &dyn Fn(&mut Assignment)| {
        let mut forged = honest.clone();
        change(&mut forged);
        system.check(&forged)
    };
    let count = honest.columns.len();
    let columns = |found| {
        Err(Violation::Columns {
            expected: count,
            found,
        })
    };
    assert_eq!(
        check(&|forged| drop(forged.columns.pop())),
        columns(count - 1)
    );
    assert_eq!(
        check(&|forged| forged.columns.push(Tensor::scalar(0))),
        columns(count + 1)
    );
    let statement = |found| Err(Violation::Statement { expected: 1, found });
    assert_eq!(check(&|forged| drop(forged.statement.pop())), statement(0));
    assert_eq!(
        check(&|forged| forged.statement.push(Tensor::scalar(0))),
        statement(2)
    );
    let shape = |found| {
        Err(Violation::Shape {
            name: "quotient".into(),
            expected: vec![5],
            found,
        })
    };
    assert_eq!(
        check(&|forged| forged.columns[0] = Tensor::scalar(0)),
        shape(vec![])
    );
    let short = || Tensor {
        shape: vec![5],
        data: crate::Data::I8(vec![0]),
    };
    assert_eq!(check(&|forged| forged.columns[0] = short()), shape(vec![5]));
    let outside = check(&|forged| forged.statement[0] = tensor(&[5], &[0, 1 << 40, 0, 0, 0]));
    assert!(matches!(outside, Err(Violation::Interval { index, .. }) if index == [1]));
}

/// Rows of a table of pairs, found by `keys`.
fn rows(keys: &[i64]) -> (System, Assignment) {
    let mut builder = System::builder();
    let keys = builder.constant("keys", tensor(&[3], keys));
    let key = builder.public_view(keys).unwrap();
    let pairs = builder.constant("pairs", tensor(&[3, 2], &[10, 11, 20, 21, 30, 31]));
    let pairs = builder.public_view(pairs).unwrap();
    let table = builder.table("rows", vec![key.into(), pairs.into()]);
    let at = builder.column("at", &[2], Role::Witness, BYTE);
    let row = builder.column("row", &[2, 2], Role::Witness, BYTE);
    let tuple = [at, row].map(|id| builder.view(id).unwrap().into());
    builder.lookup("row", tuple.to_vec(), table);
    let columns = vec![
        tensor(&[3], &[0, 0, 0]),
        tensor(&[2], &[2, 0]),
        tensor(&[2, 2], &[30, 31, 10, 11]),
    ];
    let statement = vec![];
    (builder.build().unwrap(), Assignment { columns, statement })
}

#[test]
fn a_wide_component_counts_as_one_for_each_position() {
    for keys in [[0, 1, 2], [0, 2, 2]] {
        // Keys that are not unique leave it to the rest to tell the entries apart.
        let (system, mut honest) = rows(&keys);
        system.multiplicities(&mut honest).unwrap();
        assert_eq!(honest.columns[0].to_i64s(), [1, 0, 1]);
        assert_eq!(system.check(&honest), Ok(()));
        for (at, value) in [(0, 31), (1, 30), (2, 20), (3, 21)] {
            let mut forged = honest.clone();
            set(&mut forged, 2, at, value);
            let index = vec![at / 2];
            let row = vec![if at < 2 { 2 } else { 0 }];
            let (name, table) = ("row".into(), "rows".into());
            let violation = Violation::Lookup {
                name,
                index,
                row,
                table,
            };
            assert_eq!(system.check(&forged), Err(violation));
        }
    }
}

#[test]
fn equal_entries_of_a_table_count_together() {
    let mut builder = System::builder();
    let x = builder.column("x", &[4], Role::Witness, BYTE);
    let numbers = builder.constant("numbers", tensor(&[3], &[7, 5, 7]));
    let entries = vec![builder.public_view(numbers).unwrap().into()];
    let table = builder.table("t", entries);
    let row = vec![builder.view(x).unwrap().into()];
    builder.lookup("x", row, table);
    let system = builder.build().unwrap();
    let columns = vec![tensor(&[4], &[7, 7, 5, 7]), Tensor::scalar(0)];
    let mut assignment = Assignment {
        columns,
        statement: vec![],
    };
    system.multiplicities(&mut assignment).unwrap();
    assert_eq!(assignment.columns[1].to_i64s(), [3, 1, 0]);
    for (counts, accepted) in [([1, 1, 2], true), ([4, 1, -1], true), ([3, 1, 1], false)] {
        assignment.columns[1] = tensor(&[3], &counts);
        assert_eq!(system.check(&assignment).is_ok(), accepted, "{counts:?}");
    }
}

#[test]
fn every_forged_rescale_violates_a_relation() {
    let shift = 3u32;
    let (system, honest) = test_systems::rescale(4, shift, 6);
    assert_eq!(system.check(&honest), Ok(()));
    let by_name = |name: &str| {
        system
            .columns()
            .iter()
            .position(|column| column.name == name)
            .unwrap()
    };
    let (quotient, limbs) = (by_name("quotient"), by_name("quotient.range.limbs"));
    let remainder = by_name("quotient.remainder");
    // All pairs near the honest one: among them the shifted together, and the other rounding.
    for at in 0..4 {
        let (q, r) = (
            honest.columns[quotient].get(at),
            honest.columns[remainder].get(at),
        );
        for (dq, dr) in (-3i64..=3).flat_map(|dq| (-24i64..=24).map(move |dr| (dq, dr))) {
            let mut forged = honest.clone();
            let (forged_q, forged_r) = (q + dq, r + dr);
            set(&mut forged, quotient, at, forged_q);
            set(&mut forged, remainder, at, forged_r);
            let distance = forged_q + (1 << 15);
            set(&mut forged, limbs, at, distance & 255);
            set(&mut forged, limbs, 4 + at, distance >> 8);
            // What can be counted is counted again, so that no relation fails for the counts alone.
            let counted = system.multiplicities(&mut forged);
            let accepted = counted.and_then(|()| system.check(&forged)).is_ok();
            assert_eq!(
                accepted,
                (dq, dr) == (0, 0),
                "quotient {dq:+}, remainder {dr:+}"
            );
        }
    }
}

#[test]
fn limbs_that_carry_into_each_other_are_refused() {
    let (system, honest) = test_systems::rescale(2, 3, 6);
    let limbs = { system.columns().iter() }
        .position(|column| column.name == "quotient.range.limbs")
        .unwrap();
    let mut forged = honest.clone();
    let (low, high) = (honest.columns[limbs].get(0), honest.columns[limbs].get(2));
    set(&mut forged, limbs, 0, low + 256);
    set(&mut forged, limbs, 2, high - 1);
    assert!(matches!(
        system.check(&forged),
        Err(Violation::Interval { .. })
    ));
}
