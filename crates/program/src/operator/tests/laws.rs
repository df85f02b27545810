//! What holds for every operator.

use super::case::{Case, Random, Run};
use super::cases;
use crate::program::Visibility::{Private, Public, Sealed};
use relation::{Interval, Tensor};

/// The ends of the inputs' intervals, what is next to zero, and numbers in between.
fn samples(case: &Case) -> Vec<Vec<Tensor>> {
    let alternating = |odd: bool| {
        move |_: usize, index: usize, interval: Interval| {
            if (index % 2 == 1) == odd {
                interval.lo
            } else {
                interval.hi
            }
        }
    };
    let mut samples = vec![
        case.values(|_, _, interval| interval.lo),
        case.values(|_, _, interval| interval.hi),
        case.values(|at, _, interval| {
            if at % 2 == 0 {
                interval.lo
            } else {
                interval.hi
            }
        }),
        case.values(|at, _, interval| {
            if at % 2 == 1 {
                interval.lo
            } else {
                interval.hi
            }
        }),
        case.values(alternating(false)),
        case.values(alternating(true)),
        case.values(|_, index, interval| {
            (i64::try_from(index % 3).unwrap_or(0) - 1).clamp(interval.lo, interval.hi)
        }),
    ];
    let mut random = Random(7);
    for _ in 0..6 {
        samples.push(case.values(|_, _, interval| random.within(interval)));
    }
    samples
}

#[test]
fn relations_hold_for_what_is_executed() {
    for case in cases() {
        for visibility in [Public, Private, Sealed] {
            let program = case.program(visibility, Public);
            let lowered = case.lower(&program);
            for values in samples(&case) {
                let mut run = case.fill(&program, lowered.clone(), &values);
                let system = run.lowered.system.clone();
                let counted = system.multiplicities(&mut run.assignment);
                assert_eq!(counted, Ok(()), "{}: {values:?}", case.name);
                assert_eq!(
                    system.check(&run.assignment),
                    Ok(()),
                    "{}: {values:?}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn results_lie_in_the_intervals_that_were_inferred() {
    for case in cases() {
        for values in samples(&case) {
            let run = case.run(Public, Private, &values);
            assert_eq!(run.facts.len(), run.outputs.len());
            for (fact, output) in run.facts.iter().zip(&run.outputs) {
                assert_eq!(fact.shape, output.shape, "{}", case.name);
                let found = output.interval();
                let inside = fact.interval.contains(found.lo) && fact.interval.contains(found.hi);
                assert!(
                    inside,
                    "{}: {found:?} is not in {:?}",
                    case.name, fact.interval
                );
            }
        }
    }
}

#[test]
fn another_result_violates_a_relation() {
    for case in cases() {
        for values in samples(&case).into_iter().skip(6).take(2) {
            let mut run = case.run(Public, Public, &values);
            assert!(run.accepted(), "{}", case.name);
            let honest = run.assignment.statement.clone();
            let first = case.inputs.len();
            for (at, tensor) in honest.iter().enumerate().skip(first) {
                for change in [-1, 1] {
                    let mut output = tensor.to_i64s();
                    let last = output.len() - 1;
                    output[last] += change;
                    let shape = tensor.shape.clone();
                    run.assignment.statement[at] =
                        Tensor::from_i64s(shape, output).expect("a tensor");
                    assert!(!run.accepted(), "{}: output changed by {change}", case.name);
                }
                run.assignment.statement[at] = tensor.clone();
            }
        }
    }
}

/// Changes that a cheating prover would try.
fn changes(most: u32) -> Vec<i64> {
    (0..=most)
        .flat_map(|bits| [1 << bits, -(1 << bits)])
        .collect()
}

/// Changes values, if the columns' intervals let them, and says whether the system accepts that.
fn forge(run: &mut Run, at: &[(usize, usize, i64)]) -> bool {
    let honest: Vec<(usize, Tensor)> = { at.iter() }
        .map(|&(column, ..)| (column, run.assignment.columns[column].clone()))
        .collect();
    let mut inside = true;
    for &(column, index, change) in at {
        let value = run.assignment.columns[column].get(index) + change;
        inside &= run.interval(column).contains(value);
        run.set(column, index, value);
    }
    // Whatever else it does, `check` refuses values outside of the intervals.
    let accepted = inside && run.accepted();
    for (column, tensor) in honest.into_iter().rev() {
        run.assignment.columns[column] = tensor;
    }
    accepted
}

#[test]
fn a_witness_with_one_other_value_violates_a_relation() {
    for case in cases() {
        for values in samples(&case).into_iter().skip(5).take(3) {
            let mut run = case.run(Public, Private, &values);
            assert!(run.accepted(), "{}", case.name);
            for column in run.witness() {
                for index in 0..run.assignment.columns[column].len().min(3) {
                    for change in changes(24) {
                        let accepted = forge(&mut run, &[(column, index, change)]);
                        let name = &run.lowered.system.columns()[column].name;
                        assert!(
                            !accepted,
                            "{}: {name}[{index}] changed by {change}",
                            case.name
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn a_witness_with_two_other_values_violates_a_relation() {
    for case in cases() {
        for values in samples(&case).into_iter().skip(6).take(2) {
            let mut run = case.run(Public, Private, &values);
            assert!(run.accepted(), "{}", case.name);
            let columns = run.witness();
            for (at, &first) in columns.iter().enumerate() {
                for &second in &columns[at + 1..] {
                    for change in changes(8) {
                        for other in changes(8) {
                            let forged = [(first, 0, change), (second, 0, other)];
                            let accepted = forge(&mut run, &forged);
                            assert!(!accepted, "{}: {forged:?}", case.name);
                        }
                    }
                }
            }
        }
    }
}

/// The most witnesses that are tried for one input.
const MAX_WITNESSES: u64 = 1 << 12;

/// How many witnesses the intervals of the columns leave.
fn candidates(run: &Run) -> Option<u64> {
    run.witness().into_iter().try_fold(1u64, |all, column| {
        let Interval { lo, hi } = run.interval(column);
        let size = u64::try_from(hi.checked_sub(lo)?.checked_add(1)?).ok()?;
        let len = u32::try_from(run.assignment.columns[column].len()).ok()?;
        let all = all.checked_mul(size.checked_pow(len)?)?;
        (all <= MAX_WITNESSES).then_some(all)
    })
}

/// The witnesses that the system accepts.
pub(super) fn accepted_witnesses(run: &mut Run) -> Vec<Vec<Tensor>> {
    let places: Vec<(usize, usize)> = { run.witness().into_iter() }
        .flat_map(|column| {
            let len = run.assignment.columns[column].len();
            (0..len).map(move |index| (column, index))
        })
        .collect();
    let ends: Vec<Interval> = places
        .iter()
        .map(|&(column, _)| run.interval(column))
        .collect();
    for (&(column, index), interval) in places.iter().zip(&ends) {
        run.set(column, index, interval.lo);
    }
    let mut found = Vec::new();
    loop {
        if run.accepted() {
            let columns = run.witness().into_iter();
            found.push(
                columns
                    .map(|column| run.assignment.columns[column].clone())
                    .collect(),
            );
        }
        // The next candidate: the places count like digits.
        let mut next = None;
        for (&(column, index), interval) in places.iter().zip(&ends) {
            let value = run.assignment.columns[column].get(index);
            if value < interval.hi {
                run.set(column, index, value + 1);
                next = Some(());
                break;
            }
            run.set(column, index, interval.lo);
        }
        if next.is_none() {
            return found;
        }
    }
}

#[test]
fn exactly_one_witness_satisfies_the_relations() {
    let mut tried = std::collections::BTreeMap::<&str, usize>::new();
    for case in cases() {
        let program = case.program(Public, Private);
        let lowered = case.lower(&program);
        for values in samples(&case) {
            let mut run = case.fill(&program, lowered.clone(), &values);
            if candidates(&run).is_none() || run.witness().is_empty() {
                continue;
            }
            let columns = run.witness().into_iter();
            let honest: Vec<Tensor> = columns
                .map(|column| run.assignment.columns[column].clone())
                .collect();
            let found = accepted_witnesses(&mut run);
            assert_eq!(found, [honest], "{}: {values:?}", case.name);
            *tried.entry(case.nodes[0].0.name()).or_default() += 1;
        }
    }
    // Each operator that adds a witness has cases that are small enough.
    for name in [
        "Rescale",
        "Split",
        "AtLeastZero",
        "Function",
        "Select",
        "Divide",
        "SquareRoot",
        "Extreme",
        "Gather",
        "Clamp",
        "Staircase",
        "BelowMaximum",
    ] {
        assert!(
            tried.get(name).is_some_and(|&count| count >= 13),
            "{name}: {tried:?}"
        );
    }
}
