//! Tests of views, and the comparisons that they share.

mod chains;
mod factors;
mod hostile;
mod naive;

use super::*;
use crate::shape::{len, strides, unravel};
use alloc::{collections::BTreeMap, vec, vec::Vec};
use naive::Naive;

const COLUMN: Source = Source::Column(ColumnId(0));

/// All elements by the reference semantics.
fn by_get(view: &View, source: &Naive) -> Naive {
    let shape = view.shape();
    let read = |y: &[usize]| {
        assert!(
            y.iter().zip(&source.shape).all(|(y, size)| y < size),
            "{y:?} is out of range"
        );
        i64::try_from(source.at(y)).unwrap()
    };
    let value = |at: usize| view.get(&unravel(&shape, at), read);
    Naive {
        values: (0..len(&shape).unwrap()).map(value).collect(),
        shape,
    }
}

/// All elements by the tensor product of the components.
fn by_components(view: &View, source: &Naive) -> Naive {
    let shape = view.shape();
    let source_shape = view.source_shape();
    // Pairs of an output index and a source index, both over the whole tensors, with multiplicity.
    let mut pairs: BTreeMap<(usize, usize), i128> = BTreeMap::from([((0, 0), 1)]);
    for component in view.components() {
        let joint = |axes: &[usize], shape: &[usize], joint: usize| -> usize {
            let sizes: Vec<usize> = axes.iter().map(|&axis| shape[axis]).collect();
            let index = unravel(&sizes, joint);
            axes.iter()
                .zip(index)
                .map(|(&axis, at)| at * strides(shape)[axis])
                .sum()
        };
        let mut entries = Vec::new();
        component.for_each(|output, read| {
            assert!(output < component.output_len() && read < component.source_len());
            entries.push((
                joint(&component.output_axes, &shape, output),
                joint(&component.source_axes, &source_shape, read),
            ));
        });
        if component.is_identity() {
            let mut found = Vec::new();
            component.for_each(|output, read| found.push((output, read)));
            found.sort_unstable();
            let expected: Vec<(usize, usize)> =
                (0..component.output_len()).map(|i| (i, i)).collect();
            assert_eq!(found, expected);
        }
        if !component.factors().is_empty() {
            let mut expected = Vec::new();
            component.for_each(|output, read| expected.push((output, read)));
            expected.sort_unstable();
            assert_eq!(by_factors(&component, &shape), expected, "{view:?}");
        }
        let mut product = BTreeMap::new();
        for (&(output, read), &count) in &pairs {
            for entry in &entries {
                *product
                    .entry((output + entry.0, read + entry.1))
                    .or_insert(0) += count;
            }
        }
        pairs = product;
    }
    let mut values = vec![0; len(&shape).unwrap()];
    for ((output, read), count) in pairs {
        values[output] += count * source.values[read];
    }
    Naive { shape, values }
}

/// The entries of a component, sorted, as its factors make them.
fn by_factors(component: &Component, shape: &[usize]) -> Vec<(usize, usize)> {
    let sizes: Vec<usize> = { component.output_axes.iter() }
        .map(|&axis| shape[axis])
        .collect();
    let mut entries = vec![(0, 0)];
    for factor in component.factors() {
        let own: Vec<usize> = { factor.output_axes.iter() }
            .map(|&axis| shape[axis])
            .collect();
        let place = |joint: usize| -> usize {
            let index = unravel(&own, joint);
            let stride = |axis: &usize| {
                let at = component.output_axes.iter().position(|other| other == axis);
                strides(&sizes)[at.unwrap()]
            };
            { factor.output_axes.iter().zip(index) }
                .map(|(axis, at)| at * stride(axis))
                .sum()
        };
        let mut product = Vec::new();
        factor.for_each(|output, read| {
            assert!(output < factor.output_len());
            let joined = |&(before, sum): &(usize, usize)| {
                (before + place(output), usize::wrapping_add(sum, read))
            };
            product.extend(entries.iter().map(joined));
        });
        entries = product;
    }
    entries.sort_unstable();
    entries
}

/// How often each output element reads each source element.
fn entries(view: &View) -> BTreeMap<(usize, usize), u64> {
    let mut entries = BTreeMap::new();
    view.for_each_run(|run| {
        run.entries()
            .for_each(|entry| *entries.entry(entry).or_insert(0) += 1)
    });
    entries
}

fn check_reads(view: &View) {
    let shape = view.shape();
    let mut counts = vec![0u64; len(&shape).unwrap()];
    let mut seen = vec![false; len(&view.source_shape()).unwrap()];
    for ((output, source), count) in entries(view) {
        counts[output] += count;
        seen[source] = true;
    }
    let reads = view.reads();
    for (at, &count) in counts.iter().enumerate() {
        let inside = reads.support.as_ref().is_some_and(|support| {
            let index = unravel(&shape, at);
            support
                .iter()
                .zip(index)
                .all(|(&(first, last), x)| first <= x && x <= last)
        });
        assert!(count <= reads.most && (inside || count == 0), "{view:?}");
        assert!(!(reads.full && inside) || count == reads.most, "{view:?}");
    }
    let cover = counts.iter().all(|&count| count <= 1) && seen.iter().all(|&seen| seen);
    assert!(cover || !view.is_cover(), "{view:?}");
    // Nothing that builders make is too complicated to be seen to cover.
    let normal = view.clone().normalised().unwrap();
    assert!(normal != *view || cover == view.is_cover(), "{view:?}");
}

fn check(view: &View, expected: &Naive, source: &Naive) {
    assert_eq!(&by_get(view, source), expected, "{view:?}");
    assert_eq!(&by_components(view, source), expected, "{view:?}");
    check_reads(view);
    let bytes = postcard::to_allocvec(view).unwrap();
    assert_eq!(&postcard::from_bytes::<View>(&bytes).unwrap(), view);
}

/// A view of four elements whose one component has forms with strides of both signs, `2 e - f`: it reads three of them.
fn crooked(view: View) -> View {
    let view = view.insert_axis(1).unwrap().insert_axis(2).unwrap();
    let view = view.broadcast(1, 2).unwrap().broadcast(2, 2).unwrap();
    let view = view.reverse(2).unwrap().reshape(&[4, 4]).unwrap();
    let view = view.pad(1, 0, 1).unwrap().slice(1, 1, 4, 1).unwrap();
    view.diagonal(0, 1).unwrap()
}

#[test]
fn equal_forms_that_leave_their_range_are_no_identity() {
    let view = crooked(View::identity(COLUMN, &[4]).unwrap());
    let naive = |values: Vec<i128>| Naive {
        shape: vec![4],
        values,
    };
    check(&view, &naive(vec![1, 2, 3, 0]), &naive(vec![1, 2, 3, 7]));
    assert!(!view.components()[0].is_identity());
    assert!(!view.is_cover());
}

#[test]
fn a_column_is_not_enforced_by_a_view_that_misses_an_element() {
    use crate::{Interval, Role, System, SystemError, Tensor, Value};

    let small = Interval::new(0, 3);
    let mut builder = System::builder();
    let x = builder.column("x", &[4], Role::Witness, small);
    let numbers = Tensor::from_i64s(vec![4], vec![0, 1, 2, 3]).unwrap();
    let numbers = builder.public("numbers", &[4], small, Value::Constant(numbers));
    let entries = builder.public_view(numbers).unwrap();
    let table = builder.table("numbers", vec![entries.into()]);
    let row = crooked(builder.view(x).unwrap());
    builder.lookup("x", vec![row.into()], table);
    let refused = builder.build();
    assert!(matches!(refused, Err(SystemError::Unenforced { .. })));
}
