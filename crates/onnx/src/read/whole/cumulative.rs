//! Sums of all elements up to each.

use super::Patch;
use super::triangle::Place;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::CumSum;
use tract_onnx::tract_core::ops::cast::Cast;
use tract_onnx::tract_core::ops::einsum::EinSum;

/// Sums of sizes as sums of integers, as tract adds no sizes up, and sums along an axis of open size as products with a
/// triangle of ones.
pub fn cumulative(_: &(), model: &TypedModel, node: &TypedNode, name: &str, op: &CumSum) -> Patch {
    let fact = model.outlet_fact(node.inputs[0])?.clone();
    let size = fact.shape[op.axis].clone();
    let (is_size, is_open) = (fact.datum_type.is_tdim(), size.to_usize().is_err());
    if !is_size && !is_open {
        return Ok(None);
    }
    let mut patch = TypedModelPatch::default();
    let mut value = patch.tap_model(model, node.inputs[0])?;
    let cast = |patch: &mut TypedModelPatch, what: &str, x: OutletId, to: DatumType| {
        let cast = Cast::new(to);
        TractResult::Ok(patch.wire_node(format!("{name}.{what}"), cast, &[x])?[0])
    };
    if is_size {
        value = cast(&mut patch, "integers", value, i64::datum_type())?;
    }
    value = if is_open {
        // An element counts if it does not lie beyond the place of the sum, or if it lies before it.
        let own = i64::from(!op.exclusive);
        let place = Place {
            rows: &size,
            columns: &size,
            diagonal: TDim::Val(if op.reverse { -own } else { own }),
            rank: 2,
        };
        let counts = place.beyond(&mut patch, &format!("{name}.counts"), !op.reverse)?;
        // tract has no products of matrices of 64-bit integers; double precision holds these sums exactly.
        let is_float = fact.datum_type.is_float();
        let kind = if is_float {
            fact.datum_type
        } else {
            f64::datum_type()
        };
        let ones = cast(&mut patch, "ones", counts, kind)?;
        let terms = cast(&mut patch, "terms", value, kind)?;
        let product = EinSum::new(axes(fact.rank(), op.axis)?, kind);
        let sums = patch.wire_node(format!("{name}.sums"), product, &[terms, ones])?[0];
        let whole = if is_float { kind } else { i64::datum_type() };
        cast(&mut patch, "whole", sums, whole)?
    } else {
        patch.wire_node(format!("{name}.sums"), op.clone(), &[value])?[0]
    };
    value = cast(&mut patch, "result", value, fact.datum_type)?;
    patch.shunt_outside(model, node.id.into(), value)?;
    Ok(Some(patch))
}

/// An einsum along an axis with the second axis of a matrix, whose first takes its place.
fn axes(rank: usize, axis: usize) -> TractResult<AxesMapping> {
    let letter = |at: usize| match at {
        at if at == axis => 'z',
        at => char::from(b'a' + u8::try_from(at).unwrap_or(0)),
    };
    ensure!(rank < 25, "a cumulative sum over {rank} axes");
    let from: String = (0..rank).map(letter).collect();
    let to = from.replace('z', "y");
    format!("{from},yz->{to}").parse()
}
