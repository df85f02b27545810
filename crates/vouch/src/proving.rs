//! Proving keys.

use crate::archive::{self, archive_path};
use crate::budget::{BudgetError, Counter};
use crate::file::{FileError, FormatError, PROVING_KEY};
use crate::reusable::{CommitError, Reusable, counter_path, owner};
use crate::verifying::VerifyingKey;
use argument::opening::{Archive, Stored};
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
struct Body<T> {
    verifying: Vec<u8>,
    parameters: Vec<T>,
    randomness: Option<Stored>,
    /// Whether there is an archive beside the key.
    is_archived: bool,
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
    /// The archive of the key is missing or is another key's.
    #[error("the archive of the key, which must lie beside it: {0}")]
    Archive(FileError),
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

    /// Stores the key, and the count of its proofs beside it, from which this key then counts too. A large key has a third
    /// file, its archive; the three belong together.
    ///
    /// Errors: [`ProvingKeyError`]; in particular if there is a counter already, of this key elsewhere or of another one here: a budget
    /// that is counted in two places is no budget. No archive is left behind then.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ProvingKeyError> {
        self.save_with(path.as_ref(), archive::LEAST)
    }

    fn save_with(&self, path: &Path, least: u64) -> Result<(), ProvingKeyError> {
        let model = self.model.as_ref();
        let mut body = Body {
            verifying: self.verifying.to_bytes(),
            parameters: self.parameters.iter().map(|p| &**p).collect(),
            randomness: model.map(Reusable::stored),
            is_archived: model.is_some_and(|model| model.held().archive_bytes() >= least),
        };
        if let (true, Some(stored)) = (body.is_archived, &mut body.randomness) {
            stored.salts = Vec::new();
        }
        let bytes = PROVING_KEY.encode(self.verifying.digest(), &body);
        let whole = model.filter(|_| body.is_archived);
        drop(body);
        if let Some(model) = model {
            model.store(&counter_path(path))?;
        }
        let archive_path = archive_path(path);
        if let Some(model) = whole {
            let identity = archive::identity(&owner(&model.commitment), &bytes);
            archive::write(&archive_path, &identity, &model.held())?;
        }
        crate::file::write(path, &bytes, true).map_err(|error| {
            if whole.is_some() {
                // What is without a key is of no use, and large; the first error says more than another one.
                let _ = std::fs::remove_file(&archive_path);
            }
            error.into()
        })
    }

    /// Loads a key.
    ///
    /// Cost: the codewords of the parameters are made and hashed anew, unless the key is large: then little of its archive is
    /// read.
    /// Errors: [`ProvingKeyError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ProvingKeyError> {
        let path = path.as_ref();
        let bytes = PROVING_KEY.read(path)?;
        let (verifying, parameters, stored, is_archived) =
            parse(&bytes).map_err(FileError::format(path))?;
        let model = match (&verifying.content.model, stored) {
            (Some(commitment), Some(stored)) => {
                let archive = match is_archived {
                    true => {
                        let identity = archive::identity(&owner(commitment), &bytes);
                        let archive = archive::open(&archive_path(path), &identity);
                        Some(archive.map_err(ProvingKeyError::Archive)?)
                    }
                    false => None,
                };
                drop(bytes);
                let committed = (stored, commitment.clone());
                Some(restore(path, &verifying, &parameters, committed, archive)?)
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

/// The commitment to the private parameters.
fn restore(
    path: &Path,
    verifying: &VerifyingKey,
    parameters: &[Arc<Tensor>],
    committed: (Stored, Vec<u8>),
    archive: Option<Box<dyn Archive>>,
) -> Result<Reusable, ProvingKeyError> {
    let (proofs, owner) = (verifying.max_proofs().unwrap_or(0), owner(&committed.1));
    let counter = Counter::open("key", owner, proofs, &counter_path(path))?;
    let unusable = |error| FileError::format(path)(PROVING_KEY.refused(error));
    let content = &verifying.content;
    let (certificate, backend) = content.certificate().map_err(unusable)?;
    let kind = GroupKind::Model;
    let restored = match archive {
        Some(archive) => Reusable::restore_archived(&*backend, kind, archive, committed, counter),
        None => {
            let private = content.private().map_err(unusable)?;
            let values: Vec<Tensor> = { private.iter() }
                .filter_map(|(at, _)| parameters.get(*at).map(|value| Tensor::clone(value)))
                .collect();
            let source = (&certificate, &*backend);
            Reusable::restore(source, kind, &values, committed, counter)
        }
    };
    restored.map_err(|source| ProvingKeyError::Commitment {
        path: path.to_owned(),
        source,
    })
}

/// What a proving key consists of: the verifying key, the parameters, randomness, and whether there is an archive.
type Contents = (VerifyingKey, Vec<Arc<Tensor>>, Option<Stored>, bool);

fn parse(bytes: &[u8]) -> Result<Contents, FormatError> {
    let (digest, body) = PROVING_KEY.decode::<Body<Tensor>>(bytes)?;
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
    Ok((verifying, parameters, body.randomness, body.is_archived))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Array, Arrays, Expected, Options};
    use program::operator::Sum;
    use program::{Dim, Encoding, Input, Node, Operator, Output, Parameter, Program, ValueId};
    use relation::Interval;

    /// `x + w` for a private parameter `w`.
    fn key() -> ProvingKey {
        let id = |node| ValueId { node, output: 0 };
        let node = |name: &str, operator, inputs| Node {
            name: name.into(),
            operator,
            inputs,
        };
        let interval = Interval::new(0, 15);
        let sum = Sum {
            coefficients: vec![1, 1],
            constant: 0,
        };
        let program = Program {
            symbols: Vec::new(),
            inputs: vec![Input {
                name: "x".into(),
                shape: vec![Dim::Known(2)],
                interval,
                encoding: Encoding::Fixed(0),
                visibility: Visibility::Private,
            }],
            parameters: vec![Parameter {
                name: "w".into(),
                shape: vec![2],
                interval,
                visibility: Visibility::Private,
                value: None,
            }],
            nodes: vec![
                node("x", Operator::Input(0), Vec::new()),
                node("w", Operator::Parameter(0), Vec::new()),
                node("sum", Operator::Sum(sum), vec![id(0), id(1)]),
            ],
            outputs: vec![Output {
                name: "y".into(),
                value: id(2),
                encoding: Encoding::Fixed(0),
                visibility: Visibility::Public,
            }],
        };
        let weights = Tensor::from_i64s(vec![2], vec![3, 4]).expect("a tensor");
        let options = Options::default();
        ProvingKey::generate(program, vec![Arc::new(weights)], &options).expect("a key")
    }

    fn proves(key: &ProvingKey) {
        let inputs: Arrays = [("x".into(), Array::new([2], [5.0, 6.0]))].into();
        let proof = key.prove(&inputs).expect("a proof").proof;
        let verified = key.verifying_key().verify(&proof, &Expected::default());
        let outputs = verified.expect("an accepted proof").outputs;
        assert_eq!(outputs["y"].data, [8.0, 10.0]);
    }

    #[test]
    fn a_key_with_an_archive_proves_as_often_as_without() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.pk");
        let key = key();
        key.save_with(&path, 0).expect("a stored key");
        proves(&key);
        drop(key);
        let loaded = ProvingKey::load(&path).expect("a loaded key");
        proves(&loaded);
        let left = loaded.verifying_key().max_proofs().map(|most| most - 2);
        assert_eq!(loaded.proofs_left().expect("a count"), left);
        // A key that is small enough has none.
        let small = folder.path().join("small.pk");
        tests::key().save(&small).expect("a stored key");
        assert!(!archive_path(&small).exists());
        proves(&ProvingKey::load(&small).expect("a loaded key"));
    }

    #[test]
    fn an_archive_that_is_missing_damaged_or_of_another_key_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        for name in ["a.pk", "b.pk"] {
            key().save_with(&path(name), 0).expect("a stored key");
        }
        let refused = || match ProvingKey::load(path("a.pk")) {
            Err(ProvingKeyError::Archive(error)) => error.to_string(),
            Err(other) => other.to_string(),
            Ok(_) => "loaded".into(),
        };
        let archive = path("a.pk.archive");
        let bytes = std::fs::read(&archive).expect("an archive");
        assert_eq!(refused(), "loaded");

        std::fs::copy(path("b.pk.archive"), &archive).expect("a copy");
        assert!(
            refused().contains("belongs to another key"),
            "{}",
            refused()
        );
        std::fs::write(&archive, &bytes[..20]).expect("a file");
        assert!(refused().contains("cannot read"), "{}", refused());
        std::fs::write(&archive, &bytes[..bytes.len() / 2]).expect("a file");
        assert!(refused().contains("commitment"), "{}", refused());
        std::fs::remove_file(&archive).expect("no archive");
        assert!(refused().contains("cannot open"), "{}", refused());

        // Damage that loading does not meet is found before a proof is made of it.
        std::fs::write(&archive, &bytes).expect("a file");
        let key = ProvingKey::load(path("a.pk")).expect("a loaded key");
        let mut damaged = bytes;
        let end = damaged.len() - 8;
        for byte in &mut damaged[42..end] {
            *byte ^= 1;
        }
        std::fs::write(&archive, &damaged).expect("a file");
        let inputs: Arrays = [("x".into(), Array::new([2], [5.0, 6.0]))].into();
        let error = key.prove(&inputs).expect_err("no proof");
        assert!(error.to_string().contains("archive"), "{error}");
    }

    #[test]
    fn no_archive_is_left_without_a_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("model.pk");
        // A folder with a file in it is not replaced by a file.
        std::fs::create_dir(&path).expect("a folder");
        std::fs::write(path.join("file"), b"").expect("a file");
        let error = key().save_with(&path, 0).expect_err("no key");
        assert!(matches!(error, ProvingKeyError::File(_)), "{error}");
        assert!(!archive_path(&path).exists());
    }
}
