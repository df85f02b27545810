//! How far the integer program is from the float model.

use crate::array::Array;

/// How far an output of the integer program is from the float model's.
#[derive(Clone, Debug, PartialEq)]
pub struct Accuracy {
    /// The output.
    pub name: String,
    /// The largest distance.
    pub max_error: f64,
    /// The mean distance.
    pub mean_error: f64,
    /// From the smallest to the largest value of the float model.
    pub spread: f64,
    /// The share of rows whose largest entry is the same; absent for rows of one entry.
    pub top1: Option<f64>,
    /// Rows that were compared.
    pub rows: usize,
}

/// The part of an output's spread that an error must not reach unnoticed.
const FAR_OFF: f64 = 0.05;

impl Accuracy {
    /// What a person should know of an output that is far off; more than few bits explain.
    pub(crate) fn remark(&self) -> Option<String> {
        (self.max_error > FAR_OFF * self.spread).then(|| {
            format!(
                "output {:?} is up to {:.3} away from the float model, whose values span {:.3}: calibrate on data like that \
                 which will be proven, try more --activation-bits, and do not rely on it otherwise",
                self.name, self.max_error, self.spread
            )
        })
    }
}

/// An output of both, as it is compared.
#[derive(Default)]
pub(crate) struct Comparison {
    max: f64,
    sum: f64,
    values: usize,
    /// The smallest and the largest value of the float model.
    ends: Option<(f64, f64)>,
    rows: usize,
    agreeing: usize,
    is_ranked: bool,
}

impl Comparison {
    /// Adds what both gave for one input.
    pub fn add(&mut self, integer: &Array, float: &onnx::Array) {
        for (a, b) in integer.data.iter().zip(&float.data) {
            let error = (a - b).abs();
            self.max = self.max.max(error);
            self.sum += error;
            self.values += 1;
            let (low, high) = self.ends.unwrap_or((*b, *b));
            self.ends = Some((low.min(*b), high.max(*b)));
        }
        let width = integer.shape.last().copied().unwrap_or(1).max(1);
        self.is_ranked |= width > 1;
        for (a, b) in integer.data.chunks(width).zip(float.data.chunks(width)) {
            self.rows += 1;
            // Equal entries of the integer program may be close ones of the float model: any of them agrees.
            let best = largest(b);
            let top = a.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            self.agreeing += usize::from(best.is_some_and(|best| a.get(best) == Some(&top)));
        }
    }

    /// What was found of the output of some name.
    pub fn finish(self, name: String) -> Accuracy {
        #[expect(clippy::cast_precision_loss, reason = "counts of values")]
        let share = |part: f64, whole: usize| part / whole.max(1) as f64;
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let agreeing = self.agreeing as f64;
        Accuracy {
            name,
            max_error: self.max,
            mean_error: share(self.sum, self.values),
            spread: self.ends.map_or(0.0, |(low, high)| high - low),
            top1: self.is_ranked.then(|| share(agreeing, self.rows)),
            rows: self.rows,
        }
    }
}

fn largest(row: &[f64]) -> Option<usize> {
    (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]).then(b.cmp(&a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_far_off_is_remarked() {
        let remark = |found: [f64; 3]| {
            let mut comparison = Comparison::default();
            let shape = vec![3];
            let float = onnx::Array {
                shape: shape.clone(),
                data: vec![-1.0, 0.0, 3.0],
            };
            comparison.add(&Array::new([3], found), &float);
            let accuracy = comparison.finish("y".into());
            assert!((accuracy.spread - 4.0).abs() < 1e-12);
            accuracy.remark()
        };
        assert_eq!(remark([-1.0, 0.1, 3.1]), None);
        let far = remark([-1.0, 0.7, 3.0]).expect("a remark");
        assert!(far.contains("\"y\"") && far.contains("0.700") && far.contains("4.000"));
    }
}
