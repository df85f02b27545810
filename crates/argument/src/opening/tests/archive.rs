//! Commitments that are opened from an archive.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use std::sync::Mutex;

use super::*;

/// Bytes in memory that a test can change.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Archive for Bytes {
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), String> {
        let offset = usize::try_from(offset).expect("an offset");
        let all = self.0.lock().expect("a lock");
        let from = all.get(offset..offset + bytes.len()).ok_or("too short")?;
        bytes.copy_from_slice(from);
        Ok(())
    }
}

fn archive<P: Profile>(committed: &Committed<P>) -> Bytes {
    let bytes = Bytes::default();
    let write = |piece: &[u8]| {
        bytes.0.lock().expect("a lock").extend_from_slice(piece);
        Ok::<(), ArchiveError>(())
    };
    committed.archive(write).expect("an archive");
    let len = bytes.0.lock().expect("a lock").len();
    assert_eq!(u64::try_from(len), Ok(committed.archive_bytes()));
    bytes
}

fn restored<P: Profile>(
    committed: &Committed<P>,
    bytes: &Bytes,
    commitment: &Commitment<P>,
) -> Result<Committed<P>, CommitError> {
    let mut stored = committed.stored();
    stored.salts.clear();
    Committed::from_archive(
        *committed.code(),
        committed.shape(),
        committed.budget(),
        stored,
        Box::new(bytes.clone()),
        commitment,
    )
}

fn an_archive_opens_as_what_it_was_made_of<P: Profile>() {
    let mut case = case::<P>(6, 10, &[(2, 2), (1, 0), (9, 2)]);
    let positions = [0, 1, 5, 6, 7, 128, 200, 255];
    for group in 0..3 {
        let bytes = archive(&case.committed[group]);
        let restored = restored(&case.committed[group], &bytes, &case.commitments[group]);
        let restored = restored.expect("its own archive");
        let open = |committed: &Committed<P>| {
            let opened = committed.open(&case.tables[group], &positions);
            let (leaves, paths) = opened.expect("an opening");
            (leaves, P::siblings(&paths).to_vec())
        };
        assert_eq!(open(&restored), open(&case.committed[group]));
        // A copy of an archive is an archive.
        assert_eq!(
            *archive(&restored).0.lock().expect("a lock"),
            *bytes.0.lock().expect("a lock")
        );
        case.committed[group] = restored;
    }
    let proof = case.prove();
    case.verify(&proof).expect("a proof from archives");
    let proof = case.prove();
    case.verify(&proof).expect("another proof");
    assert_eq!(case.committed[0].permit(), Err(BudgetSpent { allowed: 2 }));
}

#[test]
fn archives_open_as_what_they_were_made_of() {
    an_archive_opens_as_what_it_was_made_of::<Goldilocks2>();
    an_archive_opens_as_what_it_was_made_of::<Goldilocks3>();
}

#[test]
fn an_archive_that_is_damaged_or_of_another_commitment_is_refused() {
    let case = case::<Goldilocks2>(6, 10, &[(2, 2), (2, 2)]);
    let bytes = archive(&case.committed[0]);
    let other = restored(&case.committed[0], &bytes, &case.commitments[1]).err();
    assert_eq!(other, Some(CommitError::Archive(ArchiveError::Damaged)));

    let opened = |change: &dyn Fn(&mut Vec<u8>)| {
        let bytes = archive(&case.committed[0]);
        let restored = restored(&case.committed[0], &bytes, &case.commitments[0]);
        let restored = restored.expect("its own archive");
        change(&mut bytes.0.lock().expect("a lock"));
        restored.open(&case.tables[0], &[3, 17]).err()
    };
    let leaf = 8 * case.committed[0].shape().leaf();
    assert_eq!(opened(&|_| {}), None);
    // Not opened, and not beside a path.
    assert_eq!(opened(&|bytes| bytes[5 * leaf] ^= 1), None);
    let damaged = Some(ArchiveError::Damaged);
    assert_eq!(opened(&|bytes| bytes[3 * leaf] ^= 1), damaged);
    assert_eq!(opened(&|bytes| bytes[17 * leaf + leaf - 1] ^= 1), damaged);
    assert_eq!(opened(&|bytes| bytes[3 * leaf..][..8].fill(255)), damaged);
    let digests = 256 * leaf;
    assert_eq!(opened(&|bytes| bytes[digests + 2 * 32] ^= 1), damaged);
    let short = Some(ArchiveError::Read("too short".to_string()));
    assert_eq!(opened(&|bytes| bytes.truncate(digests)), short);

    let mut stored = case.committed[0].stored();
    stored.hidden.pop();
    let committed = &case.committed[0];
    let miscounted = Committed::from_archive(
        *committed.code(),
        committed.shape(),
        committed.budget(),
        stored,
        Box::new(bytes),
        &case.commitments[0],
    );
    let what = "hidden coefficients";
    assert!(
        matches!(miscounted.err(), Some(CommitError::Parts { what: found, .. }) if found == what)
    );
}
