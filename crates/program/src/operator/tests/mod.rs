//! Every operator against its relations.
//!
//! An operator's file lists cases: programs around it, small ones among them. Each law holds for each
//! case, so a new operator is tested by a file with cases and a line in [`cases`].

mod at_least_zero;
mod below_maximum;
mod case;
mod clamp;
mod divide;
mod extreme;
mod forge;
mod function;
mod gather;
mod inputs;
mod iota;
mod laws;
mod linear;
mod rescale;
mod select;
mod sort;
mod split;
mod square_root;
mod staircase;

use case::Case;

/// The cases of all operators.
fn cases() -> Vec<Case> {
    [
        linear::cases(),
        rescale::cases(),
        split::cases(),
        clamp::cases(),
        at_least_zero::cases(),
        function::cases(),
        select::cases(),
        divide::cases(),
        square_root::cases(),
        extreme::cases(),
        gather::cases(),
        inputs::cases(),
        iota::cases(),
        sort::cases(),
        staircase::cases(),
        below_maximum::cases(),
    ]
    .concat()
}
