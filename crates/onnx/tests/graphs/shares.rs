//! Sums that the shares of a softmax weigh: attention, and what looks like it.

use crate::build::Graph;
use crate::quantise::{both, close};
use onnx::{Array, Arrays, Limits, Model, Options, quantise};
use program::Operator;

/// The graph calibrated and run on arrays; the number of divisions and the results beside the float model's.
fn run(graph: Graph, inputs: &Arrays, options: Options) -> (usize, Vec<f64>, Vec<f64>) {
    let model = Model::parse(&graph.bytes(), None, &Limits::default()).expect("a model");
    let options = Options {
        calibration: vec![inputs.clone()],
        ..options
    };
    let quantised = quantise(&model, &options).expect("a program");
    let nodes = quantised.program.nodes.iter();
    let divisions = nodes.filter(|node| matches!(node.operator, Operator::Divide(_)));
    let (values, expected) = both(&model, &quantised, inputs);
    (divisions.count(), values, expected)
}

fn check(graph: Graph, inputs: &Arrays) {
    let (_, values, expected) = run(graph, inputs, Options::default());
    let most = expected.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
    close(&values, &expected, 2e-3 * most);
}

/// Numbers in no order, from `-most` to `most`.
#[expect(clippy::cast_precision_loss, reason = "small integers")]
fn numbers(shape: &[usize], most: f64) -> Array {
    let len = shape.iter().product();
    let number = |at: usize| ((at * 37 + 11) % 101) as f64 / 50.0 - 1.0;
    Array {
        shape: shape.to_vec(),
        data: (0..len).map(|at| most * number(at)).collect(),
    }
}

fn inputs(arrays: &[(&str, Array)]) -> Arrays {
    let named = arrays.iter();
    named
        .map(|(name, array)| ((*name).to_owned(), array.clone()))
        .collect()
}

/// `p`, the softmax of `x` along its last axis.
fn softmax(sizes: &[i64]) -> Graph {
    let sizes: Vec<_> = sizes.iter().map(|&size| Ok(size)).collect();
    Graph::default()
        .input("x", &sizes)
        .node("Softmax", &["x"], "p")
        .number("axis", -1)
}

#[test]
fn a_weighted_sum_is_divided_once_for_each_result() {
    let graph = || {
        softmax(&[6, 12])
            .input("v", &[Ok(12), Ok(3)])
            .node("MatMul", &["p", "v"], "y")
            .output("y")
    };
    let arrays = inputs(&[("x", numbers(&[6, 12], 6.0)), ("v", numbers(&[12, 3], 5.0))]);
    check(graph(), &arrays);
    let (divisions, ..) = run(graph(), &arrays, Options::default());
    assert_eq!(divisions, 1);
    // The values on the left, and their axes the other way round.
    let turned = softmax(&[6, 12])
        .input("v", &[Ok(3), Ok(12)])
        .node("Einsum", &["v", "p"], "y")
        .word("equation", "cj,ij->ci")
        .output("y");
    let arrays = inputs(&[("x", numbers(&[6, 12], 6.0)), ("v", numbers(&[3, 12], 5.0))]);
    check(turned, &arrays);
}

#[test]
fn products_of_shares_are_not_divided_twice() {
    let graph = softmax(&[5, 9])
        .node("Einsum", &["p", "p"], "y")
        .word("equation", "ik,jk->ij")
        .output("y");
    check(graph, &inputs(&[("x", numbers(&[5, 9], 3.0))]));
    let other = softmax(&[7, 7])
        .node("Softmax", &["x"], "c")
        .number("axis", 0)
        .node("MatMul", &["p", "c"], "y")
        .output("y");
    check(other, &inputs(&[("x", numbers(&[7, 7], 3.0))]));
}

#[test]
fn values_that_are_summed_over_more_axes_are_weighed_right() {
    let graph = softmax(&[5, 9])
        .input("v", &[Ok(9), Ok(4), Ok(20)])
        .node("Einsum", &["p", "v"], "y")
        .word("equation", "ij,jkl->ik")
        .output("y");
    let mut values = numbers(&[9, 4, 20], 1.0);
    values
        .data
        .iter_mut()
        .for_each(|value| *value = value.abs());
    check(
        graph,
        &inputs(&[("x", numbers(&[5, 9], 3.0)), ("v", values)]),
    );
}

#[test]
fn operands_that_lose_bits_keep_their_scale() {
    // An open axis leaves 46 bits for a product: with 24 bits of powers and 23 of values, some are lost.
    for activation_bits in [17, 23] {
        let graph = Graph::default()
            .input("x", &[Ok(6), Err("n")])
            .input("v", &[Err("n"), Ok(3)])
            .node("Softmax", &["x"], "p")
            .number("axis", -1)
            .node("MatMul", &["p", "v"], "y")
            .output("y");
        let arrays = inputs(&[("x", numbers(&[6, 12], 6.0)), ("v", numbers(&[12, 3], 5.0))]);
        let options = Options {
            activation_bits,
            ..Options::default()
        };
        let (_, values, expected) = run(graph, &arrays, options);
        close(&values, &expected, 0.01);
    }
}

#[test]
fn values_that_grow_with_the_sequence_have_proofs() {
    let bytes = Graph::default()
        .input("x", &[Err("n"), Ok(3)])
        .int("axis", 0)
        .node("ReduceSum", &["x", "axis"], "s")
        .node("Add", &["x", "s"], "v")
        .node("Einsum", &["x", "x"], "a")
        .word("equation", "ic,jc->ij")
        .node("Softmax", &["a"], "p")
        .number("axis", -1)
        .node("MatMul", &["p", "v"], "y")
        .output("y")
        .version(13)
        .bytes();
    let model = Model::parse(&bytes, None, &Limits::default()).expect("a model");
    let seen = inputs(&[("x", numbers(&[4, 3], 4.0))]);
    let options = Options {
        calibration: vec![seen],
        limits: [("n".to_owned(), 64)].into(),
        ..Options::default()
    };
    let quantised = quantise(&model, &options).expect("a program");
    // As large as the inputs can be, and far more of them than calibration saw.
    for length in [1, 16, 64] {
        let mut x = numbers(&[length, 3], 1.0);
        x.data.fill(4.0);
        let (values, expected) = both(&model, &quantised, &inputs(&[("x", x)]));
        let most = expected.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
        close(&values, &expected, 0.02 * most);
    }
}
