//! Proving: from real inputs to a proof.

use crate::array::{Array, ArrayError, Arrays};
use crate::budget::BudgetError;
use crate::content::{Bound, KeyError};
use crate::estimate::Estimate;
use crate::proof::{Body, Proof};
use crate::proving::ProvingKey;
use crate::reusable::Reusable;
use crate::sealed::{SealError, Sealed};
use program::{Dim, Place, ProgramError, Visibility};
use relation::{Data, Tensor};
use std::collections::BTreeMap;

use thiserror::Error;
use tracing::info_span;

/// Why there is no proof.
#[derive(Debug, Error)]
pub enum ProveError {
    /// An input does not fit the model.
    #[error(transparent)]
    Input(#[from] ArrayError),
    /// The value of a symbol does not follow from the shapes of the inputs.
    #[error(
        "the size {symbol:?} does not follow from the shapes of the inputs: no input has it as an axis"
    )]
    Symbol {
        /// The symbol.
        symbol: String,
    },
    /// The key has no proofs for inputs of this size.
    #[error(transparent)]
    Size(Box<KeyError>),
    /// The program could not be run.
    #[error(transparent)]
    Execute(Box<ProgramError>),
    /// The key, or a seal, has no proof left.
    #[error(transparent)]
    Budget(#[from] BudgetError),
    /// Something could not be sealed.
    #[error(transparent)]
    Seal(Box<SealError>),
    /// The argument failed.
    #[error(transparent)]
    Argument(Box<argument::prove::ProveError>),
}

crate::boxed!(ProveError: Execute(ProgramError), Argument(argument::prove::ProveError), Size(KeyError), Seal(SealError));

/// A proof, and what the prover learns beside it.
#[derive(Debug)]
pub struct Proved {
    /// The proof.
    pub proof: Proof,
    /// All outputs, private ones too.
    pub outputs: Arrays,
    /// The openings of the seals that were made for this proof. Secret.
    pub sealed: BTreeMap<String, Sealed>,
}

impl ProvingKey {
    /// Proves that the model gives the outputs on these inputs.
    ///
    /// Inputs and outputs that the key wants sealed get new seals, which [`Proved::sealed`] can open.
    /// Errors: [`ProveError`].
    pub fn prove(&self, inputs: &Arrays) -> Result<Proved, ProveError> {
        self.prove_sealed(inputs, &BTreeMap::new())
    }

    /// [`ProvingKey::prove`] with inputs that were sealed before: these are in `sealed` and not in `inputs`.
    ///
    /// Errors: [`ProveError`].
    pub fn prove_sealed(
        &self,
        inputs: &Arrays,
        sealed: &BTreeMap<String, Sealed>,
    ) -> Result<Proved, ProveError> {
        let quantise = || self.quantise(inputs, sealed);
        let (symbols, values) = info_span!("quantise").in_scope(quantise)?;
        let bound = info_span!("bind").in_scope(|| self.verifying.bind(&symbols))?;
        let execute = || {
            program::execute::assign(&bound.program, &bound.lowered, &values, &self.parameters)
                .map_err(ProveError::from)
        };
        let (outputs, mut assignment) = info_span!("execute").in_scope(execute)?;
        assignment.statement.iter_mut().for_each(narrow);
        let fresh = self.seal_fresh(&bound, sealed, &values, &outputs)?;
        let mut reusables: Vec<&Reusable> = self.model.iter().collect();
        let mut seals = Vec::new();
        for (name, _) in bound.sealed() {
            // What is not given was just made.
            if let Some(one) = sealed.get(&name).or_else(|| fresh.get(&name)) {
                reusables.push(&one.reusable);
                seals.push(one.seal.clone());
            }
        }
        let permits: Result<Vec<_>, _> = reusables.iter().map(|one| one.permit()).collect();
        let held: Vec<_> = reusables.iter().map(|one| one.held()).collect();
        let reused = { reusables.iter().zip(&held) }
            .zip(permits?)
            .map(|((one, held), permit)| (one.commitment.as_slice(), &**held, permit));
        let argument = bound.backend.prove(&mut assignment, reused.collect())?;
        drop((held, reusables));
        let decode = |(output, tensor): (&program::Output, &Tensor)| {
            let array = Array::from_integers(tensor, output.encoding);
            (output.name.clone(), array)
        };
        Ok(Proved {
            proof: Proof {
                key: *self.verifying.digest(),
                body: Body {
                    symbols,
                    publics: assignment.statement,
                    seals,
                    argument,
                },
            },
            outputs: bound
                .program
                .outputs
                .iter()
                .zip(&outputs)
                .map(decode)
                .collect(),
            sealed: fresh,
        })
    }

    /// What a proof for these inputs costs, before any of it is spent.
    ///
    /// Errors: [`ProveError`].
    pub fn estimate(&self, inputs: &Arrays) -> Result<Estimate, ProveError> {
        let (symbols, _) = self.quantise(inputs, &BTreeMap::new())?;
        Ok(self.verifying.estimate(&symbols)?)
    }

    /// Runs the model without a proof: what a proof for these inputs would be about.
    ///
    /// Errors: [`ProveError`].
    pub fn run(&self, inputs: &Arrays) -> Result<Arrays, ProveError> {
        let (symbols, values) = self.quantise(inputs, &BTreeMap::new())?;
        let program = self.verifying.program().bind(&symbols)?;
        let outputs = program::execute::outputs(&program, &values, &self.parameters)?;
        let decode = |(output, tensor): (&program::Output, &Tensor)| {
            let array = Array::from_integers(tensor, output.encoding);
            (output.name.clone(), array)
        };
        Ok(program.outputs.iter().zip(&outputs).map(decode).collect())
    }

    /// The values of the symbols, and all inputs as integers.
    fn quantise(
        &self,
        inputs: &Arrays,
        sealed: &BTreeMap<String, Sealed>,
    ) -> Result<(Vec<usize>, Vec<Tensor>), ProveError> {
        let program = self.verifying.program();
        let names = || {
            program
                .inputs
                .iter()
                .map(|input| input.name.clone())
                .collect()
        };
        let mut values = Vec::with_capacity(program.inputs.len());
        for input in &program.inputs {
            let name = &input.name;
            let is_sealed = input.visibility == Visibility::Sealed;
            let value = match (sealed.get(name).filter(|_| is_sealed), inputs.get(name)) {
                (Some(sealed), None) => sealed.value.clone(),
                (None, Some(array)) => array.quantise(name, input.interval, input.encoding)?,
                (None, None) => {
                    let (name, expected) = (name.clone(), names());
                    return Err(ArrayError::Missing { name, expected }.into());
                }
                (Some(_), Some(_)) => return Err(SealError::Twice { name: name.clone() }.into()),
            };
            values.push(value);
        }
        let is_known = |name: &&String| program.inputs.iter().any(|input| input.name == **name);
        let unknown = inputs
            .keys()
            .chain(sealed.keys())
            .find(|name| !is_known(name));
        if let Some(name) = unknown {
            let (name, expected) = (name.clone(), names());
            return Err(ArrayError::Unknown { name, expected }.into());
        }
        let symbols = self.symbols(&values)?;
        for (input, value) in program.inputs.iter().zip(&values) {
            let dims = input.shape.iter().map(|dim| dim.bind(&symbols));
            let expected: Vec<usize> = { dims.collect::<Result<_, _>>() }.map_err(|reason| {
                let place = input.name.clone();
                ProgramError::Dim { place, reason }
            })?;
            if expected != value.shape {
                let (name, found) = (input.name.clone(), value.shape.clone());
                return Err(ArrayError::Shape {
                    name,
                    expected,
                    found,
                }
                .into());
            }
        }
        Ok((symbols, values))
    }

    /// Each symbol's value is the size of the first axis of an input that is this symbol.
    fn symbols(&self, values: &[Tensor]) -> Result<Vec<usize>, ProveError> {
        let program = self.verifying.program();
        let value = |(at, name): (usize, &String)| {
            let mut axes = { program.inputs.iter().zip(values) }
                .flat_map(|(input, value)| input.shape.iter().zip(&value.shape));
            let axis = axes.find(|(dim, _)| **dim == Dim::Symbol(at));
            let symbol = name.clone();
            axis.map(|(_, &size)| size)
                .ok_or(ProveError::Symbol { symbol })
        };
        program.symbols.iter().enumerate().map(value).collect()
    }

    /// Seals what the key wants sealed and was not sealed before.
    fn seal_fresh(
        &self,
        bound: &Bound,
        sealed: &BTreeMap<String, Sealed>,
        inputs: &[Tensor],
        outputs: &[Tensor],
    ) -> Result<BTreeMap<String, Sealed>, ProveError> {
        let mut fresh = BTreeMap::new();
        for ((name, sort), &place) in bound.sealed().into_iter().zip(&bound.lowered.sealed) {
            let value = match place {
                Place::Input(at) => inputs.get(at),
                Place::Output(at) => outputs.get(at),
                Place::Parameter(_) => None,
            };
            match (sealed.get(&name), value) {
                (Some(given), _) if given.seal.sort != sort => {
                    return Err(SealError::Sort { name }.into());
                }
                (None, Some(value)) => {
                    let made = Sealed::new(&self.verifying, sort, value)?;
                    fresh.insert(name, made);
                }
                _ => {}
            }
        }
        Ok(fresh)
    }
}

/// Stores a tensor in its narrowest type, so that a statement has one encoding.
fn narrow(tensor: &mut Tensor) {
    tensor.data = Data::narrowed(tensor.to_i64s());
}
