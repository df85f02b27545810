//! Certificates: that what was committed ahead of any proof lies in its intervals.
//!
//! A commitment binds field elements, and lowering takes for granted that parameters and sealed values
//! are integers in their intervals. The system here says so of the same columns, and of nothing else:
//! each value's distance from the lower end of its interval is looked up, or is a sum of limbs that are.
//! A distance in `0 .. 2^n` holds in the field whatever was committed, so a value that satisfies the system is
//! the integer `lo + distance`: the interval that is to be shown is not assumed.

use super::Lowering;
#[cfg(feature = "execute")]
use super::Request;
use super::limbs::{MAX_LIMB_BITS, best_limb_bits};
use crate::error::{OperatorError, ProgramError};
#[cfg(feature = "execute")]
use crate::execute::Recorder;
use crate::fact::width;
#[cfg(feature = "execute")]
use relation::{Assignment, Role, Tensor};
use relation::{Column, ColumnId, Combination, Interval, System};
use std::sync::Arc;

/// The system of a certificate.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The relations.
    pub system: Arc<System>,
    /// The columns that are certified, in order.
    #[cfg(feature = "execute")]
    columns: Vec<(ColumnId, Column)>,
    /// The columns that each one's distances go to.
    #[cfg(feature = "execute")]
    requests: Vec<Request>,
}

impl Certificate {
    /// The certificate of some columns, each in an interval whose width is a power of two.
    ///
    /// Roles, order and shapes are kept, so a group of these columns is laid out as in any other system
    /// that has the same ones.
    /// Errors: [`ProgramError`] if a width is no power of two, or a shape out of bounds.
    pub fn new(columns: &[Column]) -> Result<Self, ProgramError> {
        let mut demand = std::collections::BTreeMap::new();
        for column in columns {
            let len = relation::shape::len(&column.shape).unwrap_or(usize::MAX);
            let values = demand.entry(width(column.interval)).or_insert(0u64);
            *values = values.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        }
        let limb_bits = best_limb_bits(&demand).min(MAX_LIMB_BITS);
        let mut lowering = Lowering::new(limb_bits);
        let mut ids = Vec::with_capacity(columns.len());
        for column in columns {
            lowering.node.clone_from(&column.name);
            let id =
                { relate(column, &mut lowering) }.map_err(|reason| ProgramError::Operator {
                    node: column.name.clone(),
                    reason,
                })?;
            ids.push(id);
        }
        Ok(Self {
            system: Arc::new(lowering.builder.build()?),
            #[cfg(feature = "execute")]
            columns: ids.into_iter().zip(columns.iter().cloned()).collect(),
            #[cfg(feature = "execute")]
            requests: lowering.requests,
        })
    }

    /// Values for all columns, from those of the certified ones.
    ///
    /// Errors: [`ProgramError::Count`], [`ProgramError::Shape`], [`ProgramError::Value`].
    #[cfg(feature = "execute")]
    pub fn assign(&self, values: &[Tensor]) -> Result<Assignment, ProgramError> {
        if values.len() != self.columns.len() {
            return Err(ProgramError::Count {
                what: "certified tensors",
                expected: self.columns.len(),
                found: values.len(),
            });
        }
        let mut columns = vec![Tensor::scalar(0); self.system.columns().len()];
        for (column, own) in columns.iter_mut().zip(self.system.columns()) {
            if own.role != Role::Multiplicity {
                column.shape.clone_from(&own.shape);
            }
        }
        for (((id, column), value), request) in
            { self.columns.iter().zip(values) }.zip(&self.requests)
        {
            crate::execute::check(&column.name, &column.shape, column.interval, value)?;
            columns[id.0] = value.clone();
            let distances = || {
                let distance = |value: i64| value - column.interval.lo;
                value.to_i64s().into_iter().map(distance).collect()
            };
            let request = std::slice::from_ref(request);
            Recorder::new(request, &mut columns).witness_with(distances);
        }
        let statement = Vec::new();
        Ok(Assignment { columns, statement })
    }
}

fn relate(column: &Column, lowering: &mut Lowering) -> Result<ColumnId, OperatorError> {
    let Column {
        name,
        shape,
        role,
        interval,
    } = column;
    let bits = width(*interval);
    if bits > 60 || interval.hi.checked_sub(interval.lo) != Some((1 << bits) - 1) {
        return Err(OperatorError::Interval {
            what: "an interval whose width is a power of two",
            expected: Interval::new(
                interval.lo,
                interval.lo.saturating_add((1 << bits.min(60)) - 1),
            ),
            found: *interval,
        });
    }
    let id = lowering.builder.column(name, shape, *role, *interval);
    let value = Combination::from(lowering.builder.view(id)?);
    lowering.range_check("distance", value.plus_constant(-interval.lo)?, bits)?;
    Ok(id)
}

#[cfg(all(test, feature = "execute"))]
mod tests {
    use super::*;

    fn column(name: &str, len: usize, lo: i64, hi: i64) -> Column {
        Column {
            name: name.into(),
            shape: vec![len],
            role: Role::Parameter,
            interval: Interval::new(lo, hi),
        }
    }

    fn tensor(values: &[i64]) -> Tensor {
        Tensor::from_i64s(vec![values.len()], values.to_vec()).expect("a tensor")
    }

    #[test]
    fn a_certificate_accepts_exactly_the_interval() {
        let columns = [
            column("narrow", 3, -128, 127),
            column("wide", 2, -(1 << 33), (1 << 33) - 1),
            column("odd", 1, 5, 8),
            column("fixed", 1, 7, 7),
        ];
        let certificate = Certificate::new(&columns).expect("a certificate");
        let good = [
            tensor(&[-128, 0, 127]),
            tensor(&[-(1 << 33), (1 << 33) - 1]),
            tensor(&[8]),
            tensor(&[7]),
        ];
        let mut assignment = certificate.assign(&good).expect("an assignment");
        { certificate.system.multiplicities(&mut assignment) }.expect("multiplicities");
        assert_eq!(certificate.system.check(&assignment), Ok(()));

        // A value outside has no witness: neither by the honest path nor by writing it into the column.
        for (at, values) in [
            (0, vec![-129, 0, 0]),
            (0, vec![128, 0, 0]),
            (1, vec![1 << 33, 0]),
            (2, vec![4]),
            (2, vec![9]),
            (3, vec![8]),
        ] {
            let mut bad = good.clone();
            bad[at] = tensor(&values);
            let refused = certificate.assign(&bad);
            assert!(matches!(refused, Err(ProgramError::Value { .. })));
            let mut forged = assignment.clone();
            forged.columns[certificate.columns[at].0.0] = tensor(&values);
            let counted = certificate.system.multiplicities(&mut forged);
            assert!(counted.is_err() || certificate.system.check(&forged).is_err());
        }
    }

    #[test]
    fn a_width_that_is_no_power_of_two_is_refused() {
        for (lo, hi) in [(0, 2), (-128, 128), (3, 2), (i64::MIN, i64::MAX)] {
            assert!(Certificate::new(&[column("c", 1, lo, hi)]).is_err());
        }
    }
}
