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
