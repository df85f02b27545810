//! Proving keys.

use crate::budget::{BudgetError, Counter};
use crate::file::{FileError, FormatError, PROVING_KEY};
use crate::reusable::{CommitError, Reusable, counter_path, owner};
use crate::verifying::VerifyingKey;
use argument::opening::Stored;
use argument::stack::GroupKind;
use program::Visibility;
use relation::Tensor;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

/// All that is needed to prove: the verifying key, the private parameters, and the randomness that hides them. Secret.
///
/// A key that is stored has a counter beside it, `<key>.count`: the two belong together, and copies of both spend one
/// budget twice, which a backup must not do.
pub struct ProvingKey {
    pub(crate) verifying: VerifyingKey,
    pub(crate) parameters: Vec<Arc<Tensor>>,
    /// The commitment to the private parameters, if there are any.
    pub(crate) model: Option<Reusable>,
}

/// What a file of a proving key holds after its header.
#[derive(Serialize, Deserialize)]
struct Body {
    verifying: Vec<u8>,
    parameters: Vec<Tensor>,
    randomness: Option<Stored>,
}

/// Why a proving key was not stored or loaded.
#[derive(Debug, Error)]
pub enum ProvingKeyError {
    /// The file was not read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The counter of proofs is missing or is another key's.
    #[error(transparent)]
    Counter(#[from] BudgetError),
    /// The key's parameters do not belong to its commitment.
    #[error("{path:?}: the private parameters do not belong to the key's commitment: {source}")]
    Commitment {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong.
        source: CommitError,
    },
}

impl std::fmt::Debug for ProvingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProvingKey")
            .field("verifying", &self.verifying)
            .finish_non_exhaustive()
    }
}

impl ProvingKey {
    /// The key that verifies the proofs of this one.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying
    }

    /// Proofs that can still be made; `None` if nothing limits them.
    ///
    /// Errors: [`BudgetError::File`].
    pub fn proofs_left(&self) -> Result<Option<usize>, BudgetError> {
        self.model.as_ref().map(Reusable::left).transpose()
    }

    /// Stores the key, and the count of its proofs beside it, from which this key then counts too.
    ///
    /// Errors: [`ProvingKeyError`]; in particular if there is a counter already, of this key elsewhere or of another one here: a budget
    /// that is counted in two places is no budget.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ProvingKeyError> {
        let path = path.as_ref();
        let body = Body {
            verifying: self.verifying.to_bytes(),
            parameters: self.parameters.iter().map(|p| Tensor::clone(p)).collect(),
            randomness: self.model.as_ref().map(Reusable::stored),
        };
        if let Some(model) = &self.model {
            model.store(&counter_path(path))?;
        }
        let bytes = PROVING_KEY.encode(self.verifying.digest(), &body);
        Ok(crate::file::write(path, &bytes, true)?)
    }

    /// Loads a key.
    ///
    /// Cost: the codewords of the parameters are made and hashed anew, which takes about as long as reading them would, and keeps
    /// the file about as small as the parameters.
    /// Errors: [`ProvingKeyError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ProvingKeyError> {
        let path = path.as_ref();
        let (verifying, parameters, stored) =
            parse(&PROVING_KEY.read(path)?).map_err(FileError::format(path))?;
        let refused = |source| ProvingKeyError::Commitment {
            path: path.to_owned(),
            source,
        };
        let model = match (&verifying.content.model, stored) {
            (Some(commitment), Some(stored)) => {
                let proofs = verifying.max_proofs().unwrap_or(0);
                let counter = counter_path(path);
                let counter = Counter::open("key", owner(commitment), proofs, &counter)?;
                let certificate = { verifying.content.certificate() }
                    .map_err(|error| PROVING_KEY.refused(error))
                    .map_err(FileError::format(path))?;
                let private = { verifying.content.private() }
                    .map_err(|error| PROVING_KEY.refused(error))
                    .map_err(FileError::format(path))?;
                let values: Vec<Tensor> = { private.iter() }
                    .filter_map(|(at, _)| parameters.get(*at).map(|value| Tensor::clone(value)))
                    .collect();
                let model = Reusable::restore(
                    (&certificate.0, &*certificate.1),
                    GroupKind::Model,
                    &values,
                    (stored, commitment.clone()),
                    counter,
                );
                Some(model.map_err(refused)?)
            }
            _ => None,
        };
        Ok(Self {
            verifying,
            parameters,
            model,
        })
    }
}

#[expect(clippy::type_complexity, reason = "key, parameters, randomness")]
fn parse(bytes: &[u8]) -> Result<(VerifyingKey, Vec<Arc<Tensor>>, Option<Stored>), FormatError> {
    let (digest, body) = PROVING_KEY.decode::<Body>(bytes)?;
    let verifying = VerifyingKey::from_bytes(&body.verifying)?;
    if *verifying.digest() != digest {
        let kind = PROVING_KEY.name();
        return Err(FormatError::Digest { kind });
    }
    let expected = &verifying.content.program.parameters;
    let is_whole = expected.len() == body.parameters.len()
        && body.randomness.is_some() == verifying.content.model.is_some();
    // Public parameters are the verifying key's; private ones are compared with the commitment.
    let fits = |(expected, found): (&program::Parameter, &Tensor)| {
        let is_same =
            expected.visibility != Visibility::Public || expected.value.as_ref() == Some(found);
        is_same && expected.shape == found.shape
    };
    if !is_whole || !expected.iter().zip(&body.parameters).all(fits) {
        return Err(PROVING_KEY.refused("its parameters are not those of its verifying key"));
    }
    let parameters = body.parameters.into_iter().map(Arc::new).collect();
    Ok((verifying, parameters, body.randomness))
}
