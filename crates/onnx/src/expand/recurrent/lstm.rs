//! ```text
//! i, o, f = s(x W + h R + p c + b),  g = t(x W + h R + b),
//! c' = f c + i g,  h' = o u(c').
//! ```
//!
//! A peephole `p` of the output gate looks at `c'`. Gates that share a function and stand side by side are one product
//! and one lookup for each of their values.

use super::cell::{Cell, Gate, State};
use crate::expand::wires::Wires;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::math;

impl Cell {
    pub fn lstm(&self, wires: &mut Wires<'_>, x: OutletId, state: &State) -> TractResult<State> {
        match (self.peepholes, &self.gates[..]) {
            (None, [joint, candidate]) => {
                let sum = self.linear(wires, "iof", joint, x, state.hidden)?;
                let all = self.activate(wires, "iof", 0, sum)?;
                let mut part = |what: &str, at: usize| {
                    wires.slice(what, all, 1, at * self.size..(at + 1) * self.size)
                };
                let (input, output, forget) = (part("i", 0)?, part("o", 1)?, part("f", 2)?);
                let cell = self.next(wires, candidate, x, state, input, forget)?;
                self.out(wires, output, cell)
            }
            (Some([at_input, at_output, at_forget]), [i, o, f, candidate]) => {
                let input = self.looking(wires, "i", i, x, state.hidden, state.cell, at_input)?;
                let forget = self.looking(wires, "f", f, x, state.hidden, state.cell, at_forget)?;
                let cell = self.next(wires, candidate, x, state, input, forget)?;
                let output = self.looking(wires, "o", o, x, state.hidden, Some(cell), at_output)?;
                self.out(wires, output, cell)
            }
            _ => Err(TractError::msg("an LSTM has four gates")),
        }
    }

    /// A gate with a peephole.
    #[expect(clippy::too_many_arguments, reason = "a gate has as many terms")]
    fn looking(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        gate: &Gate,
        x: OutletId,
        hidden: Option<OutletId>,
        cell: Option<OutletId>,
        peephole: OutletId,
    ) -> TractResult<OutletId> {
        let mut sum = self.linear(wires, what, gate, x, hidden)?;
        if let Some(cell) = cell {
            let seen = wires.binary(&format!("{what}.p"), Box::new(math::Mul), cell, peephole)?;
            sum = wires.binary(&format!("{what}.all"), Box::new(math::Add), sum, seen)?;
        }
        self.activate(wires, what, 0, sum)
    }

    /// The new cell state.
    fn next(
        &self,
        wires: &mut Wires<'_>,
        candidate: &Gate,
        x: OutletId,
        state: &State,
        input: OutletId,
        forget: OutletId,
    ) -> TractResult<OutletId> {
        let sum = self.linear(wires, "g", candidate, x, state.hidden)?;
        let fresh = self.activate(wires, "g", 1, sum)?;
        // Coupled gates: what is not taken in is kept.
        let forget = if self.input_forget {
            let one = wires.number("one", input, 1.0)?;
            wires.binary("f.rest", Box::new(math::Sub), one, input)?
        } else {
            forget
        };
        let fresh = wires.binary("c.new", Box::new(math::Mul), input, fresh)?;
        let Some(cell) = state.cell else {
            return Ok(fresh);
        };
        let kept = wires.binary("c.kept", Box::new(math::Mul), forget, cell)?;
        wires.binary("c", Box::new(math::Add), kept, fresh)
    }

    fn out(&self, wires: &mut Wires<'_>, output: OutletId, cell: OutletId) -> TractResult<State> {
        let seen = Self::unclipped(self, wires, cell)?;
        let hidden = wires.binary("h", Box::new(math::Mul), output, seen)?;
        Ok(State {
            hidden: Some(hidden),
            cell: Some(cell),
        })
    }

    /// The function of the cell state, which no threshold cuts off.
    fn unclipped(&self, wires: &mut Wires<'_>, cell: OutletId) -> TractResult<OutletId> {
        let activation = self.activations.get(2).copied();
        let activation = activation.ok_or_else(|| TractError::msg("an activation is missing"))?;
        activation.wire(wires, "c.out", cell)
    }
}
