//! Each command does what its help says, and says so in both forms.

use crate::place::Place;
use serde_json::Value;

/// That an object has positive seconds for each step, and nothing else there.
fn expect_seconds(object: &Value, steps: &[&str]) {
    let seconds = object["seconds"].as_object().expect("seconds");
    let mut found: Vec<&str> = seconds.keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, steps);
    for (step, time) in seconds {
        assert!(time.as_f64().expect("a number") > 0.0, "{step}");
    }
}

fn expect_positive(object: &Value, keys: &[&str]) {
    for key in keys {
        let value = &object[key];
        assert!(
            value.as_f64().is_some_and(|value| value > 0.0),
            "{key}: {value}"
        );
    }
}

/// That the digest is 64 hexadecimal digits.
fn expect_digest(object: &Value) -> String {
    let digest = object["model"].as_str().expect("a digest");
    assert_eq!(digest.len(), 64);
    assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    digest.to_owned()
}

fn rows(object: &Value) -> &Vec<Value> {
    object["outputs"]["probabilities"].as_array().expect("rows")
}

#[test]
fn every_command_is_documented_with_an_example() {
    let place = Place::new();
    let commands = [
        "demo", "doctor", "setup", "run", "prove", "verify", "inspect", "bench",
    ];
    for command in commands {
        let help = place.done(&format!("{command} --help")).stdout;
        assert!(help.contains("Example:"), "{help}");
        assert!(help.contains(&format!("vouch {command}")), "{help}");
        assert!(help.contains("--json"), "{help}");
    }
    assert!(place.done("--version").stdout.starts_with("vouch "));
}

#[test]
fn what_is_not_understood_ends_with_two() {
    let place = Place::new();
    for arguments in [
        "",
        "tell",
        "prove",
        "setup model.onnx --weight-bits 99",
        "bench model.onnx --repeat 0",
        "verify a b --colour",
    ] {
        let ended = place.run(arguments);
        assert_eq!(ended.code, Some(2), "{arguments}: {ended:?}");
        assert!(ended.stderr.contains("--help"), "{ended:?}");
        assert_eq!(ended.stdout, "");
    }
    let ended = place.run("prove --json");
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let object = ended.object();
    let error = object["error"].as_str().expect("a text");
    assert!(
        error.contains("required") && error.contains("<INPUT>"),
        "{error}"
    );
}

#[test]
fn the_demo_proves_verifies_and_rejects() {
    let place = Place::new();
    let report = place.done("demo").stdout;
    for part in [
        "accepted in",
        "rejected:",
        "hidden",
        "peak memory",
        "bits of proven security",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    let object = place.json("demo -o kept", 0);
    assert_eq!(object["verdict"], "accepted");
    expect_positive(&object, &["proof_bytes", "security_bits"]);
    expect_digest(&object);
    assert!(
        object["accuracy"]["probabilities"]["top1"]
            .as_f64()
            .expect("a share")
            >= 0.995
    );
    let right = object["test_accuracy"]["right"].as_f64().expect("a count");
    assert!(right / object["test_accuracy"]["of"].as_f64().expect("a count") > 0.9);
    // What it kept is what the other commands take.
    place.done("verify kept/model.vk kept/patient.proof");
    place.done("prove kept/model.pk patient.json -o again.proof");
    place.refused("demo -o kept", &["kept/model.pk", "-o"]);
}

#[test]
fn the_doctor_tells_what_a_proof_would_cost() {
    let place = Place::new();
    let report = place.done("doctor model.onnx").stdout;
    assert!(report.contains("model.onnx is supported"), "{report}");
    assert!(report.contains("memory"), "{report}");
    let object = place.json("doctor model.onnx --calibrate calibration.npy", 0);
    assert_eq!(object["supported"], true);
    assert_eq!(object["unsupported"], serde_json::json!([]));
    expect_positive(
        &object["estimate"],
        &["seconds", "peak_bytes", "witness", "parameters"],
    );
    expect_seconds(&object, &["diagnose", "read"]);
}

#[test]
fn the_doctor_says_no_to_a_model_that_is_not_supported() {
    let place = Place::new();
    let mut model = place.read("model.onnx");
    let names: Vec<usize> = { model.windows(4).enumerate() }
        .filter_map(|(at, window)| (window == b"Relu").then_some(at))
        .collect();
    assert!(!names.is_empty());
    for at in names {
        model[at..at + 4].copy_from_slice(b"Rely");
    }
    place.write("other.onnx", &model);
    let object = place.json("doctor other.onnx", 1);
    assert_eq!(object["supported"], false);
    let found = object["unsupported"].as_array().expect("nodes");
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|node| node["operator"] == "Rely"));
    let ended = place.run("doctor other.onnx");
    assert_eq!(ended.code, Some(1));
    assert!(
        ended.stdout.contains("is not supported"),
        "{}",
        ended.stdout
    );
    // Other commands have nothing to do.
    place.refused("setup other.onnx -o new", &["2 of", "Rely"]);
}

#[test]
fn keys_and_proofs_pass_from_command_to_command() {
    let place = Place::new();
    let object = place.json("setup model.onnx --calibrate calibration.npy -o keys", 0);
    let digest = expect_digest(&object);
    expect_seconds(&object, &["read", "setup", "write"]);
    expect_positive(&object["key_bytes"], &["proving", "verifying"]);
    assert!(
        object["accuracy"]["probabilities"]["top1"]
            .as_f64()
            .expect("a share")
            >= 0.995
    );

    let object = place.json("run keys/model.pk patient.json -o output.json", 0);
    expect_seconds(&object, &["execute", "float", "load"]);
    let error = object["accuracy"]["probabilities"]["max_error"].as_f64();
    assert!(error.expect("a number") < 1e-2, "{object}");
    let outputs = object["outputs"].clone();
    let written: Value = serde_json::from_slice(&place.read("output.json")).expect("JSON");
    assert_eq!(written, outputs);

    let object = place.json("prove keys/model.pk patient.json", 0);
    assert_eq!(object["outputs"], outputs);
    assert_eq!(object["proofs_left"], 99);
    let proof_bytes = place.read("patient.proof").len();
    assert_eq!(object["proof_bytes"], proof_bytes);
    expect_seconds(&object, &["load", "prove"]);
    assert!(object["security_bits"].as_f64().expect("bits") >= 100.0);

    let verify =
        format!("verify keys/model.vk patient.proof --output output.json --model {digest}");
    let object = place.json(&verify, 0);
    assert_eq!(object["verdict"], "accepted");
    assert_eq!(object["outputs"], outputs);
    assert_eq!(object["inputs"], serde_json::json!({}));
    assert_eq!(object["proof_bytes"], proof_bytes);
    assert_eq!(expect_digest(&object), digest);
    assert!(object["security_bits"].as_f64().expect("bits") >= 100.0);
    expect_seconds(&object, &["load", "verify"]);
    let report = place.done(&verify).stdout;
    assert!(report.starts_with("Accepted"), "{report}");
    assert!(report.contains(&format!("model {digest}")), "{report}");

    for (file, kind) in [("keys/model.pk", "proving"), ("keys/model.vk", "verifying")] {
        let object = place.json(&format!("inspect {file} --security"), 0);
        assert_eq!(expect_digest(&object), digest);
        assert_eq!(object["key_bytes"][kind], place.read(file).len());
        assert_eq!(
            object["parameters"],
            30 * 32 + 32 + 32 * 16 + 16 + 16 * 2 + 2
        );
        let account = object["security_account"].as_str().expect("a table");
        assert!(account.contains("opening: positions"), "{account}");
        let report = place.done(&format!("inspect {file} --security")).stdout;
        assert!(report.contains("Security account"), "{report}");
        assert!(report.contains("measurements"), "{report}");
    }
    let object = place.json("inspect patient.proof", 0);
    assert_eq!(expect_digest(&object), digest);
    assert_eq!(object["proof_bytes"], proof_bytes);
    assert_eq!(object["symbols"], serde_json::json!([1]));
    assert_eq!(object["public_shapes"], serde_json::json!([[1, 2]]));
    let report = place.done("inspect patient.proof").stdout;
    assert!(report.contains("vouch verify"), "{report}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_peak_of_memory_is_told() {
    let place = Place::with_proof();
    for arguments in [
        "doctor model.onnx",
        "run keys/model.pk patient.json",
        "prove keys/model.pk patient.json",
        "verify keys/model.vk patient.proof",
    ] {
        expect_positive(&place.json(arguments, 0), &["peak_bytes"]);
    }
}

#[test]
fn one_key_proves_batches_of_any_size() {
    let place = Place::with_keys();
    let patient = place.patient();
    for count in [1, 2, 5] {
        place.write_npy("batch.npy", [count, 30], patient.repeat(count));
        let proved = place.json("prove keys/model.pk batch.npy -o batch.proof", 0);
        assert_eq!(rows(&proved).len(), count);
        let verified = place.json("verify keys/model.vk batch.proof", 0);
        assert_eq!(rows(&verified), rows(&proved));
        let report = place.done("verify keys/model.vk batch.proof").stdout;
        assert!(report.contains(&format!("batch = {count}")), "{report}");
    }
}

#[test]
fn a_limit_of_the_batch_is_held() {
    let place = Place::new();
    place.setup("--limit batch=2 --typical batch=2 -o keys");
    let patient = place.patient();
    place.write_npy("two.npy", [2, 30], patient.repeat(2));
    place.write_npy("three.npy", [3, 30], patient.repeat(3));
    place.done("prove keys/model.pk two.npy");
    place.refused(
        "prove keys/model.pk three.npy",
        &["three.npy", "batch", "2", "3"],
    );
    assert_eq!(place.proofs_left(), 99);
}

#[test]
fn every_form_of_input_gives_the_same_outputs() {
    let place = Place::with_keys();
    let patient = place.patient();
    let flat = serde_json::json!({ "input_data": [patient] });
    let nested = serde_json::json!({ "input_data": [[patient]] });
    place.write("flat.json", flat.to_string());
    place.write("nested.json", nested.to_string());
    place.write_npy("patient.npy", [1, 30], patient.clone());
    let file = std::fs::File::create(place.path("patient.npz")).expect("a file");
    let mut archive = ndarray_npy::NpzWriter::new(file);
    let array = ndarray::Array2::from_shape_vec([1, 30], patient).expect("an array");
    archive.add_array("measurements", &array).expect("an entry");
    archive.finish().expect("an archive");
    let expected = place.json("run keys/model.pk patient.json", 0)["outputs"].clone();
    for name in ["flat.json", "nested.json", "patient.npy", "patient.npz"] {
        let object = place.json(&format!("run keys/model.pk {name}"), 0);
        assert_eq!(object["outputs"], expected, "{name}");
    }
    place.done("prove keys/model.pk flat.json -o flat.proof");
    // Outputs come in the same forms, which `verify` takes back.
    for name in ["out.json", "out.npy", "out.npz"] {
        place.done(&format!("run keys/model.pk patient.json -o {name}"));
        place.done(&format!("verify keys/model.vk flat.proof --output {name}"));
    }
}

#[test]
fn a_public_input_is_shown_and_compared() {
    let place = Place::new();
    place.setup("--public measurements -o keys");
    place.done("prove keys/model.pk patient.json");
    let object = place.json("verify keys/model.vk patient.proof --input patient.json", 0);
    let shown = object["inputs"]["measurements"][0]
        .as_array()
        .expect("a row");
    for (shown, given) in shown.iter().zip(place.patient()) {
        assert!((shown.as_f64().expect("a number") - given).abs() < 1e-3);
    }
    let mut other = place.patient();
    other[7] += 0.5;
    place.write_npy("other.npy", [1, 30], other);
    place.rejected(
        "verify keys/model.vk patient.proof --input other.npy",
        &["measurements", "7"],
    );
    place.write_npy("two.npy", [2, 30], place.patient().repeat(2));
    place.rejected(
        "verify keys/model.vk patient.proof --input two.npy",
        &["measurements", "[1, 30]", "[2, 30]"],
    );
}

#[test]
fn public_parameters_need_no_budget() {
    let place = Place::new();
    place.setup("--public parameters -o keys");
    let object = place.json("prove keys/model.pk patient.json", 0);
    assert_eq!(object.get("proofs_left"), None);
    place.done("verify keys/model.vk patient.proof");
    let report = place.done("inspect keys/model.vk").stdout;
    assert!(report.contains("tensors, public"), "{report}");
}

#[test]
fn a_hidden_output_is_not_in_what_the_verifier_sees() {
    let place = Place::new();
    place.setup("--private probabilities -o keys");
    let object = place.json("prove keys/model.pk patient.json", 0);
    assert_eq!(object["outputs"], serde_json::json!({}));
    let object = place.json("verify keys/model.vk patient.proof", 0);
    assert_eq!(object["outputs"], serde_json::json!({}));
    place.done("run keys/model.pk patient.json -o output.json");
    place.refused(
        "verify keys/model.vk patient.proof --output output.json",
        &["--output", "no public output"],
    );
}

#[test]
fn a_sealed_input_leaves_a_seal_that_is_never_replaced() {
    let place = Place::new();
    place.setup("--sealed measurements -o keys");
    place.done("prove keys/model.pk patient.json -o a.proof");
    for name in ["a.measurements.sealed", "a.measurements.seal"] {
        assert!(place.path(name).is_file(), "{name}");
    }
    let report = place.done("verify keys/model.vk a.proof").stdout;
    assert!(report.contains("sealed measurements:"), "{report}");
    let (secret, left) = (place.read("a.measurements.sealed"), place.proofs_left());
    place.refused(
        "prove keys/model.pk patient.json -o a.proof",
        &["measurements", "a.measurements.seal", "-o"],
    );
    assert_eq!(place.read("a.measurements.sealed"), secret);
    assert_eq!(place.proofs_left(), left);
    let seal = place.json("inspect a.measurements.seal", 0)["seal"].clone();
    let object = place.json("inspect a.proof", 0);
    assert_eq!(object["seals"], serde_json::json!([seal]));
    assert!(
        report.contains(seal.as_str().expect("a digest")),
        "{report}"
    );
    place.refused(
        "inspect a.measurements.sealed",
        &["a.measurements.sealed", "the secret side of a seal"],
    );
}

#[test]
fn a_trusted_key_is_remembered() {
    let place = Place::with_proof();
    let verify = "verify keys/model.vk patient.proof --trusted trusted";
    place.done(verify);
    let entries = std::fs::read_dir(place.path("trusted")).expect("a folder");
    assert_eq!(entries.count(), 1);
    place.done(verify);
}

#[test]
fn bench_measures_every_step() {
    let place = Place::new();
    let object = place.json("bench model.onnx patient.json --repeat 2", 0);
    expect_seconds(
        &object,
        &[
            "certificate",
            "execute",
            "load",
            "prove",
            "read",
            "setup",
            "verify",
            "write",
        ],
    );
    expect_positive(&object, &["proof_bytes", "security_bits"]);
    expect_positive(&object["key_bytes"], &["verifying"]);
    expect_digest(&object);
    let report = place.done("bench model.onnx --repeat 1").stdout;
    for step in ["setup", "prove", "verify", "proof"] {
        assert!(report.contains(step), "{report}");
    }
    // It measures, and keeps nothing.
    assert_eq!(place.names(), Place::new().names());
}
