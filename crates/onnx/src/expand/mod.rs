//! Operators of ONNX that tract does not know, knows as a loop, or has in another way: they become ordinary nodes while
//! the graph is typed, where shapes are known. Calibration, diagnosis and lowering see nothing special.
//!
//! Attributes are untrusted: what is read is checked, and what is not supported is refused by name.

mod activation;
mod attributes;
mod cast;
mod equal;
mod flatten;
mod fold;
mod fourier;
mod gemm;
mod held;
mod norm;
pub mod pad;
pub mod pool;
mod recurrent;
mod tabular;
mod trees;
mod upsample;
mod wires;

pub use attributes::unsupported;
pub use tabular::same_shape;
pub use wires::{Wires, step_name, without_step};

use std::collections::BTreeSet;
use thiserror::Error;
use tract_onnx::Onnx;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{ModelProto, NodeProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::InferenceOp;

/// Makes the operator of a node.
type Build =
    fn(&ParsingContext<'_>, &NodeProto) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

/// The operators that hold parameters: one line each.
const OPERATORS: &[(&str, Build)] = &[
    ("ArrayFeatureExtractor", tabular::extractor::build),
    ("Binarizer", tabular::binarizer::build),
    ("GRU", recurrent::build),
    ("Imputer", tabular::imputer::build),
    ("LSTM", recurrent::build),
    ("LabelEncoder", tabular::encoder::build),
    ("LinearClassifier", tabular::linear::build),
    ("OneHotEncoder", tabular::one_hot::build),
    ("RNN", recurrent::build),
    ("SVMClassifier", tabular::svm::classifier),
    ("SVMRegressor", tabular::svm::regressor),
    ("Scaler", tabular::scaler::build),
    ("TreeEnsemble", trees::build),
    ("TreeEnsembleClassifier", trees::build),
    ("TreeEnsembleRegressor", trees::build),
    ("ZipMap", tabular::zip_map::build),
];

/// Those that hold no parameters.
const WITHOUT_PARAMETERS: &[(&str, Build)] = &[
    ("Cast", cast::build),
    ("Celu", activation::build),
    ("Col2Im", fold::build),
    ("DFT", fourier::transform::build),
    ("Equal", equal::build),
    ("Flatten", flatten::build),
    ("Gemm", gemm::build),
    ("GlobalLpPool", norm::global),
    ("MaxUnpool", pool::unpool::build),
    ("Normalizer", norm::rows),
    ("STFT", fourier::frames::build),
    ("Swish", activation::build),
    ("Upsample", upsample::build),
    (pool::places::NAME, pool::places::build),
    (pad::CROP, pad::build),
    (pad::WRAP, pad::build),
];

/// Teaches a reader the operators.
pub fn register(reader: &mut Onnx) {
    for &(name, build) in OPERATORS.iter().chain(WITHOUT_PARAMETERS) {
        reader.op_register.insert(name, build);
    }
}

/// A size that has to be a number is a symbol.
#[derive(Debug, Error)]
#[error(
    "node {node:?} ({operator}): {what} is the symbolic size {size}, and a key is for one number of steps; say which \
     (option --size {size}=NUMBER), or export the model with a fixed size"
)]
pub struct SymbolicSize {
    /// Name of the node.
    pub node: String,
    /// Its operator.
    pub operator: &'static str,
    /// Which size.
    pub what: &'static str,
    /// The symbol, or an expression of symbols.
    pub size: String,
}

/// Names of the nodes that are expanded: the constants that are made of their attributes are parameters, also
/// those of one element.
pub fn names(model: &ModelProto) -> BTreeSet<String> {
    let nodes = model.graph.iter().flat_map(|graph| &graph.node);
    nodes
        .filter(|node| OPERATORS.iter().any(|(name, _)| *name == node.op_type))
        .map(|node| crate::read::name(node).to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// What a person should know about the operators of a model.
pub fn notes(model: &ModelProto) -> Vec<String> {
    let nodes = model.graph.iter().flat_map(|graph| &graph.node);
    let words = nodes.filter_map(|node| {
        let names = |attribute: &&tract_onnx::pb::AttributeProto| {
            attribute.name == "classlabels_strings" && !attribute.strings.is_empty()
        };
        let found = node.attribute.iter().find(names)?;
        let classes: Vec<_> = { found.strings.iter() }
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        let (operator, node) = (&node.op_type, node.output.first()?);
        Some(format!(
            "{operator} {node:?}: classes are numbered from 0 in the order {classes:?}, as a program has no strings"
        ))
    });
    let words: BTreeSet<String> = words.collect();
    words.into_iter().collect()
}
