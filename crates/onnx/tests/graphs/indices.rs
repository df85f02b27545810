//! Computed indices along axes of open size.

use crate::build::Graph;
use crate::quantise::{both, executed, model};
use onnx::{Array, Arrays, Options, quantise};

/// What an index selects: the number of an element of the table, or a zero.
type Place = fn(&Case, usize) -> Option<usize>;

/// An operator whose index is an input.
struct Case {
    kind: &'static str,
    /// An attribute.
    number: (&'static str, i64),
    /// The sizes of the index: a size, or that of the batch.
    index: &'static [Option<usize>],
    expected: Place,
    batch: usize,
    length: usize,
    places: Vec<i64>,
}

const COLUMNS: usize = 2;

fn case(
    kind: &'static str,
    number: (&'static str, i64),
    index: &'static [Option<usize>],
    expected: Place,
) -> Case {
    Case {
        kind,
        number,
        index,
        expected,
        batch: 2,
        length: 3,
        places: Vec::new(),
    }
}

fn cases() -> [Case; 5] {
    let axis = ("axis", 1);
    [
        case("Gather", axis, &[Some(2), Some(2)], |case, at| {
            let (row, place) = (at / (4 * COLUMNS), at / COLUMNS % 4);
            case.element(row, case.place(place, case.length)?, at % COLUMNS)
        }),
        case(
            "GatherElements",
            axis,
            &[None, Some(3), Some(COLUMNS)],
            |case, at| {
                let row = at / (3 * COLUMNS);
                case.element(row, case.place(at, case.length)?, at % COLUMNS)
            },
        ),
        // Only some of the columns.
        case(
            "GatherElements",
            axis,
            &[None, Some(2), Some(1)],
            |case, at| case.element(at / 2, case.place(at, case.length)?, 0),
        ),
        case(
            "GatherND",
            ("batch_dims", 1),
            &[None, Some(2), Some(1)],
            |case, at| {
                let row = at / (2 * COLUMNS);
                case.element(row, case.place(at / COLUMNS, case.length)?, at % COLUMNS)
            },
        ),
        case(
            "GatherND",
            ("batch_dims", 0),
            &[Some(3), Some(2)],
            |case, at| {
                let tuple = at / COLUMNS * 2;
                let row = case.place(tuple, case.batch)?;
                case.element(row, case.place(tuple + 1, case.length)?, at % COLUMNS)
            },
        ),
    ]
}

impl Case {
    fn element(&self, row: usize, place: usize, column: usize) -> Option<usize> {
        Some((row * self.length + place) * COLUMNS + column)
    }

    /// An index as one from the start, if it lies inside.
    fn place(&self, at: usize, size: usize) -> Option<usize> {
        let size = i64::try_from(size).expect("a size");
        let place = self.places[at];
        let place = if place < 0 { place + size } else { place };
        usize::try_from(place).ok().filter(|_| place < size)
    }

    fn graph(&self) -> Graph {
        let index: Vec<Result<i64, &str>> = { self.index.iter() }
            .map(|size| {
                size.map_or(
                    Err("batch"),
                    |size| Ok(i64::try_from(size).expect("a size")),
                )
            })
            .collect();
        let columns = i64::try_from(COLUMNS).expect("a size");
        Graph::default()
            .input("x", &[Err("batch"), Err("sequence"), Ok(columns)])
            .input("places", &index)
            .node("Cast", &["places"], "index")
            .number("to", 7)
            .node(self.kind, &["x", "index"], "y")
            .number(self.number.0, self.number.1)
            .output("y")
    }

    /// At some sizes, with indices from a range.
    fn inputs(&mut self, batch: usize, length: usize, lo: i64, count: i64) -> (Arrays, Vec<f64>) {
        (self.batch, self.length) = (batch, length);
        let shape: Vec<usize> = self
            .index
            .iter()
            .map(|size| size.unwrap_or(batch))
            .collect();
        let len = i64::try_from(shape.iter().product::<usize>()).expect("a size");
        self.places = (0..len).map(|at| lo + at * 5 % count).collect();
        let real = |number: i64| f64::from(i32::try_from(number).expect("a small number"));
        let places = Array {
            shape,
            data: self.places.iter().map(|&place| real(place)).collect(),
        };
        let size = i64::try_from(batch * length * COLUMNS).expect("a size");
        let x = Array {
            shape: vec![batch, length, COLUMNS],
            data: (0..size).map(|at| real(at * 7 % 31 - 15) / 8.0).collect(),
        };
        let data = x.data.clone();
        (
            [("x".to_owned(), x), ("places".to_owned(), places)].into(),
            data,
        )
    }
}

#[test]
fn computed_indices_along_open_axes_select_at_every_size() {
    for mut case in cases() {
        let name = format!("{} {:?}", case.kind, case.number);
        let model = model(&case.graph().bytes());
        assert_eq!(model.symbols().len(), 2, "{name}: {:?}", model.notes());
        let mut options = Options::default();
        options.calibration.push(case.inputs(2, 3, 0, 2).0);
        options.ranges.insert("x".into(), (-2.0, 2.0));
        options.ranges.insert("places".into(), (-16.0, 15.0));
        let quantised = quantise(&model, &options).expect(&name);
        // From the start, from the end, and outside.
        for (batch, length, lo, count) in [
            (1, 1, 0, 1),
            (2, 5, 0, 2),
            (5, 3, 0, 3),
            (2, 5, -2, 4),
            (3, 7, -9, 18),
        ] {
            let (inputs, data) = case.inputs(batch, length, lo, count);
            let found = executed(&model, &quantised, &inputs);
            let places = (0..found.len()).map(|at| (case.expected)(&case, at));
            let expected = places.map(|place| place.map_or(0.0, |place| data[place]));
            let expected: Vec<f64> = expected.collect();
            for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                let far = (found - expected).abs();
                assert!(
                    far < 1e-3,
                    "{name} {batch} {length} {lo} {at}: {found}, not {expected}"
                );
            }
            if lo == 0 {
                let (_, float) = both(&model, &quantised, &inputs);
                assert_eq!(float, expected, "{name} {batch} {length}");
            }
        }
    }
}

#[test]
fn a_fixed_index_counts_from_the_end_of_an_open_axis() {
    for rows in [&[-1i64][..], &[0, -1, -2, 1]] {
        let count = i64::try_from(rows.len()).expect("a size");
        let rows: Vec<i32> = rows
            .iter()
            .map(|&row| i32::try_from(row).expect("small"))
            .collect();
        let graph = Graph::default().input("x", &[Ok(2), Err("n")]);
        let graph = graph.integers("rows", 6, &[count], &rows);
        let graph = graph.node("Gather", &["x", "rows"], "y").number("axis", 1);
        let model = model(&graph.output("y").bytes());
        let quantised = quantise(&model, &Options::default()).expect("a program");
        for length in [2usize, 3, 7] {
            let data = (0..2 * length).map(|at| f64::from(u8::try_from(at).expect("small")) / 4.0);
            let x = Array {
                shape: vec![2, length],
                data: data.collect(),
            };
            let inputs = Arrays::from([("x".to_owned(), x)]);
            let (found, expected) = both(&model, &quantised, &inputs);
            crate::quantise::close(&found, &expected, 1e-3);
        }
    }
}
