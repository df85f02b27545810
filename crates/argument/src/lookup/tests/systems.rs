//! Systems with lookups of many shapes.

use alloc::vec;
use alloc::vec::Vec;

use relation::system::Builder;
use relation::{Assignment, Combination, Interval, Role, System, Tensor, Value, View};

use super::Case;

pub(super) fn tensor(shape: &[usize], values: Vec<i64>) -> Tensor {
    Tensor::from_i64s(shape.to_vec(), values).expect("as many values as the shape has elements")
}

pub(super) fn constant(
    builder: &mut Builder,
    shape: &[usize],
    value: impl Fn(i64) -> i64,
) -> Combination {
    let len = i64::try_from(shape.iter().product::<usize>()).expect("small");
    let id = builder.constant("constant", tensor(shape, (0..len).map(value).collect()));
    builder.public_view(id).expect("it was just added").into()
}

/// A column and the view of it.
pub(super) fn column(builder: &mut Builder, shape: &[usize], hi: i64) -> View {
    let id = builder.column("column", shape, Role::Witness, Interval::new(0, hi));
    builder.view(id).expect("it was just added")
}

/// An assignment of the columns that are no multiplicities, in order.
pub(super) fn assign(
    system: &System,
    columns: Vec<Vec<i64>>,
    statement: Vec<Tensor>,
) -> Assignment {
    let mut given = columns.into_iter();
    let columns = system.columns().iter().map(|column| {
        let len = column.shape.iter().product();
        let values = match column.role {
            Role::Multiplicity => vec![0; len],
            _ => given.next().expect("values for each column"),
        };
        tensor(&column.shape, values)
    });
    Assignment {
        columns: columns.collect(),
        statement,
    }
}

/// Deterministic values below `size`.
pub(super) fn values(len: usize, size: usize) -> Vec<i64> {
    let value = |i: usize| (i * i + 7 * i + i / 5) % size;
    (0..len)
        .map(|i| i64::try_from(value(i)).expect("small"))
        .collect()
}

/// Two fractions: one row, one entry.
pub(super) fn single() -> Case {
    let mut builder = System::builder();
    let entries = constant(&mut builder, &[1], |_| 5);
    let table = builder.table("five", vec![entries]);
    let x = builder.column("x", &[1], Role::Witness, Interval::new(5, 5));
    let x = builder.view(x).expect("it was just added");
    builder.lookup("x", vec![x.into()], table);
    let system = builder.build().expect("valid");
    let assignment = assign(&system, vec![vec![5]], vec![]);
    Case::new("single", system, assignment)
}

/// Two tables of different width, `square` given with the statement, with padding inside a block.
pub(super) fn pair() -> Case {
    let mut builder = System::builder();
    let range = constant(&mut builder, &[5], |i| i);
    let squares = builder.public("squares", &[5], Interval::new(0, 16), Value::Statement);
    let squares = builder.public_view(squares).expect("it was just added");
    let range_table = builder.table("range", vec![range.clone()]);
    let square = builder.table("square", vec![range, squares.into()]);
    let x = column(&mut builder, &[3, 3], 4);
    let y = column(&mut builder, &[3, 3], 16);
    let z = column(&mut builder, &[7], 4);
    builder.lookup("square", vec![x.into(), y.into()], square);
    builder.lookup("range", vec![z.into()], range_table);
    let system = builder.build().expect("valid");
    let x = values(9, 5);
    let y = x.iter().map(|x| x * x).collect();
    let statement = vec![tensor(&[5], vec![0, 1, 4, 9, 16])];
    let assignment = assign(&system, vec![x, y, values(7, 5)], statement);
    Case::new("pair", system, assignment)
}

/// Enough rows for several cells, an odd number of groups, and cells of rows only; views that are not identities.
pub(super) fn views() -> Case {
    let mut builder = System::builder();
    let range = constant(&mut builder, &[4, 75], |i| i);
    let table = builder.table("range", vec![range.clone()]);
    let x = column(&mut builder, &[11, 256], 299);
    let y = column(&mut builder, &[9, 31], 299);
    builder.lookup("x", vec![x.clone().into()], table);
    builder.lookup("y", vec![y.clone().into()], table);
    // Sums of views: entries of a table of columns, and rows that read them transposed, windowed and padded.
    let shifted = Combination::from(y.clone())
        .times(-2)
        .and_then(|twice| twice.plus_constant(3))
        .expect("small");
    let pairs = builder.table(
        "pairs",
        vec![y.clone().into(), shifted.clone(), y.clone().into()],
    );
    let moved = |shape: &[usize], build: &dyn Fn(View) -> View| {
        let build = |view: View| Ok(build(view));
        let part = |c: Combination| c.map(shape, build).expect("the shape that was given");
        vec![
            part(y.clone().into()),
            part(shifted.clone()),
            part(y.clone().into()),
        ]
    };
    let transposed = moved(&[31, 9], &|view| view.permute(&[1, 0]).expect("two axes"));
    builder.lookup("transposed", transposed, pairs);
    let windows = moved(&[4, 3, 31], &|view| {
        view.window(0, 4, 3, 2, 1).expect("it fits")
    });
    builder.lookup("windows", windows, pairs);
    let flat = moved(&[93], &|view| {
        let rows = view.slice(0, 2, 3, 1).expect("it fits");
        rows.reshape(&[93]).expect("as many elements")
    });
    builder.lookup("flat", flat, pairs);
    let system = builder.build().expect("valid");
    let columns = vec![values(11 * 256, 300), values(9 * 31, 300)];
    let assignment = assign(&system, columns, vec![]);
    Case::new("views", system, assignment)
}

/// Rows of a table by their number: two wide components of different shapes, beside a range.
pub(super) fn wide() -> Case {
    let mut builder = System::builder();
    let numbers = constant(&mut builder, &[6], |i| i);
    let small = builder.table("numbers", vec![numbers.clone()]);
    let byte = Interval::new(0, 255);
    let mut parameters = |shape: &[usize]| {
        let id = builder.column("parameters", shape, Role::Parameter, byte);
        builder.view(id).expect("it was just added")
    };
    let (first, second) = (parameters(&[6, 2, 3]), parameters(&[6, 5]));
    let tuple = vec![numbers, first.into(), second.into()];
    let rows = builder.table("rows", tuple);
    let index = column(&mut builder, &[3, 7], 5);
    let a = column(&mut builder, &[3, 7, 2, 3], 255);
    let b = column(&mut builder, &[3, 7, 5], 255);
    builder.lookup("index", vec![index.clone().into()], small);
    builder.lookup("row", vec![index.into(), a.into(), b.into()], rows);
    let system = builder.build().expect("valid");
    let (first, second, index) = (values(36, 251), values(30, 256), values(21, 6));
    let take = |table: &[i64], len: usize| -> Vec<i64> {
        let row = |&at: &i64| {
            let start = usize::try_from(at).expect("an index") * len;
            table[start..start + len].to_vec()
        };
        index.iter().flat_map(row).collect()
    };
    let (a, b) = (take(&first, 6), take(&second, 5));
    let assignment = assign(&system, vec![first, second, index, a, b], vec![]);
    Case::new("wide", system, assignment)
}

/// Tuples of narrow and wide components in turn, in two tables of one form, the second shifted: what differs by the
/// number of the table may not look alike.
///
/// Columns: counts of the three tables, parameters `a [4, 2]`, `b [4]`, `c [4, 2, 2]`, then `index [5]` and the row's
/// `[5, 2]`, `[5]`, `[5, 2, 2]` for the first table, and the same for the second.
pub(super) fn mixed() -> Case {
    let mut builder = System::builder();
    let numbers = constant(&mut builder, &[4], |i| i);
    let small = builder.table("numbers", vec![numbers.clone()]);
    let mut parameter = |shape: &[usize]| {
        let id = builder.column("parameter", shape, Role::Parameter, Interval::new(0, 99));
        Combination::from(builder.view(id).expect("it was just added"))
    };
    let parts = [&[4, 2][..], &[4], &[4, 2, 2]].map(&mut parameter);
    let shifted = |part: &Combination| part.clone().plus_constant(7).expect("small");
    let tuple = |parts: [Combination; 3]| -> Vec<Combination> {
        core::iter::once(numbers.clone()).chain(parts).collect()
    };
    let second = builder.table("shifted", tuple(parts.each_ref().map(shifted)));
    let first = builder.table("rows", tuple(parts));
    for table in [first, second] {
        let index = column(&mut builder, &[5], 3);
        let row = [&[5, 2][..], &[5], &[5, 2, 2]].map(|shape| column(&mut builder, shape, 106));
        builder.lookup("index", vec![index.clone().into()], small);
        let row = core::iter::once(index).chain(row).map(Combination::from);
        builder.lookup("row", row.collect(), table);
    }
    let system = builder.build().expect("valid");
    let parts = [values(8, 97), values(4, 89), values(16, 83)];
    let mut columns = parts.to_vec();
    for (shift, index) in [(0, vec![0, 2, 2, 1, 3]), (7, vec![3, 1, 0, 2, 0])] {
        columns.push(index.clone());
        for (part, width) in parts.iter().zip([2, 1, 4]) {
            let row = |&at: &i64| {
                let start = usize::try_from(at).expect("an index") * width;
                part[start..start + width].iter().map(|value| value + shift)
            };
            columns.push(index.iter().flat_map(row).collect());
        }
    }
    let assignment = assign(&system, columns, vec![]);
    Case::new("mixed", system, assignment)
}

/// Wide components that are views: a table read from its last axis, rows from a list, backwards, less a constant.
pub(super) fn turned() -> Case {
    let mut builder = System::builder();
    let numbers = constant(&mut builder, &[4], |i| i);
    let p = builder.column("p", &[2, 3, 4], Role::Parameter, Interval::new(0, 99));
    let p = builder
        .view(p)
        .and_then(|view| Ok(view.permute(&[2, 1, 0])?));
    let entries = vec![numbers.clone(), p.expect("three axes").into()];
    let table = builder.table("rows", entries);
    let list = builder.column("list", &[24], Role::Witness, Interval::new(5, 104));
    let list = { builder.view(list) }.and_then(|view| Ok(view.reshape(&[4, 3, 2])?.reverse(1)?));
    let row = Combination::from(list.expect("24 elements")).plus_constant(-5);
    let backwards = numbers.map(&[4], |view| view.reverse(0)).expect("an axis");
    builder.lookup("row", vec![backwards, row.expect("small")], table);
    let system = builder.build().expect("valid");
    let p = values(24, 97);
    let place = |at: usize| (at % 2 * 3 + 2 - at / 2 % 3) * 4 + 3 - at / 6;
    let list = (0..24).map(|at| p[place(at)] + 5).collect();
    let assignment = assign(&system, vec![p.clone(), list], vec![]);
    Case::new("turned", system, assignment)
}

/// More than two layers of cells, with padding at the end.
pub(super) fn large() -> Case {
    let mut builder = System::builder();
    let range = constant(&mut builder, &[600], |i| i);
    let table = builder.table("range", vec![range]);
    let x = column(&mut builder, &[40, 128], 599);
    builder.lookup("x", vec![x.into()], table);
    let system = builder.build().expect("valid");
    let assignment = assign(&system, vec![values(40 * 128, 600)], vec![]);
    Case::new("large", system, assignment)
}

/// Fractions for several strips of the prover, the last of which is not whole; entries among them.
pub(super) fn long() -> Case {
    let mut builder = System::builder();
    let entries = constant(&mut builder, &[700], |i| i);
    let range = builder.table("range", vec![entries]);
    let sizes = [40_000, 3, 21_000, 1_111];
    for size in sizes {
        let row = column(&mut builder, &[size], 699);
        builder.lookup("row", vec![row.into()], range);
    }
    let system = builder.build().expect("valid");
    let columns = sizes.iter().map(|&size| values(size, 700)).collect();
    let assignment = assign(&system, columns, vec![]);
    Case::new("long", system, assignment)
}

pub(super) fn without_lookups() -> System {
    let mut builder = System::builder();
    let entries = constant(&mut builder, &[4], |i| i);
    builder.table("unused", vec![entries]);
    builder.build().expect("valid")
}

pub(super) fn all() -> Vec<Case> {
    vec![
        single(),
        pair(),
        views(),
        wide(),
        mixed(),
        turned(),
        large(),
    ]
}
