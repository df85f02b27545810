use alloc::vec::Vec;

use p3_challenger::{CanObserve, FieldChallenger, HashChallenger, SerializingChallenger64};
use p3_field::extension::BinomialExtensionField;
use p3_field::{Field, PrimeCharacteristicRing, TwoAdicField};
use p3_goldilocks::Goldilocks;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::{MaskProof, MaskRows, MaskShape, verify};
use crate::channel::{Affine, Count, Mask};
use crate::reject::Reject;

type F = Goldilocks;
type E = BinomialExtensionField<F, 2>;
type C = SerializingChallenger64<F, HashChallenger<u8, p3_blake3::Blake3, 32>>;

const LOG_LEN: usize = 11;

fn challenger() -> C {
    SerializingChallenger64::new(HashChallenger::new(Vec::new(), p3_blake3::Blake3))
}

fn shape(singles: usize, slots: usize) -> MaskShape {
    MaskShape::new(
        &Count {
            singles,
            slots,
            ..Count::default()
        },
        40,
        2,
    )
    .spread_over(LOG_LEN)
}

/// Random equations that hold for the masks.
fn equations(rows: &MaskRows<E>, shape: &MaskShape, rng: &mut StdRng) -> Vec<Affine<E>> {
    let masks = rows.masks();
    let value = |mask: Mask| match mask {
        Mask::Single(i) => masks.singles[i as usize],
        Mask::Left(i) => masks.lefts[i as usize],
        Mask::Right(i) => masks.rights[i as usize],
        Mask::Product(i) => masks.lefts[i as usize] * masks.rights[i as usize],
    };
    (0..20)
        .map(|k| {
            let mut chosen = Vec::new();
            if shape.singles > 0 {
                // 20 equations reach the first hundred masks, five each.
                chosen.extend((5 * k..5 * k + 5).map(|i| Mask::Single(i % shape.singles as u32)));
            }
            if shape.slots > 0 {
                let slot = k % shape.slots as u32;
                chosen.extend([Mask::Left(slot), Mask::Right(slot), Mask::Product(slot)]);
            }
            let masks: Vec<(Mask, E)> = chosen.iter().map(|&m| (m, rng.random())).collect();
            let sum: E = masks.iter().map(|&(mask, c)| c * value(mask)).sum();
            Affine {
                constant: -sum,
                masks,
            }
        })
        .collect()
}

/// The opened values of all rows at a point.
fn open(rows: &MaskRows<E>, shape: &MaskShape, x: F) -> Vec<F> {
    (0..shape.base_rows())
        .map(|row| {
            let mut coefficients = F::zero_vec(1 << LOG_LEN);
            rows.write(row, 0, &mut coefficients);
            coefficients
                .iter()
                .rev()
                .fold(F::ZERO, |value, &c| value * x + c)
        })
        .collect()
}

fn points() -> Vec<F> {
    let omega = F::two_adic_generator(LOG_LEN + 2);
    (0..6)
        .map(|i| F::GENERATOR * omega.exp_u64(977 * i + 5))
        .collect()
}

struct Run {
    shape: MaskShape,
    rows: MaskRows<E>,
    equations: Vec<Affine<E>>,
}

impl Run {
    fn new(singles: usize, slots: usize) -> Self {
        let mut rng = StdRng::seed_from_u64(7);
        let shape = shape(singles, slots);
        let rows = MaskRows::random::<F>(shape, &mut rng);
        let equations = equations(&rows, &shape, &mut rng);
        Self {
            shape,
            rows,
            equations,
        }
    }

    fn prove(&self) -> MaskProof<E> {
        self.rows.prove::<F, C>(&self.equations, &mut challenger())
    }

    fn check(&self, proof: &MaskProof<E>, equations: &[Affine<E>]) -> Result<(), Reject> {
        self.check_opened(proof, equations, |opened| opened)
    }

    fn check_opened(
        &self,
        proof: &MaskProof<E>,
        equations: &[Affine<E>],
        change: impl Fn(Vec<F>) -> Vec<F>,
    ) -> Result<(), Reject> {
        let pending = verify::<F, E, C>(&self.shape, equations, proof, &mut challenger())?;
        let points = points();
        let opened: Vec<Vec<F>> = points
            .iter()
            .map(|&x| change(open(&self.rows, &self.shape, x)))
            .collect();
        let opened: Vec<&[F]> = opened.iter().map(Vec::as_slice).collect();
        pending.check(&points, &opened)
    }
}

#[test]
fn true_equations_and_products_are_accepted() {
    for (singles, slots) in [(0, 1), (1, 0), (100, 7), (700, 90)] {
        let run = Run::new(singles, slots);
        assert_eq!(
            run.check(&run.prove(), &run.equations),
            Ok(()),
            "{singles} {slots}"
        );
    }
}

#[test]
fn a_wrong_equation_is_rejected() {
    let mut run = Run::new(100, 7);
    for changed in [0, 7, 19] {
        let original = run.equations[changed].clone();
        run.equations[changed].constant += E::ONE;
        assert_eq!(
            run.check(&run.prove(), &run.equations),
            Err(Reject::Equation { step: "masks" }),
            "equation {changed}"
        );
        run.equations[changed] = original;
    }
}

#[test]
fn a_wrong_product_is_rejected() {
    let mut run = Run::new(100, 7);
    let masks = run.rows.masks();
    let product = masks.lefts[3] * masks.rights[3];
    run.equations = alloc::vec![Affine {
        constant: -product,
        masks: alloc::vec![(Mask::Product(3), E::ONE)],
    }];
    assert_eq!(run.check(&run.prove(), &run.equations), Ok(()));
    // Either factor gets another value on H.
    for factor in [Mask::Left(3), Mask::Right(3)] {
        let mut wrong = Run::new(100, 7);
        wrong.equations.clone_from(&run.equations);
        let (row, place) = wrong.shape.place(factor);
        let mut delta = E::zero_vec(wrong.shape.row_len);
        delta[place] = E::ONE;
        wrong.rows.shift_row::<F>(row, &delta);
        assert_eq!(
            wrong.check(&wrong.prove(), &wrong.equations),
            Err(Reject::Equation { step: "masks" }),
            "{factor:?}"
        );
    }
}

#[test]
fn a_blind_with_a_sum_does_not_make_up_for_a_wrong_equation() {
    let mut run = Run::new(100, 7);
    run.equations[4].constant += E::TWO;
    // The cheat would need the power of delta that belongs to the equation before delta is drawn.
    let mut delta = E::zero_vec(run.shape.row_len);
    delta[0] = -E::TWO;
    run.rows.shift_row::<F>(run.shape.mask_rows(), &delta);
    assert_eq!(
        run.check(&run.prove(), &run.equations),
        Err(Reject::Equation { step: "masks" })
    );
}

/// Every mask has a place of its own, and every product one among the weights of products.
#[test]
fn places_are_distinct() {
    for (singles, slots) in [(0, 1), (1, 0), (3, 5), (100, 7), (700, 90), (5, 600)] {
        let shape = shape(singles, slots);
        // As the account of security takes for granted.
        let quarter = if slots > 0 { 4 } else { 2 };
        assert!((quarter * shape.row_len) << shape.log_spread <= 1 << LOG_LEN);
        let each = |of: fn(u32) -> Mask, count: usize| (0..count as u32).map(of);
        let masks = each(Mask::Left, slots)
            .chain(each(Mask::Right, slots))
            .chain(each(Mask::Single, singles));
        let mut places: Vec<_> = masks.map(|mask| shape.place(mask)).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), singles + 2 * slots);
        assert!(places.iter().all(|&(row, _)| row < shape.mask_rows()));
        for slot in 0..slots as u32 {
            let [left, right, product] =
                [Mask::Left, Mask::Right, Mask::Product].map(|of| shape.place(of(slot)));
            assert_eq!((left.1, right.1), (product.1, product.1));
            let pair = product.0 - shape.mask_rows();
            assert_eq!((left.0, right.0), (pair, shape.slot_rows() + pair));
        }
    }
}

#[test]
fn every_changed_coefficient_is_rejected() {
    let run = Run::new(100, 7);
    let proof = run.prove();
    for i in 0..proof.test.len() {
        let mut changed = proof.clone();
        changed.test[i] += E::ONE;
        assert!(run.check(&changed, &run.equations).is_err(), "{i}");
    }
}

#[test]
fn every_changed_opened_value_is_rejected() {
    let run = Run::new(100, 7);
    let proof = run.prove();
    for row in 0..run.shape.base_rows() {
        let changed = run.check_opened(&proof, &run.equations, |mut opened| {
            opened[row] += F::ONE;
            opened
        });
        assert_eq!(
            changed,
            Err(Reject::Equation { step: "masks" }),
            "row {row}"
        );
    }
}

#[test]
fn wrong_lengths_are_rejected() {
    let run = Run::new(100, 7);
    let proof = run.prove();
    let mut wrong = [proof.clone(), proof.clone()];
    wrong[0].test.pop();
    wrong[1].test.push(E::ZERO);
    for proof in wrong {
        assert!(matches!(
            run.check(&proof, &run.equations),
            Err(Reject::Length { .. })
        ));
    }
    let cut = run.check_opened(&proof, &run.equations, |mut opened| {
        opened.pop();
        opened
    });
    assert!(matches!(
        cut,
        Err(Reject::Length {
            part: "opened mask rows",
            ..
        })
    ));
    let pending = verify::<F, E, C>(&run.shape, &run.equations, &proof, &mut challenger()).unwrap();
    assert_eq!(
        pending.check(&points(), &[]),
        Err(Reject::Length {
            part: "opened positions",
            expected: points().len(),
            found: 0,
        })
    );
}

#[test]
fn an_equation_over_a_mask_that_does_not_exist_is_rejected() {
    let run = Run::new(10, 1);
    let proof = run.prove();
    let foreign = [Affine {
        constant: E::ZERO,
        masks: alloc::vec![(Mask::Single(1 << 20), E::ONE)],
    }];
    assert!(run.check(&proof, &foreign).is_err());
}

#[test]
fn the_transcript_binds_the_revealed_polynomial() {
    let run = Run::new(10, 1);
    let proof = run.prove();
    let next = |proof: &MaskProof<E>| -> E {
        let mut challenger = challenger();
        verify::<F, E, C>(&run.shape, &run.equations, proof, &mut challenger).unwrap();
        challenger.observe(F::ZERO);
        challenger.sample_algebra_element()
    };
    let honest = next(&proof);
    let mut changed = proof;
    changed.test[0] += E::ONE;
    assert_ne!(honest, next(&changed));
}

/// All values that the proof shows at `queries` positions are independent of the masks: with the masks fixed, the map
/// from the rows' randomness to (openings of the message rows) is onto.
#[test]
fn openings_of_message_rows_are_uniform() {
    let shape = shape(10, 1);
    let log_len = p3_util::log2_strict_usize(shape.row_len);
    // Row j, column i: x_j^i Z_H(x_j), the effect of random coefficient i on opening j.
    let omega = F::two_adic_generator(LOG_LEN + 2);
    let mut matrix: Vec<Vec<F>> = (0..shape.queries as u64)
        .map(|j| {
            let x = F::GENERATOR * omega.exp_u64(31 * j);
            let vanishing = x.exp_power_of_2(log_len) - F::ONE;
            x.powers()
                .take(shape.queries)
                .map(|power| power * vanishing)
                .collect()
        })
        .collect();
    assert_eq!(rank(&mut matrix), shape.queries);
}

fn rank(matrix: &mut [Vec<F>]) -> usize {
    let (rows, columns) = (matrix.len(), matrix[0].len());
    let mut rank = 0;
    for column in 0..columns {
        let Some(pivot) = (rank..rows).find(|&row| !matrix[row][column].is_zero()) else {
            continue;
        };
        matrix.swap(rank, pivot);
        let inverse = matrix[rank][column].inverse();
        for row in rank + 1..rows {
            let factor = matrix[row][column] * inverse;
            let (upper, lower) = matrix.split_at_mut(row);
            for (to, &from) in lower[0].iter_mut().zip(&upper[rank]).skip(column) {
                *to -= factor * from;
            }
        }
        rank += 1;
    }
    rank
}
