//! What quantised nodes become in tract's graph: integers in single precision, and the operators between
//! them and the reals.

use super::arithmetic::{Grid, Scaled, requantise};
use super::constants::Quantisation;
use tract_onnx::tract_core::broadcast::multi_broadcast;
use tract_onnx::tract_core::{op_as_typed_op, op_out_of_plan};
use tract_onnx::tract_hir::internal::*;

/// The names of the operators in the graph that tract reads.
pub const QUANTISE: &str = "vouch.Quantise";
/// See [`Dequantise`].
pub const DEQUANTISE: &str = "vouch.Dequantise";
/// See [`Requantise`].
pub const REQUANTISE: &str = "vouch.Requantise";
/// See [`Lookup`].
pub const LOOKUP: &str = "vouch.Lookup";
/// See [`GlobalAverage`].
pub const GLOBAL_AVERAGE: &str = "vouch.GlobalAverage";

/// Reals to integers: `QuantizeLinear`.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantise {
    /// The levels.
    pub levels: Quantisation,
    /// The axis of the levels, if there are several.
    pub axis: i64,
}

/// Integers to reals: `DequantizeLinear`.
#[derive(Clone, Debug, PartialEq)]
pub struct Dequantise {
    /// The levels.
    pub levels: Quantisation,
    /// The axis of the levels, if there are several.
    pub axis: i64,
}

/// An accumulator to integers of 8 or 16 bits.
#[derive(Clone, Debug, PartialEq)]
pub struct Requantise {
    /// The factor of each channel, or of all.
    pub multipliers: Vec<f32>,
    /// What is added to each channel's accumulator, or to all.
    pub biases: Vec<i64>,
    /// The axis of the channels, if there are several.
    pub axis: i64,
    /// The results.
    pub grid: Grid,
}

/// A function of one or two integers, element by element, as a table of its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Lookup {
    /// The least and the largest value of each argument.
    pub arguments: Vec<[i64; 2]>,
    /// The results, the last argument fastest.
    pub values: Vec<i64>,
}

/// The mean over all axes of space, as an accumulator and what becomes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct GlobalAverage {
    /// The levels of the argument.
    pub x: Scaled,
    /// The levels of the result.
    pub y: Scaled,
}

macro_rules! operators {
    ($($name:ident),*) => {$(
        impl Eq for $name {}

        impl Op for $name {
            fn name(&self) -> StaticName {
                stringify!($name).into()
            }

            op_as_typed_op!();
        }

        impl EvalOp for $name {
            op_out_of_plan!();

            fn eval(&self, _: &EvalContext, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
                Ok(tvec!(self.compute(&inputs)?.into_tvalue()))
            }
        }

        impl TypedOp for $name {
            fn output_facts(&self, inputs: &[&TypedFact]) -> TractResult<TVec<TypedFact>> {
                let shapes: TVec<&ShapeFact> = inputs.iter().map(|fact| &fact.shape).collect();
                Ok(tvec!(f32::fact(&*multi_broadcast(&shapes)?)))
            }

            as_op!();
        }
    )*};
}

operators!(Quantise, Dequantise, Requantise, Lookup);

/// The values of a tensor changed one by one; the function also gets the index along an axis of
/// `channels` indices.
fn map<T: Datum + Copy>(
    input: &Tensor,
    axis: i64,
    channels: usize,
    change: impl Fn(T, usize) -> f32,
) -> TractResult<Tensor> {
    let input = input.cast_to::<T>()?;
    let shape = input.shape();
    let after: usize = if channels == 1 {
        1
    } else {
        let axis = place(axis, shape.len())?;
        ensure!(
            shape[axis] == channels,
            "{channels} scales for an axis of {}",
            shape[axis]
        );
        shape[axis + 1..].iter().product()
    };
    let view = input.to_plain_array_view::<T>()?;
    let values = { view.iter().enumerate() }
        .map(|(at, &value)| change(value, at / after % channels))
        .collect();
    Ok(tract_ndarray::ArrayD::from_shape_vec(shape, values)?.into())
}

/// An axis that may be counted from the end.
pub fn place(axis: i64, rank: usize) -> TractResult<usize> {
    let rank = i64::try_from(rank)?;
    let place = if axis < 0 { axis + rank } else { axis };
    ensure!((0..rank).contains(&place), "axis {axis} of {rank}");
    Ok(usize::try_from(place)?)
}

/// An integer as an element of a tensor of single precision.
#[expect(clippy::cast_precision_loss, reason = "integers of at most 17 bits")]
pub fn element(value: i64) -> f32 {
    value as f32
}

impl Quantisation {
    /// The levels at an index of their axis.
    pub fn at(&self, channel: usize) -> Scaled {
        let [lo, hi] = self.ends;
        Scaled {
            grid: Grid {
                zero: self.zeros[channel],
                lo,
                hi,
            },
            scale: self.scales[channel],
        }
    }
}

impl Quantise {
    fn compute(&self, inputs: &[TValue]) -> TractResult<Tensor> {
        let levels = &self.levels;
        map(
            &inputs[0],
            self.axis,
            levels.scales.len(),
            |x: f32, channel| element(levels.at(channel).quantise(x)),
        )
    }
}

impl Dequantise {
    fn compute(&self, inputs: &[TValue]) -> TractResult<Tensor> {
        let levels = &self.levels;
        map(
            &inputs[0],
            self.axis,
            levels.scales.len(),
            |x: i64, channel| levels.at(channel).dequantise(x),
        )
    }
}

impl Requantise {
    fn compute(&self, inputs: &[TValue]) -> TractResult<Tensor> {
        let channels = self.multipliers.len().max(self.biases.len());
        let own = |channel: usize| {
            let of = |len: usize| channel.min(len - 1);
            let multiplier = self.multipliers[of(self.multipliers.len())];
            (multiplier, self.biases[of(self.biases.len())])
        };
        map(&inputs[0], self.axis, channels, |x: i64, channel| {
            let (multiplier, bias) = own(channel);
            element(requantise(x.saturating_add(bias), multiplier, self.grid))
        })
    }
}

impl Lookup {
    fn compute(&self, inputs: &[TValue]) -> TractResult<Tensor> {
        let shapes: TVec<&[usize]> = inputs.iter().map(|input| input.shape()).collect();
        let shape = multi_broadcast(&shapes)?;
        let mut places = vec![0usize; shape.iter().product()];
        for (input, &[lo, hi]) in inputs.iter().zip(&self.arguments) {
            let input = input.cast_to::<i64>()?;
            let view = input.to_plain_array_view::<i64>()?;
            let all = view.broadcast(&*shape);
            let all = all.context("arguments of a table that do not fit each other")?;
            let size = usize::try_from(hi - lo + 1)?;
            for (place, &value) in places.iter_mut().zip(all.iter()) {
                *place = *place * size + usize::try_from(value.clamp(lo, hi) - lo)?;
            }
        }
        let values = { places.iter() }.map(|&place| element(self.values[place]));
        let values = tract_ndarray::ArrayD::from_shape_vec(&*shape, values.collect())?;
        Ok(values.into())
    }
}
