//! A small network with a symbolic batch, and keys for it.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::sync::Arc;
use vouch::program::operator::{Contract, Rescale, Step, Sum, View};
use vouch::program::{
    Dim, Encoding, Input, Interval, Node, Operator, Output, Parameter, Program, Tensor, ValueId,
    Visibility,
};
use vouch::{Array, Arrays, Options, ProvingKey};

/// Sizes of the two layers.
pub const SIZES: [usize; 3] = [5, 4, 3];
/// Fraction bits of every value and parameter.
pub const BITS: i32 = 6;

/// Who sees inputs, parameters and outputs.
#[derive(Clone, Copy, Debug)]
pub struct Seen(pub Visibility, pub Visibility, pub Visibility);

pub const PUBLIC: Visibility = Visibility::Public;
pub const PRIVATE: Visibility = Visibility::Private;
pub const SEALED: Visibility = Visibility::Sealed;

/// The values of all parameters: small numbers that differ.
pub fn parameters() -> Vec<Arc<Tensor>> {
    parameters_of(&SIZES)
}

/// [`parameters`] for layers of other sizes.
pub fn parameters_of(sizes: &[usize]) -> Vec<Arc<Tensor>> {
    let tensor = |shape: &[usize], seed: i64| {
        let len: usize = shape.iter().product();
        let values = (0..len as i64).map(|i| (i * 37 + seed * 11) % 91 - 45);
        Arc::new(Tensor::from_i64s(shape.to_vec(), values.collect()).expect("a tensor"))
    };
    let layer = |(at, pair): (i64, &[usize])| [tensor(pair, at), tensor(&pair[1..], at + 7)];
    (0..).zip(sizes.windows(2)).flat_map(layer).collect()
}

fn id(node: usize) -> ValueId {
    ValueId { node, output: 0 }
}

/// Fully connected layers over a symbolic batch.
pub fn network(Seen(inputs, weights, outputs): Seen, values: &[Arc<Tensor>]) -> Program<Dim> {
    let batch = Dim::Symbol(0);
    let mut nodes: Vec<Node<Dim>> = Vec::new();
    let mut push = |name: &str, operator: Operator<Dim>, inputs: &[usize]| {
        nodes.push(Node {
            name: name.into(),
            operator,
            inputs: inputs.iter().copied().map(id).collect(),
        });
        nodes.len() - 1
    };
    let mut value = push("x", Operator::Input(0), &[]);
    for layer in 0..values.len() / 2 {
        let matrix = push("matrix", Operator::Parameter(2 * layer), &[]);
        let bias = push("bias", Operator::Parameter(2 * layer + 1), &[]);
        let steps = vec![
            Step::InsertAxis(0),
            Step::Broadcast {
                axis: 0,
                size: batch.clone(),
            },
        ];
        let bias = push("rows", Operator::View(View { steps }), &[bias]);
        let contract = Contract {
            rank: 2,
            a_labels: vec![0, 2],
            b_labels: vec![2, 1],
        };
        let product = push("product", Operator::Contract(contract), &[value, matrix]);
        let sum = Sum {
            coefficients: vec![1, 1 << BITS],
            constant: 0,
        };
        let sum = push("sum", Operator::Sum(sum), &[product, bias]);
        let shift = u32::try_from(BITS).expect("positive");
        let rescale = Rescale {
            shift,
            interval: None,
        };
        value = push("rounded", Operator::Rescale(rescale), &[sum]);
    }
    let parameter = |(at, value): (usize, &Arc<Tensor>)| Parameter {
        name: format!("parameter {at}"),
        shape: value.shape.clone(),
        interval: Interval::new(-64, 63),
        visibility: weights,
        value: (weights == PUBLIC).then(|| Tensor::clone(value)),
    };
    Program {
        symbols: vec!["batch".into()],
        inputs: vec![Input {
            name: "x".into(),
            shape: vec![batch, Dim::from(values[0].shape[0])],
            interval: Interval::new(-128, 127),
            encoding: Encoding::Fixed(BITS),
            visibility: inputs,
        }],
        parameters: values.iter().enumerate().map(parameter).collect(),
        nodes,
        outputs: vec![Output {
            name: "y".into(),
            value: id(value),
            encoding: Encoding::Fixed(BITS),
            visibility: outputs,
        }],
    }
}

/// Few proofs and a small batch: small rows.
pub fn options() -> Options {
    Options {
        max_proofs: 8,
        sealed_proofs: 3,
        limits: [("batch".into(), 8)].into(),
        ..Options::default()
    }
}

pub fn key(seen: Seen) -> ProvingKey {
    let values = parameters();
    ProvingKey::generate(network(seen, &values), values, &options()).expect("a key")
}

/// Inputs for a batch.
pub fn inputs(batch: usize) -> Arrays {
    let value = |i: usize| ((i * 29 + 7) % 200) as f64 / 64.0 - 1.5;
    let data: Vec<f64> = (0..batch * SIZES[0]).map(value).collect();
    [("x".into(), Array::new([batch, SIZES[0]], data))].into()
}
