//! The pace of a call. When the server throttles one request, all requests of the call wait. Then
//! they start at half the rate of before. The rate is halved again when the server throttles after a
//! success, and grows with each success.

use core::cell::Cell;

/// The first wait after throttling, if the server does not say how long to wait.
const BASE_MS: u64 = 1000;
/// The longest wait if the server does not say how long to wait.
const CAP_MS: u64 = 20_000;
/// The longest distance between two requests.
const MAX_SPACING_MS: u64 = 10_000;
/// A shorter distance is no distance.
const MIN_SPACING_MS: u64 = 5;
/// How many distances the mean distance covers.
const MEAN_OF: u64 = 8;

/// The pace of all requests of one call. Pure state: time and randomness are parameters.
#[derive(Debug, Default)]
pub struct Pace {
    state: Cell<State>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// No request starts before this time.
    closed_until: u64,
    /// Whether the server asked for this time.
    asked: bool,
    /// The next request does not start before this time.
    next_at: u64,
    /// The distance between the starts of two requests.
    spacing_ms: u64,
    /// The start of the last request, unless the server throttled since.
    last_start: Option<u64>,
    /// The sum of the last distances between the starts of two requests, as a moving mean.
    gaps_ms: u64,
    /// How many times in a row the server throttled, without a success in between.
    streak: u32,
    /// How many times the server throttled. Requests in flight at the same time are likely
    /// throttled together, and count once.
    generation: u32,
}

/// Whether a request may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It may start now, and this counts as its start.
    Now,
    /// Not for this many milliseconds.
    Wait {
        /// The milliseconds.
        ms: u64,
        /// Whether the server asked for the wait.
        asked: bool,
    },
}

impl Pace {
    /// Returns the current generation. A request that starts now reports its outcome with this
    /// generation.
    pub(super) fn generation(&self) -> u32 {
        self.state.get().generation
    }

    /// Lets a request start at `now`, or says how long it must wait before it asks again.
    pub(super) fn start(&self, now: u64) -> Turn {
        let turn = self.peek(now);
        if turn == Turn::Now {
            let mut state = self.state.get();
            if let Some(last) = state.last_start.replace(now) {
                let gap = now.saturating_sub(last).min(MAX_SPACING_MS);
                state.gaps_ms = state.gaps_ms - state.gaps_ms / MEAN_OF + gap;
            }
            state.next_at = now.saturating_add(state.spacing_ms);
            self.state.set(state);
        }
        turn
    }

    /// Returns what [`start`](Self::start) would return, and changes nothing.
    pub(super) fn peek(&self, now: u64) -> Turn {
        let State { closed_until, asked, next_at, .. } = self.state.get();
        if now < closed_until {
            Turn::Wait { ms: closed_until - now, asked }
        } else if now < next_at {
            Turn::Wait { ms: next_at - now, asked: false }
        } else {
            Turn::Now
        }
    }

    /// Records that the server throttled a request that started in `generation`. `asked_ms` is how
    /// long the server asks to wait. Without it, the wait doubles each time, from one second to 20
    /// seconds; `random` draws it from the upper half. `remaining_ms` is the time of the call: a
    /// wait that the server did not ask for leaves some of it.
    ///
    /// Returns whether this is a new throttling, and not that of another request in flight.
    pub(super) fn throttled(
        &self,
        generation: u32,
        now: u64,
        asked_ms: Option<u64>,
        remaining_ms: u64,
        random: u64,
    ) -> bool {
        let mut state = self.state.get();
        let is_new = generation == state.generation;
        if is_new {
            state.generation = state.generation.wrapping_add(1);
            state.streak = state.streak.saturating_add(1);
            // More refusals in a row say that the wait was too short, not the distance.
            if state.streak == 1 {
                let doubled = 2 * state.spacing_ms.max(state.gaps_ms / MEAN_OF);
                state.spacing_ms = doubled.clamp(MIN_SPACING_MS, MAX_SPACING_MS);
            }
            // The wait that follows is no distance.
            state.last_start = None;
        }
        // A wait of 0 is ignored: with a server that keeps throttling it would cause a busy loop.
        let wait = match asked_ms.filter(|ms| *ms > 0) {
            Some(ms) => Some(ms),
            None if is_new => {
                let half = backoff(state.streak) / 2;
                let own = half + random % (half + 1);
                Some(if own < remaining_ms { own } else { remaining_ms / 2 })
            }
            None => None,
        };
        if let Some(wait) = wait
            && now.saturating_add(wait) > state.closed_until
        {
            state.closed_until = now.saturating_add(wait);
            state.asked = asked_ms.is_some_and(|ms| ms > 0);
        }
        self.state.set(state);
        is_new
    }

    /// Records that a request that started in `generation` was not throttled.
    pub(super) fn succeeded(&self, generation: u32) {
        let mut state = self.state.get();
        if generation != state.generation {
            return;
        }
        state.streak = 0;
        state.spacing_ms -= state.spacing_ms.div_ceil(16);
        if state.spacing_ms < MIN_SPACING_MS {
            state.spacing_ms = 0;
        }
        self.state.set(state);
    }
}

/// Returns the longest wait after the server throttled `streak` times in a row.
fn backoff(streak: u32) -> u64 {
    let doubled = 1_u64.checked_shl(streak.saturating_sub(1)).unwrap_or(u64::MAX);
    BASE_MS.saturating_mul(doubled).min(CAP_MS)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    const HOUR_MS: u64 = 3_600_000;

    fn wait(ms: u64, asked: bool) -> Turn {
        Turn::Wait { ms, asked }
    }

    /// Reports one throttling at `now` without guidance. Returns the wait.
    fn own_wait(pace: &Pace, now: u64, remaining_ms: u64, random: u64) -> u64 {
        pace.throttled(pace.generation(), now, None, remaining_ms, random);
        match pace.start(now) {
            Turn::Wait { ms, asked } => {
                assert!(!asked);
                ms
            }
            Turn::Now => 0,
        }
    }

    #[test]
    fn without_throttling_every_request_starts_at_once() {
        let pace = Pace::default();
        for _ in 0..100 {
            assert_eq!(pace.start(7), Turn::Now);
            pace.succeeded(pace.generation());
        }
    }

    #[test]
    fn all_requests_wait_as_long_as_the_server_asks_the_longest_wait_counts() {
        let pace = Pace::default();
        let generation = pace.generation();
        assert!(pace.throttled(generation, 100, Some(7000), HOUR_MS, 0));
        assert!(!pace.throttled(generation, 100, Some(9000), HOUR_MS, 0));
        assert!(!pace.throttled(generation, 100, Some(2000), HOUR_MS, 0));
        assert!(!pace.throttled(generation, 100, None, HOUR_MS, 999));
        assert_eq!(pace.start(100), wait(9000, true));
        assert_eq!(pace.start(9099), wait(1, true));
        assert_eq!(pace.start(9100), Turn::Now);
    }

    #[test]
    fn requests_in_flight_together_are_one_throttling() {
        let (one, many) = (Pace::default(), Pace::default());
        let generation = many.generation();
        one.throttled(one.generation(), 0, None, HOUR_MS, 5);
        for random in 5..69 {
            many.throttled(generation, 0, None, HOUR_MS, random);
        }
        assert_eq!(one.start(0), many.start(0));
        assert_eq!(one.generation(), many.generation());
    }

    #[test]
    fn own_waits_double_up_to_20_seconds_and_begin_again_after_a_success() {
        let (low, high) = (Pace::default(), Pace::default());
        let mut waits = Vec::new();
        let mut now = 0;
        for _ in 0..8 {
            waits.push((own_wait(&low, now, HOUR_MS, 0), own_wait(&high, now, HOUR_MS, 10_000)));
            now += 20_000;
        }
        // The drawn number counts from half of the wait.
        assert_eq!(waits[0], (500, 500 + 10_000 % 501));
        let lows: Vec<u64> = waits.iter().map(|(low, _)| *low).collect();
        assert_eq!(lows, [500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
        assert_eq!(waits[7].1, 20_000);
        low.succeeded(low.generation());
        assert_eq!(own_wait(&low, now, HOUR_MS, 0), 500);
    }

    #[test]
    fn an_own_wait_leaves_time_for_another_try_and_an_asked_one_need_not() {
        let pace = Pace::default();
        assert_eq!(own_wait(&pace, 0, 400, 0), 200);
        let pace = Pace::default();
        pace.throttled(pace.generation(), 0, Some(60_000), 400, 0);
        assert_eq!(pace.start(0), wait(60_000, true));
    }

    #[test]
    fn a_wait_of_zero_is_no_guidance() {
        let pace = Pace::default();
        pace.throttled(pace.generation(), 0, Some(0), HOUR_MS, 250);
        assert_eq!(pace.start(0), wait(750, false));
    }

    /// Lets requests start with this distance. Returns the time of the last one.
    fn starts(pace: &Pace, from: u64, gap: u64, count: u64) -> u64 {
        for number in 0..count {
            assert_eq!(pace.start(from + gap * number), Turn::Now);
            pace.succeeded(pace.generation());
        }
        from + gap * (count - 1)
    }

    #[test]
    fn after_throttling_requests_start_at_half_the_rate() {
        let pace = Pace::default();
        let now = starts(&pace, 0, 40, 100);
        pace.throttled(pace.generation(), now, Some(1000), HOUR_MS, 0);
        let now = now + 1000;
        assert_eq!(pace.start(now), Turn::Now);
        assert_eq!(pace.start(now), wait(80, false));
        assert_eq!(pace.start(now + 80), Turn::Now);
        // Refused again, without a success in between: the wait was too short, not the distance.
        pace.throttled(pace.generation(), now + 90, Some(1000), HOUR_MS, 0);
        assert_eq!(pace.start(now + 1090), Turn::Now);
        assert_eq!(pace.start(now + 1090), wait(80, false));
        pace.succeeded(pace.generation());
        pace.throttled(pace.generation(), now + 1100, Some(1000), HOUR_MS, 0);
        assert_eq!(pace.start(now + 2100), Turn::Now);
        assert_eq!(pace.start(now + 2100), wait(150, false));
    }

    #[test]
    fn requests_that_started_together_have_the_shortest_distance() {
        let pace = Pace::default();
        starts(&pace, 7, 0, 64);
        pace.throttled(pace.generation(), 7, Some(1000), HOUR_MS, 0);
        assert_eq!(pace.start(1007), Turn::Now);
        assert_eq!(pace.start(1007), wait(MIN_SPACING_MS, false));
    }

    #[test]
    fn successes_take_the_distance_away_again() {
        let pace = Pace::default();
        let mut now = starts(&pace, 0, 100, 100);
        pace.throttled(pace.generation(), now, Some(1000), HOUR_MS, 0);
        now += 1000;
        let begun = now;
        let mut starts: Vec<u64> = Vec::new();
        while starts.len() < 2 || starts[starts.len() - 2] != now {
            assert!(starts.len() < 1000, "the distance stays");
            match pace.start(now) {
                Turn::Wait { ms, .. } => now += ms,
                Turn::Now => {
                    starts.push(now);
                    pace.succeeded(pace.generation());
                }
            }
        }
        assert!((20..=80).contains(&starts.len()), "{}", starts.len());
        assert!(now - begun < 4000, "{}", now - begun);
    }

    #[test]
    fn a_success_from_before_the_throttling_changes_nothing() {
        let pace = Pace::default();
        let before = pace.generation();
        pace.throttled(before, 0, None, HOUR_MS, 0);
        for _ in 0..100 {
            pace.succeeded(before);
        }
        assert_eq!(own_wait(&pace, 500, HOUR_MS, 0), 1000);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let pace = Pace::default();
        for _ in 0..200 {
            pace.throttled(pace.generation(), u64::MAX - 1, None, u64::MAX, u64::MAX);
            pace.throttled(pace.generation(), u64::MAX - 1, Some(u64::MAX), 0, u64::MAX);
        }
        assert!(matches!(pace.start(u64::MAX - 1), Turn::Wait { ms: 1, .. }));
        assert_eq!(pace.start(u64::MAX), Turn::Now);
    }
}
