//! What is refused before intervals are looked at.

use super::*;
use crate::combination::Term;
use crate::interval::MODULUS;
use crate::view::ViewError;
use alloc::boxed::Box;

#[test]
fn malformed_declarations_are_refused() {
    let column = |shape: &[usize], interval| {
        let mut builder = System::builder();
        builder.column("c", shape, Role::Parameter, interval);
        builder.build().map(|_| ())
    };
    let name = || "c".into();
    assert_eq!(column(&[3], BYTE), Ok(()));
    for shape in [&[0][..], &[1 << 41], &[usize::MAX, 2], &[1; 17]] {
        let found = shape.to_vec();
        assert_eq!(
            column(shape, BYTE),
            Err(SystemError::Shape {
                name: name(),
                shape: found
            })
        );
    }
    let half = i64::try_from(MODULUS / 2).unwrap();
    assert_eq!(column(&[3], Interval::new(-half, half)), Ok(()));
    for (lo, hi) in [
        (1, 0),
        (-half - 1, 0),
        (0, half + 1),
        (i64::MIN, 0),
        (0, i64::MAX),
    ] {
        let interval = Interval::new(lo, hi);
        assert_eq!(
            column(&[3], interval),
            Err(SystemError::Interval {
                name: name(),
                interval
            })
        );
    }
    let constant = |shape: &[usize], values: &[i64], interval| {
        let mut builder = System::builder();
        let value = Value::Constant(Tensor {
            shape: vec![2],
            data: crate::Data::I64(values.to_vec()),
        });
        builder.public("c", shape, interval, value);
        builder.build().map(|_| ())
    };
    assert_eq!(constant(&[2], &[0, 9], BYTE), Ok(()));
    assert_eq!(
        constant(&[2], &[0, 256], BYTE),
        Err(SystemError::Constant { name: name() })
    );
    assert_eq!(
        constant(&[2], &[0], BYTE),
        Err(SystemError::Constant { name: name() })
    );
    assert_eq!(
        constant(&[1, 2], &[0, 9], BYTE),
        Err(SystemError::Constant { name: name() })
    );
}

#[test]
fn views_of_sources_that_do_not_fit_are_refused() {
    let build = |source, shape: &[usize]| {
        let mut fixture = fixture();
        fixture
            .builder
            .linear("r", View::identity(source, shape).unwrap().into());
        let x = fixture.x;
        fixture.enforce(x).builder.build().map(|_| ())
    };
    let unknown = |found| Err(SystemError::Unknown { found });
    let (column, public) = (Source::Column(ColumnId(9)), Source::Public(PublicId(9)));
    assert_eq!(build(Source::Column(ColumnId(1)), &[3]), Ok(()));
    assert_eq!(build(column, &[3]), unknown(column));
    assert_eq!(build(public, &[3]), unknown(public));
    let (place, expected, found) = ("r".into(), vec![4], vec![3]);
    assert_eq!(
        build(Source::Column(ColumnId(1)), &[4]),
        Err(SystemError::SourceShape {
            place,
            expected,
            found
        })
    );
    let counts = Source::Column(ColumnId(2));
    assert_eq!(
        build(counts, &[256]),
        Err(SystemError::Multiplicity {
            name: "bytes".into()
        })
    );
    assert_eq!(
        fixture().builder.view(ColumnId(9)).map(|_| ()),
        unknown(column)
    );
    assert_eq!(
        fixture().builder.public_view(PublicId(9)).map(|_| ()),
        unknown(public)
    );
}

#[test]
fn a_combination_from_a_file_must_agree_with_its_views() {
    let mut fixture = fixture();
    let terms = vec![Term {
        coefficient: 1,
        view: fixture.view(fixture.w),
    }];
    fixture.builder.linear(
        "r",
        Combination {
            shape: vec![4],
            terms,
        },
    );
    let (place, expected, found) = ("r".into(), vec![4], vec![3]);
    let x = fixture.x;
    assert_eq!(
        fixture.enforce(x).builder.build(),
        Err(SystemError::Disagree {
            place,
            expected,
            found
        })
    );
    let mut fixture = self::fixture();
    fixture.builder.linear("r", Combination::zero(&[0]));
    assert!(matches!(
        fixture.builder.build(),
        Err(SystemError::Shape { .. })
    ));
}

#[test]
fn einsums_with_labels_that_do_not_fit_are_refused() {
    let build = |a_labels: &[usize], b_labels: &[usize], left: &[usize]| {
        let mut builder = System::builder();
        let a = builder.column("a", &[2, 3], Role::Parameter, BYTE);
        let b = builder.column("b", &[3, 2], Role::Parameter, BYTE);
        let right = einsum(
            builder.view(a).unwrap(),
            a_labels,
            builder.view(b).unwrap(),
            b_labels,
        );
        builder.product("p", Combination::zero(left), vec![right]);
        builder.build().map(|_| ())
    };
    let label = |label| {
        Err(SystemError::Label {
            place: "p".into(),
            label,
        })
    };
    assert_eq!(build(&[0, 2], &[2, 1], &[2, 2]), Ok(()));
    assert_eq!(build(&[0, 1], &[1, 0], &[2, 3]), Ok(()));
    assert_eq!(build(&[7, 1], &[1, 7], &[5, 3]), label(0), "missing");
    assert_eq!(
        build(&[0, 2], &[3, 1], &[2, 2]),
        label(2),
        "in one operand alone"
    );
    assert_eq!(
        build(&[0, 2], &[2, 1], &[2, 3]),
        label(1),
        "another size than the left side"
    );
    assert_eq!(build(&[0, 2], &[1, 2], &[2, 3]), label(2), "two sizes");
    assert_eq!(
        build(&[0, 0], &[1, 2], &[2, 3]),
        label(0),
        "twice in one operand"
    );
    assert_eq!(
        build(&[0, 2], &[2, 2], &[2]),
        label(2),
        "twice in the other operand"
    );
    let labels = |expected, found| {
        Err(SystemError::Labels {
            place: "p".into(),
            expected,
            found,
        })
    };
    assert_eq!(build(&[0], &[2, 1], &[2, 2]), labels(2, 1));
    assert_eq!(build(&[0, 2], &[2, 1, 3], &[2, 2]), labels(2, 3));
}

#[test]
fn an_einsum_of_too_many_products_is_refused() {
    let mut builder = System::builder();
    let a = builder.column(
        "a",
        &[1 << 20, 1 << 20],
        Role::Parameter,
        Interval::new(0, 1),
    );
    let view = builder.view(a).unwrap();
    let rows = einsum(view.clone(), &[0, 2], view.sum(0).unwrap(), &[1]);
    builder.product(
        "p",
        Combination::zero(&[1 << 20, 1 << 20]),
        vec![rows.clone()],
    );
    assert!(matches!(builder.build(), Err(SystemError::Label { .. })));
    let mut builder = System::builder();
    let a = builder.column(
        "a",
        &[1 << 20, 1 << 20],
        Role::Parameter,
        Interval::new(0, 1),
    );
    let b = builder.column(
        "b",
        &[1 << 20, 1 << 19, 2],
        Role::Parameter,
        Interval::new(0, 1),
    );
    let (a, b) = (builder.view(a).unwrap(), builder.view(b).unwrap());
    builder.product(
        "p",
        Combination::zero(&[1 << 20, 1 << 19, 2]),
        vec![einsum(a, &[0, 3], b, &[3, 1, 2])],
    );
    assert_eq!(builder.clone().build().map(|_| ()), Ok(()));
    let a = builder.column(
        "c",
        &[1 << 20, 2, 1 << 19],
        Role::Parameter,
        Interval::new(0, 1),
    );
    let b = builder.column(
        "d",
        &[1 << 20, 2, 1 << 19],
        Role::Parameter,
        Interval::new(0, 1),
    );
    let (a, b) = (builder.view(a).unwrap(), builder.view(b).unwrap());
    builder.product(
        "q",
        Combination::zero(&[1 << 20, 1 << 20]),
        vec![einsum(a, &[0, 2, 3], b, &[1, 2, 3])],
    );
    assert_eq!(builder.clone().build().map(|_| ()), Ok(()));
    let a = builder.column(
        "e",
        &[1 << 20, 4, 1 << 18],
        Role::Parameter,
        Interval::new(0, 1),
    );
    let b = builder.column(
        "f",
        &[1 << 20, 4, 1 << 18],
        Role::Parameter,
        Interval::new(0, 1),
    );
    let (a, b) = (builder.view(a).unwrap(), builder.view(b).unwrap());
    let three = einsum(
        a.insert_axis(1).unwrap().broadcast(1, 1).unwrap(),
        &[0, 4, 2, 3],
        b,
        &[1, 2, 3],
    );
    builder.product("r", Combination::zero(&[1 << 20, 1 << 20]), vec![three]);
    assert!(matches!(
        builder.build(),
        Err(SystemError::Label { label: 4, .. })
    ));
}

#[test]
fn tables_and_lookups_that_do_not_fit_are_refused() {
    let width = |expected, found| {
        Err(SystemError::Width {
            place: "t".into(),
            expected,
            found,
        })
    };
    let mut no_entries = fixture();
    no_entries.builder.table("t", vec![]);
    assert_eq!(no_entries.builder.build(), width(1, 0));
    let mut wide = fixture();
    let row = Combination::from(wide.view(wide.w));
    wide.builder
        .lookup("t", vec![row.clone(), row.clone()], wide.bytes);
    assert_eq!(wide.builder.build(), width(1, 2));
    let mut missing = fixture();
    missing.builder.lookup("t", vec![row.clone()], TableId(4));
    let place = "t".into();
    assert_eq!(
        missing.builder.build(),
        Err(SystemError::UnknownTable { place, table: 4 })
    );
    // Further axes are the same on both sides, behind the indices of each.
    let mut narrow = fixture();
    let entries = vec![Combination::zero(&[4]), Combination::zero(&[4, 2])];
    let wide = narrow.builder.table("t", entries);
    let short = vec![Combination::zero(&[3]), Combination::zero(&[3, 3])];
    narrow.builder.lookup("r", short, wide);
    let (place, expected, found) = ("r".into(), vec![3, 2], vec![3, 3]);
    assert_eq!(
        narrow.builder.build(),
        Err(SystemError::Disagree {
            place,
            expected,
            found
        })
    );
    let mut uneven = fixture();
    uneven
        .builder
        .table("t", vec![row.clone(), Combination::zero(&[4])]);
    let (place, expected, found) = ("t".into(), vec![3], vec![4]);
    assert_eq!(
        uneven.builder.build(),
        Err(SystemError::Disagree {
            place,
            expected,
            found
        })
    );
    let large = vec![1 << 20, 1 << 20];
    let mut many = fixture();
    many.builder.table("t", vec![Combination::zero(&large)]);
    assert_eq!(
        many.builder.build(),
        Err(SystemError::Size { place: "t".into() })
    );
    let mut many = fixture();
    many.builder.lookup("few", vec![row], many.bytes);
    many.builder
        .lookup("t", vec![Combination::zero(&large)], many.bytes);
    assert_eq!(
        many.builder.build(),
        Err(SystemError::Size { place: "t".into() })
    );
}

#[test]
fn each_table_has_a_multiplicity_column_of_its_own() {
    let refused = |change: &dyn Fn(&mut Builder)| {
        let mut fixture = fixture();
        let row = vec![fixture.view(fixture.x).into()];
        fixture.builder.lookup("range", row, fixture.bytes);
        change(&mut fixture.builder);
        fixture.builder.build().map(|_| ())
    };
    let multiplicity = |name: &str| Err(SystemError::Multiplicity { name: name.into() });
    assert_eq!(refused(&|_| ()), Ok(()));
    let shared = |builder: &mut Builder| builder.tables.push(builder.tables[0].clone());
    assert_eq!(refused(&shared), multiplicity("bytes"));
    let of_a_parameter = |builder: &mut Builder| builder.tables[0].multiplicity = ColumnId(1);
    assert_eq!(refused(&of_a_parameter), multiplicity("w"));
    let unused = |builder: &mut Builder| {
        builder.column("unused", &[256], Role::Multiplicity, BYTE);
    };
    assert_eq!(refused(&unused), multiplicity("unused"));
    let unknown = |builder: &mut Builder| builder.tables[0].multiplicity = ColumnId(9);
    assert!(matches!(
        refused(&unknown),
        Err(SystemError::Unknown { .. })
    ));
    let another_shape = |builder: &mut Builder| builder.columns[2].shape = vec![16, 16];
    assert!(matches!(
        refused(&another_shape),
        Err(SystemError::Disagree { .. })
    ));
}

#[test]
fn combinations_refuse_what_does_not_fit() {
    use crate::combination::CombinationError as Error;
    let view = || fixture().view(ColumnId(0));
    let shape = || {
        Err(Error::Shape {
            expected: vec![3],
            found: vec![2],
        })
    };
    assert_eq!(
        Combination::from(view()).plus(Combination::zero(&[2])),
        shape()
    );
    let term = Term {
        coefficient: 1,
        view: view().slice(0, 0, 2, 1).unwrap(),
    };
    assert_eq!(Combination::new(&[3], vec![term]), shape());
    let huge = Combination::from(view()).times(i64::MAX).unwrap();
    assert_eq!(huge.clone().plus(view()), Err(Error::Coefficient));
    assert_eq!(huge.times(2), Err(Error::Coefficient));
    assert_eq!(Combination::concatenate(0, vec![]), Err(Error::NoParts));
    let axis = ViewError::Axis { axis: 1, rank: 1 };
    assert_eq!(
        Combination::concatenate(1, vec![view().into()]),
        Err(Error::View(axis))
    );
    let parts = vec![Combination::zero(&[3, 2]), Combination::zero(&[3, 1])];
    assert!(Combination::concatenate(0, parts.clone()).is_err());
    assert_eq!(Combination::concatenate(1, parts).unwrap().shape(), [3, 3]);
    let same = Combination::from(view()).minus(view()).unwrap();
    assert_eq!(same, Combination::zero(&[3]));
}

#[test]
fn errors_say_what_was_expected_and_found() {
    let boxed = |error: SystemError| -> Box<str> { alloc::format!("{error}").into() };
    let found = boxed(SystemError::Width {
        place: "r".into(),
        expected: 2,
        found: 3,
    });
    assert_eq!(&*found, "r: expected tuples of width 2, found 3");
}
