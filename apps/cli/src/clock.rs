//! Time of the steps of a command, shown while they last.

use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Measures steps, and shows the one at hand where there is somebody to see it.
#[derive(Debug)]
pub struct Clock {
    is_shown: bool,
    /// Seconds of each step so far.
    pub seconds: BTreeMap<&'static str, f64>,
}

impl Clock {
    /// A clock that shows its steps if standard error is a terminal.
    pub fn new() -> Self {
        Self {
            is_shown: std::io::stderr().is_terminal(),
            seconds: BTreeMap::new(),
        }
    }

    /// Runs a step; its time adds to that of earlier steps of the same name.
    pub fn step<T>(&mut self, name: &'static str, message: &str, run: impl FnOnce() -> T) -> T {
        let bar = self.is_shown.then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_message(message.to_owned());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        let start = Instant::now();
        let result = run();
        *self.seconds.entry(name).or_default() += start.elapsed().as_secs_f64();
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        result
    }
}
