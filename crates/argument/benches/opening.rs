//! Commit, open and verify groups of small integers at rate 1/4; prints proof bytes beside the times.
#![expect(clippy::expect_used, reason = "a bench has no caller to report to")]

use argument::opening::{
    Budget, Code, Commitment, Committed, Opener, OpeningProof, OpeningShape, Rows, Statement,
    prove, verify, whir_parameters,
};
use argument::profile::{F, Goldilocks2, Profile};
use divan::{Bencher, black_box};
use p3_field::PrimeCharacteristicRing;
use p3_multilinear_util::point::Point;
use p3_multilinear_util::poly::Poly;

type E = <Goldilocks2 as Profile>::E;

/// `(log_len, rows)`: 2^20 values twice, then 2^22.
const SHAPES: [(usize, usize); 3] = [(14, 64), (16, 16), (16, 64)];
const QUERIES: usize = 124;

fn main() {
    divan::main();
}

/// Rows of 16-bit integers, made up on demand.
struct Integers {
    code: Code,
    rows: usize,
}

impl Integers {
    fn new((log_len, rows): (usize, usize)) -> Self {
        Self {
            code: Code::new(log_len, 2).expect("a code"),
            rows,
        }
    }

    fn commit(&self) -> (Commitment<Goldilocks2>, Committed<Goldilocks2>) {
        let budget = Budget {
            queries: QUERIES,
            uses: 1,
        };
        Committed::new(self.code, self, budget).expect("a commitment")
    }
}

impl Rows for Integers {
    fn rows(&self) -> usize {
        self.rows
    }

    fn write(&self, row: usize, start: usize, coefficients: &mut [F]) {
        let data = self.code.len() - QUERIES;
        for (b, coefficient) in (start..).zip(coefficients) {
            let value = (row * 77 + b * 131) % 65_521;
            *coefficient = if b < data {
                F::from_usize(value)
            } else {
                F::ZERO
            };
        }
    }
}

struct Claim {
    shape: OpeningShape,
    weights: Vec<E>,
    point: Point<E>,
    value: E,
}

/// A claim about `rows`; its value takes the random coefficients that `committed` holds.
fn claim(rows: &Integers, committed: &Committed<Goldilocks2>) -> Claim {
    let log_len = rows.code.log_len();
    let whir = whir_parameters::<Goldilocks2>(log_len, 106, 16);
    let shape =
        OpeningShape::new::<Goldilocks2>(rows.code, QUERIES, vec![committed.shape()], 16, whir)
            .expect("a shape");
    let weights: Vec<E> = (0..rows.rows)
        .map(|i| E::from_usize(i + 1).exp_u64(99))
        .collect();
    let point = Point::new(
        (0..log_len)
            .map(|i| E::from_usize(i + 7).exp_u64(98))
            .collect(),
    );
    let eq = Poly::new_from_point(point.as_slice(), E::ONE);
    let hidden = committed.parts().hidden;
    let mut row = F::zero_vec(rows.code.len());
    let value = weights
        .iter()
        .zip(hidden.chunks(QUERIES))
        .enumerate()
        .map(|(index, (&weight, hidden))| {
            rows.write(index, 0, &mut row);
            let data = rows.code.len() - QUERIES;
            row[data..].copy_from_slice(hidden);
            weight
                * row
                    .iter()
                    .zip(eq.as_slice())
                    .map(|(&v, &e)| e * v)
                    .sum::<E>()
        })
        .sum();
    Claim {
        shape,
        weights,
        point,
        value,
    }
}

#[divan::bench(args = SHAPES, sample_count = 10)]
fn commit(bencher: Bencher<'_, '_>, shape: (usize, usize)) {
    let rows = Integers::new(shape);
    bencher
        .counter(divan::counter::ItemsCount::new(rows.rows << shape.0))
        .bench(|| rows.commit());
}

#[divan::bench(args = SHAPES, sample_count = 10)]
fn open(bencher: Bencher<'_, '_>, shape: (usize, usize)) {
    let rows = Integers::new(shape);
    bencher
        .with_inputs(|| {
            let (commitment, mut committed) = rows.commit();
            let permit = committed.permit().expect("a first permit");
            let claim = claim(&rows, &committed);
            (commitment, committed, permit, claim)
        })
        .bench_values(|(commitment, committed, permit, claim)| {
            let statement = Statement {
                commitments: &[commitment],
                weights: &claim.weights,
                point: &claim.point,
                value: claim.value,
            };
            let groups = vec![Opener {
                committed: &committed,
                rows: &rows,
                permit,
            }];
            let challenger = &mut Goldilocks2::challenger(b"bench");
            prove(&claim.shape, &statement, groups, challenger)
                .expect("a proof")
                .encode()
                .len()
        });
}

#[divan::bench(args = SHAPES, sample_count = 10)]
fn decode_and_verify(bencher: Bencher<'_, '_>, shape: (usize, usize)) {
    let rows = Integers::new(shape);
    let (commitment, mut committed) = rows.commit();
    let permit = committed.permit().expect("a first permit");
    let claim = claim(&rows, &committed);
    let statement = Statement {
        commitments: &[commitment],
        weights: &claim.weights,
        point: &claim.point,
        value: claim.value,
    };
    let groups = vec![Opener {
        committed: &committed,
        rows: &rows,
        permit,
    }];
    let challenger = &mut Goldilocks2::challenger(b"bench");
    let bytes = prove(&claim.shape, &statement, groups, challenger)
        .expect("a proof")
        .encode();
    println!("{shape:?}: proof of {} bytes", bytes.len());
    bencher.bench(|| {
        let proof = OpeningProof::decode(black_box(&bytes), &claim.shape).expect("canonical");
        verify(
            &claim.shape,
            &statement,
            &proof,
            &mut Goldilocks2::challenger(b"bench"),
        )
        .expect("an honest proof")
    });
}
