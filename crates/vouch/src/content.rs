//! What a key fixes, and what follows from it for some values of the symbols.

use crate::backend::{Backend, Security, describe};
use crate::seal::Places;
use argument::description::DescribeError;
use argument::parameters::{Others, Parameters};
use program::{Certificate, Dim, Lowered, Operator, Program, ProgramError, Visibility};
use relation::{Column, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// The largest value that a key may allow for a symbol.
pub const MAX_SYMBOL: usize = 1 << 24;

/// What a verifying key fixes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub security: Security,
    pub program: Program<Dim>,
    pub parameters: Parameters,
    /// The largest value of each symbol.
    pub limits: Vec<usize>,
    /// The commitment to the private parameters, if there are any.
    pub model: Option<Vec<u8>>,
}

/// Why a key has no proofs for some values of its symbols, or is no key at all.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The value of a symbol is zero or beyond the key's limit.
    #[error("symbol {name:?}: expected 1 to {most}, found {found}")]
    Symbol {
        /// The symbol.
        name: String,
        /// The largest value.
        most: usize,
        /// The value.
        found: usize,
    },
    /// The number of symbols is wrong.
    #[error("expected values for {expected} symbols, found {found}")]
    Symbols {
        /// Symbols of the program.
        expected: usize,
        /// Values.
        found: usize,
    },
    /// Something in the key is out of range.
    #[error("the key's {what}: expected {expected}, found {found}")]
    Range {
        /// Which part.
        what: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// Something is not supported.
    #[error("{what} {name:?} is sealed, which is not supported; make it {instead}")]
    Sealed {
        /// What kind of tensor.
        what: &'static str,
        /// Its name.
        name: String,
        /// What is supported.
        instead: &'static str,
    },
    /// The program has no relations.
    #[error(transparent)]
    Program(Box<ProgramError>),
    /// The relations have no proof.
    #[error(transparent)]
    Describe(Box<DescribeError>),
}

crate::boxed!(KeyError: Program(ProgramError), Describe(DescribeError));

/// A program with its symbols fixed, its relations, and their proofs.
pub(crate) struct Bound {
    pub program: Program<usize>,
    pub lowered: Lowered,
    pub backend: Box<dyn Backend>,
    /// Where sealed tensors lie.
    pub places: Places,
}

impl Content {
    /// The digest of everything here.
    pub fn digest(&self) -> [u8; 32] {
        argument::profile::digest(&[b"vouch key 1", &crate::file::body(self)])
    }

    /// The private parameters as columns, in the order in which every lowering declares them, with the number of each.
    ///
    /// Errors: [`KeyError::Program`] if a node refers to no parameter.
    pub fn private(&self) -> Result<Vec<(usize, Column)>, KeyError> {
        let mut columns = Vec::new();
        for node in &self.program.nodes {
            let Operator::Parameter(at) = node.operator else {
                continue;
            };
            let parameters = &self.program.parameters;
            let parameter = parameters.get(at).ok_or_else(|| ProgramError::Unknown {
                place: node.name.clone(),
                what: "parameter",
                found: at,
                count: parameters.len(),
            })?;
            if parameter.visibility == Visibility::Private {
                let column = Column {
                    name: parameter.name.clone(),
                    shape: parameter.shape.clone(),
                    role: Role::Parameter,
                    interval: parameter.interval,
                };
                columns.push((at, column));
            }
        }
        Ok(columns)
    }

    /// The certificate's relations, and their proofs: every private parameter lies in its interval.
    ///
    /// Errors: [`KeyError`].
    pub fn certificate(&self) -> Result<(Certificate, Box<dyn Backend>), KeyError> {
        let columns: Vec<Column> = { self.private()?.into_iter() }
            .map(|(_, column)| column)
            .collect();
        let certificate = Certificate::new(&columns)?;
        let context = [b"certificate".as_slice(), &self.digest()].concat();
        let system = certificate.system.clone();
        let backend = describe(self.security, system, self.certified(), &context)?;
        Ok((certificate, backend))
    }

    /// The parameters of certificates: they have the bits that a proof counts on.
    pub fn certified(&self) -> Parameters {
        Parameters {
            security_bits: self.parameters.others.bits,
            others: Others::default(),
            ..self.parameters
        }
    }

    /// The program's relations for some values of the symbols, and their proofs.
    ///
    /// `digest` is that of this content.
    /// Errors: [`KeyError`].
    pub fn bind(&self, symbols: &[usize], digest: &[u8; 32]) -> Result<Bound, KeyError> {
        self.check_symbols(symbols)?;
        let program = self.program.bind(symbols)?;
        let lowered = Lowered::new(&program)?;
        self.check_columns(lowered.system.columns())?;
        let values: Vec<u8> = { symbols.iter() }
            .flat_map(|&value| u64::try_from(value).unwrap_or(u64::MAX).to_le_bytes())
            .collect();
        let context = [b"proof".as_slice(), digest, &values].concat();
        let backend = describe(
            self.security,
            lowered.system.clone(),
            self.parameters,
            &context,
        )?;
        Ok(Bound {
            program,
            lowered,
            backend,
            places: Places::of(&self.parameters),
        })
    }

    fn check_symbols(&self, symbols: &[usize]) -> Result<(), KeyError> {
        if symbols.len() != self.limits.len() {
            return Err(KeyError::Symbols {
                expected: self.limits.len(),
                found: symbols.len(),
            });
        }
        let names = self.program.symbols.iter().zip(&self.limits);
        for ((name, &most), &found) in names.zip(symbols) {
            if !(1..=most).contains(&found) {
                let name = name.clone();
                return Err(KeyError::Symbol { name, most, found });
            }
        }
        Ok(())
    }

    /// That the model's group is the one that the certificate is about: the same columns, in the same intervals and order.
    /// Its layout follows from these and from the parameters, which are the same too.
    fn check_columns(&self, columns: &[Column]) -> Result<(), KeyError> {
        let lowered = columns.iter().filter(|c| c.role == Role::Parameter);
        let certified = self.private()?;
        let same = |(a, (_, b)): (&Column, &(usize, Column))| {
            a.shape == b.shape && a.interval == b.interval
        };
        if lowered.clone().count() == certified.len() && lowered.zip(&certified).all(same) {
            return Ok(());
        }
        Err(KeyError::Range {
            what: "private parameters",
            expected: "those of the certificate",
            found: "others in the relations".into(),
        })
    }

    /// The values of the symbols by name.
    pub fn named(&self, symbols: &[usize]) -> BTreeMap<String, usize> {
        let names = self.program.symbols.iter().cloned();
        names.zip(symbols.iter().copied()).collect()
    }
}
