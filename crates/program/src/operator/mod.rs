//! The operators of integer programs: one file each.
//!
//! A file holds shape and interval rule ([`Operate::infer`]), exact meaning ([`Operate::execute`])
//! and relations ([`Operate::relate`]) of one operator, and argues why its witness is unique. Adding
//! an operator is a file and a line in the macro `operators`.

mod at_least_zero;
mod below_maximum;
mod clamp;
mod concatenate;
mod constant;
mod contract;
mod divide;
mod excess;
mod extreme;
mod function;
mod gather;
pub(crate) mod input;
mod iota;
mod rescale;
mod select;
mod sort;
mod split;
mod square_root;
mod staircase;
mod sum;
#[cfg(all(test, feature = "execute"))]
mod tests;
mod view;

use crate::dim::{Dim, DimError};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::Fact;
use crate::lower::{Expression, Lowering};
pub use at_least_zero::AtLeastZero;
pub use below_maximum::BelowMaximum;
pub use clamp::Clamp;
pub use concatenate::Concatenate;
pub use constant::Constant;
pub use contract::Contract;
pub use divide::Divide;
pub use extreme::Extreme;
pub use function::Function;
pub use gather::Gather;
pub use iota::Iota;
use relation::{Combination, Einsum, Interval};
pub use rescale::Rescale;
pub use select::Select;
use serde::{Deserialize, Serialize};
pub use sort::Sort;
pub use split::Split;
pub use square_root::SquareRoot;
pub use staircase::Staircase;
pub use sum::Sum;
pub use view::{Step, View};

/// What every operator knows about itself.
pub trait Operate {
    /// Shape and interval of the results.
    ///
    /// Errors: [`OperatorError`] if the operator does not apply to such inputs.
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError>;

    /// Declares the witness and the relations; returns an expression for each result.
    ///
    /// `results` is what [`Operate::infer`] said. Only called for inputs that it accepted.
    /// Errors: [`OperatorError`].
    fn relate(
        &self,
        inputs: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError>;

    /// Computes the results exactly, and records the witness in the order in which
    /// [`Operate::relate`] declares it.
    ///
    /// Errors: [`OperatorError`]; none if the inputs are in the intervals that `infer` was given.
    #[cfg(feature = "execute")]
    fn execute(
        &self,
        inputs: &[&Array],
        results: &[Fact],
        recorder: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError>;
}

/// Declares the operators that hold no sizes.
macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// An operator; `D` is the type of sizes, see [`crate::Program`].
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum Operator<D> {
            /// An input of the program, by number.
            Input(usize),
            /// A parameter of the program, by number.
            Parameter(usize),
            /// The elements of a tensor in another arrangement.
            View(View<D>),
            /// The numbers 0, 1, 2, ..
            Iota(Iota<D>),
            $($(#[$doc])* $name($name),)*
        }

        impl Operator<Dim> {
            /// The operator for some values of the symbols.
            ///
            /// Errors: [`DimError`].
            pub fn bind(&self, symbols: &[usize]) -> Result<Operator<usize>, DimError> {
                Ok(match self {
                    Self::Input(at) => Operator::Input(*at),
                    Self::Parameter(at) => Operator::Parameter(*at),
                    Self::View(view) => Operator::View(view.bind(symbols)?),
                    Self::Iota(iota) => Operator::Iota(iota.bind(symbols)?),
                    $(Self::$name(operator) => Operator::$name(operator.clone()),)*
                })
            }
        }

        impl<D> Operator<D> {
            /// The name of the operator, for messages.
            pub fn name(&self) -> &'static str {
                match self {
                    Self::Input(_) => "Input",
                    Self::Parameter(_) => "Parameter",
                    Self::View(_) => "View",
                    Self::Iota(_) => "Iota",
                    $(Self::$name(_) => stringify!($name),)*
                }
            }
        }

        impl Operator<usize> {
            /// The operator as what it knows; nothing for inputs and parameters.
            pub(crate) fn operate(&self) -> Option<&dyn Operate> {
                match self {
                    Self::Input(_) | Self::Parameter(_) => None,
                    Self::View(view) => Some(view),
                    Self::Iota(iota) => Some(iota),
                    $(Self::$name(operator) => Some(operator),)*
                }
            }
        }

        $(impl<D> From<$name> for Operator<D> {
            fn from(operator: $name) -> Self {
                Self::$name(operator)
            }
        })*
    };
}

operators! {
    /// A public constant.
    Constant,
    /// A sum of multiples of tensors.
    Sum,
    /// Tensors one after the other.
    Concatenate,
    /// An einsum of two tensors.
    Contract,
    /// Rounding by a power of two.
    Rescale,
    /// The positive and the negative part of a rounded value.
    Split,
    /// Whether a value is at least zero.
    AtLeastZero,
    /// A function of one variable.
    Function,
    /// One of two values by a condition.
    Select,
    /// Floor division by positive values.
    Divide,
    /// The integer part of a square root.
    SquareRoot,
    /// The maximum along an axis, and where it is.
    Extreme,
    /// Rows of a table by runtime indices.
    Gather,
    /// Rounding, cut off at the ends of an interval.
    Clamp,
    /// The values along an axis in descending order, and where they were.
    Sort,
    /// How many of a channel's thresholds a value has reached.
    Staircase,
    /// A function of the distance from the maximum along an axis.
    BelowMaximum,
}

impl Operator<usize> {
    pub(crate) fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        self.operate()
            .map_or(Ok(Vec::new()), |operator| operator.infer(inputs))
    }
}

/// The inputs of an operator that takes `N` of them.
///
/// Errors: [`OperatorError::Inputs`].
pub(crate) fn exactly<'a, const N: usize, T>(
    inputs: &[&'a T],
) -> Result<[&'a T; N], OperatorError> {
    <[&T; N]>::try_from(inputs).map_err(|_| OperatorError::Inputs {
        expected: N,
        found: inputs.len(),
    })
}

/// That all inputs have one shape, which is returned.
///
/// Errors: [`OperatorError::Shape`]; [`OperatorError::Inputs`] if there is none.
pub(crate) fn same_shape(inputs: &[&Fact]) -> Result<Vec<usize>, OperatorError> {
    let first = inputs.first().ok_or(OperatorError::Inputs {
        expected: 1,
        found: 0,
    })?;
    match inputs.iter().find(|input| input.shape != first.shape) {
        None => Ok(first.shape.clone()),
        Some(other) => Err(OperatorError::Shape {
            expected: first.shape.clone(),
            found: other.shape.clone(),
        }),
    }
}

/// That an interval that is known better than from the inputs, if there is one, has its lower end first.
///
/// Errors: [`OperatorError::Attribute`].
pub(crate) fn check_known(known: Option<Interval>) -> Result<(), OperatorError> {
    match known {
        Some(Interval { lo, hi }) if lo > hi => Err(OperatorError::Attribute {
            name: "interval",
            expected: "its lower end first",
            found: format!("{lo} and {hi}"),
        }),
        _ => Ok(()),
    }
}

/// The product of two tensors element by element.
pub(crate) fn elementwise(a: Combination, b: Combination) -> Einsum {
    let labels: Vec<usize> = (0..a.shape().len()).collect();
    Einsum {
        coefficient: 1,
        a,
        a_labels: labels.clone(),
        b,
        b_labels: labels,
    }
}
