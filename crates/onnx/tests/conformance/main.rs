//! Runs the node tests of the ONNX standard: every case through the importer, the integer program and its
//! relations; prints what each case came to, and writes a table.
//!
//! ```text
//! python bench/conformance/export.py CASES
//! cargo test --release --test conformance -- CASES book/src/conformance.md
//! ```
//!
//! Without a folder it runs the cases beside it, which must all be right: some of these, and nodes that tract reads in
//! another way than ONNX Runtime (`runtime.py`).

mod case;
#[path = "../common/mod.rs"]
mod common;

use case::{Case, Outcome};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How the cases of an operator ended.
#[derive(Default)]
struct Row {
    right: usize,
    wrong: usize,
    refused: usize,
    without: usize,
    reasons: BTreeMap<String, Vec<String>>,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    // Anything else is a filter for other tests.
    let given = arguments
        .next()
        .map(PathBuf::from)
        .filter(|path| path.is_dir());
    let table = arguments.next().filter(|_| given.is_some());
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/conformance");
    let must_be_right = given.is_none();
    let folders = given.map_or_else(
        || ["cases", "runtime"].map(|name| own.join(name)).to_vec(),
        |given| vec![given],
    );
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (name, case) in folders.iter().flat_map(|folder| cases(folder)) {
        let row = rows.entry(family(&name, &case)).or_default();
        let (count, label, reason) = match outcome(&case) {
            Ok(Outcome::Right(error)) => (&mut row.right, "right", format!("{error:.1e}")),
            Ok(Outcome::Wrong(reason)) => (&mut row.wrong, "WRONG", reason),
            Ok(Outcome::Refused(reason)) => (&mut row.refused, "refused", reason),
            Err(reason) => (&mut row.without, "without", reason),
        };
        *count += 1;
        println!("{label:8} {name}: {}", short(&reason));
        if label != "right" {
            let entry = row.reasons.entry(short(&reason)).or_default();
            entry.push(name);
        }
    }
    let text = report(&rows);
    println!("{}", text.lines().nth(6).unwrap_or_default());
    if let Some(path) = table {
        std::fs::write(path, text).expect("the table");
    }
    let all_right = rows.values().all(|row| row.reasons.is_empty());
    if all_right || !must_be_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn cases(folder: &Path) -> Vec<(String, Case)> {
    let entries = std::fs::read_dir(folder).expect("the folder");
    let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut paths: Vec<PathBuf> = paths
        .filter(|path| path.join("case.json").is_file())
        .collect();
    paths.sort();
    let name = |path: &Path| {
        path.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    };
    let case = |path: PathBuf| (name(&path).unwrap_or_default(), Case::read(&path));
    paths.into_iter().map(case).collect()
}

/// The operator that a case is about: the one of its graph, or that whose expansion it is.
fn family(name: &str, case: &Case) -> String {
    match &case.operators[..] {
        [only] => only.clone(),
        _ => {
            let stem = name.strip_prefix("test_").unwrap_or(name);
            let end = if stem.contains("_expanded") {
                " (expanded)"
            } else {
                ""
            };
            format!("{}{end}", stem.split('_').next().unwrap_or(stem))
        }
    }
}

fn outcome(case: &Case) -> Result<Outcome, String> {
    match &case.skip {
        Some(reason) => Err(reason.clone()),
        None => Ok(case.run()),
    }
}

/// The first words of a reason, without what differs from case to case.
fn short(reason: &str) -> String {
    let line = reason.lines().next().unwrap_or_default();
    let line = line.replace('|', "/");
    line.chars().take(220).collect()
}

fn report(rows: &BTreeMap<String, Row>) -> String {
    let sum = |count: fn(&Row) -> usize| rows.values().map(count).sum::<usize>();
    let (right, wrong, refused) = (
        sum(|row| row.right),
        sum(|row| row.wrong),
        sum(|row| row.refused),
    );
    let without = sum(|row| row.without);
    let mut text = String::from(
        "# Conformance\n\nThe ONNX package tests every operator with small graphs. Each goes through importer, integer program and\n\
         relations here; outputs that are integers, or levels of a quantised tensor, must be equal, others within 0.2 % of\n\
         the largest and four units of the last bit. `bench/conformance/export.py` and the test `conformance` of crate `onnx` make this table.\n\n",
    );
    let all = right + wrong + refused;
    let _ = writeln!(
        text,
        "Of {} cases {without} are not about finite tensors of numbers. Of the other {all}, **{right}** pass, {refused} are refused with a reason, {wrong} differ.\n",
        all + without
    );
    text.push_str(
        "| operator | pass | refused | differ | not numbers |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, row) in rows {
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} |",
            row.right, row.refused, row.wrong, row.without
        );
    }
    text.push_str("\n## What does not pass, and why\n\n");
    for (name, row) in rows {
        for (reason, cases) in &row.reasons {
            let first = cases.first().map_or("", String::as_str);
            let more = match cases.len() {
                1 => String::new(),
                count => format!(" and {} more", count - 1),
            };
            // A reason may hold type parameters, which are no tags.
            let reason = reason.replace('<', "\\<");
            let _ = writeln!(text, "- {name}, `{first}`{more}: {reason}");
        }
    }
    text
}
