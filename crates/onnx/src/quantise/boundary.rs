//! What crosses the boundary of a program: reals in fixed point, or the levels of a quantised tensor.

use super::builder::{Refusal, Value, log2_of, nearest, power};
use super::calibrate::declared;
use super::expr::Expr;
use super::lazy::{Lazy, Pointwise};
use super::walk::Quantiser;
use crate::error::{QuantiseError, Unsupported};
use crate::quantised::Quantisation;
use crate::quantised::ops::{Dequantise, Quantise};
use program::{Dim, Encoding, Interval, Levels, Visibility};
use tract_onnx::prelude::{DatumType, OutletId};

impl Quantiser<'_> {
    /// Declares an input.
    pub(super) fn input(&mut self, at: usize) -> Result<(), Refusal> {
        let input = &self.model.inputs()[at];
        let outlet = self.model.graph.inputs[at];
        let seen = self.calibration.range(outlet);
        let shape = input.shape.clone();
        let shape = shape.ok_or("the shape depends on more than the symbols of the inputs")?;
        let given = self.options.ranges.get(&input.name).copied();
        if let Some(levels) = self.levels(outlet) {
            return self.level_input(at, shape, &levels);
        }
        let kind = self
            .model
            .graph
            .outlet_fact(outlet)
            .map(|fact| fact.datum_type);
        let whole = kind.ok().and_then(whole);
        if let (None, Some(interval)) = (given, whole) {
            let value = self.declare(at, shape, interval, Encoding::Fixed(0))?;
            self.values.insert((outlet.node, outlet.slot), value.into());
            return Ok(());
        }
        let range = match given {
            Some(range) => range,
            None if self.calibration.given => seen,
            None => declared(self.options, &input.name, input.integers),
        };
        // One bit more than was seen, unless somebody said where the values lie.
        let spare = i32::from(given.is_none() && self.calibration.given);
        let (log, bits) = if input.integers {
            let most = range.0.abs().max(range.1.abs()) + 1.0;
            (log2_of((0.0, most)) + spare, 0)
        } else {
            // The upper end of a range belongs to it, also where it is a power of two.
            let end = i32::from(range.1 == power(log2_of(range)));
            let log = log2_of(range) + spare.max(end);
            (log, self.options.activation_bits.cast_signed() - log)
        };
        let most = nearest(power((log + bits).clamp(1, 40))) - 1;
        let negative = range.0 < 0.0 || (!input.integers && given.is_none());
        let interval = Interval::new(if negative { -most - 1 } else { 0 }, most);
        let mut value = self.declare(at, shape, interval, Encoding::Fixed(bits))?;
        value.range = if self.calibration.given { seen } else { range };
        self.values.insert((outlet.node, outlet.slot), value.into());
        Ok(())
    }

    fn declare(
        &mut self,
        at: usize,
        shape: Vec<Dim>,
        interval: Interval,
        encoding: Encoding,
    ) -> Result<Value, Refusal> {
        let name = &self.model.inputs()[at].name;
        self.builder.name.clone_from(name);
        self.builder.input(program::Input {
            name: name.clone(),
            shape,
            interval,
            encoding,
            visibility: Visibility::Private,
        })
    }

    /// The levels of an input that nodes take by its levels alone.
    fn levels(&self, outlet: OutletId) -> Option<Quantisation> {
        let graph = &self.model.graph;
        let takers = &graph.nodes[outlet.node].outputs[outlet.slot].successors;
        let mut all = takers.iter().map(|inlet| {
            let op = graph.nodes[inlet.node].op.downcast_ref::<Quantise>()?;
            op.levels.whole().is_ok().then_some(&op.levels)
        });
        let first = all.next()??;
        let is_output = graph.outputs.contains(&outlet);
        (!is_output && all.all(|other| other == Some(first))).then(|| first.clone())
    }

    /// Declares an input by its levels, which are the results of the nodes that take it.
    fn level_input(
        &mut self,
        at: usize,
        shape: Vec<Dim>,
        levels: &Quantisation,
    ) -> Result<(), Refusal> {
        let (encoding, [lo, hi]) = (encoding(levels).ok_or("no levels")?, levels.ends);
        let value = self.declare(at, shape, Interval::new(lo, hi), encoding)?;
        let outlet = self.model.graph.inputs[at];
        let graph = self.model.graph.clone();
        for inlet in &graph.nodes[outlet.node].outputs[outlet.slot].successors {
            self.values.insert((inlet.node, 0), value.clone().into());
        }
        Ok(())
    }

    /// The integers behind an output that is nothing but their levels.
    fn level_output(&self, outlet: OutletId) -> Option<(Encoding, Value)> {
        let node = &self.model.graph.nodes[outlet.node];
        let levels = &node.op.downcast_ref::<Dequantise>()?.levels;
        let from = node.inputs.first()?;
        let Lazy::Pointwise(Pointwise { base, expr, .. }) =
            self.values.get(&(from.node, from.slot))?
        else {
            return None;
        };
        let is_bare = *expr == Expr::Variable && Self::is_small(base);
        let found = is_bare.then(|| base.clone())?;
        Some((encoding(levels)?, found))
    }

    /// Declares the outputs.
    pub(super) fn outputs(&mut self) -> Result<(), QuantiseError> {
        let mut unsupported = Vec::new();
        for (at, output) in self.model.outputs().iter().enumerate() {
            let outlet = self.model.graph.outputs[at];
            self.builder.name.clone_from(&output.name);
            let result = match self.level_output(outlet) {
                Some(found) => Ok(found),
                None => { self.values.get(&(outlet.node, outlet.slot)).cloned() }
                    .ok_or_else(|| "nothing computes it".to_owned())
                    .and_then(|lazy| self.finish(&lazy))
                    .map(|value| (Encoding::Fixed(value.bits), value)),
            };
            match result {
                Ok((encoding, value)) => {
                    let name = &output.name;
                    self.builder
                        .output(name, &value, encoding, Visibility::Public);
                }
                Err(reason) => unsupported.push(Unsupported {
                    node: output.name.clone(),
                    operator: "Output".into(),
                    reason,
                }),
            }
        }
        if unsupported.is_empty() {
            Ok(())
        } else {
            Err(QuantiseError::Unsupported(unsupported))
        }
    }

    /// An output: rounded, so that its low bits say nothing about parameters.
    fn finish(&mut self, lazy: &Lazy) -> Result<Value, Refusal> {
        let value = self.value(lazy)?;
        let bits = self.bits_for(value.range);
        if Self::is_small(&value) || (value.exact && value.bits <= bits + 4) {
            return Ok(value);
        }
        self.builder.narrow_to(&value, bits)
    }
}

/// The encoding of a tensor with one scale.
fn encoding(levels: &Quantisation) -> Option<Encoding> {
    let found = levels.whole().ok()?;
    let zero = i32::try_from(found.grid.zero).ok()?;
    Levels::new(found.scale, zero).map(Encoding::Levels)
}

/// All values of a type of at most 16 bits.
fn whole(kind: DatumType) -> Option<Interval> {
    Some(match kind {
        DatumType::U8 => Interval::new(0, 255),
        DatumType::I8 => Interval::new(-128, 127),
        DatumType::U16 => Interval::new(0, 65_535),
        DatumType::I16 => Interval::new(-32_768, 32_767),
        _ => return None,
    })
}
