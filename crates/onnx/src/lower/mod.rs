//! Operators of the float graph as operators of the integer program: a file for each family.

mod arithmetic;
mod compare;
mod concatenate;
mod contract;
mod convolution;
mod gather;
mod logic;
mod normalise;
mod pass;
mod pool;
mod prelude;
mod quantised;
mod reduce;
mod shape;
mod softmax;
mod unary;

use crate::quantise::{Lazy, Node, Quantiser, Refusal};
use tract_onnx::prelude::TypedNode;

/// A family of operators.
pub struct Family {
    /// Whether a node belongs to the family.
    pub applies: fn(&TypedNode) -> bool,
    /// The results of a node of the family.
    pub lower: fn(&mut Quantiser<'_>, &Node<'_>) -> Result<Vec<Lazy>, Refusal>,
}

/// The families: one line each.
const FAMILIES: &[Family] = &[
    arithmetic::FAMILY,
    compare::FAMILY,
    concatenate::FAMILY,
    contract::FAMILY,
    convolution::FAMILY,
    gather::FAMILY,
    logic::FAMILY,
    normalise::FAMILY,
    pass::FAMILY,
    pool::FAMILY,
    quantised::FAMILY,
    reduce::FAMILY,
    shape::FAMILY,
    softmax::FAMILY,
    unary::FAMILY,
];

fn family(node: &TypedNode) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| (family.applies)(node))
}

/// Whether the operator of a node has an integer program.
pub fn is_known(node: &TypedNode) -> bool {
    family(node).is_some()
}

/// Why a node of no family is refused.
pub fn unknown(node: &TypedNode) -> Refusal {
    format!(
        "there is no integer program for the operator {}",
        node.op.name()
    )
}

/// The results of a node.
///
/// Errors: the reason why it has no integer program.
pub fn lower(
    quantiser: &mut Quantiser<'_>,
    node: &Node<'_>,
    raw: &TypedNode,
) -> Result<Vec<Lazy>, Refusal> {
    let family = family(raw).ok_or_else(|| unknown(raw))?;
    (family.lower)(quantiser, node)
}
