//! The prover's parts against what they compute, by definition.

use alloc::vec;
use alloc::vec::Vec;

use p3_field::{Field, PackedFieldExtension, PackedValue, PrimeCharacteristicRing};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use relation::{Combination, Relation, Source, Term};

use super::super::children::Children;
use super::super::fractions::{Cell, cell_width};
use super::super::kernel::{evaluate, quadratic};
use super::super::layer::{Statement, prove_packed};
use super::super::values::{is_small, values};
use super::super::{CELL, LOG_CELL, leaf_point};
use super::systems::{self, tensor};
use super::{Challenger, E, F, challenger, random, reader};
use crate::channel::sender::Sender;
use crate::channel::{Channel, Transparent};
use crate::multilinear::eq_index;
use crate::sumcheck::verify_factored;

type Packed = <E as p3_field::ExtensionField<F>>::ExtensionPacking;

#[test]
fn boxes_of_combinations_have_the_values_of_the_reference() {
    let mut rng = StdRng::seed_from_u64(4);
    for case in systems::all() {
        let publics = case.system.public_values(&case.assignment.statement);
        let read = reader(&case.assignment, &publics);
        for relation in case.system.relations() {
            let Relation::Lookup { row, .. } = relation else {
                continue;
            };
            for part in row {
                assert!(is_small(part, &read));
                for _ in 0..8 {
                    let cut = |&size: &usize| {
                        let start = rng.random_range(0..size);
                        start..rng.random_range(start..=size)
                    };
                    let region: Vec<_> = part.shape().iter().map(cut).collect();
                    let small = values::<i64>(part, &region, &read);
                    let wide = values::<i128>(part, &region, &read);
                    let sizes: Vec<usize> = region.iter().map(ExactSizeIterator::len).collect();
                    for (index, (&small, &wide)) in small.iter().zip(&wide).enumerate() {
                        let x = relation::shape::unravel(&sizes, index);
                        let x: Vec<usize> = x
                            .iter()
                            .zip(&region)
                            .map(|(x, range)| x + range.start)
                            .collect();
                        assert_eq!(wide, part.get(&x, &read), "{} {x:?}", case.name);
                        assert_eq!(wide, small.into());
                    }
                }
            }
        }
    }
}

#[test]
fn sums_beyond_64_bits_are_not_small() {
    let column = tensor(&[2], vec![i64::MAX, 1 << 40]);
    let view = relation::View::identity(Source::Column(relation::ColumnId(0)), &[2]);
    let view = view.expect("a column");
    let read = |_| Some(&column);
    let times = |coefficient| {
        let terms = vec![Term {
            coefficient,
            view: view.clone(),
        }];
        Combination::new(&[2], terms).expect("one shape")
    };
    assert!(is_small(&times(1), &read));
    assert!(is_small(&times(-1), &read));
    assert!(!is_small(&times(2), &read));
    let whole = core::iter::once(0..2).collect::<Vec<_>>();
    let wide = values::<i128>(&times(6), &whole, &read);
    assert_eq!(wide, [6 * i128::from(i64::MAX), 6 << 40]);
}

#[test]
fn a_rounds_polynomial_fits_its_claim_at_every_anchor() {
    let mut rng = StdRng::seed_from_u64(5);
    for anchor in [E::ZERO, E::ONE, random(&mut rng)] {
        let q = [random(&mut rng), random(&mut rng), random(&mut rng)];
        let at = |x| evaluate(&q, x);
        let claim = (E::ONE - anchor) * at(E::ZERO) + anchor * at(E::ONE);
        let end = if anchor == E::ZERO {
            at(E::ONE)
        } else {
            at(E::ZERO)
        };
        assert_eq!(quadratic(anchor, [end, q[2]], claim), q);
    }
}

/// Cells of random fractions, the numerators of some of them all one.
fn cells(rng: &mut StdRng, count: usize, ones: bool) -> Vec<Cell<Packed>> {
    let mut draw = || -> Vec<Packed> {
        let width = <F as Field>::Packing::WIDTH;
        let lanes: Vec<E> = (0..CELL).map(|_| random(rng)).collect();
        { lanes.chunks(width) }
            .map(<Packed as PackedFieldExtension<F, E>>::from_ext_slice)
            .collect()
    };
    let cell = |number: usize| Cell {
        numerators: (!ones || number > 8 || number % 7 == 3).then(&mut draw),
        denominators: draw(),
    };
    let cells: Vec<Cell<Packed>> = (0..count).map(cell).collect();
    assert_eq!(cells[0].denominators.len(), cell_width::<F>());
    cells
}

/// Numerators and denominators of a layer of `2^log_len` fractions.
fn scalars(cells: &[Cell<Packed>], log_len: usize) -> [Vec<E>; 2] {
    let (n, d) = super::super::fractions::unpack::<F, E>(cells, 1 << log_len);
    [n, d]
}

#[test]
fn a_layer_proves_its_sum_for_every_anchor_and_batching_challenge() {
    let mut rng = StdRng::seed_from_u64(6);
    for (count, log_cells, merge) in [(2, 1, false), (8, 3, false), (12, 4, false), (12, 4, true)] {
        for special in [None, Some(E::ZERO), Some(E::ONE)] {
            let log_nodes = LOG_CELL + log_cells - 1;
            let mut anchor: Vec<E> = (0..log_nodes).map(|_| random(&mut rng)).collect();
            for at in [0, 1, log_nodes - 2] {
                anchor[at] = special.unwrap_or(anchor[at]);
            }
            let lambda = special.unwrap_or_else(|| random(&mut rng));
            let children = cells(&mut rng, count, !merge);
            let [n, d] = scalars(&children, log_nodes + 1);
            // The children of a node lie in neighbouring cells.
            let child = |node: usize, side| (node / CELL * 2 + side) * CELL + node % CELL;
            let at = |table: &[E], side, point: &[E]| -> E {
                let weight = |node| eq_index(&leaf_point(point), node);
                (0..1 << log_nodes)
                    .map(|node| weight(node) * table[child(node, side)])
                    .sum()
            };
            let summand = |node| {
                let [n0, n1] = [0, 1].map(|side| n[child(node, side)]);
                let [d0, d1] = [0, 1].map(|side| d[child(node, side)]);
                eq_index(&leaf_point(&anchor), node) * (n0 * d1 + n1 * d0 + lambda * d0 * d1)
            };
            let claim: E = (0..1 << log_nodes).map(summand).sum();
            let statement = Statement {
                lambda,
                claim,
                anchor: &anchor,
            };
            let mut prover: Challenger = challenger();
            let mut sender = Sender::<F, E, _>::new(None, &mut prover);
            let children = Children::Held(children);
            let (point, finals) = prove_packed(&mut sender, statement, children, merge);
            let messages = sender.finish().0;
            let mut verifier = challenger();
            let mut channel = Transparent::<F, E, _>::new(&messages, &[], &mut verifier);
            let reduced = verify_factored(&mut channel, claim, &anchor).expect("enough messages");
            assert_eq!(reduced.point, point);
            assert_eq!(reduced.value, finals.n0 * finals.d1 + finals.d0 * finals.y);
            assert_eq!(finals.n0, at(&n, 0, &point));
            assert_eq!(finals.d0, at(&d, 0, &point));
            assert_eq!(finals.d1, at(&d, 1, &point));
            assert_eq!(finals.y, at(&n, 1, &point) + lambda * finals.d1);
            assert_eq!(channel.challenge(), prover.sample_next());
        }
    }
}

trait Next {
    fn sample_next(&mut self) -> E;
}

impl Next for Challenger {
    fn sample_next(&mut self) -> E {
        Sender::<F, E, _>::new(None, self).challenge()
    }
}
