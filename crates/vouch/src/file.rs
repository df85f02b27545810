//! What all files have in common: magic bytes, a version, what they belong to, one encoding.

use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::Read;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The version of the formats that this build reads and writes.
pub const VERSION: u16 = 9;

/// A kind of file.
#[derive(Debug)]
pub(crate) struct Kind {
    magic: [u8; 8],
    name: &'static str,
    /// The most bytes that a file of the kind may have.
    most: u64,
}

pub(crate) const VERIFYING_KEY: Kind = Kind {
    magic: *b"VOUCHVK\n",
    name: "verifying key",
    most: 1 << 30,
};
pub(crate) const PROOF: Kind = Kind {
    magic: *b"VOUCHPF\n",
    name: "proof",
    most: 1 << 30,
};
pub(crate) const SEAL: Kind = Kind {
    magic: *b"VOUCHSL\n",
    name: "seal",
    most: 1 << 28,
};
#[cfg(feature = "prove")]
pub(crate) const PROVING_KEY: Kind = Kind {
    magic: *b"VOUCHPK\n",
    name: "proving key",
    most: 1 << 40,
};
#[cfg(feature = "prove")]
pub(crate) const ARCHIVE: Kind = Kind {
    magic: *b"VOUCHAR\n",
    name: "archive of a proving key",
    most: 1 << 50,
};
#[cfg(feature = "prove")]
pub(crate) const SEALED: Kind = Kind {
    magic: *b"VOUCHSO\n",
    name: "opening of a seal",
    most: 1 << 40,
};

/// What a file is, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A verifying key.
    VerifyingKey,
    /// A proving key.
    ProvingKey,
    /// A proof.
    Proof,
    /// The public part of a seal.
    Seal,
    /// The secret part of a seal.
    Sealed,
}

/// What a file is; nothing if it is none of this project's.
///
/// Errors: those of reading it.
pub fn kind_of(path: impl AsRef<Path>) -> std::io::Result<Option<FileKind>> {
    let mut magic = Vec::new();
    std::fs::File::open(path)?.take(8).read_to_end(&mut magic)?;
    Ok(match magic.as_slice() {
        b"VOUCHVK\n" => Some(FileKind::VerifyingKey),
        b"VOUCHPK\n" => Some(FileKind::ProvingKey),
        b"VOUCHPF\n" => Some(FileKind::Proof),
        b"VOUCHSL\n" => Some(FileKind::Seal),
        b"VOUCHSO\n" => Some(FileKind::Sealed),
        _ => None,
    })
}

/// Why bytes are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FormatError {
    /// The first bytes are those of something else.
    #[error("this is no {expected} of Vouch")]
    Magic {
        /// What was expected.
        expected: &'static str,
    },
    /// The file was written for another version.
    #[error(
        "this {kind} has format version {found}, this build reads {VERSION}; use a build that matches"
    )]
    Version {
        /// What the file is.
        kind: &'static str,
        /// Its version.
        found: u16,
    },
    /// The bytes are cut short, go on for too long, or are damaged.
    #[error("this {kind} is damaged: its bytes are not the one encoding of a {kind}")]
    Encoding {
        /// What the file is.
        kind: &'static str,
    },
    /// The digest in the file is not that of its contents.
    #[error("this {kind} is damaged: its contents do not have the digest that it starts with")]
    Digest {
        /// What the file is.
        kind: &'static str,
    },
    /// The file is too large.
    #[error("this {kind} has {found} bytes, expected at most {most}")]
    TooLarge {
        /// What the file is.
        kind: &'static str,
        /// Its bytes.
        found: u64,
        /// The most bytes of its kind.
        most: u64,
    },
    /// A part is out of range.
    #[error("this {kind} is refused: {reason}")]
    Refused {
        /// What the file is.
        kind: &'static str,
        /// What is wrong.
        reason: String,
    },
}

/// Why a file was not read or written.
#[derive(Debug, Error)]
pub enum FileError {
    /// The operating system refused.
    #[error("cannot {action} {path:?}: {source}")]
    Io {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{path:?}: {source}")]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: FormatError,
    },
}

impl FileError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn format(path: &Path) -> impl FnOnce(FormatError) -> Self {
        move |source| Self::Format {
            path: path.to_owned(),
            source,
        }
    }
}

/// The canonical bytes of a body; nothing that is stored refuses to be serialised.
pub(crate) fn body<T: Serialize>(body: &T) -> Vec<u8> {
    postcard::to_allocvec(body).unwrap_or_default()
}

/// Whether some bytes are the canonical ones of a body, of which no copy is made.
fn is_body<T: Serialize>(body: &T, bytes: &[u8]) -> bool {
    postcard::serialize_with_flavor(body, Expected(bytes)).is_ok_and(|rest| rest.is_empty())
}

/// What is serialised must be what is expected next.
struct Expected<'a>(&'a [u8]);

impl<'a> postcard::ser_flavors::Flavor for Expected<'a> {
    type Output = &'a [u8];

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        let rest = self.0.strip_prefix(bytes);
        self.0 = rest.ok_or(postcard::Error::SerdeSerCustom)?;
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Self::Output> {
        Ok(self.0)
    }
}

impl Kind {
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) const fn encoding(&self) -> FormatError {
        FormatError::Encoding { kind: self.name }
    }

    pub(crate) fn refused(&self, reason: impl ToString) -> FormatError {
        FormatError::Refused {
            kind: self.name,
            reason: reason.to_string(),
        }
    }

    /// A file: `belongs` is the digest of its contents, or of the key that it belongs to.
    pub(crate) fn encode<T: Serialize>(&self, belongs: &[u8; 32], value: &T) -> Vec<u8> {
        let mut bytes = self.header(belongs);
        bytes.extend(body(value));
        bytes
    }

    /// What a file begins with.
    pub(crate) fn header(&self, belongs: &[u8; 32]) -> Vec<u8> {
        let mut bytes = Vec::from(self.magic);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(belongs);
        bytes
    }

    /// What a file says it belongs to, and the bytes after its header.
    ///
    /// Errors: [`FormatError`].
    pub(crate) fn split<'a>(&self, bytes: &'a [u8]) -> Result<([u8; 32], &'a [u8]), FormatError> {
        let magic = FormatError::Magic {
            expected: self.name,
        };
        let rest = bytes.strip_prefix(&self.magic).ok_or(magic)?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or(self.encoding())?;
        let found = u16::from_le_bytes(*version);
        if found != VERSION {
            return Err(FormatError::Version {
                kind: self.name,
                found,
            });
        }
        let (belongs, rest) = rest.split_first_chunk::<32>().ok_or(self.encoding())?;
        Ok((*belongs, rest))
    }

    /// What a file says it belongs to, and what it holds.
    ///
    /// Cost: memory in proportion to the bytes, whatever they say.
    /// Errors: [`FormatError`], also if the bytes are not the one encoding of what they hold.
    pub(crate) fn decode<T: Serialize + DeserializeOwned>(
        &self,
        bytes: &[u8],
    ) -> Result<([u8; 32], T), FormatError> {
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.check_size(found)?;
        let (belongs, rest) = self.split(bytes)?;
        let value: T = postcard::from_bytes(rest).map_err(|_| self.encoding())?;
        if is_body(&value, rest) {
            Ok((belongs, value))
        } else {
            Err(self.encoding())
        }
    }

    fn check_size(&self, found: u64) -> Result<(), FormatError> {
        if found <= self.most {
            return Ok(());
        }
        Err(FormatError::TooLarge {
            kind: self.name,
            found,
            most: self.most,
        })
    }

    /// Reads a file of the kind, but no more than one of the kind may have.
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>, FileError> {
        let file = std::fs::File::open(path).map_err(FileError::io("open", path))?;
        let mut bytes = Vec::new();
        // One byte more than allowed tells that there are more.
        let most = self.most.saturating_add(1);
        let read = file.take(most).read_to_end(&mut bytes);
        let found = read.map_err(FileError::io("read", path))?;
        self.check_size(u64::try_from(found).unwrap_or(u64::MAX))
            .map_err(FileError::format(path))?;
        Ok(bytes)
    }
}

/// Writes a file whole or not at all: beside its place, then renamed onto it. Nobody but its owner may read a secret.
///
/// Errors: [`FileError::Io`]; what was there before is then still there.
#[cfg(feature = "prove")]
pub(crate) fn write(path: &Path, bytes: &[u8], secret: bool) -> Result<(), FileError> {
    write_with(path, secret, |file| file.write_all(bytes))
}

/// [`write()`], a piece after the other.
///
/// Errors: as for [`write()`].
#[cfg(feature = "prove")]
pub(crate) fn write_with(
    path: &Path,
    secret: bool,
    pieces: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
) -> Result<(), FileError> {
    let failed = |source| FileError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    };
    let folder = folder(path);
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    let permissions = {
        let mode = if secret { 0o600 } else { 0o666 };
        <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(mode)
    };
    #[cfg(unix)]
    builder.permissions(permissions);
    #[cfg(not(unix))]
    let _ = secret;
    let mut file = builder.tempfile_in(folder).map_err(failed)?;
    pieces(&mut file).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync_folder(folder).map_err(failed)
}

/// The folder that a file lies in.
#[cfg(feature = "prove")]
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Makes a new name in a folder survive a crash, where folders can be opened at all.
#[cfg(feature = "prove")]
pub(crate) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    if cfg!(unix) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
