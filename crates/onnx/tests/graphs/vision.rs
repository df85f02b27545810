//! What networks for images are made of.

use crate::build::Graph;
use crate::quantise::{both, close, model, row};
use onnx::{Options, Quantised, quantise};

fn operators(quantised: &Quantised, name: &str) -> usize {
    let nodes = quantised.program.nodes.iter();
    nodes.filter(|node| node.operator.name() == name).count()
}

fn ramp(len: u32) -> Vec<f64> {
    (0..len)
        .map(|at| f64::from(at * 7 % 23) / 11.0 - 1.0)
        .collect()
}

#[test]
fn a_convolution_of_one_pixel_with_a_stride_reads_every_second_pixel() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(2), Ok(5), Ok(4)])
        .tensor("w", &[2, 2, 1, 1], &[0.5, -1.0, 2.0, 0.25])
        .node("Conv", &["x", "w"], "y")
        .ints("strides", &[2, 2])
        .output("y");
    let model = model(&graph.bytes());
    let quantised = quantise(&model, &Options::default()).expect("a program");
    let (values, expected) = both(&model, &quantised, &row("x", &[1, 2, 5, 4], &ramp(40)));
    assert_eq!(expected.len(), 12);
    close(&values, &expected, 1e-3);
}

#[test]
fn slices_take_steps_in_both_directions() {
    for (start, end, step) in [(0, 7, 3), (1, 7, 2), (6, -100, -2), (-1, -100, -1)] {
        let mut graph = Graph::default().input("x", &[Ok(1), Ok(7)]);
        for (name, value) in [("start", start), ("end", end), ("axis", 1), ("step", step)] {
            graph = graph.int(name, value);
        }
        let graph = graph
            .node("Slice", &["x", "start", "end", "axis", "step"], "y")
            .output("y");
        let model = model(&graph.bytes());
        let quantised = quantise(&model, &Options::default()).expect("a program");
        let (values, expected) = both(&model, &quantised, &row("x", &[1, 7], &ramp(7)));
        close(&values, &expected, 1e-3);
    }
}

#[test]
fn a_rectifier_with_an_upper_end_is_one_operator() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(6)])
        .tensor("low", &[], &[0.0])
        .tensor("high", &[], &[6.0])
        .node("Clip", &["x", "low", "high"], "y")
        .output("y");
    let model = model(&graph.bytes());
    let mut options = Options::default();
    options.ranges.insert("x".into(), (-16.0, 16.0));
    let quantised = quantise(&model, &options).expect("a program");
    assert_eq!(operators(&quantised, "Clamp"), 1);
    assert_eq!(operators(&quantised, "Split"), 0);
    let data = [-15.0, -0.001, 0.0, 5.999, 6.001, 15.5];
    let (values, expected) = both(&model, &quantised, &row("x", &[1, 6], &data));
    close(&values, &expected, 1e-3);
}

#[test]
fn a_deep_rectified_network_is_cut_off_in_its_rectifiers() {
    // Each layer could make values sixteen times as large, and leaves them about as large as they were.
    let weights: Vec<f32> = (0u16..64)
        .map(|at| (f32::from(at * 29 % 64) - 31.5) / 16.0)
        .collect();
    let mut graph = Graph::default().input("x", &[Ok(1), Ok(8)]);
    let mut last = "x".to_owned();
    for layer in 0..10 {
        let (weight, product, next) = (
            format!("w{layer}"),
            format!("p{layer}"),
            format!("y{layer}"),
        );
        graph = graph.tensor(&weight, &[8, 8], &weights);
        graph = graph.node("MatMul", &[&last, &weight], &product);
        graph = graph.node("Relu", &[&product], &next);
        last = next;
    }
    let model = model(&graph.output(&last).bytes());
    let mut options = Options::default();
    let small: Vec<f64> = ramp(8).iter().map(|value| value / 8.0).collect();
    options.calibration.push(row("x", &[1, 8], &small));
    options.ranges.insert("x".into(), (-8.0, 8.0));
    let quantised = quantise(&model, &options).expect("a program");
    let cuts = operators(&quantised, "Clamp");
    assert!(cuts > 0, "nothing is cut off");
    // A cut is part of a rectifier: nothing is rounded twice.
    assert_eq!(cuts + operators(&quantised, "Split"), 10);
    let (values, expected) = both(&model, &quantised, &row("x", &[1, 8], &small));
    let most = expected
        .iter()
        .fold(0.0, |most: f64, &value| most.max(value));
    close(&values, &expected, most * 1e-2);
    // Beyond what was seen there is a witness all the same.
    for end in [-8.0, 7.99] {
        let _ = both(&model, &quantised, &row("x", &[1, 8], &[end; 8]));
    }
}

#[test]
fn an_open_number_of_images_is_resized_to_sizes() {
    let mut graph = Graph::default().input("x", &[Err("batch"), Ok(2), Ok(3), Ok(4)]);
    for (name, value) in [("from", 0), ("to", 2), ("height", 5), ("width", 8)] {
        graph = graph.int(name, value);
    }
    let graph = graph
        .node("Shape", &["x"], "shape")
        .node("Slice", &["shape", "from", "to"], "kept")
        .node("Concat", &["kept", "height", "width"], "sizes")
        .number("axis", 0)
        .node("Resize", &["x", "", "", "sizes"], "y")
        .word("mode", "linear")
        .output("y");
    let model = model(&graph.bytes());
    assert_eq!(model.symbols(), ["batch"]);
    let quantised = quantise(&model, &Options::default()).expect("a program");
    for (batch, len) in [(1, 24), (3, 72)] {
        let inputs = row("x", &[batch, 2, 3, 4], &ramp(len));
        let (values, expected) = both(&model, &quantised, &inputs);
        assert_eq!(values.len(), batch * 80);
        close(&values, &expected, 1e-3);
    }
}

#[test]
fn an_open_number_of_images_is_pooled_by_windows_of_uneven_sizes() {
    // Five pixels to three means: two, three and two of them, as places of which the last may be another.
    let places = [0, 1, 1, 2, 3, 4];
    let tuples: Vec<i32> = { places.iter() }
        .flat_map(|&row| places.iter().flat_map(move |&column| [row, column]))
        .collect();
    let graph = Graph::default()
        .input("x", &[Err("batch"), Ok(2), Ok(5), Ok(5)])
        .integers("places", 6, &[6, 6, 2], &tuples)
        .node("Transpose", &["x"], "turned")
        .ints("perm", &[2, 3, 0, 1])
        .node("GatherND", &["turned", "places"], "windows")
        .node("ReduceMean", &["windows"], "y")
        .ints("axes", &[1])
        .output("y");
    let model = model(&graph.bytes());
    assert_eq!(model.symbols(), ["batch"]);
    let quantised = quantise(&model, &Options::default()).expect("a program");
    for (batch, len) in [(1, 50), (3, 150)] {
        let inputs = row("x", &[batch, 2, 5, 5], &ramp(len));
        let (values, expected) = both(&model, &quantised, &inputs);
        assert_eq!(values.len(), batch * 12);
        close(&values, &expected, 1e-3);
    }
}
