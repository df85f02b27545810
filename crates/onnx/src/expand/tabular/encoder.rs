//! `LabelEncoder`: numbers in the place of numbers, one comparison for each key.

use crate::expand::attributes::{integers, reals, refuse, words};
use crate::expand::wires::Wires;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::logic::CompEq;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// The most keys.
pub const MOST: usize = 4096;

#[derive(Clone, Debug)]
struct Encoder {
    keys: Vec<f64>,
    values: Vec<f64>,
    default: f64,
    to_integers: bool,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    if !words(node, "keys_strings")?.is_empty() || !words(node, "values_strings")?.is_empty() {
        return refuse(
            node,
            "words, which no program has; encode classes as numbers before the export",
        );
    }
    let keys = integers_or_reals(node, "keys_int64s", "keys_floats")?;
    let mut values = integers_or_reals(node, "values_int64s", "")?;
    let to_integers = !values.is_empty();
    let default = if to_integers {
        #[expect(
            clippy::cast_precision_loss,
            reason = "large numbers are refused below"
        )]
        let default = node.get_attr_opt::<i64>("default_int64")?.unwrap_or(-1) as f64;
        default
    } else {
        values = reals(node, "values_floats")?;
        node.get_attr_opt::<f32>("default_float")?
            .unwrap_or(0.0)
            .into()
    };
    if keys.len() != values.len() || keys.is_empty() || keys.len() > MOST {
        return refuse(
            node,
            format!("as many keys as values are expected, and at most {MOST}"),
        );
    }
    check_numbers(node, &[default])?;
    check_numbers(node, &values)?;
    let (keys, values) = first_of_each(keys, values);
    Ok((
        expand(Encoder {
            keys,
            values,
            default,
            to_integers,
        }),
        Vec::new(),
    ))
}

/// Each key once, with its first value, as runtimes take it.
fn first_of_each(keys: Vec<f64>, values: Vec<f64>) -> (Vec<f64>, Vec<f64>) {
    let (mut kept, mut own) = (Vec::new(), Vec::new());
    for (key, value) in keys.into_iter().zip(values) {
        if !kept.contains(&key) {
            kept.push(key);
            own.push(value);
        }
    }
    (kept, own)
}

/// A list of integers, or of reals if it is empty: none of magnitude 32768 or more, which no parameter holds exactly.
pub fn integers_or_reals(node: &NodeProto, whole: &str, real: &str) -> TractResult<Vec<f64>> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "large numbers are refused below"
    )]
    let mut found: Vec<f64> = { integers(node, whole)?.iter() }
        .map(|&value| value as f64)
        .collect();
    if found.is_empty() {
        found = reals(node, real)?;
    }
    check_numbers(node, &found)?;
    Ok(found)
}

fn check_numbers(node: &NodeProto, numbers: &[f64]) -> TractResult<()> {
    match numbers.iter().find(|value| value.abs() >= 32_768.0) {
        None => Ok(()),
        Some(value) => refuse(
            node,
            format!("the number {value}; the magnitude of keys and values must be below 32768"),
        ),
    }
}

/// One where a number is a key, zero elsewhere: a column for each key behind the axes of `x`.
pub fn found(wires: &mut Wires<'_>, x: OutletId, keys: &[f64]) -> TractResult<OutletId> {
    let kind = f32::datum_type();
    let rank = wires.fact(x)?.rank();
    let x = wires.axis("column", AxisOp::Add(rank), x)?;
    let mut shape = vec![1; rank + 1];
    if let Some(last) = shape.last_mut() {
        *last = keys.len();
    }
    let held = wires.parameter("keys", kind, &shape, keys.to_vec())?;
    let many = wires.repeat("repeated", x, rank, keys.len())?;
    let found = wires.binary("found", Box::new(CompEq), many, held)?;
    wires.cast("bits", found, kind)
}

impl Encoder {
    fn kind(&self) -> DatumType {
        if self.to_integers {
            i64::datum_type()
        } else {
            f32::datum_type()
        }
    }
}

impl Expansion for Encoder {
    fn name(&self) -> StaticName {
        "LabelEncoder".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let ([x], [y]) = (inputs, outputs) else {
            return Err(TractError::msg("one input and one output are expected"));
        };
        s.equals(&y.datum_type, self.kind())?;
        s.equals(&x.shape, &y.shape)
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let &[x] = inputs else {
            return Err(TractError::msg("an encoder has one input"));
        };
        let kind = f32::datum_type();
        let mut wires = Wires::new(graph, prefix.to_owned());
        let x = wires.cast("rows", x, kind)?;
        let rank = wires.fact(x)?.rank();
        let found = found(&mut wires, x, &self.keys)?;
        let gains = self
            .values
            .iter()
            .map(|value| value - self.default)
            .collect();
        let gains = wires.parameter("gains", kind, &[self.keys.len()], gains)?;
        let letters: String = ('a'..'x').take(rank).collect();
        let sum = wires.einsum("gain", &format!("{letters}z,z->{letters}"), found, gains)?;
        let default = wires.number("default", sum, self.default)?;
        let value = wires.binary("value", Box::new(math::Add), sum, default)?;
        Ok(tvec![wires.cast("label", value, self.kind())?])
    }
}
