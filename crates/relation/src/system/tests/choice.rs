//! Products that are zero: a choice between two values.

use super::*;

/// A magnitude that is looked up, and a column that a product makes zero or that magnitude.
fn choice(
    interval: Interval,
    a: impl Fn(View, View) -> Combination,
    b: impl Fn(View, View) -> Combination,
    labels: [&[usize]; 2],
) -> Result<System, SystemError> {
    let mut fixture = fixture();
    let x = fixture.x;
    let builder = &mut fixture.builder;
    let y = builder.column("y", &[3], Role::Witness, interval);
    let (x_view, y_view) = (builder.view(x).unwrap(), builder.view(y).unwrap());
    let product = Einsum {
        coefficient: 1,
        a: a(x_view.clone(), y_view.clone()),
        a_labels: labels[0].to_vec(),
        b: b(x_view, y_view),
        b_labels: labels[1].to_vec(),
    };
    builder.product("choice", Combination::zero(&[3]), vec![product]);
    fixture.enforce(x).builder.build()
}

#[test]
fn a_product_that_is_zero_enforces_the_choice_between_two_values() {
    let own: [&[usize]; 2] = [&[0], &[0]];
    let difference = |x: View, y: View| Combination::from(x).minus(y).unwrap();
    let plain = |_: View, y: View| Combination::from(y);
    assert!(choice(BYTE, plain, difference, own).is_ok());
    assert!(choice(BYTE, difference, plain, own).is_ok());
    // The other value is the byte that is subtracted from.
    let narrow = Interval::new(0, 254);
    assert!(choice(narrow, plain, difference, own).is_err());
    assert!(choice(narrow, difference, plain, own).is_err());
    let positive = Interval::new(1, 255);
    assert!(choice(positive, plain, difference, own).is_err());
    assert!(choice(positive, difference, plain, own).is_err());
}

#[test]
fn a_product_that_is_zero_enforces_nothing_else() {
    let own: [&[usize]; 2] = [&[0], &[0]];
    let wide = Interval::new(-1000, 1000);
    let difference = |x: View, y: View| Combination::from(x).minus(y).unwrap();
    let plain = |_: View, y: View| Combination::from(y);
    let other = |x: View, _: View| Combination::from(x);
    let twice = |_: View, y: View| Combination::from(y).times(2).unwrap();
    let double = |x: View, y: View| Combination::from(x).plus_times(-2, y).unwrap();
    let reversed = |x: View, y: View| Combination::from(x).minus(y.reverse(0).unwrap()).unwrap();
    let part =
        |_: View, y: View| Combination::from(y.slice(0, 0, 2, 1).unwrap().pad(0, 0, 1).unwrap());
    assert!(choice(wide, plain, difference, own).is_ok());
    // Where the other factor is zero, the column is free.
    assert!(choice(wide, plain, other, own).is_err());
    // Half of a byte is a huge number in the field.
    assert!(choice(wide, plain, double, own).is_err());
    assert!(choice(wide, twice, difference, own).is_err());
    // The factors are about different elements.
    assert!(choice(wide, plain, reversed, own).is_err());
    assert!(choice(wide, part, difference, own).is_err());
}

#[test]
fn a_product_that_is_zero_pairs_its_factors_element_by_element() {
    let build = |shape: &[usize], labels: [&[usize]; 2]| {
        let mut fixture = fixture();
        let builder = &mut fixture.builder;
        let x = builder.column("x", &[2, 2], Role::Parameter, BYTE);
        let y = builder.column("y", &[2, 2], Role::Witness, BYTE);
        let (x, y) = (builder.view(x).unwrap(), builder.view(y).unwrap());
        let product = Einsum {
            coefficient: 1,
            a: y.clone().into(),
            a_labels: labels[0].to_vec(),
            b: Combination::from(x).minus(y).unwrap(),
            b_labels: labels[1].to_vec(),
        };
        builder.product("choice", Combination::zero(shape), vec![product]);
        let x = fixture.x;
        fixture.enforce(x).builder.build()
    };
    assert!(build(&[2, 2], [&[0, 1], &[0, 1]]).is_ok());
    // Transposed, one factor or both; all pairs; a sum over one axis.
    assert!(build(&[2, 2], [&[0, 1], &[1, 0]]).is_err());
    assert!(build(&[2, 2], [&[1, 0], &[0, 1]]).is_err());
    assert!(build(&[2, 2], [&[1, 0], &[1, 0]]).is_err());
    assert!(build(&[2, 2, 2, 2], [&[0, 1], &[2, 3]]).is_err());
    assert!(build(&[2], [&[0, 1], &[0, 1]]).is_err());
    assert!(build(&[2, 2], [&[0, 2], &[2, 1]]).is_err());
}

#[test]
fn a_product_that_is_not_zero_or_has_another_term_enforces_no_choice() {
    let build = |left: bool, twice: bool, coefficient: i64| {
        let mut fixture = fixture();
        let x = fixture.x;
        let builder = &mut fixture.builder;
        let y = builder.column("y", &[3], Role::Witness, BYTE);
        let (x_view, y) = (builder.view(x).unwrap(), builder.view(y).unwrap());
        let product = Einsum {
            coefficient,
            a: y.clone().into(),
            a_labels: vec![0],
            b: Combination::from(x_view.clone()).minus(y).unwrap(),
            b_labels: vec![0],
        };
        let left = if left {
            x_view.into()
        } else {
            Combination::zero(&[3])
        };
        let right = vec![product; if twice { 2 } else { 1 }];
        builder.product("choice", left, right);
        fixture.enforce(x).builder.build()
    };
    assert!(build(false, false, 1).is_ok());
    assert!(build(false, false, -7).is_ok());
    assert!(build(false, false, 0).is_err());
    assert!(build(true, false, 1).is_err());
    assert!(build(false, true, 1).is_err());
}

#[test]
fn a_column_that_both_factors_hide_is_not_enforced() {
    // y (x - z) = 0 with two open columns: z is free where y is zero, y where z is x.
    let mut fixture = fixture();
    let x = fixture.x;
    let builder = &mut fixture.builder;
    let [y, z] = ["y", "z"].map(|name| builder.column(name, &[3], Role::Witness, BYTE));
    let [x_view, y, z] = [x, y, z].map(|id| builder.view(id).unwrap());
    let product = Einsum {
        coefficient: 1,
        a: y.into(),
        a_labels: vec![0],
        b: Combination::from(x_view).minus(z).unwrap(),
        b_labels: vec![0],
    };
    builder.product("choice", Combination::zero(&[3]), vec![product]);
    assert!(fixture.enforce(x).builder.build().is_err());
}

#[test]
fn a_combination_is_bounded_by_its_sources_one_by_one() {
    let mut fixture = fixture();
    let x = fixture.x;
    let builder = &mut fixture.builder;
    let view = builder.view(x).unwrap();
    let mut bound = |combination: Combination| {
        let bound = builder.bound(&combination).unwrap();
        bound.map(|wide| (wide.lo, wide.hi))
    };
    let plain = Combination::from(view.clone());
    let shifted = plain.clone().times(-2).unwrap().plus_constant(10).unwrap();
    assert_eq!(bound(shifted), Some((-500, 10)));
    let sum = view.clone().sum(0).unwrap();
    assert_eq!(bound(sum.into()), Some((0, 765)));
    // Where a view reads nothing it is zero.
    let ones = Combination::constant(&[3], 7).unwrap();
    assert_eq!(bound(ones.clone()), Some((7, 7)));
    let padded = ones.map(&[4], |view| view.pad(0, 0, 1)).unwrap();
    assert_eq!(bound(padded), Some((0, 7)));
}

#[test]
fn the_factors_of_a_product_that_is_zero_do_not_wrap_but_their_product_may() {
    let own: [&[usize]; 2] = [&[0], &[0]];
    let large = |factor: i64| move |_: View, y: View| Combination::from(y).times(factor).unwrap();
    let build = |factor| {
        let mut fixture = fixture();
        let x = fixture.x;
        let view = fixture.view(x);
        let factors = [1, 2].map(|_| large(factor)(view.clone(), view.clone()));
        let [a, b] = factors;
        let (a_labels, b_labels) = (own[0].to_vec(), own[1].to_vec());
        let product = Einsum {
            coefficient: 1,
            a,
            a_labels,
            b,
            b_labels,
        };
        fixture
            .builder
            .product("zero", Combination::zero(&[3]), vec![product]);
        fixture.enforce(x).builder.build()
    };
    assert!(build(1 << 50).is_ok());
    assert!(matches!(build(1 << 56), Err(SystemError::Wraps { .. })));
}

#[test]
fn a_product_that_is_zero_only_modulo_a_power_of_two_is_found() {
    let mut builder = System::builder();
    let wide = Interval::new(0, 1 << 40);
    let a = builder.column("a", &[1], Role::Parameter, wide);
    let view = builder.view(a).unwrap();
    let product = einsum(view.clone(), &[0], view, &[0]);
    builder.product("zero", Combination::zero(&[1]), vec![product]);
    let system = builder.build().unwrap();
    let check = |value| {
        let columns = vec![Tensor::from_i64s(vec![1], vec![value]).unwrap()];
        system.check(&Assignment {
            columns,
            statement: Vec::new(),
        })
    };
    assert_eq!(check(0), Ok(()));
    assert!(matches!(check(1 << 32), Err(Violation::Product { .. })));
}
