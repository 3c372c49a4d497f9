//! Where things are printed: results on stdout, the rest on stderr.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::Value;

use super::Exit;
use super::failure::Failure;
use crate::json;
use crate::log::LogSink;
use crate::render;
use crate::tenant::{Answer, Tenant};
use crate::text::shown;

/// How this run prints.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Output { json }
    }

    /// Whether stdout is for one JSON document.
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a result: as JSON, or as the text that `text` makes of it.
    pub(crate) fn result<T: Serialize>(
        self,
        result: &T,
        text: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        if !self.json {
            return print(&text(result));
        }
        let value = json::value(result)
            .map_err(|error| Failure::Other(format!("the result could not be written: {error}")))?;
        self.document(&value)
    }

    /// Prints the one JSON document.
    pub(crate) fn document(self, value: &Value) -> Result<(), Failure> {
        print(&format!("{value:#}\n"))
    }

    /// Prints text that has no place among JSON.
    pub(crate) fn say(self, text: &str) -> Result<(), Failure> {
        if self.json {
            return Ok(());
        }
        print(&format!("{text}\n"))
    }

    /// Prints why there is no result. What is left is the exit code.
    pub(crate) fn failure(self, failure: &Failure) -> Exit {
        // Where it cannot be printed there is nobody to tell.
        if self.json {
            let _ = self.document(&failure.json());
        } else {
            let _ = io::stderr().write_all(failure.text().as_bytes());
        }
        failure.exit()
    }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|error| Failure::Unprinted { message: error.to_string(), writes: 0 })
}

/// How many lines of a log that was not shown are printed with an error.
const TAIL_LINES: usize = 20;

/// The latest lines of the log, for an error that they may explain.
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

/// What is shown while the component works: on a terminal a spinner with the latest line of
/// the log, elsewhere the lines themselves.
pub(crate) struct Progress {
    spinner: Option<ProgressBar>,
    verbose: bool,
    tail: Tail,
    /// Whose time is told of in the end.
    profiled: Option<Tenant>,
}

impl Progress {
    pub(crate) fn start(what: &str, verbose: bool) -> Self {
        let spinner = io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            spinner.set_message(what.to_owned());
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        Progress { spinner, verbose, tail: Tail::default(), profiled: None }
    }

    /// Has it told in the end where the time of this tenant's calls went.
    pub(crate) fn profile(&mut self, tenant: Tenant) {
        self.profiled = Some(tenant);
    }

    /// Waits for a call that only reads.
    pub(crate) async fn reading<T>(
        self,
        call: impl Future<Output = Answer<T>>,
    ) -> Result<T, Failure> {
        let answer = call.await;
        self.end(answer)
    }

    /// Waits for a call that writes. An interruption ends it where it stands, and says what
    /// that means, rather than the process without a word.
    pub(crate) async fn writing<T>(
        self,
        call: impl Future<Output = Answer<T>>,
    ) -> Result<T, Failure> {
        let interrupted = async {
            // Without the signal there is only the system's own way to end the process.
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        tokio::select! {
            // In this order, so that the signal is listened to before anything is sent.
            biased;
            () = interrupted => Err(Failure::Interrupted),
            answer = call => self.end(answer),
        }
    }

    fn end<T>(self, answer: Answer<T>) -> Result<T, Failure> {
        let failure = match answer {
            Ok(Ok(result)) => return Ok(result),
            Ok(Err(error)) => Failure::from(error),
            Err(error) => Failure::from(error),
        };
        if let (Some(spinner), false) = (&self.spinner, self.verbose) {
            spinner.finish_and_clear();
            // What cannot be printed is no reason to hide the error.
            let _ = io::stderr().write_all(self.tail.text().as_bytes());
        }
        Err(failure)
    }

    /// What to hand to the tenant.
    pub(crate) fn sink(&self) -> LogSink {
        let spinner = self.spinner.clone();
        let verbose = self.verbose;
        let tail = self.tail.clone();
        Arc::new(move |line| {
            let line = shown(line);
            match &spinner {
                Some(spinner) => {
                    tail.push(&line);
                    if verbose {
                        spinner.println(line.as_ref());
                    }
                    spinner.set_message(line.into_owned());
                }
                None => {
                    // A log that nobody can read any more is no reason to stop.
                    let _ = writeln!(io::stderr(), "{line}");
                }
            }
        })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        if let Some(tenant) = &self.profiled {
            let log = tenant.log();
            let table = render::profile(&tenant.timing(), log.iter().map(String::as_str));
            // What cannot be printed is no reason to fail.
            let _ = io::stderr().write_all(table.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spinner_hides_is_kept_for_an_error() {
        let progress = Progress {
            spinner: Some(ProgressBar::hidden()),
            verbose: false,
            tail: Tail::default(),
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
}
