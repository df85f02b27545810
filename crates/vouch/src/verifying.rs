//! Verifying keys.

use crate::content::{Bound, Content, KeyError};
use crate::file::{FileError, FormatError, VERIFYING_KEY};
use crate::trusted::Trusted;
use argument::reject::Reject;
use program::{Input, Output, Program, Visibility};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use thiserror::Error;

/// Descriptions that are kept in memory: a server sees a few batch sizes again and again.
const MAX_CACHED: usize = 16;

/// All that is needed to verify: the integer program without its private parameters, the commitment to these, and
/// the certificate that they lie in their intervals.
pub struct VerifyingKey {
    pub(crate) content: Content,
    certificate: Option<Vec<u8>>,
    digest: [u8; 32],
    bound: Mutex<BTreeMap<Vec<usize>, Arc<Bound>>>,
    certified: OnceLock<()>,
}

/// What a file of a verifying key holds after its header.
#[derive(Serialize, Deserialize)]
pub(crate) struct Body {
    pub content: Content,
    pub certificate: Option<Vec<u8>>,
}

/// Why a key's certificate is not accepted.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// The certificate is not one of this key.
    #[error("the key's certificate is rejected: {0}; its private parameters could be anything")]
    Rejected(#[from] Reject),
    /// There is no certificate where there should be one, or one where there should be none.
    #[error("the key's certificate: expected one exactly if there are private parameters")]
    Missing,
    /// The key is not in order.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("nodes", &self.content.program.nodes.len())
            .finish_non_exhaustive()
    }
}

impl Clone for VerifyingKey {
    fn clone(&self) -> Self {
        Self {
            content: self.content.clone(),
            certificate: self.certificate.clone(),
            digest: self.digest,
            bound: Mutex::default(),
            certified: self.certified.clone(),
        }
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest && self.certificate == other.certificate
    }
}

impl VerifyingKey {
    /// A key of a content that was checked.
    pub(crate) fn new(content: Content, certificate: Option<Vec<u8>>) -> Self {
        Self {
            digest: content.digest(),
            content,
            certificate,
            bound: Mutex::default(),
            certified: OnceLock::new(),
        }
    }

    /// Identifies program, quantisation, security parameters and the commitment to the private parameters.
    ///
    /// Whoever verifies gets this digest, or the key, from whom they trust to say which model is meant.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// The integer program that proofs are about.
    pub fn program(&self) -> &Program<program::Dim> {
        &self.content.program
    }

    /// The largest value of each symbol, such as the batch size.
    pub fn limits(&self) -> BTreeMap<String, usize> {
        self.content.named(&self.content.limits)
    }

    /// Proofs that one proving key of this key can make; `None` if nothing limits them.
    pub fn max_proofs(&self) -> Option<usize> {
        // One opening of the commitment is the certificate's.
        let proofs = self.content.parameters.model_proofs.saturating_sub(1);
        self.content.model.is_some().then_some(proofs)
    }

    /// The inputs of a visibility.
    pub fn inputs(&self, visibility: Visibility) -> impl Iterator<Item = &Input<program::Dim>> {
        let inputs = self.content.program.inputs.iter();
        inputs.filter(move |input| input.visibility == visibility)
    }

    /// The outputs of a visibility.
    pub fn outputs(&self, visibility: Visibility) -> impl Iterator<Item = &Output> {
        let outputs = self.content.program.outputs.iter();
        outputs.filter(move |output| output.visibility == visibility)
    }

    /// The canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let body = Body {
            content: self.content.clone(),
            certificate: self.certificate.clone(),
        };
        VERIFYING_KEY.encode(&self.digest, &body)
    }

    /// Reads a key. Its certificate is checked when it is first needed, or by [`VerifyingKey::check_certificate`].
    ///
    /// Cost: memory in proportion to the bytes, whatever they say.
    /// Errors: [`FormatError`]; no bytes make this panic.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let (digest, body) = VERIFYING_KEY.decode::<Body>(bytes)?;
        { body.content.check() }.map_err(|error| VERIFYING_KEY.refused(error))?;
        let key = Self::new(body.content, body.certificate);
        if key.digest == digest {
            Ok(key)
        } else {
            Err(FormatError::Digest {
                kind: VERIFYING_KEY.name(),
            })
        }
    }

    /// Reads a key from a file.
    ///
    /// Errors: [`FileError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        Self::from_bytes(&VERIFYING_KEY.read(path)?).map_err(FileError::format(path))
    }

    /// Writes the key to a file, whole or not at all.
    ///
    /// Errors: [`FileError::Io`].
    #[cfg(feature = "prove")]
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        crate::file::write(path.as_ref(), &self.to_bytes(), false)
    }

    /// Checks, once per key, that every private parameter lies in the interval that the relations rely on.
    ///
    /// `trusted` remembers keys for which this was done before, in other processes.
    /// Errors: [`CertificateError`]: no proof under such a key says anything.
    pub fn check_certificate(&self, trusted: Option<&Trusted>) -> Result<(), CertificateError> {
        if self.certified.get().is_some() {
            return Ok(());
        }
        if trusted.is_none_or(|trusted| !trusted.holds(&self.digest)) {
            match (&self.content.model, &self.certificate) {
                (None, None) => {}
                (Some(model), Some(certificate)) => {
                    let (_, backend) = self.content.certificate()?;
                    backend.verify(&[], &[model], certificate)?;
                }
                _ => return Err(CertificateError::Missing),
            }
            if let Some(trusted) = trusted {
                trusted.remember(&self.digest);
            }
        }
        // Another thread may have been faster.
        let _ = self.certified.set(());
        Ok(())
    }

    /// Relations and proofs for some values of the symbols.
    ///
    /// Errors: [`KeyError`].
    pub(crate) fn bind(&self, symbols: &[usize]) -> Result<Arc<Bound>, KeyError> {
        let lock = || self.bound.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bound) = lock().get(symbols) {
            return Ok(bound.clone());
        }
        let bound = Arc::new(self.content.bind(symbols, &self.digest)?);
        let mut cached = lock();
        if cached.len() >= MAX_CACHED {
            cached.clear();
        }
        cached.insert(symbols.to_vec(), bound.clone());
        Ok(bound)
    }

    /// Bits of proven security of a verification for some values of the symbols, certificates included.
    ///
    /// Errors: [`KeyError`].
    pub fn security_bits(&self, symbols: &[usize]) -> Result<f64, KeyError> {
        Ok(self.bind(symbols)?.backend.facts().security_bits)
    }

    /// Every term of the security of a proof, for some values of the symbols, as a table.
    ///
    /// Errors: [`KeyError`].
    pub fn security_account(&self, symbols: &[usize]) -> Result<String, KeyError> {
        Ok(self.bind(symbols)?.backend.account())
    }
}

#[cfg(all(test, feature = "prove"))]
#[path = "../tests/common/mod.rs"]
mod common;

#[cfg(all(test, feature = "prove"))]
mod tests {
    use super::common::{PRIVATE, PUBLIC, Seen, inputs, key};
    use super::*;

    #[test]
    fn keys_that_share_a_commitment_share_no_proof_and_no_certificate() {
        let key = key(Seen(PRIVATE, PRIVATE, PUBLIC));
        let proof = key.prove(&inputs(1)).expect("a proof").proof.body;
        let own = key.verifying_key();
        let model = own.content.model.clone().expect("a commitment");
        // The relations stay the same under each of these: only the context of the proof differs.
        let mut scale = own.content.clone();
        scale.program.outputs[0].encoding = program::Encoding::Fixed(20);
        let mut limit = own.content.clone();
        limit.limits[0] -= 1;
        for content in [scale, limit] {
            let other = VerifyingKey::new(content, own.certificate.clone());
            let rejected = other.check_certificate(None);
            assert!(matches!(rejected, Err(CertificateError::Rejected(_))));
            let bound = other.bind(&[1]).expect("a description");
            let verify = |bound: &Bound| {
                { &bound.backend }.verify(&proof.publics, &[&model], &proof.argument)
            };
            assert!(verify(&bound).is_err());
            assert!(verify(&own.bind(&[1]).expect("a description")).is_ok());
        }
        // Another interval than the one that was certified is another key, whose certificate this is not.
        let mut wider = own.content.clone();
        wider.program.parameters[0].interval = program::Interval::new(-32, 31);
        let other = VerifyingKey::new(wider, own.certificate.clone());
        assert!(other.check_certificate(None).is_err());
        assert!(own.check_certificate(None).is_ok());
    }

    #[test]
    fn a_certificate_for_nothing_and_none_for_something_are_refused() {
        let private = key(Seen(PRIVATE, PRIVATE, PUBLIC));
        let public = key(Seen(PRIVATE, PUBLIC, PUBLIC));
        let (private, public) = (private.verifying_key(), public.verifying_key());
        let without = VerifyingKey::new(private.content.clone(), None);
        let with = VerifyingKey::new(public.content.clone(), private.certificate.clone());
        for key in [without, with] {
            let missing = key.check_certificate(None);
            assert!(matches!(missing, Err(CertificateError::Missing)));
        }
        assert!(public.check_certificate(None).is_ok());
    }
}
