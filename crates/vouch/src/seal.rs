//! Seals: hiding commitments to tensors that outlive a proof.
//!
//! A seal is a commitment and a certificate that what it hides lies in an interval. It depends on the tensor's shape,
//! interval and scale and on a key's security parameters, not on the key: keys that share these can share a
//! seal, and the sealed output of one proof can be the sealed input of the next.

use crate::backend::{Backend, Security, describe};
use crate::content::{Content, KeyError};
use crate::file::{FileError, FormatError, SEAL};
use argument::parameters::Parameters;
use argument::reject::Reject;
use program::{Certificate, Encoding};
use relation::{Column, Interval, Role};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What a seal hides, but for the values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sort {
    pub shape: Vec<usize>,
    pub interval: Interval,
    pub encoding: Encoding,
    pub places: Places,
}

/// What decides where in a commitment a sealed tensor lies, besides its shape.
///
/// One root could be read as two tensors by keys that differ here, each certified by the key that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Places {
    log_len: Option<usize>,
    log_inv_rate: usize,
    sealed_proofs: usize,
}

impl Places {
    pub fn of(parameters: &Parameters) -> Self {
        let Parameters {
            log_len,
            log_inv_rate,
            sealed_proofs,
            ..
        } = *parameters;
        Self {
            log_len,
            log_inv_rate,
            sealed_proofs,
        }
    }
}

/// A commitment to a tensor that nobody can open or guess, and the proof that its values lie in an interval.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    pub(crate) sort: Sort,
    pub(crate) commitment: Vec<u8>,
    pub(crate) certificate: Vec<u8>,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Seal")
            .field("sort", &self.sort)
            .finish_non_exhaustive()
    }
}

/// The security parameters that seals of a key have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    security: Security,
    pub parameters: Parameters,
}

impl Setting {
    pub fn of(content: &Content) -> Self {
        let parameters = Parameters {
            // A seal has no part in the model's budget: keys that differ in it can share seals.
            model_proofs: 0,
            ..content.certified()
        };
        Self {
            security: content.security,
            parameters,
        }
    }

    /// Proofs that one seal can take part in: one opening is its certificate's.
    #[cfg(feature = "prove")]
    pub fn proofs(&self) -> usize {
        self.parameters.sealed_proofs.saturating_sub(1)
    }

    /// The relations of a certificate, and their proofs.
    ///
    /// Errors: [`KeyError`].
    pub fn certificate(&self, sort: &Sort) -> Result<(Certificate, Box<dyn Backend>), KeyError> {
        let certificate = Certificate::new(&[Column {
            name: "sealed".into(),
            shape: sort.shape.clone(),
            role: Role::Sealed(0),
            interval: sort.interval,
        }])?;
        let context = [b"seal".as_slice(), &crate::file::body(sort)].concat();
        let system = certificate.system.clone();
        let backend = describe(self.security, system, self.parameters, &context)?;
        Ok((certificate, backend))
    }
}

impl Seal {
    /// Identifies the seal: whoever verifies a proof compares it with that of the seal they know.
    ///
    /// It covers the commitment and what it is a commitment to; the certificate could be made again.
    pub fn digest(&self) -> [u8; 32] {
        let sort = crate::file::body(&self.sort);
        argument::profile::digest(&[b"vouch seal 1", &sort, &self.commitment])
    }

    /// Checks that what is sealed lies in its interval.
    pub(crate) fn check(&self, setting: &Setting) -> Result<(), SealRejected> {
        let (_, backend) = setting.certificate(&self.sort)?;
        backend.verify(&[], &[&self.commitment], &self.certificate)?;
        Ok(())
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        SEAL.encode(&self.digest(), self)
    }

    /// Reads a seal; its certificate is checked with each proof that it is part of.
    ///
    /// Errors: [`FormatError`]; no bytes make this panic.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let (digest, seal) = SEAL.decode::<Self>(bytes)?;
        if seal.digest() == digest {
            Ok(seal)
        } else {
            Err(FormatError::Digest { kind: SEAL.name() })
        }
    }

    /// Reads a seal from a file.
    ///
    /// Errors: [`FileError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        Self::from_bytes(&SEAL.read(path)?).map_err(FileError::format(path))
    }

    /// Writes the seal to a file, whole or not at all.
    ///
    /// Errors: [`FileError::Io`].
    #[cfg(feature = "prove")]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        crate::file::write(path.as_ref(), &self.to_bytes(), false)
    }
}

/// Why a seal is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SealRejected {
    /// Its certificate does not verify.
    #[error("its certificate is rejected: {0}")]
    Certificate(#[from] Reject),
    /// Nothing of its kind can be sealed.
    #[error(transparent)]
    Sort(#[from] KeyError),
}
