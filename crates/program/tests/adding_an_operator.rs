//! Follows the book's chapter "Adding an operator" in a copy of the sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Copies a folder, but for what builds and version control make.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let (path, name) = (entry.path(), entry.file_name());
        if path.is_dir() {
            copy(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).expect("a copy");
        }
    }
}

/// A block of the chapter: the file that the text before it names, its kind, its lines.
struct Block {
    file: PathBuf,
    kind: String,
    lines: Vec<String>,
}

fn blocks(chapter: &str) -> Vec<Block> {
    let (mut blocks, mut file) = (Vec::new(), None);
    let mut lines = chapter.lines();
    while let Some(line) = lines.next() {
        if let Some(kind) = line.strip_prefix("```") {
            let body: Vec<String> = { lines.by_ref() }
                .take_while(|line| *line != "```")
                .map(String::from)
                .collect();
            if let Some(file) = file.take() {
                let kind = kind.to_owned();
                blocks.push(Block {
                    file,
                    kind,
                    lines: body,
                });
            }
        } else if let Some(named) = line.strip_suffix("`:") {
            file = named.rsplit('`').next().map(PathBuf::from);
        }
    }
    blocks
}

/// Puts the lines marked with `+` behind those before them, which the text must have in this order.
fn insert(text: &str, lines: &[String]) -> String {
    let (mut done, mut rest) = (String::new(), text);
    for line in lines {
        match line.split_at(1) {
            ("+", added) => {
                done.push_str(added);
                done.push('\n');
            }
            (_, found) => {
                let found = format!("{found}\n");
                let whole = format!("\n{found}");
                let at = rest.find(&whole).map(|at| at + 1);
                let at = at.unwrap_or_else(|| panic!("no line {found:?} in the rest of the file"));
                let (before, after) = rest.split_at(at + found.len());
                done.push_str(before);
                rest = after;
            }
        }
    }
    done + rest
}

#[test]
fn the_chapter_leads_to_an_operator_that_passes_its_tests() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let copied = target.join("adding_an_operator");
    if copied.exists() {
        fs::remove_dir_all(&copied).expect("an empty place");
    }
    for folder in ["crates", "apps", "examples"] {
        copy(&workspace().join(folder), &copied.join(folder));
    }
    for file in ["Cargo.toml", "Cargo.lock", "README.md"] {
        fs::copy(workspace().join(file), copied.join(file)).expect("a copy");
    }

    let chapter = workspace().join("book/src/adding-an-operator.md");
    let chapter = fs::read_to_string(chapter).expect("the chapter");
    let section = chapter.split("### An example").nth(1).expect("the example");
    let blocks = blocks(section);
    assert_eq!(blocks.len(), 4, "two new files, and lines in two others");
    for block in &blocks {
        let path = copied.join(&block.file);
        let text = if block.kind == "diff" {
            insert(&fs::read_to_string(&path).expect("a file"), &block.lines)
        } else {
            assert!(!path.exists(), "{path:?} is there already");
            block.lines.join("\n") + "\n"
        };
        fs::write(&path, text).expect("a written file");
    }

    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(&copied).args([
        "test",
        "--offline",
        "--locked",
        "--package",
        "program",
        "--lib",
    ]);
    cargo
        .arg("--target-dir")
        .arg(target.parent().expect("the target folder"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.args(["--", "operator::"]).output().expect("cargo");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}\n{err}");
    let test = "operator::tests::parity::a_half_that_works_only_modulo_the_field_is_refused ... ok";
    assert!(out.contains(test), "{out}");
}
