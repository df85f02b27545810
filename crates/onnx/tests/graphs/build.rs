//! Graphs as bytes of ONNX files.

use prost::Message;
use tract_onnx::pb;
use tract_onnx::pb::tensor_shape_proto::dimension::Value;

/// A graph in the making.
#[derive(Default)]
pub struct Graph {
    graph: pb::GraphProto,
    /// The version of the standard's operators, if it is not the usual one.
    version: Option<i64>,
}

impl Graph {
    fn info(name: &str, elem_type: i32, shape: &[Result<i64, &str>]) -> pb::ValueInfoProto {
        let dim = |size: &Result<i64, &str>| pb::tensor_shape_proto::Dimension {
            denotation: String::new(),
            value: Some(match size {
                Ok(size) => Value::DimValue(*size),
                Err(name) => Value::DimParam((*name).to_owned()),
            }),
        };
        let tensor = pb::type_proto::Tensor {
            elem_type,
            shape: Some(pb::TensorShapeProto {
                dim: shape.iter().map(dim).collect(),
            }),
        };
        pb::ValueInfoProto {
            name: name.into(),
            r#type: Some(pb::TypeProto {
                denotation: String::new(),
                value: Some(pb::type_proto::Value::TensorType(tensor)),
            }),
            ..Default::default()
        }
    }

    /// With an input; a size is a number or a symbol.
    pub fn input(mut self, name: &str, shape: &[Result<i64, &str>]) -> Self {
        self.graph.input.push(Self::info(name, 1, shape));
        self
    }

    /// With an input of integers.
    pub fn numbers(mut self, name: &str, shape: &[Result<i64, &str>]) -> Self {
        self.graph.input.push(Self::info(name, 7, shape));
        self
    }

    /// With an output.
    pub fn output(mut self, name: &str) -> Self {
        self.graph.output.push(Self::info(name, 1, &[]));
        self
    }

    /// With an initialiser.
    pub fn tensor(mut self, name: &str, dims: &[i64], values: &[f32]) -> Self {
        self.graph.initializer.push(pb::TensorProto {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: 1,
            float_data: values.to_vec(),
            ..Default::default()
        });
        self
    }

    /// With an initialiser of one integer along an axis.
    pub fn int(self, name: &str, value: i64) -> Self {
        self.one(name, vec![1], value)
    }

    /// With an initialiser of one integer without axes.
    pub fn scalar(self, name: &str, value: i64) -> Self {
        self.one(name, Vec::new(), value)
    }

    fn one(mut self, name: &str, dims: Vec<i64>, value: i64) -> Self {
        self.graph.initializer.push(pb::TensorProto {
            name: name.into(),
            dims,
            data_type: 7,
            int64_data: vec![value],
            ..Default::default()
        });
        self
    }

    /// With an initialiser of integers of a type: 2 and 3 are bytes, the latter with a sign, 6 has 32 bits.
    pub fn integers(mut self, name: &str, kind: i32, dims: &[i64], values: &[i32]) -> Self {
        self.graph.initializer.push(pb::TensorProto {
            name: name.into(),
            dims: dims.to_vec(),
            data_type: kind,
            int32_data: values.to_vec(),
            ..Default::default()
        });
        self
    }

    /// With an initialiser of two elements whose data are in another file.
    pub fn external(mut self, name: &str, location: &str) -> Self {
        let entry = |key: &str, value: &str| pb::StringStringEntryProto {
            key: key.into(),
            value: value.into(),
        };
        self.graph.initializer.push(pb::TensorProto {
            name: name.into(),
            dims: vec![2],
            data_type: 1,
            data_location: Some(1),
            external_data: vec![entry("location", location)],
            ..Default::default()
        });
        self
    }

    /// With a node.
    pub fn node(mut self, kind: &str, inputs: &[&str], output: &str) -> Self {
        self.graph.node.push(pb::NodeProto {
            op_type: kind.into(),
            name: output.into(),
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.into()],
            ..Default::default()
        });
        self
    }

    /// With another output of the last node.
    pub fn also(mut self, output: &str) -> Self {
        if let Some(node) = self.graph.node.last_mut() {
            node.output.push(output.into());
        }
        self
    }

    /// With an attribute of the last node.
    pub fn ints(mut self, name: &str, values: &[i64]) -> Self {
        if let Some(node) = self.graph.node.last_mut() {
            node.attribute.push(pb::AttributeProto {
                name: name.into(),
                r#type: pb::attribute_proto::AttributeType::Ints.into(),
                ints: values.to_vec(),
                ..Default::default()
            });
        }
        self
    }

    /// With an attribute of the last node that is one number.
    pub fn number(mut self, name: &str, value: i64) -> Self {
        if let Some(node) = self.graph.node.last_mut() {
            node.attribute.push(pb::AttributeProto {
                name: name.into(),
                r#type: pb::attribute_proto::AttributeType::Int.into(),
                i: value,
                ..Default::default()
            });
        }
        self
    }

    /// With an attribute of the last node that is a word.
    pub fn word(mut self, name: &str, value: &str) -> Self {
        if let Some(node) = self.graph.node.last_mut() {
            node.attribute.push(pb::AttributeProto {
                name: name.into(),
                r#type: pb::attribute_proto::AttributeType::String.into(),
                s: value.as_bytes().to_vec(),
                ..Default::default()
            });
        }
        self
    }

    /// With an attribute of the last node that is a graph.
    pub fn body(mut self, name: &str, body: Self) -> Self {
        if let Some(node) = self.graph.node.last_mut() {
            node.attribute.push(pb::AttributeProto {
                name: name.into(),
                r#type: pb::attribute_proto::AttributeType::Graph.into(),
                g: Some(body.graph),
                ..Default::default()
            });
        }
        self
    }

    /// With operators of another version of the standard.
    pub fn version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    /// With a domain of the last node.
    pub fn domain(mut self, name: &str) -> Self {
        if let Some(node) = self.graph.node.last_mut() {
            node.domain = name.into();
        }
        self
    }

    /// The bytes of the file.
    pub fn bytes(mut self) -> Vec<u8> {
        self.graph.name = "graph".into();
        let model = pb::ModelProto {
            ir_version: 8,
            opset_import: vec![pb::OperatorSetIdProto {
                domain: String::new(),
                version: self.version.unwrap_or(17),
            }],
            graph: Some(self.graph),
            ..Default::default()
        };
        model.encode_to_vec()
    }
}

/// `y = relu(x w + b)` with a symbolic batch.
pub fn small() -> Vec<u8> {
    Graph::default()
        .input("x", &[Err("batch"), Ok(3)])
        .tensor("w", &[3, 2], &[0.5, -1.0, 2.0, 0.25, -0.75, 1.5])
        .tensor("b", &[2], &[0.1, -0.2])
        .node("MatMul", &["x", "w"], "product")
        .node("Add", &["product", "b"], "sum")
        .node("Relu", &["sum"], "y")
        .output("y")
        .bytes()
}
