//! How tract gets to know the operators of the rewritten graph.

use super::constants::Quantisation;
use super::ops::{
    DEQUANTISE, Dequantise, GLOBAL_AVERAGE, GlobalAverage, LOOKUP, Lookup, QUANTISE, Quantise,
    REQUANTISE, Requantise, element, place,
};
use crate::expand::{Wires, same_shape};
use tract_onnx::Onnx;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::tract_core::broadcast::multi_broadcast;
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::change_axes::wire_rank_broadcast;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::internal::*;

/// An operator that works element by element, before shapes are known.
#[derive(Clone, Debug)]
struct Elementwise(Box<dyn TypedOp>, usize);

impl Expansion for Elementwise {
    fn name(&self) -> StaticName {
        self.0.name()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, self.1)?;
        check_output_arity(outputs, 1)?;
        s.equals(&outputs[0].datum_type, f32::datum_type())?;
        let [a, b] = inputs else {
            return s.equals(&inputs[0].shape, &outputs[0].shape);
        };
        s.given_2(&a.shape, &b.shape, move |s, a, b| {
            s.equals(&outputs[0].shape, multi_broadcast(&[a, b])?)
        })
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let inputs = wire_rank_broadcast(prefix, model, inputs)?;
        model.wire_node(prefix, self.0.clone(), &inputs)
    }
}

/// Reals with a scale for each index of an axis: a difference and a product, as of any tensors.
#[derive(Clone, Debug)]
struct Channels(Dequantise);

impl Expansion for Channels {
    fn name(&self) -> StaticName {
        "Dequantise".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        same_shape(s, inputs, outputs)
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let Dequantise { levels, axis } = &self.0;
        let fact = model.outlet_fact(inputs[0])?;
        if fact.konst.is_some() {
            return model.wire_node(prefix, self.0.clone(), inputs);
        }
        let mut shape = vec![1; fact.rank()];
        shape[place(*axis, fact.rank())?] = levels.scales.len();
        let single = f32::datum_type();
        let mut wires = Wires::new(model, prefix.to_owned());
        let x = wires.cast("integers", inputs[0], single)?;
        let zeros = levels.zeros.iter().map(|&zero| f64::from(element(zero)));
        let zeros = wires.parameter("zeros", single, &shape, zeros.collect())?;
        let scales = levels.scales.iter().map(|&scale| scale.into()).collect();
        let scales = wires.parameter("scales", single, &shape, scales)?;
        let steps = wires.binary("steps", Box::new(math::Sub), x, zeros)?;
        let product = TypedBinOp(Box::new(math::Mul), None);
        model.wire_node(prefix, product, &[steps, scales])
    }
}

impl Expansion for GlobalAverage {
    fn name(&self) -> StaticName {
        "GlobalAverage".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        check_input_arity(inputs, 1)?;
        check_output_arity(outputs, 1)?;
        s.equals(&outputs[0].datum_type, f32::datum_type())?;
        s.given(&inputs[0].shape, move |s, mut shape| {
            for size in shape.iter_mut().skip(2) {
                *size = 1.to_dim();
            }
            s.equals(&outputs[0].shape, shape)
        })
    }

    fn wire(
        &self,
        prefix: &str,
        model: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        use tract_onnx::tract_core::ops::nn::{Reduce, Reducer};
        let shape = model.outlet_fact(inputs[0])?.shape.clone();
        let space: TVec<usize> = (2..shape.rank()).collect();
        let mut size = 1i64;
        for &axis in &space {
            let own = shape[axis].to_i64();
            size *= own.context("a quantised mean over an axis of symbolic size")?;
        }
        let sum = Reduce {
            axes: space,
            reducer: Reducer::Sum,
        };
        let sum = model.wire_node(format!("{prefix}.sum"), sum, inputs)?;
        let requantise = Requantise {
            multipliers: vec![self.x.scale / (self.y.scale * element(size))],
            biases: vec![-self.x.grid.zero * size],
            axis: 1,
            grid: self.y.grid,
        };
        model.wire_node(prefix, requantise, &sum)
    }
}

/// What a node of the rewritten graph carries, see [`super::nodes`].
struct Attributes<'a>(&'a NodeProto);

impl Attributes<'_> {
    fn integers(&self, name: &str) -> TractResult<Vec<i64>> {
        self.0.get_attr_vec(name)
    }

    fn levels(&self, prefix: &str) -> TractResult<Quantisation> {
        let scales: Vec<f32> = self.0.get_attr_vec(&format!("{prefix}scales"))?;
        let zeros = self.integers(&format!("{prefix}zeros"))?;
        let ends = self.integers(&format!("{prefix}ends"))?;
        let [lo, hi] = ends[..] else {
            bail!("expected two ends, found {}", ends.len());
        };
        ensure!(!scales.is_empty() && scales.len() == zeros.len() && lo <= hi);
        ensure!(scales.iter().all(|scale| scale.is_finite() && *scale > 0.0));
        Ok(Quantisation {
            scales,
            zeros,
            ends: [lo, hi],
            signed_bytes: false,
        })
    }

    fn axis(&self) -> TractResult<i64> {
        self.0.get_attr("axis")
    }
}

type Built = TractResult<(Box<dyn InferenceOp>, Vec<String>)>;

fn elementwise(op: impl TypedOp, inputs: usize) -> Built {
    Ok((expand(Elementwise(Box::new(op), inputs)), Vec::new()))
}

fn quantise(_: &ParsingContext, node: &NodeProto) -> Built {
    let (levels, axis) = (Attributes(node).levels("")?, Attributes(node).axis()?);
    elementwise(Quantise { levels, axis }, 1)
}

fn dequantise(_: &ParsingContext, node: &NodeProto) -> Built {
    let (levels, axis) = (Attributes(node).levels("")?, Attributes(node).axis()?);
    let op = Dequantise { levels, axis };
    if op.levels.scales.len() > 1 {
        return Ok((expand(Channels(op)), Vec::new()));
    }
    elementwise(op, 1)
}

fn requantise_node(_: &ParsingContext, node: &NodeProto) -> Built {
    let found = Attributes(node);
    let whole = found.levels("")?;
    let (multipliers, biases) = (whole.scales.clone(), found.integers("biases")?);
    let lens = [multipliers.len(), biases.len()];
    ensure!(!biases.is_empty() && (lens.contains(&1) || lens[0] == lens[1]));
    let op = Requantise {
        grid: whole.at(0).grid,
        axis: found.axis()?,
        multipliers,
        biases,
    };
    elementwise(op, 1)
}

fn lookup(_: &ParsingContext, node: &NodeProto) -> Built {
    let found = Attributes(node);
    let ends = found.integers("arguments")?;
    let arguments: Vec<[i64; 2]> = ends
        .chunks_exact(2)
        .map(|ends| [ends[0], ends[1]])
        .collect();
    let values = found.integers("values")?;
    let size = arguments.iter().try_fold(1i64, |size, &[lo, hi]| {
        size.checked_mul(hi.checked_sub(lo)?.checked_add(1)?)
    });
    ensure!(size == i64::try_from(values.len()).ok() && !arguments.is_empty());
    let inputs = arguments.len();
    elementwise(Lookup { arguments, values }, inputs)
}

fn global_average(_: &ParsingContext, node: &NodeProto) -> Built {
    let found = Attributes(node);
    let [x, y] = [found.levels("x_")?.at(0), found.levels("")?.at(0)];
    Ok((expand(GlobalAverage { x, y }), Vec::new()))
}

/// Teaches a reader the operators of the rewritten graph.
pub fn register(reader: &mut Onnx) {
    let register = &mut reader.op_register;
    register.insert(QUANTISE, quantise);
    register.insert(DEQUANTISE, dequantise);
    register.insert(REQUANTISE, requantise_node);
    register.insert(LOOKUP, lookup);
    register.insert(GLOBAL_AVERAGE, global_average);
}
