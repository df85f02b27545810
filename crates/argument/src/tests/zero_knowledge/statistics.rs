//! Many proofs of two witnesses that differ as much as can be: every element of a proof must be distributed alike for
//! both, and uniformly.
//!
//! The randomness is the operating system's, so a test may fail by chance. The tests are exact, not asymptotic:
//! Fisher's for two samples, the binomial one for uniformity; and each is allowed so small an error that by the union
//! bound over all of them (elements, buckets, samples) the tests of this file fail by chance with probability below
//! `10^-9`. That a leak is *not* noticed by chance is less probable still.

use p3_field::{BasedVectorSpace, PrimeField64};

use super::super::forge::{Forgery, Weakness, forge};
use super::simulator::{Programmed, Simulator};
use super::*;
use crate::channel::Sizing;
use crate::description::Description;
use crate::lookup;
use crate::prove::GroupRows;

/// Proofs in a sample that is honest; in one that leaks, which shows sooner.
const HONEST: usize = 120;
const LEAKING: usize = 64;

/// Buckets of each of two kinds: by the lowest and by the highest bits.
const BUCKETS: usize = 16;

/// Logarithm of the probability that a comparison of samples, over all elements, names one by chance. There are eleven
/// comparisons in this file, and `11 * 2^-35` is below `10^-9`.
const ALARM: f64 = -35.0 * core::f64::consts::LN_2;

/// What one element of a proof is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Message(usize),
    Combined,
    Test(usize),
    Coordinate,
    /// Group and place in the opened leaves.
    Symbol(usize, usize),
    Salt(usize, usize),
    /// The difference between a symbol and that of the low witness without hidden coefficients, which a distinguisher can
    /// compute.
    Distance(usize, usize),
    /// The polynomial that ends the inner argument.
    Final(usize),
}

/// How often the elements of some proofs fell into each bucket.
struct Sample {
    proofs: usize,
    parts: Vec<Part>,
    counts: Vec<[usize; 2 * BUCKETS]>,
}

impl Sample {
    fn new<P: Profile<E = E>>(
        description: &Description<P>,
        proofs: usize,
        mut prove: impl FnMut() -> (Proof<P>, Opened),
    ) -> Self {
        let (mut parts, mut counts) = (Vec::new(), Vec::new());
        let guess = low_rows(description);
        for _ in 0..proofs {
            let (proof, opened) = prove();
            let elements = elements(description, &proof, &opened.points, &guess);
            parts = elements.iter().map(|&(part, _)| part).collect();
            counts.resize(elements.len(), [0; 2 * BUCKETS]);
            for (counts, (_, element)) in counts.iter_mut().zip(elements) {
                let bits = element.as_canonical_u64();
                counts[bits as usize % BUCKETS] += 1;
                counts[BUCKETS + (bits >> 60) as usize] += 1;
            }
        }
        Self {
            proofs,
            parts,
            counts,
        }
    }

    /// The parts that are not distributed alike in two samples of as many proofs.
    fn differing(&self, other: &Self) -> Vec<Part> {
        assert_eq!((self.proofs, &self.parts), (other.proofs, &other.parts));
        let n = self.proofs;
        let logs = logs_of_factorials(2 * n);
        let allowed = ALARM - (self.counts.len() as f64 * 2.0 * BUCKETS as f64).ln();
        let probability = |a: usize, b: usize| two_sample(&logs, n, a, b);
        // Few pairs of counts occur, but often.
        let mut known = vec![None; (n + 1) * (n + 1)];
        let mut differs = |a: usize, b: usize| {
            *known[a * (n + 1) + b].get_or_insert_with(|| probability(a, b) < allowed)
        };
        let pairs = self.counts.iter().zip(&other.counts);
        self.select(pairs.map(|(one, two)| one.iter().zip(two).any(|(&a, &b)| differs(a, b))))
    }

    /// The parts that are not uniform.
    fn biased(&self) -> Vec<Part> {
        let n = self.proofs;
        let logs = logs_of_factorials(n);
        let allowed = ALARM - (self.counts.len() as f64 * 2.0 * BUCKETS as f64).ln();
        let biased: Vec<bool> = (0..=n)
            .map(|count| one_sample(&logs, n, count) < allowed)
            .collect();
        let counts = self.counts.iter();
        self.select(counts.map(|counts| counts.iter().any(|&count| biased[count])))
    }

    fn select(&self, chosen: impl Iterator<Item = bool>) -> Vec<Part> {
        let parts = self.parts.iter().zip(chosen);
        parts
            .filter_map(|(&part, chosen)| chosen.then_some(part))
            .collect()
    }
}

/// The coefficients of the rows of data of all groups, for the low witness.
fn low_rows<P: Profile>(description: &Description<P>) -> Vec<Vec<Vec<F>>> {
    let (_, low) = extremes(false);
    let len = description.opening().code().len();
    let groups = description.stack().groups.iter();
    groups
        .map(|group| {
            let rows = GroupRows::<P>::new(description, group, &low.columns, None);
            (0..group.layout.rows)
                .map(|row| coefficients(&rows, row, len))
                .collect()
        })
        .collect()
}

/// The elements of a proof, but for digests, and rows that are constant by the description.
fn elements<P: Profile<E = E>>(
    description: &Description<P>,
    proof: &Proof<P>,
    points: &[F],
    guess: &[Vec<Vec<F>>],
) -> Vec<(Part, F)> {
    let mut elements = Vec::new();
    let mut push = |part: Part, value: E| {
        let coordinates: &[F] = value.as_basis_coefficients_slice();
        elements.extend(coordinates.iter().map(|&coordinate| (part, coordinate)));
    };
    for (at, &message) in proof.messages.iter().enumerate() {
        push(Part::Message(at), message);
    }
    let hidden = proof.hidden.as_ref().expect("zero knowledge");
    push(Part::Combined, hidden.combined);
    for (at, &value) in hidden.masks.test.iter().enumerate() {
        push(Part::Test(at), value);
    }
    for &value in &proof.opening.coordinates {
        push(Part::Coordinate, value);
    }
    let values = proof.opening.whir.final_poly.as_ref();
    for (at, &value) in { values.expect("a polynomial").as_slice().iter() }.enumerate() {
        push(Part::Final(at), value);
    }
    let witness = description.stack().groups.last().expect("the witness");
    let masks = description.masks().expect("zero knowledge").base_rows();
    let left_over = witness.layout.rows + masks..witness.rows();
    let groups = description.opening().groups().iter();
    for (number, (shape, group)) in groups.zip(&proof.opening.groups).enumerate() {
        for (at, &symbol) in group.leaves.iter().enumerate() {
            let row = at % shape.leaf();
            if let Some(guess) = guess[number].get(row) {
                let distance = symbol - horner(guess, points[at / shape.leaf()]);
                elements.push((Part::Distance(number, at), distance));
            }
            if row >= shape.rows {
                elements.push((Part::Salt(number, at), symbol));
            } else if number + 1 < description.opening().groups().len() || !left_over.contains(&row)
            {
                elements.push((Part::Symbol(number, at), symbol));
            } else {
                assert_eq!(symbol, F::ZERO);
            }
        }
    }
    elements
}

fn logs_of_factorials(most: usize) -> Vec<f64> {
    let mut logs = vec![0.0];
    for n in 1..=most {
        logs.push(logs[n - 1] + (n as f64).ln());
    }
    logs
}

/// The logarithm of a sum of exponentials.
fn log_sum(logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let largest = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    if largest == f64::NEG_INFINITY {
        return largest;
    }
    largest + logs.map(|log| (log - largest).exp()).sum::<f64>().ln()
}

/// Fisher's exact test: the logarithm of a bound for the probability that, of `a + b` hits among two samples of `n` each,
/// one has as few as the lesser of `a` and `b`.
fn two_sample(logs: &[f64], n: usize, a: usize, b: usize) -> f64 {
    let choose = |n: usize, k: usize| logs[n] - logs[k] - logs[n - k];
    let hits = a + b;
    let terms = (hits.saturating_sub(n)..=a.min(b))
        .map(|few| choose(n, few) + choose(n, hits - few) - choose(2 * n, hits));
    core::f64::consts::LN_2 + log_sum(terms)
}

/// The exact binomial test (the buckets have equal shares up to `2^-32` of them): the logarithm of a bound for the probability that of `n` uniform elements as many, or as
/// few, as `count` fall into one bucket.
fn one_sample(logs: &[f64], n: usize, count: usize) -> f64 {
    let share = 1.0 / BUCKETS as f64;
    let term = |k: usize| {
        let choose = logs[n] - logs[k] - logs[n - k];
        choose + k as f64 * share.ln() + (n - k) as f64 * (1.0 - share).ln()
    };
    let tail = log_sum((count..=n).map(term)).min(log_sum((0..=count).map(term)));
    core::f64::consts::LN_2 + tail
}

/// Proofs for one of the two witnesses, each with commitments of its own.
fn sample(high: bool, proofs: usize, weakness: Option<Weakness>) -> Sample {
    let (system, assignment) = extremes(high);
    let description = Description::<Goldilocks2>::new(system, parameters(true));
    let description = description.expect("a description");
    Sample::new(&description, proofs, || {
        let mut case = Case::of("extremes", description.clone(), assignment.clone());
        let forgery = Forgery {
            weakness,
            ..Forgery::of(&assignment)
        };
        let proof = forge(&mut case, &forgery);
        let opened = shown(&case, &proof);
        (proof, opened)
    })
}

#[test]
fn the_two_witnesses_have_one_statement() {
    let [low, high] = [false, true].map(extremes);
    assert_eq!(low.0, high.0);
    assert_eq!(low.1.statement, high.1.statement);
    assert_ne!(low.1.columns, high.1.columns);
    for (system, assignment) in [low, high] {
        assert_eq!(system.check(&assignment), Ok(()));
    }
}

#[test]
fn proofs_of_two_witnesses_and_simulated_ones_are_distributed_alike_and_uniformly() {
    let (low, high) = (sample(false, HONEST, None), sample(true, HONEST, None));
    let (system, assignment) = extremes(false);
    let description = Description::<Programmed>::new(system, parameters(true));
    let description = description.expect("a description");
    let simulated = Sample::new(&description, HONEST, || {
        let mut simulator = Simulator::new(&description, &assignment.statement);
        let proof = simulator.prove();
        let opened = simulator.shown(&proof).expect("a simulated proof");
        (proof, opened)
    });
    assert_eq!(low.differing(&high), []);
    assert_eq!(low.differing(&simulated), []);
    assert_eq!(high.differing(&simulated), []);
    assert_eq!(low.biased(), []);
    assert_eq!(high.biased(), []);
    assert_eq!(simulated.biased(), []);
}

/// The first value that the products send is zero for the low witness.
#[test]
fn one_mask_that_is_zero_is_noticed() {
    let (system, _) = extremes(false);
    let description = Description::<Goldilocks2>::new(system, parameters(true));
    let description = description.expect("a description");
    let mut sizing = Sizing::<E>::default();
    lookup::verify(&mut sizing, description.system(), description.lookup(), 0).expect("a dry run");
    let lookups = sizing.finish();
    let weakness = Some(Weakness::Mask(lookups.singles));
    let [low, high] = [false, true].map(|high| sample(high, LEAKING, weakness));
    let message = Part::Message(lookups.messages());
    assert_eq!(low.differing(&high), [message; 2]);
    assert_eq!(low.biased(), [message; 2]);
}

#[test]
fn hidden_coefficients_that_are_zero_are_noticed() {
    let weakness = Some(Weakness::Hidden);
    let [low, high] = [false, true].map(|high| sample(high, LEAKING, weakness));
    for leak in [low.differing(&high), low.biased()] {
        assert!(!leak.is_empty());
        // A symbol of a row that can be guessed, too, where proofs open the same positions.
        let data = |part: &Part| match *part {
            Part::Distance(2, _) => true,
            Part::Symbol(2, at) => low.parts.contains(&Part::Distance(2, at)),
            _ => false,
        };
        assert!(leak.iter().all(data), "{leak:?}");
    }
    // The low witness's own symbols are known without doubt.
    let distances = |parts: &[Part]| {
        { parts.iter() }
            .filter(|part| matches!(part, Part::Distance(2, _)))
            .count()
    };
    assert_eq!(distances(&low.biased()), distances(&low.parts));
}

#[test]
fn salts_that_are_zero_are_noticed() {
    let low = sample(false, LEAKING, Some(Weakness::Salts));
    let biased = low.biased();
    let salt = |part: &Part| matches!(part, Part::Salt(2, _));
    assert!(biased.iter().all(salt), "{biased:?}");
    assert_eq!(
        biased.len(),
        low.parts.iter().filter(|part| salt(part)).count()
    );
}
