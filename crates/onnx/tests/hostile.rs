//! Bytes that are no model, or almost one: a typed error or a model, never a panic.

use onnx::{Array, Arrays, Limits, Model, ModelError};
use proptest::prelude::*;
use tract_onnx::pb;
use tract_onnx::prelude::tract_itertools::Itertools;

/// `y = relu(x w + b)` with a symbolic batch, as bytes.
fn small() -> Vec<u8> {
    use prost::Message;
    let tensor = |name: &str, dims: &[i64], values: &[f32]| pb::TensorProto {
        name: name.into(),
        dims: dims.to_vec(),
        data_type: 1,
        float_data: values.to_vec(),
        ..Default::default()
    };
    let dim = |value| pb::tensor_shape_proto::Dimension {
        denotation: String::new(),
        value: Some(value),
    };
    let info = |name: &str, size| pb::ValueInfoProto {
        name: name.into(),
        r#type: Some(pb::TypeProto {
            denotation: String::new(),
            value: Some(pb::type_proto::Value::TensorType(pb::type_proto::Tensor {
                elem_type: 1,
                shape: Some(pb::TensorShapeProto {
                    dim: vec![
                        dim(pb::tensor_shape_proto::dimension::Value::DimParam(
                            "batch".into(),
                        )),
                        dim(pb::tensor_shape_proto::dimension::Value::DimValue(size)),
                    ],
                }),
            })),
        }),
        ..Default::default()
    };
    let node = |kind: &str, inputs: &[&str], output: &str| pb::NodeProto {
        op_type: kind.into(),
        name: output.into(),
        input: inputs.iter().map(ToString::to_string).collect_vec(),
        output: vec![output.into()],
        ..Default::default()
    };
    let model = pb::ModelProto {
        ir_version: 8,
        opset_import: vec![pb::OperatorSetIdProto {
            domain: String::new(),
            version: 17,
        }],
        graph: Some(pb::GraphProto {
            name: "small".into(),
            node: vec![
                node("MatMul", &["x", "w"], "product"),
                node("Add", &["product", "b"], "sum"),
                node("Relu", &["sum"], "y"),
            ],
            initializer: vec![
                tensor("w", &[3, 2], &[0.5, -1.0, 2.0, 0.25, -0.75, 1.5]),
                tensor("b", &[2], &[0.1, -0.2]),
            ],
            input: vec![info("x", 3)],
            output: vec![info("y", 2)],
            ..Default::default()
        }),
        ..Default::default()
    };
    model.encode_to_vec()
}

fn parse(bytes: &[u8]) -> Result<Model, ModelError> {
    let limits = Limits {
        elements: 1 << 20,
        ..Limits::default()
    };
    Model::parse(bytes, None, &limits)
}

#[test]
fn a_small_model_keeps_names_shapes_and_its_symbol() {
    let model = parse(&small()).expect("a model");
    assert_eq!(model.symbols(), ["batch"]);
    assert_eq!(model.inputs()[0].name, "x");
    let shape = model.inputs()[0].shape.clone().expect("a shape");
    assert_eq!(model.show(&shape), "[batch, 3]");
    let shape = model.outputs()[0].shape.clone().expect("a shape");
    assert_eq!(model.show(&shape), "[batch, 2]");
    let x = Array {
        shape: vec![2, 3],
        data: vec![1.0, 2.0, 3.0, -1.0, 0.0, 1.0],
    };
    let outputs = model
        .evaluate(&Arrays::from([("x".into(), x)]))
        .expect("outputs");
    let expected = [2.35, 3.8, 0.0, 2.3];
    for (value, expected) in outputs["y"].data.iter().zip(expected) {
        assert!((value - expected).abs() < 1e-5, "{value} and {expected}");
    }
}

#[test]
fn bytes_beyond_the_limits_are_refused() {
    let bytes = small();
    let refused = |limits: Limits| Model::parse(&bytes, None, &limits).expect_err("a refusal");
    let size = Limits {
        bytes: 10,
        ..Limits::default()
    };
    assert!(matches!(refused(size), ModelError::Size { limit: 10, .. }));
    let elements = Limits {
        elements: 5,
        ..Limits::default()
    };
    assert!(matches!(
        refused(elements),
        ModelError::Tensor { limit: 5, .. }
    ));
    let messages = Limits {
        messages: 3,
        ..Limits::default()
    };
    assert!(matches!(refused(messages), ModelError::Malformed(_)));
    let depth = Limits {
        depth: 1,
        ..Limits::default()
    };
    assert!(matches!(refused(depth), ModelError::Malformed(_)));
    let cut = &bytes[..bytes.len() - 3];
    assert!(matches!(parse(cut), Err(ModelError::Malformed(_))));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let model = parse(&small()).expect("a model");
    let refused = |name: &str, shape: &[usize], len: usize| {
        let array = Array {
            shape: shape.to_vec(),
            data: vec![0.0; len],
        };
        let error = model.evaluate(&Arrays::from([(name.to_owned(), array)]));
        matches!(error, Err(ModelError::Input { .. }))
    };
    assert!(refused("other", &[1, 3], 3));
    assert!(refused("x", &[1, 4], 4));
    assert!(refused("x", &[3], 3));
    assert!(refused("x", &[1, 3], 2));
    assert!(!refused("x", &[1, 3], 3));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_are_a_model_or_a_typed_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = small();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = parse(&bytes);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = parse(&bytes);
    }
}
