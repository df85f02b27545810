//! From the attributes of a node to a recurrence.

use super::activation::Activation;
use super::{Inputs, Kind, Recurrence};
use crate::expand::attributes::{integer, present, reals, refuse, word, words};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::InferenceOp;
use tract_onnx::tract_hir::ops::expandable::expand;

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let kind = match node.op_type.as_str() {
        "GRU" => Kind::Gru,
        "LSTM" => Kind::Lstm,
        _ => Kind::Rnn,
    };
    let directions = match word(node, "direction", "forward")?
        .to_ascii_lowercase()
        .as_str()
    {
        "forward" => vec![false],
        "reverse" => vec![true],
        "bidirectional" => vec![false, true],
        other => return refuse(node, format!("the direction {other:?}")),
    };
    let clip = node.get_attr_opt::<f32>("clip")?.map(f64::from);
    if clip.is_some_and(|clip| !(clip.is_finite() && clip > 0.0)) {
        return refuse(node, "a threshold (clip) that is not a positive number");
    }
    let places = present(&node.input, 8);
    let place = |at: usize| places.get(at).copied().flatten();
    if (0..3).any(|at| place(at).is_none()) {
        return refuse(node, "input, weights and recurrent weights are expected");
    }
    let outputs = present(&node.output, 3);
    let there = |at: usize| outputs.get(at).copied().flatten().is_some();
    let lstm = kind == Kind::Lstm;
    let recurrence = Recurrence {
        kind,
        node: match node.name.as_str() {
            "" => node.output.first().cloned().unwrap_or_default(),
            name => name.to_owned(),
        },
        activations: activations(node, kind, directions.len())?,
        directions,
        clip,
        linear_before_reset: integer(node, "linear_before_reset", 0)? != 0,
        input_forget: integer(node, "input_forget", 0)? != 0,
        batch_first: integer(node, "layout", 0)? != 0,
        inputs: Inputs {
            bias: place(3),
            lengths: place(4),
            hidden: place(5),
            cell: place(6).filter(|_| lstm),
            peepholes: place(7).filter(|_| lstm),
        },
        outputs: [there(0), there(1), there(2) && lstm],
    };
    Ok((expand(recurrence), Vec::new()))
}

/// The functions of each direction.
fn activations(node: &NodeProto, kind: Kind, sides: usize) -> TractResult<Vec<Vec<Activation>>> {
    let defaults: &[&str] = match kind {
        Kind::Gru => &["Sigmoid", "Tanh"],
        Kind::Lstm => &["Sigmoid", "Tanh", "Tanh"],
        Kind::Rnn => &["Tanh"],
    };
    let mut names = words(node, "activations")?;
    if names.is_empty() {
        names = defaults.repeat(sides);
    }
    if names.len() != sides * kind.activations() {
        let (expected, found) = (sides * kind.activations(), names.len());
        return refuse(
            node,
            format!("{expected} activations are expected, found {found}"),
        );
    }
    let mut alpha = reals(node, "activation_alpha")?.into_iter();
    let mut beta = reals(node, "activation_beta")?.into_iter();
    let mut all = Vec::new();
    for names in names.chunks(kind.activations()) {
        let mut own = Vec::new();
        for name in names {
            match Activation::read(name, &mut alpha, &mut beta) {
                Ok(activation) => own.push(activation),
                Err(reason) => return refuse(node, reason),
            }
        }
        all.push(own);
    }
    Ok(all)
}
