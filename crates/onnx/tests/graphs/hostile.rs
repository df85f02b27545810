//! Bytes that are no model, or almost one: a typed error or a model, never a panic.

use crate::build::{Graph, small};
use onnx::{Array, Arrays, Limits, Model, ModelError};
use proptest::prelude::*;

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
fn data_in_other_files_are_read_only_where_that_is_allowed() {
    let folder = std::env::temp_dir().join(format!("onnx-external-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("model")).expect("a folder");
    let weights: Vec<u8> = [1.5f32, -2.0]
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    for name in ["model/inside", "outside"] {
        std::fs::write(folder.join(name), &weights).expect("a file");
    }
    let parse = |location: &str, external_data: bool| {
        let graph = Graph::default().input("x", &[Ok(1), Ok(2)]);
        let graph = graph.external("w", location);
        let bytes = graph.node("Mul", &["x", "w"], "y").output("y").bytes();
        let limits = Limits {
            external_data,
            ..Limits::default()
        };
        Model::parse(&bytes, Some(&folder.join("model")), &limits)
    };
    let refused = parse("inside", false);
    assert!(matches!(refused, Err(ModelError::External { name }) if name == "w"));
    assert!(parse("inside", true).is_ok());
    assert!(matches!(
        parse("../outside", true),
        Err(ModelError::Graph(_))
    ));
    std::fs::remove_dir_all(folder).expect("the folder");
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
