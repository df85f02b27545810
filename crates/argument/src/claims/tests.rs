use alloc::vec;
use alloc::vec::Vec;

use p3_challenger::{HashChallenger, SerializingChallenger64};
use p3_field::PrimeCharacteristicRing;
use p3_field::extension::BinomialExtensionField;
use p3_goldilocks::Goldilocks;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use relation::{Combination, Interval, Role, Source, System, Tensor, Term, Value, View};

use super::{Along, Claim, Functional, Unread, integer, prove, verify};
use crate::channel::sender::Sender;
use crate::channel::{Masked, Sizing, Transparent};
use crate::reject::Reject;
use crate::stack::{GroupKind, Stack};

type F = Goldilocks;
type E = BinomialExtensionField<F, 2>;
type C = SerializingChallenger64<F, HashChallenger<u8, p3_blake3::Blake3, 32>>;

const LOG_LEN: usize = 9;
const HIDDEN: usize = 11;

fn challenger() -> C {
    SerializingChallenger64::new(HashChallenger::new(Vec::new(), p3_blake3::Blake3))
}

fn term(coefficient: i64, view: View) -> Combination {
    let shape = view.shape();
    Combination::new(&shape, vec![Term { coefficient, view }]).unwrap()
}

struct Case {
    system: System,
    columns: Vec<Tensor>,
    statement: Vec<Tensor>,
    stack: Stack,
    unread: Unread<F>,
    combinations: Vec<Combination>,
}

/// Columns of awkward shapes in all groups, views of every kind on them.
fn case() -> Case {
    let mut rng = StdRng::seed_from_u64(11);
    let mut builder = System::builder();
    let any = Interval::new(-1000, 1000);
    let shapes: [(&[usize], Role); 5] = [
        (&[20, 35], Role::Parameter),
        (&[3, 12, 10], Role::Witness),
        (&[300], Role::Sealed(0)),
        (&[], Role::Witness),
        (&[1, 5, 1], Role::Parameter),
    ];
    let ids: Vec<_> = shapes
        .iter()
        .enumerate()
        // Without relations nothing enforces a witness, so the system takes it as sealed in a group of its own.
        .map(|(i, (shape, role))| {
            let role = if *role == Role::Witness {
                Role::Sealed(1)
            } else {
                *role
            };
            builder.column(&alloc::format!("c{i}"), shape, role, any)
        })
        .collect();
    let public = builder.public("x", &[6, 7], any, Value::Statement);
    let system = builder.build().unwrap();
    let tensor = |shape: &[usize], rng: &mut StdRng| {
        let len = shape.iter().product();
        let values = (0..len).map(|_| rng.random_range(-1000..=1000)).collect();
        Tensor::from_i64s(shape.to_vec(), values).unwrap()
    };
    let columns: Vec<Tensor> = shapes
        .iter()
        .map(|(shape, _)| tensor(shape, &mut rng))
        .collect();
    let statement = vec![tensor(&[6, 7], &mut rng)];
    let column = |i: usize| View::identity(Source::Column(ids[i]), shapes[i].0).unwrap();
    let x = View::identity(Source::Public(public), &[6, 7]).unwrap();
    let combinations = vec![
        term(3, column(0)),
        term(-2, column(0).permute(&[1, 0]).unwrap()),
        term(
            1,
            column(0).slice(1, 4, 10, 3).unwrap().pad(1, 2, 1).unwrap(),
        ),
        term(
            1,
            column(1)
                .pad(1, 1, 1)
                .unwrap()
                .window(1, 6, 3, 2, 1)
                .unwrap(),
        ),
        term(1, column(1).reshape(&[36, 10]).unwrap()),
        term(1, column(1).reshape(&[18, 20]).unwrap()),
        term(5, column(1).sum(1).unwrap().reverse(0).unwrap()),
        term(1, column(2).reshape(&[15, 20]).unwrap()),
        term(
            1,
            column(3).insert_axis(0).unwrap().broadcast(0, 9).unwrap(),
        ),
        term(1, column(4)),
        term(7, x.clone())
            .plus(term(
                1,
                column(0)
                    .slice(0, 3, 6, 1)
                    .unwrap()
                    .slice(1, 0, 7, 1)
                    .unwrap(),
            ))
            .unwrap(),
        term(1, x.reshape(&[42]).unwrap()),
        Combination::constant(&[4], 9).unwrap(),
    ];
    let stack = Stack::new(&system, LOG_LEN, |_| HIDDEN).unwrap();
    let stack = stack.with_mask_rows(3);
    let unread = unread(&stack, &mut rng);
    Case {
        system,
        columns,
        statement,
        stack,
        unread,
        combinations,
    }
}

/// Random uniform coefficients and mask rows.
fn unread(stack: &Stack, rng: &mut StdRng) -> Unread<F> {
    let mut unread = Unread::new();
    for group in &stack.groups {
        for row in 0..group.layout.rows {
            let start = (group.first_row + row) << LOG_LEN;
            for (offset, len) in crate::stack::tail(LOG_LEN, HIDDEN) {
                unread.push((start + offset, (0..len).map(|_| rng.random()).collect()));
            }
        }
        if group.kind == GroupKind::Witness {
            for row in 0..group.mask_rows {
                let start = (group.first_row + group.layout.rows + row) << LOG_LEN;
                unread.push((start, (0..64).map(|_| rng.random()).collect()));
            }
        }
    }
    unread
}

impl Case {
    fn read(&self, source: Source, y: &[usize]) -> i64 {
        let tensor = match source {
            Source::One => return 1,
            Source::Column(id) => &self.columns[id.0],
            Source::Public(_) => &self.statement[0],
        };
        tensor.get(
            y.iter()
                .zip(&tensor.shape)
                .fold(0, |flat, (&y, &size)| flat * size + y),
        )
    }

    /// The value of a functional, index by index.
    fn value(&self, functional: &Functional<'_, E>) -> E {
        let shape = functional.combination.shape();
        let weights: Vec<_> = functional.weights.iter().map(Along::write).collect();
        let len: usize = shape.iter().product();
        let mut sum = E::ZERO;
        for flat in 0..len {
            let (mut x, mut rest) = (vec![0; shape.len()], flat);
            for axis in (0..shape.len()).rev() {
                x[axis] = rest % shape[axis];
                rest /= shape[axis];
            }
            let weight: E = x.iter().zip(&weights).map(|(&x, w)| w[x]).product();
            for term in functional.combination.terms() {
                let source = term.view.source();
                let value = term.view.get(&x, |y| self.read(source, y));
                sum += weight * integer::<F>(term.coefficient * i64::try_from(value).unwrap());
            }
        }
        sum * functional.coefficient
    }

    /// True claims about all combinations, some with several terms.
    fn claims(&self) -> Vec<Claim<'_, E, E>> {
        let mut rng = StdRng::seed_from_u64(12);
        let mut functional = |combination| {
            let weights = Combination::shape(combination)
                .iter()
                .map(|&size| (0..size).map(|_| rng.random()).collect::<Vec<E>>().into())
                .collect();
            Functional {
                coefficient: rng.random(),
                combination,
                weights,
            }
        };
        let mut claims: Vec<Claim<'_, E, E>> = self
            .combinations
            .iter()
            .map(|combination| Claim {
                terms: vec![functional(combination)],
                value: E::ZERO,
            })
            .collect();
        claims.push(Claim {
            terms: self.combinations.iter().map(functional).collect(),
            value: E::ZERO,
        });
        for claim in &mut claims {
            claim.value = claim.terms.iter().map(|term| self.value(term)).sum();
        }
        claims
    }

    /// All positions of the stack.
    fn positions(&self) -> Vec<F> {
        let mut positions = F::zero_vec(1 << self.stack.variables());
        for (tensor, blocks) in self.columns.iter().zip(&self.stack.columns) {
            for block in blocks {
                for index in 0..1 << block.log_size() {
                    let (mut rest, mut y) = (index, vec![0; block.axes.len()]);
                    for (axis, y) in block.axes.iter().zip(&mut y).rev() {
                        *y = axis.start + (rest & ((1 << axis.log) - 1));
                        rest >>= axis.log;
                    }
                    if y.iter().zip(&tensor.shape).all(|(y, size)| y < size) {
                        let flat = y.iter().zip(&tensor.shape).fold(0, |f, (&y, &s)| f * s + y);
                        positions[block.position + index] = integer(tensor.get(flat));
                    }
                }
            }
        }
        for (start, values) in &self.unread {
            positions[*start..start + values.len()].copy_from_slice(values);
        }
        positions
    }

    fn prove(&self, claims: &[Claim<'_, E, E>]) -> (Vec<E>, Vec<E>, E) {
        let mut challenger = challenger();
        let mut sender = Sender::<F, E, C>::new(None, &mut challenger);
        let reduced = prove(
            &mut sender,
            &self.system,
            &self.statement,
            &self.columns,
            &self.stack,
            self.unread.clone(),
            claims,
        );
        (sender.finish().0, reduced.point, reduced.value)
    }

    fn verify(&self, claims: &[Claim<'_, E, E>], messages: &[E]) -> Result<(Vec<E>, E), Reject> {
        let mut challenger = challenger();
        let mut channel = Transparent::<F, E, C>::new(messages, &[], &mut challenger);
        let reduced = verify::<F, _>(
            &mut channel,
            &self.system,
            &self.statement,
            &self.stack,
            claims,
        )?;
        channel.finish()?;
        Ok((reduced.point, reduced.value))
    }

    fn evaluate(&self, point: &[E]) -> E {
        let eq = crate::multilinear::eq_vector(point);
        self.positions()
            .iter()
            .zip(eq)
            .map(|(&value, eq)| eq * value)
            .sum()
    }
}

#[test]
fn true_claims_reduce_to_the_value_of_the_stack() {
    let case = case();
    let claims = case.claims();
    let (messages, point, value) = case.prove(&claims);
    assert_eq!(case.verify(&claims, &messages), Ok((point.clone(), value)));
    assert_eq!(case.evaluate(&point), value);
}

#[test]
fn a_false_claim_ends_in_rejection() {
    let case = case();
    let honest = case.claims();
    for i in 0..honest.len() {
        let mut claims = honest.clone();
        claims[i].value += E::ONE;
        let (messages, ..) = case.prove(&claims);
        assert!(
            matches!(
                case.verify(&claims, &messages),
                Err(Reject::Equation { step: "claims" })
            ),
            "claim {i}"
        );
    }
}

#[test]
fn false_claims_that_cancel_in_a_plain_sum_end_in_rejection() {
    let case = case();
    let honest = case.claims();
    for i in 1..honest.len() {
        let mut claims = honest.clone();
        claims[0].value += E::ONE;
        claims[i].value -= E::ONE;
        let (messages, ..) = case.prove(&claims);
        assert!(
            matches!(
                case.verify(&claims, &messages),
                Err(Reject::Equation { step: "claims" })
            ),
            "claims 0 and {i}"
        );
    }
}

#[test]
fn a_lie_in_any_message_is_rejected_or_ends_in_a_false_value() {
    let case = case();
    let claims = case.claims();
    let (messages, ..) = case.prove(&claims);
    for i in 0..messages.len() {
        let mut messages = messages.clone();
        messages[i] += E::ONE;
        if let Ok((point, value)) = case.verify(&claims, &messages) {
            assert_ne!(case.evaluate(&point), value, "message {i}");
        }
    }
}

#[test]
fn a_changed_public_value_ends_in_rejection() {
    let mut case = case();
    let claims = case.claims();
    let (messages, ..) = case.prove(&claims);
    let (system, combinations, columns) = (
        case.system.clone(),
        case.combinations.clone(),
        case.columns.clone(),
    );
    drop(claims);
    let mut values = case.statement[0].to_i64s();
    values[17] += 1;
    let honest = Case {
        system,
        columns,
        combinations,
        ..self::case()
    };
    case.statement[0] = Tensor::from_i64s(vec![6, 7], values).unwrap();
    assert!(case.verify(&honest.claims(), &messages).is_err());
}

#[test]
fn the_dry_run_counts_what_is_sent() {
    let case = case();
    let claims = case.claims();
    let (messages, ..) = case.prove(&claims);
    let mut sizing = Sizing::<E>::default();
    let unknown: Vec<_> = claims
        .iter()
        .map(|claim| Claim {
            terms: claim.terms.clone(),
            value: claim.value.into(),
        })
        .collect();
    verify::<F, _>(&mut sizing, &case.system, &[], &case.stack, &unknown).unwrap();
    let count = sizing.finish();
    assert_eq!((count.messages(), count.equations), (messages.len(), 1));
}

#[test]
fn the_masked_context_records_the_one_equation() {
    let case = case();
    let claims = case.claims();
    let (messages, ..) = case.prove(&claims);
    let mut challenger = challenger();
    let mut channel = Masked::<F, E, C>::new(&messages, &[], &mut challenger);
    let affine: Vec<_> = claims
        .iter()
        .map(|claim| Claim {
            terms: claim.terms.clone(),
            value: claim.value.into(),
        })
        .collect();
    verify::<F, _>(
        &mut channel,
        &case.system,
        &case.statement,
        &case.stack,
        &affine,
    )
    .unwrap();
    // With all masks zero the equation is the transparent one.
    let equations = channel.finish().unwrap();
    assert_eq!(equations.len(), 1);
    assert_eq!(equations[0].constant, E::ZERO);
    assert_eq!(
        equations[0].masks.iter().map(|(mask, _)| *mask).max(),
        Some(crate::channel::Mask::Single(messages.len() as u32 - 1))
    );
}
