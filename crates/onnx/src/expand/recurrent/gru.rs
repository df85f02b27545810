//! ```text
//! z, r = s(x W + h R + b),
//! g = t(x W + (r h) R + b),  or with a reset after the product  g = t(x W + b + r (h R + b')),
//! h' = (1 - z) g + z h = g + z (h - g).
//! ```

use super::cell::{Cell, State};
use crate::expand::wires::Wires;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::math;

impl Cell {
    pub fn gru(&self, wires: &mut Wires<'_>, x: OutletId, state: &State) -> TractResult<State> {
        let [joint, candidate] = &self.gates[..] else {
            return Err(TractError::msg("a GRU has three gates"));
        };
        let sum = self.linear(wires, "zr", joint, x, state.hidden)?;
        let both = self.activate(wires, "zr", 0, sum)?;
        let update = wires.slice("z", both, 1, 0..self.size)?;
        let reset = wires.slice("r", both, 1, self.size..2 * self.size)?;
        let sum = if self.linear_before_reset {
            let (own, seen) = self.terms(wires, "g", candidate, x, state.hidden)?;
            match seen {
                None => own,
                Some(seen) => {
                    let seen = wires.binary("g.reset", Box::new(math::Mul), reset, seen)?;
                    wires.binary("g.sum", Box::new(math::Add), own, seen)?
                }
            }
        } else {
            let seen = match state.hidden {
                None => None,
                Some(hidden) => {
                    Some(wires.binary("g.reset", Box::new(math::Mul), reset, hidden)?)
                }
            };
            self.linear(wires, "g", candidate, x, seen)?
        };
        let fresh = self.activate(wires, "g", 1, sum)?;
        let hidden = match state.hidden {
            // g - z g.
            None => {
                let less = wires.binary("h.kept", Box::new(math::Mul), update, fresh)?;
                wires.binary("h", Box::new(math::Sub), fresh, less)?
            }
            Some(hidden) => {
                let change = wires.binary("h.change", Box::new(math::Sub), hidden, fresh)?;
                let kept = wires.binary("h.kept", Box::new(math::Mul), update, change)?;
                wires.binary("h", Box::new(math::Add), fresh, kept)?
            }
        };
        Ok(State {
            hidden: Some(hidden),
            cell: None,
        })
    }
}
