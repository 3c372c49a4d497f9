//! What is shown of a call while it runs.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::failure::Failure;
use super::pace::{Pace, Told};
use crate::log::LogSink;
use crate::render;
use crate::tenant::{Answer, Tenant};
use crate::text::shown;

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
/// the log, and where that tells how far the work is, a bar, the rate and what is left; elsewhere
/// the lines themselves.
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
            let spinner = ProgressBar::new_spinner().with_style(style("{spinner} {wide_msg}"));
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
        let pace = Mutex::new(Pace::default());
        Arc::new(move |line| {
            let line = shown(line);
            match &spinner {
                Some(spinner) => {
                    tail.push(&line);
                    if verbose {
                        spinner.println(line.as_ref());
                    }
                    let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
                    show(spinner, &line, pace.take(&line, Instant::now()));
                }
                None => {
                    // A log that nobody can read any more is no reason to stop.
                    let _ = writeln!(io::stderr(), "{line}");
                }
            }
        })
    }
}

/// The line, and the bar beside it if there is one.
fn show(spinner: &ProgressBar, line: &str, told: Option<Told>) {
    let Some(Told { done, total, begins, text }) = told else {
        return spinner.set_message(line.to_owned());
    };
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
