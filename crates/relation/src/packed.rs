//! Integers in files: all bytes of a vector at once, each value at its full width, least significant byte first.
//!
//! A model has up to billions of parameters; written one by one, as a serialiser does by itself, they take longer to
//! read than a proof takes to check, and numbers of variable length take more room than those of fixed length. Formats
//! for people (JSON) get a list of numbers.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A signed integer with a fixed number of bytes.
pub(crate) trait Packed: Copy + Serialize + for<'de> Deserialize<'de> {
    /// The values' bytes; no copy where memory has the order of the file.
    fn to_bytes(values: &[Self]) -> Cow<'_, [u8]>;
    /// The values of some bytes; none if there is a part of a value left.
    fn from_bytes(bytes: &[u8]) -> Option<Vec<Self>>;
}

macro_rules! packed {
    ($($integer:ty),*) => {$(
        impl Packed for $integer {
            fn to_bytes(values: &[Self]) -> Cow<'_, [u8]> {
                if cfg!(target_endian = "little") {
                    Cow::Borrowed(bytemuck::cast_slice(values))
                } else {
                    Cow::Owned(values.iter().flat_map(|value| value.to_le_bytes()).collect())
                }
            }

            fn from_bytes(bytes: &[u8]) -> Option<Vec<Self>> {
                let (values, rest) = bytes.as_chunks();
                let values = values.iter().map(|&value| Self::from_le_bytes(value));
                rest.is_empty().then(|| values.collect())
            }
        }
    )*};
}

packed!(i8, i16, i32, i64);

pub(crate) fn serialize<T: Packed, S: Serializer>(
    values: &[T],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    if serializer.is_human_readable() {
        values.serialize(serializer)
    } else {
        serializer.serialize_bytes(&T::to_bytes(values))
    }
}

pub(crate) fn deserialize<'de, T: Packed, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    if deserializer.is_human_readable() {
        Vec::deserialize(deserializer)
    } else {
        deserializer.deserialize_bytes(Values(PhantomData))
    }
}

struct Values<T>(PhantomData<T>);

impl<'de, T: Packed> Visitor<'de> for Values<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bytes of integers of {} bytes", size_of::<T>())
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        T::from_bytes(bytes).ok_or_else(|| E::invalid_length(bytes.len(), &self))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use crate::Data;

    #[test]
    fn values_have_their_full_width_in_files() {
        let data = Data::I16(vec![1, -2, i16::MIN]);
        let bytes = postcard::to_allocvec(&data).expect("plain data");
        assert_eq!(bytes, [1, 6, 1, 0, 0xfe, 0xff, 0, 0x80]);
        for data in [
            data,
            Data::I8(vec![-128, 127]),
            Data::I32(vec![i32::MIN, 7]),
            Data::I64(vec![i64::MIN, i64::MAX]),
            Data::I64(vec![]),
        ] {
            let bytes = postcard::to_allocvec(&data).expect("plain data");
            assert_eq!(postcard::from_bytes(&bytes), Ok(data));
        }
    }

    #[test]
    fn part_of_a_value_is_refused() {
        for bytes in [&[1u8, 3, 1, 0, 2][..], &[2, 6, 1, 0, 0, 0, 2, 0], &[3, 200]] {
            assert!(postcard::from_bytes::<Data>(bytes).is_err(), "{bytes:?}");
        }
    }
}
