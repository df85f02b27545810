//! Nodes and tensors of a graph in the making.

use super::arithmetic::Scaled;
use super::constants::Quantisation;
use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};

fn attribute(name: &str, kind: AttributeType) -> AttributeProto {
    AttributeProto {
        name: name.to_owned(),
        r#type: kind as i32,
        ..AttributeProto::default()
    }
}

/// An attribute that is a list of integers.
pub fn ints(name: &str, ints: Vec<i64>) -> AttributeProto {
    AttributeProto {
        ints,
        ..attribute(name, AttributeType::Ints)
    }
}

/// An attribute that is an integer.
pub fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto {
        i,
        ..attribute(name, AttributeType::Int)
    }
}

/// An attribute that is a list of numbers.
pub fn floats(name: &str, floats: Vec<f32>) -> AttributeProto {
    AttributeProto {
        floats,
        ..attribute(name, AttributeType::Floats)
    }
}

/// Levels as attributes.
pub fn levels(prefix: &str, levels: &Quantisation) -> Vec<AttributeProto> {
    let name = |what: &str| format!("{prefix}{what}");
    vec![
        floats(&name("scales"), levels.scales.clone()),
        ints(&name("zeros"), levels.zeros.clone()),
        ints(&name("ends"), levels.ends.to_vec()),
    ]
}

/// The quantisation of a whole tensor.
pub fn whole(of: Scaled) -> Quantisation {
    Quantisation {
        scales: vec![of.scale],
        zeros: vec![of.grid.zero],
        ends: [of.grid.lo, of.grid.hi],
        signed_bytes: false,
    }
}

/// A node with one result, which it is named after.
pub fn node(
    operator: &str,
    inputs: &[&str],
    output: &str,
    attribute: Vec<AttributeProto>,
) -> NodeProto {
    NodeProto {
        op_type: operator.to_owned(),
        name: output.to_owned(),
        input: inputs.iter().map(|&input| input.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute,
        ..NodeProto::default()
    }
}

/// A tensor of single precision.
pub fn tensor(name: &str, shape: &[usize], values: Vec<f32>) -> TensorProto {
    let dims = shape
        .iter()
        .map(|&size| i64::try_from(size).unwrap_or(i64::MAX));
    TensorProto {
        name: name.to_owned(),
        dims: dims.collect(),
        data_type: DataType::Float as i32,
        float_data: values,
        ..TensorProto::default()
    }
}
