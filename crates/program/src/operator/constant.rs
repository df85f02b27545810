//! A public constant: part of the program, so the verifier knows it.

use super::{Operate, exactly};
use crate::error::OperatorError;
#[cfg(feature = "execute")]
use crate::execute::{Array, Recorder};
use crate::fact::Fact;
use crate::lower::{Expression, Lowering};
use relation::{Combination, Tensor};
use serde::{Deserialize, Serialize};

/// A public constant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constant {
    /// The value.
    pub value: Tensor,
}

impl Operate for Constant {
    fn infer(&self, inputs: &[&Fact]) -> Result<Vec<Fact>, OperatorError> {
        let [] = exactly(inputs)?;
        let interval = self.value.interval();
        let fact = Fact::new(self.value.shape.clone(), Some(interval.into()))?;
        Ok(vec![fact])
    }

    fn relate(
        &self,
        _: &[&Expression],
        results: &[Fact],
        lowering: &mut Lowering,
    ) -> Result<Vec<Expression>, OperatorError> {
        let [fact] = results else {
            return Ok(Vec::new());
        };
        let linear = if fact.interval.lo == fact.interval.hi {
            // One number needs no tensor.
            Combination::constant(&fact.shape, fact.interval.lo)?
        } else {
            lowering.constant(self.value.clone())?.into()
        };
        Ok(vec![Expression::linear(fact.clone(), linear)])
    }

    #[cfg(feature = "execute")]
    fn execute(
        &self,
        _: &[&Array],
        _: &[Fact],
        _: &mut Recorder<'_>,
    ) -> Result<Vec<Array>, OperatorError> {
        Ok(vec![self.value.clone().into()])
    }
}
