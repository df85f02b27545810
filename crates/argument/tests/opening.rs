//! The opening as a caller outside the crate meets it.

use argument::opening::{
    Budget, BudgetSpent, Code, Committed, Opener, OpeningProof, OpeningShape, Rows, Statement,
    prove, verify, whir_parameters,
};
use argument::profile::{F, Goldilocks2, Profile};
use p3_field::PrimeCharacteristicRing;
use p3_multilinear_util::point::Point;

type E = <Goldilocks2 as Profile>::E;

/// One row that holds its index in every coefficient that is data.
struct Indices {
    code: Code,
    data: usize,
}

impl Rows for Indices {
    fn rows(&self) -> usize {
        1
    }

    fn write(&self, _row: usize, start: usize, coefficients: &mut [F]) {
        for (b, coefficient) in (start..self.code.len()).zip(coefficients) {
            *coefficient = if b < self.data {
                F::from_usize(b)
            } else {
                F::ZERO
            };
        }
    }
}

#[test]
fn a_vertex_of_the_cube_opens_to_its_coefficient() {
    let code = Code::new(8, 2).expect("a code");
    let budget = Budget {
        queries: 50,
        uses: 2,
    };
    let rows = Indices {
        code,
        data: code.len() - budget.hidden(),
    };
    let (commitment, mut committed) =
        Committed::<Goldilocks2>::new(code, &rows, budget).expect("a commitment");
    let whir = whir_parameters::<Goldilocks2>(8, 60, 4);
    let shape = OpeningShape::new::<Goldilocks2>(code, 50, vec![committed.shape()], 2, whir)
        .expect("a shape");
    let commitments = [commitment];

    // Coefficient 77, twice: bits of the index, most significant first.
    let point = Point::new(
        (0..8)
            .rev()
            .map(|bit| E::from_usize((77 >> bit) & 1))
            .collect(),
    );
    for uses_left in [1, 0] {
        let statement = Statement {
            commitments: &commitments,
            weights: &[E::TWO],
            point: &point,
            value: E::from_usize(2 * 77),
        };
        let permit = committed.permit().expect("within the budget");
        let groups = vec![Opener {
            committed: &committed,
            rows: &rows,
            permit,
        }];
        let bytes = prove(
            &shape,
            &statement,
            groups,
            &mut Goldilocks2::challenger(b"here"),
        )
        .expect("a proof")
        .encode();

        let proof = OpeningProof::decode(&bytes, &shape).expect("canonical bytes");
        let opened = verify(
            &shape,
            &statement,
            &proof,
            &mut Goldilocks2::challenger(b"here"),
        )
        .expect("an honest proof");
        assert_eq!((opened.points.len(), opened.rows.len()), (50, 1));
        verify(
            &shape,
            &statement,
            &proof,
            &mut Goldilocks2::challenger(b"elsewhere"),
        )
        .expect_err("a proof from another transcript");
        assert_eq!(committed.spent(), 2 - uses_left);
    }
    assert_eq!(committed.permit(), Err(BudgetSpent { allowed: 2 }));
}
