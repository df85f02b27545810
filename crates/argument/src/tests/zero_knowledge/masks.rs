//! Every message is a value plus a committed mask, and no mask is used for two messages.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use std::sync::{Arc, Mutex};

use p3_field::{BasedVectorSpace, PrimeCharacteristicRing, TwoAdicField};

use super::super::forge::secret;
use super::*;
use crate::channel::sender::{History, Liar};
use crate::channel::{Affine, Channel, Mask, Masked, Product};
use crate::prove::{GroupRows, Reused, Run};
use crate::reject::Reject;
use crate::verify::start;

type P = Goldilocks2;
type Challenger = <P as Profile>::Challenger;

/// The verifier's masked context, with a list of the masks in the order in which it attributes messages to them.
struct Listing<'a> {
    inner: Masked<'a, F, E, Challenger>,
    masks: Vec<Mask>,
}

impl Listing<'_> {
    fn list(&mut self, value: &Affine<E>) {
        assert_eq!(value.masks.len(), 1, "a message hides under one mask");
        assert_eq!(value.masks[0].1, E::NEG_ONE);
        self.masks.push(value.masks[0].0);
    }
}

impl Channel for Listing<'_> {
    type E = E;
    type Value = Affine<E>;

    fn receive(&mut self) -> Result<Affine<E>, Reject> {
        let value = self.inner.receive()?;
        self.list(&value);
        Ok(value)
    }
    fn receive_product(&mut self) -> Result<Product<Affine<E>>, Reject> {
        let product = self.inner.receive_product()?;
        self.list(&product.left);
        self.list(&product.right);
        Ok(product)
    }
    fn challenge(&mut self) -> E {
        self.inner.challenge()
    }
    fn work(&mut self, bits: usize) -> Result<(), Reject> {
        self.inner.work(bits)
    }
    fn require_zero(&mut self, step: &'static str, value: Affine<E>) -> Result<(), Reject> {
        self.inner.require_zero(step, value)
    }
}

/// The steps of one proof, seen by somebody who knows its secrets.
struct Steps {
    /// What is hidden in each message.
    values: Vec<E>,
    messages: Vec<E>,
    /// The mask that the verifier attributes each message to.
    attributed: Vec<Mask>,
    /// Its value, read off the rows that are committed.
    committed: Vec<E>,
}

impl Steps {
    /// Runs the steps. If `reuse` is `i`, message `i` hides under the mask of message `i - 1`.
    fn run(case: &mut Case<P>, reuse: Option<usize>) -> Self {
        let permits: Vec<_> = { case.groups.iter_mut() }
            .map(|group| group.permit().expect("a permit"))
            .collect();
        let description = &case.description;
        let secret = secret(description, None).expect("masks");
        let masks = secret.masks.masks();
        let value = |mask: Mask| match mask {
            Mask::Single(i) => masks.singles[i as usize],
            Mask::Left(i) => masks.lefts[i as usize],
            Mask::Right(i) => masks.rights[i as usize],
            Mask::Product(_) => panic!("no message hides under a product"),
        };
        let order = attributed(case, &vec![E::ZERO; description.count().messages()]);
        let cheat = reuse.map(|at| (at, value(order[at - 1]) - value(order[at])));
        let values = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&values);
        let liar = move |history: &History<E>, honest: E| {
            recorded.lock().expect("one thread").push(honest);
            match cheat {
                Some((at, difference)) if history.sent.len() == at => honest + difference,
                _ => honest,
            }
        };
        let liar: &Liar<E> = &liar;
        let run = Run {
            description,
            assignment: &case.assignment,
            commitments: &case.commitments,
            secret: Some(&secret),
            liar: Some(liar),
        };
        let rows = run.rows();
        let (witness, mut committed) = run.commit(&rows).expect("a commitment");
        let permit = committed.permit().expect("a permit");
        let mut groups: Vec<_> = { case.groups.iter().zip(permits) }
            .map(|(committed, permit)| Reused { committed, permit })
            .collect();
        groups.push(Reused {
            committed: &committed,
            permit,
        });
        let challenger = start(description, &run.statement(), &witness);
        let (messages, ..) = run.steps(&groups, &challenger).expect("steps");
        let attributed = attributed(case, &messages);
        let rows = rows.last().expect("the witness");
        let symbols = committed.parts().codewords;
        let committed = { attributed.iter() }
            .map(|&mask| committed_mask(description, rows, &symbols, mask))
            .collect();
        let values = values.lock().expect("one thread").clone();
        Self {
            values,
            messages,
            attributed,
            committed,
        }
    }

    /// The messages that do not hide under a committed mask of their own.
    fn exposed(&self) -> Vec<usize> {
        let pairs = self.messages.iter().zip(&self.values);
        let masks: Vec<E> = pairs.map(|(&message, &value)| message - value).collect();
        let mut used = BTreeSet::<&[F]>::new();
        (0..masks.len())
            .filter(|&at| {
                let new = used.insert(masks[at].as_basis_coefficients_slice());
                !new || masks[at] != self.committed[at]
            })
            .collect()
    }
}

/// The masks that the verifier attributes messages to, in order.
fn attributed(case: &Case<P>, messages: &[E]) -> Vec<Mask> {
    let mut challenger = P::challenger(b"any");
    let mut listing = Listing {
        inner: Masked::new(messages, &[], &mut challenger),
        masks: Vec::new(),
    };
    let run = case
        .description
        .run(&case.assignment.statement, &mut listing);
    run.expect("a run");
    listing.masks
}

/// A mask's value on `H`, of the polynomial whose symbols are committed.
fn committed_mask(
    description: &crate::description::Description<P>,
    rows: &GroupRows<'_, P>,
    symbols: &[F],
    mask: Mask,
) -> E {
    let shape = description.masks().expect("masks");
    let code = description.opening().code();
    let group = description.stack().groups.last().expect("the witness");
    let (row, place) = shape.place(mask);
    // The row is a polynomial in X^k; its points are k-th roots of those of `H`.
    let log_len = p3_util::log2_strict_usize(shape.row_len);
    let root = F::two_adic_generator(log_len + shape.log_spread);
    E::from_basis_coefficients_fn(|coordinate| {
        let row = group.layout.rows + row * shape.degree + coordinate;
        let coefficients = coefficients(rows, row, code.len());
        for position in [0, 1, code.positions() - 1] {
            let symbol = symbols[position * rows.rows() + row];
            assert_eq!(horner(&coefficients, code.point(position)), symbol);
        }
        horner(&coefficients, root.exp_u64(place as u64))
    })
}

#[test]
fn every_message_hides_under_a_committed_mask_of_its_own() {
    let mut case = Case::<P>::new("tiny", tiny(3), parameters(true));
    let steps = Steps::run(&mut case, None);
    assert_eq!(steps.exposed(), [0; 0]);
    // The verifier's attribution meets each mask once, and no mask is left over.
    let shape = case.description.masks().expect("masks");
    let masks: BTreeSet<Mask> = steps.attributed.iter().copied().collect();
    assert_eq!(masks.len(), steps.messages.len());
    assert_eq!(masks.len(), shape.singles + 2 * shape.slots);
    // Nor is any mask zero, or the same as another.
    let values = steps
        .committed
        .iter()
        .map(|mask| mask.as_basis_coefficients_slice());
    let values: BTreeSet<&[F]> = values.collect();
    assert_eq!(values.len(), masks.len());
    assert!(!values.contains([F::ZERO; 2].as_slice()));
}

/// The control.
#[test]
fn a_mask_that_is_used_twice_is_noticed() {
    let mut case = Case::<P>::new("tiny", tiny(3), super::super::unlimited(true));
    let count = case.description.count().messages();
    for index in [1, 2, count / 2, count - 1] {
        assert_eq!(Steps::run(&mut case, Some(index)).exposed(), [index]);
    }
}
