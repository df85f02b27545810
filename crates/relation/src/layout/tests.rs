//! Tests of the layout.

use super::*;
use crate::test_systems::Random;
use alloc::{string::String, vec, vec::Vec};
use proptest::prelude::*;

/// The element that lies at each position of the stack, as tensor and row-major index.
fn stack(layout: &Layout, shapes: &[Vec<usize>]) -> Vec<Option<(usize, usize)>> {
    let mut stack = vec![None; layout.rows << layout.log_len];
    let mut taken = vec![false; stack.len()];
    for block in &layout.blocks {
        let size = 1usize << block.log_size();
        assert_eq!(block.offset % size, 0, "aligned");
        assert_eq!(block.axes.len(), shapes[block.tensor].len());
        for axis in &block.axes {
            assert_eq!(axis.start % (1 << axis.log), 0, "pieces are aligned");
        }
        assert_eq!(
            block.offset >> layout.log_len,
            (block.offset + size - 1) >> layout.log_len
        );
        for taken in &mut taken[block.offset..block.offset + size] {
            assert!(!core::mem::replace(taken, true), "blocks do not overlap");
        }
        block.for_each_run(&shapes[block.tensor], |element, position, len| {
            for at in 0..len {
                assert!((block.offset..block.offset + size).contains(&(position + at)));
                let entry = &mut stack[position + at];
                assert_eq!(entry.replace((block.tensor, element + at)), None);
            }
        });
        let mut runs = 0;
        block.for_each_run(&shapes[block.tensor], |_, _, _| runs += 1);
        assert!(runs > 0, "no block is padding alone");
        check_positions(block, &shapes[block.tensor], &stack);
    }
    stack
}

/// Compares the runs of a block with the definition of the order within it.
fn check_positions(block: &Block, shape: &[usize], stack: &[Option<(usize, usize)>]) {
    let sizes: Vec<usize> = block.axes.iter().map(|axis| 1 << axis.log).collect();
    for at in 0..1usize << block.log_size() {
        let index: Vec<usize> = {
            crate::shape::unravel(&sizes, at)
                .into_iter()
                .zip(&block.axes)
        }
        .map(|(at, axis)| axis.start + at)
        .collect();
        let inside = index.iter().zip(shape).all(|(at, size)| at < size);
        let element = index
            .iter()
            .zip(crate::shape::strides(shape))
            .map(|(at, stride)| at * stride)
            .sum();
        assert_eq!(
            stack[block.offset + at],
            inside.then_some((block.tensor, element))
        );
    }
}

fn check(shapes: &[Vec<usize>], log_len: usize, reserved: usize) -> Layout {
    let layout = Layout::pack(shapes, log_len, reserved).unwrap();
    let stack = stack(&layout, shapes);
    let len = 1 << log_len;
    for row in stack.chunks(len) {
        assert!(
            row[len - reserved..].iter().all(Option::is_none),
            "reserved positions stay free"
        );
    }
    for block in &layout.blocks {
        let end = (block.offset % len) + (1 << block.log_size());
        assert!(
            end <= len - reserved,
            "padding stays out of the reserved positions, too"
        );
    }
    let mut seen: Vec<Vec<bool>> = shapes
        .iter()
        .map(|shape| vec![false; shape.iter().product()])
        .collect();
    for (tensor, element) in stack.into_iter().flatten() {
        assert!(
            !core::mem::replace(&mut seen[tensor][element], true),
            "no element lies twice"
        );
    }
    assert!(
        seen.iter().flatten().all(|&seen| seen),
        "every element lies somewhere"
    );
    assert!(layout.waste() >= 0.0 && layout.waste() < 1.0);
    layout
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, rng_seed: proptest::test_runner::RngSeed::Fixed(3), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_element_has_one_place_outside_the_reserved_positions(
        shapes in prop::collection::vec(prop::collection::vec(1usize..14, 0..4), 0..12),
        log_len in 0usize..12,
        share in 0usize..100,
    ) {
        let reserved = ((1usize << log_len) * share / 100).min((1 << log_len) - 1);
        check(&shapes, log_len, reserved);
    }
}

/// What LeNet, a transformer block and a residual block look like, at a tenth of their size.
fn realistic() -> Vec<(&'static str, Vec<Vec<usize>>)> {
    vec![
        (
            "lenet",
            vec![
                vec![6, 1, 5, 5],
                vec![6],
                vec![16, 6, 5, 5],
                vec![16],
                vec![120, 400],
                vec![120],
                vec![84, 120],
                vec![84],
                vec![10, 84],
                vec![10],
                vec![6, 28, 28],
                vec![6, 14, 14],
                vec![16, 10, 10],
                vec![16, 5, 5],
            ],
        ),
        (
            "transformer",
            vec![
                vec![96, 384],
                vec![384],
                vec![384, 96],
                vec![96],
                vec![10, 96],
                vec![10, 384],
                vec![5026, 96],
                vec![12, 10, 10],
                vec![96, 288],
                vec![288],
                vec![100, 96],
            ],
        ),
        (
            "residual",
            vec![
                vec![64, 64, 3, 3],
                vec![64],
                vec![64, 7, 7],
                vec![32, 64, 3, 3],
                vec![32, 28, 28],
                vec![1000],
                vec![100, 512],
                vec![512, 7, 7],
            ],
        ),
    ]
}

#[test]
fn realistic_systems_waste_less_than_a_twentieth() {
    for (name, shapes) in realistic() {
        for (log_len, reserved) in [(14, 0), (14, 200), (16, 300), (18, 500)] {
            let layout = check(&shapes, log_len, reserved);
            assert!(layout.waste() < 0.05, "{name}: {}", layout.waste());
        }
    }
}

#[test]
fn single_tensors_of_common_sizes_waste_less_than_a_twentieth() {
    for shape in [
        vec![768, 307],
        vec![10, 768],
        vec![512, 7, 7],
        vec![1000],
        vec![5025, 76],
    ] {
        let layout = check(core::slice::from_ref(&shape), 16, 250);
        assert!(layout.waste() < 0.05, "{shape:?}: {}", layout.waste());
        assert!(
            layout.blocks.len() < 100,
            "{shape:?}: {} blocks",
            layout.blocks.len()
        );
    }
}

#[test]
fn rows_are_filled_although_positions_are_reserved() {
    let shapes = vec![vec![768, 512], vec![96, 384], vec![384]];
    let layout = check(&shapes, 14, 250);
    assert!(
        layout.fill() > 0.9,
        "{} in {} rows",
        layout.fill(),
        layout.rows
    );
    assert!(
        layout.blocks.len() <= 8 * layout.rows,
        "{} blocks",
        layout.blocks.len()
    );
}

#[test]
fn large_tensors_are_laid_out_without_visiting_their_elements() {
    let shapes = vec![
        vec![50257, 768],
        vec![1024, 768],
        vec![12, 768, 3072],
        vec![12, 3072, 768],
    ];
    let layout = Layout::pack(&shapes, 22, 1000).unwrap();
    assert!(layout.waste() < 0.05);
    assert!(layout.fill() > 0.9, "{}", layout.fill());
    assert!(layout.blocks.len() < 1000, "{}", layout.blocks.len());
}

#[test]
fn blocks_come_by_decreasing_size_and_packing_is_deterministic() {
    let mut random = Random::new(5);
    let mut size = || usize::try_from(random.bits() % 40).unwrap() + 1;
    let shapes: Vec<Vec<usize>> = (0..20).map(|_| vec![size(), size()]).collect();
    let layout = check(&shapes, 10, 77);
    assert!(
        layout
            .blocks
            .is_sorted_by_key(|block| Reverse(block.log_size()))
    );
    assert_eq!(Layout::pack(&shapes, 10, 77).unwrap(), layout);
}

#[test]
fn halves_that_are_padding_alone_are_dropped() {
    // The common allowance lets [33] be one box of 64; rows of 32 cut it into two halves and more.
    let layout = check(
        &[vec![17], vec![33], vec![60, 60], vec![60, 60], vec![60, 60]],
        5,
        4,
    );
    assert!(layout.waste() < 0.05);
}

#[test]
fn nothing_takes_no_rows() {
    let layout = check(&[], 4, 3);
    assert_eq!((layout.rows, layout.waste(), layout.fill()), (0, 0.0, 0.0));
}

#[test]
fn a_scalar_takes_one_position() {
    let layout = check(&[vec![], vec![1, 1]], 3, 7);
    assert_eq!(layout.rows, 2);
}

#[test]
fn what_cannot_be_laid_out_is_refused() {
    let pack = |shapes: &[Vec<usize>], log_len, reserved| {
        Layout::pack(shapes, log_len, reserved).map(|layout| layout.rows)
    };
    assert_eq!(
        pack(&[vec![3]], 41, 0),
        Err(LayoutError::LogLen { log_len: 41 })
    );
    assert_eq!(
        pack(&[vec![3]], usize::MAX, 0),
        Err(LayoutError::LogLen {
            log_len: usize::MAX
        })
    );
    assert_eq!(
        pack(&[vec![3]], 4, 16),
        Err(LayoutError::Reserved {
            reserved: 16,
            log_len: 4
        })
    );
    assert_eq!(pack(&[vec![3]], 4, 15), Ok(3));
    assert_eq!(
        pack(&[vec![1], vec![3, 0]], 4, 0),
        Err(LayoutError::Shape { tensor: 1 })
    );
    assert_eq!(
        pack(&[vec![usize::MAX, 2]], 4, 0),
        Err(LayoutError::Shape { tensor: 0 })
    );
    assert_eq!(
        pack(&[vec![1; 17]], 4, 0),
        Err(LayoutError::Shape { tensor: 0 })
    );
    // A row of one position would need a block per element.
    assert_eq!(pack(&[vec![1 << 40]], 0, 0), Err(LayoutError::Size));
    assert_eq!(pack(&[vec![3 << 38]], 4, 1), Err(LayoutError::Size));
    let found = LayoutError::Reserved {
        reserved: 16,
        log_len: 4,
    };
    let message: String = alloc::format!("{found}");
    assert_eq!(
        message,
        "16 of 2^4 positions are reserved, expected fewer than all"
    );
}
