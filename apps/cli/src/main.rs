//! The command line of Vouch: one command for each thing that a person wants to do.
//!
//! No logic: commands read files, call the library `vouch`, and say what came of it. Exit codes: 0 done or accepted,
//! 1 rejected or not supported, 2 usage or unreadable input.

mod arguments;
mod clock;
mod commands;
mod files;
mod outcome;
mod tensors;

use arguments::{Arguments, Command};
use clap::Parser;
use outcome::Outcome;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let result = match &arguments.command {
        Command::Demo(demo) => commands::demo::run(demo),
        Command::Doctor(doctor) => commands::doctor::run(doctor),
        Command::Setup(setup) => commands::setup::run(setup),
        Command::Run(run) => commands::run::run(run),
        Command::Prove(prove) => commands::prove::run(prove),
        Command::Verify(verify) => commands::verify::run(verify),
        Command::Inspect(inspect) => commands::inspect::run(inspect),
        Command::Bench(bench) => commands::bench::run(bench),
    };
    match result {
        Ok(outcome) => {
            show(&outcome, arguments.json);
            if outcome.is_no() {
                ExitCode::from(1)
            } else {
                ExitCode::SUCCESS
            }
        }
        Err(error) => {
            let reason = outcome::reason(&error);
            if arguments.json {
                let object = serde_json::json!({ "error": reason });
                write_line(&object.to_string());
            }
            // A closed standard error leaves nobody to tell.
            let _ = writeln!(std::io::stderr(), "error: {reason}");
            ExitCode::from(2)
        }
    }
}

/// Says what is wrong with the arguments, or the help that was asked for.
fn usage(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let (reason, _) = text.split_once("\n\n").unwrap_or((&text, ""));
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        write_line(&serde_json::json!({ "error": reason }).to_string());
    }
    // A closed standard error leaves nobody to tell.
    let _ = error.print();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn show(outcome: &Outcome, json: bool) {
    if json {
        match serde_json::to_string(outcome) {
            Ok(text) => write_line(&text),
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "error: {error}");
            }
        }
    } else {
        write_line(outcome.report.trim_end());
    }
}

/// Writes to standard output. A reader that has gone, as at the end of a pipe, is no error.
fn write_line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
