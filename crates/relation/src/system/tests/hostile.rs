//! Systems that are small in a file and large in what they ask for.

use super::*;
use crate::interval::Wide;

/// `x_0 = x_1 = .. = x_n`, where a table keeps the last one in its interval.
fn chain(n: usize, reverse: bool) -> Builder {
    let Fixture {
        mut builder, bytes, ..
    } = fixture().enforce(ColumnId(0));
    let columns: Vec<View> = (0..=n)
        .map(|_| {
            let id = builder.column("x", &[], Role::Witness, BYTE);
            builder.view(id).unwrap()
        })
        .collect();
    builder.lookup("last", vec![columns[n].clone().into()], bytes);
    for at in 0..n {
        let at = if reverse { at } else { n - 1 - at };
        let sum = Combination::from(columns[at].clone()).minus(columns[at + 1].clone());
        builder.linear("chain", sum.unwrap());
    }
    builder
}

#[test]
fn intervals_that_take_too_long_to_find_are_refused() {
    // In the order of computation one round finds all; in the other each round finds one.
    assert!(chain(5000, false).build().is_ok());
    assert!(chain(50, true).build().is_ok());
    assert_eq!(chain(5000, true).build(), Err(SystemError::Effort));
}

#[test]
fn bounds_that_are_asked_for_one_by_one_share_one_budget() {
    // A padded window that is summed over, of a few values of many: each look at it goes through them all.
    let mut builder = System::builder();
    let w = builder.column("w", &[1 << 25], Role::Parameter, BYTE);
    let few = builder.view(w).unwrap().slice(0, 0, 4, 1).unwrap();
    let window = few.pad(0, 1, 1).unwrap().window(0, 4, 3, 1, 1).unwrap();
    let sum = Combination::from(window.sum(1).unwrap());
    let bounds: Vec<_> = (0..20).map(|_| builder.bound(&sum)).collect();
    let given = bounds.iter().take_while(|bound| bound.is_ok()).count();
    assert!((2..=8).contains(&given), "{given} bounds were given");
    assert_eq!(bounds[0], Ok(Some(Wide { lo: 0, hi: 765 })));
    // It stays refused, whatever is asked for.
    assert_eq!(bounds[given..], vec![Err(SystemError::Effort); 20 - given]);
    let constant = Combination::constant(&[], 1).unwrap();
    assert_eq!(builder.bound(&constant), Err(SystemError::Effort));
    assert!(System::builder().bound(&constant).is_ok());
}

#[test]
fn views_that_are_enumerated_share_one_budget() {
    // A padded window that is summed over: how often it reads does not show in its form.
    let len = 1 << 22;
    let Fixture { mut builder, .. } = fixture().enforce(ColumnId(0));
    let w = builder.column("large", &[len], Role::Parameter, BYTE);
    let window = builder.view(w).unwrap().pad(0, 1, 1).unwrap();
    let window = window.window(0, len, 3, 1, 1).unwrap();
    let sum = window.sum(1).unwrap();
    let mut effort = 40 << 20;
    let exact = sum.reads_within(&mut effort);
    assert!((1..(40 << 20)).contains(&effort));
    assert_eq!(exact.most, 3);
    // What is left does not do for another; the bound stays a bound.
    effort = 1 << 20;
    assert!(sum.reads_within(&mut effort).most >= 3);
    assert_eq!(effort, 0);
}
