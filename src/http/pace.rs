//! The pace of a call. When the server throttles one request, all requests of the call wait. The
//! first time, the following requests start at half the rate of before. When it throttles again, the
//! first request after that shows how much the server takes: as many requests as it served since
//! they last began, in the time until it served the next one. The following requests keep to that
//! rate. While the server does not throttle, the rate grows slowly.

use core::cell::Cell;

/// The first wait after throttling, if the server does not say how long to wait.
const BASE_MS: u64 = 1000;
/// The longest wait if the server does not say how long to wait.
const CAP_MS: u64 = 20_000;
/// The longest distance between two requests, in microseconds.
const MAX_SPACING_US: u64 = 10_000_000;
/// A shorter distance is no distance.
const MIN_SPACING_US: u64 = 1000;
/// How much the distance shrinks at once: by an eighth.
const SHRINKS_BY: u64 = 8;
/// The shortest time in which a distance is kept.
const KEPT_MS: u64 = 1000;
/// After a wait, one request shows whether the server serves again. If its response takes longer
/// than this, the next one starts.
const PROBE_MS: u64 = 1000;
/// How far requests may catch up that started late, in microseconds.
const CATCH_UP_US: u64 = 100_000;

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
    /// The next request does not start before this time, in microseconds.
    next_at_us: u64,
    /// The distance between the starts of two requests, in microseconds.
    spacing_us: u64,
    /// When the distance was last changed.
    changed_at: u64,
    /// How long it is kept.
    kept_ms: u64,
    /// When the first request started since the server last served again after throttling.
    began_at: Option<u64>,
    /// How many requests the server served since then.
    served: u64,
    /// How long it served them, until it throttled.
    flowed_ms: u64,
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
            state.began_at.get_or_insert(now);
            let now_us = now.saturating_mul(1000);
            let late = now_us.saturating_sub(CATCH_UP_US);
            state.next_at_us = match state.spacing_us {
                _ if state.streak > 0 => now_us.saturating_add(PROBE_MS * 1000),
                0 => 0,
                spacing_us => state.next_at_us.max(late).saturating_add(spacing_us),
            };
            self.state.set(state);
        }
        turn
    }

    /// Returns what [`start`](Self::start) would return, and changes nothing.
    pub(super) fn peek(&self, now: u64) -> Turn {
        let State { closed_until, asked, next_at_us, .. } = self.state.get();
        let next_at = next_at_us.div_ceil(1000);
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
            if state.streak == 0 {
                state.flowed_ms = now.saturating_sub(state.began_at.unwrap_or(now));
            }
            state.streak = state.streak.saturating_add(1);
            state.next_at_us = 0;
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

    /// Records at `now` that a request that started in `generation` was not throttled.
    pub(super) fn succeeded(&self, generation: u32, now: u64) {
        let mut state = self.state.get();
        if generation == state.generation && state.streak > 0 {
            state.serve_again(now);
        }
        state.served = state.served.saturating_add(1);
        if generation == state.generation && now.saturating_sub(state.changed_at) >= state.kept_ms {
            state.spacing_us -= state.spacing_us.div_ceil(SHRINKS_BY);
            if state.spacing_us < MIN_SPACING_US {
                state.spacing_us = 0;
            }
            state.changed_at = now;
        }
        self.state.set(state);
    }
}

impl State {
    /// Learns the rate from the time until the server served again.
    fn serve_again(&mut self, now: u64) {
        let period = now.saturating_sub(self.began_at.unwrap_or(now));
        let each = |ms: u64| ms.saturating_mul(1000).checked_div(self.served).unwrap_or(0);
        let spacing_us = match self.spacing_us {
            // It may have been busy for a moment: half the rate is enough.
            0 => each(period).min(each(self.flowed_ms).saturating_mul(2)),
            // A distance that was too short does not get shorter by a lucky measurement.
            before => each(period).max(before),
        };
        self.spacing_us = spacing_us.min(MAX_SPACING_US);
        self.kept_ms = period.max(KEPT_MS);
        self.changed_at = now;
        self.began_at = Some(now);
        self.served = 0;
        self.streak = 0;
        self.next_at_us = now.saturating_mul(1000).saturating_add(self.spacing_us);
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
            pace.succeeded(pace.generation(), 7);
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
        low.succeeded(low.generation(), now);
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

    /// A server that takes some requests in each window of time, which begins with a request.
    struct Quota {
        limit: u64,
        window_ms: u64,
        begun: u64,
        used: u64,
        served: u64,
        refused: u64,
        guides: bool,
    }

    impl Quota {
        fn new(limit: u64, window_ms: u64, guides: bool) -> Self {
            Quota { limit, window_ms, begun: 0, used: u64::MAX, served: 0, refused: 0, guides }
        }

        /// Serves a request, or returns how long it asks to wait, rounded up to seconds.
        fn serve(&mut self, now: u64) -> Result<(), Option<u64>> {
            if self.used == u64::MAX || now >= self.begun + self.window_ms {
                (self.begun, self.used) = (now, 0);
            }
            self.used += 1;
            if self.used <= self.limit {
                self.served += 1;
                return Ok(());
            }
            self.refused += 1;
            let left = (self.begun + self.window_ms - now).div_ceil(1000) * 1000;
            Err(self.guides.then_some(left))
        }
    }

    /// Makes requests in `lanes`, each with this latency, until the server has served `count` of
    /// them. Returns how long that took.
    fn run(pace: &Pace, quota: &mut Quota, lanes: usize, latency: u64, count: u64) -> u64 {
        // When each lane is free, or when its request is answered, and its generation.
        let mut free = alloc::vec![0_u64; lanes];
        let mut flying: Vec<(u64, u32, Result<(), Option<u64>>)> = Vec::new();
        let mut now = 0;
        while quota.served < count || !flying.is_empty() {
            flying.sort_by_key(|(at, ..)| *at);
            while let Some((at, generation, outcome)) = flying.first().copied()
                && at <= now
            {
                flying.drain(..1);
                match outcome {
                    Ok(()) => pace.succeeded(generation, now),
                    Err(asked) => {
                        pace.throttled(generation, now, asked, HOUR_MS, 0);
                    }
                }
            }
            let mut next = flying.iter().map(|(at, ..)| *at).min().unwrap_or(u64::MAX);
            for lane in &mut free {
                if *lane > now || quota.served >= count {
                    next = if *lane > now { next.min(*lane) } else { next };
                    continue;
                }
                match pace.start(now) {
                    Turn::Now => {
                        flying.push((now + latency, pace.generation(), quota.serve(now)));
                        *lane = now + latency;
                    }
                    Turn::Wait { ms, .. } => *lane = now + ms,
                }
                next = next.min(*lane);
            }
            if next != u64::MAX {
                now = next;
            }
        }
        now
    }

    #[test]
    fn a_quota_is_used_up_and_few_requests_are_refused() {
        // Requests, lanes, latency and quotas of a minute.
        for (lanes, latency) in [(8, 50), (8, 5), (1, 50), (32, 200)] {
            for (limit, count) in [(300, 3000), (3000, 9000), (60, 600)] {
                // With so few, each own try counts, and half of them are in flight in 32 lanes.
                let guidance: &[bool] = match (limit, lanes) {
                    (60, 32) => &[],
                    (60, _) => &[true],
                    _ => &[true, false],
                };
                for &guides in guidance {
                    let case =
                        alloc::format!("{lanes} lanes, {latency} ms, {limit} a minute, {guides}");
                    let mut quota = Quota::new(limit, 60_000, guides);
                    let took = run(&Pace::default(), &mut quota, lanes, latency, count);
                    let unlimited = count.div_ceil(lanes as u64) * latency;
                    let allowed = ((count / limit - 1) * 60_000).max(unlimited);
                    // The first window passes at full speed, and the last one at its pace.
                    let allowed = allowed + 60_000;
                    // Without guidance, the own waits are longer than needed.
                    let most = if guides { 115 } else { 120 };
                    assert!(took * 100 <= allowed * most, "{case}: {took} of {allowed} ms");
                    // All lanes are refused together, and without guidance twice.
                    let share = if guides || lanes <= 8 { 50 } else { 40 };
                    assert!(quota.refused * share < count, "{case}: {} refused", quota.refused);
                }
            }
        }
    }

    /// A server that was busy once is not treated as slow for long.
    #[test]
    fn after_one_throttling_the_rate_grows_back() {
        let pace = Pace::default();
        let mut now = 0;
        for _ in 0..100 {
            assert_eq!(pace.start(now), Turn::Now);
            now += 10;
            pace.succeeded(pace.generation(), now);
        }
        pace.throttled(pace.generation(), now, Some(1000), HOUR_MS, 0);
        now += 1000;
        assert_eq!(pace.start(now), Turn::Now);
        pace.succeeded(pace.generation(), now);
        // 100 requests in two seconds.
        assert_eq!(pace.start(now), wait(20, false));
        let mut starts = 0;
        while pace.state.get().spacing_us > 0 {
            assert!(starts < 100_000, "the distance stays");
            match pace.start(now) {
                Turn::Wait { ms, .. } => now += ms,
                Turn::Now => {
                    starts += 1;
                    pace.succeeded(pace.generation(), now);
                }
            }
        }
        assert!(now < 60_000, "{now}");
    }

    #[test]
    fn after_a_wait_one_request_shows_whether_the_server_serves_again() {
        let pace = Pace::default();
        assert_eq!(pace.start(0), Turn::Now);
        pace.throttled(pace.generation(), 50, Some(1000), HOUR_MS, 0);
        assert_eq!(pace.start(1050), Turn::Now);
        assert_eq!(pace.start(1050), wait(PROBE_MS, false));
        // It is not answered: another one tries.
        assert_eq!(pace.start(1050 + PROBE_MS), Turn::Now);
    }

    #[test]
    fn a_success_from_before_the_throttling_changes_nothing() {
        let pace = Pace::default();
        let before = pace.generation();
        pace.throttled(before, 0, None, HOUR_MS, 0);
        for _ in 0..100 {
            pace.succeeded(before, 0);
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
