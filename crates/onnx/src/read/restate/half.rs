//! Reals of 16 bits as reals of single precision: a program has neither, and a float model of single precision says better
//! how far the program is from what was trained.

use super::{SINGLE, is_standard};
use std::collections::BTreeSet;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto};

/// The numbers of the types with 16 bits.
const HALF: i32 = 10;
const BRAIN: i32 = 16;

const fn is_half(kind: i32) -> bool {
    kind == HALF || kind == BRAIN
}

/// Widens tensors, inputs and casts of a model, in subgraphs too.
pub fn widen(model: &mut ModelProto) {
    if let Some(graph) = &mut model.graph {
        widen_graph(graph);
    }
}

fn widen_graph(graph: &mut GraphProto) {
    let mut apart = BTreeSet::new();
    for tensor in &mut graph.initializer {
        if !widen_tensor(tensor) && is_half(tensor.data_type) {
            apart.insert(tensor.name.clone());
        }
    }
    let infos = graph.input.iter_mut().chain(&mut graph.output);
    for info in infos.chain(&mut graph.value_info) {
        let kind = info.r#type.as_mut().and_then(|kind| kind.value.as_mut());
        if let Some(Value::TensorType(tensor)) = kind
            && is_half(tensor.elem_type)
        {
            tensor.elem_type = SINGLE;
        }
    }
    for node in &mut graph.node {
        widen_node(node);
    }
    // Data in another file are cast when they are read.
    for name in apart {
        let stored = format!("{name} (16 bits)");
        for tensor in &mut graph.initializer {
            if tensor.name == name {
                tensor.name.clone_from(&stored);
            }
        }
        let cast = NodeProto {
            op_type: "Cast".into(),
            name: name.clone(),
            input: vec![stored],
            output: vec![name],
            attribute: vec![AttributeProto {
                name: "to".into(),
                r#type: tract_onnx::pb::attribute_proto::AttributeType::Int.into(),
                i: SINGLE.into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        graph.node.insert(0, cast);
    }
}

fn widen_node(node: &mut NodeProto) {
    let names_type = match node.op_type.as_str() {
        "Cast" => "to",
        "EyeLike" => "dtype",
        "BlackmanWindow" | "HammingWindow" | "HannWindow" | "MelWeightMatrix" => "output_datatype",
        _ => "",
    };
    let is_own = is_standard(&node.domain);
    for attribute in &mut node.attribute {
        if attribute.name == names_type && i32::try_from(attribute.i).is_ok_and(is_half) {
            attribute.i = SINGLE.into();
        }
        let tensors = attribute.t.iter_mut().chain(&mut attribute.tensors);
        for tensor in tensors.filter(|_| is_own) {
            widen_tensor(tensor);
        }
        for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            widen_graph(graph);
        }
    }
}

/// Gives a tensor that holds its data single precision; says whether it has.
fn widen_tensor(tensor: &mut TensorProto) -> bool {
    let widen = match tensor.data_type {
        HALF => half,
        BRAIN => brain,
        _ => return false,
    };
    let raw = tensor.raw_data.chunks_exact(2);
    let raw = raw.map(|bytes| u16::from_le_bytes(bytes.try_into().unwrap_or_default()));
    // Without raw bytes each integer holds the bits of a real.
    let held = tensor.int32_data.iter();
    let held = held.map(|&bits| u16::try_from(bits & 0xffff).unwrap_or_default());
    let values: Vec<f32> = held.chain(raw).map(widen).collect();
    let len = { tensor.dims.iter() }.try_fold(1i64, |len, &size| len.checked_mul(size));
    if len.and_then(|len| usize::try_from(len).ok()) != Some(values.len()) {
        return false;
    }
    tensor.data_type = SINGLE;
    tensor.raw_data = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    tensor.int32_data.clear();
    true
}

/// A real of 5 bits of exponent and 10 of fraction.
fn half(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let size = match exponent {
        0 => libm::ldexpf(fraction, -24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => libm::ldexpf(fraction + 1024.0, exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// The upper half of a real of single precision.
fn brain(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn halves_are_what_they_stand_for() {
        let known = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x0400, 6.103_515_6e-5),
        ];
        for (bits, value) in known {
            assert_eq!(half(bits), value, "{bits:#x}");
        }
        assert!(half(0xfc00) == f32::NEG_INFINITY && half(0x7e00).is_nan());
    }
}
