//! The terms of each step of the argument.

use alloc::borrow::Cow;
use alloc::vec;
use alloc::vec::Vec;

use p3_security::SecurityAssumption;

use super::{Account, Extension, Sizes, Term, power_of_two, real};
use crate::parameters::Others;

/// Where the bound on the roots of a polynomial in the challenges is proven.
const SCHWARTZ_ZIPPEL: &str = "Schwartz-Zippel";
/// Where the bound on the rounds of a sumcheck is proven.
const SUMCHECK: &str = "LFKN 1992";
/// Where the positions of the commitments are analysed.
const POSITIONS: &str = "unique decoding";

/// The error terms of a statement of these sizes.
///
/// Every size is taken as given, whatever its value: sizes that make no sense cost bits, they
/// never add any. A term whose event can not happen, such as the batching of no claims, is left
/// out.
///
/// Soundness: the sum of the terms bounds the round-by-round soundness error of the argument.
/// Cost: one term per step and three per WHIR round.
#[must_use]
pub fn account(sizes: &Sizes) -> Account {
    let mut terms = Vec::new();
    lookups(sizes, &mut terms);
    products_and_claims(sizes, &mut terms);
    masks(sizes, &mut terms);
    opening(sizes, &mut terms);
    sizes.whir.terms(sizes.extension, &mut terms);
    terms.push(Term::new(
        "hash: collision",
        128.0,
        0,
        "BLAKE3, 256-bit digests",
    ));
    others(sizes, &mut terms);
    Account {
        terms,
        hiding: hiding(sizes),
    }
}

/// The other arguments, by the union bound.
fn others(sizes: &Sizes, terms: &mut Vec<Term>) {
    let Others { count, bits } = sizes.others;
    if count > 0 {
        let bits = f64::from(bits) - libm::log2(f64::from(count));
        terms.push(Term::new("others: certificates", bits, 0, "their accounts"));
    }
}

/// The term of a challenge that up to `roots` elements of `E` spoil; none if no element does.
pub(super) fn algebraic(
    name: impl Into<Cow<'static, str>>,
    extension: Extension,
    roots: f64,
    work_bits: usize,
    source: &'static str,
) -> Option<Term> {
    (roots > 0.0).then(|| {
        Term::new(
            name,
            extension.log_size() - libm::log2(roots),
            work_bits,
            source,
        )
    })
}

/// Bits of `queries` positions, at each of which a word beyond the unique-decoding radius is
/// caught with probability `(1 - rate) / 2`.
pub(super) fn positions(log_inv_rate: usize, queries: usize) -> f64 {
    SecurityAssumption::UniqueDecoding.queries_error(log_inv_rate, queries)
}

/// Roots of the two events that spoil the lookup challenges: a pole, and a false identity.
///
/// With `N` leaves, the denominators are `alpha` minus a polynomial in `beta` that says which tuple it is, `degree` is
/// the sum of their total degrees. For each `beta`, a denominator vanishes at one `alpha`: `N` poles. A row outside
/// its table leaves a fraction that nothing cancels, as its count is below the characteristic; over the product of all
/// denominators, the sum has a numerator that is not zero, of total degree below `degree`.
///
/// Source: Haboeck, eprint 2022/1530, the lemma on set inclusion; tuples and degree are ours.
pub(super) fn lookup_roots(log_fractions: usize, degree: usize) -> (f64, f64) {
    if log_fractions >= 64 {
        // A row that occurs as often as the characteristic says leaves no fraction.
        return (f64::INFINITY, f64::INFINITY);
    }
    (power_of_two(log_fractions), real(degree))
}

/// Step 2: the lookup challenges, then the layers of the fraction tree.
fn lookups(sizes: &Sizes, terms: &mut Vec<Term>) {
    if sizes.lookup_degree == 0 {
        return;
    }
    let Sizes { extension, .. } = *sizes;
    let work = sizes.grinding.lookup;
    let (poles, zeros) = lookup_roots(sizes.log_fractions, sizes.lookup_degree);
    let source = "LogUp, 2022/1530";
    terms.extend(algebraic("lookup: pole", extension, poles, work, source));
    terms.extend(algebraic(
        "lookup: false identity",
        extension,
        zeros,
        work,
        source,
    ));
    // Layer `l` draws one challenge that joins numerator and denominator, `l` for its sumcheck,
    // each of a polynomial of degree 2 times the factor of `eq`, and one that joins two halves.
    let layers = real(sizes.log_fractions);
    let degree = 2.0 * layers + 3.0 * layers * (layers - 1.0).max(0.0) / 2.0;
    terms.extend(algebraic(
        "lookup: layers",
        extension,
        degree,
        0,
        "GKR, 2023/1284",
    ));
}

/// Steps 3 and 4: the point of the relations, the two batchings and their sumchecks.
fn products_and_claims(sizes: &Sizes, terms: &mut Vec<Term>) {
    let degrees = [
        (
            "products: point",
            real(sizes.point_variables),
            SCHWARTZ_ZIPPEL,
        ),
        ("products: batching", real(sizes.products), SCHWARTZ_ZIPPEL),
        (
            "products: sumcheck",
            3.0 * real(sizes.product_rounds),
            SUMCHECK,
        ),
        ("claims: batching", real(sizes.claims), SCHWARTZ_ZIPPEL),
        ("claims: sumcheck", 2.0 * real(sizes.claim_rounds), SUMCHECK),
    ];
    for (name, degree, source) in degrees {
        terms.extend(algebraic(name, sizes.extension, degree, 0, source));
    }
}

/// Step 6: the equations of the masks, products included.
///
/// A false test differs from a true one by a polynomial with the degree of a product of two rows, `2^(c + 1)`, and
/// weights, or of one row and weights where there are no products; of the `2^(c + r)` positions it is wrong at all but
/// that many. The blind has more than three times as many coefficients as the weights, or twice where there are no
/// products, so of the powers of two that are a row's length the weights have a quarter at most, or a half. Positions
/// at which a committed word is not its polynomial do not help: there the opening fails, see `opening`.
fn masks(sizes: &Sizes, terms: &mut Vec<Term>) {
    let Sizes { extension, .. } = *sizes;
    let ligero = "Ligero, 2022/1608";
    if sizes.equations == 0 {
        return;
    }
    let equations = real(sizes.equations);
    let batching = "masks: batching";
    terms.extend(algebraic(
        batching,
        extension,
        equations,
        0,
        SCHWARTZ_ZIPPEL,
    ));
    let agreeing: f64 = if sizes.slots > 0 {
        2.0 + 0.25
    } else {
        1.0 + 0.5
    };
    let bits = (real(sizes.log_inv_rate) - libm::log2(agreeing)).max(0.0);
    terms.push(Term::new(
        "masks: positions",
        real(sizes.queries) * bits,
        sizes.grinding.query,
        ligero,
    ));
}

/// Step 5: the combination of all rows and the positions at which it is checked.
///
/// Words of length `n` are combined by one challenge for each of the `log2` of the rows, and by
/// one more for the mask polynomial. If the rows together are further from the code than the
/// unique-decoding radius, each challenge brings them closer with probability `n / |E|`. If they
/// are not, each challenge heals each of the fewer than `n` positions at which a row is wrong
/// with probability `1 / |E|`. One of the two happens, so one term covers both.
fn opening(sizes: &Sizes, terms: &mut Vec<Term>) {
    let Sizes { extension, .. } = *sizes;
    let name = "opening: masked claim";
    terms.extend(algebraic(name, extension, 1.0, 0, SCHWARTZ_ZIPPEL));
    let log_rows = usize::BITS.saturating_sub(sizes.rows.saturating_sub(1).leading_zeros());
    let length = power_of_two(sizes.log_len.saturating_add(sizes.log_inv_rate));
    let points = (f64::from(log_rows) + 1.0) * length;
    let source = "2024/1351 cor 3.7, 2020/654 thm 4.1";
    terms.extend(algebraic(
        "opening: combination of rows",
        extension,
        points,
        0,
        source,
    ));
    let bits = positions(sizes.log_inv_rate, sizes.queries);
    terms.push(Term::new(
        "opening: positions",
        bits,
        sizes.grinding.query,
        POSITIONS,
    ));
}

/// What an honest proof can give away: masks that a challenge of zero switches off, and a pole,
/// at which the prover has to stop.
fn hiding(sizes: &Sizes) -> Vec<Term> {
    let Sizes { extension, .. } = *sizes;
    let source = "uniform challenge";
    let mut terms = vec![];
    terms.extend(algebraic(
        "opening: mask times zero",
        extension,
        1.0,
        0,
        source,
    ));
    if sizes.equations > 0 {
        terms.extend(algebraic(
            "masks: mask times zero",
            extension,
            1.0,
            0,
            source,
        ));
    }
    if sizes.lookup_degree > 0 {
        let (poles, _) = lookup_roots(sizes.log_fractions, sizes.lookup_degree);
        terms.extend(algebraic(
            "lookup: honest pole",
            extension,
            poles,
            0,
            "LogUp, 2022/1530",
        ));
    }
    terms
}
