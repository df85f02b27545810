//! Models, data and options that cannot be used are named, with what to do.

use crate::place::Place;

/// The two commands that take a key and an input.
const TAKERS: [&str; 2] = ["prove", "run"];

#[test]
fn files_that_are_missing_are_named() {
    let place = Place::with_proof();
    for (arguments, name) in [
        ("doctor none.onnx", "none.onnx"),
        ("setup none.onnx", "none.onnx"),
        ("setup model.onnx --calibrate none.npy -o new", "none.npy"),
        ("bench none.onnx", "none.onnx"),
        ("bench model.onnx none.json", "none.json"),
        ("run none.pk patient.json", "none.pk"),
        ("run keys/model.pk none.json", "none.json"),
        ("prove none.pk patient.json", "none.pk"),
        ("prove keys/model.pk none.json", "none.json"),
        ("verify none.vk patient.proof", "none.vk"),
        ("verify keys/model.vk none.proof", "none.proof"),
        (
            "verify keys/model.vk patient.proof --output none.npy",
            "none.npy",
        ),
        ("inspect none.vk", "none.vk"),
    ] {
        place.refused(arguments, &[name, "No such file"]);
    }
    // A folder is no file.
    place.refused("prove keys/model.pk keys", &["keys"]);
    place.refused("verify keys keys", &["keys"]);
    place.refused("doctor keys", &["keys"]);
    assert!(!place.path("new").exists());
    assert_eq!(place.proofs_left(), 99);
}

#[test]
fn a_model_that_is_cut_short_or_no_model_is_named() {
    let place = Place::new();
    let model = place.read("model.onnx");
    for len in [0, 1, 7, model.len() / 2, model.len() - 1] {
        place.write("cut.onnx", &model[..len]);
        for command in ["doctor cut.onnx", "setup cut.onnx -o new", "bench cut.onnx"] {
            place.refused(command, &["cut.onnx"]);
        }
    }
    place.write("text.onnx", "this is no model");
    place.refused("setup text.onnx -o new", &["text.onnx"]);
    assert!(!place.path("new").exists());
}

#[test]
fn inputs_of_another_shape_are_refused() {
    let place = Place::with_keys();
    place.write_npy("narrow.npy", [1, 29], vec![0.0; 29]);
    place.write_npy("turned.npy", [30, 7], vec![0.0; 210]);
    place.write_npy("empty.npy", [0, 30], Vec::new());
    place.write("ragged.json", r#"{"measurements": [[1, 2], [3]]}"#);
    place.write("scalar.json", r#"{"measurements": 3}"#);
    place.write("two.json", r#"{"input_data": [[1, 2], [3, 4]]}"#);
    place.write("words.json", r#"{"measurements": [["a"]]}"#);
    place.write("other.json", r#"{"x": [[1, 2]]}"#);
    place.write("cut.json", r#"{"measurements": [[1, 2"#);
    for command in TAKERS {
        for (name, words) in [
            ("narrow.npy", ["measurements", "[?, 30]", "[1, 29]"]),
            ("empty.npy", ["measurements", "30", "0"]),
            ("ragged.json", ["measurements", "ragged", "expected 2"]),
            ("scalar.json", ["measurements", "[?, 30]", "[]"]),
            ("two.json", ["input_data", "1 inputs", "found 2"]),
            ("words.json", ["measurements", "expected numbers", "a"]),
            ("other.json", ["measurements", "missing", "expected"]),
            ("cut.json", ["JSON", "line 1", "cut.json"]),
        ] {
            place.refused(&format!("{command} keys/model.pk {name}"), &words);
            place.refused(&format!("{command} keys/model.pk {name}"), &[name]);
        }
        place.write("data.csv", "1,2,3");
        place.refused(
            &format!("{command} keys/model.pk data.csv"),
            &["data.csv", ".npy, .npz or .json"],
        );
    }
    assert_eq!(place.proofs_left(), 100);
}

#[test]
fn outputs_of_other_names_are_named_beside_those_of_the_model() {
    let place = Place::with_proof();
    place.write("output.json", r#"{"scores": [[0.5, 0.5]]}"#);
    place.refused(
        "verify keys/model.vk patient.proof --output output.json",
        &[
            "output.json",
            r#"named ["probabilities"], found ["scores"]"#,
        ],
    );
}

#[test]
fn values_that_are_not_finite_are_refused_wherever_data_is_read() {
    let place = Place::new();
    place.setup("--public measurements -o keys");
    place.done("prove keys/model.pk patient.json");
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut values = place.patient();
        values[12] = bad;
        place.write_npy("bad.npy", [1, 30], values);
        place.write_npy("output.npy", [1, 2], vec![bad, 0.0]);
        let found = format!("{bad}");
        for arguments in [
            "prove keys/model.pk bad.npy",
            "run keys/model.pk bad.npy",
            "verify keys/model.vk patient.proof --input bad.npy",
            "setup model.onnx --calibrate bad.npy -o new",
            "doctor model.onnx --calibrate bad.npy",
            "bench model.onnx bad.npy",
        ] {
            place.refused(
                arguments,
                &["bad.npy", "measurements", "12", &found, "finite"],
            );
        }
        place.refused(
            "verify keys/model.vk patient.proof --output output.npy",
            &["output.npy", "probabilities", &found],
        );
    }
    // JSON has no such numbers at all.
    for text in ["NaN", "Infinity", "1e999"] {
        place.write("bad.json", format!(r#"{{"measurements": [[{text}]]}}"#));
        place.refused("prove keys/model.pk bad.json", &["bad.json"]);
    }
    assert!(!place.path("new").exists());
    assert!(!place.path("bad.proof").exists());
    assert_eq!(place.proofs_left(), 99);
}

#[test]
fn values_out_of_the_declared_range_are_refused_before_the_budget_is_touched() {
    let place = Place::new();
    place.done("setup model.onnx --range measurements=-4,4 -o keys");
    for bad in [9.0, -9.0, 1e30, f64::MAX] {
        let mut values = vec![0.0; 60];
        values[33] = bad;
        place.write_npy("bad.npy", [2, 30], values);
        for command in TAKERS {
            place.refused(
                &format!("{command} keys/model.pk bad.npy"),
                &["bad.npy", "measurements", "[1, 3]", "wider range"],
            );
        }
    }
    // Close to the edges is in the range.
    place.write_npy(
        "edge.npy",
        [2, 30],
        [vec![-4.0; 30], vec![3.999; 30]].concat(),
    );
    place.done("prove keys/model.pk edge.npy");
    place.done("verify keys/model.vk edge.proof");
    assert_eq!(place.proofs_left(), 99);
}

#[test]
fn a_file_that_claims_more_values_than_it_has_takes_no_memory() {
    let place = Place::with_keys();
    let npy = |shape: &str| {
        let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}");
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        let len = u16::try_from(header.len() + 1).expect("a short header");
        bytes.extend(len.to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.push(b'\n');
        bytes.extend([0; 240]);
        bytes
    };
    place.write("honest.npy", npy("(1, 30)"));
    place.done("run keys/model.pk honest.npy");
    for shape in [
        "(1, 31)",
        "(1, 17592186044416)",
        "(4294967296, 4294967296)",
        "(99999999999999999999999, 30)",
        "(-1, 30)",
        "",
    ] {
        place.write("huge.npy", npy(shape));
        for command in TAKERS {
            place.refused(&format!("{command} keys/model.pk huge.npy"), &["huge.npy"]);
        }
    }
    let whole = npy("(1, 30)");
    for len in [0, 3, 8, 9, 20, whole.len() - 1] {
        place.write("cut.npy", &whole[..len]);
        place.refused("run keys/model.pk cut.npy", &["cut.npy", "NumPy"]);
    }
    place.write("cut.npz", b"PK\x03\x04");
    place.refused("run keys/model.pk cut.npz", &["cut.npz", "archive"]);
}

#[test]
fn names_that_the_model_does_not_have_are_refused_with_those_it_has() {
    let place = Place::new();
    for option in ["--public nobody", "--private nobody", "--sealed nobody"] {
        place.refused(
            &format!("setup model.onnx {option} -o new"),
            &["nobody", "measurements", "probabilities", "parameters"],
        );
    }
    for (option, known) in [
        ("--range nobody=0,1", "measurements"),
        ("--limit nobody=2", "batch"),
        ("--typical nobody=2", "batch"),
    ] {
        let arguments = format!("setup model.onnx {option} -o new");
        place.refused(&arguments, &["nobody", known]);
    }
    assert!(!place.path("new").exists());
}

#[test]
fn calibration_data_out_of_the_declared_range_are_refused() {
    let place = Place::new();
    place.refused(
        "setup model.onnx --calibrate calibration.npy --range measurements=-4,4 -o new",
        &["calibration.npy", "measurements", "--range", "widen"],
    );
    assert!(!place.path("new").exists());
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let place = Place::new();
    for (options, words) in [
        ("--sealed parameters", ["parameters", "not supported"]),
        (
            "--public measurements --private measurements",
            ["measurements", "twice"],
        ),
        ("--max-proofs 0", ["budget", "found 0"]),
        (
            "--max-proofs 18446744073709551615",
            ["budget", "18446744073709551615"],
        ),
        ("--range measurements=nan,1", ["range", "NaN"]),
        ("--range measurements=2,1", ["range", "2 to 1"]),
        ("--range measurements=5", ["--range", "NAME=LO,HI"]),
        ("--limit batch=0", ["batch", "found 0"]),
        ("--limit batch=many", ["--limit", "many"]),
        ("--typical batch", ["--typical", "NAME=SIZE"]),
    ] {
        let arguments = format!("setup model.onnx {options} -o new");
        place.refused(&arguments, &words);
        assert!(!place.path("new").exists(), "{options}");
    }
}
