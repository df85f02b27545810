//! What is known of a value whatever the sizes are. A fact of the program in the making holds for the reference sizes
//! alone: what a lowering leaves out because of it would be missing at others.

use super::builder::{Builder, Value, meet};
use program::Fact;
use relation::interval::Wide;

impl Builder {
    /// Where a result lies: what follows from its operands, and of what can be known for the reference sizes only, what the
    /// program tells there too.
    pub(crate) fn result(known: Wide, here: Wide, fixed: bool) -> Wide {
        if fixed { known } else { meet(known, here) }
    }

    /// How many elements of its input a view adds up to one, for the reference symbols.
    pub(super) fn terms(&self, x: &Value, view: usize) -> Option<i128> {
        let unit = Wide { lo: 0, hi: 1 };
        let unit = Fact::new(self.fact(x.id).shape.clone(), Some(unit)).ok()?;
        let sum = self.viewed(view, &unit)?;
        Some(sum.wide().hi.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use program::operator::Step;
    use program::{Dim, Tensor};

    fn ones(builder: &mut Builder, size: usize) -> Value {
        let tensor = Tensor::from_i64s(vec![size], vec![1; size]).expect("a tensor");
        builder.parameter("ones", tensor, 0).expect("a parameter")
    }

    #[test]
    fn a_sum_of_one_number_is_known_by_the_number_of_its_terms() {
        let mut builder = Builder::new(Vec::new(), Vec::new());
        let x = ones(&mut builder, 4);
        let two = builder.sum(&[(0, &x)], 2, 0).expect("a number");
        let steps = vec![Step::InsertAxis(1), Step::Sum(0)];
        let sum = builder.view(&two, steps, vec![Dim::Known(1)]);
        assert_eq!(sum.expect("a sum").known, Wide { lo: 8, hi: 8 });
        let padding = Step::Pad {
            axis: 0,
            before: Dim::Known(0),
            after: Dim::Known(2),
        };
        let sum = builder.view(&x, vec![padding, Step::Sum(0)], Vec::new());
        assert_eq!(sum.expect("a sum").known, Wide { lo: 0, hi: 6 });
    }
}
