//! Bytes that claim to be a proof: the parser and the verifier return, whatever the bytes are.
//!
//! Run with `RUSTC_BOOTSTRAP=1 cargo fuzz run proof`: the sanitizer takes unstable flags, which stable Rust accepts so.
//! The first byte of an input says how the rest is used: as the bytes of a proof, or as changes to an honest one, which
//! reach deeper.

#![no_main]

use std::sync::LazyLock;

use argument::description::Description;
use argument::parameters::Parameters;
use argument::profile::Goldilocks2;
use argument::proof::Proof;
use argument::prove::prove;
use argument::verify::{Statement, verify};
use libfuzzer_sys::fuzz_target;
use relation::{Tensor, test_systems};

type Key = (Description<Goldilocks2>, Vec<Tensor>, Vec<u8>);

static KEY: LazyLock<Key> = LazyLock::new(|| {
    let (system, mut assignment) = test_systems::rescale(5, 3, 1);
    let parameters = Parameters {
        security_bits: 30,
        ..Parameters::default()
    };
    let description = Description::new(system, parameters).expect("a description");
    let proof = prove(&description, &mut assignment, &[], Vec::new()).expect("a proof");
    (description, assignment.statement, proof.encode())
});

fuzz_target!(|data: &[u8]| {
    let (description, publics, honest) = &*KEY;
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let bytes = if mode % 2 == 0 {
        rest.to_vec()
    } else {
        let mut bytes = honest.clone();
        for change in rest.chunks_exact(5) {
            let at = u32::from_le_bytes([change[0], change[1], change[2], change[3]]) as usize;
            let at = at % bytes.len();
            bytes[at] = bytes[at].wrapping_add(change[4]);
        }
        bytes
    };
    let changed = &bytes != honest;
    if let Ok(proof) = Proof::<Goldilocks2>::decode(&bytes, description) {
        let statement = Statement {
            publics,
            commitments: &[],
        };
        let accepted = verify(description, &statement, &proof).is_ok();
        assert!(!(accepted && changed), "a changed proof was accepted");
    }
});
