//! How far the work is, at what rate, and what is left, out of what the component logs: only it
//! knows how much there is to do.

use std::time::{Duration, Instant};

/// What a line of the log tells of the work.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) done: u64,
    pub(crate) total: u64,
    /// Whether it is the first line about this work.
    pub(crate) begins: bool,
    /// The line, with the rate and the time left once two lines tell them.
    pub(crate) text: String,
}

/// What is known of the work at hand.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    what: String,
    at: Instant,
    /// How much was done then, and how much is now.
    from: u64,
    done: u64,
}

impl Pace {
    /// What this line tells; `None` if it tells no progress.
    pub(crate) fn take(&mut self, line: &str, now: Instant) -> Option<Told> {
        let (what, done, total) = progress(line)?;
        let begun = self.begun.as_mut().filter(|begun| begun.what == what && begun.done <= done);
        let told = |begins, text| Some(Told { done, total, begins, text });
        let Some(begun) = begun else {
            self.begun = Some(Begun { what: what.to_owned(), at: now, from: done, done });
            return told(true, line.to_owned());
        };
        begun.done = done;
        let spent = now.saturating_duration_since(begun.at);
        let text = match rate(done - begun.from, spent) {
            Some(rate) => format!("{line}, {}, {} left", shown(rate), left(rate, done, total)),
            None => line.to_owned(),
        };
        told(false, text)
    }
}

/// `applying: 25 of 200 steps` as `applying`, 25 and 200.
fn progress(line: &str) -> Option<(&str, u64, u64)> {
    let (what, rest) = line.split_once(": ")?;
    let mut words = rest.split(' ');
    let done = words.next()?.parse().ok()?;
    let of = words.next()?;
    let total = words.next()?.parse().ok()?;
    // What is counted is one word.
    (of == "of" && words.count() == 1 && done <= total).then_some((what, done, total))
}

/// A second; `None` where nothing can be said yet.
fn rate(done: u64, spent: Duration) -> Option<f64> {
    (done > 0 && !spent.is_zero()).then(|| done as f64 / spent.as_secs_f64())
}

fn shown(rate: f64) -> String {
    if rate >= 10.0 { format!("{rate:.0}/s") } else { format!("{rate:.1}/s") }
}

/// `1m 5s`, rounded up.
fn left(rate: f64, done: u64, total: u64) -> String {
    let seconds = ((total - done) as f64 / rate).ceil();
    // As much as fits; the cast ends at the largest number.
    humantime::format_duration(Duration::from_secs(seconds as u64)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_and_what_is_left_are_told_from_the_second_line_on() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut take = |line: &str, seconds| {
            let told = pace.take(line, start + Duration::from_secs(seconds)).expect("progress");
            (told.done, told.total, told.begins, told.text)
        };
        let line = "listing users: 1 of 3 pages";
        assert_eq!(take(line, 0), (1, 3, true, line.to_owned()));
        // Another work begins anew.
        let line = "applying: 25 of 200 steps";
        assert_eq!(take(line, 9), (25, 200, true, line.to_owned()));
        let text = "applying: 50 of 200 steps, 12/s, 12s left";
        assert_eq!(take("applying: 50 of 200 steps", 11), (50, 200, false, text.to_owned()));
        let text = "applying: 75 of 200 steps, 0.5/s, 4m 10s left";
        assert_eq!(take("applying: 75 of 200 steps", 109), (75, 200, false, text.to_owned()));
        // The same work once more, as a listing that is read again.
        assert!(take("applying: 25 of 200 steps", 110).2);
    }

    #[test]
    fn nothing_is_made_of_other_lines() {
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
    fn no_rate_is_made_up() {
        let now = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..2 {
            let told = pace.take("applying: 25 of 200 steps", now).expect("progress");
            assert_eq!(told.text, "applying: 25 of 200 steps");
        }
    }
}
