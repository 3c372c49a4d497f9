//! When to send a request again, and after how long. Pure: time and chance come in as numbers.

use super::Repeat;

/// What a full bucket holds.
const CAPACITY: u32 = 500;
/// What a retry after a transient failure takes out of the bucket.
const TRANSIENT_COST: u32 = 14;
/// What a retry after throttling takes out. Less, as the server is well and says so.
const THROTTLED_COST: u32 = 5;
/// The backoff's first step after a transient failure.
const TRANSIENT_BASE_MS: u64 = 50;
/// The backoff's first step after throttling.
const THROTTLED_BASE_MS: u64 = 1000;
/// The longest backoff.
const CAP_MS: u64 = 20_000;

/// Limits retries over all requests: when much fails, more requests only make it worse.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    tokens: u32,
}

/// Why a request failed, as far as repeating it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// 429: the server did nothing with it.
    Throttled,
    /// It may well work the next time. The request may have taken effect.
    Transient,
}

/// One failed try.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// How many tries there were, this one included.
    pub number: u32,
    /// How many there may be.
    pub max: u32,
    /// Why it failed.
    pub failure: Failure,
    /// Whether the request may be repeated.
    pub repeat: Repeat,
    /// What the server asks to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// What is left of the time for the whole call, in milliseconds.
    pub remaining_ms: u64,
}

impl Bucket {
    /// A full one.
    pub fn new() -> Self {
        Bucket { tokens: CAPACITY }
    }

    /// Puts back what a success is worth.
    pub fn succeeded(&mut self) {
        self.tokens = (self.tokens + 1).min(CAPACITY);
    }

    /// How long to wait before the next try in milliseconds; `None` if there is to be none.
    /// `random` spreads the waits evenly from 0 to the backoff (full jitter).
    pub fn wait(&mut self, attempt: Attempt, random: u64) -> Option<u64> {
        if attempt.number >= attempt.max {
            return None;
        }
        let (cost, base) = match attempt.failure {
            Failure::Throttled => (THROTTLED_COST, THROTTLED_BASE_MS),
            Failure::Transient if attempt.repeat == Repeat::Never => return None,
            Failure::Transient => (TRANSIENT_COST, TRANSIENT_BASE_MS),
        };
        let wait = match attempt.retry_after_ms {
            // "At once" is no guidance: it would turn a failing server into a busy loop.
            None | Some(0) => random % (backoff(base, attempt.number) + 1),
            Some(asked) => asked,
        };
        // There must be time left to send in.
        if wait >= attempt.remaining_ms {
            return None;
        }
        self.tokens = self.tokens.checked_sub(cost)?;
        Some(wait)
    }
}

/// The longest wait after try `number`.
fn backoff(base: u64, number: u32) -> u64 {
    let doubled = 1_u64.checked_shl(number.saturating_sub(1)).unwrap_or(u64::MAX);
    base.saturating_mul(doubled).min(CAP_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSIENT: Attempt = Attempt {
        number: 1,
        max: 3,
        failure: Failure::Transient,
        repeat: Repeat::Safe,
        retry_after_ms: None,
        remaining_ms: 120_000,
    };
    const THROTTLED: Attempt = Attempt { failure: Failure::Throttled, ..TRANSIENT };

    /// The range of waits, probed with random numbers that hit both ends.
    fn range(attempt: Attempt) -> (u64, u64) {
        let waits = (0..20_001).map(|random| Bucket::new().wait(attempt, random).unwrap());
        (waits.clone().min().unwrap(), waits.max().unwrap())
    }

    #[test]
    fn waits_double_from_their_base_up_to_the_cap() {
        let at = |attempt, number| range(Attempt { number, max: 99, ..attempt });
        assert_eq!(at(TRANSIENT, 1), (0, 50));
        assert_eq!(at(TRANSIENT, 2), (0, 100));
        assert_eq!(at(TRANSIENT, 3), (0, 200));
        assert_eq!(at(THROTTLED, 1), (0, 1000));
        assert_eq!(at(THROTTLED, 2), (0, 2000));
        assert_eq!(at(THROTTLED, 5), (0, 16_000));
        assert_eq!(at(THROTTLED, 6), (0, 20_000));
        assert_eq!(at(TRANSIENT, 98), (0, 20_000));
    }

    #[test]
    fn the_last_try_is_the_last() {
        for attempt in [TRANSIENT, THROTTLED] {
            assert!(Bucket::new().wait(Attempt { number: 2, ..attempt }, 0).is_some());
            assert_eq!(Bucket::new().wait(Attempt { number: 3, ..attempt }, 0), None);
            assert_eq!(Bucket::new().wait(Attempt { max: 1, ..attempt }, 0), None);
        }
    }

    #[test]
    fn a_creation_is_repeated_only_where_nothing_was_done() {
        let never = |attempt| Attempt { repeat: Repeat::Never, ..attempt };
        assert_eq!(Bucket::new().wait(never(TRANSIENT), 0), None);
        let asked = Attempt { retry_after_ms: Some(5), ..never(TRANSIENT) };
        assert_eq!(Bucket::new().wait(asked, 0), None);
        assert_eq!(Bucket::new().wait(never(THROTTLED), 700), Some(700));
    }

    #[test]
    fn the_server_says_how_long_unless_it_says_nothing_useful() {
        for attempt in [TRANSIENT, THROTTLED] {
            let asked =
                |ms| Bucket::new().wait(Attempt { retry_after_ms: Some(ms), ..attempt }, 33);
            assert_eq!(asked(7000), Some(7000));
            assert_eq!(asked(60_000), Some(60_000));
            assert_eq!(asked(0), Some(33));
        }
    }

    #[test]
    fn no_wait_outlasts_the_call() {
        let left = |remaining_ms| Attempt { retry_after_ms: Some(7000), remaining_ms, ..THROTTLED };
        assert_eq!(Bucket::new().wait(left(7001), 0), Some(7000));
        assert_eq!(Bucket::new().wait(left(7000), 0), None);
        assert_eq!(Bucket::new().wait(Attempt { remaining_ms: 40, ..TRANSIENT }, 40), None);
        assert_eq!(Bucket::new().wait(Attempt { remaining_ms: 41, ..TRANSIENT }, 40), Some(40));
    }

    #[test]
    fn the_bucket_pays_for_35_transient_retries_or_100_throttled_ones() {
        for (attempt, retries) in [(TRANSIENT, 35), (THROTTLED, 100)] {
            let mut bucket = Bucket::new();
            let paid = (0..1000).take_while(|_| bucket.wait(attempt, 0).is_some()).count();
            assert_eq!(paid, retries);
        }
    }

    #[test]
    fn successes_refill_the_bucket_one_by_one_and_not_beyond() {
        let mut bucket = Bucket { tokens: 0 };
        for _ in 0..THROTTLED_COST {
            assert_eq!(bucket.wait(THROTTLED, 0), None);
            bucket.succeeded();
        }
        assert_eq!(bucket.wait(THROTTLED, 0), Some(0));
        for _ in 0..2 * CAPACITY {
            bucket.succeeded();
        }
        assert_eq!(bucket.tokens, CAPACITY);
    }

    #[test]
    fn a_retry_that_does_not_happen_costs_nothing() {
        let mut bucket = Bucket::new();
        bucket.wait(Attempt { number: 3, ..TRANSIENT }, 0);
        bucket.wait(Attempt { remaining_ms: 0, ..TRANSIENT }, 0);
        bucket.wait(Attempt { repeat: Repeat::Never, ..TRANSIENT }, 0);
        assert_eq!(bucket.tokens, CAPACITY);
    }
}
