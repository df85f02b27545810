//! The security account: every way in which a false statement can pass, in bits.
//!
//! [`account`] maps plain numbers about a statement ([`Sizes`]) to a table of error terms
//! ([`Account`]). A term is the probability that one kind of challenge lets a lie through; the
//! total is the sum of all of them, so it holds by the union bound alone. Nothing in the account
//! is conjectured: Reed-Solomon proximity is used within the unique-decoding radius only.
//!
//! The account belongs to the verifier: whoever holds a verifying key recomputes the table from
//! the sizes in it, and [`Account::require`] refuses a statement that falls short.
//!
//! Grinding is credited to the one challenge that directly follows it, and to nothing else. A
//! prover who wants another draw of that challenge pays for the work again; a challenge further
//! on can be drawn again without it.
//!
//! What the account rests on besides the terms: the Fiat-Shamir transformation with BLAKE3 as
//! the random oracle. The terms are round-by-round, so their sum bounds what one query to the
//! oracle can win. The chapter "Security account" of the book derives each term.
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod choose;
mod sizes;
mod table;
mod terms;
mod whir;

#[cfg(test)]
mod tests;

pub use choose::{TERM_BITS, choose, lookup_grinding, queries_for};
pub use sizes::{Extension, Grinding, MAX_GRINDING, Sizes};
pub use table::{Account, Refused, Term};
pub use terms::account;
pub use whir::{Fold, Round, Whir};

/// Bits of security that every accepted statement has.
pub const REQUIRED_BITS: u32 = 100;

/// A count as a real number, rounded to 53 significant bits.
///
/// Units: none. Rounding moves a term by less than `2^-50` bits, which the rounding of
/// [`Extension::log_size`] outweighs.
fn real(count: usize) -> f64 {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    let half = |part: u64| f64::from(u32::try_from(part).unwrap_or(u32::MAX));
    half(count >> 32) * 4_294_967_296.0 + half(count & 0xffff_ffff)
}

/// `2^exponent`; infinite where that leaves the range of `f64`.
fn power_of_two(exponent: usize) -> f64 {
    libm::exp2(real(exponent))
}
