//! Keys whose certificates were found to be right, remembered beyond a process.

use crate::file::VERSION;
use argument::profile::digest;
use std::path::{Path, PathBuf};

/// A folder that remembers which keys' certificates were verified on this machine.
///
/// Whoever can write there can make a verifier skip that check: it must belong to the verifier alone.
#[derive(Clone, Debug)]
pub struct Trusted {
    folder: PathBuf,
}

impl Trusted {
    /// Remembers in this folder, which is made when there is something to remember.
    pub fn at(folder: impl AsRef<Path>) -> Self {
        Self {
            folder: folder.as_ref().to_owned(),
        }
    }

    pub(crate) fn holds(&self, key: &[u8; 32]) -> bool {
        let (path, mark) = self.entry(key);
        std::fs::read(path).is_ok_and(|found| found == mark)
    }

    /// Remembers a key. That nothing can be written there costs time later, and is no error.
    pub(crate) fn remember(&self, key: &[u8; 32]) {
        let (path, mark) = self.entry(key);
        let _ = std::fs::create_dir_all(&self.folder);
        let _ = std::fs::write(path, mark);
    }

    /// The file for a key and what it must hold: a file that was cut short says nothing.
    fn entry(&self, key: &[u8; 32]) -> (PathBuf, [u8; 32]) {
        let name = key
            .iter()
            .fold(String::new(), |name, byte| format!("{name}{byte:02x}"));
        // What another version has checked is checked again.
        let version = VERSION.to_le_bytes();
        let mark = digest(&[b"vouch certificate verified", &version, key]);
        (self.folder.join(name), mark)
    }
}
