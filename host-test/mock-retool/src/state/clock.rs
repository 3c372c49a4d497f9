//! Logical time.

use std::time::{Duration, SystemTime};

/// 2026-01-05T09:00:00Z in Unix time.
const START: Duration = Duration::from_secs(1_767_603_600);

/// A clock that moves only when it is advanced, so that the same requests give the same timestamps.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Clock {
    since_epoch: Duration,
}

impl Default for Clock {
    fn default() -> Self {
        Clock { since_epoch: START }
    }
}

impl Clock {
    /// Returns the time, e.g. `2026-01-05T09:00:00.000Z`.
    pub(super) fn now(&self) -> String {
        self.after(Duration::ZERO)
    }

    /// Returns the time after this duration.
    pub(super) fn after(&self, time: Duration) -> String {
        let then = SystemTime::UNIX_EPOCH + self.since_epoch + time;
        humantime::format_rfc3339_millis(then).to_string()
    }

    /// Advances the clock.
    pub(super) fn advance(&mut self, by: Duration) {
        self.since_epoch += by;
    }

    /// Advances the clock by a second and returns the new time.
    pub(super) fn tick(&mut self) -> String {
        self.advance(Duration::from_secs(1));
        self.now()
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn starts_on_a_monday_morning_and_ticks_in_seconds() {
        let mut clock = Clock::default();
        assert_eq!(clock.now(), "2026-01-05T09:00:00.000Z");
        assert_eq!(clock.tick(), "2026-01-05T09:00:01.000Z");
    }
}
