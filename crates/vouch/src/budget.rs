//! Budgets: how many proofs a commitment that is used again can still take part in.
//!
//! Each proof opens some positions of the commitment. Its randomness hides what is committed for as many openings as
//! it was made for; one more, and zero knowledge is lost. So openings are counted where a crash cannot forget them: a
//! proof is counted, and the count is on disk, before the proof is made. A crash in between costs one proof of the
//! budget and reveals nothing.
//!
//! The counter file is a header and one byte for each proof spent: to spend is to append a byte under an exclusive
//! lock, which no crash can leave half done.

use crate::file::{FileError, FormatError, folder, sync_folder};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

const MAGIC: &[u8; 8] = b"VOUCHCT\n";

/// Magic bytes, the commitment's digest, the budget.
const HEADER: usize = 8 + 32 + 8;

/// Why a commitment is not opened once more.
#[derive(Debug, Error)]
pub enum BudgetError {
    /// All proofs are spent.
    #[error(
        "all {allowed} proofs of this {what} are spent; one more could reveal what it hides. Set up again, with a larger \
         budget if needed"
    )]
    Spent {
        /// What is hidden.
        what: &'static str,
        /// Proofs that were allowed.
        allowed: usize,
    },
    /// The counter file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Counts the proofs that a commitment took part in.
#[derive(Debug)]
pub(crate) struct Counter {
    what: &'static str,
    /// Identifies the commitment.
    owner: [u8; 32],
    allowed: usize,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// Not stored: the count lives as long as the key.
    Memory(usize),
    File(PathBuf),
}

impl Counter {
    /// A counter of a commitment that exists in this process only.
    pub fn new(what: &'static str, owner: [u8; 32], allowed: usize) -> Self {
        let place = Place::Memory(0);
        Self {
            what,
            owner,
            allowed,
            place,
        }
    }

    /// The counter in a file.
    ///
    /// Errors: [`BudgetError::File`] if it is not there or is another commitment's: without it nobody knows how much
    /// is spent.
    pub fn open(
        what: &'static str,
        owner: [u8; 32],
        allowed: usize,
        path: &Path,
    ) -> Result<Self, BudgetError> {
        let place = Place::File(path.to_owned());
        let counter = Self {
            what,
            owner,
            allowed,
            place,
        };
        counter.spent()?;
        Ok(counter)
    }

    /// Moves the count to a file that must not be there yet.
    ///
    /// Errors: [`BudgetError::File`] also if the counter is in a file already: two files would count twice.
    pub fn store(&mut self, path: &Path) -> Result<(), BudgetError> {
        let io = |action| FileError::io(action, path);
        let Place::Memory(spent) = self.place else {
            let exists = std::io::ErrorKind::AlreadyExists;
            let error = std::io::Error::new(exists, "the key is stored elsewhere already");
            return Err(io("create")(error).into());
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(io("create"))?;
        let allowed = u64::try_from(self.allowed).unwrap_or(u64::MAX);
        let mut bytes = Vec::from(*MAGIC);
        bytes.extend_from_slice(&self.owner);
        bytes.extend_from_slice(&allowed.to_le_bytes());
        bytes.resize(HEADER + spent, 1);
        file.write_all(&bytes).map_err(io("write"))?;
        file.sync_all().map_err(io("write"))?;
        sync_folder(folder(path)).map_err(io("write"))?;
        self.place = Place::File(path.to_owned());
        Ok(())
    }

    /// Counts one more proof; when this returns, no crash can forget it.
    ///
    /// Errors: [`BudgetError::Spent`] if there is none left.
    pub fn spend(&mut self) -> Result<(), BudgetError> {
        let spent = match &mut self.place {
            Place::Memory(spent) => {
                if *spent < self.allowed {
                    *spent += 1;
                    return Ok(());
                }
                *spent
            }
            Place::File(path) => {
                let path = path.clone();
                let (mut file, spent) = self.locked(&path)?;
                if spent < self.allowed {
                    let appended = { file.seek(SeekFrom::End(0)) }
                        .and_then(|_| file.write_all(&[1]))
                        .and_then(|()| file.sync_all());
                    return Ok(appended.map_err(FileError::io("write", &path))?);
                }
                spent
            }
        };
        debug_assert!(spent >= self.allowed, "nothing is left");
        Err(BudgetError::Spent {
            what: self.what,
            allowed: self.allowed,
        })
    }

    /// Proofs counted so far.
    ///
    /// Errors: [`BudgetError::File`].
    pub fn spent(&self) -> Result<usize, BudgetError> {
        match &self.place {
            Place::Memory(spent) => Ok(*spent),
            Place::File(path) => self.locked(path).map(|(_, spent)| spent),
        }
    }

    /// Proofs that are left.
    ///
    /// Errors: [`BudgetError::File`].
    pub fn left(&self) -> Result<usize, BudgetError> {
        Ok(self.allowed.saturating_sub(self.spent()?))
    }

    /// The file, locked against other processes until it is dropped, and its count.
    fn locked(&self, path: &Path) -> Result<(File, usize), BudgetError> {
        let io = |action| FileError::io(action, path);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(io("open the proof counter"))?;
        file.lock().map_err(io("lock"))?;
        let mut header = [0; HEADER];
        let damaged = || FileError::Format {
            path: path.to_owned(),
            source: FormatError::Refused {
                kind: "proof counter",
                reason: "it is damaged, or belongs to another key".into(),
            },
        };
        file.read_exact(&mut header).map_err(|_| damaged())?;
        let allowed = u64::try_from(self.allowed).unwrap_or(u64::MAX);
        let expected = [&MAGIC[..], &self.owner, &allowed.to_le_bytes()].concat();
        if header != expected.as_slice() {
            return Err(damaged().into());
        }
        let len = file.metadata().map_err(io("read"))?.len();
        let spent = usize::try_from(len).unwrap_or(usize::MAX);
        Ok((file, spent.saturating_sub(HEADER)))
    }
}
