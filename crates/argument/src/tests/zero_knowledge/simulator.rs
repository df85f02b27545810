//! The simulator of the book's chapter on zero knowledge: it makes proofs from description and statement alone.
//!
//! The random oracle is that of the leaves. Its answers are programmed at the leaves that are opened, after the
//! transcript, which is not programmed, has named them.

use alloc::collections::BTreeMap;
use std::sync::RwLock;

use p3_blake3::Blake3;
use p3_challenger::FieldChallenger;
use p3_commit::Mmcs;
use p3_field::{BasedVectorSpace, PrimeField64};
use p3_matrix::dense::RowMajorMatrix;
use p3_merkle_tree::MerkleTreeMmcs;
use p3_symmetric::{CompressionFunctionFromHasher, CryptographicHasher, SerializingHasher};
use rand::RngExt;
use relation::Tensor;

use super::*;
use crate::channel::sender::Sender;
use crate::channel::{Affine, Channel, Mask, Product};
use crate::description::{Combined, Description, degree};
use crate::masks::{self, MaskProof, Pending};
use crate::opening::{self, Commitment, GroupOpening, positions, prove_columns};
use crate::profile::{Digests, Paths, Root, random};
use crate::proof::Hidden;
use crate::prove::evaluate;
use crate::reject::Reject;
use crate::stack::GroupKind;
use crate::verify::{column_point, row_weights, start, verify};

type Hash = SerializingHasher<Blake3>;
type Compress = CompressionFunctionFromHasher<Blake3, 2, 32>;
type Data = <<Programmed as Profile>::Tree as Mmcs<F>>::ProverData<RowMajorMatrix<F>>;

/// What the oracle was programmed to answer.
static ANSWERS: RwLock<BTreeMap<Vec<u64>, [u8; 32]>> = RwLock::new(BTreeMap::new());

fn question(leaf: &[F]) -> Vec<u64> {
    leaf.iter().map(PrimeField64::as_canonical_u64).collect()
}

/// The random oracle that hashes leaves: BLAKE3 wherever it was not programmed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Oracle;

impl CryptographicHasher<F, [u8; 32]> for Oracle {
    fn hash_iter<I: IntoIterator<Item = F>>(&self, input: I) -> [u8; 32] {
        let leaf: Vec<F> = input.into_iter().collect();
        let answers = ANSWERS.read().expect("no writer panics");
        match answers.get(&question(&leaf)) {
            Some(&digest) => digest,
            None => Hash::new(Blake3).hash_iter(leaf),
        }
    }
}

/// [`Goldilocks2`] with a programmable oracle for the leaves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Programmed;

impl Profile for Programmed {
    type E = E;
    type Tree = MerkleTreeMmcs<F, u8, Oracle, Compress, 2, 32>;
    type Challenger = <Goldilocks2 as Profile>::Challenger;

    const NAME: &'static [u8] = b"programmed";
    const DIGEST_BYTES: usize = Goldilocks2::DIGEST_BYTES;

    fn tree() -> Self::Tree {
        MerkleTreeMmcs::new(Oracle, Compress::new(Blake3), 0)
    }
    fn challenger(label: &[u8]) -> Self::Challenger {
        Goldilocks2::challenger(label)
    }
    fn digests(root: Option<&Root<Self>>, paths: Option<&Paths<Self>>) -> Digests {
        Goldilocks2::digests(root, paths)
    }

    fn siblings(paths: &Paths<Self>) -> &[[u8; 32]] {
        Goldilocks2::siblings(paths)
    }

    fn paths(siblings: Vec<[u8; 32]>) -> Paths<Self> {
        Goldilocks2::paths(siblings)
    }

    fn leaves(leaves: &[F], digests: &mut [[u8; 32]]) {
        Goldilocks2::leaves(leaves, digests);
    }

    fn above(leaves: Vec<[u8; 32]>) -> Vec<Vec<[u8; 32]>> {
        Goldilocks2::above(leaves)
    }

    fn root(digest: [u8; 32]) -> Root<Self> {
        Goldilocks2::root(digest)
    }
}

/// A commitment of the simulator's: digests of nothing, and the leaves that were made up later.
struct Hollow {
    commitment: Commitment<Programmed>,
    tree: Data,
    leaves: BTreeMap<usize, Vec<F>>,
    /// Symbols of the rows of masks, by the point that they depend on.
    masks: BTreeMap<F, Vec<E>>,
}

impl Hollow {
    /// Random digests, as those of leaves that nobody will see.
    fn new(positions: usize, leaf: usize) -> Self {
        let nothing = random::elements(positions * leaf).expect("randomness");
        let (root, tree) = Programmed::tree().commit_matrix(RowMajorMatrix::new(nothing, leaf));
        Self {
            commitment: Commitment { root },
            tree,
            leaves: BTreeMap::new(),
            masks: BTreeMap::new(),
        }
    }

    /// The leaf at a position: that of an earlier proof, or the one that `make` makes up, for which the oracle is
    /// programmed.
    fn leaf(&mut self, position: usize, make: impl FnOnce() -> Vec<F>) -> &[F] {
        let tree = &self.tree;
        self.leaves.entry(position).or_insert_with(|| {
            let leaf = make();
            let (nothing, _) = Programmed::tree().open_multi_batch(&[position], tree);
            let digest = Hash::new(Blake3).hash_iter(nothing.into_iter().flatten().flatten());
            let mut answers = ANSWERS.write().expect("no writer panics");
            answers.insert(question(&leaf), digest);
            leaf
        })
    }

    fn open(&self, positions: &[usize]) -> GroupOpening<Programmed> {
        let leaves = positions.iter().flat_map(|position| &self.leaves[position]);
        GroupOpening {
            leaves: leaves.copied().collect(),
            paths: Programmed::tree().open_multi_batch(positions, &self.tree).1,
        }
    }
}

/// The masked context of a verifier that receives what it makes up.
struct Imagined<'a> {
    sender: Sender<'a, F, E, <Programmed as Profile>::Challenger>,
    equations: Vec<Affine<E>>,
    singles: u32,
    slots: u32,
}

impl Channel for Imagined<'_> {
    type E = E;
    type Value = Affine<E>;

    fn receive(&mut self) -> Result<Affine<E>, Reject> {
        let message = uniform();
        self.sender.send(message);
        self.singles += 1;
        Ok(Affine::hidden(message, Mask::Single(self.singles - 1)))
    }
    fn receive_product(&mut self) -> Result<Product<Affine<E>>, Reject> {
        let (left, right, slot) = (uniform(), uniform(), self.slots);
        self.sender.send_product(left, right);
        self.slots += 1;
        let masks = vec![
            (Mask::Right(slot), -left),
            (Mask::Left(slot), -right),
            (Mask::Product(slot), E::ONE),
        ];
        Ok(Product {
            left: Affine::hidden(left, Mask::Left(slot)),
            right: Affine::hidden(right, Mask::Right(slot)),
            product: Affine {
                constant: left * right,
                masks,
            },
        })
    }
    fn challenge(&mut self) -> E {
        self.sender.challenge()
    }
    fn work(&mut self, bits: usize) -> Result<(), Reject> {
        self.sender.work(bits);
        Ok(())
    }
    fn require_zero(&mut self, _: &'static str, value: Affine<E>) -> Result<(), Reject> {
        self.equations.push(value);
        Ok(())
    }
}

fn uniform() -> E {
    random::generator().expect("randomness").random()
}

fn uniforms(count: usize) -> Vec<E> {
    let mut rng = random::generator().expect("randomness");
    (0..count).map(|_| rng.random()).collect()
}

/// A statement as the simulator sees it: no column of it is here, and all groups hide something.
pub(super) struct Simulator<'a> {
    description: &'a Description<Programmed>,
    publics: &'a [Tensor],
    /// The reused groups, which the simulator has set up.
    reused: Vec<Hollow>,
}

impl<'a> Simulator<'a> {
    pub(super) fn new(description: &'a Description<Programmed>, publics: &'a [Tensor]) -> Self {
        let opening = description.opening();
        let shapes = opening.groups();
        assert!(shapes.iter().all(|group| group.hidden > 0));
        let reused = &shapes[..shapes.len() - 1];
        let positions = opening.code().positions();
        Self {
            description,
            publics,
            reused: { reused.iter() }
                .map(|group| Hollow::new(positions, group.leaf()))
                .collect(),
        }
    }

    fn commitments(&self) -> Vec<Commitment<Programmed>> {
        let reused = self.reused.iter();
        reused.map(|group| group.commitment.clone()).collect()
    }

    /// What an accepted proof shows.
    pub(super) fn shown(&self, proof: &Proof<Programmed>) -> Result<Opened, Reject> {
        let statement = Statement {
            publics: self.publics,
            commitments: &self.commitments(),
        };
        opened(self.description, &statement, proof)
    }

    fn verify(&self, proof: &Proof<Programmed>) -> Result<(), Reject> {
        self.shown(proof).map(|_| ())
    }

    /// Makes up a proof.
    pub(super) fn prove(&mut self) -> Proof<Programmed> {
        let description = self.description;
        let (shape, mask_shape) = (
            description.opening(),
            description.masks().expect("zero knowledge"),
        );
        // 0, 1: the root, and the transcript that starts with it.
        let width = shape.groups().last().expect("the witness").leaf();
        let mut witness = Hollow::new(shape.code().positions(), width);
        let commitments = self.commitments();
        let statement = Statement {
            publics: self.publics,
            commitments: &commitments,
        };
        let mut challenger = start(description, &statement, &witness.commitment);
        // 2: messages.
        let mut channel = Imagined {
            sender: Sender::new(None, &mut challenger),
            equations: Vec::new(),
            singles: 0,
            slots: 0,
        };
        let run = description.run(self.publics, &mut channel).expect("a run");
        let mut equations = channel.equations;
        let (messages, works) = channel.sender.finish();
        // 3: the combination.
        let columns = random::elements(degree::<Programmed>() << shape.code().log_len());
        let columns = columns.expect("randomness");
        let mut combined = Combined {
            point: run.point,
            rho: run.rho,
            value: E::ZERO,
        };
        let z = column_point(description, &combined);
        combined.value = evaluate::<Programmed>(&columns, z.as_slice());
        challenger.observe_algebra_element(combined.value);
        equations.push(run.value - Affine::from(combined.value));
        // 4: the mask argument.
        let proof = MaskProof {
            test: uniforms(mask_shape.test_len() - 1),
        };
        let pending = masks::verify::<F, E, _>(mask_shape, &equations, &proof, &mut challenger);
        let pending = pending.expect("lengths");
        // 5: the opening of the combination, by the honest prover: the combination is uniform.
        let weights = row_weights(description, &combined);
        let mut all = commitments;
        all.push(witness.commitment.clone());
        let claim = opening::Statement {
            commitments: &all,
            weights: &weights,
            point: &z,
            value: combined.value,
        };
        let inner = prove_columns(shape, &claim, &[], columns.clone(), &mut challenger.clone());
        let mut opening = inner.expect("an opening");
        let positions = positions(shape, &claim, &opening, &mut challenger).expect("work");
        // 6, 7: symbols and paths.
        for &position in &positions {
            self.make_up(position, &mut witness, &pending, &combined, &columns);
        }
        opening.groups = { self.reused.iter().chain([&witness]) }
            .map(|group| group.open(&positions))
            .collect();
        Proof {
            witness: witness.commitment,
            messages,
            works,
            hidden: Some(Hidden {
                combined: combined.value,
                masks: proof,
            }),
            opening,
        }
    }

    /// Makes up the leaves of all groups at one position.
    fn make_up(
        &mut self,
        position: usize,
        witness: &mut Hollow,
        pending: &Pending<E>,
        combined: &Combined<E, E>,
        columns: &[F],
    ) {
        let description = self.description;
        let (code, degree) = (description.opening().code(), degree::<Programmed>());
        let x = code.point(position);
        let weights = row_weights(description, combined);
        let mut weights = weights.iter();
        let mut sum = E::ZERO;
        let mut add = |symbols: &[F]| {
            let products = symbols.iter().zip(&mut weights).map(|(&s, &w)| w * s);
            sum += products.sum::<E>();
        };
        let shapes = description.opening().groups();
        for (group, shape) in self.reused.iter_mut().zip(shapes) {
            let random = || random::elements(shape.leaf()).expect("randomness");
            add(&group.leaf(position, random)[..shape.rows]);
        }
        let group = description.stack().groups.last().expect("the witness");
        let shape = description.masks().expect("zero knowledge");
        assert_eq!(group.kind, GroupKind::Witness);
        let mut leaf = random::elements(group.layout.rows).expect("randomness");
        let masks = { witness.masks.entry(x.exp_power_of_2(shape.log_spread)) }
            .or_insert_with(|| uniforms(shape.mask_rows()));
        let blind = pending.blind(x, masks);
        for value in masks.iter().chain([&blind]) {
            leaf.extend(value.as_basis_coefficients_slice());
        }
        // Rows for masks that are left over.
        leaf.resize(group.layout.rows + group.mask_rows, F::ZERO);
        add(&leaf);
        let f = E::from_basis_coefficients_fn(|d| {
            horner(&columns[d * code.len()..(d + 1) * code.len()], x)
        });
        let rho = combined.rho.expect("zero knowledge");
        let mask = (f - sum) * rho.inverse();
        leaf.extend(mask.as_basis_coefficients_slice());
        assert_eq!(shape.degree, degree);
        leaf.extend(
            random::elements(shapes.last().expect("the witness").salt()).expect("randomness"),
        );
        witness.leaf(position, || leaf);
    }
}

#[test]
fn the_simulator_is_accepted_and_knows_no_witness() {
    // As many proofs as the reused groups allow, two.
    let (system, assignment) = tiny(3);
    let description = Description::new(system, parameters(true)).expect("a description");
    let mut simulator = Simulator::new(&description, &assignment.statement);
    for _ in 0..2 {
        let proof = simulator.prove();
        assert_eq!(simulator.verify(&proof), Ok(()));
        // It has the bytes of a proof, too.
        let bytes = proof.encode();
        let decoded = Proof::decode(&bytes, &description).expect("a proof");
        assert_eq!(simulator.verify(&decoded), Ok(()));
    }
}

#[test]
fn the_simulator_is_accepted_for_a_statement_that_has_no_witness() {
    let (system, assignment) = tiny(3);
    // The sum of a product below ten, of twice a number below four and of two such numbers.
    let shape = assignment.statement[0].shape.clone();
    let publics = [Tensor::from_i64s(shape, vec![-1000, 999, -1]).expect("three values")];
    let description = Description::new(system, parameters(true)).expect("a description");
    let mut simulator = Simulator::new(&description, &publics);
    let proof = simulator.prove();
    assert_eq!(simulator.verify(&proof), Ok(()));
}

/// The control: what the simulator makes up is held together by the equations and by the oracle.
#[test]
fn a_simulated_proof_is_rejected_when_anything_made_up_is_changed() {
    let (system, assignment) = tiny(3);
    let description = Description::new(system, parameters(true)).expect("a description");
    let mut simulator = Simulator::new(&description, &assignment.statement);
    let proof = simulator.prove();
    let rejected = |change: &dyn Fn(&mut Proof<Programmed>)| {
        let mut proof = proof.clone();
        change(&mut proof);
        assert!(simulator.verify(&proof).is_err());
    };
    for index in 0..proof.messages.len() {
        rejected(&|proof| proof.messages[index] += E::ONE);
    }
    rejected(&|proof| proof.hidden.as_mut().expect("hidden").combined += E::ONE);
    rejected(&|proof| proof.hidden.as_mut().expect("hidden").masks.test[0] += E::ONE);
    for group in 0..proof.opening.groups.len() {
        for at in 0..proof.opening.groups[group].leaves.len() {
            rejected(&|proof| proof.opening.groups[group].leaves[at] += F::ONE);
        }
    }
    assert_eq!(simulator.verify(&proof), Ok(()));
    // An oracle that nobody programs is not fooled.
    let statement = Statement {
        publics: &assignment.statement,
        commitments: &simulator.commitments(),
    };
    let (system, _) = tiny(3);
    let unprogrammed = Description::<Goldilocks2>::new(system, parameters(true));
    let unprogrammed = unprogrammed.expect("a description");
    let statement = Statement::<Goldilocks2> {
        publics: statement.publics,
        commitments: &{ statement.commitments.iter() }
            .map(|commitment| Commitment {
                root: commitment.root.clone(),
            })
            .collect::<Vec<_>>(),
    };
    let bytes = proof.encode();
    let proof = Proof::<Goldilocks2>::decode(&bytes, &unprogrammed).expect("the same shape");
    assert!(verify(&unprogrammed, &statement, &proof).is_err());
}
