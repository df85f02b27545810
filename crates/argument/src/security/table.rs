//! Terms, their sum, and the refusal of a sum that is too small.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;
use serde::ser::{SerializeStruct, Serializer};
use thiserror::Error;

use super::MAX_GRINDING;

/// One way to pass with a lie: how unlikely it is, and how much work each attempt takes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Term {
    /// What goes wrong, as `step: event`.
    pub name: Cow<'static, str>,
    /// `-log2` of the probability of the event.
    pub bits_without_work: f64,
    /// Bits of grinding directly before the challenge of this term.
    pub work_bits: usize,
    /// Where the bound is proven.
    pub source: &'static str,
}

impl Term {
    /// A term; a bound above one says as much as a bound of one, and work beyond
    /// [`MAX_GRINDING`] is not credited.
    pub(super) fn new(
        name: impl Into<Cow<'static, str>>,
        bits: f64,
        work_bits: usize,
        source: &'static str,
    ) -> Self {
        Self {
            name: name.into(),
            // `max` also turns a NaN into zero, so that it can not hide in a sum; adding zero
            // turns the zero that is negative into the other one, for the table's sake.
            bits_without_work: bits.max(0.0) + 0.0,
            work_bits: work_bits.min(MAX_GRINDING),
            source,
        }
    }

    /// Bits of security of this term, its work included.
    #[must_use]
    pub fn bits(&self) -> f64 {
        self.bits_without_work + super::real(self.work_bits)
    }
}

/// The error terms of one statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// What a lying prover can hope for, in the order of the protocol.
    pub terms: Vec<Term>,
    /// Statistical distance between an honest proof and a simulated one. Not part of the total,
    /// which is about soundness.
    pub hiding: Vec<Term>,
}

impl Account {
    /// `-log2` of the sum of all terms, work included.
    #[must_use]
    pub fn total_bits(&self) -> f64 {
        sum(self.terms.iter().map(Term::bits))
    }

    /// `-log2` of the sum of all terms when nobody grinds.
    #[must_use]
    pub fn total_bits_without_work(&self) -> f64 {
        sum(self.terms.iter().map(|term| term.bits_without_work))
    }

    /// `-log2` of the statistical distance that zero knowledge allows for.
    #[must_use]
    pub fn hiding_bits(&self) -> f64 {
        sum(self.hiding.iter().map(|term| term.bits_without_work))
    }

    /// The terms that cost most, the worst first.
    #[must_use]
    pub fn weakest(&self, count: usize) -> Vec<Term> {
        let mut terms = self.terms.clone();
        terms.sort_by(|a, b| a.bits().total_cmp(&b.bits()));
        terms.truncate(count);
        terms
    }

    /// Accepts the account if its total reaches `required` bits.
    ///
    /// Errors: [`Refused`] with the weakest terms if it does not.
    pub fn require(&self, required: u32) -> Result<(), Refused> {
        let found = self.total_bits();
        if found >= f64::from(required) {
            return Ok(());
        }
        Err(Refused {
            required,
            found,
            weakest: self.weakest(3),
        })
    }
}

/// `-log2` of a sum of probabilities given as bits; infinite for an empty sum.
fn sum(bits: impl Iterator<Item = f64>) -> f64 {
    -libm::log2(bits.map(|bits| libm::exp2(-bits)).sum())
}

/// A statement whose error terms sum to too much.
#[derive(Clone, Debug, PartialEq, Error)]
#[error(
    "expected {required} bits of security, found {found:.1}; weakest terms: {}; \
     split the statement or use a larger challenge field",
    Names(.weakest)
)]
pub struct Refused {
    /// The bits that were asked for.
    pub required: u32,
    /// The bits that the sum of all terms leaves.
    pub found: f64,
    /// The terms that cost most, the worst first.
    pub weakest: Vec<Term>,
}

/// The names and bits of some terms, in one line.
struct Names<'a>(&'a [Term]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, term) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{} ({:.1})", term.name, term.bits())?;
        }
        Ok(())
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.terms.iter().chain(&self.hiding);
        let width = all
            .map(|term| term.name.chars().count())
            .max()
            .unwrap_or(0)
            .max(24);
        writeln!(
            f,
            "{:<width$}  {:>7}  {:>4}  {:>7}  source",
            "term", "bits", "work", "total"
        )?;
        for term in &self.terms {
            writeln!(
                f,
                "{:<width$}  {:>7.1}  {:>4}  {:>7.1}  {}",
                term.name,
                term.bits_without_work,
                term.work_bits,
                term.bits(),
                term.source
            )?;
        }
        let (without, total) = (self.total_bits_without_work(), self.total_bits());
        writeln!(
            f,
            "{:<width$}  {without:>7.1}  {:>4}  {total:>7.1}",
            "sum", ""
        )?;
        for (index, term) in self.hiding.iter().enumerate() {
            let title = if index == 0 {
                "\nzero knowledge, distance from a simulated proof\n"
            } else {
                ""
            };
            writeln!(
                f,
                "{title}{:<width$}  {:>7.1}  {:>4}  {:>7}  {}",
                term.name, term.bits_without_work, "", "", term.source
            )?;
        }
        Ok(())
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut account = serializer.serialize_struct("Account", 4)?;
        account.serialize_field("total_bits", &self.total_bits())?;
        account.serialize_field("total_bits_without_work", &self.total_bits_without_work())?;
        account.serialize_field("terms", &self.terms)?;
        account.serialize_field("hiding", &self.hiding)?;
        account.end()
    }
}
