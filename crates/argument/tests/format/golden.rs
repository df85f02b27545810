//! Files that pin digests and bytes.
//!
//! `VOUCH_BLESS=1 cargo test -p argument --test format` writes them anew, which is right only together with a new
//! version in `description::LABEL`: whoever holds a key or a proof of the old format holds one that is worth nothing.

use std::path::PathBuf;
use std::{env, fs};

use argument::profile::{Goldilocks2, Goldilocks3};
use argument::proof::Proof;
use p3_symmetric::CryptographicHasher;

use super::alone;
use super::fixed::{Case, P, description};

fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", name]
        .iter()
        .collect()
}

fn blessing() -> bool {
    env::var_os("VOUCH_BLESS").is_some_and(|value| value == "1")
}

fn read(name: &str) -> Vec<u8> {
    let file = fs::read(path(name));
    file.expect("a file on record; VOUCH_BLESS=1 writes it")
}

fn write(name: &str, bytes: &[u8]) {
    fs::write(path(name), bytes).expect("a writable folder");
}

/// Compares with a file, or writes it.
fn pinned(name: &str, found: &str) {
    if blessing() {
        write(name, found.as_bytes());
    }
    assert_eq!(found, String::from_utf8_lossy(&read(name)), "{name}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn descriptions_have_the_digests_on_file() {
    let _alone = alone();
    let found = format!(
        "hidden {}\ntransparent {}\nhidden, cubic {}\n",
        hex(description::<Goldilocks2>(true).digest()),
        hex(description::<Goldilocks2>(false).digest()),
        hex(description::<Goldilocks3>(true).digest()),
    );
    pinned("digests.txt", &found);
}

/// The proof is randomised, so what is pinned is that one made in the past is still read, accepted and written alike.
#[test]
fn the_hidden_proof_on_file_is_accepted_and_encodes_to_its_own_bytes() {
    let _alone = alone();
    let mut case = Case::new(true);
    if blessing() {
        let commitments = postcard::to_allocvec(&case.commitments).expect("plain data");
        write("hidden.commitments", &commitments);
        write("hidden.proof", &case.prove().encode());
    }
    let commitments = read("hidden.commitments");
    case.commitments = postcard::from_bytes(&commitments).expect("commitments");
    let bytes = read("hidden.proof");
    assert_eq!(case.accept(&bytes), Ok(()));
    let proof = Proof::<P>::decode(&bytes, &case.description).expect("a proof");
    assert!(
        proof.encode() == bytes,
        "the encoding differs from the file"
    );

    // The accepted proof has a rejected twin: of another output.
    let mut values = case.publics[0].to_i64s();
    values[0] += 1;
    case.publics[0] = relation::Tensor::from_i64s(vec![3], values).expect("the same shape");
    assert!(case.accept(&bytes).is_err());
}

/// Nothing is random without zero knowledge, and on one thread proofs of work are the smallest there are.
#[test]
fn the_transparent_proof_has_the_bytes_on_file() {
    let _alone = alone();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let bytes = one.expect("a thread").install(|| {
        let mut case = Case::new(false);
        let bytes = case.prove().encode();
        assert_eq!(case.accept(&bytes), Ok(()));
        bytes
    });
    let digest: [u8; 32] = p3_blake3::Blake3.hash_iter(bytes.iter().copied());
    let found = format!("{} bytes\nblake3 {}\n", bytes.len(), hex(&digest));
    pinned("transparent.txt", &found);
}
