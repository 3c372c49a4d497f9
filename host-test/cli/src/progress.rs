//! The progress display of a running call.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, IsTerminal, Write};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::failure::Failure;
use super::log::{self, Level};
use super::pace::{Pace, Update};
use super::signal::Signal;
use super::signals;
use crate::render;
use host_test::LogSink;
use host_test::text::printable;
use host_test::{Answer, Tenant};
use host_test::{Event, EventSink, RequestFailure};

/// How many lines of a hidden log are printed with an error.
const TAIL_LINES: usize = 20;

/// The latest lines of the log. They are printed with an error, because they may explain it.
#[derive(Clone, Default)]
struct Tail(Arc<Mutex<VecDeque<String>>>);

impl Tail {
    fn push(&self, line: &str) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == TAIL_LINES {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|line| format!("{line}\n")).collect()
    }
}

/// Why requests failed, each reason once, with the hint that helps. There are only a few.
#[derive(Clone, Default)]
pub(crate) struct Failures(Arc<Mutex<BTreeSet<Reason>>>);

type Reason = (String, Option<&'static str>);

impl Failures {
    fn add(&self, failure: &RequestFailure) {
        let line = (failure.to_string(), render::request_hint(failure.reason));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(line);
    }

    /// Returns one line for each reason, with the hint that helps against it.
    pub(crate) fn all(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |(line, hint): &Reason| match hint {
            Some(hint) => format!("{line} ({hint})"),
            None => line.clone(),
        };
        lines.iter().map(line).collect()
    }

    /// Returns the hints, each once.
    fn hints(&self) -> BTreeSet<&'static str> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().filter_map(|(_, hint)| *hint).collect()
    }
}

/// The display of a call's progress. On a terminal it is a spinner with the latest line of the
/// log; if that is an event of progress, also a bar, the rate and the remaining time. Elsewhere it
/// is the lines themselves.
pub(crate) struct Progress {
    spinner: Option<ProgressBar>,
    verbose: bool,
    tail: Tail,
    failures: Failures,
    /// The tenant for which a table of times is printed at the end.
    profiled: Option<Tenant>,
}

impl Progress {
    pub(crate) fn start(what: &str, verbose: bool) -> Self {
        let shows = io::stderr().is_terminal() && log::format().is_none();
        let spinner = shows.then(|| {
            let spinner = ProgressBar::new_spinner().with_style(style("{spinner} {wide_msg}"));
            spinner.set_message(what.to_owned());
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        Progress {
            spinner,
            verbose,
            tail: Tail::default(),
            failures: Failures::default(),
            profiled: None,
        }
    }

    /// Returns why requests failed, which is collected until the calls end.
    pub(crate) fn failures(&self) -> Failures {
        self.failures.clone()
    }

    /// Makes it print at the end where the time of this tenant's calls went.
    pub(crate) fn profile(&mut self, tenant: Tenant) {
        self.profiled = Some(tenant);
    }

    /// Waits for a call that only reads.
    pub(crate) async fn reading<T>(
        self,
        call: impl Future<Output = Answer<T>>,
    ) -> Result<T, Failure> {
        let answer = call.await;
        self.ended(flat(answer))
    }

    /// Ends the display with the result of the calls.
    pub(crate) fn ended<T>(self, result: Result<T, Failure>) -> Result<T, Failure> {
        self.show_log_of(result)
    }

    /// Waits for a call whose result may report a failure. If it does not say enough, the hidden log
    /// is printed as for an error.
    pub(crate) async fn checking<T>(
        self,
        call: impl Future<Output = Answer<T>>,
        says_enough: impl FnOnce(&T) -> bool,
    ) -> Result<T, Failure> {
        let answer = call.await;
        if let Ok(Ok(result)) = &answer
            && !says_enough(result)
        {
            self.show_hidden_log();
        }
        self.ended(flat(answer))
    }

    /// Waits for a call that writes. At a signal the call is stopped, and still returns what it has
    /// done.
    pub(crate) async fn writing<T>(
        self,
        call: impl Future<Output = Answer<T>>,
    ) -> Result<T, Failure> {
        let answer = self.stopping(call).await;
        self.ended(flat(answer))
    }

    /// Like [`Progress::writing`], for one of several calls.
    pub(crate) async fn writing_one<T>(
        &self,
        call: impl Future<Output = Answer<T>>,
    ) -> Result<T, Failure> {
        flat(self.stopping(call).await)
    }

    async fn stopping<T>(&self, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        // Before anything is sent.
        signals::listen();
        let mut call = pin!(call);
        let stop = signals::token();
        tokio::select! {
            answer = &mut call => answer,
            () = stop.cancelled() => {
                self.note_stop();
                call.await
            }
        }
    }

    /// Prints what happens after a signal.
    fn note_stop(&self) {
        let name = signals::received().map_or("stopped", Signal::name);
        self.note(&format!(
            "{name}: requests that have begun are finished, and no others are sent; a second \
             signal ends this at once"
        ));
    }

    /// Prints a line of the command itself.
    pub(crate) fn note(&self, note: &str) {
        match &self.spinner {
            Some(spinner) => spinner.println(note),
            None => log::note(note),
        }
    }

    /// Ends the display of several calls whose results are reported together. Shows the log if one
    /// of them failed.
    pub(crate) fn end_several(self, all_succeeded: bool) {
        if !all_succeeded {
            self.show_log();
        }
    }

    fn show_log_of<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        if result.is_err() {
            self.show_log();
        }
        result
    }

    /// Prints the latest lines of the log, and why requests failed.
    fn show_log(&self) {
        self.show_hidden_log();
        for hint in self.failures.hints() {
            log::note(&format!("hint: {hint}"));
        }
    }

    /// Prints the latest lines of the log, if they were not printed already.
    fn show_hidden_log(&self) {
        if let (Some(spinner), false) = (&self.spinner, self.verbose) {
            spinner.finish_and_clear();
            // Failing to print the log is no reason to hide the error.
            let _ = io::stderr().write_all(self.tail.text().as_bytes());
        }
    }

    /// Returns the tenant's sink for events. The line of an event is in the log, so this shows only
    /// what is beyond it.
    pub(crate) fn events(&self) -> EventSink {
        let spinner = self.spinner.clone();
        let failures = self.failures.clone();
        let pace = Mutex::new(Pace::default());
        Arc::new(move |event| match (event, &spinner) {
            (Event::Progress(progress), Some(spinner)) => {
                let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(update) = pace.take(progress, Instant::now()) {
                    show(spinner, update);
                }
            }
            (Event::RequestFailed(failure), _) => failures.add(failure),
            // The host sums up profiles.
            _ => {}
        })
    }

    /// Returns the tenant's sink for the log.
    pub(crate) fn sink(&self) -> LogSink {
        let spinner = self.spinner.clone();
        let verbose = self.verbose;
        let tail = self.tail.clone();
        Arc::new(move |line| {
            let line = printable(line);
            match &spinner {
                Some(spinner) => {
                    tail.push(&line);
                    if verbose {
                        spinner.println(line.as_ref());
                    }
                    spinner.set_message(line.into_owned());
                }
                None => {
                    // Failing to print the log is no reason to stop.
                    let _ = log::write(level(&line), &line, None);
                }
            }
        })
    }
}

/// Returns the level of a line of the component and the host, which have no levels.
fn level(line: &str) -> Level {
    let is_warning = ["failed", "status 429", "again"].iter().any(|word| line.contains(word));
    if is_warning { Level::Warning } else { Level::Info }
}

fn flat<T>(answer: Answer<T>) -> Result<T, Failure> {
    Ok(answer??)
}

/// Shows the update, with a progress bar.
fn show(spinner: &ProgressBar, update: Update) {
    let Update { done, total, begins, text } = update;
    if begins {
        spinner.set_style(style("{spinner} {bar:20} {wide_msg}"));
        spinner.set_length(total);
    }
    spinner.set_position(done);
    spinner.set_message(text);
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        if let Some(tenant) = &self.profiled {
            let table = render::profile(&tenant.timing());
            match log::format() {
                Some(_) => table.lines().for_each(log::note),
                // Failing to print the table is no reason to fail.
                None => {
                    let _ = io::stderr().write_all(table.as_bytes());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_hidden_log_lines_are_kept_for_an_error() {
        let progress = Progress {
            spinner: Some(ProgressBar::hidden()),
            verbose: false,
            tail: Tail::default(),
            failures: Failures::default(),
            profiled: None,
        };
        let sink = progress.sink();
        for number in 0..=TAIL_LINES {
            sink(&format!("line {number}\u{1b}"));
        }
        let text = progress.tail.text();
        assert_eq!(text.lines().count(), TAIL_LINES);
        assert!(text.starts_with("line 1\\u{1b}\n"), "{text}");
        assert!(text.ends_with("line 20\\u{1b}\n"), "{text}");
    }

    #[test]
    fn only_an_event_moves_the_bar() {
        let bar = ProgressBar::hidden();
        let progress = Progress {
            spinner: Some(bar.clone()),
            verbose: false,
            tail: Tail::default(),
            failures: Failures::default(),
            profiled: None,
        };
        let (log, events) = (progress.sink(), progress.events());
        // Prose that looks like progress, from a server or another version of the component.
        log("applying: 25 of 200 steps");
        assert_eq!((bar.length(), bar.position()), (None, 0));
        let line = include_str!("../../../tests/events/v1.txt").lines();
        for line in line.filter(|line| line.starts_with("event/")) {
            let event = Event::read(line).expect("an event");
            log(&event.to_string());
            events(&event);
        }
        // The listing, then the groups, whose number is not known, then the steps.
        assert_eq!((bar.length(), bar.position()), (Some(200), 25));
        let last = "profile: parameters 1000 us, decoding 5000 us, planning 2000 us, result 500 us";
        assert_eq!(bar.message(), last);
    }
}
