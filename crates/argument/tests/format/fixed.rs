//! One small statement with something of everything; it never changes.

use argument::description::Description;
use argument::opening::{Commitment, Committed};
use argument::parameters::Parameters;
use argument::profile::{Goldilocks2, Profile};
use argument::proof::Proof;
use argument::prove::{Reused, commit, prove};
use argument::reject::Reject;
use argument::stack::GroupKind;
use argument::verify::{Statement, verify};
use relation::test_systems::Maker;
use relation::{Assignment, Combination, Einsum, Interval, Role, System, Tensor};

/// The profile of the proofs on file.
pub type P = Goldilocks2;

/// `output = z + 2 (3 - x) + s` with `z = x w`: private weights `w`, a sealed `s`, an input `x` from a table.
pub fn system() -> (System, Assignment) {
    let small = Interval::new(0, 3);
    let mut maker = Maker::new(0);
    let w = maker.column("w", &[3], Role::Parameter, small, vec![1, 3, 2]);
    let s = maker.column("s", &[3], Role::Sealed(0), small, vec![0, 2, 1]);
    let x = maker.column("x", &[3], Role::Witness, small, vec![2, 0, 3]);
    let inputs = maker.constant("inputs", &[4], vec![0, 1, 2, 3]);
    let outputs = maker.constant("outputs", &[4], vec![3, 2, 1, 0]);
    let entries = vec![maker.public(inputs).into(), maker.public(outputs).into()];
    let table = maker.table("three minus", entries);
    let y = maker.column("y", &[3], Role::Witness, small, vec![1, 3, 0]);
    let row = vec![maker.view(x).into(), maker.view(y).into()];
    maker.builder.lookup("y", row, table);
    let z = maker.column("z", &[3], Role::Witness, Interval::new(0, 9), vec![2, 0, 6]);
    let left = maker.view(z).into();
    let einsum = Einsum {
        coefficient: 1,
        a: maker.view(x).into(),
        a_labels: vec![0],
        b: maker.view(w).into(),
        b_labels: vec![0],
    };
    maker.builder.product("z", left, vec![einsum]);
    let output = Combination::from(maker.view(z))
        .plus_times(2, maker.view(y))
        .and_then(|output| output.plus(maker.view(s)))
        .expect("same shape");
    let values = maker.evaluate(&output);
    let public = maker.statement("output", &[3], Interval::new(-100, 100), values);
    let equation = output.minus(maker.public(public)).expect("same shape");
    maker.builder.linear("output", equation);
    maker.finish()
}

/// The key of the statement.
pub fn description<Q: Profile>(zero_knowledge: bool) -> Description<Q> {
    let parameters = Parameters {
        zero_knowledge,
        model_proofs: 1,
        sealed_proofs: 1,
        ..Parameters::default()
    };
    Description::new(system().0, parameters).expect("a description")
}

/// What a proof is about, and what it takes to make one.
pub struct Case {
    pub description: Description<P>,
    pub publics: Vec<Tensor>,
    pub commitments: Vec<Commitment<P>>,
    groups: Vec<Committed<P>>,
}

impl Case {
    /// Commits to weights and sealed values, freshly where they are hidden.
    pub fn new(zero_knowledge: bool) -> Self {
        let (description, (_, assignment)) = (description::<P>(zero_knowledge), system());
        let kinds = [GroupKind::Model, GroupKind::Sealed(0)];
        let (commitments, groups) = kinds
            .map(|kind| commit(&description, kind, &assignment.columns).expect("a commitment"))
            .into_iter()
            .unzip();
        Self {
            description,
            publics: assignment.statement,
            commitments,
            groups,
        }
    }

    /// Spends one opening of each commitment.
    pub fn prove(&mut self) -> Proof<P> {
        let permits: Vec<_> = { self.groups.iter_mut() }
            .map(|group| group.permit().expect("an opening is left"))
            .collect();
        let reused = self.groups.iter().zip(permits);
        let reused = reused.map(|(committed, permit)| Reused { committed, permit });
        let reused = reused.collect();
        let mut assignment = system().1;
        prove(
            &self.description,
            &mut assignment,
            &self.commitments,
            reused,
        )
        .expect("a proof")
    }

    /// Reads and verifies.
    pub fn accept(&self, bytes: &[u8]) -> Result<(), Reject> {
        let proof = Proof::decode(bytes, &self.description)?;
        let statement = Statement {
            publics: &self.publics,
            commitments: &self.commitments,
        };
        verify(&self.description, &statement, &proof)
    }
}
