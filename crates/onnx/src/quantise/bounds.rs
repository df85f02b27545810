//! What is known of a value whatever the sizes are. A fact of the program in the making holds for the reference sizes
//! alone: what a lowering leaves out because of it would be missing at others.

use super::builder::{Builder, Value, meet};
use super::position::Position;
use program::{Fact, Interval};
use relation::interval::Wide;

impl Builder {
    /// Where a value lies for all values of the symbols, as far as a program can tell; nothing if that is not known.
    pub fn interval(&self, x: &Value) -> Option<Interval> {
        let here = self.fact(x.id).interval;
        if !x.fixed || x.known.within(here.into()) {
            return x.fixed.then_some(here);
        }
        // What a range check shows may reach further than what is there at the reference sizes.
        let shown = Self::declared(x.known, true)?;
        Some(Interval::new(shown.lo.min(here.lo), shown.hi.max(here.hi)))
    }

    /// Where a result lies: what follows from its operands, and of what can be known for the reference sizes only, what the
    /// program tells there too.
    pub(crate) fn result(known: Wide, here: Wide, fixed: bool) -> Wide {
        if fixed { known } else { meet(known, here) }
    }

    /// Whether a value is known to be no less than a number, for all values of the symbols.
    pub fn is_at_least(&self, x: &Value, least: i64) -> bool {
        if let Some(interval) = self.interval(x) {
            return interval.lo >= least;
        }
        let position = x.position.as_ref();
        least <= 0 && position.is_some_and(Position::is_at_least_zero)
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

    #[test]
    fn where_a_value_lies_is_said_for_all_sizes_only() {
        let mut builder = Builder::new(Vec::new(), Vec::new());
        let mut x = ones(&mut builder, 4);
        assert_eq!(builder.interval(&x), Some(Interval::new(0, 1)));
        assert!(builder.is_at_least(&x, 0) && !builder.is_at_least(&x, 1));
        // Further than here, as at other sizes.
        x.known.hi = 4;
        assert_eq!(builder.interval(&x), Some(Interval::new(0, 7)));
        x.fixed = false;
        assert_eq!(builder.interval(&x), None);
        assert!(!builder.is_at_least(&x, 0));
    }
}
