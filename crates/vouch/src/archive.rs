//! The archive of a key: the tree of the commitment to its parameters, in a file beside the key.
//!
//! It is many times as large as the parameters, and a proof reads a few hundred places of it. So a large one is not kept
//! in memory, nor made anew whenever the key is loaded.

use crate::backend::Held;
use crate::file::{ARCHIVE, FileError, write_with};
use argument::opening::{Archive, ArchiveError};
use std::fs::File;
use std::io::{Error, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Trees of fewer bytes are made anew: that takes no longer than a proof.
pub(crate) const LEAST: u64 = crate::estimate::LARGE;

/// The archive of a key: beside it, with `.archive` after its name.
pub(crate) fn archive_path(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".archive");
    name.into()
}

/// Identifies an archive: the commitment that it is of, and the bytes of the key that it belongs to.
pub(crate) fn identity(owner: &[u8; 32], key: &[u8]) -> [u8; 32] {
    argument::profile::digest(&[b"vouch archive 1", owner, key])
}

/// Writes the archive of a commitment.
///
/// Errors: [`FileError`].
pub(crate) fn write(path: &Path, identity: &[u8; 32], held: &Held) -> Result<(), FileError> {
    let header = ARCHIVE.header(identity);
    write_with(path, true, |file| {
        file.write_all(&header)?;
        held.archive(|piece| Ok::<_, Failed>(file.write_all(piece)?))
            .map_err(|Failed(error)| error)
    })
}

/// An error of the system, or of the archive that an archive is copied from.
struct Failed(Error);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<ArchiveError> for Failed {
    fn from(error: ArchiveError) -> Self {
        Self(Error::other(error))
    }
}

/// The file of an archive.
struct Opened {
    file: Mutex<File>,
    /// Where the header ends.
    start: u64,
}

impl Archive for Opened {
    fn read(&self, offset: u64, bytes: &mut [u8]) -> Result<(), String> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let from = SeekFrom::Start(self.start.saturating_add(offset));
        { file.seek(from).and_then(|_| file.read_exact(bytes)) }.map_err(|error| error.to_string())
    }
}

/// Opens the archive that was written with an identity.
///
/// Errors: [`FileError`], also if it is another's.
pub(crate) fn open(path: &Path, identity: &[u8; 32]) -> Result<Box<dyn Archive>, FileError> {
    let mut file = File::open(path).map_err(FileError::io("open", path))?;
    let expected = ARCHIVE.header(identity);
    let mut header = vec![0; expected.len()];
    file.read_exact(&mut header)
        .map_err(FileError::io("read", path))?;
    let (belongs, _) = ARCHIVE.split(&header).map_err(FileError::format(path))?;
    if belongs != *identity {
        let refused = ARCHIVE.refused("it belongs to another key, or the key is damaged");
        return Err(FileError::format(path)(refused));
    }
    let start = u64::try_from(header.len()).unwrap_or(u64::MAX);
    let file = Mutex::new(file);
    Ok(Box::new(Opened { file, start }))
}
