//! Changed bytes: every file is refused or says what it said before, and nothing panics.

mod common;

use common::*;
use proptest::prelude::*;
use std::sync::LazyLock;
use vouch::{Expected, Proof, ProvingKey, Seal, VerifyingKey};

static KEY: LazyLock<ProvingKey> = LazyLock::new(|| key(Seen(PRIVATE, PRIVATE, PUBLIC)));
static VK: LazyLock<Vec<u8>> = LazyLock::new(|| KEY.verifying_key().to_bytes());
static PROOF: LazyLock<Vec<u8>> =
    LazyLock::new(|| KEY.prove(&inputs(1)).expect("a proof").proof.to_bytes());

/// A change of some bytes: where, what, and how many bytes to keep.
fn change() -> impl Strategy<Value = (prop::sample::Index, u8, bool, prop::sample::Index)> {
    (
        any::<prop::sample::Index>(),
        1u8..,
        any::<bool>(),
        any::<prop::sample::Index>(),
    )
}

fn changed(
    bytes: &[u8],
    (at, with, cut, to): &(prop::sample::Index, u8, bool, prop::sample::Index),
) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    // Half of the changes hit the first bytes, where there is most to get wrong.
    let span = if with % 2 == 0 {
        400.min(bytes.len())
    } else {
        bytes.len()
    };
    changed[at.index(span)] ^= with;
    if *cut {
        changed.truncate(to.index(bytes.len()));
    }
    changed
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_proof_is_rejected(change in change()) {
        let bytes = changed(&PROOF, &change);
        if let Ok(proof) = Proof::from_bytes(&bytes) {
            prop_assert!(KEY.verifying_key().verify(&proof, &Expected::default()).is_err());
        }
    }

    #[test]
    fn a_changed_verifying_key_is_refused_or_rejects(change in change()) {
        let bytes = changed(&VK, &change);
        if let Ok(key) = VerifyingKey::from_bytes(&bytes) {
            let proof = Proof::from_bytes(&PROOF).expect("a proof");
            prop_assert!(key.verify(&proof, &Expected::default()).is_err());
        }
    }

    #[test]
    fn a_verifying_key_with_changed_contents_and_a_digest_that_fits_does_not_panic(change in change()) {
        // Whoever makes a key can give it a digest that fits; its symbols, shapes and limits are then theirs.
        let bytes = changed(&VK, &change);
        let Some(fixed) = vouch::testing::with_digest(&bytes).filter(|fixed| *fixed != *VK) else {
            return Ok(());
        };
        if let Ok(key) = VerifyingKey::from_bytes(&fixed) {
            let mut proof = PROOF.clone();
            proof[10..42].copy_from_slice(key.digest());
            let proof = Proof::from_bytes(&proof).expect("a proof");
            prop_assert!(key.verify(&proof, &Expected::default()).is_err());
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for magic in [b"VOUCHVK\n", b"VOUCHPF\n", b"VOUCHSL\n"] {
            let bytes = [&magic[..], &[1, 0], &[0; 32], &bytes].concat();
            prop_assert!(VerifyingKey::from_bytes(&bytes).is_err());
            prop_assert!(Seal::from_bytes(&bytes).is_err());
            if let Ok(proof) = Proof::from_bytes(&bytes) {
                prop_assert!(KEY.verifying_key().verify(&proof, &Expected::default()).is_err());
            }
        }
    }
}

#[test]
fn a_statement_of_enormous_symbols_is_refused_before_any_work() {
    // The first byte of the body is the number of symbols, then the batch.
    let mut bytes = PROOF.clone();
    assert_eq!(bytes[42..44], [1, 1]);
    bytes[43] = 9;
    let proof = Proof::from_bytes(&bytes).expect("well formed");
    let rejected = KEY.verifying_key().verify(&proof, &Expected::default());
    let message = rejected.expect_err("beyond the limit").to_string();
    assert!(message.contains("expected 1 to 8, found 9"), "{message}");
}
