//! Tokens that a model has no row for, and values that are no tokens.

use crate::place::Place;

/// A field of a message that is a number.
fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

/// A field of a message that holds bytes: fewer than 2^14.
fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
    let len = content.len();
    let low = u8::try_from(len & 127).expect("seven bits") | 128;
    let high = u8::try_from(len >> 7).expect("a short message");
    [&[field << 3 | 2, low, high], content].concat()
}

/// An input or output: a number or a symbol for each axis.
fn tensor(name: &str, kind: u8, shape: &[Result<u8, &str>]) -> Vec<u8> {
    let dim = |size: &Result<u8, &str>| match size {
        Ok(size) => bytes(1, &number(1, *size)),
        Err(name) => bytes(1, &bytes(2, name.as_bytes())),
    };
    let shape: Vec<u8> = shape.iter().flat_map(dim).collect();
    let kind = bytes(1, &[number(1, kind), bytes(2, &shape)].concat());
    [bytes(1, name.as_bytes()), bytes(2, &kind)].concat()
}

/// A model with one Gather: its inputs, and the table if that is no input.
fn gather(inputs: &[Vec<u8>], table: &[Vec<u8>]) -> Vec<u8> {
    let node = [
        bytes(1, b"table"),
        bytes(1, b"tokens"),
        bytes(2, b"y"),
        bytes(3, b"y"),
        bytes(4, b"Gather"),
    ];
    let inputs = inputs.iter().flat_map(|input| bytes(11, input));
    let table = table.iter().flat_map(|table| bytes(5, table));
    let graph: Vec<u8> = bytes(1, &node.concat())
        .into_iter()
        .chain(bytes(2, b"graph"))
        .chain(inputs)
        .chain(table)
        .chain(bytes(12, &tensor("y", 1, &[])))
        .collect();
    [number(1, 8), bytes(8, &number(2, 17)), bytes(7, &graph)].concat()
}

/// Rows of a table of 100, by two tokens in each row of a batch.
fn embedding() -> Vec<u8> {
    let values = (1u8..=200).flat_map(|at| f32::from(at).to_le_bytes());
    let values: Vec<u8> = values.collect();
    let sizes = [number(1, 100), number(1, 2)].concat();
    let table = [sizes, number(2, 1), bytes(8, b"table"), bytes(9, &values)].concat();
    gather(&[tensor("tokens", 7, &[Err("batch"), Ok(2)])], &[table])
}

fn place(setup: &str) -> Place {
    let place = Place::new();
    place.write("embedding.onnx", embedding());
    place.write("good.json", r#"{"tokens": [[3.0, 99]]}"#);
    place.write("beyond.json", r#"{"tokens": [[3, 4], [5, 100]]}"#);
    place.write("half.json", r#"{"tokens": [[3, 1.5]]}"#);
    if !setup.is_empty() {
        place.done(&format!("setup embedding.onnx -o keys {setup}"));
    }
    place
}

#[test]
fn tokens_beyond_the_table_and_fractions_are_refused_wherever_data_are_read() {
    let place = place("--public tokens");
    for command in [
        "run keys/model.pk",
        "prove keys/model.pk",
        "bench embedding.onnx",
        "setup embedding.onnx -o new --calibrate",
        "doctor embedding.onnx --calibrate",
    ] {
        let words = [
            "tokens",
            "[1, 1]",
            "99",
            "found 100",
            "correct",
            "beyond.json",
        ];
        place.refused(&format!("{command} beyond.json"), &words);
        let words = ["tokens", "[0, 1]", "integer", "found 1.5", "half.json"];
        place.refused(&format!("{command} half.json"), &words);
    }
    assert!(!place.path("new").exists());
    assert_eq!(place.proofs_left(), 100);
    place.done("run keys/model.pk good.json");
    place.done("prove keys/model.pk good.json");
    place.done("verify keys/model.vk good.proof --input good.json");
    // What is compared is no token either.
    for (name, word) in [("half.json", "1.5"), ("beyond.json", "tokens")] {
        place.rejected(
            &format!("verify keys/model.vk good.proof --input {name}"),
            &[word],
        );
    }
}

#[test]
fn tokens_count_from_the_end_where_the_range_says_so() {
    let place = place("--range tokens=-100,99");
    place.write("end.json", r#"{"tokens": [[-100, -1]]}"#);
    place.done("prove keys/model.pk end.json");
    place.done("verify keys/model.vk end.proof");
    place.write("before.json", r#"{"tokens": [[0, -101]]}"#);
    let words = ["tokens", "[0, 1]", "-100 to 99", "found -101"];
    place.refused("prove keys/model.pk before.json", &words);
}

#[test]
fn sealed_tokens_beyond_the_table_are_refused() {
    let place = place("--sealed tokens");
    place.refused("prove keys/model.pk beyond.json", &["tokens", "found 100"]);
    place.done("prove keys/model.pk good.json");
    place.done("verify keys/model.vk good.proof");
}

#[test]
fn a_panic_of_the_reader_prints_nothing_of_its_own() {
    // The number of rows is open, so nobody knows ahead which tokens there are.
    let inputs = [
        tensor("table", 1, &[Err("rows"), Ok(2)]),
        tensor("tokens", 7, &[Ok(2)]),
    ];
    let place = place("");
    place.write("open.onnx", gather(&inputs, &[]));
    place.write(
        "all.json",
        r#"{"table": [[1, 2], [3, 4]], "tokens": [0, 1]}"#,
    );
    place.write(
        "few.json",
        r#"{"table": [[1, 2], [3, 4]], "tokens": [0, 3]}"#,
    );
    place.done("setup open.onnx --calibrate all.json --range tokens=0,7 -o keys");
    place.done("run keys/model.pk all.json");
    place.refused("run keys/model.pk few.json", &["the float model failed"]);
}
