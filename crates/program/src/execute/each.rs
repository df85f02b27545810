//! Work on each value of a tensor, by all threads where there are many.

use rayon::prelude::*;
use relation::Data;

/// Fewer values than these are not worth a thread.
const FEW: usize = 1 << 13;

/// A function of each value.
pub fn each<T: Copy + Sync>(values: &[T], of: impl Fn(T) -> i64 + Send + Sync) -> Vec<i64> {
    let values = values.par_iter().with_min_len(FEW);
    values.map(|&value| of(value)).collect()
}

/// A function of each value, in the narrowest type that holds all results.
pub fn narrowed(values: &[i64], of: impl Fn(i64) -> i64 + Send + Sync) -> Data {
    let all = || values.par_iter().with_min_len(FEW).map(|&value| of(value));
    let ends = |value| (value, value);
    let (lo, hi) = all().map(ends).reduce(
        || (0, 0),
        |a: (i64, i64), b: (i64, i64)| (a.0.min(b.0), a.1.max(b.1)),
    );
    #[expect(clippy::cast_possible_truncation, reason = "the ends fit")]
    if i8::try_from(lo).is_ok() && i8::try_from(hi).is_ok() {
        Data::I8(all().map(|value| value as i8).collect())
    } else if i16::try_from(lo).is_ok() && i16::try_from(hi).is_ok() {
        Data::I16(all().map(|value| value as i16).collect())
    } else if i32::try_from(lo).is_ok() && i32::try_from(hi).is_ok() {
        Data::I32(all().map(|value| value as i32).collect())
    } else {
        Data::I64(all().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_narrowed_as_a_tensor_narrows_them() {
        let ends = [0, 127, 128, 32767, 32768, 1 << 31, i64::MAX, i64::MIN];
        for end in ends {
            for values in [vec![end], vec![-1, 5, end, 0], vec![end; 3 * FEW], vec![]] {
                let negated: Vec<i64> = values.iter().map(|value| !value).collect();
                assert_eq!(
                    narrowed(&values, |value| !value),
                    Data::narrowed(negated.clone())
                );
                assert_eq!(each(&values, |value| !value), negated);
            }
        }
    }
}
