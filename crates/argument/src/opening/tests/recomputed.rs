//! Commitments whose codewords are not kept.

use super::*;
use crate::opening::encode::Spread;

/// Rows of which one is a polynomial in `X^4`.
struct Spreading(Table);

impl Rows for Spreading {
    fn rows(&self) -> usize {
        self.0.rows()
    }

    fn own(&self) -> usize {
        self.0.rows() - 1
    }

    fn spread(&self) -> Spread {
        Spread { rows: 1..2, log: 2 }
    }

    fn write(&self, row: usize, start: usize, coefficients: &mut [F]) {
        self.0.write(row, start, coefficients);
        if row == 1 {
            for (at, coefficient) in (start..).zip(coefficients) {
                if at % 4 > 0 {
                    *coefficient = F::ZERO;
                }
            }
        }
    }
}

/// The same commitment, kept and not kept.
fn both<P: Profile>(
    rows: &dyn Rows,
    log_len: usize,
    log_inv_rate: usize,
    budget: Budget,
) -> [(Commitment<P>, Committed<P>); 2] {
    let code = Code::new(log_len, log_inv_rate).expect("a code");
    [true, false].map(|keep| {
        let elements = |seed| {
            move |count| {
                let mut rng = StdRng::seed_from_u64(seed);
                Ok((0..count).map(|_| rng.random()).collect())
            }
        };
        Committed::with_randomness(code, rows, budget, keep, elements(1), elements(2))
            .expect("a commitment")
    })
}

fn kept_or_not_a_commitment_is_the_same<P: Profile>() {
    let mut rng = StdRng::seed_from_u64(3);
    for (log_len, log_inv_rate, uses) in [(6, 2, 2), (6, 2, 0), (5, 1, 1), (4, 2, 1), (9, 3, 1)] {
        let budget = Budget { queries: 5, uses };
        let rows = Table::random(&mut rng, 11, 1 << log_len, budget.hidden());
        let rows = Spreading(rows);
        let [(root, kept), (other, recomputed)] = both::<P>(&rows, log_len, log_inv_rate, budget);
        assert_eq!(root, other);
        let positions = 1usize << (log_len + log_inv_rate);
        // One coset alone, the ends of some, all leaves.
        for positions in [
            vec![0],
            vec![1, 2, 5],
            vec![3, positions / 2 - 1, positions / 2, positions - 1],
            (0..positions).collect(),
        ] {
            let open = |committed: &Committed<P>| {
                let (leaves, paths) = committed.open(&rows, &positions).expect("an opening");
                (leaves, P::siblings(&paths).to_vec())
            };
            assert_eq!(open(&kept), open(&recomputed), "{log_len}: {positions:?}");
        }
    }
}

#[test]
fn commitments_are_the_same_whether_codewords_are_kept() {
    kept_or_not_a_commitment_is_the_same::<Goldilocks2>();
    kept_or_not_a_commitment_is_the_same::<Goldilocks3>();
}

/// Rows so long that their symbols are summed up block by block.
#[test]
fn long_rows_have_the_same_symbols_whether_codewords_are_kept() {
    let budget = Budget {
        queries: 300,
        uses: 1,
    };
    let mut rng = StdRng::seed_from_u64(4);
    let rows = Table::random(&mut rng, 5, 1 << 14, budget.hidden());
    let [(root, kept), (other, recomputed)] = both::<Goldilocks2>(&rows, 14, 1, budget);
    assert_eq!(root, other);
    let positions = [0, 1, 77, (1 << 14) - 1, 1 << 14, 20_000, (1 << 15) - 1];
    let open = |committed: &Committed<Goldilocks2>| {
        let (leaves, paths) = committed.open(&rows, &positions).expect("an opening");
        (leaves, Goldilocks2::siblings(&paths).to_vec())
    };
    assert_eq!(open(&kept), open(&recomputed));
}

#[test]
fn codewords_that_are_not_kept_are_proven_and_not_archived() {
    let mut case = case::<Goldilocks2>(6, 10, &[(2, 2), (3, 1)]);
    let (code, budget) = (*case.committed[1].code(), case.committed[1].budget());
    let zeros = |count| Ok(F::zero_vec(count));
    let made = Committed::with_randomness(code, &case.tables[1], budget, false, zeros, zeros);
    let (commitment, committed) = made.expect("a commitment");
    (case.commitments[1], case.committed[1]) = (commitment, committed);
    case.value = case.evaluate(&case.columns());
    let proof = case.prove();
    case.verify(&proof).expect("a proof");
    let archived = case.committed[1].archive(|_| Ok::<(), ArchiveError>(()));
    assert_eq!(archived, Err(ArchiveError::Forgotten));
    let stored = case.committed[1].stored();
    assert_eq!(stored.salts.len(), code.positions());
}
