//! What the cells have in common: gates.

use super::activation::Activation;
use super::{Kind, Recurrence};
use crate::expand::wires::Wires;
use std::ops::Range;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_hir::internal::DimLike as _;

/// What a step hands to the next; nothing where it is zero.
pub struct State {
    pub hidden: Option<OutletId>,
    pub cell: Option<OutletId>,
}

/// Some gates that stand next to each other in the weights.
#[derive(Clone, Copy)]
pub struct Gate {
    input: OutletId,
    hidden: OutletId,
    /// The biases of input and state.
    biases: Option<[OutletId; 2]>,
    /// Their sum.
    bias: Option<OutletId>,
}

/// The cell of one direction.
pub struct Cell {
    /// How many values a state has.
    pub size: usize,
    pub activations: Vec<Activation>,
    /// The gates that the kind of cell asks for, in its order.
    pub gates: Vec<Gate>,
    /// Peepholes of the gates `i`, `o` and `f` of an LSTM, `[1, size]` each.
    pub peepholes: Option<[OutletId; 3]>,
    pub linear_before_reset: bool,
    pub input_forget: bool,
    clip: Option<f64>,
}

impl Cell {
    pub(super) fn new(
        of: &Recurrence,
        wires: &mut Wires<'_>,
        side: usize,
        [w, r]: [OutletId; 2],
        [bias, peepholes]: [Option<OutletId>; 2],
    ) -> TractResult<Self> {
        let fact = wires.fact(r)?;
        let size = fact.shape[2].to_usize()?;
        let rows = fact.shape[1].to_usize()?;
        let sides = fact.shape[0].to_usize()?;
        if rows != of.kind.gates() * size || sides != of.directions.len() {
            let (node, kind) = (&of.node, of.kind.name());
            return Err(TractError::msg(format!(
                "node {node:?} ({kind}): weights of shape {:?} for {} directions and {} gates",
                fact.shape,
                of.directions.len(),
                of.kind.gates()
            )));
        }
        let weights = [
            wires.select("w", w, 0, side)?,
            wires.select("r", r, 0, side)?,
        ];
        let bias = bias
            .map(|bias| wires.slice("b", bias, 0, side..side + 1))
            .transpose()?;
        let peepholes = match peepholes {
            None => None,
            Some(all) => {
                let own = wires.slice("p", all, 0, side..side + 1)?;
                let mut part =
                    |what: &str, at: usize| wires.slice(what, own, 1, at * size..(at + 1) * size);
                Some([part("p.i", 0)?, part("p.o", 1)?, part("p.f", 2)?])
            }
        };
        let mut cell = Self {
            size,
            activations: of.activations.get(side).cloned().unwrap_or_default(),
            gates: Vec::new(),
            peepholes,
            linear_before_reset: of.linear_before_reset,
            input_forget: of.input_forget,
            clip: of.clip,
        };
        for (name, gates) in cell.parts(of.kind) {
            let gate = cell.gate(wires, name, weights, bias, of.kind.gates(), gates)?;
            cell.gates.push(gate);
        }
        Ok(cell)
    }

    /// Which gates are computed as one.
    fn parts(&self, kind: Kind) -> Vec<(&'static str, Range<usize>)> {
        match kind {
            Kind::Rnn => vec![("h", 0..1)],
            Kind::Gru => vec![("zr", 0..2), ("h", 2..3)],
            // A peephole of the output gate looks at the new state, so that gate comes later.
            Kind::Lstm if self.peepholes.is_some() => {
                vec![("i", 0..1), ("o", 1..2), ("f", 2..3), ("c", 3..4)]
            }
            Kind::Lstm => vec![("iof", 0..3), ("c", 3..4)],
        }
    }

    fn gate(
        &self,
        wires: &mut Wires<'_>,
        name: &str,
        [w, r]: [OutletId; 2],
        bias: Option<OutletId>,
        all: usize,
        gates: Range<usize>,
    ) -> TractResult<Gate> {
        let rows = gates.start * self.size..gates.end * self.size;
        let input = wires.slice(&format!("w.{name}"), w, 0, rows.clone())?;
        let hidden = wires.slice(&format!("r.{name}"), r, 0, rows.clone())?;
        let biases = match bias {
            None => None,
            Some(bias) => {
                let second = rows.start + all * self.size..rows.end + all * self.size;
                Some([
                    wires.slice(&format!("wb.{name}"), bias, 1, rows)?,
                    wires.slice(&format!("rb.{name}"), bias, 1, second)?,
                ])
            }
        };
        let bias = match biases {
            None => None,
            Some([a, b]) => Some(wires.binary(&format!("b.{name}"), Box::new(math::Add), a, b)?),
        };
        Ok(Gate {
            input,
            hidden,
            biases,
            bias,
        })
    }

    /// `x W + h R + b`, as far as there is a state.
    pub fn linear(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        gate: &Gate,
        x: OutletId,
        hidden: Option<OutletId>,
    ) -> TractResult<OutletId> {
        let sum = self.product(wires, &format!("{what}.x"), x, gate.input, gate.bias)?;
        let Some(hidden) = hidden else {
            return Ok(sum);
        };
        let product = self.product(wires, &format!("{what}.h"), hidden, gate.hidden, None)?;
        wires.binary(&format!("{what}.sum"), Box::new(math::Add), sum, product)
    }

    /// The two terms of a gate on their own, each with its bias; the second is only its bias without a state.
    pub fn terms(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        gate: &Gate,
        x: OutletId,
        hidden: Option<OutletId>,
    ) -> TractResult<(OutletId, Option<OutletId>)> {
        let [own, other] = gate
            .biases
            .map_or([None, None], |[a, b]| [Some(a), Some(b)]);
        let input = self.product(wires, &format!("{what}.x"), x, gate.input, own)?;
        let state = match hidden {
            None => other,
            Some(hidden) => {
                Some(self.product(wires, &format!("{what}.h"), hidden, gate.hidden, other)?)
            }
        };
        Ok((input, state))
    }

    fn product(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        x: OutletId,
        weight: OutletId,
        bias: Option<OutletId>,
    ) -> TractResult<OutletId> {
        let product = wires.einsum(what, "mk,nk->mn", x, weight)?;
        match bias {
            None => Ok(product),
            Some(bias) => wires.binary(&format!("{what}.b"), Box::new(math::Add), product, bias),
        }
    }

    /// An activation, with its argument cut off if the node says so.
    pub fn activate(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        which: usize,
        x: OutletId,
    ) -> TractResult<OutletId> {
        let mut x = x;
        if let Some(clip) = self.clip {
            let high = wires.number(&format!("{what}.most"), x, clip)?;
            x = wires.binary(&format!("{what}.min"), Box::new(math::Min), x, high)?;
            let low = wires.number(&format!("{what}.least"), x, -clip)?;
            x = wires.binary(&format!("{what}.max"), Box::new(math::Max), x, low)?;
        }
        let activation = self.activations.get(which).copied();
        let activation = activation.ok_or_else(|| TractError::msg("an activation is missing"))?;
        activation.wire(wires, what, x)
    }
}
