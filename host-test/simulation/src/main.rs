//! `cargo run -p simulation`: makes runs and prints the first one that fails.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use simulation::{Campaign, Dialect, Figures, Run, run};

/// Two threads are fast enough, and leave the other cores free.
const THREADS: usize = 2;

/// Runs the component's core against a simulated Retool, with faults, kills and another
/// administrator. A seed determines each run.
#[derive(Debug, Parser)]
#[command(
    name = "simulation",
    version,
    after_help = "Exit codes: 0 no violation, 1 a run violates an invariant, 2 wrong usage.\n\n\
                  Example:\n  cargo run -p simulation -- --seeds 10000 --from 0"
)]
struct Arguments {
    /// Number of runs.
    #[arg(long, value_name = "N", default_value_t = 2000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, value_name = "S", default_value_t = 0)]
    from: u64,
    /// The dialect of all runs. By default the dialects alternate by seed.
    #[arg(long, value_enum)]
    dialect: Option<DialectArgument>,
    /// Print every event. Needs --seeds 1.
    #[arg(long)]
    trace: bool,
    /// Print one JSON document on stdout, and nothing else.
    #[arg(long)]
    json: bool,
}

/// The value of `--dialect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DialectArgument {
    /// The REST API under /api/v1.
    V1,
    /// The REST API under /api/v2.
    V2,
    /// SCIM 2.0.
    Scim,
}

impl From<DialectArgument> for Dialect {
    fn from(argument: DialectArgument) -> Self {
        match argument {
            DialectArgument::V1 => Dialect::V1,
            DialectArgument::V2 => Dialect::V2,
            DialectArgument::Scim => Dialect::Scim,
        }
    }
}

fn main() -> Result<ExitCode> {
    let Arguments { seeds, from, dialect, trace, json } = Arguments::parse();
    let dialect = dialect.map(Dialect::from);
    if trace && seeds != 1 {
        let message = "--trace works with one run only: add --seeds 1";
        Arguments::command().error(ErrorKind::ArgumentConflict, message).exit();
    }
    let (figures, failure) = if trace {
        let replayed = run(from, dialect, true, None);
        if !json {
            print(&replayed.trace.join("\n"))?;
        }
        (replayed.figures, Some(replayed).filter(|run| !run.violations.is_empty()))
    } else {
        let progress = bar(seeds);
        let campaign = Campaign { from, seeds, dialect, threads: THREADS, defect: None };
        let tally = campaign.make(|done| progress.set_position(done));
        progress.finish_and_clear();
        (tally.figures, tally.failure)
    };
    if json {
        print(&format!("{:#}", document(&figures, failure.as_ref())))?;
    } else {
        print(&text(&figures, failure.as_ref(), trace))?;
    }
    Ok(if failure.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn print(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}").context("the result could not be printed")
}

/// Returns a progress bar on stderr. It draws nothing if stderr is not a terminal.
fn bar(seeds: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{pos} of {len} seeds, {per_sec}, {eta} left {wide_bar}");
    ProgressBar::new(seeds).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn text(figures: &Figures, failure: Option<&Run>, traced: bool) -> String {
    let Figures {
        seeds,
        operations,
        requests,
        writes,
        faults,
        throttled,
        kills,
        edits,
        overwritten,
        succeeded,
        failed,
    } = figures;
    let mut text = format!(
        "{seeds} seeds: {operations} calls ({succeeded} succeeded, {failed} failed, {kills} killed), \
         {requests} requests ({writes} writes, {throttled} throttled), {faults} faults, {edits} edits by another \
         administrator ({overwritten} undone by a PUT)."
    );
    let Some(run) = failure else { return text };
    let (seed, dialect) = (run.seed, name(run.dialect));
    // Writing to a string can't fail.
    let _ = write!(text, "\nSeed {seed} over {dialect} violates:");
    for violation in &run.violations {
        let _ = write!(text, "\n  {violation}");
    }
    if !traced {
        let _ = write!(
            text,
            "\nThe run:\n{}\nReplay it with: cargo run -p simulation -- --seeds 1 --from {seed} --dialect {dialect} --trace",
            run.trace.join("\n")
        );
    }
    text
}

/// Returns the dialect's name on the command line.
fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::V1 => "v1",
        Dialect::V2 => "v2",
        Dialect::Scim => "scim",
    }
}

fn document(figures: &Figures, failure: Option<&Run>) -> serde_json::Value {
    json!({
        "seeds": figures.seeds,
        "calls": figures.operations,
        "succeeded": figures.succeeded,
        "failed": figures.failed,
        "killed": figures.kills,
        "requests": figures.requests,
        "writes": figures.writes,
        "faults": figures.faults,
        "throttled": figures.throttled,
        "edits": figures.edits,
        "edits_undone": figures.overwritten,
        "failure": failure.map(|run| json!({
            "seed": run.seed,
            "dialect": name(run.dialect),
            "violations": run.violations,
            "trace": run.trace,
        })),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_seed_is_printed_with_its_replay_command() {
        let run = Run {
            seed: 42,
            dialect: Dialect::V1,
            figures: Figures::default(),
            violations: vec!["guards: too few".to_owned()],
            trace: vec!["0 ms  CALL".to_owned()],
        };
        let printed = text(&Figures::default(), Some(&run), false);
        for part in ["Seed 42", "guards: too few", "CALL", "--from 42 --dialect v1 --trace"] {
            assert!(printed.contains(part), "{part} is missing in {printed}");
        }
        assert!(!text(&Figures::default(), None, false).contains("Seed"));
        assert_eq!(document(&Figures::default(), Some(&run))["failure"]["seed"], 42);
    }
}
