//! Nodes that tract reads in another way than the standard, and that are not restated: refused by name, with the reason.

use crate::build::Graph;
use onnx::{Limits, Model, ModelError};

/// Why a model of the node is no model.
fn refusal(graph: Graph) -> String {
    let bytes = graph.output("y").bytes();
    let found = Model::parse(&bytes, None, &Limits::default());
    let error = found.expect_err("a refusal");
    assert!(matches!(error, ModelError::Unsupported(_)), "{error}");
    error.to_string()
}

fn image() -> Graph {
    Graph::default().input("x", &[Ok(1), Ok(2), Ok(6), Ok(6)])
}

fn assert_says(reason: &str, parts: &[&str]) {
    for part in parts {
        assert!(reason.contains(part), "{reason}");
    }
}

#[test]
fn normalisation_by_the_batch_is_refused() {
    let graph = ["s", "b", "m", "v"]
        .into_iter()
        .fold(image(), |graph, name| graph.tensor(name, &[2], &[1.0, 2.0]))
        .node("BatchNormalization", &["x", "s", "b", "m", "v"], "y")
        .number("training_mode", 1);
    assert_says(&refusal(graph), &["\"y\" (BatchNormalization)", "training"]);
}

#[test]
fn operators_of_other_domains_are_refused() {
    for domain in ["mine", "pkg.functions"] {
        let graph = image().node("Relu", &["x"], "y").domain(domain);
        assert_says(&refusal(graph), &["\"y\" (Relu)", domain]);
    }
    let names = ["x", "x", "x"];
    let graph = image()
        .node("Attention", &names, "y")
        .domain("com.microsoft");
    assert_says(&refusal(graph), &["\"y\" (Attention)", "com.microsoft"]);
    let standard = image().node("Relu", &["x"], "y").domain("ai.onnx");
    let bytes = standard.output("y").bytes();
    Model::parse(&bytes, None, &Limits::default()).expect("a model");
}

#[test]
fn nodes_that_are_expanded_are_refused_by_name_too() {
    let graph = image().node("Cast", &["x"], "y").number("to", 8);
    assert_says(&refusal(graph), &["\"y\" (Cast)", "strings"]);
    let rows = Graph::default().input("x", &[Err("batch"), Ok(2)]);
    let graph = rows.node("Normalizer", &["x"], "y");
    let graph = graph.domain("ai.onnx.ml").word("norm", "L7");
    assert_says(&refusal(graph), &["\"y\" (Normalizer)", "L7"]);
}

#[test]
fn automatic_padding_of_a_kernel_with_gaps_is_refused() {
    let graph = image()
        .node("MaxPool", &["x"], "y")
        .ints("kernel_shape", &[2, 2])
        .ints("dilations", &[2, 1])
        .word("auto_pad", "SAME_UPPER");
    assert_says(&refusal(graph), &["\"y\" (MaxPool)", "gaps"]);
    let graph = image()
        .tensor("w", &[2, 1, 2, 2], &[0.5; 8])
        .node("ConvTranspose", &["x", "w"], "y")
        .ints("strides", &[2, 2])
        .ints("output_padding", &[1, 0])
        .word("auto_pad", "SAME_LOWER");
    assert_says(&refusal(graph), &["\"y\" (ConvTranspose)", "padding"]);
}

#[test]
fn places_of_windows_with_gaps_that_reach_behind_the_axis_are_refused() {
    let pool = |kernel: &[i64], strides: &[i64], dilations: &[i64]| {
        image()
            .node("MaxPool", &["x"], "y")
            .also("places")
            .ints("kernel_shape", kernel)
            .ints("strides", strides)
            .ints("dilations", dilations)
            .number("ceil_mode", 1)
    };
    let gaps = refusal(pool(&[2, 2], &[1, 3], &[1, 3]));
    assert_says(&gaps, &["\"y\" (MaxPool)", "gaps"]);
    // Sizes whose product, modulo 2^64, is one.
    let wrapped = refusal(pool(&[11, 3_353_953_467_947_191_203], &[1, 1], &[1, 1]));
    assert_says(&wrapped, &["\"y\" (MaxPool)", "too many"]);
    let far = refusal(pool(&[2, 2], &[1, 1 << 62], &[1, 1]));
    assert_says(&far, &["\"y\" (MaxPool)", "too many"]);
}

#[test]
fn a_transform_of_more_numbers_than_there_is_room_for_is_refused() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(16384), Ok(1)])
        .node("DFT", &["x"], "y")
        .number("axis", 1)
        .version(17);
    assert_says(&refusal(graph), &["\"y\" (DFT)", "room"]);
}

#[test]
fn another_order_of_channels_is_refused() {
    let graph = image()
        .node("SpaceToDepth", &["x"], "y")
        .number("blocksize", 2)
        .word("mode", "CRD");
    assert_says(&refusal(graph), &["\"y\" (SpaceToDepth)", "CRD"]);
}

#[test]
fn attention_of_onnx_runtime_that_tract_reads_in_part_is_refused() {
    let rows = || Graph::default().input("x", &[Ok(1), Ok(3), Ok(4)]);
    let graph = rows()
        .node("MultiHeadAttention", &["x", "x", "x"], "y")
        .domain("com.microsoft")
        .number("num_heads", 2)
        .number("unidirectional", 1);
    assert_says(&refusal(graph), &["(MultiHeadAttention)", "earlier keys"]);
    let graph = rows()
        .tensor("g", &[4], &[1.0; 4])
        .node(
            "SkipSimplifiedLayerNormalization",
            &["x", "x", "g", "g"],
            "y",
        )
        .domain("com.microsoft");
    assert_says(&refusal(graph), &["a bias"]);
}

#[test]
fn an_einsum_without_some_axes_is_refused() {
    let graph = image()
        .node("Einsum", &["x"], "y")
        .word("equation", "...i->i");
    assert_says(&refusal(graph), &["\"y\" (Einsum)", "does not have"]);
}

#[test]
fn resizing_that_onnx_runtime_does_in_another_way_is_refused() {
    let resize = |mode: &str, scales: &[f32]| {
        image()
            .tensor("r", &[8], &[0.0, 0.0, 0.2, 0.0, 1.0, 1.0, 0.9, 1.0])
            .tensor("s", &[4], scales)
            .node("Resize", &["x", "r", "s"], "y")
            .word("mode", "linear")
            .word("coordinate_transformation_mode", mode)
    };
    let region = refusal(resize("tf_crop_and_resize", &[1.0, 1.0, 1.0, 2.0]));
    assert_says(&region, &["\"y\" (Resize)", "keeps its size"]);
    let smooth = |mode: &str, scales: &[f32]| {
        refusal(resize(mode, scales).number("antialias", 1).version(18))
    };
    let corners = smooth("align_corners", &[1.0, 1.0, 0.5, 0.7]);
    assert_says(&corners, &["\"y\" (Resize)", "give the sizes"]);
    let same = smooth("half_pixel", &[1.0, 1.0, 0.5, 1.1]);
    assert_says(&same, &["\"y\" (Resize)", "keeps its size"]);
}

#[test]
fn broadcast_from_an_axis_is_refused() {
    let graph = Graph::default()
        .input("x", &[Ok(2), Ok(3), Ok(3)])
        .tensor("b", &[3], &[1.0, 2.0, 3.0])
        .node("Add", &["x", "b"], "y")
        .number("broadcast", 1)
        .number("axis", 1)
        .version(6);
    assert_says(&refusal(graph), &["\"y\" (Add)", "later version"]);
}

#[test]
fn operators_without_a_reader_are_named_inside_of_bodies_too() {
    let body = Graph::default()
        .input("before", &[Ok(2)])
        .input("part", &[Ok(2)])
        .node("Mystery", &["before", "part"], "after")
        .node("Riddle", &["after"], "shown")
        .output("after")
        .output("shown");
    let graph = Graph::default()
        .input("s", &[Ok(2)])
        .input("x", &[Ok(3), Ok(2)])
        .node("Enigma", &["x"], "z")
        .node("Scan", &["s", "z"], "y")
        .number("num_scan_inputs", 1)
        .body("body", body);
    let names = ["(Enigma)", "\"after\" (Mystery)", "\"shown\" (Riddle)"];
    assert_says(&refusal(graph), &names);
}

#[test]
fn padding_by_the_other_end_that_takes_elements_away_is_refused() {
    let graph = Graph::default()
        .input("x", &[Ok(4)])
        .integers("p", 6, &[2], &[1, -1])
        .node("Pad", &["x", "p"], "y")
        .word("mode", "wrap")
        .version(19);
    assert_says(&refusal(graph), &["\"y\" (Pad)", "Slice"]);
}

#[test]
fn maxima_that_are_put_into_another_shape_than_they_come_from_are_refused() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(1), Ok(2), Ok(2)])
        .integers("p", 6, &[1, 1, 2, 2], &[0, 2, 8, 10])
        .integers("s", 6, &[4], &[1, 1, 5, 5])
        .node("MaxUnpool", &["x", "p", "s"], "y")
        .ints("kernel_shape", &[2, 2])
        .ints("strides", &[2, 2]);
    assert_says(&refusal(graph), &["\"y\" (MaxUnpool)", "output_shape"]);
}

#[test]
fn places_of_maxima_in_padded_windows_with_gaps_are_refused() {
    let graph = image()
        .node("MaxPool", &["x"], "y")
        .also("places")
        .ints("kernel_shape", &[2, 2])
        .ints("pads", &[1, 0, 0, 0])
        .ints("dilations", &[2, 1]);
    assert_says(&refusal(graph), &["\"y\" (MaxPool", "gaps"]);
}

#[test]
fn blocks_that_are_not_those_of_an_image_are_refused() {
    let graph = Graph::default()
        .input("x", &[Ok(1), Ok(4), Ok(7)])
        .integers("i", 6, &[2], &[3, 3])
        .integers("b", 6, &[2], &[2, 2])
        .node("Col2Im", &["x", "i", "b"], "y");
    assert_says(&refusal(graph), &["\"y\" (Col2Im)", "blocks"]);
}
