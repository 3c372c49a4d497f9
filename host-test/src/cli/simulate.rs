//! `simulate`.

use std::fmt::Write;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use simulation::{Campaign, Dialect, Figures, Run, run};

use super::Exit;
use super::args::SimulateArgs;
use super::failure::Failure;
use super::output::Output;

/// Two are enough to be quick, and leave the machine to its owner.
const THREADS: usize = 2;

/// Makes the runs, and says how the first that fails can be replayed.
pub(crate) fn simulate(arguments: &SimulateArgs, output: &Output) -> Result<Exit, Failure> {
    let SimulateArgs { seeds, from, dialect, trace } = *arguments;
    let dialect = dialect.map(Dialect::from);
    if trace && seeds != 1 {
        return Err(Failure::Usage("--trace shows one run: give --seeds 1 with it".to_owned()));
    }
    let (figures, failure) = if trace {
        let replayed = run(from, dialect, true, None);
        if !output.is_json() {
            output.say(&replayed.trace.join("\n"))?;
        }
        (replayed.figures, Some(replayed).filter(|run| !run.violations.is_empty()))
    } else {
        let progress = bar(seeds);
        let campaign = Campaign { from, seeds, dialect, threads: THREADS, defect: None };
        let tally = campaign.make(|done| progress.set_position(done));
        progress.finish_and_clear();
        (tally.figures, tally.failure)
    };
    if output.is_json() {
        output.document(&document(&figures, failure.as_ref()))?;
    } else {
        output.say(&text(&figures, failure.as_ref(), trace))?;
    }
    Ok(if failure.is_some() { Exit::Failed } else { Exit::Done })
}

/// Draws nothing where stderr is not a terminal.
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
        kills,
        edits,
        overwritten,
        succeeded,
        failed,
    } = figures;
    let mut text = format!(
        "{seeds} seeds: {operations} calls ({succeeded} succeeded, {failed} failed, {kills} killed), \
         {requests} requests ({writes} writes), {faults} faults, {edits} edits by another \
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
            "\nThe run:\n{}\nReplay it with: retool-lifecycle simulate --seeds 1 --from {seed} --dialect {dialect} --trace",
            run.trace.join("\n")
        );
    }
    text
}

/// A dialect as it is named on the command line.
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
    fn a_failing_seed_is_told_with_the_way_to_replay_it() {
        let run = Run {
            seed: 42,
            dialect: Dialect::V1,
            figures: Figures::default(),
            violations: vec!["guards: too few".to_owned()],
            trace: vec!["0 ms  CALL".to_owned()],
        };
        let told = text(&Figures::default(), Some(&run), false);
        for part in ["Seed 42", "guards: too few", "CALL", "--from 42 --dialect v1 --trace"] {
            assert!(told.contains(part), "{part} is missing in {told}");
        }
        assert!(!text(&Figures::default(), None, false).contains("Seed"));
        assert_eq!(document(&Figures::default(), Some(&run))["failure"]["seed"], 42);
    }
}
