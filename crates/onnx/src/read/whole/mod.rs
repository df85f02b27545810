//! Operators that tract keeps whole, in terms of simpler ones.

mod attention;
mod channels;
mod computed;
mod cumulative;
mod elements;
mod grid;
mod log_sum_exp;
mod mask;
mod resize;
mod shift;
mod sizes;
mod steps;
mod stride;
mod times;
mod triangle;

pub use attention::check;
pub use times::Times;
use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::model::Rewriter;

/// Writes out attention, masked softmax, normalisation across channels, cumulative sums and triangles of open size, loops of a
/// known number of steps, images sampled by a grid, the logarithm of a sum of exponentials so that none of them is large, and what tract has in
/// another way than the standard.
///
/// Errors: those of tract.
pub fn write_out(graph: &mut TypedModel) -> TractResult<()> {
    Rewriter::default()
        .with_rule_for("attention", attention::attention)
        .with_rule_for("masked softmax", attention::masked_softmax)
        .with_rule_for("normalisation across channels", channels::across_channels)
        .with_rule_for("cumulative sums", cumulative::cumulative)
        .with_rule_for("loops", steps::written_out)
        .with_rule_for("images that stay", resize::kept)
        .with_rule_for("corners that stay", resize::aligned)
        .with_rule_for("images of open number", resize::open)
        .with_rule_for("smoothing", resize::smoothed)
        .with_rule_for("an image of one index", resize::single)
        .with_rule_for("fixed indices", elements::fixed)
        .with_rule_for("images sampled by a grid", grid::sampled)
        .with_rule_for("integers that became sizes", sizes::of_integers)
        .with_rule_for("multiples of an open size", times::by_size)
        .with_rule_for("numbers that mask", mask::numbers)
        .with_rule_for("elements that move", shift::padded_first)
        .with_rule_for("slices with steps", stride::with_steps)
        .with_rule_for("every so many elements", stride::grouped)
        .with_rule_for("triangle of open size", triangle::triangle)
        .with_rule_for(
            "logarithm of a sum of exponentials",
            log_sum_exp::log_sum_exp,
        )
        .rewrite(&(), graph)
}

type Patch = TractResult<Option<TypedModelPatch>>;
