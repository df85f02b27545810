//! What crosses the boundary of a program: reals in fixed point, or the levels of a quantised tensor.

use super::builder::{Refusal, Value, log2_of, nearest, power, real};
use super::calibrate::declared;
use super::expr::Expr;
use super::lazy::{Lazy, Pointwise};
use super::precision::compared_bits;
use super::walk::Quantiser;
use crate::error::{QuantiseError, Unsupported};
use crate::model::Boundary;
use crate::quantised::Quantisation;
use crate::quantised::ops::{Dequantise, Quantise};
use crate::read::whole;
use program::{Dim, Encoding, Interval, Levels, Visibility};
use tract_onnx::prelude::{Datum, OutletId};

impl Quantiser<'_> {
    /// Declares an input.
    pub(super) fn input(&mut self, at: usize) -> Result<(), Refusal> {
        let input = &self.model.inputs()[at];
        let outlet = self.model.graph.inputs[at];
        let shape = input.shape.clone();
        let shape = shape.ok_or("the shape depends on more than the symbols of the inputs")?;
        if let Some(levels) = self.levels(outlet) {
            return self.level_input(at, shape, &levels);
        }
        let fact = self.model.graph.outlet_fact(outlet);
        let kind = fact.ok().map(|fact| fact.datum_type);
        // Bytes, and whatever else has few values, may be any of their type.
        let whole = kind.and_then(whole);
        let is_given = self.options.ranges.contains_key(&input.name);
        let value = match whole.filter(|_| input.implied == whole && !is_given) {
            Some((lo, hi)) => {
                let interval = Interval::new(lo, hi);
                let mut value = self.declare(at, shape, interval, Encoding::Integer)?;
                value.integers = true;
                value
            }
            None => self.fixed_input(at, shape, kind == Some(bool::datum_type()))?,
        };
        self.values.insert((outlet.node, outlet.slot), value.into());
        Ok(())
    }

    /// Declares an input in fixed point, as wide as somebody, the graph or calibration says.
    fn fixed_input(
        &mut self,
        at: usize,
        shape: Vec<Dim>,
        is_truth: bool,
    ) -> Result<Value, Refusal> {
        let input = &self.model.inputs()[at];
        let outlet = self.model.graph.inputs[at];
        let seen = self.calibration.range(outlet);
        let is_given = self.options.ranges.contains_key(&input.name);
        let is_stated = is_given || input.implied.is_some();
        let range = match self.calibration.given && !is_stated {
            true => seen,
            false => declared(self.options, input),
        };
        // One bit more than was seen, unless somebody or the graph says where the values lie.
        let spare = i32::from(!is_stated && (self.calibration.given || input.integers));
        let (log, bits) = if input.integers {
            let most = range.0.abs().max(range.1.abs()) + 1.0;
            (log2_of((0.0, most)) + spare, 0)
        } else {
            // The upper end of a range belongs to it, also where it is a power of two.
            let end = i32::from(range.1 == power(log2_of(range)));
            let log = log2_of(range) + spare.max(end);
            let usual = self.options.activation_bits.cast_signed() - log;
            let finer = compared_bits(&self.model.graph, outlet, log);
            (log, finer.map_or(usual, |bits| bits.max(usual)))
        };
        let most = nearest(power((log + bits).clamp(1, 40))) - 1;
        let most = if is_truth { 1 } else { most };
        let negative = range.0 < 0.0 || (!input.integers && !is_given);
        let mut interval = Interval::new(if negative { -most - 1 } else { 0 }, most);
        // What lies beyond the table of an index has no proof.
        if let Some((first, last)) = input.indices() {
            interval = Interval::new(interval.lo.max(first), interval.hi.min(last));
            self.note_range(input, (first, last));
        }
        let integers = input.integers;
        let encoding = if integers {
            Encoding::Integer
        } else {
            Encoding::Fixed(bits)
        };
        let mut value = self.declare(at, shape, interval, encoding)?;
        value.range = if self.calibration.given { seen } else { range };
        value.integers = integers;
        Ok(value)
    }

    /// Says so if somebody gave a range beyond the rows of a table that an input is an index into.
    fn note_range(&mut self, input: &Boundary, (first, last): (i64, i64)) {
        let Some(&(lo, hi)) = self.options.ranges.get(&input.name) else {
            return;
        };
        if lo < real(first.into()) || hi > real(last.into()) {
            self.report.notes.push(format!(
                "{:?} is an index into the rows of a table: values beyond {} to {last} have no proof",
                input.name,
                if lo < 0.0 { first } else { 0 }
            ));
        }
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
            encoding(&op.levels).map(|_| &op.levels)
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
                    .map(|value| {
                        let is_whole = output.integers && value.bits == 0;
                        let fixed = Encoding::Fixed(value.bits);
                        (if is_whole { Encoding::Integer } else { fixed }, value)
                    }),
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
        let bits = self.bits_of(&value);
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
