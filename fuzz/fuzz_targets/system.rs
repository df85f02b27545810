//! Bytes that claim to be a system: reading it and describing its proofs return, whatever the bytes are.
//!
//! Run with `RUSTC_BOOTSTRAP=1 cargo fuzz run system`. The first byte of an input says what the rest is: the bytes of a
//! system, or changes to those of an honest one, which reach deeper.

#![no_main]

use std::sync::LazyLock;

use argument::description::Description;
use argument::parameters::Parameters;
use argument::profile::Goldilocks2;
use libfuzzer_sys::fuzz_target;
use relation::{System, test_systems};

static HONEST: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let systems = test_systems::all(1).into_iter();
    let encode = |system: System| postcard::to_allocvec(&system).expect("plain data");
    systems.map(|(_, system, _)| encode(system)).collect()
});

/// Applies changes of four bytes each: a position, what to do there, and a value.
fn change(bytes: &mut Vec<u8>, changes: &[u8]) {
    for change in changes.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]]));
        let at = at % bytes.len().max(1);
        match change[2] % 4 {
            _ if bytes.is_empty() => {}
            0 => bytes[at] = change[3],
            1 => bytes[at] = bytes[at].wrapping_add(change[3]),
            2 => bytes.insert(at, change[3]),
            _ => drop(bytes.remove(at)),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((&mode, rest)) = data.split_first() else {
        return;
    };
    let bytes = match HONEST.get(usize::from(mode)) {
        Some(honest) => {
            let mut bytes = honest.clone();
            change(&mut bytes, rest);
            bytes
        }
        None => rest.to_vec(),
    };
    let Ok(system) = postcard::from_bytes::<System>(&bytes) else {
        return;
    };
    let parameters = Parameters {
        security_bits: 30,
        model_proofs: 1,
        sealed_proofs: 1,
        ..Parameters::default()
    };
    if let Ok(description) = Description::<Goldilocks2>::new(system, parameters) {
        assert!(description.account().total_bits() >= 30.0);
    }
});
