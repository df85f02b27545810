//! `STFT`: transforms of the stretches of a signal, as a convolution.

use super::Matrix;
use crate::expand::attributes::{integer, present, refuse, unsupported};
use crate::expand::held::{integers, shape_by, values};
use crate::expand::wires::Wires;
use std::sync::Arc;
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::NodeProto;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_core::ops::cnn::{Conv, KernelFormat, PaddingSpec, PoolSpec};
use tract_onnx::tract_core::ops::nn::DataFormat;
use tract_onnx::tract_hir::infer::{InferenceOp, InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::{DimLike, StaticName};
use tract_onnx::tract_hir::ops::expandable::{Expansion, expand};

/// The longest stretch.
const MOST: usize = 1 << 14;

#[derive(Clone, Debug)]
struct Frames {
    /// The name of the node.
    node: String,
    /// Which inputs behind the signal are the window and the length of a stretch.
    window_at: Option<usize>,
    length_at: Option<usize>,
    one_sided: bool,
}

/// The stretches of a signal.
struct Plan {
    step: usize,
    window: Vec<f64>,
    matrix: Matrix,
}

/// Reads a node.
pub fn build(
    _: &ParsingContext<'_>,
    node: &NodeProto,
) -> TractResult<(Box<dyn InferenceOp>, Vec<String>)> {
    let there = present(&node.input, 4);
    let behind = |at: usize| there.get(at).copied().flatten().map(|at| at - 1);
    if there.first() != Some(&Some(0)) || there.get(1) != Some(&Some(1)) {
        return refuse(node, "a signal and the step between stretches are expected");
    }
    let found = Frames {
        node: crate::read::name(node).to_owned(),
        window_at: behind(2),
        length_at: behind(3),
        one_sided: integer(node, "onesided", 1)? != 0,
    };
    Ok((expand(found), Vec::new()))
}

impl Frames {
    fn fail<T>(&self, reason: &str) -> TractResult<T> {
        Err(unsupported(&self.node, "STFT", reason))
    }

    fn plan(&self, shape: &[TDim], held: &[Arc<Tensor>]) -> TractResult<Plan> {
        let tensor = |at: Option<usize>| at.and_then(|at| held.get(at));
        let number = |at: Option<usize>| -> TractResult<Option<usize>> {
            let Some(tensor) = tensor(at) else {
                return Ok(None);
            };
            let number = integers(tensor)?.first().copied();
            Ok(number.and_then(|number| usize::try_from(number).ok()))
        };
        let window = match tensor(self.window_at) {
            Some(window) => {
                let window = crate::array::Array::from_tensor(window);
                Some(window.map_err(TractError::msg)?.data)
            }
            None => None,
        };
        let len = number(self.length_at)?.or(window.as_ref().map(Vec::len));
        let step = number(Some(0))?.filter(|&step| step > 0);
        let (Some(len), Some(step)) = (len, step) else {
            return self.fail("the length of stretches, and the step between them, are expected");
        };
        let window = window.unwrap_or_else(|| vec![1.0; len]);
        let parts = shape.get(2).and_then(|parts| parts.to_usize().ok());
        let parts = parts.filter(|parts| shape.len() == 3 && [1, 2].contains(parts));
        let Some(parts) = parts else {
            return self.fail("a batch of signals, of elements of one part or two, is expected");
        };
        if !(1..=MOST).contains(&len) || window.len() != len {
            return self.fail("stretches that are not as long as their window, or too long");
        }
        let matrix = Matrix {
            elements: len,
            len,
            complex: parts == 2,
            frequencies: if self.one_sided { len / 2 + 1 } else { len },
        };
        if !matrix.fits() {
            return self.fail("more elements and frequencies than there is room for");
        }
        Ok(Plan {
            step,
            window,
            matrix,
        })
    }
}

impl Plan {
    /// `[frequency and part, part, element]`: a kernel.
    fn kernel(&self) -> Vec<f64> {
        let (parts, outer) = (self.matrix.parts(), 2 * self.matrix.frequencies);
        let values = self.matrix.values(false);
        let mut kernel = Vec::with_capacity(values.len());
        for out in 0..outer {
            for part in 0..parts {
                let own = self.window.iter().enumerate();
                kernel.extend(
                    own.map(|(at, weight)| weight * values[(at * parts + part) * outer + out]),
                );
            }
        }
        kernel
    }
}

impl Expansion for Frames {
    fn name(&self) -> StaticName {
        "STFT".into()
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        shape_by(s, inputs, outputs, move |shape, held| {
            let Plan { step, matrix, .. } = self.plan(shape, held)?;
            let frames = (shape[1].clone() - matrix.len) / step + 1;
            let sizes = [
                shape[0].clone(),
                frames,
                matrix.frequencies.to_dim(),
                2.to_dim(),
            ];
            Ok(sizes.into_iter().collect())
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let [mut x, ref held @ ..] = *inputs else {
            return self.fail("a signal is expected");
        };
        let held = values(graph, (&self.node, "STFT"), held)?;
        let fact = graph.outlet_fact(x)?.clone();
        let plan = self.plan(&fact.shape, &held)?;
        let (parts, len) = (plan.matrix.parts(), plan.matrix.len);
        let channels = 2 * plan.matrix.frequencies;
        let mut wires = Wires::new(graph, prefix.to_owned());
        let kernel = plan.kernel();
        let kernel = wires.parameter("kernel", fact.datum_type, &[channels, parts, len], kernel)?;
        let bias = wires.parameter("bias", fact.datum_type, &[], vec![0.0])?;
        let convolution = Conv {
            pool_spec: PoolSpec {
                data_format: DataFormat::NCHW,
                kernel_shape: tvec![len],
                padding: PaddingSpec::Valid,
                dilations: None,
                strides: Some(tvec![plan.step]),
                input_channels: parts,
                output_channels: channels,
            },
            kernel_fmt: KernelFormat::OIHW,
            group: 1,
            q_params: None,
        };
        x = wires.axis("parts", AxisOp::Move(2, 1), x)?;
        x = wires.node("stretches", convolution, &[x, kernel, bias])?;
        x = wires.axis("frames", AxisOp::Move(2, 1), x)?;
        let to = tvec![plan.matrix.frequencies.to_dim(), 2.to_dim()];
        let split = AxisOp::Reshape(2, tvec![channels.to_dim()], to);
        Ok(tvec![wires.axis("frequencies", split, x)?])
    }
}
