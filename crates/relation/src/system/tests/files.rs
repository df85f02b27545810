//! Systems, assignments and tensors from files.

use super::*;
use crate::test_systems;

#[test]
fn systems_and_assignments_survive_a_file() {
    for (name, system, assignment) in test_systems::all(1) {
        let bytes = postcard::to_allocvec(&system).unwrap();
        assert_eq!(
            postcard::from_bytes::<System>(&bytes).unwrap(),
            system,
            "{name}"
        );
        let bytes = postcard::to_allocvec(&assignment).unwrap();
        assert_eq!(
            postcard::from_bytes::<Assignment>(&bytes).unwrap(),
            assignment,
            "{name}"
        );
    }
}

#[test]
fn a_system_from_a_file_is_validated() {
    let fixture = fixture();
    let bytes = postcard::to_allocvec(&fixture.builder).unwrap();
    assert!(postcard::from_bytes::<System>(&bytes).is_err());
    let x = fixture.x;
    let bytes = postcard::to_allocvec(&fixture.enforce(x).builder).unwrap();
    assert!(postcard::from_bytes::<System>(&bytes).is_ok());
}

#[test]
fn bytes_of_systems_that_are_changed_or_cut_never_panic() {
    let mut random = test_systems::Random::new(9);
    for (_, system, _) in test_systems::all(2) {
        let bytes = postcard::to_allocvec(&system).unwrap();
        for _ in 0..300 {
            let mut changed = bytes.clone();
            for _ in 0..=random.bits() % 3 {
                let at = usize::try_from(random.bits()).unwrap() % changed.len();
                changed[at] = random.bits().to_le_bytes()[0];
            }
            if random.bits().is_multiple_of(4) {
                changed.truncate(usize::try_from(random.bits()).unwrap() % changed.len());
            }
            // Either refused, or valid in every respect that the rest relies on.
            if let Ok(system) = postcard::from_bytes::<System>(&changed) {
                let again = postcard::to_allocvec(&system).unwrap();
                assert_eq!(postcard::from_bytes::<System>(&again).unwrap(), system);
            }
        }
    }
}

#[test]
fn hostile_tensors_are_refused() {
    let read = |shape: &[usize], values: &[i8]| {
        let bytes = postcard::to_allocvec(&(shape, 0u32, values)).unwrap();
        postcard::from_bytes::<Tensor>(&bytes).is_ok()
    };
    assert!(read(&[2, 2], &[1, 2, 3, 4]));
    assert!(!read(&[2, 2], &[1, 2, 3]));
    assert!(!read(&[0], &[]));
    assert!(!read(&[usize::MAX, usize::MAX], &[1]));
    assert!(!read(&[1 << 40], &[1]));
    // A length that the bytes do not hold is refused before it is allocated.
    let bytes = [
        1, 3, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1,
    ];
    assert!(postcard::from_bytes::<Tensor>(&bytes).is_err());
    let shape = crate::TensorError::Shape { shape: vec![0] };
    assert_eq!(Tensor::from_i64s(vec![0], vec![]), Err(shape));
    let length = crate::TensorError::Length {
        shape: vec![2],
        expected: 2,
        found: 1,
    };
    assert_eq!(Tensor::from_i64s(vec![2], vec![1]), Err(length));
}

#[test]
fn tensors_are_as_narrow_as_their_values() {
    for (value, bits) in [
        (127, 8),
        (-128, 8),
        (128, 16),
        (-129, 16),
        (1 << 15, 32),
        (1 << 31, 64),
        (i64::MIN, 64),
    ] {
        let tensor = tensor(&[2], &[0, value]);
        let found = match tensor.data {
            crate::Data::I8(_) => 8,
            crate::Data::I16(_) => 16,
            crate::Data::I32(_) => 32,
            crate::Data::I64(_) => 64,
        };
        assert_eq!(found, bits, "{value}");
        assert_eq!((tensor.get(1), tensor.to_i64s()), (value, vec![0, value]));
        assert_eq!(tensor.interval(), Interval::new(value.min(0), value.max(0)));
    }
}
