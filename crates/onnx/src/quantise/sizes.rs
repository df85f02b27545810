//! Ranges of what depends on sizes alone: a proof may have other sizes than the calibration data.

use super::calibrate::{Calibration, Ranges, widen};
use super::options::Options;
use crate::array::Array;
use crate::model::Model;
use tract_onnx::prelude::{SymbolValues, TractResult, TypedFact, TypedSimplePlan};
use tract_onnx::tract_core::ops::source::TypedSource;
use tract_onnx::tract_core::plan::SimpleState;

/// The most elements of a tensor that is computed: of a larger one calibration says enough.
const MOST: usize = 1 << 20;

/// Widens the ranges of what depends on sizes alone to those for each symbol at one and at its limit.
///
/// What fails there is left as it was: it is no failure of the model at sizes that somebody asked for.
pub(super) fn see(found: &mut Calibration, model: &Model, options: &Options) {
    let Some(nodes) = independent(model) else {
        return;
    };
    for (at, name) in model.symbols().iter().enumerate() {
        let Some(&limit) = options.limits.get(name) else {
            continue;
        };
        for size in [1, limit] {
            let mut sizes = found.symbols.clone();
            sizes[at] = size;
            let ranges = &mut found.ranges;
            // A panic inside of tract is a failure like others.
            let run = || see_at(ranges, model, &nodes, &sizes);
            drop(crate::read::guard(run));
        }
    }
}

/// The nodes, in order, that read no input and are no constants; nothing if there are none.
fn independent(model: &Model) -> Option<Vec<usize>> {
    let graph = &model.graph;
    let mut is_independent = vec![false; graph.nodes.len()];
    let mut found = Vec::new();
    for at in graph.eval_order().ok()? {
        let node = &graph.nodes[at];
        let inputs = node.inputs.iter().all(|input| is_independent[input.node]);
        is_independent[at] = inputs && !node.op.is::<TypedSource>();
        let is_constant = |fact: &TypedFact| fact.konst.is_some();
        if is_independent[at] && !node.outputs.iter().all(|output| is_constant(&output.fact)) {
            found.push(at);
        }
    }
    (!found.is_empty() && !model.symbols().is_empty()).then_some(found)
}

fn see_at(ranges: &mut Ranges, model: &Model, nodes: &[usize], sizes: &[usize]) -> TractResult<()> {
    let graph = &model.graph;
    let mut symbols = SymbolValues::default();
    for (symbol, &size) in model.symbols.iter().zip(sizes) {
        symbols.set(symbol, i64::try_from(size)?);
    }
    let plan = TypedSimplePlan::new(graph.clone())?;
    let mut state = SimpleState::new(&plan)?;
    state.turn_state.values = vec![None; graph.nodes.len()];
    state.turn_state.resolved_symbols = symbols.clone();
    let mut is_known = vec![true; graph.nodes.len()];
    for &at in nodes {
        let node = &graph.nodes[at];
        let is_small = |fact: &TypedFact| {
            let sizes = fact.shape.eval_to_usize(&symbols);
            sizes.is_ok_and(|sizes| sizes.iter().product::<usize>() <= MOST)
        };
        let inputs = node.inputs.iter().all(|input| is_known[input.node]);
        is_known[at] = inputs && node.outputs.iter().all(|output| is_small(&output.fact));
        if !is_known[at] {
            continue;
        }
        let Ok(results) = state.compute_recursively(at) else {
            is_known[at] = false;
            continue;
        };
        for (slot, result) in results.iter().enumerate() {
            if let Ok(array) = Array::from_tensor(result) {
                widen(ranges, (at, slot), &array);
            }
        }
    }
    Ok(())
}
