use super::*;

fn declared(name: &str, shape: &[Option<usize>]) -> Declared {
    let (name, shape) = (name.to_owned(), shape.to_vec());
    Declared { name, shape }
}

fn array(shape: &[usize], data: &[f64]) -> Array {
    let (shape, data) = (shape.to_vec(), data.to_vec());
    Array { shape, data }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn read_text(text: &str, inputs: &[Declared]) -> Result<BTreeMap<String, Array>> {
    let folder = folder();
    let path = folder.path().join("input.json");
    std::fs::write(&path, text).expect("a file");
    read(&path, inputs)
}

#[test]
fn what_is_written_is_read_again_in_each_form() {
    let folder = folder();
    let inputs = [declared("x", &[None, Some(2)]), declared("y", &[])];
    let both = BTreeMap::from([
        (
            "x".to_owned(),
            array(&[3, 2], &[1.0, -2.5, 0.0, 4.0, 5e-9, 1e9]),
        ),
        ("y".to_owned(), array(&[], &[7.0])),
    ]);
    for extension in ["json", "npz"] {
        let path = folder.path().join(format!("both.{extension}"));
        write(&path, &both).expect("written");
        assert_eq!(read(&path, &inputs).expect("read"), both, "{extension}");
    }
    let one = BTreeMap::from([("x".to_owned(), both["x"].clone())]);
    let path = folder.path().join("one.npy");
    write(&path, &one).expect("written");
    assert_eq!(read(&path, &inputs[..1]).expect("read"), one);
    assert!(write(&path, &both).is_err());
}

#[test]
fn lists_in_the_order_of_the_inputs_are_arranged_as_declared() {
    let inputs = [
        declared("x", &[None, Some(2)]),
        declared("y", &[Some(1), Some(3)]),
    ];
    let found = read_text(r#"{"input_data": [[1, 2, 3, 4], [[5, 6, 7]]]}"#, &inputs).expect("read");
    assert_eq!(found["x"], array(&[2, 2], &[1.0, 2.0, 3.0, 4.0]));
    assert_eq!(found["y"], array(&[1, 3], &[5.0, 6.0, 7.0]));
}

#[test]
fn a_model_without_inputs_takes_a_list_of_nothing() {
    for text in [r#"{"input_data": [[]]}"#, r#"{"input_data": []}"#, "{}"] {
        assert!(read_text(text, &[]).expect(text).is_empty());
    }
}

#[test]
fn booleans_and_all_integer_types_are_numbers() {
    let inputs = [declared("x", &[Some(2)])];
    let found = read_text(r#"{"x": [true, 3]}"#, &inputs).expect("read");
    assert_eq!(found["x"].data, [1.0, 3.0]);
    let folder = folder();
    let path = folder.path().join("x.npy");
    ndarray_npy::write_npy(&path, &ndarray::arr1(&[-1i8, 5])).expect("written");
    assert_eq!(read(&path, &inputs).expect("read")["x"].data, [-1.0, 5.0]);
}

#[test]
fn each_mistake_is_named() {
    let inputs = [declared("x", &[None, Some(2)])];
    let cases = [
        ("[1, 2]", "expected an object"),
        ("{", "not valid JSON"),
        (
            r#"{"y": [[1, 2]]}"#,
            r#"tensor "x" is missing: expected tensors named ["x"], found ["y"]"#,
        ),
        (
            r#"{"x": [[1, 2]], "y": 3}"#,
            r#"unexpected tensor "y": expected tensors named ["x"], found ["x", "y"]"#,
        ),
        (r#"{"x": [[1, 2], [3]]}"#, "ragged"),
        (r#"{"x": [[1, "2"]]}"#, "expected numbers"),
        (r#"{"x": [[1, null]]}"#, "expected numbers"),
        (r#"{"x": []}"#, "empty list"),
        (
            r#"{"x": [1, 2, 3]}"#,
            "expected a tensor of shape [?, 2], found shape [3] with 3 values",
        ),
        (
            r#"{"input_data": [[1, 2], [3, 4]]}"#,
            "expected a list for each of the 1 inputs, found 2",
        ),
        (r#"{"input_data": 3}"#, "expected a list with a list"),
        (r#"{"x": [[1e999, 0]]}"#, "not valid JSON"),
    ];
    for (text, expected) in cases {
        let error = format!("{:#}", read_text(text, &inputs).expect_err(text));
        assert!(error.contains(expected), "{text}: {error}");
        assert!(error.contains("input.json"), "{text}: {error}");
    }
    let folder = folder();
    let absent = format!(
        "{:#}",
        read(&folder.path().join("none.npy"), &inputs).expect_err("absent")
    );
    assert!(absent.contains("none.npy"), "{absent}");
    for name in ["x.npy", "x.npz", "x.csv"] {
        let path = folder.path().join(name);
        std::fs::write(&path, b"hello").expect("a file");
        let error = format!("{:#}", read(&path, &inputs).expect_err("no tensors"));
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn rows_for_a_model_of_one_row_are_samples() {
    let samples = |shape: &[Option<usize>], text: &str| {
        let folder = folder();
        let path = folder.path().join("input.json");
        std::fs::write(&path, text).expect("a file");
        read_samples(&path, &[declared("x", shape)])
    };
    let rows = r#"{"x": [[1, 2], [3, 4], [5, 6]]}"#;
    let found = samples(&[Some(1), Some(2)], rows).expect("samples");
    let values: Vec<&[f64]> = found.iter().map(|one| &one["x"].data[..]).collect();
    assert_eq!(values, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    assert!(found.iter().all(|one| one["x"].shape == [1, 2]));
    let found = samples(&[None, Some(2)], rows).expect("a sample");
    assert_eq!((found.len(), &found[0]["x"].shape[..]), (1, &[3, 2][..]));
    assert!(samples(&[Some(1), Some(3)], rows).is_err());
}
