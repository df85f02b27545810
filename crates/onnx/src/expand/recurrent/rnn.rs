//! `h' = f(x W + h R + b)`.

use super::cell::{Cell, State};
use crate::expand::wires::Wires;
use tract_onnx::prelude::*;

impl Cell {
    pub fn rnn(&self, wires: &mut Wires<'_>, x: OutletId, state: &State) -> TractResult<State> {
        let sum = self.linear(wires, "h", &self.gates[0], x, state.hidden)?;
        let hidden = self.activate(wires, "h", 0, sum)?;
        Ok(State {
            hidden: Some(hidden),
            cell: None,
        })
    }
}
