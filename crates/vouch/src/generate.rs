//! Key generation from an integer program and its parameters.

use crate::backend::Security;
use crate::check::margin;
use crate::content::{Content, KeyError, MAX_SYMBOL};
use crate::proving::ProvingKey;
use crate::reusable::{CommitError, Reusable};
use crate::seal::{Setting, Sort};
use crate::verifying::VerifyingKey;
use argument::description::DescribeError;
use argument::parameters::{Others, Parameters};
use argument::security::REQUIRED_BITS;
use argument::stack::GroupKind;
use program::{Dim, Program, ProgramError, Visibility};
use relation::Tensor;
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;

/// What the owner of a key chooses.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Proofs that the key can make. Each costs randomness in the commitment to the private parameters.
    pub max_proofs: usize,
    /// Proofs that each seal can take part in.
    pub sealed_proofs: usize,
    /// Bits of proven security of a verification, the certificates of the key and of seals included; at least 100.
    pub security_bits: u32,
    /// The largest value of a symbol, by name; otherwise at most [`Options::DEFAULT_LIMIT`].
    pub limits: BTreeMap<String, usize>,
    /// A typical value of a symbol, by name, for which proofs are to be fastest; otherwise 1.
    pub typical: BTreeMap<String, usize>,
}

impl Options {
    /// The limit of a symbol that no limit was given for, if the model has proofs of that size.
    pub const DEFAULT_LIMIT: usize = 256;
}

impl Default for Options {
    fn default() -> Self {
        Self {
            max_proofs: 100,
            sealed_proofs: 100,
            security_bits: 100,
            limits: BTreeMap::new(),
            typical: BTreeMap::new(),
        }
    }
}

/// Why there is no key.
#[derive(Debug, Error)]
pub enum GenerateError {
    /// An option is out of range.
    #[error("{option}: expected {expected}, found {found}")]
    Option {
        /// The option.
        option: String,
        /// What it may be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// The parameters do not fit the program.
    #[error(transparent)]
    Parameters(Box<ProgramError>),
    /// The program has no proofs for the sizes that the key should allow.
    #[error(transparent)]
    Key(Box<KeyError>),
    /// The parameters could not be committed or certified.
    #[error(transparent)]
    Commit(Box<CommitError>),
}

crate::boxed!(GenerateError: Parameters(ProgramError), Key(KeyError), Commit(CommitError));

impl ProvingKey {
    /// Makes a key for a program and one tensor for each of its parameters.
    ///
    /// The length of the committed polynomials is fixed here, for all values of the symbols up to their limits: so
    /// one commitment to the model serves them all.
    /// Errors: [`GenerateError`].
    pub fn generate(
        program: Program<Dim>,
        parameters: Vec<Arc<Tensor>>,
        options: &Options,
    ) -> Result<Self, GenerateError> {
        check_parameters(&program, &parameters)?;
        let mut content = choose(&program, options)?;
        let private = content.private()?;
        let mut certified = None;
        if !private.is_empty() {
            let values: Vec<Tensor> = { private.iter() }
                .map(|(at, _)| Tensor::clone(&parameters[*at]))
                .collect();
            let (certificate, backend) = content.certificate()?;
            let source = (&certificate, &*backend);
            let (kind, proofs) = (GroupKind::Model, options.max_proofs);
            let mut model = Reusable::commit(source, kind, &values, "key", proofs)?;
            // The certificate is bound to the whole key, the commitment included.
            content.model = Some(model.commitment.clone());
            let (certificate, backend) = content.certificate()?;
            let proof = model.certify((&certificate, &*backend), &values)?;
            certified = Some((model, proof));
        }
        content.check()?;
        let (model, certificate) = certified.unzip();
        Ok(Self {
            verifying: VerifyingKey::new(content, certificate),
            parameters,
            model,
        })
    }
}

/// That there is a tensor for each parameter, with its shape and in its interval; the same as the program says if it is public.
fn check_parameters(
    program: &Program<Dim>,
    parameters: &[Arc<Tensor>],
) -> Result<(), GenerateError> {
    if program.parameters.len() != parameters.len() {
        return Err(GenerateError::from(ProgramError::Count {
            what: "parameters",
            expected: program.parameters.len(),
            found: parameters.len(),
        }));
    }
    for (parameter, value) in program.parameters.iter().zip(parameters) {
        if parameter.shape != value.shape {
            return Err(GenerateError::from(ProgramError::Shape {
                name: parameter.name.clone(),
                expected: parameter.shape.clone(),
                found: value.shape.clone(),
            }));
        }
        let is_public = parameter.visibility == Visibility::Public;
        let differs = is_public && parameter.value.as_ref() != Some(&**value);
        let ends = value.interval();
        let outside = |&end: &i64| differs || !parameter.interval.contains(end);
        if let Some(found) = [ends.lo, ends.hi].into_iter().find(outside) {
            return Err(GenerateError::from(ProgramError::Value {
                name: parameter.name.clone(),
                expected: parameter.interval,
                found,
            }));
        }
    }
    Ok(())
}

/// Chooses challenge field, limits and row length.
pub(crate) fn choose(program: &Program<Dim>, options: &Options) -> Result<Content, GenerateError> {
    let positive = |option: &str, expected: &str, found: usize| {
        if found > 0 && found < MAX_SYMBOL {
            return Ok(());
        }
        Err(GenerateError::Option {
            option: option.into(),
            expected: expected.into(),
            found: found.to_string(),
        })
    };
    positive("the budget of proofs", "1 to 2^24 - 1", options.max_proofs)?;
    positive(
        "the budget of seals",
        "1 to 2^24 - 1",
        options.sealed_proofs,
    )?;
    for (name, &value) in options.limits.iter().chain(&options.typical) {
        positive(&format!("symbol {name:?}"), "1 to 2^24 - 1", value)?;
        if !program.symbols.contains(name) {
            return Err(GenerateError::Option {
                option: "symbols".into(),
                expected: format!("some of {:?}", program.symbols),
                found: name.clone(),
            });
        }
    }
    let parameters = Parameters {
        security_bits: options.security_bits,
        // One opening each is the certificate's.
        model_proofs: options.max_proofs.saturating_add(1),
        sealed_proofs: options.sealed_proofs.saturating_add(1),
        ..Parameters::default()
    };
    let mut default = Options::DEFAULT_LIMIT;
    loop {
        let limit = |name: &String| options.limits.get(name).copied();
        let limits = { program.symbols.iter() }.map(|name| limit(name).unwrap_or(default));
        let mut content = Content {
            security: Security::Quadratic,
            program: program.clone(),
            parameters,
            limits: limits.collect(),
            model: None,
        };
        let found = fit_any(&mut content, options);
        let is_free = program.symbols.iter().any(|name| limit(name).is_none());
        match found {
            Ok(()) => return Ok(content),
            Err(_) if is_free && default > 1 => default /= 2,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Bits that a certificate has beyond those of a verification, if that leaves enough of them.
///
/// With one of 102 bits, 100.4 are left for the proof; with one of 101 bits, 101 are.
const MORE: u32 = 2;

/// Fixes challenge field, bits of certificates and row length: the first that serve all sizes.
fn fit_any(content: &mut Content, options: &Options) -> Result<(), KeyError> {
    let count = content.others()?;
    let least = margin(count);
    let mut choices = vec![least.max(MORE)];
    // Seals have the same bits whatever the key, as far as they can, so that keys share them.
    let shares = content.sealed().next().is_some() && options.security_bits <= REQUIRED_BITS;
    if count > 0 && least < MORE && !shares {
        choices.push(least);
    }
    let parameters = content.parameters;
    let mut found = Ok(());
    for security in [Security::Quadratic, Security::Cubic] {
        for more in &choices {
            let bits = parameters.security_bits.saturating_add(*more);
            let others = Others { count, bits };
            content.security = security;
            content.parameters = Parameters {
                others: if count > 0 { others } else { Others::default() },
                ..parameters
            };
            found = fit(content, options);
            if !found.as_ref().is_err_and(is_insecure) {
                return found;
            }
        }
    }
    found
}

/// Whether fewer bits for the certificates or a larger challenge field may help.
fn is_insecure(error: &KeyError) -> bool {
    match error {
        KeyError::Describe(error) => matches!(**error, DescribeError::Insecure(_)),
        _ => false,
    }
}

/// Fixes the row length: the best for typical sizes, or the next that serves all sizes.
fn fit(content: &mut Content, options: &Options) -> Result<(), KeyError> {
    let none = [0; 32];
    let typical = { content.program.symbols.iter().zip(&content.limits) }.map(|(name, &limit)| {
        options
            .typical
            .get(name)
            .map_or(1, |&value| value.min(limit))
    });
    let typical: Vec<usize> = typical.collect();
    let first = content.bind(&typical, &none)?.backend.facts().log_len;
    let mut sizes = vec![vec![1; typical.len()], content.limits.clone(), typical];
    sizes.dedup();
    let mut refused: Option<KeyError> = None;
    for log_len in first..=first.saturating_add(LONGER) {
        content.parameters.log_len = Some(log_len);
        match serves(content, &sizes) {
            Ok(()) => return Ok(()),
            // What another choice may help is not forgotten over rows that are too long for anything.
            Err(error) if !refused.as_ref().is_some_and(is_insecure) => refused = Some(error),
            Err(_) => {}
        }
    }
    refused.map_or(Ok(()), Err)
}

/// How many doublings of the best row length are tried: each makes every proof larger.
const LONGER: usize = 6;

/// That there are proofs for all of some sizes, a certificate, and seals.
fn serves(content: &Content, sizes: &[Vec<usize>]) -> Result<(), KeyError> {
    let setting = Setting::of(content);
    let seal = |sort: &Sort| setting.certificate(sort).map(drop);
    for symbols in sizes {
        let bound = content.bind(symbols, &[0; 32])?;
        let sealed = bound.sealed();
        sealed.iter().try_for_each(|(_, sort)| seal(sort))?;
    }
    if !content.private()?.is_empty() {
        content.certificate()?;
    }
    Ok(())
}
