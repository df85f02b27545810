//! Attributes of a node, checked.

use crate::error::Unsupported;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;

/// Refuses a node.
pub fn refuse<T>(node: &NodeProto, reason: impl std::fmt::Display) -> TractResult<T> {
    let (name, operator) = (crate::read::name(node), &node.op_type);
    Err(unsupported(name, operator, reason))
}

/// An error about a node, which whoever reads the model can tell from one of tract.
pub fn unsupported(name: &str, operator: &str, reason: impl std::fmt::Display) -> TractError {
    TractError::new(Unsupported {
        node: name.to_owned(),
        operator: operator.to_owned(),
        reason: reason.to_string(),
    })
}

/// A list of integers; empty if it is absent.
pub fn integers<'a>(node: &'a NodeProto, name: &str) -> TractResult<&'a [i64]> {
    Ok(node.get_attr_opt_slice::<i64>(name)?.unwrap_or_default())
}

/// A list of reals; empty if it is absent. Those of the double-precision twin `name_as_tensor` count too.
pub fn reals(node: &NodeProto, name: &str) -> TractResult<Vec<f64>> {
    let given = node.get_attr_opt_slice::<f32>(name)?.unwrap_or_default();
    if !given.is_empty() {
        return Ok(given.iter().map(|&value| f64::from(value)).collect());
    }
    tensor(node, &format!("{name}_as_tensor"))
}

/// The values of a tensor as reals; empty if it is absent.
pub fn tensor(node: &NodeProto, name: &str) -> TractResult<Vec<f64>> {
    let attribute = node
        .attribute
        .iter()
        .find(|attribute| attribute.name == name);
    let Some(proto) = attribute.and_then(|attribute| attribute.t.as_ref()) else {
        return Ok(Vec::new());
    };
    let found =
        tract_onnx::tensor::load_tensor(&tract_onnx::data_resolver::MmapDataResolver, proto, None)?;
    let found = crate::array::Array::from_tensor(&found).map_err(TractError::msg)?;
    Ok(found.data)
}

/// Words; empty if they are absent.
pub fn words<'a>(node: &'a NodeProto, name: &str) -> TractResult<Vec<&'a str>> {
    Ok(node.get_attr_opt_vec::<&str>(name)?.unwrap_or_default())
}

/// A word, or what it is by default.
pub fn word<'a>(node: &'a NodeProto, name: &str, default: &'a str) -> TractResult<&'a str> {
    Ok(node.get_attr_opt::<&str>(name)?.unwrap_or(default))
}

/// An integer.
pub fn integer(node: &NodeProto, name: &str, default: i64) -> TractResult<i64> {
    Ok(node.get_attr_opt::<i64>(name)?.unwrap_or(default))
}

/// Places of the inputs that are there, among those that are; `None` for one that is not.
pub fn present(names: &[String], most: usize) -> Vec<Option<usize>> {
    let mut next = 0;
    (0..most)
        .map(|at| {
            let is_there = names.get(at).is_some_and(|name| !name.is_empty());
            next += usize::from(is_there);
            is_there.then(|| next - 1)
        })
        .collect()
}
