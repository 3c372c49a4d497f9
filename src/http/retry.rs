//! Decides when to send a request again after a transient failure, and after how long. Pure
//! functions: time and randomness are parameters. Throttling is not a failure: see `pace`.

use super::Repeat;

/// Tokens in a full bucket.
const CAPACITY: u32 = 500;
/// Tokens that a retry costs.
const COST: u32 = 14;
/// The first backoff.
const BASE_MS: u64 = 50;
/// The longest backoff.
const CAP_MS: u64 = 20_000;

/// The retry quota of all requests together. When many requests fail, more requests only make
/// it worse.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    tokens: u32,
}

/// One failed try, which may have taken effect, and after which the next may succeed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// The number of failed tries so far, including this one.
    pub number: u32,
    /// The most tries that are allowed.
    pub max: u32,
    /// Whether the request may be repeated.
    pub repeat: Repeat,
    /// How long the server asks to wait, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The time left for the whole call, in milliseconds.
    pub remaining_ms: u64,
}

impl Bucket {
    /// Creates a full bucket.
    pub fn new() -> Self {
        Bucket { tokens: CAPACITY }
    }

    /// Puts back one token for a success.
    pub fn succeeded(&mut self) {
        self.tokens = (self.tokens + 1).min(CAPACITY);
    }

    /// Returns how long to wait before the next try, in milliseconds. `None` if there must be no
    /// further try. `random` spreads the waits evenly from 0 to the backoff (full jitter).
    pub fn wait(&mut self, attempt: Attempt, random: u64) -> Option<u64> {
        if attempt.number >= attempt.max || attempt.repeat == Repeat::Never {
            return None;
        }
        let wait = match attempt.retry_after_ms {
            // A `Retry-After` of 0 is ignored: with a failing server it would cause a busy loop.
            None | Some(0) => random % (backoff(attempt.number) + 1),
            Some(asked) => asked,
        };
        // After the wait, there must be time left to send the request.
        if wait >= attempt.remaining_ms {
            return None;
        }
        self.tokens = self.tokens.checked_sub(COST)?;
        Some(wait)
    }
}

/// Returns the longest wait after try `number`.
fn backoff(number: u32) -> u64 {
    let doubled = 1_u64.checked_shl(number.saturating_sub(1)).unwrap_or(u64::MAX);
    BASE_MS.saturating_mul(doubled).min(CAP_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRANSIENT: Attempt = Attempt {
        number: 1,
        max: 3,
        repeat: Repeat::Safe,
        retry_after_ms: None,
        remaining_ms: 120_000,
    };

    /// Returns the range of waits. The random numbers include both ends of the range.
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
        assert_eq!(at(TRANSIENT, 98), (0, 20_000));
    }

    #[test]
    fn there_is_no_retry_after_the_last_try() {
        assert!(Bucket::new().wait(Attempt { number: 2, ..TRANSIENT }, 0).is_some());
        assert_eq!(Bucket::new().wait(Attempt { number: 3, ..TRANSIENT }, 0), None);
        assert_eq!(Bucket::new().wait(Attempt { max: 1, ..TRANSIENT }, 0), None);
    }

    #[test]
    fn a_creation_is_not_retried() {
        let never = Attempt { repeat: Repeat::Never, ..TRANSIENT };
        assert_eq!(Bucket::new().wait(never, 0), None);
        let asked = Attempt { retry_after_ms: Some(5), ..never };
        assert_eq!(Bucket::new().wait(asked, 0), None);
    }

    #[test]
    fn retry_after_replaces_the_backoff_unless_it_is_zero() {
        let asked = |ms| Bucket::new().wait(Attempt { retry_after_ms: Some(ms), ..TRANSIENT }, 33);
        assert_eq!(asked(7000), Some(7000));
        assert_eq!(asked(60_000), Some(60_000));
        assert_eq!(asked(0), Some(33));
    }

    #[test]
    fn a_wait_is_shorter_than_the_remaining_time() {
        let left = |remaining_ms| Attempt { retry_after_ms: Some(7000), remaining_ms, ..TRANSIENT };
        assert_eq!(Bucket::new().wait(left(7001), 0), Some(7000));
        assert_eq!(Bucket::new().wait(left(7000), 0), None);
        assert_eq!(Bucket::new().wait(Attempt { remaining_ms: 40, ..TRANSIENT }, 40), None);
        assert_eq!(Bucket::new().wait(Attempt { remaining_ms: 41, ..TRANSIENT }, 40), Some(40));
    }

    #[test]
    fn the_bucket_pays_for_35_retries() {
        let mut bucket = Bucket::new();
        let paid = (0..1000).take_while(|_| bucket.wait(TRANSIENT, 0).is_some()).count();
        assert_eq!(paid, 35);
    }

    #[test]
    fn successes_refill_the_bucket_one_by_one_and_not_beyond() {
        let mut bucket = Bucket { tokens: 0 };
        for _ in 0..COST {
            assert_eq!(bucket.wait(TRANSIENT, 0), None);
            bucket.succeeded();
        }
        assert_eq!(bucket.wait(TRANSIENT, 0), Some(0));
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
