//! What a command found out: one JSON object, or a report.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The result of a command. Keys that do not apply are left out.
#[derive(Debug, Default, Serialize)]
pub struct Outcome {
    /// `accepted` or `rejected`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// Why a proof was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The public inputs, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Value>,
    /// The public outputs, by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Value>,
    /// Seconds of each step.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub seconds: BTreeMap<&'static str, f64>,
    /// The most memory that the process held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<u64>,
    /// Bytes of the proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_bytes: Option<u64>,
    /// Bytes of each key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub key_bytes: BTreeMap<&'static str, u64>,
    /// Distance of the integer program from the float model, by output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<Value>,
    /// The digest of the verifying key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Bits of proven security.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub security_bits: Option<f64>,
    /// What only this command tells.
    #[serde(flatten)]
    pub more: Map<String, Value>,
    /// The report for people.
    #[serde(skip)]
    pub report: String,
}

impl Outcome {
    /// Adds a line to the report.
    pub fn line(&mut self, line: impl AsRef<str>) {
        self.report.push_str(line.as_ref());
        self.report.push('\n');
    }

    /// Adds a table to the report; the first row is its head.
    pub fn table(&mut self, rows: &[Vec<String>]) {
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            rows.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..columns)
            .map(|column| width(column).unwrap_or(0))
            .collect();
        for (at, row) in rows.iter().enumerate() {
            let mut line = String::from(" ");
            for (column, cell) in row.iter().enumerate() {
                // Writing to a string cannot fail.
                let _ = if column == 0 {
                    write!(line, " {cell:<width$}", width = widths[column])
                } else {
                    write!(line, "  {cell:>width$}", width = widths[column])
                };
            }
            self.line(line.trim_end());
            if at == 0 {
                let rule: usize = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
                self.line(format!("  {}", "-".repeat(rule)));
            }
        }
    }

    /// Whether the answer is no: to a proof that does not hold, or a model that is not supported.
    pub fn is_no(&self) -> bool {
        self.verdict == Some("rejected") || self.more.get("supported") == Some(&Value::Bool(false))
    }
}

/// An error and its causes on one line, each said once: many a library's error repeats its cause.
pub fn reason(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |reason, cause| {
        let cause = cause.to_string();
        match reason.as_str() {
            "" => cause,
            said if said.contains(&cause) => reason,
            said => format!("{said}: {cause}"),
        }
    })
}

/// Bytes in human units.
pub fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let count = count as f64;
    match count {
        count if count < 1e3 => format!("{count} B"),
        count if count < 1e6 => format!("{:.1} kB", count / 1e3),
        count if count < 1e9 => format!("{:.1} MB", count / 1e6),
        count => format!("{:.2} GB", count / 1e9),
    }
}

/// Seconds in human units.
pub fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1e-3 => format!("{:.0} us", seconds * 1e6),
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds if seconds < 120.0 => format!("{seconds:.2} s"),
        seconds => format!("{:.1} min", seconds / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_shown_in_human_units() {
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(227_000), "227.0 kB");
        assert_eq!(bytes(4_400_000_000), "4.40 GB");
        assert_eq!(duration(0.000_2), "200 us");
        assert_eq!(duration(0.073), "73.0 ms");
        assert_eq!(duration(1.5), "1.50 s");
        assert_eq!(duration(600.0), "10.0 min");
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let error = anyhow::anyhow!("no space left")
            .context("cannot write x: no space left")
            .context("cannot make the key");
        assert_eq!(
            reason(&error),
            "cannot make the key: cannot write x: no space left"
        );
        assert_eq!(
            reason(&anyhow::anyhow!("b").context("a")),
            "a: b",
            "what was not said is"
        );
    }

    #[test]
    fn tables_are_aligned() {
        let mut outcome = Outcome::default();
        let row = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        outcome.table(&[row("step", "time"), row("prove", "73.0 ms")]);
        assert_eq!(
            outcome.report,
            "  step      time\n  --------------\n  prove  73.0 ms\n"
        );
    }

    #[test]
    fn keys_that_do_not_apply_are_left_out() {
        let outcome = Outcome {
            verdict: Some("accepted"),
            ..Outcome::default()
        };
        let text = serde_json::to_string(&outcome).expect("plain data");
        assert_eq!(text, r#"{"verdict":"accepted"}"#);
    }
}
