//! What a run costs: the time in each of its [`tracing`] spans, and the most memory that it held.
//!
//! The libraries say where a step begins and ends and measure nothing; whoever wants figures, the command line or a
//! benchmark, installs [`Spans`] once and takes them after each run.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::SetGlobalDefaultError;
use tracing::{Event, Metadata, Subscriber};

/// Adds up the time spent in each span, by name.
#[derive(Clone, Debug, Default)]
pub struct Spans(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    names: Vec<&'static str>,
    entered: BTreeMap<u64, Instant>,
    times: BTreeMap<&'static str, Duration>,
}

impl Spans {
    /// Measures all spans of this process from here on.
    ///
    /// Errors: if somebody listens already.
    pub fn install() -> Result<Self, SetGlobalDefaultError> {
        let spans = Self::default();
        tracing::subscriber::set_global_default(spans.clone())?;
        Ok(spans)
    }

    /// The time in each span since the last call, in seconds.
    pub fn take(&self) -> BTreeMap<&'static str, f64> {
        let times = std::mem::take(&mut self.state().times);
        times
            .into_iter()
            .map(|(name, time)| (name, time.as_secs_f64()))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Crates whose spans are steps; others (Plonky3's, tract's) are too many and too small.
const CRATES: [&str; 5] = ["argument", "onnx", "program", "relation", "vouch"];

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let name = metadata.target().split("::").next();
        metadata.is_span() && name.is_some_and(|name| CRATES.contains(&name))
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut state = self.state();
        state.names.push(attributes.metadata().name());
        // Span numbers start at one: zero is no number of a span.
        Id::from_u64(u64::try_from(state.names.len()).unwrap_or(u64::MAX))
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, id: &Id) {
        self.state().entered.insert(id.into_u64(), Instant::now());
    }

    fn exit(&self, id: &Id) {
        let mut state = self.state();
        let started = state.entered.remove(&id.into_u64());
        let name = usize::try_from(id.into_u64() - 1)
            .ok()
            .and_then(|at| state.names.get(at).copied());
        if let (Some(started), Some(name)) = (started, name) {
            *state.times.entry(name).or_default() += started.elapsed();
        }
    }
}

/// The most memory that this process has held since it began, or since [`forget_peak`], in bytes; where the operating
/// system tells.
pub fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The most memory that this process could hold, what it holds included, in bytes; where the operating system tells. A
/// limit on its control group counts too.
pub fn available_bytes() -> Option<u64> {
    let field = |path: &str, name: &str| -> Option<u64> {
        let text = std::fs::read_to_string(path).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let number = |path: &str| -> Option<u64> {
        let text = std::fs::read_to_string(path).ok()?;
        text.trim().parse().ok()
    };
    let machine = field("/proc/meminfo", "MemAvailable:")?;
    let own = field("/proc/self/status", "VmRSS:").unwrap_or(0);
    let groups = [
        (
            "/sys/fs/cgroup/memory.max",
            "/sys/fs/cgroup/memory.stat",
            "anon ",
        ),
        (
            "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            "/sys/fs/cgroup/memory/memory.stat",
            "total_rss ",
        ),
    ];
    // What a group holds of files can be given back.
    let limits = groups.iter().filter_map(|(limit, stat, held)| {
        let left = number(limit)?.saturating_sub(field(stat, held)?);
        Some(left.saturating_add(own * 1024))
    });
    limits.chain([(machine + own) * 1024]).min()
}

/// Counts peak memory from what is held now; where the operating system lets it.
pub fn forget_peak() {
    // Without it the peak is that of the whole run, which is still an upper bound.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_a_span_adds_up_until_it_is_taken() {
        let spans = Spans::default();
        tracing::subscriber::with_default(spans.clone(), || {
            for _ in 0..2 {
                tracing::info_span!(target: "argument::prove", "step")
                    .in_scope(|| std::thread::sleep(Duration::from_millis(5)));
            }
            tracing::info_span!(target: "elsewhere", "other").in_scope(|| ());
        });
        let times = spans.take();
        assert!(times["step"] >= 0.01);
        assert_eq!(times.len(), 1);
        assert!(spans.take().is_empty());
    }

    #[test]
    fn what_is_held_could_be_held() {
        let (Some(peak), Some(available)) = (peak_bytes(), available_bytes()) else {
            return;
        };
        assert!(available > peak / 2, "{available} of {peak}");
    }

    #[test]
    fn peak_memory_covers_what_was_held() {
        let Some(before) = peak_bytes() else { return };
        let held = vec![1u8; 64 << 20];
        assert!(peak_bytes().is_some_and(|after| after >= before));
        drop(held);
    }
}
