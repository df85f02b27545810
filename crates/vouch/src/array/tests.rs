//! From reals to integers and back.

use super::*;

#[test]
fn values_come_back_within_half_a_step() {
    let array = Array::new([2, 2], [0.5, -1.75, 1.99, -2.0]);
    let tensor =
        { array.quantise("x", Interval::new(-512, 511), Encoding::Fixed(8)) }.expect("integers");
    let back = Array::from_integers(&tensor, Encoding::Fixed(8));
    for (before, after) in array.data.iter().zip(&back.data) {
        assert!((before - after).abs() <= 1.0 / 512.0);
    }
}

#[test]
fn decimals_are_numbers_of_single_precision_first() {
    let single = f64::from(0.0507f32);
    assert_ne!(single, 0.0507);
    assert_eq!(to_integer(0.0507, 34), to_integer(single, 34));
    // What an output was decoded to stays as it is, however many bits it has.
    let integer = (1i64 << 40) + 1;
    assert_eq!(to_integer(to_real(integer, 30), 30), Some(integer));
}

#[test]
fn levels_round_halves_to_even_and_saturate() {
    let levels = Levels::new(0.5, 3).expect("levels");
    let (interval, encoding) = (Interval::new(-128, 127), Encoding::Levels(levels));
    let values = [
        0.0, 0.25, 0.75, -0.25, 1e30, -1e30, 62.0, 62.3, -65.5, -66.0,
    ];
    let tensor = Array::new([10], values).quantise("x", interval, encoding);
    let tensor = tensor.expect("levels");
    let expected = [3, 3, 5, 3, 127, -128, 127, 127, -128, -128];
    assert_eq!(tensor.to_i64s(), expected);
    let back = Array::from_integers(&tensor, encoding).data;
    assert_eq!(back[..3], [0.0, 0.0, 1.0]);
    assert_eq!(back[4..6], [62.0, -65.5]);
}

#[test]
fn levels_are_computed_in_single_precision() {
    let levels = Levels::new(0.003, 0).expect("levels");
    let encoding = Encoding::Levels(levels);
    let tensor = Tensor::from_i64s(vec![1], vec![101]).expect("a tensor");
    let real = Array::from_integers(&tensor, encoding).data[0];
    assert_eq!(real, f64::from(101f32 * 0.003f32));
    for bad in [f64::NAN, f64::INFINITY, 1e39] {
        let refused = Array::new([1], [bad]).quantise("x", Interval::new(0, 255), encoding);
        assert!(matches!(refused, Err(ArrayError::Value { .. })), "{bad}");
    }
}

#[test]
fn what_is_no_number_or_out_of_range_is_refused_by_name_and_place() {
    for bad in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        2.0,
        -2.01,
        1e300,
    ] {
        let array = Array::new([1, 2, 2], [0.0, 0.0, bad, 0.0]);
        let error = array.quantise("pixels", Interval::new(-512, 511), Encoding::Fixed(8));
        let Err(ArrayError::Value {
            name,
            index,
            low,
            high,
            ..
        }) = error
        else {
            panic!("expected a refusal of {bad}, found {error:?}");
        };
        assert_eq!((name.as_str(), index), ("pixels", vec![0, 1, 0]));
        assert_eq!((low, high), (-2.0, 511.0 / 256.0));
    }
}

#[test]
fn a_wrong_number_of_values_is_refused() {
    for (shape, len) in [(vec![2, 3], 5), (vec![2, 0], 0), (vec![usize::MAX, 2], 1)] {
        let array = Array::new(shape, vec![0.0; len]);
        let refused = array.quantise("x", Interval::new(0, 1), Encoding::Fixed(0));
        assert!(matches!(refused, Err(ArrayError::Length { .. })));
    }
}

#[test]
fn integers_have_no_fractions_and_indices_end_with_their_table() {
    let quantise = |value: f64, hi: i64| {
        Array::new([1, 2], [3.0, value]).quantise("x", Interval::new(0, hi), Encoding::Integer)
    };
    let good = quantise(99.0, 99).expect("integers");
    assert_eq!(good.to_i64s(), [3, 99]);
    assert_eq!(
        Array::from_integers(&good, Encoding::Integer).data,
        [3.0, 99.0]
    );
    let (name, index) = (String::from("x"), vec![0, 1]);
    let refused = ArrayError::Fraction {
        name: name.clone(),
        index: index.clone(),
        value: 1.5,
    };
    assert_eq!(quantise(1.5, 99), Err(refused));
    let refused = ArrayError::Index {
        name,
        index,
        value: 100.0,
        low: 0,
        high: 99,
    };
    assert_eq!(quantise(100.0, 99), Err(refused));
    // A range that somebody chose can be wider.
    for bad in [128.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
        let refused = quantise(bad, 127);
        assert!(matches!(refused, Err(ArrayError::Value { .. })), "{bad}");
    }
}
