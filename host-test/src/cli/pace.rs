//! Progress, rate and remaining time, computed from the component's log. Only the component knows
//! how much work there is.

use std::time::{Duration, Instant};

/// The progress that a log line reports.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) done: u64,
    pub(crate) total: u64,
    /// Whether this is the first line about this task.
    pub(crate) begins: bool,
    /// The line, with the rate and the remaining time once there are two lines to compute them
    /// from.
    pub(crate) text: String,
}

/// The state of the current task.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    what: String,
    at: Instant,
    /// How much was done at the first line, and at the latest one.
    from: u64,
    done: u64,
}

impl Pace {
    /// Reads a log line; returns `None` if it reports no progress.
    pub(crate) fn take(&mut self, line: &str, now: Instant) -> Option<Update> {
        let (what, done, total) = progress(line)?;
        let begun = self.begun.as_mut().filter(|begun| begun.what == what && begun.done <= done);
        let update = |begins, text| Some(Update { done, total, begins, text });
        let Some(begun) = begun else {
            self.begun = Some(Begun { what: what.to_owned(), at: now, from: done, done });
            return update(true, line.to_owned());
        };
        begun.done = done;
        let spent = now.saturating_duration_since(begun.at);
        let text = match rate(done - begun.from, spent) {
            Some(rate) => format!("{line}, {}, {} left", per_second(rate), left(rate, done, total)),
            None => line.to_owned(),
        };
        update(false, text)
    }
}

/// Parses `applying: 25 of 200 steps` as `applying`, 25 and 200.
fn progress(line: &str) -> Option<(&str, u64, u64)> {
    let (what, rest) = line.split_once(": ")?;
    let mut words = rest.split(' ');
    let done = words.next()?.parse().ok()?;
    let of = words.next()?;
    let total = words.next()?.parse().ok()?;
    // The unit, e.g. `steps`, is one word.
    (of == "of" && words.count() == 1 && done <= total).then_some((what, done, total))
}

/// Returns the rate per second; `None` if it is not known yet.
fn rate(done: u64, spent: Duration) -> Option<f64> {
    (done > 0 && !spent.is_zero()).then(|| done as f64 / spent.as_secs_f64())
}

fn per_second(rate: f64) -> String {
    if rate >= 10.0 { format!("{rate:.0}/s") } else { format!("{rate:.1}/s") }
}

/// Returns the remaining time, rounded up, e.g. `1m 5s`.
fn left(rate: f64, done: u64, total: u64) -> String {
    let seconds = ((total - done) as f64 / rate).ceil();
    // The cast saturates at the largest number.
    humantime::format_duration(Duration::from_secs(seconds as u64)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_remaining_time_are_shown_from_the_second_line_on() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut take = |line: &str, seconds| {
            let update = pace.take(line, start + Duration::from_secs(seconds)).expect("progress");
            (update.done, update.total, update.begins, update.text)
        };
        let line = "listing users: 1 of 3 pages";
        assert_eq!(take(line, 0), (1, 3, true, line.to_owned()));
        // Another task starts from the beginning.
        let line = "applying: 25 of 200 steps";
        assert_eq!(take(line, 9), (25, 200, true, line.to_owned()));
        let text = "applying: 50 of 200 steps, 12/s, 12s left";
        assert_eq!(take("applying: 50 of 200 steps", 11), (50, 200, false, text.to_owned()));
        let text = "applying: 75 of 200 steps, 0.5/s, 4m 10s left";
        assert_eq!(take("applying: 75 of 200 steps", 109), (75, 200, false, text.to_owned()));
        // The same task starts again, e.g. a listing that is read again.
        assert!(take("applying: 25 of 200 steps", 110).2);
    }

    #[test]
    fn other_lines_report_no_progress() {
        for line in [
            "",
            "the server speaks v1",
            "listing users: 500 of 10000, 20 pages",
            "listing users: 3 pages",
            "GET /api/v1/users: 429, try 2 in 1000 ms",
            "applying: 9 of 3 steps",
            "applying: -1 of 3 steps",
            "applying: 1 in 3 steps",
        ] {
            assert_eq!(Pace::default().take(line, Instant::now()), None, "{line}");
        }
    }

    #[test]
    fn there_is_no_rate_before_anything_is_done() {
        let now = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..2 {
            let update = pace.take("applying: 25 of 200 steps", now).expect("progress");
            assert_eq!(update.text, "applying: 25 of 200 steps");
        }
    }
}
