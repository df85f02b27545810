//! A view whose forms are equal on both sides and still leave an element out.

use super::*;
use crate::profile::Goldilocks2;

/// `x[0..3]` and a zero, by forms `2 e - f` on both sides.
fn crooked(view: relation::View) -> Result<relation::View, relation::ViewError> {
    let view = view.insert_axis(1)?.insert_axis(2)?;
    let view = view.broadcast(1, 2)?.broadcast(2, 2)?;
    let view = view.reverse(2)?.reshape(&[4, 4])?;
    let view = view.pad(1, 0, 1)?.slice(1, 1, 4, 1)?;
    view.diagonal(0, 1)
}

fn system(output: [i64; 4]) -> (System, Assignment) {
    let mut maker = Maker::new(1);
    let interval = Interval::new(0, 9);
    let values = vec![1, 2, 3, 7];
    let x = maker.column("x", &[4], Role::Parameter, interval, values);
    let seen = Combination::from(crooked(maker.view(x)).expect("a view"));
    let public = maker.statement("output", &[4], interval, output.to_vec());
    let equation = seen.minus(maker.public(public)).expect("same shape");
    maker.builder.linear("output", equation);
    // A witness, which a proof has.
    let w = maker.random_column("w", &[300], Role::Witness, QUARTER);
    let numbers = maker.range("numbers", 4);
    let row = vec![maker.view(w).into()];
    maker.builder.lookup("w", row, numbers);
    maker.finish()
}

#[test]
fn an_element_that_no_view_reads_is_not_shown() {
    for zero_knowledge in [false, true] {
        let case =
            |output| Case::<Goldilocks2>::new("crooked", system(output), unlimited(zero_knowledge));
        let mut honest = case([1, 2, 3, 0]);
        let proof = honest.prove();
        assert_eq!(honest.verify(&proof), Ok(()));
        let refused = case([1, 2, 3, 7]).try_prove();
        assert!(matches!(refused, Err(ProveError::Unsatisfied(_))));
    }
}
