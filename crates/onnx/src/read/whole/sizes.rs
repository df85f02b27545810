//! Arithmetic of integers and sizes.

use super::Patch;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::cast::Cast;

/// A function of integers that became sizes, and of sizes that are numbers, as one of integers: tract divides sizes in
/// another way, and has no bits of them.
pub fn of_integers(
    _: &(),
    model: &TypedModel,
    node: &TypedNode,
    name: &str,
    op: &TypedBinOp,
) -> Patch {
    let is_size = |outlet: &OutletId| -> TractResult<bool> {
        Ok(model.outlet_fact(*outlet)?.datum_type == TDim::datum_type())
    };
    let integer = |outlet: &OutletId| -> TractResult<Option<Operand>> {
        if let Some(number) = &model.outlet_fact(*outlet)?.konst {
            let number = number.cast_to::<i64>().ok().map(Cow::into_owned);
            return Ok(number.map(Operand::Number));
        }
        let before = model.node(outlet.node);
        let cast = before.op_as::<Cast>().is_some();
        let Some(x) = before.inputs.first().filter(|_| cast) else {
            return Ok(None);
        };
        let is_integer = model.outlet_fact(*x)?.datum_type.is_integer();
        Ok(is_integer.then_some(Operand::Integer(*x)))
    };
    let [a, b] = &node.inputs[..] else {
        return Ok(None);
    };
    if !is_size(a)? || !is_size(b)? {
        return Ok(None);
    }
    let (Some(a), Some(b)) = (integer(a)?, integer(b)?) else {
        return Ok(None);
    };
    if let (Operand::Number(_), Operand::Number(_)) = (&a, &b) {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let mut inputs = Vec::new();
    for (at, operand) in [a, b].into_iter().enumerate() {
        let name = format!("{name}.integer.{at}");
        inputs.push(match operand {
            Operand::Number(number) => patch.add_const(name, number)?,
            Operand::Integer(x) => {
                let x = patch.tap_model(model, x)?;
                patch.wire_node(name, Cast::new(i64::datum_type()), &[x])?[0]
            }
        });
    }
    let mut output = patch.wire_node(format!("{name}.integers"), op.clone(), &inputs)?[0];
    let kind = model.outlet_fact(node.id.into())?.datum_type;
    if patch.outlet_fact(output)?.datum_type != kind {
        output = patch.wire_node(format!("{name}.size"), Cast::new(kind), &[output])?[0];
    }
    patch.shunt_outside(model, node.id.into(), output)?;
    Ok(Some(patch))
}

/// Where an operand comes from.
enum Operand {
    Number(Tensor),
    Integer(OutletId),
}
