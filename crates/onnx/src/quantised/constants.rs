//! What a graph holds, by name.

use super::arithmetic::{Grid, Scaled};
use std::collections::HashMap;
use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb::{GraphProto, TensorProto};
use tract_onnx::prelude::{DatumType, Tensor};
use tract_onnx::tensor::load_tensor;

/// The constants of a graph.
pub struct Constants<'a> {
    tensors: HashMap<&'a str, &'a TensorProto>,
    folder: Option<&'a str>,
}

/// How the elements of a tensor are quantised: once for all, or for each index of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantisation {
    /// One scale, or one for each index.
    pub scales: Vec<f32>,
    /// As many zeros as scales.
    pub zeros: Vec<i64>,
    /// The least and the largest integer.
    pub ends: [i64; 2],
    /// Whether the integers have a sign and 8 bits.
    pub signed_bytes: bool,
}

impl<'a> Constants<'a> {
    /// The constants of a graph; `folder` is where external data are.
    pub fn of(graph: &'a GraphProto, folder: Option<&'a str>) -> Self {
        let initialisers = { graph.initializer.iter() }.map(|tensor| (&*tensor.name, tensor));
        let nodes = graph.node.iter().filter(|node| node.op_type == "Constant");
        let nodes = nodes.filter_map(|node| {
            let value = node.attribute.iter().find(|found| found.name == "value")?;
            Some((&**node.output.first()?, value.t.as_ref()?))
        });
        Self {
            tensors: initialisers.chain(nodes).collect(),
            folder,
        }
    }

    /// Whether the graph holds a tensor.
    pub fn holds(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// A tensor that the graph holds.
    ///
    /// Errors: the reason why there is none.
    pub fn get(&self, name: &str) -> Result<Tensor, String> {
        let found = self.tensors.get(name);
        let found = found.ok_or_else(|| format!("{name:?} must be a constant"))?;
        load_tensor(&MmapDataResolver, found, self.folder).map_err(|error| error.to_string())
    }

    /// The integers of a tensor, and its shape.
    ///
    /// Errors: the reason why there are none.
    pub fn integers(&self, name: &str) -> Result<(Vec<usize>, Vec<i64>), String> {
        let tensor = self.get(name)?;
        if !tensor.datum_type().is_integer() {
            let found = tensor.datum_type();
            return Err(format!("{name:?}: expected integers, found {found:?}"));
        }
        let values = tensor.cast_to::<i64>().map_err(|error| error.to_string())?;
        let view = { values.to_plain_array_view::<i64>() }.map_err(|error| error.to_string())?;
        Ok((tensor.shape().to_vec(), view.iter().copied().collect()))
    }

    /// The numbers of a tensor of single precision.
    ///
    /// Errors: the reason why there are none.
    pub fn singles(&self, name: &str) -> Result<Vec<f32>, String> {
        let tensor = self.get(name)?;
        let view = tensor.to_plain_array_view::<f32>();
        let view = view.map_err(|_| format!("{name:?}: expected single precision"))?;
        Ok(view.iter().copied().collect())
    }

    /// A quantisation by the names of its scale and zero; bytes without a sign if there is no zero.
    ///
    /// Errors: the reason why it is not supported.
    pub fn quantisation(&self, scale: &str, zero: Option<&str>) -> Result<Quantisation, String> {
        let scales = self.singles(scale)?;
        if scales.is_empty()
            || scales
                .iter()
                .any(|&scale| !(scale.is_finite() && scale > 0.0))
        {
            return Err(format!("{scale:?}: expected finite, positive scales"));
        }
        let zero = zero.filter(|name| !name.is_empty());
        let (zeros, kind) = match zero {
            None => (vec![0; scales.len()], DatumType::U8),
            Some(name) => (self.integers(name)?.1, self.get(name)?.datum_type()),
        };
        let ends = match kind {
            DatumType::U8 => [0, 255],
            DatumType::I8 => [-128, 127],
            DatumType::U16 => [0, 65_535],
            DatumType::I16 => [-32_768, 32_767],
            DatumType::I32 => [i64::from(i32::MIN), i64::from(i32::MAX)],
            kind => return Err(format!("quantised values of type {kind:?}")),
        };
        let zeros = match zeros[..] {
            [zero] => vec![zero; scales.len()],
            _ => zeros,
        };
        if zeros.len() != scales.len() {
            return Err(format!("{} scales for {} zeros", scales.len(), zeros.len()));
        }
        let signed_bytes = kind == DatumType::I8;
        Ok(Quantisation {
            scales,
            zeros,
            ends,
            signed_bytes,
        })
    }
}

impl Quantisation {
    /// Whether the integers have at most 8 bits: there are kernels for these alone.
    pub fn is_bytes(&self) -> bool {
        self.ends[1] - self.ends[0] <= 255
    }

    /// The quantisation, if there is one for all elements.
    ///
    /// Errors: the reason.
    pub fn whole(&self) -> Result<Scaled, String> {
        let ([scale], [zero]) = (&self.scales[..], &self.zeros[..]) else {
            return Err("a scale for each channel of an activation; use one for all".into());
        };
        let [lo, hi] = self.ends;
        let grid = Grid {
            zero: *zero,
            lo,
            hi,
        };
        let scale = *scale;
        Ok(Scaled { grid, scale })
    }
}
