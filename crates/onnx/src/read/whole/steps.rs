//! Loops over the parts of a tensor.

use super::Patch;
use crate::expand::step_name;
use std::collections::HashMap;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{Slice, TypedConcat};
use tract_onnx::tract_core::ops::konst::Const;
use tract_onnx::tract_core::ops::scan::{InputMapping, Scan, ScanInfo};
use tract_onnx::tract_core::ops::source::TypedSource;

/// The most nodes that a loop is written out to.
const MOST: usize = 1 << 15;

/// A loop of a known number of steps, step after step.
pub fn written_out(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &Scan) -> Patch {
    let facts = model.node_input_facts(node.id)?;
    let count = op.iteration_count(&facts).map(|count| count.to_usize());
    let Some(Ok(count)) = count else {
        return Ok(None);
    };
    let size = count.checked_mul(op.body.nodes().len());
    if count == 0 || op.skip != 0 || size.is_none_or(|size| size > MOST) {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let mut given = patch.taps(model, &node.inputs)?;
    let mut constants = HashMap::new();
    let mut results: Vec<TVec<OutletId>> = Vec::new();
    for step in 0..count {
        let prefix = step_name(name, step);
        let mut inputs = TVec::new();
        for (slot, mapping) in op.input_mapping.iter().enumerate() {
            inputs.push(match mapping {
                InputMapping::Scan(info) => {
                    let part = part(info, step, count);
                    patch.wire_node(format!("{prefix}.part.{slot}"), part, &[given[slot]])?[0]
                }
                InputMapping::Full | InputMapping::State => given[slot],
            });
        }
        let outputs = body(&mut patch, &op.body, &prefix, &inputs, &mut constants)?;
        let states = op.input_mapping.iter().enumerate();
        let states = states.filter(|(_, mapping)| mapping.is_state());
        let next = outputs.iter().zip(&op.output_mapping);
        let next = next.filter(|(_, mapping)| mapping.state);
        for ((slot, _), (value, _)) in states.zip(next) {
            given[slot] = *value;
        }
        results.push(outputs);
    }
    for (at, mapping) in op.output_mapping.iter().enumerate() {
        if let Some((slot, info)) = &mapping.scan {
            let mut parts: TVec<OutletId> = results.iter().map(|all| all[at]).collect();
            if info.chunk < 0 {
                parts.reverse();
            }
            let joined = TypedConcat::new(info.axis);
            let joined = patch.wire_node(format!("{name}.steps.{at}"), joined, &parts)?[0];
            patch.shunt_outside(model, OutletId::new(node.id, *slot), joined)?;
        }
        if let (Some(slot), Some(last)) = (mapping.last_value_slot, results.last()) {
            patch.shunt_outside(model, OutletId::new(node.id, slot), last[at])?;
        }
    }
    Ok(Some(patch))
}

/// What a step sees of a tensor that is gone through.
fn part(info: &ScanInfo, step: usize, count: usize) -> Slice {
    let chunk = info.chunk.unsigned_abs();
    let at = if info.chunk < 0 {
        count - 1 - step
    } else {
        step
    };
    Slice::new(info.axis, at * chunk, (at + 1) * chunk)
}

/// The nodes of a step; constants are those of the first.
fn body(
    patch: &mut TypedModelPatch,
    body: &TypedModel,
    prefix: &str,
    inputs: &[OutletId],
    constants: &mut HashMap<usize, OutletId>,
) -> TractResult<TVec<OutletId>> {
    let sources = body.input_outlets()?.iter().copied();
    let mut known: HashMap<OutletId, OutletId> = sources.zip(inputs.iter().copied()).collect();
    for at in body.eval_order()? {
        let node = body.node(at);
        if node.op_is::<TypedSource>() {
            continue;
        }
        let name = format!("{prefix}.{}", node.name);
        if let Some(constant) = node.op_as::<Const>() {
            let held = match constants.get(&at) {
                Some(held) => *held,
                None => patch.add_const(name, constant.val().clone())?,
            };
            constants.insert(at, held);
            known.insert(at.into(), held);
            continue;
        }
        let inputs: Option<TVec<OutletId>> = { node.inputs.iter() }
            .map(|outlet| known.get(outlet).copied())
            .collect();
        let inputs = inputs.with_context(|| format!("{name:?} takes what nothing computes"))?;
        let outputs = patch.wire_node(name, node.op.clone(), &inputs)?;
        for (slot, output) in outputs.into_iter().enumerate() {
            known.insert(OutletId::new(at, slot), output);
        }
    }
    let outputs: Option<TVec<OutletId>> = { body.output_outlets()?.iter() }
        .map(|outlet| known.get(outlet).copied())
        .collect();
    outputs.with_context(|| format!("a result of {prefix:?} that nothing computes"))
}
