//! Where the integers of an input lie, from what the graph does with them.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops;

/// What the graph says about the integers of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Implied {
    /// The first and the last of them.
    pub ends: Option<(i64, i64)>,
    /// Rows of the smallest table that all of them are indices into: others stop the graph.
    pub rows: Option<usize>,
}

/// What the uses of an input say.
#[derive(Default)]
struct Uses {
    /// Rows of the smallest table that it is an index of.
    rows: Option<usize>,
    /// Rows of the smallest table that each of its elements is an index of.
    rows_of_all: Option<usize>,
    /// Whether something takes it as a truth value.
    truth: bool,
    /// Whether something takes it as a real.
    real: bool,
    /// Whether something else takes its value.
    other: bool,
}

impl Uses {
    /// Follows an input through the nodes that leave its integers as they are.
    fn of(graph: &TypedModel, outlet: OutletId) -> Self {
        let mut uses = Self::default();
        // Whether all elements of the input are still there.
        let mut open = vec![(outlet, true)];
        while let Some((outlet, is_whole)) = open.pop() {
            for user in graph.outlet_successors(outlet) {
                let node = graph.node(user.node);
                if keeps_integers(node) {
                    open.push((node.id.into(), is_whole && !cuts(graph, node)));
                } else if let Some(rows) = rows(graph, node, *user) {
                    uses.rows = uses.rows.into_iter().chain(rows).min();
                    let of_all = rows.filter(|_| is_whole);
                    uses.rows_of_all = uses.rows_of_all.into_iter().chain(of_all).min();
                } else {
                    match node.op_as::<ops::cast::Cast>() {
                        Some(cast) if cast.to == bool::datum_type() => uses.truth = true,
                        Some(cast) if cast.to.is_float() => uses.real = true,
                        _ => uses.other = true,
                    }
                }
            }
        }
        uses
    }
}

/// What the graph says about an input: that it has all rows of a table that it is an index of, 0 and 1 if it is used
/// as a truth value only, or all values of a type that has few and is used as reals only, as pixels and levels are.
/// Nothing if the graph does not say.
pub fn implied(graph: &TypedModel, outlet: OutletId) -> Implied {
    let Ok(fact) = graph.outlet_fact(outlet) else {
        return Implied::default();
    };
    let ends = |ends| Implied { ends, rows: None };
    if fact.datum_type == bool::datum_type() {
        return ends(Some((0, 1)));
    }
    if !fact.datum_type.is_integer() {
        return ends(None);
    }
    let uses = Uses::of(graph, outlet);
    let last = |rows: usize| i64::try_from(rows.checked_sub(1)?).ok();
    if let Some(rows) = uses.rows {
        return Implied {
            ends: last(rows).map(|last| (0, last)),
            rows: uses.rows_of_all.filter(|&rows| last(rows).is_some()),
        };
    }
    match uses {
        Uses {
            truth: true,
            real: false,
            other: false,
            ..
        } => ends(Some((0, 1))),
        Uses {
            real: true,
            other: false,
            ..
        } => ends(whole(fact.datum_type)),
        _ => ends(None),
    }
}

/// Rows of the table that a node takes some of, by the index that comes in here: none if their number is open.
/// Nothing if the node does something else.
#[expect(clippy::option_option, reason = "a table of open size is a table")]
fn rows(graph: &TypedModel, node: &TypedNode, inlet: InletId) -> Option<Option<usize>> {
    let gather = node.op_as::<ops::array::Gather>()?;
    let table = graph.outlet_fact(*node.inputs.first()?).ok()?;
    let rows = table.shape.get(gather.axis)?;
    let known = rows.as_i64().and_then(|rows| usize::try_from(rows).ok());
    (inlet.slot == 1).then_some(known)
}

/// Whether a node leaves elements out.
fn cuts(graph: &TypedModel, node: &TypedNode) -> bool {
    let Some(slice) = node.op_as::<ops::array::Slice>() else {
        return false;
    };
    let fact = node.inputs.first().map(|from| graph.outlet_fact(*from));
    let Some(Ok(fact)) = fact else { return true };
    slice.start != 0.to_dim() || fact.shape.get(slice.axis) != Some(&slice.end)
}

/// The first and the last value of a type of at most 16 bits.
pub fn whole(kind: DatumType) -> Option<(i64, i64)> {
    Some(match kind {
        DatumType::U8 => (0, 255),
        DatumType::I8 => (-128, 127),
        DatumType::U16 => (0, 65_535),
        DatumType::I16 => (-32_768, 32_767),
        _ => return None,
    })
}

/// Whether a node gives the same integers in another arrangement or type.
fn keeps_integers(node: &TypedNode) -> bool {
    let op = &node.op;
    let cast = node.op_as::<ops::cast::Cast>();
    op.is::<ops::change_axes::AxisOp>()
        || op.is::<ops::identity::Identity>()
        || op.is::<ops::array::MultiBroadcastTo>()
        || op.is::<ops::array::FiniteReshape>()
        || op.is::<ops::array::Slice>()
        || cast.is_some_and(|cast| cast.to.is_integer())
}
