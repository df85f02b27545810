//! Choosing the parameters that bring a statement to the required bits.

use alloc::vec;

use p3_security::SecurityAssumption;

use super::terms::lookup_roots;
use super::{Extension, MAX_GRINDING, Refused, Sizes, Term, Whir, account, real};

/// Bits that the opened positions have, work included, so that the sum keeps 100.
///
/// Sixteen terms of 104 bits sum to 100; a proof has about ten that dominate: the lookup
/// challenges, the rows, the positions, and the foldings and positions of WHIR.
///
/// A constant, whatever the statement and the bits that are required of it: rows of parameters and sealed columns have
/// room for the positions of all proofs, so where their columns lie depends on the number of positions. A certificate of
/// a commitment says something about a proof only if both read it in the same places.
pub const TERM_BITS: usize = 104;

/// Margins over the required total that are tried for single terms, in bits.
const MARGINS: core::ops::RangeInclusive<u32> = 1..=12;

/// The positions to open for `bits` bits without work, at a rate of `2^-log_inv_rate`.
///
/// None if no number of positions will do: at rate one every word is a codeword. The mask
/// argument asks for more: at rate one half its test has no bits either, whatever the
/// positions.
#[must_use]
pub fn queries_for(log_inv_rate: usize, bits: usize) -> Option<usize> {
    (log_inv_rate > 0).then(|| SecurityAssumption::UniqueDecoding.queries(bits, log_inv_rate))
}

/// The bits to grind before the lookup challenges so that these reach `bits` bits.
///
/// None if that takes more than [`MAX_GRINDING`] bits.
#[must_use]
pub fn lookup_grinding(
    extension: Extension,
    log_fractions: usize,
    degree: usize,
    bits: u32,
) -> Option<usize> {
    if degree == 0 {
        return Some(0);
    }
    let (poles, zeros) = lookup_roots(log_fractions, degree);
    let algebraic = extension.log_size() - libm::log2(poles + zeros);
    (0..=MAX_GRINDING).find(|&work| algebraic + real(work) >= f64::from(bits))
}

/// The sizes with the cheapest field, lookup grinding and WHIR that reach `required` bits.
///
/// `extension`, `grinding.lookup` and `whir` of the given sizes are replaced; everything else is
/// kept, the positions and their grinding included, since the layout depends on them (see
/// [`queries_for`]). `whir` makes the schedule of the inner proof whose every term has the given
/// bits, or none if there is no such schedule.
///
/// Errors: [`Refused`] with the terms of the best attempt if no choice reaches `required`.
pub fn choose(
    sizes: &Sizes,
    required: u32,
    mut whir: impl FnMut(Extension, u32) -> Option<Whir>,
) -> Result<Sizes, Refused> {
    let mut best = Refused {
        required,
        found: 0.0,
        weakest: vec![Term::new("whir: no schedule", 0.0, 0, "parameters")],
    };
    for extension in [Extension::Quadratic, Extension::Cubic] {
        for bits in MARGINS.map(|margin| required.saturating_add(margin)) {
            let Some(whir) = whir(extension, bits) else {
                continue;
            };
            let mut chosen = Sizes {
                extension,
                whir,
                ..sizes.clone()
            };
            let (fractions, degree) = (sizes.log_fractions, sizes.lookup_degree);
            chosen.grinding.lookup =
                lookup_grinding(extension, fractions, degree, bits).unwrap_or(MAX_GRINDING);
            match account(&chosen).require(required) {
                Ok(()) => return Ok(chosen),
                Err(refused) if refused.found > best.found => best = refused,
                Err(_) => {}
            }
        }
    }
    Err(best)
}
