//! Which columns are enforced, and what could wrap.

use super::*;
use crate::combination::Term;
use crate::interval::{MODULUS, Wide};

#[test]
fn a_witness_column_must_be_enforced() {
    let fixture = fixture();
    let x = fixture.x;
    assert_eq!(fixture.builder.clone().build(), unenforced("x", x));
    fixture.enforce(x).builder.build().unwrap();
}

#[test]
fn a_lookup_of_part_of_a_column_does_not_enforce_it() {
    for (view, enforces) in [
        (fixture().view(ColumnId(0)).slice(0, 0, 2, 1), false),
        (fixture().view(ColumnId(0)).pad(0, 0, 1), true),
        (fixture().view(ColumnId(0)).reverse(0), true),
        (fixture().view(ColumnId(0)).window(0, 2, 2, 1, 1), true),
        (fixture().view(ColumnId(0)).window(0, 2, 1, 2, 1), false),
        (fixture().view(ColumnId(0)).sum(0), false),
    ] {
        let (view, mut fixture) = (view.unwrap(), fixture());
        fixture
            .builder
            .lookup("range", vec![view.clone().into()], fixture.bytes);
        assert_eq!(fixture.builder.build().is_ok(), enforces, "{view:?}");
    }
}

#[test]
fn a_lookup_of_two_pieces_enforces_neither() {
    let mut fixture = fixture();
    let halves = [(0, 2), (2, 1)];
    for (start, len) in halves {
        let row = fixture.view(fixture.x).slice(0, start, len, 1).unwrap();
        fixture
            .builder
            .lookup("range", vec![row.into()], fixture.bytes);
    }
    // Conservative: one view must cover the column. Padded to one shape the two halves do.
    let x = fixture.x;
    assert_eq!(fixture.builder.build(), unenforced("x", x));
}

#[test]
fn a_lookup_enforces_the_interval_of_the_table_and_no_smaller_one() {
    for (interval, shift, sign, enforces) in [
        (Interval::new(0, 255), 0, 1, true),
        (Interval::new(0, 254), 0, 1, false),
        (Interval::new(1, 255), 0, 1, false),
        (Interval::new(-128, 127), 128, 1, true),
        (Interval::new(-128, 127), 127, 1, false),
        (Interval::new(-255, 0), 0, -1, true),
        (Interval::new(0, 255), 0, -1, false),
        // Twice the column is a byte: in the field half of an odd byte is a huge number.
        (Interval::new(-1000, 1000), 0, 2, false),
    ] {
        let mut fixture = fixture();
        let y = fixture.builder.column("y", &[3], Role::Witness, interval);
        let row = Combination::from(fixture.view(y)).times(sign).unwrap();
        let row = row.plus_constant(shift).unwrap();
        fixture.builder.lookup("range", vec![row], fixture.bytes);
        let x = fixture.x;
        let built = fixture.enforce(x).builder.build();
        let expected = if enforces {
            built.clone()
        } else {
            unenforced("y", y)
        };
        assert_eq!(built, expected, "{interval:?} {shift} {sign}");
    }
}

#[test]
fn a_table_of_an_enforced_column_enforces() {
    // x is looked up in w, a parameter of bytes; then y in x.
    let mut fixture = fixture();
    let y = fixture.builder.column("y", &[5], Role::Witness, BYTE);
    let entries = vec![fixture.view(fixture.x).into()];
    let in_x = fixture.builder.table("in x", entries);
    let entries = vec![fixture.view(fixture.w).into()];
    let in_w = fixture.builder.table("in w", entries);
    let row = vec![fixture.view(y).into()];
    fixture.builder.lookup("y", row, in_x);
    let mut circular = fixture.builder.clone();
    let row = vec![fixture.view(fixture.x).into()];
    fixture.builder.lookup("x", row.clone(), in_w);
    fixture.builder.build().unwrap();
    // A column that is looked up in itself is not enforced.
    circular.lookup("x", row, in_x);
    assert_eq!(circular.build(), unenforced("x", ColumnId(0)));
}

#[test]
fn an_equation_with_enforced_columns_enforces() {
    let build = |interval, coefficient, with_w: i64| {
        let mut fixture = fixture();
        let y = fixture.builder.column("y", &[3], Role::Witness, interval);
        let sum = Combination::from(fixture.view(y))
            .times(coefficient)
            .unwrap();
        let sum = sum.plus_times(with_w, fixture.view(fixture.w)).unwrap();
        let sum = sum.plus(fixture.view(fixture.x)).unwrap();
        fixture.builder.linear("y", sum);
        let x = fixture.x;
        fixture.enforce(x).builder.build().map(|_| ())
    };
    // y = 3 w - x
    let tight = Interval::new(-255, 3 * 255);
    assert_eq!(build(tight, 1, -3), Ok(()));
    assert_eq!(build(Interval::new(-3 * 255, 255), -1, -3), Ok(()));
    let refused = [
        build(Interval::new(-254, 3 * 255), 1, -3),
        build(Interval::new(-255, 3 * 255 - 1), 1, -3),
        build(tight, -1, -3),
        build(tight, 2, -3),
    ];
    for result in refused {
        assert!(matches!(
            result,
            Err(SystemError::Unenforced {
                column: ColumnId(3),
                ..
            })
        ));
    }
}

#[test]
fn an_equation_does_not_enforce_two_columns_or_one_twice() {
    let mut fixture = fixture();
    let y = fixture.builder.column("y", &[3], Role::Witness, BYTE);
    let sum = Combination::from(fixture.view(y))
        .minus(fixture.view(fixture.x))
        .unwrap();
    fixture.builder.linear("x = y", sum);
    let x = fixture.x;
    assert_eq!(fixture.builder.clone().build(), unenforced("x", x));
    let twice = Combination::from(fixture.view(y)).minus(fixture.view(y).reverse(0).unwrap());
    let mut again = fixture.builder.clone();
    again.linear("y = reversed y", twice.unwrap());
    assert_eq!(again.build(), unenforced("x", x));
    fixture.enforce(x).builder.build().unwrap();
}

#[test]
fn a_product_enforces_its_left_side_only() {
    let build = |x_on_the_right: bool| {
        let mut fixture = fixture();
        let y = fixture
            .builder
            .column("y", &[3], Role::Witness, Interval::new(0, 255 * 255));
        let (left, right) = if x_on_the_right {
            (y, fixture.x)
        } else {
            (fixture.x, y)
        };
        let right = einsum(fixture.view(fixture.w), &[0], fixture.view(right), &[0]);
        fixture
            .builder
            .product("product", fixture.view(left).into(), vec![right]);
        let x = fixture.x;
        fixture.enforce(x).builder.build().map(|_| ())
    };
    assert_eq!(build(true), Ok(()));
    assert!(matches!(
        build(false),
        Err(SystemError::Unenforced {
            column: ColumnId(3),
            ..
        })
    ));
}

#[test]
fn columns_that_only_enforce_each_other_are_not_enforced() {
    // y = w z and z = y: any field element will do for both where w is 1.
    let build = |z_is_enforced: bool| {
        let mut fixture = fixture();
        let bit = Interval::new(0, 1);
        let bit = fixture.builder.column("bit", &[3], Role::Parameter, bit);
        let y = fixture.builder.column("y", &[3], Role::Witness, BYTE);
        let z = fixture.builder.column("z", &[3], Role::Witness, BYTE);
        let right = einsum(fixture.view(bit), &[0], fixture.view(z), &[0]);
        let left = fixture.view(y).into();
        fixture.builder.product("product", left, vec![right]);
        let equal = Combination::from(fixture.view(z)).minus(fixture.view(y));
        fixture.builder.linear("equal", equal.unwrap());
        let x = fixture.x;
        let fixture = fixture.enforce(x);
        let fixture = if z_is_enforced {
            fixture.enforce(z)
        } else {
            fixture
        };
        fixture.builder.build().map(|_| ())
    };
    assert_eq!(build(true), Ok(()));
    let column = ColumnId(4);
    let name = "y".into();
    assert_eq!(build(false), Err(SystemError::Unenforced { column, name }));
}

#[test]
fn sealed_columns_come_with_a_certificate_and_multiplicities_need_none() {
    let mut fixture = fixture();
    fixture
        .builder
        .column("sealed", &[2], Role::Sealed(3), BYTE);
    let x = fixture.x;
    fixture.enforce(x).builder.build().unwrap();
}

#[test]
fn a_linear_relation_that_could_wrap_is_refused() {
    let half = i64::try_from(MODULUS / 2).unwrap();
    for (hi, coefficient, accepted) in [
        (half, 1, true),
        (half, 2, true),
        (half, 3, false),
        (i64::from(u32::MAX), i64::from(u32::MAX), true),
        (1 << 32, i64::from(u32::MAX), true),
        (1 << 32, 1 << 32, false),
        (1 << 32, i64::MIN, false),
    ] {
        let mut builder = System::builder();
        let w = builder.column("w", &[1], Role::Parameter, Interval::new(0, hi));
        let sum = Combination::from(builder.view(w).unwrap())
            .times(coefficient)
            .unwrap();
        builder.linear("sum", sum);
        let interval = i128::from(hi) * i128::from(coefficient);
        let interval = Wide {
            lo: interval.min(0),
            hi: interval.max(0),
        };
        let place = "sum".into();
        let wraps = SystemError::Wraps {
            place,
            side: Side::Sum,
            interval: Some(interval),
        };
        let expected = if accepted { Ok(()) } else { Err(wraps) };
        assert_eq!(
            builder.build().map(|_| ()),
            expected,
            "{hi} * {coefficient}"
        );
    }
}

#[test]
fn a_product_that_could_wrap_is_refused() {
    let build = |w: i64, left: i64, len: usize| {
        let mut builder = System::builder();
        let w = builder.column("w", &[len], Role::Parameter, Interval::new(-w, w));
        let left = builder.column("left", &[], Role::Parameter, Interval::new(0, left));
        let view = builder.view(w).unwrap();
        let right = einsum(view.clone(), &[0], view, &[0]);
        let left = Combination::from(builder.view(left).unwrap())
            .times(2)
            .unwrap();
        builder.product("square", left, vec![right]);
        builder.build().map(|_| ())
    };
    let wraps = |result, side| match result {
        Err(SystemError::Wraps { side: found, .. }) => found == side,
        _ => false,
    };
    assert_eq!(build(1 << 31, 1, 1), Ok(()));
    assert_eq!(build(1 << 30, 1, 7), Ok(()));
    assert!(wraps(build(1 << 31, 1, 2), Side::Right));
    assert!(wraps(build(1 << 30, 1, 8), Side::Right));
    assert!(wraps(build(1, 1 << 62, 1), Side::Left));
    assert!(wraps(build(1 << 62, 1, 1 << 40), Side::Right));
}

#[test]
fn a_lookup_that_could_wrap_is_refused() {
    for (hi, accepted) in [(1 << 61, true), (1 << 62, false)] {
        let mut fixture = fixture();
        let y = fixture
            .builder
            .column("y", &[3], Role::Parameter, Interval::new(0, hi));
        let row = Combination::from(fixture.view(y)).times(4).unwrap();
        fixture.builder.lookup("range", vec![row], fixture.bytes);
        let x = fixture.x;
        let built = fixture.enforce(x).builder.build();
        let wraps = matches!(
            built,
            Err(SystemError::Wraps {
                side: Side::Component(0),
                ..
            })
        );
        assert_eq!((built.is_ok(), wraps), (accepted, !accepted));
    }
}

#[test]
fn bounds_beyond_128_bits_are_refused_and_do_not_cancel() {
    let mut builder = System::builder();
    let half = i64::try_from(MODULUS / 2).unwrap();
    let w = builder.column("w", &[1 << 40], Role::Parameter, Interval::new(half, half));
    let sum = builder.view(w).unwrap().sum(0).unwrap();
    let terms = vec![
        Term {
            coefficient: i64::MAX,
            view: sum.clone(),
        },
        Term {
            coefficient: -i64::MAX,
            view: sum,
        },
    ];
    builder.linear("sum", Combination::new(&[], terms).unwrap());
    assert!(matches!(
        builder.build(),
        Err(SystemError::Wraps { interval: None, .. })
    ));
}

#[test]
fn parts_of_a_concatenation_do_not_add_up() {
    let build = |overlap: usize| {
        let mut fixture = fixture();
        let view = || fixture.builder.view(ColumnId(1)).unwrap();
        let parts = [
            view().pad(0, 0, 3 - overlap).unwrap(),
            view().pad(0, 3 - overlap, 0).unwrap(),
        ];
        let sum = Combination::from(parts[0].clone())
            .plus(parts[1].clone())
            .unwrap();
        let y = fixture
            .builder
            .column("y", &[6 - overlap], Role::Witness, BYTE);
        let equation = sum.minus(fixture.view(y)).unwrap();
        fixture.builder.linear("y", equation);
        let x = fixture.x;
        fixture.enforce(x).builder.build().is_ok()
    };
    assert!(build(0));
    assert!(!build(1));
}

#[test]
fn systems_of_large_tensors_are_validated_without_their_elements() {
    let mut builder = System::builder();
    let x = builder.column("x", &[512, 3000, 700], Role::Witness, BYTE);
    let w = builder.column("w", &[700, 50257], Role::Parameter, BYTE);
    let y = builder.column(
        "y",
        &[512, 3000, 50257],
        Role::Witness,
        Interval::new(0, 255 * 255 * 700),
    );
    let numbers = builder.constant(
        "numbers",
        Tensor::from_i64s(vec![256], (0..256).collect()).unwrap(),
    );
    let entries = vec![builder.public_view(numbers).unwrap().into()];
    let bytes = builder.table("bytes", entries);
    let view = |builder: &Builder, id| builder.view(id).unwrap();
    builder.lookup("range", vec![view(&builder, x).into()], bytes);
    let right = einsum(view(&builder, x), &[0, 1, 3], view(&builder, w), &[3, 2]);
    builder.product("y", view(&builder, y).into(), vec![right]);
    builder.build().unwrap();
}

/// Rows of a table by a constant index: `values [2, 2]`, found in a column of the interval.
fn rows(interval: Interval, role: Role) -> Result<System, SystemError> {
    let mut builder = System::builder();
    let key = builder.constant("key", tensor(&[2], &[0, 1]));
    let key = Combination::from(builder.public_view(key).unwrap());
    let values = builder.column("values", &[2, 2], role, Interval::new(-3, 300));
    let values = builder.view(values).unwrap();
    let table = builder.table("rows", vec![key.clone(), values.into()]);
    let row = builder.column("row", &[2, 2], Role::Witness, interval);
    let row = builder.view(row).unwrap();
    builder.lookup("row", vec![key, row.into()], table);
    builder.build()
}

#[test]
fn a_wide_component_is_enforced_where_all_positions_of_the_entries_lie() {
    let row = ColumnId(2);
    let parameter = |lo, hi| rows(Interval::new(lo, hi), Role::Parameter);
    assert!(parameter(-3, 300).is_ok());
    assert_eq!(parameter(-2, 300), unenforced("row", row));
    assert_eq!(parameter(-3, 299), unenforced("row", row));
    // What the entries are must be known before.
    let open = rows(Interval::new(-3, 300), Role::Witness);
    assert_eq!(open, unenforced("values", ColumnId(0)));
}

#[test]
fn a_wide_component_that_could_wrap_at_one_position_is_refused() {
    let half = i64::try_from(MODULUS / 2).unwrap();
    let build = |more: i64| {
        let mut builder = System::builder();
        let zero = Combination::zero(&[1]);
        let values = builder.constant("values", tensor(&[1, 2], &[0, half]));
        let values = Combination::from(builder.public_view(values).unwrap());
        let values = values.plus_constant(more).unwrap();
        let table = builder.table("rows", vec![zero.clone(), values]);
        let row = builder.column("row", &[1, 2], Role::Parameter, Interval::new(-half, half));
        let row = builder.view(row).unwrap();
        builder.lookup("row", vec![zero, row.into()], table);
        builder.build().map(|_| ())
    };
    assert_eq!(build(0), Ok(()));
    assert!(matches!(
        build(1),
        Err(SystemError::Wraps {
            side: Side::Component(1),
            ..
        })
    ));
}
