//! Zero knowledge of the mask argument, exactly: over the field of five elements every choice of the prover's
//! randomness is enumerated, and what a proof shows has the same distribution for all witnesses of a statement.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::{Display, Formatter};
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use argument::channel::sender::Sender;
use argument::channel::{Channel, Masked};
use argument::masks::{MaskRows, MaskShape, verify};
use num_bigint::BigUint;
use p3_challenger::{CanObserve, CanSample, CanSampleBits, FieldChallenger, GrindingChallenger};
use p3_field::integers::QuotientMap;
use p3_field::{
    Field, Packable, PrimeCharacteristicRing, PrimeField, RawDataSerializable, TwoAdicField,
};
use rand::distr::{Distribution, StandardUniform};
use rand::{Rng, TryCryptoRng, TryRng};
use serde::{Deserialize, Serialize};

/// The integers modulo five.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
struct Five(u8);

impl Display for Five {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! operation {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident, |$a:ident, $b:ident| $value:expr) => {
        impl $trait for Five {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                let ($a, $b) = (self.0, other.0);
                Self($value % 5)
            }
        }
        impl $assign for Five {
            fn $assign_method(&mut self, other: Self) {
                *self = $trait::$method(*self, other);
            }
        }
    };
}

operation!(Add, add, AddAssign, add_assign, |a, b| a + b);
operation!(Sub, sub, SubAssign, sub_assign, |a, b| a + 5 - b);
operation!(Mul, mul, MulAssign, mul_assign, |a, b| a * b);
operation!(Div, div, DivAssign, div_assign, |a, b| {
    assert_ne!(b, 0);
    a * (b * b % 5) * b
});

impl Neg for Five {
    type Output = Self;
    fn neg(self) -> Self {
        Self(0) - self
    }
}

impl Sum for Five {
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self(0), Add::add)
    }
}

impl Product for Five {
    fn product<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self(1), Mul::mul)
    }
}

impl PrimeCharacteristicRing for Five {
    type PrimeSubfield = Self;
    const ZERO: Self = Self(0);
    const ONE: Self = Self(1);
    const TWO: Self = Self(2);
    const NEG_ONE: Self = Self(4);
    fn from_prime_subfield(value: Self) -> Self {
        value
    }
    fn halve(&self) -> Self {
        *self * Self(3)
    }
}

macro_rules! integers {
    ($($int:ty),*) => {$(
        impl QuotientMap<$int> for Five {
            fn from_int(value: $int) -> Self {
                Self((value as i128).rem_euclid(5) as u8)
            }
            fn from_canonical_checked(value: $int) -> Option<Self> {
                (0..5).contains(&(value as i128)).then(|| Self::from_int(value))
            }
            unsafe fn from_canonical_unchecked(value: $int) -> Self {
                Self::from_int(value)
            }
        }
    )*};
}

integers!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128);

impl RawDataSerializable for Five {
    const NUM_BYTES: usize = 1;
    fn into_bytes(self) -> impl IntoIterator<Item = u8> {
        [self.0]
    }
}

impl Packable for Five {}

impl Field for Five {
    type Packing = Self;
    const GENERATOR: Self = Self(2);
    fn try_inverse(&self) -> Option<Self> {
        (self.0 != 0).then(|| Self(1) / *self)
    }
    fn try_sqrt(&self) -> Option<Self> {
        (0..5).map(Self).find(|root| *root * *root == *self)
    }
    fn order() -> BigUint {
        BigUint::from(5u8)
    }
}

impl PrimeField for Five {
    fn as_canonical_biguint(&self) -> BigUint {
        BigUint::from(self.0)
    }
}

impl TwoAdicField for Five {
    const TWO_ADICITY: usize = 2;
    fn two_adic_generator(bits: usize) -> Self {
        [Self(1), Self(4), Self(2)][bits]
    }
}

impl Distribution<Five> for StandardUniform {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> Five {
        Five((rng.next_u32() % 5) as u8)
    }
}

/// "Randomness" that is one of all possibilities: given digits, in the order in which they are drawn.
struct Digits<'a>(std::slice::Iter<'a, u8>);

impl TryRng for Digits<'_> {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from(
            *self.0.next().expect("as many digits as are drawn"),
        ))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.try_next_u32().map(u64::from)
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        unreachable!("elements are drawn one by one")
    }
}

impl TryCryptoRng for Digits<'_> {}

/// Challenges that are known in advance: two, three, two, three, ..
#[derive(Clone)]
struct Frozen(u8);

impl CanObserve<Five> for Frozen {
    fn observe(&mut self, _: Five) {}
}

impl CanSample<Five> for Frozen {
    fn sample(&mut self) -> Five {
        self.0 ^= 1;
        Five(2 + self.0)
    }
}

impl CanSampleBits<usize> for Frozen {
    fn sample_bits(&mut self, _: usize) -> usize {
        0
    }
}

impl FieldChallenger<Five> for Frozen {}

impl GrindingChallenger for Frozen {
    type Witness = Five;
    fn grind(&mut self, _: usize) -> Five {
        Five(0)
    }
}

/// One position is opened; it lies outside the subgroups of order one and two.
const POINT: Five = Five(3);

/// A statement's protocol: what is sent, and what must be zero.
struct Protocol {
    shape: MaskShape,
    /// Digits that are drawn after the masks; the one of these numbers is not used.
    free: usize,
    unused: usize,
    send: fn(&mut Sender<'_, Five, Five, Frozen>, &[u8]),
    run: fn(&mut Masked<'_, Five, Five, Frozen>),
}

/// Two hidden values with the sum four. Rows have one mask: of longer ones the field has no transform.
const SUM: Protocol = Protocol {
    shape: MaskShape {
        log_spread: 0,
        singles: 2,
        slots: 0,
        row_len: 1,
        queries: 1,
        degree: 1,
    },
    // One random coefficient for each of two rows, two of the blind.
    free: 4,
    unused: 2,
    send: |sender, values| {
        for &value in values {
            sender.send(Five(value));
        }
    },
    run: |channel| {
        let (x, y) = (channel.receive().expect("x"), channel.receive().expect("y"));
        channel
            .require_zero("sum", x + y - Five(4).into())
            .expect("recorded");
    },
};

/// Two hidden values with the product one.
const PRODUCT: Protocol = Protocol {
    shape: MaskShape {
        log_spread: 0,
        singles: 0,
        slots: 1,
        row_len: 1,
        queries: 1,
        degree: 1,
    },
    // The blind has one coefficient more.
    free: 5,
    unused: 2,
    send: |sender, values| sender.send_product(Five(values[0]), Five(values[1])),
    run: |channel| {
        let slot = channel.receive_product().expect("a slot");
        channel
            .require_zero("product", slot.product - Five(1).into())
            .expect("recorded");
    },
};

/// Everything that a proof shows: messages, revealed polynomials, opened rows. Each is checked by the verifier.
fn shown(protocol: &Protocol, values: &[u8], digits: &[u8]) -> Vec<u8> {
    let mut digits = Digits(digits.iter());
    let rows = MaskRows::<Five>::random::<Five>(protocol.shape, &mut digits);
    let mut challenger = Frozen(0);
    let mut sender = Sender::new(Some(rows.masks()), &mut challenger);
    (protocol.send)(&mut sender, values);
    let (messages, works) = sender.finish();
    let mut challenger = Frozen(0);
    let mut channel = Masked::new(&messages, &works, &mut challenger);
    (protocol.run)(&mut channel);
    let equations = channel.finish().expect("all is read");
    let proof = rows.prove::<Five, _>(&equations, &mut Frozen(0));
    let pending = verify::<Five, Five, _>(&protocol.shape, &equations, &proof, &mut Frozen(0))
        .expect("lengths");
    let opened: Vec<Five> = (0..protocol.shape.base_rows())
        .map(|row| {
            let mut coefficients = [Five(0); 16];
            rows.write(row, 0, &mut coefficients);
            coefficients
                .iter()
                .rev()
                .fold(Five(0), |value, &c| value * POINT + c)
        })
        .collect();
    pending
        .check(&[POINT], &[&opened])
        .expect("an honest proof");
    let all = messages.into_iter().chain(proof.test).chain(opened);
    assert_eq!(digits.0.len(), 0, "all digits are drawn");
    all.map(|value| value.0).collect()
}

/// How often each proof with the given messages occurs, over all randomness beside the masks, which the messages
/// determine. `off` is a digit that is always zero.
fn histogram(
    protocol: &Protocol,
    values: &[u8],
    messages: &[u8],
    off: Option<usize>,
) -> BTreeMap<Vec<u8>, u32> {
    let free: Vec<usize> = (0..protocol.free)
        .filter(|&d| d != protocol.unused && Some(d) != off)
        .collect();
    let mut histogram = BTreeMap::new();
    for number in 0..5usize.pow(free.len() as u32) {
        let mut digits = vec![0; values.len() + protocol.free];
        for (mask, (message, value)) in digits.iter_mut().zip(messages.iter().zip(values)) {
            *mask = (message + 5 - value) % 5;
        }
        let mut rest = number;
        for &digit in &free {
            digits[values.len() + digit] = (rest % 5) as u8;
            rest /= 5;
        }
        *histogram
            .entry(shown(protocol, values, &digits))
            .or_default() += 1;
    }
    histogram
}

/// The messages are uniform, since the masks are; given the messages, all that a proof shows is distributed alike.
fn one_distribution(protocol: &Protocol, witnesses: &[&[u8]], messages: &[&[u8]]) {
    for &messages in messages {
        let reference = histogram(protocol, witnesses[0], messages, None);
        assert!(reference.keys().all(|proof| proof.starts_with(messages)));
        for &witness in &witnesses[1..] {
            assert!(
                histogram(protocol, witness, messages, None) == reference,
                "{witness:?}"
            );
        }
    }
}

const MESSAGES: [&[u8]; 3] = [&[0, 0], &[1, 4], &[3, 2]];

#[test]
fn proofs_about_a_sum_have_one_distribution_for_all_witnesses() {
    let witnesses: [&[u8]; 5] = [&[0, 4], &[1, 3], &[2, 2], &[3, 1], &[4, 0]];
    one_distribution(&SUM, &witnesses, &MESSAGES);
}

#[test]
fn proofs_about_a_product_have_one_distribution_for_all_witnesses() {
    one_distribution(&PRODUCT, &[&[1, 1], &[2, 3]], &MESSAGES);
}

/// The positive control: each digit of randomness is needed, but for the blind of the sum: in rows of one mask, what the
/// test shows of them follows from the equation and the opened symbols.
#[test]
fn without_any_part_of_the_randomness_the_distributions_differ() {
    let protocols: [(_, [&[u8]; 2]); 2] =
        [(&SUM, [&[0, 4], &[1, 3]]), (&PRODUCT, [&[1, 1], &[2, 3]])];
    for (protocol, witnesses) in protocols {
        for digit in (0..protocol.free).filter(|&digit| digit != protocol.unused) {
            let [one, two] =
                witnesses.map(|witness| histogram(protocol, witness, &[1, 4], Some(digit)));
            let redundant = protocol.shape.slots == 0 && digit > protocol.unused;
            assert_eq!(one == two, redundant, "digit {digit}");
        }
    }
}
