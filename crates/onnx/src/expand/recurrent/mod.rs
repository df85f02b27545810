//! LSTM, GRU and RNN: a recurrence is unrolled, so that its steps are nodes like any other.
//!
//! All steps take their weights from the same nodes, so a weight is one parameter however many steps there are.
//! A state that begins as zeros has no product in the first step.

mod activation;
mod attributes;
mod cell;
mod gru;
mod lstm;
mod rnn;
mod sides;

pub use attributes::build;

use super::SymbolicSize;
use super::wires::Wires;
use activation::Activation;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::ops::change_axes::AxisOp;
use tract_onnx::tract_hir::infer::{InferenceResult, Solver, TensorProxy};
use tract_onnx::tract_hir::internal::StaticName;
use tract_onnx::tract_hir::ops::expandable::Expansion;

/// The most steps: each is a few nodes of the program.
const MOST_STEPS: usize = 2048;

/// Which cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Gru,
    Lstm,
    Rnn,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Gru => "GRU",
            Self::Lstm => "LSTM",
            Self::Rnn => "RNN",
        }
    }

    /// How many gates stand in the rows of a weight.
    const fn gates(self) -> usize {
        match self {
            Self::Gru => 3,
            Self::Lstm => 4,
            Self::Rnn => 1,
        }
    }

    /// How many activations a direction has.
    const fn activations(self) -> usize {
        match self {
            Self::Gru => 2,
            Self::Lstm => 3,
            Self::Rnn => 1,
        }
    }
}

/// Where the inputs of a node are, among those that are there.
#[derive(Clone, Debug)]
struct Inputs {
    bias: Option<usize>,
    lengths: Option<usize>,
    hidden: Option<usize>,
    cell: Option<usize>,
    peepholes: Option<usize>,
}

/// A recurrence.
#[derive(Clone, Debug)]
struct Recurrence {
    kind: Kind,
    node: String,
    /// For each direction whether it goes backwards.
    directions: Vec<bool>,
    /// For each direction.
    activations: Vec<Vec<Activation>>,
    clip: Option<f64>,
    linear_before_reset: bool,
    input_forget: bool,
    batch_first: bool,
    inputs: Inputs,
    /// Whether there are the outputs `Y`, `Y_h` and `Y_c`.
    outputs: [bool; 3],
}

impl Expansion for Recurrence {
    fn name(&self) -> StaticName {
        self.kind.name().into()
    }

    fn nboutputs(&self) -> TractResult<usize> {
        Ok(self.outputs.iter().filter(|is_there| **is_there).count())
    }

    fn rules<'r, 'p: 'r, 's: 'r>(
        &'s self,
        s: &mut Solver<'r>,
        inputs: &'p [TensorProxy],
        outputs: &'p [TensorProxy],
    ) -> InferenceResult {
        let (Some(x), Some(r)) = (inputs.first(), inputs.get(2)) else {
            return Err(TractError::msg("a recurrence has three inputs or more"));
        };
        s.equals(&x.rank, 3)?;
        s.equals(&r.rank, 3)?;
        for output in outputs {
            s.equals(&output.datum_type, &x.datum_type)?;
        }
        s.given_2(&x.shape, &r.shape, move |s, x, r| {
            let (Some(steps), Some(batch), Some(hidden)) = (
                x.get(usize::from(self.batch_first)),
                x.get(usize::from(!self.batch_first)),
                r.get(2),
            ) else {
                return Ok(());
            };
            let sides = self.directions.len().to_dim();
            let (all, last) = if self.batch_first {
                (
                    tvec![batch.clone(), steps.clone(), sides.clone(), hidden.clone()],
                    tvec![batch.clone(), sides, hidden.clone()],
                )
            } else {
                (
                    tvec![steps.clone(), sides.clone(), batch.clone(), hidden.clone()],
                    tvec![sides, batch.clone(), hidden.clone()],
                )
            };
            let mut outputs = outputs.iter();
            for (at, _) in { self.outputs.iter().enumerate() }.filter(|(_, there)| **there) {
                if let Some(output) = outputs.next() {
                    s.equals(
                        &output.shape,
                        if at == 0 { all.clone() } else { last.clone() },
                    )?;
                }
            }
            Ok(())
        })
    }

    fn wire(
        &self,
        prefix: &str,
        graph: &mut TypedModel,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let mut sides = Vec::new();
        for side in 0..self.directions.len() {
            let mut wires = Wires::new(graph, format!("{prefix}.{side}"));
            sides.push(self.side(&mut wires, inputs, side)?);
        }
        let mut wires = Wires::new(graph, prefix.to_owned());
        let mut results = tvec![];
        if self.outputs[0] {
            let parts: Vec<OutletId> = sides.iter().map(|side| side.all).collect();
            let all = wires.concatenate("all", 1, &parts)?;
            results.push(if self.batch_first {
                wires.axis("all.batch", AxisOp::Move(2, 0), all)?
            } else {
                all
            });
        }
        for (at, what) in ["hidden", "cell"].into_iter().enumerate() {
            if !self.outputs[at + 1] {
                continue;
            }
            let last = |side: &sides::Side| match at {
                0 => Some(side.hidden),
                _ => side.cell,
            };
            let parts: Option<Vec<OutletId>> = sides.iter().map(last).collect();
            let parts = parts.ok_or_else(|| TractError::msg("only an LSTM has a cell state"))?;
            let both = wires.concatenate(what, 0, &parts)?;
            results.push(if self.batch_first {
                wires.axis(&format!("{what}.batch"), AxisOp::Move(1, 0), both)?
            } else {
                both
            });
        }
        Ok(results)
    }
}
