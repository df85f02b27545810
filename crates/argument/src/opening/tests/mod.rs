//! Honest openings and cheating provers.

mod archive;
mod hiding;
mod recomputed;

use alloc::vec;
use alloc::vec::Vec;

use p3_challenger::CanSample;
use p3_field::{BasedVectorSpace, Field, PrimeCharacteristicRing};
use p3_multilinear_util::point::Point;
use p3_multilinear_util::poly::Poly;
use p3_whir::QueryOpenings;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::protocol::absorb;
use super::prove::{combination, prove_columns};
use super::*;
use crate::profile::{Goldilocks2, Goldilocks3};

/// Rows that are held as field elements.
struct Table {
    rows: Vec<Vec<F>>,
}

impl Rows for Table {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn write(&self, row: usize, start: usize, coefficients: &mut [F]) {
        coefficients.copy_from_slice(&self.rows[row][start..start + coefficients.len()]);
    }
}

impl Table {
    fn random(rng: &mut StdRng, rows: usize, len: usize, hidden: usize) -> Self {
        let row = |rng: &mut StdRng| {
            let data = (0..len).map(|b| {
                if b < len - hidden {
                    rng.random()
                } else {
                    F::ZERO
                }
            });
            data.collect()
        };
        Self {
            rows: (0..rows).map(|_| row(rng)).collect(),
        }
    }
}

/// Everything one opening needs, honest.
struct Case<P: Profile> {
    shape: OpeningShape,
    tables: Vec<Table>,
    commitments: Vec<Commitment<P>>,
    committed: Vec<Committed<P>>,
    weights: Vec<P::E>,
    point: Point<P::E>,
    value: P::E,
}

fn extension<P: Profile>(rng: &mut StdRng) -> P::E {
    P::E::from_basis_coefficients_fn(|_| rng.random())
}

/// `groups` are rows and openings allowed.
fn case<P: Profile>(log_len: usize, queries: usize, groups: &[(usize, usize)]) -> Case<P> {
    let mut rng = StdRng::seed_from_u64(7);
    let code = Code::new(log_len, 2).expect("a code");
    let (mut tables, mut commitments, mut committed) = (Vec::new(), Vec::new(), Vec::new());
    for &(rows, uses) in groups {
        let budget = Budget { queries, uses };
        let table = Table::random(&mut rng, rows, code.len(), budget.hidden());
        let (commitment, secret) = Committed::new(code, &table, budget).expect("a commitment");
        tables.push(table);
        commitments.push(commitment);
        committed.push(secret);
    }
    let groups = committed.iter().map(Committed::shape).collect();
    // Little work: these tests look at structure, not at bits.
    let whir = whir_parameters::<P>(log_len, 60, 4);
    let shape = OpeningShape::new::<P>(code, queries, groups, 3, whir).expect("a shape");
    let weights: Vec<P::E> = (0..shape.rows())
        .map(|_| extension::<P>(&mut rng))
        .collect();
    let point = Point::new((0..log_len).map(|_| extension::<P>(&mut rng)).collect());
    let mut case = Case {
        shape,
        tables,
        commitments,
        committed,
        weights,
        point,
        value: P::E::ZERO,
    };
    let columns = case.columns();
    case.value = case.evaluate(&columns);
    case
}

impl<P: Profile> Case<P> {
    fn statement(&self) -> Statement<'_, P> {
        Statement {
            commitments: &self.commitments,
            weights: &self.weights,
            point: &self.point,
            value: self.value,
        }
    }

    fn openers(&mut self) -> Vec<Opener<'_, P>> {
        let permits: Vec<Permit> = self
            .committed
            .iter_mut()
            .map(|group| group.permit().expect("budget"))
            .collect();
        let groups = self.committed.iter().zip(&self.tables).zip(permits);
        groups
            .map(|((committed, rows), permit)| Opener {
                committed,
                rows,
                permit,
            })
            .collect()
    }

    fn groups(&self) -> Vec<(&Committed<P>, &dyn Rows)> {
        let groups = self.committed.iter().zip(&self.tables);
        groups
            .map(|(committed, rows)| {
                let rows: &dyn Rows = rows;
                (committed, rows)
            })
            .collect()
    }

    /// The honest combination.
    fn columns(&self) -> Vec<F> {
        combination::<P>(&self.shape, &self.weights, &self.groups())
    }

    fn evaluate(&self, columns: &[F]) -> P::E {
        let values = columns.chunks(self.shape.code().len()).map(|column| {
            let column: Vec<P::E> = column.iter().map(|&v| v.into()).collect();
            Poly::new(column).eval_ext::<F>(&self.point)
        });
        let basis = (0..).map_while(P::E::ith_basis_element);
        values.zip(basis).map(|(value, basis)| value * basis).sum()
    }

    fn prove(&mut self) -> OpeningProof<P> {
        let (shape, weights) = (self.shape.clone(), self.weights.clone());
        let (commitments, point) = (self.commitments.clone(), self.point.clone());
        let statement = Statement {
            commitments: &commitments,
            weights: &weights,
            point: &point,
            value: self.value,
        };
        let groups = self.openers();
        prove(&shape, &statement, groups, &mut P::challenger(b"test")).expect("a proof")
    }

    /// A proof for the honest rows but the given columns.
    fn prove_with(&self, columns: Vec<F>) -> OpeningProof<P> {
        let challenger = &mut P::challenger(b"test");
        prove_columns(
            &self.shape,
            &self.statement(),
            &self.groups(),
            columns,
            challenger,
        )
        .expect("a proof")
    }

    fn verify(&self, proof: &OpeningProof<P>) -> Result<Opened, Reject> {
        verify(
            &self.shape,
            &self.statement(),
            proof,
            &mut P::challenger(b"test"),
        )
    }
}

fn an_honest_proof_verifies<P: Profile>(log_len: usize, queries: usize, groups: &[(usize, usize)]) {
    let mut case = case::<P>(log_len, queries, groups);
    let proof = case.prove();
    let bytes = proof.encode();
    assert!(bytes.len() <= OpeningProof::<P>::max_bytes(&case.shape).expect("a size"));
    let decoded = OpeningProof::<P>::decode(&bytes, &case.shape).expect("canonical");
    let opened = case.verify(&decoded).expect("an honest proof");
    assert_eq!(opened.points.len(), queries);
    for (group, table) in opened.rows.iter().zip(&case.tables) {
        for (row, &x) in group.iter().zip(&opened.points) {
            assert_eq!(row.len(), table.rows.len());
            if case.shape.groups().iter().all(|group| group.hidden == 0) {
                for (&symbol, row) in row.iter().zip(&table.rows) {
                    let value = row.iter().rev().fold(F::ZERO, |sum, &f| sum * x + f);
                    assert_eq!(symbol, value);
                }
            }
        }
    }
}

#[test]
fn honest_proofs_verify_for_every_shape() {
    an_honest_proof_verifies::<Goldilocks2>(4, 5, &[(1, 0)]);
    an_honest_proof_verifies::<Goldilocks2>(6, 30, &[(3, 1)]);
    an_honest_proof_verifies::<Goldilocks2>(8, 40, &[(3, 1), (17, 2)]);
    an_honest_proof_verifies::<Goldilocks2>(10, 60, &[(9, 0), (2, 1), (5, 3)]);
    an_honest_proof_verifies::<Goldilocks2>(12, 60, &[(8, 1), (1, 4)]);
    an_honest_proof_verifies::<Goldilocks3>(4, 5, &[(2, 0)]);
    an_honest_proof_verifies::<Goldilocks3>(6, 30, &[(3, 1), (1, 0)]);
    an_honest_proof_verifies::<Goldilocks3>(12, 60, &[(8, 1), (3, 2), (4, 0)]);
}

#[test]
fn a_changed_statement_is_rejected() {
    let mut case = case::<Goldilocks2>(8, 20, &[(3, 1), (3, 1)]);
    let proof = case.prove();
    let one = <Goldilocks2 as Profile>::E::ONE;
    case.verify(&proof).expect("the honest twin");

    case.value += one;
    case.verify(&proof).expect_err("another value");
    case.value -= one;

    let point = case.point.clone();
    case.point = Point::new(point.iter().map(|&z| z + one).collect());
    case.verify(&proof).expect_err("another point");
    case.point = point;

    for row in 0..case.weights.len() {
        case.weights[row] += one;
        case.verify(&proof).expect_err("another weight");
        case.weights[row] -= one;
    }

    case.commitments.swap(0, 1);
    case.verify(&proof).expect_err("swapped groups");
    case.commitments.swap(0, 1);
    case.verify(&proof).expect("the honest twin");
}

#[test]
fn a_statement_of_another_shape_is_rejected() {
    let mut case = case::<Goldilocks2>(6, 10, &[(2, 1)]);
    let proof = case.prove();
    let expect = |case: &Case<Goldilocks2>, expected| match case.verify(&proof) {
        Err(Reject::Statement { what, .. }) => assert_eq!(what, expected),
        other => panic!("expected a statement of another shape, found {other:?}"),
    };
    case.weights.push(case.value);
    expect(&case, "weights");
    case.weights.pop();
    let commitment = case.commitments[0].clone();
    case.commitments.push(commitment);
    expect(&case, "commitments");
    case.commitments.pop();
    let root = case.commitments[0].root.clone();
    case.commitments[0].root = p3_symmetric::MerkleCap::new(vec![root.roots()[0]; 2]);
    expect(&case, "roots of each commitment");
    case.commitments[0].root = root;
    case.point = Point::new(case.point.iter().copied().skip(1).collect());
    expect(&case, "coordinates");
}

#[test]
fn a_row_changed_after_its_commitment_is_rejected() {
    let mut case = case::<Goldilocks2>(8, 40, &[(3, 1), (4, 0)]);
    for group in 0..2 {
        case.tables[group].rows[1][5] += F::ONE;
        let columns = case.columns();
        // The changed combination has the claimed value as its own: only the positions tell.
        let honest = case.value;
        case.value = case.evaluate(&columns);
        let proof = case.prove_with(columns);
        assert!(matches!(case.verify(&proof), Err(Reject::Whir(_))));
        case.value = honest;
        case.tables[group].rows[1][5] -= F::ONE;
    }
    let proof = case.prove();
    case.verify(&proof).expect("the honest twin");
}

#[test]
fn a_combination_that_is_not_of_the_rows_is_rejected() {
    let case = case::<Goldilocks2>(8, 40, &[(3, 2)]);
    let honest = case.columns();
    // A word that has the claimed value but differs from the combination: shift one value and correct
    // another so that the evaluation stays.
    let weights = Poly::new_from_point(case.point.as_slice(), <Goldilocks2 as Profile>::E::ONE);
    let len = case.shape.code().len();
    let change = weights.as_slice()[9] * weights.as_slice()[3].inverse();
    let mut columns = honest.clone();
    let (low, high) = columns.split_at_mut(len);
    let coordinates: &[F] = change.as_basis_coefficients_slice();
    low[9] += F::ONE;
    low[3] -= coordinates[0];
    high[3] -= coordinates[1];
    assert_eq!(case.evaluate(&columns), case.value);
    let proof = case.prove_with(columns);
    assert!(matches!(case.verify(&proof), Err(Reject::Whir(_))));

    let proof = case.prove_with(honest);
    case.verify(&proof).expect("the honest twin");
}

#[test]
fn each_part_of_a_proof_changed_is_rejected_by_its_own_check() {
    let mut case = case::<Goldilocks2>(12, 40, &[(3, 1), (4, 0)]);
    let honest = case.prove();
    case.verify(&honest).expect("the honest twin");
    let changed = |change: &dyn Fn(&mut OpeningProof<Goldilocks2>)| {
        let mut proof = honest.clone();
        change(&mut proof);
        case.verify(&proof).expect_err("a changed proof")
    };
    let other = case.commitments[0].root.clone();
    // Another combination is other work and other positions.
    changed(&|proof| proof.combination = other.clone());
    assert!(matches!(
        changed(&|p| p.coordinates[0] += F::ONE),
        Reject::Whir(_)
    ));
    assert!(matches!(
        changed(&|p| p.groups[0].leaves[0] += F::ONE),
        Reject::Merkle { group: 0 }
    ));
    let salt = case.shape.groups()[0].leaf() - 1;
    assert!(matches!(
        changed(&|p| p.groups[0].leaves[salt] += F::ONE),
        Reject::Merkle { group: 0 }
    ));
    assert!(matches!(
        changed(&|p| p.groups[1].leaves[9] += F::ONE),
        Reject::Merkle { group: 1 }
    ));
    let digest = |p: &mut OpeningProof<Goldilocks2>| p.groups[1].paths.sibling_hashes[0][0] ^= 1;
    assert!(matches!(changed(&digest), Reject::Merkle { group: 1 }));
    changed(&|p| p.groups.swap(0, 1));

    let whir = |change: &dyn Fn(&mut Whir)| {
        let error = changed(&|p| change(&mut p.whir));
        assert!(matches!(error, Reject::Whir(_)), "{error:?}");
    };
    whir(&|w| w.initial_sumcheck.polynomial_evaluations[1][0] += F::ONE);
    whir(&|w| {
        w.final_sumcheck
            .as_mut()
            .expect("closing rounds")
            .polynomial_evaluations[0][1] += F::ONE
    });
    whir(&|w| w.final_poly.as_mut().expect("values").as_mut_slice()[0] += F::ONE);
    // The last codeword is opened whole; the first is opened at positions.
    let leaves = |openings: &QueryOpenings<F, _, _>| match openings {
        QueryOpenings::Base(opening) => opening.rows.len(),
        QueryOpenings::Extension(opening) => opening.rows.len(),
    };
    assert_eq!(leaves(&honest.whir.final_openings), 4);
    for leaf in 0..4 {
        whir(&|w| match &mut w.final_openings {
            QueryOpenings::Extension(opening) => opening.rows[leaf][leaf] += F::ONE,
            QueryOpenings::Base(_) => panic!("the last codeword is over the challenge field"),
        });
    }
    whir(&|w| base(&mut w.rounds[0].openings).rows[0][0] += F::ONE);
}

#[test]
fn work_that_was_not_done_is_rejected() {
    let mut case = case::<Goldilocks2>(6, 10, &[(2, 0)]);
    let honest = case.prove();
    let mut rejected = 0;
    for witness in 0..64u32 {
        let mut proof = honest.clone();
        proof.grinding = F::from_u32(witness) + F::GENERATOR;
        rejected += usize::from(matches!(
            case.verify(&proof),
            Err(Reject::Grinding { bits: 3 })
        ));
    }
    assert!(
        rejected > 32,
        "seven in eight witnesses miss three bits, {rejected} of 64 did"
    );

    let groups = case.shape.groups().to_vec();
    let whir = case.shape.whir().clone();
    case.shape = OpeningShape::new::<Goldilocks2>(*case.shape.code(), 10, groups, 0, whir)
        .expect("a shape without work");
    let mut proof = case.prove();
    case.verify(&proof).expect("no work needed");
    proof.grinding = F::ONE;
    assert!(matches!(
        case.verify(&proof),
        Err(Reject::Grinding { bits: 0 })
    ));
}

#[test]
fn a_proof_of_another_shape_is_rejected_before_anything_is_computed() {
    let mut case = case::<Goldilocks2>(12, 40, &[(3, 1), (4, 0)]);
    let honest = case.prove();
    let refused = |what, change: &dyn Fn(&mut OpeningProof<Goldilocks2>)| {
        let mut proof = honest.clone();
        change(&mut proof);
        match case.verify(&proof) {
            Err(Reject::Length { what: found, .. }) => assert_eq!(found, what),
            other => panic!("expected a wrong number of {what}, found {other:?}"),
        }
    };
    let two = |p: &OpeningProof<Goldilocks2>| {
        let digest = p.combination.roots()[0];
        p3_symmetric::MerkleCap::new(vec![digest; 2])
    };
    refused("roots of the combination", &|p| p.combination = two(p));
    refused("coordinates", &|p| p.coordinates.clear());
    refused("coordinates", &|p| p.coordinates.push(case.value));
    refused("groups", &|p| drop(p.groups.pop()));
    refused("groups", &|p| p.groups.push(p.groups[0].clone()));
    refused("symbols and salts", &|p| p.groups[0].leaves.truncate(1));
    refused("symbols and salts", &|p| p.groups[1].leaves.push(F::ONE));
    refused("digests", &|p| {
        p.groups[1]
            .paths
            .sibling_hashes
            .resize(40 * 14 + 1, [0; 32])
    });
    refused("initial answers", &|p| {
        p.whir.initial_ood_answers.push(case.value)
    });
    refused("final values", &|p| p.whir.final_poly = None);
    refused("final sumchecks", &|p| p.whir.final_sumcheck = None);
    refused("sumcheck rounds", &|p| {
        p.whir.initial_sumcheck.polynomial_evaluations.truncate(1)
    });
    refused("proofs of work", &|p| {
        p.whir.initial_sumcheck.pow_witnesses.push(F::ONE)
    });
}

#[test]
fn every_length_inside_whir_is_checked() {
    // Large enough for a round between the first and the last.
    let mut case = case::<Goldilocks2>(12, 20, &[(1, 0)]);
    assert_eq!(case.shape.whir().folds.len(), 2);
    let honest = case.prove();
    case.verify(&honest).expect("the honest twin");
    let refused = |what, change: &dyn Fn(&mut Whir)| {
        let mut proof = honest.clone();
        change(&mut proof.whir);
        match case.verify(&proof) {
            Err(Reject::Length { what: found, .. }) => assert_eq!(found, what),
            other => panic!("expected a wrong number of {what}, found {other:?}"),
        }
    };
    refused("whir rounds", &|w| drop(w.rounds.pop()));
    refused("whir rounds", &|w| w.rounds.push(w.rounds[0].clone()));
    refused("roots of a round", &|w| w.rounds[0].commitment = None);
    refused("answers of a round", &|w| {
        w.rounds[0].ood_answers.push(case.value)
    });
    refused("sumcheck rounds", &|w| {
        w.rounds[0].sumcheck.polynomial_evaluations.clear()
    });
    refused("final values", &|w| {
        w.final_poly = Some(Poly::new(vec![case.value; 128]));
    });
    refused("elements of an opened symbol", &|w| {
        w.final_openings = w.rounds[0].openings.clone()
    });
    refused("queried rows", &|w| {
        drop(base(&mut w.rounds[0].openings).rows.pop())
    });
    refused("symbols of a queried row", &|w| {
        base(&mut w.rounds[0].openings).rows[3].truncate(1)
    });
    refused("digests", &|w| {
        base(&mut w.rounds[0].openings)
            .proof
            .sibling_hashes
            .resize(1 << 12, [0; 32]);
    });
}

type Whir = p3_whir::WhirProof<F, <Goldilocks2 as Profile>::E, <Goldilocks2 as Profile>::Tree>;
type Openings<T> = p3_whir::SharedProofOpening<T, crate::profile::Paths<Goldilocks2>>;

fn base<E>(
    openings: &mut QueryOpenings<F, E, crate::profile::Paths<Goldilocks2>>,
) -> &mut Openings<F> {
    match openings {
        QueryOpenings::Base(opening) => opening,
        QueryOpenings::Extension(_) => panic!("the first codeword is over the base field"),
    }
}

#[test]
fn other_bytes_never_panic_and_never_verify() {
    let mut case = case::<Goldilocks2>(6, 12, &[(2, 1), (1, 0)]);
    let bytes = case.prove().encode();
    let verify = |bytes: &[u8]| {
        OpeningProof::<Goldilocks2>::decode(bytes, &case.shape).and_then(|p| case.verify(&p))
    };
    verify(&bytes).expect("the honest twin");

    for at in (0..bytes.len()).step_by(bytes.len() / 400 + 1) {
        for change in [1u8, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= change;
            // Even a proof of work that is still enough work changes every later challenge.
            verify(&bytes).expect_err("a changed byte");
        }
        verify(&bytes[..at]).expect_err("a truncated proof");
    }
    let mut extended = bytes.clone();
    extended.push(0);
    assert!(matches!(
        verify(&extended),
        Err(Reject::Length {
            what: "bytes after the proof",
            ..
        })
    ));

    let most = OpeningProof::<Goldilocks2>::max_bytes(&case.shape).expect("a size");
    let huge = vec![0xff; most + 1];
    assert!(matches!(verify(&huge), Err(Reject::Size { .. })));
    // A length of 2^35 - 1 in a short proof.
    let claims_much: Vec<u8> = [0xff, 0xff, 0xff, 0xff, 0x7f].repeat(20);
    assert!(matches!(verify(&claims_much), Err(Reject::Encoding)));

    // One root, its number written in two bytes.
    let padded: Vec<u8> = [0x81, 0x00]
        .into_iter()
        .chain(bytes[1..].iter().copied())
        .collect();
    assert!(matches!(verify(&padded), Err(Reject::Canonical)));
    // The first field element, the proof of work, plus the modulus.
    let mut wrapped = bytes.clone();
    wrapped[33..41].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(verify(&wrapped), Err(Reject::Encoding)));
}

#[test]
fn each_item_of_the_statement_changes_what_is_drawn() {
    let mut case = case::<Goldilocks2>(8, 20, &[(2, 1), (2, 0)]);
    let drawn = |case: &Case<Goldilocks2>| {
        let mut challenger = Goldilocks2::challenger(b"test");
        absorb(&case.shape, &case.statement(), &mut challenger);
        CanSample::<F>::sample(&mut challenger)
    };
    let mut seen = vec![drawn(&case)];
    let mut note = |case: &Case<Goldilocks2>| {
        let next = drawn(case);
        assert!(!seen.contains(&next), "nothing changed");
        seen.push(next);
    };
    case.value += F::ONE;
    note(&case);
    for row in 0..4 {
        case.weights[row] += F::ONE;
        note(&case);
    }
    for at in 0..8 {
        let mut point = case.point.as_slice().to_vec();
        point[at] += F::ONE;
        case.point = Point::new(point);
        note(&case);
    }
    case.commitments.swap(0, 1);
    note(&case);
    let reshaped = |case: &Case<Goldilocks2>, queries, grinding, groups: [(usize, usize); 2]| {
        let groups = groups
            .map(|(rows, hidden)| GroupShape {
                rows,
                own: 0,
                hidden,
            })
            .to_vec();
        let whir = case.shape.whir().clone();
        OpeningShape::new::<Goldilocks2>(*case.shape.code(), queries, groups, grinding, whir)
            .expect("a shape")
    };
    for (queries, grinding, groups) in [
        (21, 3, [(2, 20), (2, 0)]),
        (20, 4, [(2, 20), (2, 0)]),
        (20, 3, [(1, 20), (3, 0)]),
        (20, 3, [(2, 20), (2, 20)]),
    ] {
        case.shape = reshaped(&case, queries, grinding, groups);
        note(&case);
    }
    for (folds, rates) in [([2, 2], [2]), ([2, 2], [3]), ([2, 3], [3])] {
        let whir = WhirParameters {
            folds: folds.to_vec(),
            round_log_inv_rates: rates.to_vec(),
            ..case.shape.whir().clone()
        };
        let groups = case.shape.groups().to_vec();
        case.shape = OpeningShape::new::<Goldilocks2>(*case.shape.code(), 20, groups, 3, whir)
            .expect("a shape");
        note(&case);
    }
}
