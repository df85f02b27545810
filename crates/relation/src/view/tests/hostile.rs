//! Views from files.

use super::naive::Naive;
use super::*;
use alloc::{vec, vec::Vec};
use proptest::prelude::*;

/// A view from raw parts, through the same door as one from a file.
fn raw(digits: Vec<usize>, output: Vec<Axis>, source_axes: Vec<Axis>, guards: Vec<Axis>) -> bool {
    let parts = (COLUMN, digits, output, source_axes, guards);
    let bytes = postcard::to_allocvec(&parts).unwrap();
    postcard::from_bytes::<View>(&bytes).is_ok()
}

fn axis(extent: usize, offset: i64, terms: Vec<(usize, i64)>) -> Axis {
    Axis {
        extent,
        offset,
        terms,
    }
}

#[test]
fn hostile_views_are_refused_when_they_are_read() {
    let good = || axis(3, 0, vec![(0, 1)]);
    assert!(raw(vec![3], vec![good()], vec![good()], vec![]));
    assert!(!raw(
        vec![3],
        vec![axis(0, 0, vec![])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(1 << 41, 0, vec![(0, 1)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(vec![3], vec![good(); 17], vec![good()], vec![]));
    assert!(!raw(
        vec![3],
        vec![axis(1 << 39, 0, vec![]); 2],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, 0, vec![(1, 1)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, 0, vec![(0, 0)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, 0, vec![(0, 1), (0, 1)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, 0, vec![(0, i64::MIN)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![axis(3, i64::MIN, vec![(0, 1)])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![3],
        vec![good()],
        vec![good()],
        vec![axis(3, i64::MAX, vec![])]
    ));
    assert!(!raw(
        vec![usize::MAX],
        vec![axis(3, 0, vec![])],
        vec![good()],
        vec![]
    ));
    assert!(!raw(
        vec![1 << 31, 1 << 31],
        vec![axis(3, 0, vec![])],
        vec![],
        vec![]
    ));
    assert!(!raw(vec![1; 65], vec![good()], vec![good()], vec![]));
    assert!(!raw(
        vec![3],
        vec![good()],
        vec![good()],
        vec![axis(3, 0, vec![]); 65]
    ));
}

#[test]
fn a_digit_in_two_output_axes_leaves_most_elements_unread() {
    let output = vec![axis(3, 0, vec![(0, 1)]), axis(3, 0, vec![(0, 1)])];
    let parts = (
        COLUMN,
        vec![3usize],
        output,
        vec![axis(3, 0, vec![(0, 1)])],
        Vec::<Axis>::new(),
    );
    let view: View = postcard::from_bytes(&postcard::to_allocvec(&parts).unwrap()).unwrap();
    let source = Naive::source(&[3]);
    let value = |at: usize| {
        if at.is_multiple_of(4) {
            source.values[at / 4]
        } else {
            0
        }
    };
    let values = (0..9).map(value).collect();
    check(
        &view,
        &Naive {
            shape: vec![3, 3],
            values,
        },
        &source,
    );
    assert!(!view.reads().full);
}

#[test]
fn an_empty_factor_does_not_hide_what_the_others_cost() {
    // Two long factors, and a third one that its guard leaves without an entry.
    let view = |n: usize| {
        let output = vec![axis(n, 0, vec![(0, 1)]), axis(n, 0, vec![(1, 1)])];
        let terms = (0..4).map(|digit| (digit, 1)).collect();
        let source = vec![axis(2 * n + 4, 0, terms)];
        let guards = vec![axis(1, -10, vec![(2, 1), (3, 1)])];
        let parts = (COLUMN, vec![n, n, 2, 2], output, source, guards);
        let bytes = postcard::to_allocvec(&parts).unwrap();
        postcard::from_bytes::<View>(&bytes).unwrap()
    };
    let counts = |component: &Component| {
        let factors = component.factors().iter();
        factors
            .map(|factor| {
                let mut count = 0;
                factor.for_each(|_, _| count += 1);
                count
            })
            .collect::<Vec<usize>>()
    };
    let n = 1 << 10;
    let components = view(n).components();
    let [component] = components.as_slice() else {
        panic!("expected one component, found {components:?}");
    };
    let mut counts = counts(component);
    counts.sort_unstable();
    assert_eq!(counts, [0, n, n]);
    assert!(component.effort() >= 1 << 20);
    let efforts = view(1 << 20).components();
    assert!(
        efforts
            .iter()
            .all(|component| component.effort() >= 1 << 40)
    );
    assert!(!view(1 << 20).is_cover());
}

#[test]
fn an_axis_that_is_said_to_imply_another_does() {
    let digits = [3usize, 4];
    let forms = || {
        let strides = (-2i64..=2).flat_map(|a| (-2i64..=2).map(move |b| (a, b)));
        strides.flat_map(|(a, b)| {
            let terms: Vec<(usize, i64)> = [(0, a), (1, b)]
                .into_iter()
                .filter(|term| term.1 != 0)
                .collect();
            (-4i64..=4).flat_map(move |offset| {
                let terms = terms.clone();
                (1usize..5).map(move |extent| axis(extent, offset, terms.clone()))
            })
        })
    };
    let in_range = |axis: &Axis, values: [i64; 2]| {
        let value = axis.offset + axis.stride(0) * values[0] + axis.stride(1) * values[1];
        usize::try_from(value).is_ok_and(|value| value < axis.extent)
    };
    let mut implied = 0;
    for a in forms() {
        for b in forms().filter(|b| a.implies(b)) {
            implied += usize::from(a.terms != b.terms);
            for values in (0..12).map(|at| [at / 4, at % 4]) {
                assert!(
                    !in_range(&a, values) || in_range(&b, values),
                    "{a:?} {b:?} {digits:?}"
                );
            }
        }
    }
    assert!(implied > 1000, "the negated forms count, too");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8000, rng_seed: proptest::test_runner::RngSeed::Fixed(2), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn views_from_arbitrary_parts_are_refused_or_work(
        digits in prop::collection::vec(0usize..4, 0..4),
        forms in prop::collection::vec(
            (1usize..5, -3i64..4, prop::collection::vec((0usize..4, -3i64..4), 0..3)), 0..5),
        cuts in (0usize..4, 0usize..4),
    ) {
        let forms: Vec<Axis> = forms.into_iter().map(|(extent, offset, mut terms)| {
            terms.sort_unstable();
            axis(extent, offset, terms)
        }).collect();
        let (a, b) = (cuts.0.min(forms.len()), (cuts.0 + cuts.1).min(forms.len()));
        let parts = (COLUMN, digits, &forms[..a], &forms[a..b], &forms[b..]);
        let bytes = postcard::to_allocvec(&parts).unwrap();
        let Ok(view) = postcard::from_bytes::<View>(&bytes) else { return Ok(()) };
        let source = Naive::source(&view.source_shape());
        let expected = by_components(&view, &source);
        prop_assert_eq!(&by_get(&view, &source), &expected);
        // The normal form of a view is the same map, and so are the entries that are walked at once.
        let normal = view.clone().normalised().unwrap();
        prop_assert_eq!(&by_components(&normal, &source), &expected);
        prop_assert_eq!(entries(&normal), entries(&view));
        check_reads(&view);
        check_reads(&normal);
    }
}
