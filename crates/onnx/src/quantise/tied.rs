//! Weights that a graph uses twice: an embedding that is also the output's matrix.
//!
//! Exporters and readers write the second use as a tensor of its own, mostly transposed. It is committed once.

use super::builder::{Refusal, Value};
use super::walk::Quantiser;
use crate::array::Array;
use program::operator::Step;

/// Fewer elements than this agree by chance, as scales and biases of untrained layers do.
const LEAST: usize = 256;

/// How a matrix follows from another.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tie {
    Same,
    Transposed,
}

impl Quantiser<'_> {
    /// A parameter that is there already with the elements of a matrix, in the matrix's arrangement.
    pub(super) fn tied(&mut self, array: &Array, bits: i32) -> Result<Option<Value>, Refusal> {
        if array.data.len() < LEAST || array.shape.len() != 2 {
            return Ok(None);
        }
        let found = self.parameters.iter().find_map(|((_, other, own), value)| {
            let tie = if *own == bits {
                tie(other, array)
            } else {
                None
            };
            tie.map(|tie| (tie, value.clone()))
        });
        Ok(match found {
            None => None,
            Some((Tie::Same, value)) => Some(value),
            Some((Tie::Transposed, value)) => {
                let shape = value.shape.iter().rev().cloned().collect();
                let steps = vec![Step::Permute(vec![1, 0])];
                Some(self.builder.view(&value, steps, shape)?)
            }
        })
    }
}

/// How the second matrix follows from the first.
fn tie(a: &Array, b: &Array) -> Option<Tie> {
    if a.shape == b.shape && a.data == b.data {
        return Some(Tie::Same);
    }
    let (&[rows, columns], &[others, own]) = (&a.shape[..], &b.shape[..]) else {
        return None;
    };
    if (rows, columns) != (own, others) {
        return None;
    }
    let column = |at: usize| b.data[at..].iter().step_by(rows.max(1));
    let agree =
        { a.data.chunks(columns.max(1)).enumerate() }.all(|(at, row)| row.iter().eq(column(at)));
    agree.then_some(Tie::Transposed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transposed_copy_is_recognised() {
        let array = |shape: [usize; 2], data: &[f64]| Array {
            shape: shape.to_vec(),
            data: data.to_vec(),
        };
        let matrix = array([2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let transposed = array([3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let other = array([3, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 7.0]);
        assert!(tie(&matrix, &transposed) == Some(Tie::Transposed));
        assert!(tie(&matrix, &matrix) == Some(Tie::Same));
        assert!(tie(&matrix, &other).is_none());
    }
}
