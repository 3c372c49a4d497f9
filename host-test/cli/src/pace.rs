//! Progress, rate and remaining time, computed from the component's events. Only the component
//! knows how much work there is.

use std::time::{Duration, Instant};

use host_test::Progress;

/// The progress to show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Update {
    pub(crate) done: u64,
    pub(crate) total: u64,
    /// Whether this is the first event of this task.
    pub(crate) begins: bool,
    /// The event in words, with the rate and the remaining time once there are two events to compute
    /// them from.
    pub(crate) text: String,
}

/// The state of the current task.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    task: String,
    what: Option<String>,
    unit: Option<String>,
    at: Instant,
    /// How much was done at the first event, and at the latest one.
    from: u64,
    done: u64,
}

impl Pace {
    /// Takes an event; returns `None` if it does not say how much there is to do.
    pub(crate) fn take(&mut self, progress: &Progress, now: Instant) -> Option<Update> {
        let (done, total) = (progress.done, progress.total?);
        let begun = self.begun.as_mut().filter(|begun| begun.is_followed_by(progress));
        let update = |begins, text| Some(Update { done, total, begins, text });
        let Some(begun) = begun else {
            let Progress { task, what, unit, .. } = progress.clone();
            self.begun = Some(Begun { task, what, unit, at: now, from: done, done });
            return update(true, progress.to_string());
        };
        begun.done = done;
        let spent = now.saturating_duration_since(begun.at);
        let text = match rate(done - begun.from, spent) {
            Some(rate) => {
                let left = left(rate, done, total);
                format!("{progress}, {}, {left} left", per_second(rate))
            }
            None => progress.to_string(),
        };
        update(false, text)
    }
}

impl Begun {
    /// Returns whether an event is about this task. If less is done than before, the task has
    /// begun again.
    fn is_followed_by(&self, progress: &Progress) -> bool {
        self.task == progress.task
            && self.what == progress.what
            && self.unit == progress.unit
            && self.done <= progress.done
    }
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
    use host_test::Event;

    /// Reads an event of the component.
    fn event(fields: &str) -> Progress {
        let line = format!("event/1 {{\"type\":\"progress\",{fields}}}");
        match Event::read(&line) {
            Some(Event::Progress(progress)) => progress,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn applying(done: u64, total: u64) -> Progress {
        event(&format!(r#""task":"applying","done":{done},"total":{total},"unit":"steps""#))
    }

    #[test]
    fn rate_and_remaining_time_are_shown_from_the_second_event_on() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut take = |progress: &Progress, seconds| {
            let update = pace.take(progress, start + Duration::from_secs(seconds)).expect("a bar");
            (update.done, update.total, update.begins, update.text)
        };
        let listing = event(r#""task":"listing","what":"users","done":1,"total":3,"unit":"pages""#);
        assert_eq!(take(&listing, 0), (1, 3, true, "listing users: 1 of 3 pages".to_owned()));
        // Another listing starts from the beginning.
        let listing =
            event(r#""task":"listing","what":"groups","done":2,"total":3,"unit":"pages""#);
        assert_eq!(take(&listing, 5), (2, 3, true, "listing groups: 2 of 3 pages".to_owned()));
        // Another task, too.
        let text = "applying: 25 of 200 steps";
        assert_eq!(take(&applying(25, 200), 9), (25, 200, true, text.to_owned()));
        let text = "applying: 50 of 200 steps, 12/s, 12s left";
        assert_eq!(take(&applying(50, 200), 11), (50, 200, false, text.to_owned()));
        let text = "applying: 75 of 200 steps, 0.5/s, 4m 10s left";
        assert_eq!(take(&applying(75, 200), 109), (75, 200, false, text.to_owned()));
        // The same task starts again, e.g. a listing that is read again.
        assert!(take(&applying(25, 200), 110).2);
    }

    #[test]
    fn without_a_total_there_is_no_bar() {
        let progress = event(r#""task":"listing","what":"users","done":500"#);
        assert_eq!(Pace::default().take(&progress, Instant::now()), None);
    }

    #[test]
    fn there_is_no_rate_before_anything_is_done() {
        let now = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..2 {
            let update = pace.take(&applying(25, 200), now).expect("a bar");
            assert_eq!(update.text, "applying: 25 of 200 steps");
        }
    }

    #[test]
    fn the_largest_numbers_are_shown_too() {
        let start = Instant::now();
        let mut pace = Pace::default();
        pace.take(&applying(0, u64::MAX), start);
        let slow = start + Duration::from_secs(1 << 30);
        let update = pace.take(&applying(1, u64::MAX), slow).expect("a bar");
        assert!(update.text.ends_with(" left"), "{}", update.text);
    }
}
