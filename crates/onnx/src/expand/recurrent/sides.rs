//! One direction of a recurrence: its steps, one after the other.

use super::cell::{Cell, State};
use super::{Kind, MOST_STEPS, Recurrence, SymbolicSize};
use crate::expand::attributes::unsupported;
use crate::expand::wires::Wires;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::array::{MultiBroadcastTo, Slice};
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_hir::internal::DimLike as _;

/// What comes out of a direction.
pub struct Side {
    /// The hidden states of all steps, `[steps, 1, batch, hidden]`.
    pub all: OutletId,
    /// The last hidden state, `[1, batch, hidden]`.
    pub hidden: OutletId,
    /// The last cell state, if there is one.
    pub cell: Option<OutletId>,
}

impl Recurrence {
    /// Unrolls a direction.
    pub(super) fn side(
        &self,
        wires: &mut Wires<'_>,
        inputs: &[OutletId],
        side: usize,
    ) -> TractResult<Side> {
        let &[x, w, r, ..] = inputs else {
            return Err(TractError::msg("a recurrence has three inputs or more"));
        };
        self.lengths(wires, inputs)?;
        let x = if self.batch_first {
            wires.axis("steps", AxisOp::Move(1, 0), x)?
        } else {
            x
        };
        let steps = self.steps(&wires.fact(x)?)?;
        let given = |at: Option<usize>| at.and_then(|at| inputs.get(at).copied());
        let cell = Cell::new(
            self,
            wires,
            side,
            [w, r],
            [given(self.inputs.bias), given(self.inputs.peepholes)],
        )?;
        let mut state = State {
            hidden: self.initial(wires, "hidden", given(self.inputs.hidden), side)?,
            cell: self.initial(wires, "cell", given(self.inputs.cell), side)?,
        };
        let backwards = self.directions.get(side).copied().unwrap_or_default();
        let mut all = Vec::new();
        for step in 0..steps {
            wires.enter(Some(step));
            let at = if backwards { steps - 1 - step } else { step };
            let now = wires.select("x", x, 0, at)?;
            state = match self.kind {
                Kind::Gru => cell.gru(wires, now, &state)?,
                Kind::Lstm => cell.lstm(wires, now, &state)?,
                Kind::Rnn => cell.rnn(wires, now, &state)?,
            };
            let hidden = state
                .hidden
                .ok_or_else(|| TractError::msg("a step without a state"))?;
            all.push(wires.axis("out", AxisOp::Add(0), hidden)?);
        }
        wires.enter(None);
        let last = all.last().copied();
        let hidden = last.ok_or_else(|| TractError::msg("a recurrence of no steps"))?;
        if backwards {
            all.reverse();
        }
        let all = wires.concatenate("all", 0, &all)?;
        let cell = match state.cell {
            Some(cell) if self.kind == Kind::Lstm => {
                Some(wires.axis("cell", AxisOp::Add(0), cell)?)
            }
            _ => None,
        };
        Ok(Side {
            all: wires.axis("side", AxisOp::Add(1), all)?,
            hidden,
            cell,
        })
    }

    /// The number of steps.
    fn steps(&self, x: &TypedFact) -> TractResult<usize> {
        let size = &x.shape[0];
        let Ok(steps) = size.to_usize() else {
            return Err(TractError::new(SymbolicSize {
                node: self.node.clone(),
                operator: self.kind.name(),
                what: "the sequence's length",
                size: size.to_string(),
            }));
        };
        if steps > MOST_STEPS {
            let reason = format!(
                "{steps} steps, more than {MOST_STEPS}; cut the sequence into pieces, with the states of one as the \
                 initial states of the next"
            );
            return Err(unsupported(&self.node, self.kind.name(), reason));
        }
        Ok(steps)
    }

    /// That all sequences are as long as the tensor: others would need a comparison in each step.
    fn lengths(&self, wires: &Wires<'_>, inputs: &[OutletId]) -> TractResult<()> {
        let Some(&lengths) = self.inputs.lengths.and_then(|at| inputs.get(at)) else {
            return Ok(());
        };
        let x = wires.fact(inputs[0])?;
        let steps = self.steps_of(&x)?;
        let fact = wires.fact(lengths)?;
        let found = match (&fact.konst, &fact.uniform) {
            (Some(konst), _) => Some(
                konst
                    .cast_to::<i64>()?
                    .try_as_plain_ram()?
                    .as_slice::<i64>()?
                    .to_vec(),
            ),
            (None, Some(uniform)) => Some(vec![uniform.cast_to_scalar::<i64>()?]),
            (None, None) => None,
        };
        let is_full = |lengths: Vec<i64>| {
            lengths
                .iter()
                .all(|&length| usize::try_from(length) == Ok(steps))
        };
        if found.is_some_and(is_full) {
            return Ok(());
        }
        let reason = "sequence lengths (sequence_lens) other than the size of the axis; leave them out, and make one \
                      key for each length";
        Err(unsupported(&self.node, self.kind.name(), reason))
    }

    fn steps_of(&self, x: &TypedFact) -> TractResult<usize> {
        let axis = usize::from(self.batch_first);
        let mut shape = tvec![x.shape[axis].clone()];
        shape.extend(x.shape.iter().skip(1).cloned());
        self.steps(&x.datum_type.fact(shape))
    }

    /// The state that a direction begins with; none if that is zero.
    fn initial(
        &self,
        wires: &mut Wires<'_>,
        what: &str,
        given: Option<OutletId>,
        side: usize,
    ) -> TractResult<Option<OutletId>> {
        let Some(given) = given else {
            return Ok(None);
        };
        if is_zero(wires.graph, given)? {
            return Ok(None);
        }
        let axis = usize::from(self.batch_first);
        wires
            .select(&format!("initial.{what}"), given, axis, side)
            .map(Some)
    }
}

/// Whether a tensor holds zeros alone, however they are arranged.
fn is_zero(graph: &TypedModel, mut at: OutletId) -> TractResult<bool> {
    // A graph has no cycles, and an arrangement has few steps.
    for _ in 0..16 {
        let fact = graph.outlet_fact(at)?;
        let own = fact.konst.as_ref().and_then(|tensor| tensor.as_uniform());
        let uniform = fact.uniform.as_deref().or(own.as_ref());
        if let Some(value) = uniform {
            return Ok(value.cast_to_scalar::<f64>()? == 0.0);
        }
        let node = graph.node(at.node);
        let op: &dyn TypedOp = node.op.as_ref();
        let arranges = op.is::<AxisOp>() || op.is::<MultiBroadcastTo>() || op.is::<Slice>();
        match node.inputs.first() {
            Some(input) if arranges => at = *input,
            _ => return Ok(false),
        }
    }
    Ok(false)
}
