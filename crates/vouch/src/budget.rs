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

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: [u8; 32] = [7; 32];

    fn stored(path: &Path, allowed: usize) -> Counter {
        let mut counter = Counter::new("key", OWNER, allowed);
        counter.store(path).expect("a file");
        counter
    }

    fn reopened(path: &Path, allowed: usize) -> Result<Counter, BudgetError> {
        Counter::open("key", OWNER, allowed, path)
    }

    #[test]
    fn a_budget_is_spent_once_and_then_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("count");
        let mut counter = Counter::new("key", OWNER, 3);
        counter.spend().expect("one, in memory");
        counter.store(&path).expect("a file");
        counter.spend().expect("two");
        // A crash after the count and before the proof: who opens the file again finds the proof spent.
        drop(counter);
        let mut counter = reopened(&path, 3).expect("a counter");
        assert_eq!(counter.left().expect("a count"), 1);
        counter.spend().expect("three");
        let refused = counter.spend().expect_err("four").to_string();
        assert!(
            refused.contains("all 3 proofs of this key are spent"),
            "{refused}"
        );
        assert_eq!(std::fs::metadata(&path).expect("a file").len(), 48 + 3);
    }

    #[test]
    fn a_counter_that_is_missing_or_of_another_key_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("count");
        assert!(matches!(reopened(&path, 3), Err(BudgetError::File(_))));
        let mut counter = stored(&path, 3);
        assert!(reopened(&path, 3).is_ok());
        // Another budget, another commitment, half a header, and a second place to count in.
        assert!(reopened(&path, 4).is_err());
        assert!(Counter::open("key", [8; 32], 3, &path).is_err());
        assert!(counter.store(&folder.path().join("elsewhere")).is_err());
        assert!(Counter::new("key", OWNER, 3).store(&path).is_err());
        std::fs::write(&path, &MAGIC[..5]).expect("written");
        assert!(reopened(&path, 3).is_err());
        assert!(counter.spend().is_err());
    }

    #[test]
    fn processes_that_count_at_once_never_exceed_the_budget() {
        const CHILD: &str = "VOUCH_TEST_COUNTER";
        const ALLOWED: usize = 60;
        if let Some(path) = std::env::var_os(CHILD) {
            let mut counter = reopened(Path::new(&path), ALLOWED).expect("a counter");
            let spent = (0..50).filter(|_| counter.spend().is_ok()).count();
            println!("spent={spent}.");
            return;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("count");
        let counter = stored(&path, ALLOWED);
        let name = "budget::tests::processes_that_count_at_once_never_exceed_the_budget";
        let children: Vec<_> = (0..2)
            .map(|_| {
                std::process::Command::new(std::env::current_exe().expect("a program"))
                    .args(["--exact", name, "--nocapture"])
                    .env(CHILD, &path)
                    .stdout(std::process::Stdio::piped())
                    .spawn()
                    .expect("a process")
            })
            .collect();
        let spent: usize = { children.into_iter() }
            .map(|child| {
                let output = child.wait_with_output().expect("an end");
                let output = String::from_utf8(output.stdout).expect("text");
                let (_, rest) = output.split_once("spent=").expect("a count");
                let (count, _) = rest.split_once('.').expect("a count");
                count.parse::<usize>().expect("a number")
            })
            .sum();
        assert_eq!(spent, ALLOWED);
        assert_eq!(counter.left().expect("a count"), 0);
    }
}
