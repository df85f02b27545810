//! Proofs, and what they are about.

use crate::file::{FileError, FormatError, PROOF};
use crate::seal::Seal;
use relation::Tensor;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A proof together with its statement.
#[derive(Clone, PartialEq, Eq)]
pub struct Proof {
    /// The digest of the key that it was made with.
    pub(crate) key: [u8; 32],
    pub(crate) body: Body,
}

/// What a proof file holds after its header.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Body {
    /// The value of each symbol.
    pub symbols: Vec<usize>,
    /// The public inputs and outputs, as integers in their narrowest type.
    pub publics: Vec<Tensor>,
    /// The sealed inputs and outputs.
    pub seals: Vec<Seal>,
    /// The proof of the argument.
    pub argument: Vec<u8>,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof")
            .field("symbols", &self.body.symbols)
            .field("publics", &self.body.publics.len())
            .field("bytes", &self.body.argument.len())
            .finish_non_exhaustive()
    }
}

impl Proof {
    /// The digest of the key that the proof says it was made with.
    pub fn key_digest(&self) -> &[u8; 32] {
        &self.key
    }

    /// The values of the symbols, such as the batch size, that the proof says it is about, in the order of the key's.
    pub fn symbols(&self) -> &[usize] {
        &self.body.symbols
    }

    /// The shapes of the public tensors that the proof says it is about, in the order of the key's.
    pub fn public_shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.body
            .publics
            .iter()
            .map(|tensor| tensor.shape.as_slice())
    }

    /// The seals that the proof says it is about, in the order of the key's.
    pub fn seals(&self) -> &[Seal] {
        &self.body.seals
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        PROOF.encode(&self.key, &self.body)
    }

    /// Reads a proof; what it says is not verified yet.
    ///
    /// Cost: memory in proportion to the bytes, whatever they say.
    /// Errors: [`FormatError`]; no bytes make this panic.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let (key, body) = PROOF.decode::<Body>(bytes)?;
        // Tensors have an encoding for each type that holds their values: only the narrowest is one of a proof.
        let is_narrow = |tensor: &Tensor| relation::Data::narrowed(tensor.to_i64s()) == tensor.data;
        if body.publics.iter().all(is_narrow) {
            Ok(Self { key, body })
        } else {
            Err(PROOF.encoding())
        }
    }

    /// The same proof, but about public tensors whose values are reversed: what a verifier has to reject.
    #[must_use]
    pub fn with_reversed_publics(&self) -> Self {
        let mut forged = self.clone();
        for tensor in &mut forged.body.publics {
            let mut values = tensor.to_i64s();
            values.reverse();
            tensor.data = relation::Data::narrowed(values);
        }
        forged
    }

    /// Reads a proof from a file.
    ///
    /// Errors: [`FileError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        Self::from_bytes(&PROOF.read(path)?).map_err(FileError::format(path))
    }

    /// Writes the proof to a file, whole or not at all.
    ///
    /// Errors: [`FileError::Io`].
    #[cfg(feature = "prove")]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        crate::file::write(path.as_ref(), &self.to_bytes(), false)
    }
}
