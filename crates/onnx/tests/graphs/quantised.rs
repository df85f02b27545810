//! Which quantised graphs are refused, and which are carried by levels.

use crate::build::Graph;
use crate::quantise::both;
use onnx::{Array, Arrays, Limits, Model, ModelError, Options, QuantiseError, quantise};
use program::Encoding;

fn parse(graph: Graph) -> Result<Model, ModelError> {
    Model::parse(&graph.bytes(), None, &Limits::default())
}

/// A real input, and levels by the names `s` and `z`.
fn start() -> Graph {
    Graph::default()
        .input("x", &[Ok(1), Ok(4)])
        .tensor("s", &[], &[0.5])
        .integers("z", 2, &[], &[7])
}

fn refused(graph: Graph) -> Vec<(String, String)> {
    match parse(graph) {
        Err(ModelError::Unsupported(nodes)) => { nodes.into_iter() }
            .map(|node| (node.node, node.reason))
            .collect(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("a model"),
    }
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let graph = start()
        .node("DynamicQuantizeMatMul", &["x", "x", "s"], "dynamic")
        .node("QLinearSigmoid", &["x", "s", "z", "s", "z"], "sigmoid")
        .node(
            "QLinearWhere",
            &["x", "x", "s", "z", "x", "s", "z", "s", "z"],
            "where",
        )
        .output("sigmoid");
    let found = refused(graph);
    let names: Vec<&str> = found.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["dynamic", "sigmoid", "where"]);
    assert!(found[0].1.contains("quantise statically"));
}

#[test]
fn scales_that_are_computed_or_not_positive_are_refused() {
    let graph = start()
        .node("Exp", &["s"], "t")
        .node("QuantizeLinear", &["x", "t", "z"], "y")
        .output("y");
    assert!(refused(graph)[0].1.contains("must be a constant"));
    for bad in [0.0, -1.0, f32::NAN, f32::INFINITY] {
        let graph = start()
            .tensor("t", &[], &[bad])
            .node("QuantizeLinear", &["x", "t", "z"], "y")
            .output("y");
        assert!(refused(graph)[0].1.contains("positive"), "{bad}");
    }
}

/// A product with weights of 100 and a bias.
fn product(bias: i32) -> Graph {
    start()
        .integers("w", 3, &[4, 1], &[100; 4])
        .integers("zero", 3, &[], &[0])
        .integers("b", 6, &[1], &[bias])
        .node("QuantizeLinear", &["x", "s", "z"], "q")
        .node(
            "QGemm",
            &["q", "s", "z", "w", "s", "zero", "b", "s", "z"],
            "y",
        )
        .output("y")
}

#[test]
fn accumulators_that_would_wrap_are_refused() {
    assert!(
        quantise(
            &parse(product(1 << 20)).expect("a model"),
            &Options::default()
        )
        .is_ok()
    );
    let wraps = parse(product(i32::MAX - 50_000)).expect("a model");
    let found = quantise(&wraps, &Options::default());
    let Err(QuantiseError::Unsupported(nodes)) = found else {
        panic!("expected a refusal");
    };
    assert!(nodes[0].reason.contains("would wrap"), "{nodes:?}");
}

#[test]
fn an_input_is_carried_by_levels_if_nothing_takes_the_real() {
    let levels = |graph: Graph| {
        let model = parse(graph).expect("a model");
        let found = quantise(&model, &Options::default()).expect("a program");
        matches!(found.program.inputs[0].encoding, Encoding::Levels(_))
    };
    let quantised = || start().node("QuantizeLinear", &["x", "s", "z"], "q");
    let real = |graph: Graph| graph.node("DequantizeLinear", &["q", "s", "z"], "y");
    assert!(levels(real(quantised()).output("y")));
    assert!(!levels(
        real(quantised())
            .node("Neg", &["x"], "n")
            .output("y")
            .output("n")
    ));
    // Two sets of levels.
    let two = quantised().tensor("t", &[], &[0.25]);
    let two = two.node("QuantizeLinear", &["x", "t", "z"], "r");
    let two = two.node("DequantizeLinear", &["r", "t", "z"], "v");
    assert!(!levels(real(two).output("y").output("v")));
}

#[test]
fn scales_may_belong_to_channels_of_activations() {
    for operator in ["Identity", "Sigmoid"] {
        let graph = Graph::default()
            .input("x", &[Ok(2), Ok(3)])
            .tensor("s", &[3], &[0.5, 0.125, 0.0625])
            .integers("z", 2, &[3], &[7, 0, 128])
            .node(operator, &["x"], "f")
            .node("QuantizeLinear", &["f", "s", "z"], "q")
            .node("DequantizeLinear", &["q", "s", "z"], "d")
            .node("Neg", &["d"], "y")
            .output("y");
        let model = parse(graph).expect("a model");
        let quantised = quantise(&model, &Options::default()).expect("a program");
        // Halves, and numbers beyond the levels of some channels.
        let x = Array {
            shape: vec![2, 3],
            data: vec![0.25, 0.3125, 0.5, -3.75, -0.5, -1.0],
        };
        let inputs = Arrays::from([("x".to_owned(), x)]);
        let (values, expected) = both(&model, &quantised, &inputs);
        for (value, expected) in values.iter().zip(&expected) {
            assert!(
                (value - expected).abs() < 1e-3,
                "{values:?}, expected {expected:?}"
            );
        }
    }
}

#[test]
fn reals_become_integers_of_16_bits_by_a_table() {
    let half = |scales: &[f32], zeros: &[i32]| {
        let dims: &[i64] = if scales.len() == 1 { &[] } else { &[3] };
        let graph = Graph::default()
            .input("x", &[Ok(2), Ok(3)])
            .tensor("s", dims, scales)
            .tensor("c", &[], &[0.5])
            .integers("z", 4, dims, zeros)
            .node("Mul", &["x", "c"], "f")
            .node("QuantizeLinear", &["f", "s", "z"], "q")
            .node("DequantizeLinear", &["q", "s", "z"], "y")
            .output("y");
        parse(graph).expect("a model")
    };
    let model = half(&[1.0 / 4096.0], &[30_000]);
    let quantised = quantise(&model, &Options::default()).expect("a program");
    let x = Array {
        shape: vec![2, 3],
        data: vec![0.25, 0.3125, 0.5, -3.75, -0.5, -1.0],
    };
    let inputs = Arrays::from([("x".to_owned(), x)]);
    let (values, expected) = both(&model, &quantised, &inputs);
    assert!({ values.iter().zip(&expected) }.all(|(a, b)| (a - b).abs() < 1e-3));
    // A table for each channel is not supported.
    let model = half(&[0.5, 0.25, 0.125], &[3; 3]);
    let refused = quantise(&model, &Options::default());
    let Err(QuantiseError::Unsupported(nodes)) = refused else {
        panic!("expected a refusal");
    };
    assert!(nodes[0].reason.contains("more than 8 bits"), "{nodes:?}");
}
