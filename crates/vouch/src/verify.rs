//! Verification: what a proof shows, or why it shows nothing.

use crate::array::{Array, ArrayError, Arrays};
use crate::content::{Bound, KeyError};
use crate::proof::Proof;
use crate::seal::{Seal, SealRejected, Setting, Sort};
use crate::trusted::Trusted;
use crate::verifying::{CertificateError, VerifyingKey};
use argument::reject::Reject;
use p3_maybe_rayon::prelude::join;
use program::{Encoding, Place};
use relation::Interval;
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;

/// What a verifier knows already and compares a proof with. All of it is optional.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expected {
    /// Public inputs.
    pub inputs: Arrays,
    /// Public outputs.
    pub outputs: Arrays,
    /// Digests of seals, by the name of the input or output; see [`Seal::digest`].
    pub seals: BTreeMap<String, [u8; 32]>,
    /// The digest of the key; see [`VerifyingKey::digest`].
    pub model: Option<[u8; 32]>,
}

/// What an accepted proof has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The value of each symbol, such as the batch size.
    pub symbols: BTreeMap<String, usize>,
    /// The public inputs.
    pub inputs: Arrays,
    /// The public outputs.
    pub outputs: Arrays,
    /// The seals of sealed inputs and outputs.
    pub seals: BTreeMap<String, Seal>,
    /// Bits of proven security, of the proof and the certificates of the key and of seals together.
    pub security_bits: f64,
}

/// Why a proof is not accepted.
#[derive(Debug, Error)]
pub enum Rejected {
    /// The key is not the one that was expected.
    #[error("the verifying key is not the one that was expected")]
    Model,
    /// The proof was made with another key.
    #[error("the proof was made with another key: get the verifying key that belongs to it")]
    Key,
    /// The key's private parameters are not certified.
    #[error(transparent)]
    Certificate(Box<CertificateError>),
    /// The key has no proofs for what the proof says its symbols are.
    #[error(transparent)]
    Symbols(Box<KeyError>),
    /// The proof has another number of public tensors or seals than the key.
    #[error("expected {expected} {what} in the proof, found {found}")]
    Count {
        /// What is miscounted.
        what: &'static str,
        /// How many the key has.
        expected: usize,
        /// How many the proof has.
        found: usize,
    },
    /// A public tensor is not the one that was expected.
    #[error("{name:?} at {index:?}: expected {expected}, the proof is about {found}")]
    Value {
        /// The input or output.
        name: String,
        /// Row-major position of the first value that differs.
        index: usize,
        /// What was expected, after rounding to what the model computes with.
        expected: f64,
        /// What the proof is about.
        found: f64,
    },
    /// An expectation has another shape than the proof, or names a tensor that is not public.
    #[error(transparent)]
    Expected(#[from] ArrayError),
    /// A seal is of another kind of tensor, or not the one that was expected.
    #[error("the seal of {name:?} is not {expected}")]
    Seal {
        /// The input or output.
        name: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The certificate of a seal is not accepted.
    #[error("the seal of {name:?}: {reason}")]
    Sealed {
        /// The input or output.
        name: String,
        /// Why.
        reason: SealRejected,
    },
    /// The argument is not accepted.
    #[error("the proof is rejected: {0}")]
    Argument(#[from] Reject),
}

crate::boxed!(Rejected: Certificate(CertificateError), Symbols(KeyError));

impl VerifyingKey {
    /// Verifies a proof: that someone who knows the key's private parameters and the private inputs ran the model on
    /// the public inputs and got the public outputs.
    ///
    /// Errors: [`Rejected`]; no proof makes this panic, and none makes it work on more than the key's limits allow.
    /// Soundness: [`Accepted::security_bits`], if the key is the right one: pin [`VerifyingKey::digest`].
    pub fn verify(&self, proof: &Proof, expected: &Expected) -> Result<Accepted, Rejected> {
        self.verify_with(proof, expected, None)
    }

    /// [`VerifyingKey::verify`] that remembers for which keys the certificate was checked before.
    ///
    /// Errors: [`Rejected`].
    pub fn verify_with(
        &self,
        proof: &Proof,
        expected: &Expected,
        trusted: Option<&Trusted>,
    ) -> Result<Accepted, Rejected> {
        if expected.model.is_some_and(|model| model != *self.digest()) {
            return Err(Rejected::Model);
        }
        if proof.key != *self.digest() {
            return Err(Rejected::Key);
        }
        let (certified, verified) = join(
            || self.check_certificate(trusted),
            || self.check_argument(proof),
        );
        certified?;
        let (bound, seals) = verified?;
        let (inputs, outputs) = publics_by_name(&bound, proof)?;
        compare(&inputs, &expected.inputs)?;
        compare(&outputs, &expected.outputs)?;
        for (name, digest) in &expected.seals {
            if seals.get(name).is_none_or(|seal| seal.digest() != *digest) {
                let name = name.clone();
                let expected = "the one that was expected";
                return Err(Rejected::Seal { name, expected });
            }
        }
        Ok(Accepted {
            symbols: self.content.named(&proof.body.symbols),
            inputs: inputs
                .into_iter()
                .map(|(name, public)| (name, public.array))
                .collect(),
            outputs: outputs
                .into_iter()
                .map(|(name, public)| (name, public.array))
                .collect(),
            seals,
            security_bits: bound.backend.facts().security_bits,
        })
    }

    /// That the proof's argument and the certificates of its seals hold, if that of the key does.
    fn check_argument(
        &self,
        proof: &Proof,
    ) -> Result<(Arc<Bound>, BTreeMap<String, Seal>), Rejected> {
        let bound = self.bind(&proof.body.symbols)?;
        let seals = check_seals(self, &bound, proof)?;
        let commitments = { self.content.model.iter() }
            .chain(proof.body.seals.iter().map(|seal| &seal.commitment));
        let commitments: Vec<&[u8]> = commitments.map(Vec::as_slice).collect();
        let publics = &proof.body.publics;
        let argument = &proof.body.argument;
        bound.backend.verify(publics, &commitments, argument)?;
        Ok((bound, seals))
    }
}

/// A public tensor: what its integers stand for, where they are cut off, and the reals.
struct Public {
    encoding: Encoding,
    interval: Interval,
    array: Array,
}

/// Public tensors by name.
type Named = BTreeMap<String, Public>;

/// All integers that can be encoded.
const ANY: Interval = Interval::new(-(1 << 61), 1 << 61);

fn publics_by_name(bound: &Bound, proof: &Proof) -> Result<(Named, Named), Rejected> {
    let (mut inputs, mut outputs) = (Named::new(), Named::new());
    let places = &bound.lowered.statement;
    if places.len() != proof.body.publics.len() {
        return Err(Rejected::Count {
            what: "public tensors",
            expected: places.len(),
            found: proof.body.publics.len(),
        });
    }
    for (&place, tensor) in places.iter().zip(&proof.body.publics) {
        let (named, crossing) = match place {
            Place::Output(_) => (&mut outputs, bound.crossing(place)),
            _ => (&mut inputs, bound.crossing(place)),
        };
        if let Some((name, encoding)) = crossing {
            // Levels are cut off at the ends of an input, which a real may lie beyond.
            let interval = match (encoding, place) {
                (Encoding::Levels(_), Place::Input(at)) => {
                    { bound.program.inputs.get(at) }.map_or(ANY, |input| input.interval)
                }
                _ => ANY,
            };
            let public = Public {
                encoding,
                interval,
                array: Array::from_integers(tensor, encoding),
            };
            named.insert(name.into(), public);
        }
    }
    Ok((inputs, outputs))
}

/// That what was expected is what a proof is about.
///
/// An expectation is rounded to integers first, as an input is, and both sides are compared as the numbers in double
/// precision that their integers stand for: an expectation agrees with whatever it is rounded to, and integers beyond
/// 2^53 that stand for the same number count as equal.
fn compare(found: &Named, expected: &Arrays) -> Result<(), Rejected> {
    for (name, array) in expected {
        let public = found.get(name).ok_or_else(|| ArrayError::Unknown {
            name: name.clone(),
            expected: found.keys().cloned().collect(),
        })?;
        let found = &public.array;
        if array.shape != found.shape {
            return Err(Rejected::Expected(ArrayError::Shape {
                name: name.clone(),
                expected: found.shape.clone(),
                found: array.shape.clone(),
            }));
        }
        let integers = array.quantise(name, public.interval, public.encoding)?;
        let rounded = Array::from_integers(&integers, public.encoding);
        let differs = |(_, (a, b)): &(usize, (&f64, &f64))| a != b;
        let mut pairs = rounded.data.iter().zip(&found.data).enumerate();
        if let Some((index, (&expected, &found))) = pairs.find(differs) {
            let name = name.clone();
            return Err(Rejected::Value {
                name,
                index,
                expected,
                found,
            });
        }
    }
    Ok(())
}

/// That every sealed place has a seal of its kind, whose certificate holds.
fn check_seals(
    key: &VerifyingKey,
    bound: &Bound,
    proof: &Proof,
) -> Result<BTreeMap<String, Seal>, Rejected> {
    let (sorts, seals) = (bound.sealed(), &proof.body.seals);
    if sorts.len() != seals.len() {
        return Err(Rejected::Count {
            what: "seals",
            expected: sorts.len(),
            found: seals.len(),
        });
    }
    let setting = Setting::of(&key.content);
    let mut named = BTreeMap::new();
    for ((name, sort), seal) in sorts.into_iter().zip(seals) {
        if seal.sort != sort {
            let expected = "of a tensor of the shape, interval and scale that the model takes, \
                            made for rows and a budget of seals like the key's";
            return Err(Rejected::Seal { name, expected });
        }
        if let Err(reason) = seal.check(&setting) {
            return Err(Rejected::Sealed { name, reason });
        }
        named.insert(name, seal.clone());
    }
    Ok(named)
}

impl Bound {
    /// Name and encoding of what crosses the boundary at a place; nothing for a parameter.
    pub(crate) fn crossing(&self, place: Place) -> Option<(&str, Encoding)> {
        match place {
            Place::Input(at) => {
                let input = self.program.inputs.get(at)?;
                Some((&input.name, input.encoding))
            }
            Place::Output(at) => {
                let output = self.program.outputs.get(at)?;
                Some((&output.name, output.encoding))
            }
            Place::Parameter(_) => None,
        }
    }

    /// Name and kind of everything that is sealed, in the order of the seals in a proof.
    pub(crate) fn sealed(&self) -> Vec<(String, Sort)> {
        let columns = self.lowered.system.columns();
        let sort = |&place: &Place| {
            let (name, encoding) = self.crossing(place)?;
            let (_, id) = self
                .lowered
                .columns
                .iter()
                .find(|(other, _)| *other == place)?;
            let column = columns.get(id.0)?;
            let sort = Sort {
                shape: column.shape.clone(),
                interval: column.interval,
                encoding,
                places: self.places,
            };
            Some((name.to_owned(), sort))
        };
        self.lowered.sealed.iter().filter_map(sort).collect()
    }
}
