//! Keys in files, their budgets and their certificates.

mod common;

use common::*;
use std::sync::LazyLock;
use vouch::{
    Expected, FormatError, Options, Proof, ProveError, ProvingKey, ProvingKeyError, Rejected,
    Trusted, VerifyingKey,
};

static KEY: LazyLock<ProvingKey> = LazyLock::new(|| key(Seen(PRIVATE, PRIVATE, PUBLIC)));

fn few(max_proofs: usize) -> ProvingKey {
    let values = parameters();
    let options = Options {
        max_proofs,
        ..options()
    };
    let program = network(Seen(PRIVATE, PRIVATE, PUBLIC), &values);
    ProvingKey::generate(program, values, &options).expect("a key")
}

#[test]
fn stored_keys_prove_and_verify_and_count_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (pk, vk) = (
        folder.path().join("model.pk"),
        folder.path().join("model.vk"),
    );
    let key = few(2);
    key.prove(&inputs(1)).expect("the first proof");
    key.save(&pk).expect("stored");
    key.verifying_key().save(&vk).expect("stored");
    drop(key);
    let key = ProvingKey::load(&pk).expect("a key");
    assert_eq!(key.proofs_left().expect("a count"), Some(1));
    let path = folder.path().join("a.proof");
    { key.prove(&inputs(3)).expect("the second proof").proof }
        .save(&path)
        .expect("stored");
    drop(key);
    let key = ProvingKey::load(&pk).expect("a key");
    let refused = key.prove(&inputs(1)).expect_err("the third proof");
    assert!(matches!(refused, ProveError::Budget(_)), "{refused}");
    assert!(
        refused
            .to_string()
            .contains("all 2 proofs of this key are spent")
    );
    let vk = VerifyingKey::load(&vk).expect("a key");
    let proof = Proof::load(&path).expect("a proof");
    assert!(vk.verify(&proof, &Expected::default()).is_ok());
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("a folder")
        .collect();
    assert_eq!(
        left.len(),
        4,
        "key, counter, verifying key, proof, and nothing half written"
    );
}

#[test]
fn a_key_is_stored_in_one_place_and_needs_its_counter() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let key = few(1);
    key.save(path("a.pk")).expect("stored");
    assert!(matches!(
        key.save(path("b.pk")),
        Err(ProvingKeyError::Counter(_))
    ));
    assert!(matches!(
        few(1).save(path("a.pk")),
        Err(ProvingKeyError::Counter(_))
    ));
    std::fs::rename(path("a.pk"), path("c.pk")).expect("renamed");
    let error = ProvingKey::load(path("c.pk")).expect_err("no counter");
    assert!(matches!(error, ProvingKeyError::Counter(_)), "{error}");
}

#[test]
fn a_proving_key_with_other_parameters_or_randomness_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.pk");
    let key = few(1);
    key.save(&path).expect("stored");
    let bytes = std::fs::read(&path).expect("bytes");
    // The last byte is one of the randomness; parameters lie before it, after the verifying key.
    let vk = key.verifying_key().to_bytes();
    let first = bytes.windows(vk.len()).position(|window| window == vk);
    let parameter = first.expect("the verifying key") + vk.len() + 8;
    for at in [parameter, bytes.len() - 1, bytes.len() - 1000] {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        std::fs::write(&path, changed).expect("written");
        assert!(ProvingKey::load(&path).is_err(), "byte {at}");
    }
    std::fs::write(&path, &bytes).expect("written");
    assert!(ProvingKey::load(&path).is_ok());
}

/// The parts of a verifying key's file: header, body without certificate, certificate.
fn certificate(vk: &VerifyingKey, bytes: &[u8]) -> std::ops::Range<usize> {
    // The body ends with the certificate's length, in base 128, and its bytes.
    let _ = vk;
    let mut start = 42;
    loop {
        start += 1;
        let (mut len, mut at, mut shift) = (0usize, start, 0);
        while at < bytes.len() && shift < 28 {
            len |= usize::from(bytes[at] & 0x7f) << shift;
            shift += 7;
            at += 1;
            if bytes[at - 1] & 0x80 == 0 {
                break;
            }
        }
        if len > 10_000 && at + len == bytes.len() && bytes[start - 1] == 1 {
            return start..bytes.len();
        }
    }
}

#[test]
fn a_certificate_of_another_key_is_rejected() {
    let proof = KEY.prove(&inputs(1)).expect("a proof").proof;
    let own = KEY.verifying_key().to_bytes();
    let other = few(8);
    let foreign = other.verifying_key().to_bytes();
    let (at, from) = (
        certificate(KEY.verifying_key(), &own),
        certificate(other.verifying_key(), &foreign),
    );
    let spliced = [&own[..at.start], &foreign[from]].concat();
    let vk = VerifyingKey::from_bytes(&spliced).expect("well formed");
    let rejected = vk.verify(&proof, &Expected::default());
    assert!(
        matches!(rejected, Err(Rejected::Certificate(_))),
        "{rejected:?}"
    );
    // The twin: the same bytes with their own certificate.
    let vk = VerifyingKey::from_bytes(&own).expect("well formed");
    assert!(vk.verify(&proof, &Expected::default()).is_ok());
    // Without one it is no key at all.
    let mut without = own[..at.start].to_vec();
    without[at.start - 1] = 0;
    let vk = VerifyingKey::from_bytes(&without).expect("well formed");
    let rejected = vk.verify(&proof, &Expected::default());
    assert!(
        matches!(rejected, Err(Rejected::Certificate(_))),
        "{rejected:?}"
    );
}

#[test]
fn a_certificate_is_remembered_where_it_is_told_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let trusted = Trusted::at(folder.path().join("trusted"));
    let bytes = KEY.verifying_key().to_bytes();
    let at = certificate(KEY.verifying_key(), &bytes);
    let mut spoiled = bytes.clone();
    spoiled[at.end - 1] ^= 1;
    let spoiled = || VerifyingKey::from_bytes(&spoiled);
    let check = |key: VerifyingKey, trusted| key.check_certificate(trusted).is_ok();
    let key = VerifyingKey::from_bytes(&bytes).expect("a key");
    // A spoiled certificate is rejected, unless the key's was verified before: it is the key that is trusted.
    assert!(spoiled().is_err() || !check(spoiled().expect("a key"), Some(&trusted)));
    assert!(check(key, Some(&trusted)));
    if let Ok(key) = spoiled() {
        assert!(check(key.clone(), Some(&trusted)));
        assert!(!check(key, None));
    }
    // What is in the folder for another key, or cut short, counts for nothing.
    for entry in std::fs::read_dir(folder.path().join("trusted")).expect("a folder") {
        std::fs::write(entry.expect("a file").path(), b"").expect("written");
    }
    if let Ok(key) = spoiled() {
        assert!(!check(key, Some(&trusted)));
    }
}

#[test]
fn a_parameter_outside_of_its_interval_has_no_key() {
    let mut values = parameters();
    let mut weights = values[0].to_i64s();
    weights[3] = 64;
    let tensor = vouch::program::Tensor::from_i64s(values[0].shape.clone(), weights);
    values[0] = tensor.expect("a tensor").into();
    let program = network(Seen(PRIVATE, PRIVATE, PUBLIC), &values);
    let error = ProvingKey::generate(program, values, &options()).expect_err("no key");
    assert!(error.to_string().contains("found 64"), "{error}");
}

#[test]
fn options_out_of_range_are_refused() {
    for options in [
        Options {
            max_proofs: 0,
            ..options()
        },
        Options {
            sealed_proofs: 0,
            ..options()
        },
        Options {
            security_bits: 99,
            ..options()
        },
        Options {
            security_bits: 500,
            ..options()
        },
        Options {
            limits: [("batch".into(), 0)].into(),
            ..options()
        },
        Options {
            typical: [("rows".into(), 1)].into(),
            ..options()
        },
    ] {
        let values = parameters();
        let program = network(Seen(PRIVATE, PRIVATE, PUBLIC), &values);
        assert!(
            ProvingKey::generate(program, values, &options).is_err(),
            "{options:?}"
        );
    }
}

#[test]
fn files_of_another_kind_or_version_are_refused_by_name() {
    let vk = KEY.verifying_key().to_bytes();
    let proof = KEY.prove(&inputs(1)).expect("a proof").proof.to_bytes();
    let magic = |expected| FormatError::Magic { expected };
    assert_eq!(
        VerifyingKey::from_bytes(&proof).err(),
        Some(magic("verifying key"))
    );
    assert_eq!(Proof::from_bytes(&vk).err(), Some(magic("proof")));
    assert_eq!(Proof::from_bytes(b"").err(), Some(magic("proof")));
    let mut later = proof;
    let found = vouch::VERSION + 1;
    later[8..10].copy_from_slice(&found.to_le_bytes());
    let version = FormatError::Version {
        kind: "proof",
        found,
    };
    assert_eq!(Proof::from_bytes(&later).err(), Some(version));
}
