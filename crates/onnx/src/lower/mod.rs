//! Operators of the float graph as operators of the integer program: a file for each family.

mod along;
mod arithmetic;
mod arrange;
mod compare;
mod concatenate;
mod contract;
mod convolution;
mod cumulate;
mod einsum;
mod elements;
mod gather;
mod index;
mod integer;
mod kernel;
mod locate;
mod logic;
mod normalise;
mod one_hot;
mod open;
mod order;
mod pass;
mod places;
mod pool;
mod prelude;
mod quantised;
mod range;
mod reduce;
mod resize;
mod row;
mod scatter;
mod shape;
mod shares;
mod softmax;
mod unary;

pub use arithmetic::product;
pub use shares::Shares;

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
    // Integers are divided in another way than reals.
    integer::FAMILY,
    arithmetic::FAMILY,
    arrange::FAMILY,
    compare::FAMILY,
    concatenate::FAMILY,
    convolution::FAMILY,
    cumulate::FAMILY,
    einsum::FAMILY,
    elements::FAMILY,
    gather::FAMILY,
    logic::FAMILY,
    normalise::FAMILY,
    one_hot::FAMILY,
    order::FAMILY,
    pass::FAMILY,
    pool::FAMILY,
    quantised::FAMILY,
    range::FAMILY,
    reduce::FAMILY,
    resize::FAMILY,
    scatter::FAMILY,
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
