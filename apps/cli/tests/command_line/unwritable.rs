//! Where nothing can be written, nothing is: no proof of the budget is spent, and nothing half-written is left.

use crate::place::{Ended, Place};

#[test]
fn a_proof_that_cannot_be_written_is_not_made() {
    let place = Place::with_keys();
    let names = place.names();
    for (path, word) in [
        ("nowhere/a.proof", "nowhere/a.proof"),
        ("patient.json/a.proof", "patient.json/a.proof"),
        ("keys", "folder"),
        ("patient.json", "overwrite"),
        ("keys/model.pk", "overwrite"),
    ] {
        place.refused(
            &format!("prove keys/model.pk patient.json -o {path}"),
            &[path, word],
        );
    }
    assert_eq!(place.names(), names);
    assert_eq!(place.proofs_left(), 100);
}

#[cfg(unix)]
#[test]
fn a_device_is_not_replaced_by_a_proof() {
    let place = Place::with_keys();
    // A socket stands for whatever is neither file nor folder.
    let _socket = std::os::unix::net::UnixListener::bind(place.path("device")).expect("a socket");
    for command in ["prove", "run"] {
        place.refused(
            &format!("{command} keys/model.pk patient.json -o device"),
            &["device"],
        );
    }
    assert!(place.names().contains(&"device".to_owned()));
    assert_eq!(place.proofs_left(), 100);
}

#[test]
fn outputs_that_cannot_be_written_are_named() {
    let place = Place::with_keys();
    for path in ["nowhere/out.json", "keys"] {
        place.refused(
            &format!("run keys/model.pk patient.json -o {path}"),
            &[path],
        );
    }
    place.refused(
        "run keys/model.pk patient.json -o out.csv",
        &["out.csv", ".npy, .npz or .json"],
    );
    place.refused("setup model.onnx -o patient.json", &["patient.json"]);
    place.refused("demo -o patient.json", &["patient.json"]);
}

#[test]
fn keys_are_not_replaced() {
    let place = Place::with_keys();
    let key = place.read("keys/model.pk");
    place.refused("setup model.onnx -o keys", &["keys/model.pk", "-o"]);
    assert_eq!(place.read("keys/model.pk"), key);
    std::fs::remove_file(place.path("keys/model.pk")).expect("a key");
    place.refused("setup model.onnx -o keys", &["keys/model.pk.count", "-o"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_read_only_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_keys();
    let folder = place.path("locked");
    std::fs::create_dir(&folder).expect("a folder");
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(&folder, mode(0o555)).expect("permissions");
    if std::fs::write(folder.join("probe"), "").is_ok() {
        eprintln!("SKIPPED: this user may write to read-only folders, as the superuser does");
        return;
    }
    for arguments in [
        "prove keys/model.pk patient.json -o locked/a.proof",
        "run keys/model.pk patient.json -o locked/a.json",
        "setup model.onnx -o locked",
        "setup model.onnx -o locked/new",
        "demo -o locked",
    ] {
        place.refused(arguments, &["locked", "ermission denied"]);
    }
    assert_eq!(place.proofs_left(), 100);
    std::fs::set_permissions(&folder, mode(0o755)).expect("permissions");
}

/// Runs the program where no file may grow beyond some kilobytes, as on a disk that is full.
#[cfg(unix)]
fn run_short_of_space(place: &Place, before: &str, arguments: &str) -> Ended {
    let script = format!("{before} ulimit -f 16; exec \"$0\" \"$@\"");
    let mut command = assert_cmd::Command::new("sh");
    command
        .current_dir(place.path("."))
        .args(["-c", &script])
        .arg(assert_cmd::cargo::cargo_bin("vouch"))
        .args(arguments.split_whitespace());
    Ended::of(&mut command)
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_nothing_half_written() {
    let place = Place::with_keys();
    let names = place.names();
    let prove = "prove keys/model.pk patient.json";
    // Writing fails, with nobody killed.
    let ended = run_short_of_space(&place, "trap '' XFSZ;", prove);
    ended.expect_refusal(prove, &["patient.proof"]);
    assert_eq!(place.names(), names);
    // The proof was made, so it counts.
    assert_eq!(place.proofs_left(), 99);
    let setup = "setup model.onnx -o new";
    let ended = run_short_of_space(&place, "trap '' XFSZ;", setup);
    ended.expect_refusal(setup, &["new/model.pk"]);
    assert!(!place.path("new/model.pk").exists());
    assert!(!place.path("new/model.vk").exists());
    // What was there before is still there.
    place.done(prove);
    let proof = place.read("patient.proof");
    let ended = run_short_of_space(&place, "trap '' XFSZ;", prove);
    ended.expect_refusal(prove, &["patient.proof"]);
    assert_eq!(place.read("patient.proof"), proof);
}

#[cfg(unix)]
#[test]
fn a_prover_that_is_killed_while_it_writes_leaves_no_part_of_a_proof() {
    let place = Place::with_keys();
    // The system kills who writes beyond the limit.
    let ended = run_short_of_space(&place, "", "prove keys/model.pk patient.json");
    assert_eq!(ended.code, None, "{ended:?}");
    assert!(!place.path("patient.proof").exists());
    assert_eq!(place.proofs_left(), 99);
    place.done("prove keys/model.pk patient.json");
    place.done("verify keys/model.vk patient.proof");
}
