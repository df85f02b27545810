//! Whole proofs: honest ones, changed ones, and those of cheating provers.

mod changes;
mod checks;
mod crooked;
mod forge;
mod forgeries;
mod frozen;
mod honest;
mod independence;
mod keys;
mod lies;
mod scripted;
mod tape;
mod transcript;
mod zero_knowledge;

use alloc::vec;
use alloc::vec::Vec;

use rand::distr::{Distribution, StandardUniform};
use relation::test_systems::{self, Maker};
use relation::{Assignment, Combination, Einsum, Interval, Role, System, Tensor};

use crate::description::Description;
use crate::opening::{Commitment, Committed};
use crate::parameters::Parameters;
use crate::profile::Profile;
use crate::proof::Proof;
use crate::prove::{ProveError, Reused, commit, prove};
use crate::reject::Reject;
use crate::stack::GroupKind;
use crate::verify::{Statement, verify};

/// A statement with everything that it takes to prove it.
struct Case<P: Profile> {
    name: &'static str,
    description: Description<P>,
    assignment: Assignment,
    commitments: Vec<Commitment<P>>,
    groups: Vec<Committed<P>>,
}

/// Few bits of work and few openings, so that tests are quick; everything else is as ever.
fn parameters(zero_knowledge: bool) -> Parameters {
    Parameters {
        security_bits: 30,
        zero_knowledge,
        model_proofs: 2,
        sealed_proofs: 2,
        ..Parameters::default()
    }
}

/// Reused groups hide nothing, so that they open as often as one likes.
fn unlimited(zero_knowledge: bool) -> Parameters {
    Parameters {
        model_proofs: 0,
        sealed_proofs: 0,
        ..parameters(zero_knowledge)
    }
}

impl<P: Profile> Case<P>
where
    StandardUniform: Distribution<P::E>,
{
    fn new(
        name: &'static str,
        (system, assignment): (System, Assignment),
        parameters: Parameters,
    ) -> Self {
        let description = Description::new(system, parameters).expect("a description");
        Self::of(name, description, assignment)
    }

    fn of(name: &'static str, description: Description<P>, assignment: Assignment) -> Self {
        let (commitments, groups) = description
            .stack()
            .groups
            .iter()
            .filter(|group| group.kind != GroupKind::Witness)
            .map(|group| {
                commit(&description, group.kind, &assignment.columns).expect("a commitment")
            })
            .unzip();
        Self {
            name,
            description,
            assignment,
            commitments,
            groups,
        }
    }

    fn prove(&mut self) -> Proof<P> {
        self.try_prove().expect(self.name)
    }

    fn try_prove(&mut self) -> Result<Proof<P>, ProveError> {
        let mut permits = Vec::new();
        for group in &mut self.groups {
            permits.push(group.permit()?);
        }
        let reused = self.groups.iter().zip(permits);
        let reused = reused.map(|(committed, permit)| Reused { committed, permit });
        prove(
            &self.description,
            &mut self.assignment,
            &self.commitments,
            reused.collect(),
        )
    }
}

impl<P: Profile> Case<P> {
    fn verify(&self, proof: &Proof<P>) -> Result<(), Reject> {
        self.verify_with(&self.assignment.statement, &self.commitments, proof)
    }

    fn verify_with(
        &self,
        publics: &[Tensor],
        commitments: &[Commitment<P>],
        proof: &Proof<P>,
    ) -> Result<(), Reject> {
        let statement = Statement {
            publics,
            commitments,
        };
        verify(&self.description, &statement, proof)
    }
}

const QUARTER: Interval = Interval::new(0, 3);

/// A system with something of everything that is proven by few messages: parameters, a sealed column, a public
/// output, a product, linear relations, and lookups in two tables.
fn tiny(seed: u64) -> (System, Assignment) {
    let mut maker = Maker::new(seed);
    let w = maker.random_column("w", &[3], Role::Parameter, QUARTER);
    let s = maker.random_column("s", &[2], Role::Sealed(0), QUARTER);
    let x = maker.random_column("x", &[3], Role::Witness, QUARTER);
    let numbers = maker.range("numbers", 4);
    let row = vec![maker.view(x).into()];
    maker.builder.lookup("x", row, numbers);
    let z = relation::test_systems::Maker::contract(
        &maker,
        &[3],
        &[Einsum {
            coefficient: 1,
            a: maker.view(x).into(),
            a_labels: vec![0],
            b: maker.view(w).into(),
            b_labels: vec![0],
        }],
    );
    let z = maker.column("z", &[3], Role::Witness, Interval::new(0, 9), z);
    let einsum = Einsum {
        coefficient: 1,
        a: maker.view(x).into(),
        a_labels: vec![0],
        b: maker.view(w).into(),
        b_labels: vec![0],
    };
    let left = maker.view(z).into();
    maker.builder.product("z", left, vec![einsum]);
    // y = 3 - x, by a table of pairs.
    let inputs = maker.constant("inputs", &[4], vec![0, 1, 2, 3]);
    let outputs = maker.constant("outputs", &[4], vec![3, 2, 1, 0]);
    let entries = vec![maker.public(inputs).into(), maker.public(outputs).into()];
    let pairs = maker.table("pairs", entries);
    let values = maker.evaluate(&maker.view(x).into());
    let values = values.into_iter().map(|x| 3 - x).collect();
    let y = maker.column("y", &[3], Role::Witness, QUARTER, values);
    let row = vec![maker.view(x).into(), maker.view(y).into()];
    maker.builder.lookup("y", row, pairs);
    // output = z + 2 y + the sum of s.
    let sum = maker.view(s).sum(0).and_then(|sum| sum.insert_axis(0));
    let sum = sum.and_then(|sum| sum.broadcast(0, 3)).expect("one axis");
    let output = Combination::from(maker.view(z))
        .plus_times(2, maker.view(y))
        .and_then(|output| output.plus(sum))
        .expect("same shape");
    let values = maker.evaluate(&output);
    let interval = Interval::new(-1000, 1000);
    let public = maker.statement("output", &[3], interval, values);
    let equation = output.minus(maker.public(public)).expect("same shape");
    maker.builder.linear("output", equation);
    maker.finish()
}

/// The values of a tensor with one of them changed.
fn changed(tensor: &Tensor, at: usize, by: i64) -> Tensor {
    let mut values = tensor.to_i64s();
    values[at] += by;
    Tensor::from_i64s(tensor.shape.clone(), values).expect("the same shape")
}
