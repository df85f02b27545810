//! A folder with the example's files, in which the program runs.

use assert_cmd::Command;
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The files of the example that tests use.
const FILES: [&str; 4] = [
    "model.onnx",
    "calibration.npy",
    "patient.json",
    "test_inputs.npy",
];

/// How `setup` makes the keys of most tests.
const SETUP: &str = "setup model.onnx --calibrate calibration.npy";

/// A folder that vanishes with the test.
pub struct Place(TempDir);

/// How a run ended, and what it printed.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    /// A folder with the example's files.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/breast_cancer");
        for name in FILES {
            std::fs::copy(example.join(name), folder.path().join(name)).expect("an example's file");
        }
        Self(folder)
    }

    /// A folder with the example's files, and keys in `keys`.
    pub fn with_keys() -> Self {
        let place = Self::new();
        place.setup("-o keys");
        place
    }

    /// A folder with keys in `keys` and a proof in `patient.proof`.
    pub fn with_proof() -> Self {
        let place = Self::with_keys();
        place.done("prove keys/model.pk patient.json");
        place
    }

    /// Makes keys with more options.
    pub fn setup(&self, options: &str) -> Ended {
        self.done(&format!("{SETUP} {options}"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).expect(name);
    }

    /// Writes a NumPy file of one shape.
    pub fn write_npy(&self, name: &str, shape: [usize; 2], data: Vec<f64>) {
        let array = ndarray::Array2::from_shape_vec(shape, data).expect("an array");
        ndarray_npy::write_npy(self.path(name), &array).expect(name);
    }

    /// The patient's measurements.
    pub fn patient(&self) -> Vec<f64> {
        let value: Value = serde_json::from_slice(&self.read("patient.json")).expect("JSON");
        serde_json::from_value(value["measurements"][0].clone()).expect("numbers")
    }

    /// All names in the folder, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            let name = entry.expect("an entry").file_name();
            name.into_string().expect("a name")
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// Proofs that `keys/model.pk` can still make.
    pub fn proofs_left(&self) -> u64 {
        let object = self.json("inspect keys/model.pk", 0);
        object["proofs_left"].as_u64().expect("a count")
    }

    /// The program with arguments that have no blanks.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::cargo_bin("vouch").expect("the program");
        command
            .current_dir(self.0.path())
            .args(arguments.split_whitespace());
        command
    }

    /// Runs the program.
    pub fn run(&self, arguments: &str) -> Ended {
        Ended::of(&mut self.command(arguments))
    }

    /// Runs the program, which has to end well and to report something.
    pub fn done(&self, arguments: &str) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code, Some(0), "{arguments}: {ended:?}");
        assert!(!ended.stdout.is_empty(), "{arguments}");
        assert_eq!(ended.stderr, "", "{arguments}");
        ended
    }

    /// Runs the program with `--json`, which has to print one object and nothing else.
    pub fn json(&self, arguments: &str, code: i32) -> Value {
        let ended = self.run(&format!("{arguments} --json"));
        assert_eq!(ended.code, Some(code), "{arguments}: {ended:?}");
        assert_eq!(ended.stderr, "", "{arguments}");
        ended.object()
    }

    /// Runs the program, which has to reject, in both forms, for a reason that says all of `words`.
    pub fn rejected(&self, arguments: &str, words: &[&str]) {
        let object = self.json(arguments, 1);
        assert_eq!(object["verdict"], "rejected", "{arguments}");
        let reason = object["reason"].as_str().expect("a reason").to_owned();
        for word in words {
            assert!(reason.contains(word), "{arguments}: {word:?} in {reason}");
        }
        let plain = self.run(arguments);
        assert_eq!(plain.code, Some(1), "{arguments}: {plain:?}");
        assert!(plain.stdout.contains(&reason), "{arguments}: {plain:?}");
    }

    /// Runs the program, which has to refuse, in both forms, with a sentence that says all of `words`.
    pub fn refused(&self, arguments: &str, words: &[&str]) {
        let plain = self.run(arguments);
        plain.expect_refusal(arguments, words);
        assert_eq!(plain.stdout, "", "{arguments}");
        let json = self.run(&format!("{arguments} --json"));
        json.expect_refusal(arguments, words);
        let error = json.object()["error"].as_str().expect("a text").to_owned();
        assert_eq!(json.stderr.trim_end(), format!("error: {error}"));
    }
}

impl Ended {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        let output = command.output().expect("a process");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The one JSON object on standard output.
    pub fn object(&self) -> Value {
        let value: Value = serde_json::from_str(&self.stdout).expect("one JSON value");
        assert!(value.is_object(), "{value}");
        value
    }

    /// That the program ended with 2 and one sentence on standard error: no panic, no backtrace.
    pub fn expect_refusal(&self, arguments: &str, words: &[&str]) {
        assert_eq!(self.code, Some(2), "{arguments}: {self:?}");
        assert!(self.stderr.starts_with("error: "), "{arguments}: {self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{arguments}: {self:?}");
        assert!(!self.stderr.contains("panicked"), "{arguments}: {self:?}");
        for word in words {
            let says = self.stderr.contains(word);
            assert!(says, "{arguments}: {word:?} in {}", self.stderr);
        }
    }
}
