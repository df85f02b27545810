//! What holds of every key, whoever made it: it asks for enough, and it has one reading.

use crate::content::{Content, KeyError, MAX_SYMBOL};
use argument::parameters::Parameters;
use argument::security::REQUIRED_BITS;
use program::Visibility;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Scales for which every integer can be told from every other as a real number, but for the rounding to 53 bits.
const FRACTION_BITS: RangeInclusive<i32> = -256..=256;

/// The fewest bits that each of `count` certificates has beyond those of a verification: they lose less than it may lose.
pub(crate) fn margin(count: u32) -> u32 {
    let power = count.saturating_add(1).checked_next_power_of_two();
    power.map_or(u32::BITS, u32::ilog2)
}

fn range(what: &'static str, expected: &'static str, found: impl ToString) -> KeyError {
    KeyError::Range {
        what,
        expected,
        found: found.to_string(),
    }
}

impl Content {
    /// Checks what does not depend on the symbols.
    ///
    /// Errors: [`KeyError`].
    pub fn check(&self) -> Result<(), KeyError> {
        self.check_symbol_limits()?;
        self.check_parameters()?;
        self.check_reading()?;
        if self.model.is_some() == self.private()?.is_empty() {
            let expected = "one exactly if there are private parameters";
            return Err(range("model commitment", expected, self.model.is_some()));
        }
        let sealed = |visibility| visibility == Visibility::Sealed;
        match { self.program.parameters.iter() }.find(|parameter| sealed(parameter.visibility)) {
            Some(parameter) => Err(KeyError::Sealed {
                what: "parameter",
                name: parameter.name.clone(),
                instead: "private: the key then commits to it",
            }),
            None => Ok(()),
        }
    }

    fn check_symbol_limits(&self) -> Result<(), KeyError> {
        let symbols = self.program.symbols.len();
        if self.limits.len() != symbols {
            return Err(KeyError::Symbols {
                expected: symbols,
                found: self.limits.len(),
            });
        }
        match { self.limits.iter() }.find(|limit| !(1..=MAX_SYMBOL).contains(*limit)) {
            Some(limit) => Err(range("symbol limits", "1 to 2^24", limit)),
            None => Ok(()),
        }
    }

    /// That the argument is asked for all that makes it one.
    fn check_parameters(&self) -> Result<(), KeyError> {
        let Parameters {
            security_bits,
            others,
            zero_knowledge,
            log_len,
            model_proofs,
            sealed_proofs,
            ..
        } = self.parameters;
        if security_bits < REQUIRED_BITS {
            return Err(range("security", "at least 100 bits", security_bits));
        }
        if others.count != self.others()? {
            let expected = "one for each certificate, the key's and those of seals";
            return Err(range("other arguments", expected, others.count));
        }
        let least = match others.count {
            0 => 0,
            count => security_bits.saturating_add(margin(count)),
        };
        if others.bits < least || (others.count == 0 && others.bits > 0) {
            let expected = "enough bits to leave some for the proof, none without certificates";
            return Err(range("bits of certificates", expected, others.bits));
        }
        if !zero_knowledge {
            return Err(range("zero knowledge", "true", false));
        }
        if log_len.is_none() {
            return Err(range("row length", "a fixed one", "none"));
        }
        if model_proofs == 0 || sealed_proofs == 0 {
            return Err(range("budgets", "at least one proof", "none"));
        }
        Ok(())
    }

    /// That a verifier reads one thing out of a statement: values are told apart, and so are symbols and seals, which
    /// are shown by name. [`program::Program::infer`] says so of inputs and outputs.
    fn check_reading(&self) -> Result<(), KeyError> {
        let inputs = { self.program.inputs.iter() }.map(|input| input.encoding);
        let outputs = { self.program.outputs.iter() }.map(|output| output.encoding);
        // Levels have bounds of their own.
        let mut bits = inputs
            .chain(outputs)
            .filter_map(|encoding| encoding.fraction_bits());
        if let Some(bits) = bits.find(|bits| !FRACTION_BITS.contains(bits)) {
            return Err(range("fraction bits", "-256 to 256", bits));
        }
        let symbols = self.program.symbols.iter().map(String::as_str);
        let twice = repeated(symbols).map(|name| ("symbols", name));
        match twice.or_else(|| repeated(self.sealed()).map(|name| ("seals", name))) {
            Some((what, name)) => {
                let expected = "a name of its own for each";
                Err(range(what, expected, format!("two of {name:?}")))
            }
            None => Ok(()),
        }
    }

    /// The names of all sealed tensors.
    pub fn sealed(&self) -> impl Iterator<Item = &str> {
        let inputs = { self.program.inputs.iter() }.map(|i| (i.visibility, i.name.as_str()));
        let outputs = { self.program.outputs.iter() }.map(|o| (o.visibility, o.name.as_str()));
        let all = inputs.chain(outputs);
        all.filter_map(|(seen, name)| (seen == Visibility::Sealed).then_some(name))
    }

    /// Arguments that a verification rests on besides the proof: the key's certificate if it has one, that of each seal.
    ///
    /// Errors: [`KeyError::Program`] if a node refers to no parameter.
    pub fn others(&self) -> Result<u32, KeyError> {
        let certificates = usize::from(!self.private()?.is_empty());
        let others = self.sealed().count().saturating_add(certificates);
        Ok(u32::try_from(others).unwrap_or(u32::MAX))
    }
}

/// The first name that was there before.
fn repeated<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.find(|name| !seen.insert(*name))
}
