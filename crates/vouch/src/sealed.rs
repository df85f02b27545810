//! The secret side of seals: sealing a tensor, and keeping what opens it.

use crate::array::{Array, ArrayError};
use crate::budget::{BudgetError, Counter};
use crate::content::KeyError;
use crate::file::{FileError, FormatError, SEALED};
use crate::proving::ProvingKey;
use crate::reusable::{CommitError, Reusable, counter_path, owner};
use crate::seal::{Places, Seal, Setting, Sort};
use crate::verifying::VerifyingKey;
use argument::opening::Stored;
use argument::stack::GroupKind;
use program::fact::standard;
use program::{ProgramError, Visibility};
use relation::Tensor;
use serde::{Deserialize, Serialize};
use std::path::Path;
use thiserror::Error;

/// Why something was not sealed, or a seal not used.
#[derive(Debug, Error)]
pub enum SealError {
    /// The key has no sealed input of this name.
    #[error("the model has no sealed input {name:?}; its sealed inputs are {expected:?}")]
    Unknown {
        /// The name.
        name: String,
        /// The names that would fit.
        expected: Vec<String>,
    },
    /// An input was given in the clear and as a seal.
    #[error("input {name:?} is given twice: as values and as a seal")]
    Twice {
        /// The input.
        name: String,
    },
    /// A seal is of another shape, interval or scale than the input, or was made for keys of another kind.
    #[error(
        "the seal that was given for {name:?} is of a tensor of another shape, interval or scale, \
         or for keys with rows of another length or another budget of seals"
    )]
    Sort {
        /// The input.
        name: String,
    },
    /// The values do not fit the input.
    #[error(transparent)]
    Value(#[from] ArrayError),
    /// Nothing of this kind can be sealed.
    #[error(transparent)]
    Kind(Box<KeyError>),
    /// The commitment or its certificate failed.
    #[error(transparent)]
    Commit(Box<CommitError>),
    /// A file was not read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The counter of proofs is missing or is another seal's.
    #[error(transparent)]
    Counter(#[from] BudgetError),
}

crate::boxed!(SealError: Kind(KeyError), Commit(CommitError));

/// A seal with what opens it: the values and the randomness. Secret.
pub struct Sealed {
    pub(crate) seal: Seal,
    pub(crate) value: Tensor,
    pub(crate) reusable: Reusable,
}

/// What a file holds after its header.
#[derive(Serialize, Deserialize)]
struct Body {
    seal: Seal,
    value: Tensor,
    randomness: Stored,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed")
            .field("seal", &self.seal)
            .finish_non_exhaustive()
    }
}

impl ProvingKey {
    /// Seals a value for a sealed input of the model.
    ///
    /// Errors: [`SealError`].
    pub fn seal(&self, name: &str, value: &Array) -> Result<Sealed, SealError> {
        let key = &self.verifying;
        let unknown = || SealError::Unknown {
            name: name.to_owned(),
            expected: { key.inputs(Visibility::Sealed) }
                .map(|input| input.name.clone())
                .collect(),
        };
        let mut inputs = key.inputs(Visibility::Sealed);
        let input = inputs
            .find(|input| input.name == name)
            .ok_or_else(unknown)?;
        let value = value.quantise(name, input.interval, input.encoding)?;
        // What the certificate shows, which can be more than the input may be.
        let interval = standard(input.interval).map_err(|reason| {
            let node = name.to_owned();
            KeyError::from(ProgramError::Operator { node, reason })
        })?;
        let sort = Sort {
            shape: value.shape.clone(),
            interval,
            encoding: input.encoding,
            places: Places::of(&key.content.parameters),
        };
        Sealed::new(key, sort, &value)
    }
}

impl Sealed {
    /// Seals integers.
    pub(crate) fn new(key: &VerifyingKey, sort: Sort, value: &Tensor) -> Result<Self, SealError> {
        let setting = Setting::of(&key.content);
        let (certificate, backend) = setting.certificate(&sort)?;
        let source = (&certificate, &*backend);
        let values = std::slice::from_ref(value);
        let (kind, proofs) = (GroupKind::Sealed(0), setting.proofs());
        let mut reusable = Reusable::commit(source, kind, values, "seal", proofs)?;
        let certificate = reusable.certify(source, values)?;
        let seal = Seal {
            sort,
            commitment: reusable.commitment.clone(),
            certificate,
        };
        Ok(Self {
            seal,
            value: value.clone(),
            reusable,
        })
    }

    /// The public side: what others get to know.
    pub fn seal(&self) -> &Seal {
        &self.seal
    }

    /// The values.
    pub fn value(&self) -> Array {
        Array::from_integers(&self.value, self.seal.sort.encoding)
    }

    /// Proofs that the seal can still take part in.
    ///
    /// Errors: [`BudgetError::File`].
    pub fn proofs_left(&self) -> Result<usize, BudgetError> {
        self.reusable.left()
    }

    /// Stores what opens the seal, and the count of its proofs beside it, from which this one then counts too.
    ///
    /// Errors: [`SealError`]; in particular if there is a counter already.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), SealError> {
        let path = path.as_ref();
        let body = Body {
            seal: self.seal.clone(),
            value: self.value.clone(),
            randomness: self.reusable.stored(),
        };
        self.reusable.store(&counter_path(path))?;
        let bytes = SEALED.encode(&self.seal.digest(), &body);
        Ok(crate::file::write(path, &bytes, true)?)
    }

    /// Loads what opens a seal, for use with a key of the security parameters that it was sealed with.
    ///
    /// Errors: [`SealError`].
    pub fn load(path: impl AsRef<Path>, key: &VerifyingKey) -> Result<Self, SealError> {
        let path = path.as_ref();
        let parsed = { SEALED.read(path)? };
        let (digest, body) = { SEALED.decode::<Body>(&parsed) }.map_err(FileError::format(path))?;
        let Body {
            seal,
            value,
            randomness,
        } = body;
        if seal.digest() != digest {
            let kind = SEALED.name();
            return Err(FileError::format(path)(FormatError::Digest { kind }).into());
        }
        let setting = Setting::of(&key.content);
        let (certificate, backend) = setting.certificate(&seal.sort)?;
        let counter = counter_path(path);
        let owner = owner(&seal.commitment);
        let counter = Counter::open("seal", owner, setting.proofs(), &counter)?;
        let reusable = Reusable::restore(
            (&certificate, &*backend),
            GroupKind::Sealed(0),
            std::slice::from_ref(&value),
            (randomness, seal.commitment.clone()),
            counter,
        )?;
        Ok(Self {
            seal,
            value,
            reusable,
        })
    }
}
