//! Where the integers of an input lie, from what the graph does with them.

use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops;

/// What the uses of an input say.
#[derive(Default)]
struct Uses {
    /// Rows of the smallest table that it is an index of.
    rows: Option<usize>,
    /// Whether something takes it as a truth value.
    truth: bool,
    /// Whether something takes it as a real.
    real: bool,
    /// Whether something else takes its value.
    other: bool,
}

/// The first and the last integer of an input: all rows of a table that it is an index of, 0 and 1 if it is used
/// as a truth value only, or all values of a type that has few and is used as reals only, as pixels and levels are.
/// Nothing if the graph does not say.
pub fn implied(graph: &TypedModel, outlet: OutletId) -> Option<(i64, i64)> {
    let fact = graph.outlet_fact(outlet).ok()?;
    if fact.datum_type == bool::datum_type() {
        return Some((0, 1));
    }
    if !fact.datum_type.is_integer() {
        return None;
    }
    let mut uses = Uses::default();
    let mut open = vec![outlet];
    while let Some(outlet) = open.pop() {
        for user in graph.outlet_successors(outlet) {
            let node = graph.node(user.node);
            if keeps_integers(node) {
                open.push(node.id.into());
                continue;
            }
            if let Some(gather) = node.op_as::<ops::array::Gather>()
                && user.slot == 1
            {
                let table = graph.outlet_fact(node.inputs[0]).ok()?;
                let rows = table
                    .shape
                    .get(gather.axis)
                    .and_then(|rows| rows.as_i64().and_then(|rows| usize::try_from(rows).ok()));
                uses.rows = uses.rows.into_iter().chain(rows).min();
                continue;
            }
            match node.op_as::<ops::cast::Cast>() {
                Some(cast) if cast.to == bool::datum_type() => uses.truth = true,
                Some(cast) if cast.to.is_float() => uses.real = true,
                _ => uses.other = true,
            }
        }
    }
    match uses {
        Uses {
            rows: Some(rows), ..
        } => i64::try_from(rows.checked_sub(1)?)
            .ok()
            .map(|last| (0, last)),
        Uses {
            truth: true,
            real: false,
            other: false,
            ..
        } => Some((0, 1)),
        Uses {
            real: true,
            other: false,
            ..
        } => whole(fact.datum_type),
        _ => None,
    }
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
